//! Defines decompression of a body that comes piece by piece, with no more of it in memory than one piece.

use std::cell::Cell;
use std::io::{self, BufRead, ErrorKind, Read};
use std::rc::Rc;

use bytes::{Buf, Bytes};
use http::HeaderMap;

use super::{Encoding, broken, known_layers, unpacked};
use crate::http::failure::RequestFailure;

/// Takes the encodings off a body whose pieces are fed to it.
pub(crate) struct Unpacker {
    inbox: Rc<Inbox>,
    /// None until the first piece comes: a body without any is not encoded either.
    plain: Option<Box<dyn BufRead>>,
    layers: Vec<Encoding>,
}

/// What unpacking comes to.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Unpacked {
    /// So many bytes.
    Bytes(usize),
    /// Nothing more, until another piece is fed or the body is told to have ended.
    Hungry,
    /// The end of the encoded data.
    End,
}

impl Unpacker {
    /// By the `content-encoding` of these headers; none where the body is as it comes. Errors: too many encodings.
    pub(crate) fn of(headers: &HeaderMap) -> Result<Option<Self>, RequestFailure> {
        Ok(known_layers(headers)?.map(|layers| Self {
            inbox: Rc::default(),
            plain: None,
            layers,
        }))
    }

    /// Feeds the next piece, after all of the one before was used up.
    pub(crate) fn feed(&mut self, piece: Bytes) {
        self.inbox.next.set(Some(piece));
    }

    /// No more pieces come.
    pub(crate) fn end(&mut self) {
        self.inbox.ended.set(true);
    }

    /// Reads what there is now.
    pub(crate) fn read(&mut self, buffer: &mut [u8]) -> Result<Unpacked, RequestFailure> {
        let plain = match &mut self.plain {
            Some(plain) => plain,
            None => match self.inbox.state() {
                State::Empty => return Ok(Unpacked::Hungry),
                State::Ended => return Ok(Unpacked::End),
                State::Full => {
                    let feed = Feed {
                        current: Bytes::new(),
                        inbox: self.inbox.clone(),
                    };
                    let plain = unpacked(&self.layers, Box::new(feed)).map_err(broken)?;
                    self.plain.insert(plain)
                }
            },
        };
        match plain.read(buffer) {
            Ok(0) => Ok(Unpacked::End),
            Ok(length) => Ok(Unpacked::Bytes(length)),
            Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(Unpacked::Hungry),
            Err(error) => Err(broken(error)),
        }
    }
}

/// Where the next piece is put for the decoders.
#[derive(Default)]
struct Inbox {
    next: Cell<Option<Bytes>>,
    ended: Cell<bool>,
}

enum State {
    Empty,
    Full,
    Ended,
}

impl Inbox {
    fn state(&self) -> State {
        let next = self.next.take();
        let state = match &next {
            Some(piece) if !piece.is_empty() => State::Full,
            _ if self.ended.get() => State::Ended,
            _ => State::Empty,
        };
        self.next.set(next);
        state
    }
}

/// The source of the innermost decoder: it says that it would block while there is no piece.
struct Feed {
    current: Bytes,
    inbox: Rc<Inbox>,
}

impl BufRead for Feed {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        while self.current.is_empty() {
            match self.inbox.next.take() {
                Some(piece) => self.current = piece,
                None if self.inbox.ended.get() => break,
                None => return Err(ErrorKind::WouldBlock.into()),
            }
        }
        Ok(&self.current)
    }

    fn consume(&mut self, amount: usize) {
        self.current.advance(amount);
    }
}

impl Read for Feed {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let available = self.fill_buf()?;
        let length = available.len().min(buffer.len());
        buffer[..length].copy_from_slice(&available[..length]);
        self.consume(length);
        Ok(length)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;
    use http::header::CONTENT_ENCODING;

    fn unpacker(encodings: &str) -> Unpacker {
        let mut headers = HeaderMap::new();
        let value = HeaderValue::from_str(encodings).expect("a header");
        headers.insert(CONTENT_ENCODING, value);
        Unpacker::of(&headers)
            .expect("few encodings")
            .expect("known encodings")
    }

    /// What comes out of a body that is fed in pieces of this size.
    fn unpack(encodings: &str, body: &[u8], size: usize) -> Result<Vec<u8>, u16> {
        let mut unpacker = unpacker(encodings);
        let mut pieces = body.chunks(size);
        let mut plain = Vec::new();
        let mut buffer = vec![0; 64 << 10];
        loop {
            match unpacker.read(&mut buffer).map_err(|failure| failure.code)? {
                Unpacked::Bytes(length) => plain.extend_from_slice(&buffer[..length]),
                Unpacked::End => return Ok(plain),
                Unpacked::Hungry => match pieces.next() {
                    Some(piece) => unpacker.feed(Bytes::copy_from_slice(piece)),
                    None => unpacker.end(),
                },
            }
        }
    }

    fn text() -> Vec<u8> {
        let lines = (0..4000_u32).map(|number| format!("{} so it goes\n", number * 7919 % 4001));
        lines.collect::<String>().into_bytes()
    }

    const ALL: [&str; 4] = ["gzip", "deflate", "br", "zstd"];

    fn packed(name: &str, body: &[u8]) -> Vec<u8> {
        let encoding = Encoding::named(name).expect("a known name");
        encoding.compress(body).expect("memory")
    }

    #[test]
    fn pieces_of_any_size_come_out_whole() {
        let text = text();
        for name in ALL {
            let body = packed(name, &text);
            let twice = packed("gzip", &body);
            for size in [1, 2, 7, 1000, body.len()] {
                let plain = unpack(name, &body, size);
                assert!(plain.as_ref() == Ok(&text), "{name} by {size}");
                let plain = unpack(&format!("{name}, gzip"), &twice, size);
                assert!(plain.as_ref() == Ok(&text), "{name}, gzip by {size}");
            }
        }
    }

    #[test]
    fn raw_deflate_is_understood_in_pieces() {
        use std::io::Write;
        let level = flate2::Compression::default();
        let mut encoder = flate2::write::DeflateEncoder::new(Vec::new(), level);
        encoder.write_all(&text()).expect("memory");
        let raw = encoder.finish().expect("memory");
        for size in [1, 100] {
            assert!(
                unpack("deflate", &raw, size).as_ref() == Ok(&text()),
                "{size}"
            );
        }
    }

    #[test]
    fn a_bomb_comes_out_in_small_pieces() {
        for name in ALL {
            let bomb = packed(name, &vec![0; 64 << 20]);
            let plain = unpack(name, &bomb, bomb.len()).expect("whole");
            assert_eq!(plain.len(), 64 << 20, "{name}");
        }
    }

    #[test]
    fn what_is_cut_off_or_broken_is_told() {
        for name in ALL {
            let body = packed(name, &text());
            let half = &body[..body.len() / 2];
            assert_eq!(unpack(name, half, 100), Err(1701), "{name}, cut off");
            assert_eq!(unpack(name, b"\xff\xfenonsense", 3), Err(1701), "{name}");
        }
    }

    #[test]
    fn no_bytes_at_all_are_no_bytes() {
        for name in ALL {
            assert_eq!(unpack(name, b"", 1), Ok(Vec::new()), "{name}");
        }
    }
}
