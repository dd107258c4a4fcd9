//! Defines why a request brought no response: k6's error codes, and how errors of the libraries below map to them.

mod http2;
mod http3;

use std::error::Error as StdError;
use std::io;

use crate::net::tls::failure_of;

/// A request that brought no response.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RequestFailure {
    /// The error code, as documented in `brunt:http`.
    pub(crate) code: u16,
    /// What went wrong, for people.
    pub(crate) message: String,
}

/// One of the codes that requests fail with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ErrorCode {
    /// The tag `error_code`, which is k6's where k6 has one.
    pub code: u16,
    /// The tag `error`.
    pub tag: &'static str,
    /// When a request fails with it.
    pub when: &'static str,
}

/// All codes, in order. One that is missing here has the tag of the next lower one, but for the reasons of HTTP/2.
pub const ERROR_CODES: &[ErrorCode] = &[
    row(
        1000,
        "request failed",
        "anything else: a response that is not HTTP, a method or header that can't be sent, limits `responseBody`, `responseHeaders` and `responseHead`",
    ),
    row(1010, "network error", "a network other than TCP failed"),
    row(
        1020,
        "invalid URL",
        "the URL, or the one that a redirect leads to, is none or is neither `http` nor `https`",
    ),
    row(
        1050,
        "request timeout",
        "the request's timeout passed, but not while TCP was connecting",
    ),
    row(1100, "lookup failed", "looking up the host failed"),
    row(1101, "lookup: no such host", "the host has no address"),
    row(
        1110,
        "address is denied",
        "the network policy, or `blacklistIPs`, denies the address",
    ),
    row(
        1111,
        "host is denied",
        "the network policy, or `blockHostnames`, denies the host",
    ),
    row(1200, "tcp error", "TCP failed in another way"),
    row(
        1201,
        "write: broken pipe",
        "the server had closed the connection while the request was sent",
    ),
    row(
        1202,
        "read: failed",
        "the system could not read from the connection",
    ),
    row(
        1203,
        "connection closed",
        "Brunt's own: the server closed the connection before the response was whole, or before TLS was agreed on",
    ),
    row(
        1210,
        "dial: failed",
        "TCP could not connect, for another reason",
    ),
    row(
        1211,
        "dial: i/o timeout",
        "the request's timeout, or the system's, passed while TCP was connecting",
    ),
    row(
        1212,
        "dial: connection refused",
        "nothing listens at that address and port",
    ),
    row(
        1220,
        "connection reset by peer",
        "the server reset the connection, in whatever phase",
    ),
    row(
        1300,
        "tls: failed",
        "the TLS handshake failed in another way: an expired certificate, no common version, no TLS on the other side",
    ),
    row(
        1310,
        "x509: unknown authority",
        "the server's certificate is signed by nobody who is trusted",
    ),
    row(
        1311,
        "x509: host name mismatch",
        "the server's certificate is for another host",
    ),
    row(
        1600,
        "http2 error",
        "HTTP/2 failed in another way, or was asked for and not agreed on",
    ),
    row(
        1610,
        "http2: goaway",
        "the server ends the connection (GOAWAY) and the request with it: 1611 + the code that it gives, 1611 NO_ERROR to 1624 HTTP_1_1_REQUIRED (RFC 9113, 7); 1610 for any other",
    ),
    row(
        1630,
        "http2: stream",
        "the server ended the stream (RST_STREAM), or sent what is wrong on it: 1631 + the code, 1631 NO_ERROR to 1644 HTTP_1_1_REQUIRED; 1630 for any other",
    ),
    row(
        1650,
        "http2: connection",
        "the server broke the rules of the connection: 1651 + the code, 1651 NO_ERROR to 1664 HTTP_1_1_REQUIRED; 1650 for any other",
    ),
    row(
        1680,
        "http3 error",
        "Brunt's own: HTTP/3 failed in another way",
    ),
    row(
        1681,
        "http3: stream",
        "Brunt's own: the server ended the stream, or sent what is wrong on it",
    ),
    row(
        1682,
        "http3: connection",
        "Brunt's own: the connection over QUIC has ended, or the server broke its rules",
    ),
    row(
        1701,
        "decompression failed",
        "the response's body is not in the coding that `content-encoding` says",
    ),
];

const fn row(code: u16, tag: &'static str, when: &'static str) -> ErrorCode {
    ErrorCode { code, tag, when }
}

