//! Defines the parser of event streams, by the rules of the WHATWG (HTML, "9.2.6 Interpreting an event stream"), with a limit
//! on what one event may hold.

use std::time::Duration;

/// An event that came.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Event {
    /// The last event id, which stays until a later event sets another.
    pub(crate) id: String,
    /// `message` where the event has no type of its own.
    pub(crate) kind: String,
    pub(crate) data: String,
    /// How long to wait before connecting again, where this event said so.
    pub(crate) retry: Option<Duration>,
}

impl Event {
    /// About what it takes of memory.
    pub(crate) fn size(&self) -> usize {
        self.id.len() + self.kind.len() + self.data.len() + size_of::<Self>()
    }
}

/// An event that holds more bytes than the limit.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct TooLarge;

/// What came of a stream so far, and is not an event yet.
#[derive(Debug)]
pub(crate) struct Parser {
    limit: usize,
    line: Vec<u8>,
    /// Whether the last byte was a carriage return: a line feed after it ends no other line.
    after_return: bool,
    is_first_line: bool,
    id: String,
    kind: String,
    data: Option<String>,
    retry: Option<Duration>,
}

impl Parser {
    /// For events of at most so many bytes, after one with this id.
    pub(crate) fn new(limit: usize, last_id: String) -> Self {
        Self {
            limit,
            line: Vec::new(),
            after_return: false,
            is_first_line: true,
            id: last_id,
            kind: String::new(),
            data: None,
            retry: None,
        }
    }

    /// Takes bytes as they come, in pieces of any size, and hands over each event that is whole.
    pub(crate) fn push(&mut self, mut bytes: &[u8], told: &mut Vec<Told>) -> Result<(), TooLarge> {
        while let Some(first) = bytes.first() {
            if std::mem::take(&mut self.after_return) && *first == b'\n' {
                bytes = &bytes[1..];
                continue;
            }
            let end = bytes.iter().position(|byte| matches!(byte, b'\n' | b'\r'));
            let (line, rest) = bytes.split_at(end.unwrap_or(bytes.len()));
            if self.held() + line.len() > self.limit {
                return Err(TooLarge);
            }
            self.line.extend_from_slice(line);
            bytes = rest;
            if let Some((end, rest)) = rest.split_first() {
                self.after_return = *end == b'\r';
                bytes = rest;
                self.end_line(told);
            }
        }
        Ok(())
    }

    fn held(&self) -> usize {
        let data = self.data.as_ref().map_or(0, String::len);
        self.line.len() + data + self.kind.len() + self.id.len()
    }

    fn end_line(&mut self, told: &mut Vec<Told>) {
        let line = std::mem::take(&mut self.line);
        let mut text = line.as_slice();
        if std::mem::take(&mut self.is_first_line) {
            text = text.strip_prefix(BYTE_ORDER_MARK).unwrap_or(text);
        }
        if text.is_empty() {
            return self.dispatch(told);
        }
        let colon = text.iter().position(|byte| *byte == b':');
        let (name, value) = text.split_at(colon.unwrap_or(text.len()));
        let value = value.strip_prefix(b":").unwrap_or(value);
        let value = value.strip_prefix(b" ").unwrap_or(value);
        self.field(name, &String::from_utf8_lossy(value), told);
        // The room is used again, unless it was a line of unusual length.
        self.line = line;
        self.line.clear();
        self.line.shrink_to(KEPT);
    }

    fn field(&mut self, name: &[u8], value: &str, told: &mut Vec<Told>) {
        match name {
            b"event" => value.clone_into(&mut self.kind),
            b"data" => match &mut self.data {
                None => self.data = Some(value.to_owned()),
                Some(data) => {
                    data.push('\n');
                    data.push_str(value);
                }
            },
            b"id" if !value.contains('\0') => value.clone_into(&mut self.id),
            b"retry" if !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit()) => {
                // More digits than fit are for ever.
                let retry = Duration::from_millis(value.parse().unwrap_or(u64::MAX));
                self.retry = Some(retry);
                told.push(Told::Retry(retry));
            }
            _ => {}
        }
    }

    /// An empty line ends an event. One without data is none, but its id counts.
    fn dispatch(&mut self, told: &mut Vec<Told>) {
        let kind = std::mem::take(&mut self.kind);
        let retry = self.retry.take();
        match self.data.take() {
            None => told.push(Told::Id(self.id.clone())),
            Some(data) => told.push(Told::Event(Event {
                id: self.id.clone(),
                kind: if kind.is_empty() {
                    "message".to_owned()
                } else {
                    kind
                },
                data,
                retry,
            })),
        }
    }
}

