//! Defines the head of a response. What came over HTTP/1.1 stays as it came, and is taken apart when somebody asks for it.

use std::cell::OnceCell;

use bytes::Bytes;
use http::header::{CONTENT_ENCODING, LOCATION, SET_COOKIE};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, Version, response};
use memchr::{memchr, memchr_iter};

/// The head of a response.
pub(crate) struct Head {
    pub(crate) status: StatusCode,
    pub(crate) version: Version,
    pub(crate) headers: Headers,
}

/// The headers of a response.
pub(crate) struct Headers {
    pub(crate) notable: Notable,
    /// The lines of a response over HTTP/1.1, checked and well-formed, from the first header to the empty line.
    lines: Bytes,
    map: OnceCell<HeaderMap>,
}

/// Whether a response has one of the headers that the client looks for in each of them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Notable {
    pub(crate) content_encoding: bool,
    pub(crate) location: bool,
    pub(crate) set_cookie: bool,
}

impl Headers {
    /// Headers as they came, which a parser has accepted.
    pub(crate) fn as_they_came(lines: Bytes, notable: Notable) -> Self {
        Self {
            notable,
            lines,
            map: OnceCell::new(),
        }
    }

    /// All of them, by name.
    pub(crate) fn map(&self) -> &HeaderMap {
        self.map.get_or_init(|| {
            let mut map = HeaderMap::new();
            for line in lines(&self.lines) {
                let Some(colon) = memchr(b':', line) else {
                    continue;
                };
                let value = self.lines.slice_ref(line[colon + 1..].trim_ascii());
                let value = HeaderValue::from_maybe_shared(value);
                if let (Ok(name), Ok(value)) = (HeaderName::from_bytes(&line[..colon]), value) {
                    map.append(name, value);
                }
            }
            map
        })
    }

    /// The values of one header, in the order they came.
    pub(crate) fn values(&self, name: &str) -> Vec<&[u8]> {
        if let Some(map) = self.map.get() {
            let values = map.get_all(name).iter();
            return values.map(HeaderValue::as_bytes).collect();
        }
        lines(&self.lines)
            .filter_map(|line| {
                // A line is another header's unless its colon is where this name ends: most are told apart by that alone.
                let (known, value) = line.split_at_checked(name.len())?;
                let value = value.strip_prefix(b":")?;
                known
                    .eq_ignore_ascii_case(name.as_bytes())
                    .then(|| value.trim_ascii())
            })
            .collect()
    }
}

/// Well-formed lines, their ends among them.
fn lines(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut start = 0;
    memchr_iter(b'\n', text).map(move |end| {
        let line = &text[start..=end];
        start = end + 1;
        line
    })
}

impl From<HeaderMap> for Headers {
    fn from(map: HeaderMap) -> Self {
        let notable = Notable {
            content_encoding: map.contains_key(CONTENT_ENCODING),
            location: map.contains_key(LOCATION),
            set_cookie: map.contains_key(SET_COOKIE),
        };
        Self {
            notable,
            lines: Bytes::new(),
            map: map.into(),
        }
    }
}

impl From<response::Parts> for Head {
    fn from(parts: response::Parts) -> Self {
        Self {
            status: parts.status,
            version: parts.version,
            headers: parts.headers.into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINES: &str = "Content-Type: text/plain\r\nX: 1\r\nSet-Cookie:a=b\r\nx:\t 2 \r\nEmpty:\r\nLatin: \u{e9}\r\n\r\n";

    #[test]
    fn lines_are_headers_by_name() {
        let headers = Headers::as_they_came(LINES.into(), Notable::default());
        assert_eq!(headers.values("x"), [b"1", b"2"]);
        assert_eq!(headers.values("SET-COOKIE"), [b"a=b"]);
        assert_eq!(headers.values("empty"), [b""]);
        assert!(headers.values("missing").is_empty());
        let map = headers.map();
        assert_eq!(map.len(), 6);
        assert_eq!(map["content-type"], "text/plain");
        assert_eq!(map["latin"].as_bytes(), "\u{e9}".as_bytes());
        // Asked again, the map answers.
        assert_eq!(headers.values("X"), [b"1", b"2"]);
        assert!(headers.values("no header").is_empty());
    }

    #[test]
    fn a_map_tells_what_is_notable() {
        let map = HeaderMap::from_iter([(SET_COOKIE, HeaderValue::from_static("a=b"))]);
        let notable = Headers::from(map).notable;
        let expected = Notable {
            set_cookie: true,
            ..Notable::default()
        };
        assert_eq!(notable, expected);
    }
}
