//! Defines the reason codes of MQTT in words.

use crate::codec::{Property, Version};
use crate::error::{Error, ErrorKind};

/// What version 5 means by a reason code, whatever the packet.
pub fn words(code: u8) -> &'static str {
    match code {
        0x00 => "success",
        0x04 => "disconnected with the will to be published",
        0x10 => "no subscriber takes it",
        0x11 => "no such subscription",
        0x80 => "unspecified error",
        0x81 => "malformed packet",
        0x82 => "protocol error",
        0x83 => "an error of the server's own",
        0x84 => "unsupported version of the protocol",
        0x85 => "client identifier not valid",
        0x86 => "bad user name or password",
        0x87 => "not authorized",
        0x88 => "server unavailable",
        0x89 => "server busy",
        0x8a => "banned",
        0x8b => "server shutting down",
        0x8c => "bad authentication method",
        0x8d => "keep-alive timeout",
        0x8e => "session taken over by another client of the same name",
        0x8f => "topic filter not valid",
        0x90 => "topic name not valid",
        0x91 => "packet identifier in use",
        0x92 => "packet identifier not found",
        0x93 => "receive maximum exceeded",
        0x94 => "topic alias not valid",
        0x95 => "packet too large",
        0x96 => "message rate too high",
        0x97 => "quota exceeded",
        0x98 => "administrative action",
        0x99 => "payload format not valid",
        0x9a => "retained messages not supported",
        0x9b => "QoS not supported",
        0x9c => "use another server",
        0x9d => "server moved",
        0x9e => "shared subscriptions not supported",
        0x9f => "connection rate exceeded",
        0xa0 => "maximum connect time",
        0xa1 => "subscription identifiers not supported",
        0xa2 => "wildcard subscriptions not supported",
        _ => "a reason that is not known",
    }
}

/// What the server's answer to CONNECT means.
pub fn greeting_words(version: Version, code: u8) -> &'static str {
    match (version, code) {
        (Version::V5, _) => words(code),
        (Version::V311, 0) => "success",
        (Version::V311, 1) => "unsupported version of the protocol",
        (Version::V311, 2) => "client identifier not valid",
        (Version::V311, 3) => "server unavailable",
        (Version::V311, 4) => "bad user name or password",
        (Version::V311, 5) => "not authorized",
        // Servers of version 5 answer a version 3 client with codes of their own.
        (Version::V311, _) => words(code),
    }
}

/// The error that a refusal is: what was refused, why, and what the server says beside.
pub(crate) fn refusal(what: &str, why: &str, code: u8, properties: &[Property<'_>]) -> Error {
    let mut message = format!("{what}: {why} (reason code 0x{code:02x})");
    for property in properties {
        match property {
            Property::ReasonString(text) => message.push_str(&format!(": {text}")),
            Property::ServerReference(other) => message.push_str(&format!("; it names {other}")),
            _ => {}
        }
    }
    Error::coded(ErrorKind::Refused, code.into(), message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_says_what_why_and_what_the_server_adds() {
        let error = refusal(
            "the server refused the connection",
            words(0x86),
            0x86,
            &[Property::ReasonString("try again")],
        );
        assert_eq!(
            error.to_string(),
            "the server refused the connection: bad user name or password (reason code 0x86): try again"
        );
        assert_eq!(error.code, 0x86);
    }

    #[test]
    fn version_3_has_codes_of_its_own() {
        assert_eq!(
            greeting_words(Version::V311, 4),
            "bad user name or password"
        );
        assert_eq!(greeting_words(Version::V5, 4), words(4));
    }
}
