//! Defines what a client writes: lines, and messages behind some of them.

use crate::headers;

/// A message to be sent, all of it the caller's.
#[derive(Clone, Copy, Debug, Default)]
pub struct Outgoing<'a> {
    /// Where to.
    pub subject: &'a str,
    /// Where an answer is expected.
    pub reply: Option<&'a str>,
    /// Headers, in their order.
    pub headers: &'a [(String, String)],
    /// What it says.
    pub payload: &'a [u8],
}

impl Outgoing<'_> {
    /// Bytes of headers and payload, as the server counts them.
    pub fn length(&self) -> usize {
        self.header_length() + self.payload.len()
    }

    fn header_length(&self) -> usize {
        match self.headers.is_empty() {
            true => 0,
            false => headers::length(self.headers),
        }
    }
}

/// Writes PUB, or HPUB where there are headers.
pub fn publish(out: &mut Vec<u8>, message: &Outgoing<'_>) {
    out.reserve(message.length() + message.subject.len() + 64);
    out.extend_from_slice(if message.headers.is_empty() {
        b"PUB "
    } else {
        b"HPUB "
    });
    out.extend_from_slice(message.subject.as_bytes());
    if let Some(reply) = message.reply {
        out.push(b' ');
        out.extend_from_slice(reply.as_bytes());
    }
    if !message.headers.is_empty() {
        number(out, message.header_length() as u64);
    }
    number(out, message.length() as u64);
    out.extend_from_slice(b"\r\n");
    if !message.headers.is_empty() {
        headers::write(out, message.headers);
    }
    out.extend_from_slice(message.payload);
    out.extend_from_slice(b"\r\n");
}

/// Writes SUB.
pub fn subscribe(out: &mut Vec<u8>, subject: &str, queue: Option<&str>, id: u64) {
    out.extend_from_slice(b"SUB ");
    out.extend_from_slice(subject.as_bytes());
    if let Some(queue) = queue {
        out.push(b' ');
        out.extend_from_slice(queue.as_bytes());
    }
    number(out, id);
    out.extend_from_slice(b"\r\n");
}

/// Writes UNSUB: now, or once so many messages have come in all.
pub fn unsubscribe(out: &mut Vec<u8>, id: u64, after: Option<u64>) {
    out.extend_from_slice(b"UNSUB");
    number(out, id);
    if let Some(after) = after {
        number(out, after);
    }
    out.extend_from_slice(b"\r\n");
}

/// A space and the digits, without making a string of them first.
fn number(out: &mut Vec<u8>, value: u64) {
    let mut digits = [b' '; 21];
    let mut at = digits.len();
    let mut rest = value;
    loop {
        at -= 1;
        digits[at] = b'0' + (rest % 10) as u8;
        rest /= 10;
        if rest == 0 {
            break;
        }
    }
    out.extend_from_slice(&digits[at - 1..]);
}

/// Asks whether the server is there; it answers behind all that it was sent before.
pub const PING: &[u8] = b"PING\r\n";
/// Says that we are.
pub const PONG: &[u8] = b"PONG\r\n";

#[cfg(test)]
mod tests {
    use super::*;

    fn written(write: impl Fn(&mut Vec<u8>)) -> String {
        let mut out = Vec::new();
        write(&mut out);
        String::from_utf8(out).expect("text")
    }

    #[test]
    fn lines_are_as_the_protocol_has_them() {
        let plain = Outgoing {
            subject: "a",
            payload: b"hello",
            ..Outgoing::default()
        };
        assert_eq!(written(|out| publish(out, &plain)), "PUB a 5\r\nhello\r\n");
        let fields = [("A".to_owned(), "b".to_owned())];
        let with_headers = Outgoing {
            reply: Some("r"),
            headers: &fields,
            ..plain
        };
        assert_eq!(
            written(|out| publish(out, &with_headers)),
            "HPUB a r 18 23\r\nNATS/1.0\r\nA: b\r\n\r\nhello\r\n"
        );
        assert_eq!(
            written(|out| subscribe(out, "a.>", Some("q"), 10)),
            "SUB a.> q 10\r\n"
        );
        assert_eq!(written(|out| subscribe(out, "a", None, 0)), "SUB a 0\r\n");
        assert_eq!(
            written(|out| unsubscribe(out, u64::MAX, Some(3))),
            "UNSUB 18446744073709551615 3\r\n"
        );
    }
}
