//! Defines how frames are read from bytes as they come.

use memchr::memchr;

use crate::frame::{Escapes, unescaped};
use crate::{Fault, Frame, Kind};

/// Bytes of command and headers of one frame.
const HEAD_MOST: usize = 256 << 10;

/// Reads frames.
#[derive(Debug, Default)]
pub struct Parser {
    bytes: Vec<u8>,
    /// What of it was read.
    at: usize,
    /// The frame whose head was read, and how long its body is.
    head: Option<(Frame, Option<usize>)>,
    /// Where it was looked for the end of the head, or of the body, before more came.
    looked: usize,
}

impl Parser {
    /// Takes bytes that came.
    pub fn feed(&mut self, bytes: &[u8]) {
        if self.at > 0 && self.at == self.bytes.len() {
            self.bytes.clear();
            self.at = 0;
            self.looked = 0;
        } else if self.at > COMPACT {
            self.bytes.drain(..self.at);
            self.looked = self.looked.saturating_sub(self.at);
            self.at = 0;
        }
        self.bytes.extend_from_slice(bytes);
    }

    /// The next whole frame, if there is one; heart-beats between frames are passed over.
    ///
    /// # Errors
    /// Of kind [`Kind::Protocol`] when it is no STOMP, of kind [`Kind::Limit`] when a frame is longer than `most` bytes. Nothing after it can be read.
    pub fn frame(&mut self, escapes: Escapes, most: usize) -> Result<Option<Frame>, Fault> {
        let (frame, length) = match self.head.take() {
            Some(head) => head,
            None => match self.head(escapes)? {
                Some(head) => head,
                None => return Ok(None),
            },
        };
        match self.body(length, most)? {
            Some(body) => Ok(Some(Frame { body, ..frame })),
            None => {
                self.head = Some((frame, length));
                Ok(None)
            }
        }
    }

    fn head(&mut self, escapes: Escapes) -> Result<Option<(Frame, Option<usize>)>, Fault> {
        let rest = &self.bytes[self.at..];
        let beats = rest.iter().take_while(|byte| matches!(byte, b'\n' | b'\r'));
        self.at += beats.count();
        let Some(end) = self.end_of_head()? else {
            return Ok(None);
        };
        let head = std::str::from_utf8(&self.bytes[self.at..end])
            .map_err(|_| wrong("the headers of a frame are not UTF-8"))?;
        let head = head_of(head, escapes)?;
        self.at = end;
        self.looked = end;
        Ok(Some(head))
    }

    /// Behind the empty line that ends the headers.
    fn end_of_head(&mut self) -> Result<Option<usize>, Fault> {
        let mut from = self.looked.max(self.at);
        while let Some(found) = memchr(b'\n', &self.bytes[from..]) {
            let end = from + found + 1;
            let rest = &self.bytes[end..];
            match rest {
                [b'\n', ..] => return Ok(Some(end + 1)),
                [b'\r', b'\n', ..] => return Ok(Some(end + 2)),
                // The rest has yet to come.
                [] | [b'\r'] => {
                    self.looked = end - 1;
                    return self.short_enough();
                }
                _ => from = end,
            }
        }
        self.looked = from;
        self.short_enough()
    }

    fn short_enough(&self) -> Result<Option<usize>, Fault> {
        match self.bytes.len() - self.at > HEAD_MOST {
            true => Err(Fault::new(
                Kind::Limit,
                format!("the headers of a frame are longer than {HEAD_MOST} bytes"),
            )),
            false => Ok(None),
        }
    }

    fn body(&mut self, length: Option<usize>, most: usize) -> Result<Option<Vec<u8>>, Fault> {
        let rest = &self.bytes[self.at..];
        let known = length.unwrap_or(rest.len());
        if known > most {
            let message = format!("a frame's body is longer than the limit of {most} bytes");
            return Err(Fault::new(Kind::Limit, message));
        }
        let end = match length {
            Some(length) if rest.len() <= length => return Ok(None),
            Some(length) if rest[length] != 0 => {
                return Err(wrong("a frame is longer than its content-length"));
            }
            Some(length) => length,
            None => {
                let from = self.looked.max(self.at) - self.at;
                match memchr(0, &rest[from..]) {
                    Some(found) => from + found,
                    None => {
                        self.looked = self.bytes.len();
                        return Ok(None);
                    }
                }
            }
        };
        let body = rest[..end].to_vec();
        self.at += end + 1;
        self.looked = self.at;
        Ok(Some(body))
    }
}

/// Bytes that were read and are kept before they are moved out of the way.
const COMPACT: usize = 64 << 10;

/// The command and the headers; the body's length where it is given.
fn head_of(text: &str, escapes: Escapes) -> Result<(Frame, Option<usize>), Fault> {
    let mut lines = text
        .split('\n')
        .map(|line| line.strip_suffix('\r').unwrap_or(line));
    let command = lines.next().unwrap_or_default();
    let escapes = match command {
        "CONNECTED" => Escapes::None,
        "MESSAGE" | "RECEIPT" | "ERROR" => escapes,
        _ => {
            return Err(wrong(&format!(
                "it sent {:?}, which is no frame",
                cut(command)
            )));
        }
    };
    let mut frame = Frame {
        command: command.to_owned(),
        ..Frame::default()
    };
    for line in lines.filter(|line| !line.is_empty()) {
        let header = line.split_once(':').and_then(|(name, value)| {
            Some((unescaped(name, escapes)?, unescaped(value, escapes)?))
        });
        let header = header.ok_or_else(|| wrong(&format!("{:?} is no header", cut(line))))?;
        frame.headers.push(header);
    }
    let length = match frame.header("content-length") {
        None => None,
        Some(length) => {
            let number = length.trim().parse();
            Some(number.map_err(|_| wrong(&format!("content-length {length:?} is no number")))?)
        }
    };
    Ok((frame, length))
}

fn wrong(why: &str) -> Fault {
    Fault::new(
        Kind::Protocol,
        format!("the server does not speak STOMP: {why}"),
    )
}

/// As much of a text as is worth showing.
fn cut(text: &str) -> &str {
    match text.char_indices().nth(40) {
        Some((at, _)) => &text[..at],
        None => text,
    }
}

#[cfg(test)]
mod tests;
