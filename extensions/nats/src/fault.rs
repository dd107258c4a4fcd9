//! Defines what can go wrong: a value with a kind, a number and words, never a panic.

use std::fmt;

/// What kind of thing went wrong; the same names as in the contract.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// The client, the subscription or what else was used is closed.
    Closed,
    /// No connection: not reached, lost, or broken.
    Network,
    /// The time for it has passed.
    Timeout,
    /// Nobody listens on the subject of a request.
    NoResponders,
    /// The server does not accept who we say we are.
    Authorization,
    /// The server does not allow this subject.
    Permissions,
    /// More bytes than the server takes in one message.
    TooLarge,
    /// What was asked for is malformed: a subject, a header, an option.
    Invalid,
    /// A limit of this client has been reached.
    Limit,
    /// JetStream answered with an error, or with a status that ends what was asked for.
    Jetstream,
    /// The server sent what is no NATS.
    Protocol,
    /// Anything else that the server has against us.
    Other,
}

impl Kind {
    /// The name, as the tag `kind` of `nats_errors` has it.
    pub fn name(self) -> &'static str {
        match self {
            Kind::Closed => "closed",
            Kind::Network => "network",
            Kind::Timeout => "timeout",
            Kind::NoResponders => "no-responders",
            Kind::Authorization => "authorization",
            Kind::Permissions => "permissions",
            Kind::TooLarge => "too-large",
            Kind::Invalid => "invalid",
            Kind::Limit => "limit",
            Kind::Jetstream => "jetstream",
            Kind::Protocol => "protocol",
            Kind::Other => "other",
        }
    }
}

/// Something that went wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// What kind of thing.
    pub kind: Kind,
    /// More precisely: a socket's error code, a status (404, 408, 409, 503), JetStream's `err_code`; 0 for none.
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

    /// Something malformed, and what to do about it.
    pub fn invalid(message: impl Into<String>) -> Fault {
        Fault::new(Kind::Invalid, message)
    }

    /// Reads what stands behind `-ERR`. Whether the server closes the connection after it is not said there: it does, unless
    /// [`Fault::is_passing`].
    pub fn of_server(text: &str) -> Fault {
        let text = text.trim().trim_matches('\'');
        let lower = text.to_ascii_lowercase();
        let known = SERVER_ERRORS
            .iter()
            .find(|(start, _)| lower.starts_with(start));
        let kind = known.map_or(Kind::Other, |(_, kind)| *kind);
        Fault::new(kind, format!("the server says: {text}"))
    }

    /// Whether it only says that nothing is sent while a test is initialised: nothing has gone wrong then.
    pub(crate) fn is_of_init(&self) -> bool {
        self.code == DENIED && self.message.ends_with("in init")
    }

    /// Whether the server goes on after telling this.
    pub fn is_passing(&self) -> bool {
        let lower = self.message.to_ascii_lowercase();
        self.kind == Kind::Permissions
            || lower.contains("invalid subject")
            || lower.contains("invalid publish subject")
            || lower.contains("maximum subscriptions exceeded")
    }

    /// The subject in quotes of a message such as `Permissions Violation for Publish to "orders"`.
    pub fn quoted_subject(&self) -> Option<&str> {
        self.message.split('"').nth(1)
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Fault {}

/// The code of a connection that is not allowed.
const DENIED: u32 = 1110;

/// How messages of servers begin, in lower case.
const SERVER_ERRORS: &[(&str, Kind)] = &[
    ("authorization", Kind::Authorization),
    ("authentication", Kind::Authorization),
    ("user authentication", Kind::Authorization),
    ("account authentication", Kind::Authorization),
    ("permissions violation", Kind::Permissions),
    ("maximum payload", Kind::TooLarge),
    ("maximum", Kind::Limit),
    ("invalid", Kind::Invalid),
    ("stale connection", Kind::Network),
    ("slow consumer", Kind::Limit),
    ("secure connection", Kind::Authorization),
    ("unknown protocol", Kind::Protocol),
    ("parser", Kind::Protocol),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn servers_errors_are_sorted_by_what_they_say() {
        for (text, kind, passes) in [
            ("'Authorization Violation'", Kind::Authorization, false),
            ("'User Authentication Expired'", Kind::Authorization, false),
            (
                "'Permissions Violation for Publish to \"a.b\"'",
                Kind::Permissions,
                true,
            ),
            ("'Maximum Payload Violation'", Kind::TooLarge, false),
            ("'maximum connections exceeded'", Kind::Limit, false),
            ("'maximum subscriptions exceeded'", Kind::Limit, true),
            ("'Stale Connection'", Kind::Network, false),
            ("'Unknown Protocol Operation'", Kind::Protocol, false),
            ("'Something New'", Kind::Other, false),
        ] {
            let fault = Fault::of_server(text);
            assert_eq!((fault.kind, fault.is_passing()), (kind, passes), "{text}");
        }
    }

    #[test]
    fn the_subject_of_a_violation_is_found() {
        let fault = Fault::of_server(
            "'Permissions Violation for Subscription to \"a.>\" using queue \"q\"'",
        );
        assert_eq!(fault.quoted_subject(), Some("a.>"));
    }
}
