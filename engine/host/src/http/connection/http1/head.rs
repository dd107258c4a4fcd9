//! Defines how the head of an HTTP/1.1 response is read, and what it says about what follows (RFC 9112, section 6.3).

use std::mem::MaybeUninit;

use bytes::Bytes;
use http::{Method, StatusCode, Version};
use httparse::{Header, ParserConfig, Response, Status};

use crate::http::connection::http1::framing::Framing;
use crate::http::failure::RequestFailure;
use crate::http::head::{Head, Headers, Notable};

/// What the head of a response may have.
#[derive(Debug, Clone, Copy)]
pub(super) struct HeadLimits {
    pub(super) headers: usize,
    /// With the status line.
    pub(super) bytes: usize,
}

/// Headers that there is room for on the stack; for more it is made anew for each response.
const FEW_HEADERS: usize = 100;

/// A head, not yet copied out of the buffer that it was read into.
pub(super) struct ParsedHead {
    pub(super) status: StatusCode,
    version: Version,
    pub(super) notable: Notable,
    /// Where the headers begin, after the status line.
    lines: usize,
    /// Where the head ends and the body begins.
    pub(super) end: usize,
    pub(super) framing: Framing,
    /// Whether the connection may be used again, as far as the head says.
    pub(super) keeps_alive: bool,
}

/// What headers say about the message that they are of.
#[derive(Default)]
struct Facts {
    notable: Notable,
    length: Option<u64>,
    encoded: bool,
    chunked: bool,
    close: bool,
    keep_alive: bool,
}

/// Reads a head to its end, informational ones before it skipped; none while it is not all there.
pub(super) fn parse(
    bytes: &[u8],
    method: &Method,
    limits: HeadLimits,
) -> Result<Option<ParsedHead>, RequestFailure> {
    let mut start = 0;
    loop {
        let Some(mut head) = parse_one(&bytes[start..], method, limits)? else {
            return Ok(None);
        };
        head.end += start;
        head.lines += start;
        if !head.status.is_informational() || head.status == StatusCode::SWITCHING_PROTOCOLS {
            return Ok(Some(head));
        }
        start = head.end;
    }
}

