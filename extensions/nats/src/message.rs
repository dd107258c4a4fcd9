//! Defines a message as it came: parts of the bytes that were read, which all messages of one read share.

use std::borrow::Cow;
use std::rc::Rc;

use crate::headers;

/// A part of a chunk.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Span {
    /// The first byte.
    pub start: u32,
    /// Behind the last one.
    pub end: u32,
}

impl Span {
    fn of(self, bytes: &[u8]) -> &[u8] {
        bytes
            .get(self.start as usize..self.end as usize)
            .unwrap_or_default()
    }

    fn length(self) -> usize {
        (self.end - self.start) as usize
    }
}

/// A message. Cloning it copies no bytes.
#[derive(Clone, Debug)]
pub struct Message {
    chunk: Rc<Vec<u8>>,
    spans: Spans,
}

/// Where the parts of a message are.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Spans {
    pub(crate) subject: Span,
    pub(crate) reply: Option<Span>,
    /// With the line of the version, and the empty line at the end; empty without headers.
    pub(crate) headers: Span,
    pub(crate) payload: Span,
}

impl Message {
    pub(crate) fn new(chunk: &Rc<Vec<u8>>, spans: Spans) -> Message {
        let chunk = Rc::clone(chunk);
        Message { chunk, spans }
    }

    /// Where it was sent to.
    pub fn subject(&self) -> Cow<'_, str> {
        String::from_utf8_lossy(self.spans.subject.of(&self.chunk))
    }

    /// Where an answer is expected.
    pub fn reply(&self) -> Option<Cow<'_, str>> {
        let span = self.spans.reply?;
        Some(String::from_utf8_lossy(span.of(&self.chunk)))
    }

    /// What it says.
    pub fn payload(&self) -> &[u8] {
        self.spans.payload.of(&self.chunk)
    }

    /// Its headers, in the order in which they came, names as they were written.
    pub fn headers(&self) -> Vec<(String, String)> {
        headers::fields(self.spans.headers.of(&self.chunk))
    }

    /// The status in the first line of its headers, such as 503, with what is said behind it.
    pub fn status(&self) -> Option<(u16, String)> {
        headers::status(self.spans.headers.of(&self.chunk))
    }

    /// The value of the first header of this name, in whatever case.
    pub fn header(&self, name: &str) -> Option<String> {
        let mut fields = self.headers().into_iter();
        let found = fields.find(|(field, _)| field.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value)
    }

    /// Bytes of headers and payload: what the limit of pending bytes and the metrics count.
    pub fn length(&self) -> usize {
        self.spans.headers.length() + self.spans.payload.length()
    }

    /// Bytes of the subject, undecoded.
    pub(crate) fn subject_bytes(&self) -> &[u8] {
        self.spans.subject.of(&self.chunk)
    }
}
