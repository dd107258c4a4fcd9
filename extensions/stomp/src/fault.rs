//! Defines what can go wrong: a value with a kind, a number and words, never a panic.

use std::fmt;

/// What kind of thing went wrong; the same names as in the contract.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// The client or the subscription that was used is closed.
    Closed,
    /// No connection: not reached, lost, or broken.
    Network,
    /// The time for it has passed.
    Timeout,
    /// The server sent an ERROR frame: it does not accept who we say we are, or what we sent, and hangs up.
    Server,
    /// What was asked for is malformed: an address, a header, an acknowledgement.
    Invalid,
    /// A limit of this client has been reached.
    Limit,
    /// The server sent what is no STOMP.
    Protocol,
}

impl Kind {
    /// The name, as the tag `kind` of `stomp_errors` has it.
    pub fn name(self) -> &'static str {
        match self {
            Kind::Closed => "closed",
            Kind::Network => "network",
            Kind::Timeout => "timeout",
            Kind::Server => "server",
            Kind::Invalid => "invalid",
            Kind::Limit => "limit",
            Kind::Protocol => "protocol",
        }
    }
}

/// Something that went wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// What kind of thing.
    pub kind: Kind,
    /// A socket's error code; 0 for none.
    pub code: u32,
    /// For people, in one line.
    pub message: String,
}

impl Fault {
    /// One without a number.
    pub fn new(kind: Kind, message: impl Into<String>) -> Fault {
        Fault::with_code(kind, 0, message)
    }

    /// One with a number.
    pub fn with_code(kind: Kind, code: u32, message: impl Into<String>) -> Fault {
        let message = message.into();
        Fault {
            kind,
            code,
            message,
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Fault {}
