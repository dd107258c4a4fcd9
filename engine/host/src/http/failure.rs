//! Defines why a request brought no response: k6's error codes, and how errors of the libraries below map to them.

use std::error::Error as StdError;
use std::io;

/// A request that brought no response.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RequestFailure {
    /// The error code, as documented in `brunt:http`.
    pub(crate) code: u16,
    /// What went wrong, for people.
    pub(crate) message: String,
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
        match self.code {
            1010 => "network error",
            1020 => "invalid URL",
            1050 => "request timeout",
            1100 => "lookup failed",
            1101 => "lookup: no such host",
            1110 => "address is denied",
            1111 => "host is denied",
            1200 => "tcp error",
            1201 => "write: broken pipe",
            1202 => "read: failed",
            1203 => "connection closed",
            1210 => "dial: failed",
            1211 => "dial: i/o timeout",
            1212 => "dial: connection refused",
            1220 => "connection reset by peer",
            1300 => "tls: failed",
            1310 => "x509: unknown authority",
            1311 => "x509: host name mismatch",
            1701 => "decompression failed",
            1600.. => "http2 error",
            _ => "request failed",
        }
    }

    /// A body with more bytes than a response may have.
    pub(crate) fn body_limit(limit: usize) -> Self {
        Self::new(
            1000,
            format!("limit responseBody reached: the body has more than {limit} bytes"),
        )
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
        let (code, words) = match tls {
            rustls::Error::InvalidCertificate(fault) => certificate(fault),
            other => (1300, other.to_string()),
        };
        Self::new(code, format!("TLS handshake with {host}: {words}"))
    }

    /// An exchange that failed on a connection that was open.
    pub(crate) fn exchange(error: &hyper::Error) -> Self {
        let words = chain(error);
        if let Some(code) = find::<io::Error>(error).and_then(io_code) {
            return Self::new(code, words);
        }
        let code = if error.is_incomplete_message() || error.is_closed() || error.is_canceled() {
            1203
        } else if error.is_parse() {
            1000
        } else if words.contains("http2") {
            1600
        } else {
            1000
        };
        Self::new(code, words)
    }
}

fn certificate(fault: &rustls::CertificateError) -> (u16, String) {
    use rustls::CertificateError as Fault;
    match fault {
        Fault::UnknownIssuer => (1310, "x509: certificate signed by unknown authority".into()),
        Fault::NotValidForName | Fault::NotValidForNameContext { .. } => {
            (1311, format!("x509: {fault}"))
        }
        other => (1300, format!("x509: {other}")),
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

/// An error and its causes in one line.
fn chain(error: &(dyn StdError + 'static)) -> String {
    let mut words = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        words.push_str(": ");
        words.push_str(&error.to_string());
        cause = error.source();
    }
    words
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