fn parse_one(
    bytes: &[u8],
    method: &Method,
    limits: HeadLimits,
) -> Result<Option<ParsedHead>, RequestFailure> {
    let mut few = [const { MaybeUninit::<Header<'_>>::uninit() }; FEW_HEADERS];
    let mut many = Vec::new();
    let headers = match few.get_mut(..limits.headers) {
        Some(few) => few,
        None => {
            many.resize_with(limits.headers, MaybeUninit::uninit);
            &mut many[..]
        }
    };
    let mut response = Response::new(&mut []);
    let config = ParserConfig::default();
    let parsed = config.parse_response_with_uninit_headers(&mut response, bytes, headers);
    let end = match parsed {
        Ok(Status::Complete(end)) => end,
        Ok(Status::Partial) if bytes.len() > limits.bytes => return Err(limits.reached()),
        Ok(Status::Partial) => return Ok(None),
        Err(httparse::Error::TooManyHeaders) => return Err(limits.reached()),
        Err(error) => return Err(malformed(error)),
    };
    if end > limits.bytes {
        return Err(limits.reached());
    }
    let facts = Facts::of(response.headers)?;
    let status = StatusCode::from_u16(response.code.unwrap_or_default()).map_err(malformed)?;
    let version = match response.version {
        Some(0) => Version::HTTP_10,
        _ => Version::HTTP_11,
    };
    // The status line ends before the first header or, without any, before the empty line.
    let lines = response.headers.first().map_or(end, |first| {
        first.name.as_ptr() as usize - bytes.as_ptr() as usize
    });
    Ok(Some(ParsedHead {
        framing: facts.framing(status, version, method)?,
        keeps_alive: !facts.close && (version == Version::HTTP_11 || facts.keep_alive),
        notable: facts.notable,
        status,
        version,
        lines,
        end,
    }))
}

impl HeadLimits {
    fn reached(self) -> RequestFailure {
        RequestFailure::head_limit(self.headers, self.bytes)
    }
}

impl ParsedHead {
    /// The head itself; `bytes` are those that it was read from, or as many of them as it has.
    pub(super) fn keep(&self, bytes: &Bytes) -> Head {
        Head {
            status: self.status,
            version: self.version,
            headers: Headers::as_they_came(bytes.slice(self.lines..self.end), self.notable),
        }
    }
}

impl Facts {
    fn of(headers: &[Header<'_>]) -> Result<Self, RequestFailure> {
        let mut facts = Self::default();
        for header in headers {
            facts.note(header)?;
        }
        Ok(facts)
    }

    fn note(&mut self, header: &Header<'_>) -> Result<(), RequestFailure> {
        // Names are compared by length first: nearly all others are told apart by it alone.
        let is = |name: &str| header.name.eq_ignore_ascii_case(name);
        match header.name.len() {
            8 if is("location") => self.notable.location = true,
            10 if is("set-cookie") => self.notable.set_cookie = true,
            10 if is("connection") => self.note_connection(header.value),
            14 if is("content-length") => self.note_length(header.value)?,
            16 if is("content-encoding") => self.notable.content_encoding = true,
            17 if is("transfer-encoding") => {
                self.encoded = true;
                self.chunked = tokens(header.value).last() == Some(b"chunked".to_vec());
            }
            _ => {}
        }
        Ok(())
    }

    fn note_connection(&mut self, value: &[u8]) {
        for token in tokens(value) {
            self.close |= token == b"close";
            self.keep_alive |= token == b"keep-alive";
        }
    }

    /// The same length said several times is one; different ones are a way to smuggle something past somebody.
    fn note_length(&mut self, value: &[u8]) -> Result<(), RequestFailure> {
        for one in value.split(|byte| *byte == b',') {
            let length =
                digits(one.trim_ascii()).ok_or_else(|| malformed("content-length is no number"))?;
            if self.length.is_some_and(|known| known != length) {
                return Err(malformed("content-length is said twice, and differently"));
            }
            self.length = Some(length);
        }
        Ok(())
    }

    fn framing(
        &self,
        status: StatusCode,
        version: Version,
        method: &Method,
    ) -> Result<Framing, RequestFailure> {
        let upgraded = status == StatusCode::SWITCHING_PROTOCOLS
            || (*method == Method::CONNECT && status.is_success());
        if upgraded {
            return Ok(Framing::Upgraded);
        }
        let bodiless = matches!(status, StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED);
        if bodiless || *method == Method::HEAD {
            return Ok(Framing::Length(0));
        }
        if self.encoded && version == Version::HTTP_10 {
            return Err(malformed("transfer-encoding in HTTP/1.0"));
        }
        Ok(match self.length {
            _ if self.chunked => Framing::chunked(),
            _ if self.encoded => Framing::UntilClose,
            Some(length) => Framing::Length(length),
            None => Framing::UntilClose,
        })
    }
}

/// The words of a list in a header, in lower case.
fn tokens(value: &[u8]) -> impl Iterator<Item = Vec<u8>> {
    let words = value.split(|byte| *byte == b',');
    words.map(|word| word.trim_ascii().to_ascii_lowercase())
}

fn digits(text: &[u8]) -> Option<u64> {
    // `parse` alone would take a sign.
    let all = !text.is_empty() && text.iter().all(u8::is_ascii_digit);
    all.then(|| std::str::from_utf8(text).ok()?.parse().ok())?
}

/// A response that is not HTTP.
pub(super) fn malformed(why: impl std::fmt::Display) -> RequestFailure {
    RequestFailure::new(1000, format!("malformed response: {why}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: HeadLimits = HeadLimits {
        headers: 100,
        bytes: 400 << 10,
    };

    fn framing(head: &str, method: Method) -> (Framing, bool) {
        let head = parse(head.as_bytes(), &method, LIMITS).unwrap().unwrap();
        (head.framing, head.keeps_alive)
    }

    fn get(headers: &str) -> (Framing, bool) {
        framing(&format!("HTTP/1.1 200 OK\r\n{headers}\r\n"), Method::GET)
    }

    fn refused(head: &str) -> String {
        let parsed = parse(head.as_bytes(), &Method::GET, LIMITS);
        parsed.err().expect("a failure").message
    }

    #[test]
    fn a_head_says_how_long_its_body_is() {
        assert_eq!(get("Content-Length: 7\r\n"), (Framing::Length(7), true));
        let twice = get("content-length: 7\r\nContent-Length: 7, 7\r\n");
        assert_eq!(twice, (Framing::Length(7), true));
        let chunked = "Transfer-Encoding: gzip, Chunked\r\nContent-Length: 7\r\n";
        assert_eq!(get(chunked), (Framing::chunked(), true));
        let encoded = get("Transfer-Encoding: chunked, gzip\r\n");
        assert_eq!(encoded, (Framing::UntilClose, true));
        assert_eq!(get(""), (Framing::UntilClose, true));
    }

    #[test]
    fn some_responses_have_no_body_whatever_they_say() {
        let long = "HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\n";
        assert_eq!(framing(long, Method::HEAD).0, Framing::Length(0));
        assert_eq!(framing(long, Method::CONNECT).0, Framing::Upgraded);
        for status in ["204 No Content", "304 Not Modified"] {
            let head = long.replace("200 OK", status);
            assert_eq!(framing(&head, Method::GET).0, Framing::Length(0));
        }
        let switched = long.replace("200 OK", "101 Switching Protocols");
        assert_eq!(framing(&switched, Method::GET).0, Framing::Upgraded);
    }

    #[test]
    fn a_head_says_whether_the_connection_stays() {
        assert!(!get("Connection: x, Close\r\nConnection: keep-alive\r\n").1);
        let old =
            |headers: &str| framing(&format!("HTTP/1.0 200 OK\r\n{headers}\r\n"), Method::GET);
        assert!(!old("").1);
        assert!(old("Connection: Keep-Alive\r\n").1);
    }

    #[test]
    fn informational_heads_are_skipped() {
        let text = "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nA: b\r\n\r\n\
                    HTTP/1.1 200 OK\r\nX: y\r\nContent-Length: 2\r\n\r\nok";
        let head = parse(text.as_bytes(), &Method::GET, LIMITS)
            .unwrap()
            .unwrap();
        assert_eq!(&text[head.end..], "ok");
        let kept = head.keep(&Bytes::from_static(text.as_bytes()));
        assert_eq!(kept.status, 200);
        assert_eq!(kept.headers.values("x"), [b"y"]);
        assert_eq!(kept.headers.map().len(), 2);
    }

    #[test]
    fn a_head_that_is_cut_short_is_waited_for() {
        let text = "HTTP/1.1 200 OK\r\nX: y\r\n\r\n";
        for end in 0..text.len() {
            let head = parse(&text.as_bytes()[..end], &Method::GET, LIMITS).unwrap();
            assert!(head.is_none(), "{end}");
        }
    }

    #[test]
    fn what_is_not_http_is_refused() {
        let head = |headers: &str| format!("HTTP/1.1 200 OK\r\n{headers}\r\n\r\n");
        for text in [
            head("Content-Length: +7"),
            head("Content-Length: 7\r\nContent-Length: 8"),
            head("Content-Length: 99999999999999999999"),
            head("bad name: x"),
            "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n".to_owned(),
            "HTTP/1.1 99 Low\r\n\r\n".to_owned(),
            "ICY 200 OK\r\n\r\n".to_owned(),
        ] {
            let message = refused(&text);
            assert!(
                message.starts_with("malformed response: "),
                "{text}: {message}"
            );
        }
    }

    #[test]
    fn a_head_beyond_the_limits_is_refused() {
        let head = |count| format!("HTTP/1.1 200 OK\r\n{}\r\n", "X: y\r\n".repeat(count));
        let parsed = |count: usize, headers| {
            let limits = HeadLimits { headers, ..LIMITS };
            parse(head(count).as_bytes(), &Method::GET, limits)
        };
        for (count, most) in [(100, 100), (3, 3), (150, 150)] {
            assert!(parsed(count, most).is_ok(), "{most}");
            let message = parsed(count + 1, most).err().expect("a failure").message;
            let words = format!("limit responseHeaders ({most}) or responseHead");
            assert!(message.starts_with(&words), "{message}");
        }
        let long = format!("HTTP/1.1 200 OK\r\nX: {}", "x".repeat(LIMITS.bytes));
        assert!(refused(&long).contains("responseHead (409600 bytes) reached"));
    }
}
