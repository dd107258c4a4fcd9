//! Defines how the server's bytes become frames: whatever pieces they come in, and without copying what is complete.

use std::mem;
use std::rc::Rc;

use memchr::memchr;

use crate::message::{Span, Spans};
use crate::{Fault, Kind, Message};

/// Bytes of the longest line: an INFO that names a large cluster.
pub const LINE_MOST: usize = 256 * 1024;

/// Bytes of the longest message: the most that a server can be configured to take.
pub const MESSAGE_MOST: usize = 64 * 1024 * 1024;

/// What a server sends.
#[derive(Debug)]
pub enum Frame<'a> {
    /// What the server says of itself, as JSON.
    Info(&'a [u8]),
    /// A message for the subscription with this number.
    Message(u64, Message),
    /// It wants to know whether we are there.
    Ping,
    /// It is there.
    Pong,
    /// It took something, which it only says when asked to.
    Ok,
    /// It has something against us.
    Error(&'a [u8]),
}

/// Bytes of an incomplete frame, between two reads.
#[derive(Debug, Default)]
pub struct Parser {
    tail: Vec<u8>,
    /// How long `tail` must be before it is worth another look.
    needed: usize,
}

enum Parsed {
    Complete(Shape, usize),
    /// At least so many bytes are needed.
    Partial(usize),
}

#[derive(Clone, Copy)]
enum Shape {
    Info(Span),
    Message(u64, Spans),
    Ping,
    Pong,
    Ok,
    Error(Span),
}

impl Parser {
    /// Takes bytes as they came, and hands over each frame that is complete.
    ///
    /// # Errors
    /// What is no NATS, or too long; and what `each` returns. The connection is of no use after that.
    pub fn feed(
        &mut self,
        bytes: Vec<u8>,
        mut each: impl FnMut(Frame<'_>) -> Result<(), Fault>,
    ) -> Result<(), Fault> {
        let Some(chunk) = self.gather(bytes) else {
            return Ok(());
        };
        let chunk = Rc::new(chunk);
        let mut at = 0;
        while at < chunk.len() {
            match parse(&chunk, at)? {
                Parsed::Complete(shape, next) => {
                    each(frame(&chunk, shape))?;
                    at = next;
                }
                Parsed::Partial(needed) => {
                    self.keep(chunk, at, needed);
                    return Ok(());
                }
            }
        }
        Ok(())
    }

    /// What there is to look at, once it is enough.
    fn gather(&mut self, bytes: Vec<u8>) -> Option<Vec<u8>> {
        if self.tail.is_empty() {
            return Some(bytes);
        }
        self.tail.extend_from_slice(&bytes);
        (self.tail.len() >= self.needed).then(|| mem::take(&mut self.tail))
    }

    fn keep(&mut self, chunk: Rc<Vec<u8>>, at: usize, needed: usize) {
        self.needed = needed;
        self.tail = match Rc::try_unwrap(chunk) {
            Ok(mut chunk) => {
                chunk.drain(..at);
                chunk
            }
            Err(shared) => shared[at..].to_vec(),
        };
    }
}

fn frame(chunk: &Rc<Vec<u8>>, shape: Shape) -> Frame<'_> {
    let part = |span: Span| &chunk[span.start as usize..span.end as usize];
    match shape {
        Shape::Info(span) => Frame::Info(part(span)),
        Shape::Message(id, spans) => Frame::Message(id, Message::new(chunk, spans)),
        Shape::Ping => Frame::Ping,
        Shape::Pong => Frame::Pong,
        Shape::Ok => Frame::Ok,
        Shape::Error(span) => Frame::Error(part(span)),
    }
}

/// Looks at the frame that begins at `at`.
fn parse(chunk: &[u8], at: usize) -> Result<Parsed, Fault> {
    let rest = &chunk[at..];
    let Some(length) = memchr(b'\n', &rest[..rest.len().min(LINE_MOST)]) else {
        if rest.len() >= LINE_MOST {
            return Err(protocol("a line is longer than 256 KiB"));
        }
        return Ok(Parsed::Partial(rest.len() + 1));
    };
    let next = at + length + 1;
    let line = rest[..length]
        .strip_suffix(b"\r")
        .unwrap_or(&rest[..length]);
    let (verb, arguments) = verb(line);
    let span = |part: &[u8]| {
        let start = part.as_ptr() as usize - chunk.as_ptr() as usize;
        span(start, start + part.len())
    };
    let shape = match verb {
        Verb::Msg => return message(chunk, at, next, words(arguments), false),
        Verb::Hmsg => return message(chunk, at, next, words(arguments), true),
        Verb::Ping => Shape::Ping,
        Verb::Pong => Shape::Pong,
        Verb::Ok => Shape::Ok,
        Verb::Info => Shape::Info(span(arguments)),
        Verb::Error => Shape::Error(span(arguments)),
        Verb::Unknown => {
            let line = String::from_utf8_lossy(&line[..line.len().min(40)]);
            return Err(protocol(&format!("{line:?} is no NATS")));
        }
    };
    Ok(Parsed::Complete(shape, next))
}

enum Verb {
    Msg,
    Hmsg,
    Ping,
    Pong,
    Ok,
    Info,
    Error,
    Unknown,
}

fn verb(line: &[u8]) -> (Verb, &[u8]) {
    let end = line.iter().position(|byte| matches!(byte, b' ' | b'\t'));
    let (word, arguments) = line.split_at(end.unwrap_or(line.len()));
    let verb = match word {
        b"MSG" => Verb::Msg,
        b"HMSG" => Verb::Hmsg,
        _ if word.eq_ignore_ascii_case(b"msg") => Verb::Msg,
        _ if word.eq_ignore_ascii_case(b"hmsg") => Verb::Hmsg,
        _ if word.eq_ignore_ascii_case(b"ping") => Verb::Ping,
        _ if word.eq_ignore_ascii_case(b"pong") => Verb::Pong,
        _ if word.eq_ignore_ascii_case(b"+ok") => Verb::Ok,
        _ if word.eq_ignore_ascii_case(b"info") => Verb::Info,
        _ if word.eq_ignore_ascii_case(b"-err") => Verb::Error,
        _ => Verb::Unknown,
    };
    (verb, arguments.trim_ascii())
}

/// The words of a line, five at most, and how many there are.
fn words(line: &[u8]) -> ([&[u8]; 5], usize) {
    let mut words: [&[u8]; 5] = [&[]; 5];
    let mut count = 0;
    let parts = line.split(|byte| matches!(byte, b' ' | b'\t'));
    for part in parts.filter(|part| !part.is_empty()) {
        if count < words.len() {
            words[count] = part;
        }
        count += 1;
    }
    (words, count)
}

/// `MSG subject sid [reply] bytes`, `HMSG subject sid [reply] header-bytes all-bytes`, then the bytes and a line's end.
fn message(
    chunk: &[u8],
    at: usize,
    body: usize,
    (words, count): ([&[u8]; 5], usize),
    with_headers: bool,
) -> Result<Parsed, Fault> {
    let numbers = if with_headers { 2 } else { 1 };
    if count != 2 + numbers && count != 3 + numbers {
        return Err(protocol(
            "a message's line has not as many words as it should have",
        ));
    }
    let reply = (count == 3 + numbers).then(|| words[2]);
    let id = number(words[1])?;
    let length = number(words[count - 1])? as usize;
    let header = if with_headers {
        number(words[count - 2])? as usize
    } else {
        0
    };
    if header > length || length > MESSAGE_MOST {
        return Err(protocol(&format!(
            "a message of {length} bytes, {header} of them headers"
        )));
    }
    let end = body + length;
    if chunk.len() < end + 2 {
        return Ok(Parsed::Partial(end + 2 - at));
    }
    if &chunk[end..end + 2] != b"\r\n" {
        return Err(protocol("a message is longer than it says"));
    }
    let place = |part: &[u8]| {
        let start = part.as_ptr() as usize - chunk.as_ptr() as usize;
        span(start, start + part.len())
    };
    let spans = Spans {
        subject: place(words[0]),
        reply: reply.map(place),
        headers: span(body, body + header),
        payload: span(body + header, end),
    };
    Ok(Parsed::Complete(Shape::Message(id, spans), end + 2))
}

fn number(digits: &[u8]) -> Result<u64, Fault> {
    let mut value: u64 = 0;
    if digits.is_empty() || digits.len() > 18 {
        return Err(protocol("a number is missing or too long"));
    }
    for digit in digits {
        if !digit.is_ascii_digit() {
            return Err(protocol("a number is not made of digits"));
        }
        value = value * 10 + u64::from(digit - b'0');
    }
    Ok(value)
}

/// Chunks are far below 4 GiB: a read, or one message.
fn span(start: usize, end: usize) -> Span {
    Span {
        start: start as u32,
        end: end as u32,
    }
}

fn protocol(what: &str) -> Fault {
    Fault::new(
        Kind::Protocol,
        format!("the server sent what is no NATS: {what}"),
    )
}

#[cfg(test)]
mod tests;
