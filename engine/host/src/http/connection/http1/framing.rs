//! Defines where the body of an HTTP/1.1 response ends (RFC 9112, sections 6 and 7), whatever pieces it comes in.
//!
//! | chunked state | on                       | becomes                                   |
//! | ------------- | ------------------------ | ----------------------------------------- |
//! | `Size`        | the end of its line      | `Data`, or `Trailer` after the last chunk |
//! | `Data`        | as many bytes as it said | `DataEnd`                                 |
//! | `DataEnd`     | the end of the line      | `Size`                                    |
//! | `Trailer`     | an empty line            | `Over`                                    |

use crate::http::connection::http1::head::malformed;
use crate::http::failure::RequestFailure;

/// Bytes of what comes between two chunks of a body, or after the last: lines that say a size, and the trailer.
const MOST_OVERHEAD: usize = 400 << 10;

/// How a body is delimited, and how much of it is still to come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Framing {
    /// So many bytes more.
    Length(u64),
    Chunked(Chunked),
    /// Everything until the server closes the connection.
    UntilClose,
    /// None, and the connection is no longer one of HTTP.
    Upgraded,
}

/// Where in a chunked body one is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Chunked {
    state: State,
    /// Bytes of lines that are not data since the last data: sizes with their extensions, trailers.
    overhead: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// In a line that begins with a size: what was read of it, and whether it is over, so that the rest is an extension.
    Size {
        size: Option<u64>,
        extension: bool,
    },
    Data(u64),
    DataEnd,
    /// In a line after the last chunk: how many bytes it has so far.
    Trailer(usize),
    Over,
}

const SIZE: State = State::Size {
    size: None,
    extension: false,
};

impl Framing {
    pub(super) fn chunked() -> Self {
        Self::Chunked(Chunked {
            state: SIZE,
            overhead: 0,
        })
    }

    /// Whether nothing more is to come.
    pub(super) fn is_over(&self) -> bool {
        match self {
            Self::Length(left) => *left == 0,
            Self::Chunked(chunked) => chunked.state == State::Over,
            Self::UntilClose => false,
            Self::Upgraded => true,
        }
    }

    /// Takes the next piece of the body from what has come: how many bytes were used up, and those of them that are body.
    /// To be called until everything is used up or the body is over.
    pub(super) fn next<'a>(
        &mut self,
        bytes: &'a [u8],
    ) -> Result<(usize, &'a [u8]), RequestFailure> {
        match self {
            Self::Length(left) => {
                let piece = &bytes[..bytes
                    .len()
                    .min(usize::try_from(*left).unwrap_or(usize::MAX))];
                *left -= piece.len() as u64;
                Ok((piece.len(), piece))
            }
            Self::Chunked(chunked) => chunked.next(bytes),
            Self::UntilClose => Ok((bytes.len(), bytes)),
            Self::Upgraded => Ok((0, &[])),
        }
    }
}

impl Chunked {
    fn next<'a>(&mut self, bytes: &'a [u8]) -> Result<(usize, &'a [u8]), RequestFailure> {
        for (index, byte) in bytes.iter().enumerate() {
            match self.state {
                State::Data(left) => {
                    let rest = &bytes[index..];
                    let most = usize::try_from(left).unwrap_or(usize::MAX);
                    let piece = &rest[..rest.len().min(most)];
                    let left = left - piece.len() as u64;
                    self.state = match left {
                        0 => State::DataEnd,
                        _ => State::Data(left),
                    };
                    self.overhead = 0;
                    return Ok((index + piece.len(), piece));
                }
                State::Over => return Ok((index, &[])),
                state => self.state = state.after(*byte)?,
            }
            self.overhead += 1;
            if self.overhead > MOST_OVERHEAD {
                return Err(malformed("a chunk's size, or the trailer, is too long"));
            }
        }
        Ok((bytes.len(), &[]))
    }
}

impl State {
    /// What a byte that is not data leads to.
    fn after(self, byte: u8) -> Result<Self, RequestFailure> {
        Ok(match (self, byte) {
            (Self::Size { size: None, .. }, b'\r' | b'\n' | b';' | b' ' | b'\t') => {
                return Err(malformed("a chunk has no size"));
            }
            (Self::Size { size: Some(0), .. }, b'\n') => Self::Trailer(0),
            (
                Self::Size {
                    size: Some(size), ..
                },
                b'\n',
            ) => Self::Data(size),
            (
                Self::Size {
                    extension: true, ..
                },
                _,
            ) => self,
            (Self::Size { size, .. }, b';' | b' ' | b'\t' | b'\r') => Self::Size {
                size,
                extension: true,
            },
            (Self::Size { size, .. }, digit) => Self::Size {
                size: Some(larger(size, digit)?),
                extension: false,
            },
            (Self::DataEnd, b'\r') => self,
            (Self::DataEnd, b'\n') => SIZE,
            (Self::DataEnd, _) => return Err(malformed("a chunk is longer than its size")),
            (Self::Trailer(0), b'\n') => Self::Over,
            (Self::Trailer(_), b'\n') => Self::Trailer(0),
            (Self::Trailer(length), b'\r') => Self::Trailer(length),
            (Self::Trailer(length), _) => Self::Trailer(length + 1),
            (Self::Data(_) | Self::Over, _) => self,
        })
    }
}

