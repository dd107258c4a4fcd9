//! Defines why something on the network failed.

use std::{fmt, io};

use crate::bindings::extending::brunt::sockets::network::SocketError;

/// What functions of sockets return.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why something on the network failed: a code of k6's, and words for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Error {
    code: u32,
    message: String,
}

impl Error {
    /// The code, such as 1050 (timeout), 1203 (connection closed), 1212 (refused) or 1310 (unknown authority).
    pub fn code(&self) -> u32 {
        self.code
    }

    /// What went wrong, in one line.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// Whether it took longer than it may.
    pub fn is_timeout(&self) -> bool {
        matches!(self.code, 1050 | 1211)
    }
}

impl From<SocketError> for Error {
    fn from(error: SocketError) -> Self {
        Self {
            code: error.code,
            message: error.message,
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (error_code {})", self.message, self.code)
    }
}

impl std::error::Error for Error {}

/// The kind says what the code does; the error itself is inside.
impl From<Error> for io::Error {
    fn from(error: Error) -> Self {
        let kind = match error.code {
            1050 | 1211 => io::ErrorKind::TimedOut,
            1110 | 1111 => io::ErrorKind::PermissionDenied,
            1201 => io::ErrorKind::BrokenPipe,
            1203 => io::ErrorKind::ConnectionAborted,
            1212 => io::ErrorKind::ConnectionRefused,
            1220 => io::ErrorKind::ConnectionReset,
            1100 | 1101 => io::ErrorKind::NotFound,
            _ => io::ErrorKind::Other,
        };
        Self::new(kind, error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_of_io_are_of_the_kind_that_the_code_says() {
        let error = Error {
            code: 1212,
            message: "dial 127.0.0.1:1: connection refused".into(),
        };
        assert_eq!(
            error.to_string(),
            "dial 127.0.0.1:1: connection refused (error_code 1212)"
        );
        let error = io::Error::from(error);
        assert_eq!(error.kind(), io::ErrorKind::ConnectionRefused);
        let inner = error.downcast::<Error>().expect("the error itself");
        assert_eq!((inner.code(), inner.is_timeout()), (1212, false));
    }
}