impl RequestFailure {
    pub(crate) fn new(code: u16, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
        }
    }

    /// What went wrong, in words that do not depend on the request: the tag `error`.
    pub(crate) fn tag(&self) -> &'static str {
        if let Some(tag) = http2::tag(self.code) {
            return tag;
        }
        let known = ERROR_CODES.iter().find(|row| row.code == self.code);
        let row = known.or_else(|| ERROR_CODES.iter().rfind(|row| row.code <= self.code));
        row.map_or("request failed", |row| row.tag)
    }

    /// A body with more bytes than a response may have.
    pub(crate) fn body_limit(limit: usize) -> Self {
        Self::new(
            1000,
            format!("limit responseBody reached: the body has more than {limit} bytes"),
        )
    }

    /// A head with more than a response may have.
    pub(crate) fn head_limit(headers: usize, bytes: usize) -> Self {
        let words = format!(
            "limit responseHeaders ({headers}) or responseHead ({bytes} bytes) reached: the response has more than that before its body"
        );
        Self::new(1000, words)
    }

    /// A TCP connection that was not made.
    pub(crate) fn dial(error: &io::Error, address: impl std::fmt::Display) -> Self {
        let code = match error.kind() {
            io::ErrorKind::ConnectionRefused => 1212,
            io::ErrorKind::TimedOut => 1211,
            io::ErrorKind::ConnectionReset => 1220,
            _ => 1210,
        };
        Self::new(code, format!("dial {address}: {}", plain(error)))
    }

    /// A TLS handshake that did not end well.
    pub(crate) fn handshake(error: &io::Error, host: &str) -> Self {
        let Some(tls) = find::<rustls::Error>(error) else {
            return Self::new(
                io_code(error).unwrap_or(1300),
                format!("TLS handshake with {host}: {}", plain(error)),
            );
        };
        let (code, words) = failure_of(tls);
        Self::new(code, format!("TLS handshake with {host}: {words}"))
    }

    /// A connection that was open and failed.
    pub(crate) fn io(error: &io::Error) -> Self {
        if let Some(tls) = find::<rustls::Error>(error) {
            let (code, words) = failure_of(tls);
            return Self::new(code, words);
        }
        let words = match error.raw_os_error() {
            Some(_) => plain(error),
            // What lies above the socket says more than the kind of an error.
            None => error.to_string(),
        };
        let code = io_code(error).unwrap_or(1200);
        Self::new(code, format!("the connection failed: {words}"))
    }
}

fn io_code(error: &io::Error) -> Option<u16> {
    Some(match error.kind() {
        io::ErrorKind::ConnectionReset => 1220,
        io::ErrorKind::BrokenPipe => 1201,
        io::ErrorKind::ConnectionAborted | io::ErrorKind::UnexpectedEof => 1203,
        io::ErrorKind::TimedOut => 1202,
        _ => return None,
    })
}

/// The first error of this type among an error and its causes.
fn find<'a, E: StdError + 'static>(error: &'a (dyn StdError + 'static)) -> Option<&'a E> {
    let mut current = Some(error);
    while let Some(error) = current {
        if let Some(found) = error.downcast_ref::<E>() {
            return Some(found);
        }
        // An `io::Error` hides what it wraps from `source`.
        let wrapped = error
            .downcast_ref::<io::Error>()
            .and_then(|error| error.get_ref());
        if let Some(found) = wrapped.and_then(|inner| inner.downcast_ref::<E>()) {
            return Some(found);
        }
        current = error.source();
    }
    None
}

/// An I/O error without the operating system's number.
fn plain(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::ConnectionRefused => "connection refused".into(),
        io::ErrorKind::ConnectionReset => "connection reset by peer".into(),
        io::ErrorKind::TimedOut => "i/o timeout".into(),
        io::ErrorKind::HostUnreachable => "host unreachable".into(),
        io::ErrorKind::NetworkUnreachable => "network unreachable".into(),
        io::ErrorKind::UnexpectedEof => "the peer closed the connection".into(),
        _ => error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_ascend_and_a_missing_one_has_the_tag_of_its_band() {
        assert!(ERROR_CODES.is_sorted_by(|a, b| a.code < b.code));
        assert_eq!(
            RequestFailure::new(1212, "").tag(),
            "dial: connection refused"
        );
        assert_eq!(RequestFailure::new(1666, "").tag(), "http2: connection");
        assert_eq!(RequestFailure::new(1, "").tag(), "request failed");
    }
}