/// A size with one more hexadecimal digit.
fn larger(size: Option<u64>, digit: u8) -> Result<u64, RequestFailure> {
    let value = (digit as char)
        .to_digit(16)
        .ok_or_else(|| malformed("a chunk's size is no hexadecimal number"))?;
    let size = size.unwrap_or(0);
    size.checked_mul(16)
        .map(|size| size + u64::from(value))
        .ok_or_else(|| malformed("a chunk's size is beyond all measure"))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Reads a body that comes in pieces of these sizes, again and again: what it is, and what is left after its end.
    fn read(
        mut framing: Framing,
        bytes: &[u8],
        sizes: &[usize],
    ) -> Result<(Vec<u8>, Vec<u8>), String> {
        let mut sizes = sizes.iter().cycle();
        let (mut body, mut rest) = (Vec::new(), bytes);
        while !rest.is_empty() && !framing.is_over() {
            let size = sizes
                .next()
                .map_or(rest.len(), |size| (*size).clamp(1, rest.len()));
            let mut piece = &rest[..size];
            rest = &rest[size..];
            while !piece.is_empty() && !framing.is_over() {
                let (used, data) = framing.next(piece).map_err(|failure| failure.message)?;
                body.extend_from_slice(data);
                piece = &piece[used..];
            }
            if framing.is_over() {
                let left = [piece, rest].concat();
                return Ok((body, left));
            }
        }
        Err(format!("not over: {framing:?}"))
    }

    fn chunks(chunks: &[Vec<u8>], extension: &str, trailer: &str) -> Vec<u8> {
        let mut bytes = Vec::new();
        for chunk in chunks.iter().filter(|chunk| !chunk.is_empty()) {
            bytes.extend_from_slice(format!("{:X}{extension}\r\n", chunk.len()).as_bytes());
            bytes.extend_from_slice(chunk);
            bytes.extend_from_slice(b"\r\n");
        }
        bytes.extend_from_slice(format!("0\r\n{trailer}\r\n").as_bytes());
        bytes
    }

    proptest! {
        #[test]
        fn a_body_is_the_same_whatever_pieces_it_comes_in(
            parts in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..40), 0..6),
            extension in prop::sample::select(vec!["", ";a", " ; a=\"b\"", "\t"]),
            trailer in prop::sample::select(vec!["", "A: b\r\n", "A: b\r\nC: d\r\n"]),
            sizes in prop::collection::vec(1usize..9, 1..4),
            after in prop::collection::vec(any::<u8>(), 0..9),
        ) {
            let body = parts.concat();
            let coded = [chunks(&parts, extension, trailer), after.clone()].concat();
            prop_assert_eq!(read(Framing::chunked(), &coded, &sizes), Ok((body.clone(), after.clone())));
            if !body.is_empty() {
                let plain = [body.clone(), after.clone()].concat();
                let length = Framing::Length(body.len() as u64);
                prop_assert_eq!(read(length, &plain, &sizes), Ok((body, after)));
            }
        }

        #[test]
        fn nothing_that_comes_makes_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..99)) {
            let _ = read(Framing::chunked(), &bytes, &[3]);
        }
    }

    #[test]
    fn chunks_that_are_none_are_refused() {
        for text in [
            "five\r\nhello",
            "\r\n",
            ";x\r\n",
            "2\r\nabc\r\n",
            "11111111111111111\r\n",
            "-1\r\n",
        ] {
            let message = read(Framing::chunked(), text.as_bytes(), &[1]).unwrap_err();
            assert!(message.contains("chunk"), "{text:?}: {message}");
        }
    }

    #[test]
    fn an_endless_extension_or_trailer_is_refused() {
        for start in ["2;", "0\r\n"] {
            let text = format!("{start}{}", "x".repeat(MOST_OVERHEAD + 1));
            let message = read(Framing::chunked(), text.as_bytes(), &[4096]).unwrap_err();
            assert!(message.contains("too long"), "{message}");
        }
    }

    #[test]
    fn a_body_without_a_length_is_never_over_by_itself() {
        let mut framing = Framing::UntilClose;
        assert_eq!(framing.next(b"abc").unwrap(), (3, &b"abc"[..]));
        assert!(!framing.is_over());
        assert!(Framing::Upgraded.is_over());
    }
}
