//! Defines what can go wrong with a client, in words.

use std::fmt;

/// What kind of thing went wrong.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum ErrorKind {
    /// What was asked for can't be: a URL, a topic, a filter, a combination of options.
    Options,
    /// The connection could not be opened, or broke.
    Connection,
    /// The server said no; the code is its reason.
    Refused,
    /// The server did what the protocol does not allow.
    Protocol,
    /// It took too long.
    Timeout,
    /// There is no connection.
    NotConnected,
    /// A limit of the server or of this client forbids it.
    Limit,
}

/// What went wrong.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Error {
    /// What kind of thing.
    pub kind: ErrorKind,
    /// Below 256 a reason code of MQTT, from 1000 one of k6's codes for the network; 0 where there is none.
    pub code: u32,
    /// In words, for people.
    pub message: String,
}

impl Error {
    /// An error without a code.
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self {
            kind,
            code: 0,
            message: message.into(),
        }
    }

    /// An error with a code.
    pub fn coded(kind: ErrorKind, code: u32, message: impl Into<String>) -> Self {
        Self {
            code,
            ..Self::new(kind, message)
        }
    }

    /// Something that was asked for and can't be.
    pub fn options(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Options, message)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Error {}
