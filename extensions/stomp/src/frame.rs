//! Defines frames: a command, headers and a body, and how they are written (STOMP 1.2, <https://stomp.github.io/stomp-specification-1.2.html>).

use crate::{Fault, Kind, Version};

/// A frame that came.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Frame {
    /// The command: `MESSAGE`, `RECEIPT`, …
    pub command: String,
    /// Names and values, in their order. Of several with one name the first counts.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
}

impl Frame {
    /// The value of a header.
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut headers = self.headers.iter();
        let found = headers.find(|(known, _)| known == name);
        found.map(|(_, value)| &**value)
    }
}

/// Writes a frame, part by part: the command, headers, and at last the body.
pub struct Writer<'a> {
    out: &'a mut Vec<u8>,
    escapes: Escapes,
    /// Where the frame begins, so that one that is wrong can be taken back.
    start: usize,
    fault: Option<Fault>,
}

/// Which bytes of headers are escaped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Escapes {
    /// None: in CONNECT, and in 1.0.
    None,
    /// Line feed, colon, backslash: 1.1.
    Feeds,
    /// Carriage return too: 1.2.
    All,
}

impl Escapes {
    /// Those of this version, in all frames but CONNECT and CONNECTED.
    pub fn of(version: Version) -> Escapes {
        match version {
            Version::V10 => Escapes::None,
            Version::V11 => Escapes::Feeds,
            Version::V12 => Escapes::All,
        }
    }
}

impl<'a> Writer<'a> {
    /// Begins a frame.
    pub fn new(out: &'a mut Vec<u8>, escapes: Escapes, command: &str) -> Writer<'a> {
        let start = out.len();
        out.extend_from_slice(command.as_bytes());
        out.push(b'\n');
        Writer {
            out,
            escapes,
            start,
            fault: None,
        }
    }

    /// Adds a header.
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.escaped(name, true);
        self.out.push(b':');
        self.escaped(value, false);
        self.out.push(b'\n');
        self
    }

    /// Adds a header that is a number.
    pub fn number(self, name: &str, value: u64) -> Self {
        self.out.extend_from_slice(name.as_bytes());
        self.out.push(b':');
        digits(self.out, value);
        self.out.push(b'\n');
        self
    }

    /// Adds headers.
    pub fn headers(self, headers: &[(String, String)]) -> Self {
        let headers = headers.iter();
        headers.fold(self, |frame, (name, value)| frame.header(name, value))
    }

    /// Ends the frame, with this body.
    ///
    /// # Errors
    /// When a header can't be said in this version; then nothing of the frame is written.
    pub fn body(self, body: &[u8]) -> Result<(), Fault> {
        if let Some(fault) = self.fault {
            self.out.truncate(self.start);
            return Err(fault);
        }
        self.out.push(b'\n');
        self.out.extend_from_slice(body);
        self.out.push(0);
        Ok(())
    }

    fn escaped(&mut self, text: &str, is_name: bool) {
        for byte in text.bytes() {
            match (self.escapes, byte) {
                (Escapes::None, b'\n' | 0) => self.refuse(text),
                (Escapes::None, b':') if is_name => self.refuse(text),
                (Escapes::None, _) => self.out.push(byte),
                (_, b'\n') => self.out.extend_from_slice(b"\\n"),
                (_, b':') => self.out.extend_from_slice(b"\\c"),
                (_, b'\\') => self.out.extend_from_slice(b"\\\\"),
                (Escapes::All, b'\r') => self.out.extend_from_slice(b"\\r"),
                (Escapes::Feeds, b'\r') | (_, 0) => self.refuse(text),
                _ => self.out.push(byte),
            }
        }
    }

    fn refuse(&mut self, text: &str) {
        let message =
            format!("the header {text:?} has a byte that this version of STOMP can't say");
        self.fault
            .get_or_insert_with(|| Fault::new(Kind::Invalid, message));
    }
}

/// A number in decimal.
fn digits(out: &mut Vec<u8>, value: u64) {
    let mut buffer = [0; 20];
    let mut at = buffer.len();
    let mut rest = value;
    loop {
        at -= 1;
        buffer[at] = b'0' + (rest % 10) as u8;
        rest /= 10;
        if rest == 0 {
            break;
        }
    }
    out.extend_from_slice(&buffer[at..]);
}

/// The text of an escaped header; none where an escape is unknown, which the specification calls a fatal error.
pub(crate) fn unescaped(text: &str, escapes: Escapes) -> Option<String> {
    if escapes == Escapes::None || !text.contains('\\') {
        return Some(text.to_owned());
    }
    let mut plain = String::with_capacity(text.len());
    let mut letters = text.chars();
    while let Some(letter) = letters.next() {
        if letter != '\\' {
            plain.push(letter);
            continue;
        }
        plain.push(match letters.next()? {
            'n' => '\n',
            'c' => ':',
            '\\' => '\\',
            'r' if escapes == Escapes::All => '\r',
            _ => return None,
        });
    }
    Some(plain)
}