/// What a stream says.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Told {
    Event(Event),
    /// The last event id, without an event.
    Id(String),
    /// How long to wait before connecting again.
    Retry(Duration),
}

const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// Room for a line that is kept for the next one.
const KEPT: usize = 4 << 10;

#[cfg(test)]
mod tests {
    use super::*;

    fn events_by(text: &[u8], size: usize) -> Vec<Event> {
        let mut parser = Parser::new(1000, String::new());
        let mut told = Vec::new();
        for piece in text.chunks(size) {
            parser.push(piece, &mut told).expect("small events");
        }
        let events = told.into_iter().filter_map(|told| match told {
            Told::Event(event) => Some(event),
            _ => None,
        });
        events.collect()
    }

    /// Checks what comes of a stream, in pieces of any size: id, type and data of each event.
    fn check(text: &str, expected: &[(&str, &str, &str)]) {
        for size in 1..=text.len() {
            let events = events_by(text.as_bytes(), size);
            let seen: Vec<_> = events
                .iter()
                .map(|event| (&*event.id, &*event.kind, &*event.data))
                .collect();
            assert_eq!(seen, expected, "{text:?} by {size}");
        }
    }

    #[test]
    fn the_examples_of_the_standard() {
        check(
            "data: YHOO\ndata: +2\ndata: 10\n\n",
            &[("", "message", "YHOO\n+2\n10")],
        );
        check(
            ": test stream\n\ndata: first event\nid: 1\n\ndata:second event\nid\n\ndata:  third event\n\ndata: cut off",
            &[
                ("1", "message", "first event"),
                ("", "message", "second event"),
                ("", "message", " third event"),
            ],
        );
        check(
            "data\n\ndata\ndata\n\ndata:\n",
            &[("", "message", ""), ("", "message", "\n")],
        );
        check(
            "data:test\n\ndata: test\n\n",
            &[("", "message", "test"), ("", "message", "test")],
        );
    }

    #[test]
    fn lines_end_in_three_ways_and_a_mark_is_ignored() {
        check(
            "\u{feff}event: a\r\ndata: 1\r\n\r\nevent: b\rdata: 2\r\revent: c\ndata: 3\n\n",
            &[("", "a", "1"), ("", "b", "2"), ("", "c", "3")],
        );
        check("\n\u{feff}data: 1\n\n", &[]);
    }

    #[test]
    fn ids_stay_and_types_do_not() {
        check(
            "id: 7\nevent: x\n\ndata: 1\n\nid: a\0b\ndata: 2\n\n",
            &[("7", "message", "1"), ("7", "message", "2")],
        );
    }

    #[test]
    fn retry_is_digits_alone() {
        let events = events_by(
            b"retry: 50\ndata: 1\n\nretry: +5\nretry: 5s\nretry:\ndata: 2\n\n",
            9,
        );
        assert_eq!(events[0].retry, Some(Duration::from_millis(50)));
        assert_eq!(events[1].retry, None);
        let mut told = Vec::new();
        let mut parser = Parser::new(100, String::new());
        parser
            .push(b"retry: 99999999999999999999999\n", &mut told)
            .expect("small");
        assert_eq!(told, [Told::Retry(Duration::from_millis(u64::MAX))]);
    }

    #[test]
    fn bytes_that_are_no_text_are_replaced() {
        assert_eq!(
            events_by(b"data: a\xff\xf0\x9f\x92\xa9\n\n", 2)[0].data,
            "a\u{fffd}\u{1f4a9}"
        );
    }

    #[test]
    fn an_event_beyond_the_limit_is_refused_however_it_grows() {
        let push =
            |text: &str| Parser::new(100, String::new()).push(text.as_bytes(), &mut Vec::new());
        assert_eq!(push(&format!("data: {}", "x".repeat(200))), Err(TooLarge));
        assert_eq!(push(&"data: xxxxx\n".repeat(50)), Err(TooLarge));
        assert_eq!(push(&"data: xxxxx\n\n".repeat(50)), Ok(()));
        assert_eq!(push(&": still here\n".repeat(50)), Ok(()));
    }
}
