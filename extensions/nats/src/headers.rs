//! Defines the headers of messages: how they are read, and how they are written.

use crate::Fault;

const VERSION: &[u8] = b"NATS/1.0";

/// The status in the first line of a block of headers, and what is said behind it.
pub(crate) fn status(block: &[u8]) -> Option<(u16, String)> {
    let rest = first_line(block).strip_prefix(VERSION)?.trim_ascii();
    let digits = rest.get(..3)?;
    let code = std::str::from_utf8(digits).ok()?.parse().ok()?;
    let words = String::from_utf8_lossy(rest[3..].trim_ascii());
    Some((code, words.into_owned()))
}

/// The fields of a block of headers. Lines that are none are left out.
pub(crate) fn fields(block: &[u8]) -> Vec<(String, String)> {
    let mut lines = block.split(|byte| *byte == b'\n');
    lines.next();
    lines.filter_map(field).collect()
}

fn field(line: &[u8]) -> Option<(String, String)> {
    let colon = memchr::memchr(b':', line)?;
    let (name, value) = (&line[..colon], &line[colon + 1..]);
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes.trim_ascii()).into_owned();
    Some((text(name), text(value)))
}

fn first_line(block: &[u8]) -> &[u8] {
    block
        .split(|byte| *byte == b'\r' || *byte == b'\n')
        .next()
        .unwrap_or_default()
}

/// How many bytes [`write()`] will write.
pub(crate) fn length(fields: &[(String, String)]) -> usize {
    let of = |(name, value): &(String, String)| name.len() + value.len() + ": \r\n".len();
    VERSION.len() + "\r\n\r\n".len() + fields.iter().map(of).sum::<usize>()
}

/// Writes a block of headers.
pub(crate) fn write(out: &mut Vec<u8>, fields: &[(String, String)]) {
    out.extend_from_slice(VERSION);
    out.extend_from_slice(b"\r\n");
    for (name, value) in fields {
        out.extend_from_slice(name.as_bytes());
        out.extend_from_slice(b": ");
        out.extend_from_slice(value.as_bytes());
        out.extend_from_slice(b"\r\n");
    }
    out.extend_from_slice(b"\r\n");
}

/// Refuses headers that would say something else on the wire.
pub(crate) fn check(fields: &[(String, String)]) -> Result<(), Fault> {
    for (name, value) in fields {
        let fits = |byte: u8| byte.is_ascii_graphic() && byte != b':';
        if name.is_empty() || !name.bytes().all(fits) {
            return Err(Fault::invalid(format!(
                "{name:?} is no name of a header: it must be of visible ASCII characters without a colon"
            )));
        }
        if value.contains(['\r', '\n']) {
            return Err(Fault::invalid(format!(
                "the value of the header {name} has a line break, which would end it"
            )));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pair(name: &str, value: &str) -> (String, String) {
        (name.to_owned(), value.to_owned())
    }

    #[test]
    fn what_is_written_is_read_again() {
        let sent = [
            pair("A", "1"),
            pair("A", "two words"),
            pair("Nats-Msg-Id", "x:y"),
        ];
        let mut block = Vec::new();
        write(&mut block, &sent);
        assert_eq!(block.len(), length(&sent));
        assert_eq!((fields(&block), status(&block)), (sent.to_vec(), None));
    }

    #[test]
    fn a_status_comes_with_words_or_without() {
        assert_eq!(status(b"NATS/1.0 503\r\n\r\n"), Some((503, String::new())));
        let timeout = b"NATS/1.0 408 Request Timeout\r\nNats-Pending-Messages: 1\r\n\r\n";
        assert_eq!(status(timeout), Some((408, "Request Timeout".to_owned())));
        assert_eq!(fields(timeout), [pair("Nats-Pending-Messages", "1")]);
        assert_eq!(status(b"NATS/1.0 50"), None);
    }

    #[test]
    fn headers_that_would_say_something_else_are_refused() {
        assert!(check(&[pair("A", "b\r\nC: d")]).is_err());
        assert!(check(&[pair("A:", "b")]).is_err());
        assert!(check(&[pair("", "b")]).is_err());
        assert!(check(&[pair("Ä", "b")]).is_err());
        assert_eq!(check(&[pair("A", "bü")]), Ok(()));
    }
}
