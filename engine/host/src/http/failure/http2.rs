//! Defines what failures of HTTP/2 are called: which of k6's codes they have, by who ended what and why (RFC 9113, 7).

use std::io;

use h2::Error;

use crate::http::failure::{RequestFailure, io_code, plain};
use crate::net::tls::alert_in;

/// First of the codes for a connection that the server wants to end: one that HTTP/2 does not know. Those that it knows follow.
const GOAWAY: u16 = 1610;
/// The same for one stream that was ended.
const STREAM: u16 = 1630;
/// The same for a connection on which the server broke the rules.
const CONNECTION: u16 = 1650;

macro_rules! tags {
    ($reason:literal) => {
        [
            concat!("http2: goaway: ", $reason),
            concat!("http2: stream: ", $reason),
            concat!("http2: connection: ", $reason),
        ]
    };
}
/// The reasons that HTTP/2 knows, by their numbers, as the tag `error` has them after GOAWAY, in a stream and in a connection.
const REASONS: [[&str; 3]; 14] = [
    tags!("NO_ERROR"),
    tags!("PROTOCOL_ERROR"),
    tags!("INTERNAL_ERROR"),
    tags!("FLOW_CONTROL_ERROR"),
    tags!("SETTINGS_TIMEOUT"),
    tags!("STREAM_CLOSED"),
    tags!("FRAME_SIZE_ERROR"),
    tags!("REFUSED_STREAM"),
    tags!("CANCEL"),
    tags!("COMPRESSION_ERROR"),
    tags!("CONNECT_ERROR"),
    tags!("ENHANCE_YOUR_CALM"),
    tags!("INADEQUATE_SECURITY"),
    tags!("HTTP_1_1_REQUIRED"),
];

/// The tag `error` of a code that a reason of HTTP/2 has.
pub(super) fn tag(code: u16) -> Option<&'static str> {
    let bands = [GOAWAY, STREAM, CONNECTION];
    bands.iter().enumerate().find_map(|(band, first)| {
        let reason = code.checked_sub(first + 1)?;
        Some(REASONS.get(usize::from(reason))?[band])
    })
}

impl RequestFailure {
    /// An exchange that failed over HTTP/2, on a connection that the server has `closed`, or on which it said that it is
    /// `going_away` with this code.
    pub(crate) fn http2(error: &Error, closed: bool, going_away: Option<u32>) -> Self {
        if let Some(fault) = error.get_io() {
            return match going_away {
                Some(reason) => Self::gone(reason, ""),
                None => Self::broken(fault, closed),
            };
        }
        let Some(reason) = error.reason().map(u32::from) else {
            return Self::new(1600, format!("http2: {error}"));
        };
        let name = name(reason);
        match (error.is_reset(), error.is_remote()) {
            (true, true) => Self::new(
                code(STREAM, reason),
                format!("http2: the server ended the stream: {name}"),
            ),
            (true, false) => Self::new(
                code(STREAM, reason),
                format!("http2: the server sent what is wrong on a stream: {name}"),
            ),
            (false, true) => Self::gone(reason, &said(error)),
            (false, false) => Self::new(
                code(CONNECTION, reason),
                format!("http2: the server broke the rules of the connection: {name}"),
            ),
        }
    }

    fn gone(reason: u32, said: &str) -> Self {
        let name = name(reason);
        Self::new(
            code(GOAWAY, reason),
            format!("http2: the server ends the connection (GOAWAY): {name}{said}"),
        )
    }

    fn broken(fault: &io::Error, closed: bool) -> Self {
        // What is below says in words alone why it failed.
        if let Some(words) = alert_in(&fault.to_string()) {
            return Self::new(1300, words);
        }
        if closed {
            return Self::new(1203, "the server closed the connection");
        }
        let words = format!("http2: {}", plain(fault));
        Self::new(io_code(fault).unwrap_or(1600), words)
    }
}

fn code(band: u16, reason: u32) -> u16 {
    match u16::try_from(reason) {
        Ok(reason) if usize::from(reason) < REASONS.len() => band + 1 + reason,
        _ => band,
    }
}

fn name(reason: u32) -> String {
    let known = usize::try_from(reason).ok();
    let known = known.and_then(|reason| REASONS.get(reason));
    let name = known.and_then(|tags| tags[0].rsplit_once(": "));
    name.map_or_else(|| format!("code {reason}"), |(_, name)| name.to_owned())
}

/// What the server said of its going away, if it did.
fn said(error: &Error) -> String {
    let words = error.to_string();
    match words.split_once(" (b\"") {
        Some((_, said)) => format!(", {:?}", said.trim_end_matches("\")")),
        None => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_those_of_k6() {
        assert_eq!(code(GOAWAY, 0), 1611);
        assert_eq!(code(STREAM, 7), 1638);
        assert_eq!(code(CONNECTION, 13), 1664);
        assert_eq!(code(STREAM, 14), 1630);
        assert_eq!(code(STREAM, u32::MAX), 1630);
    }

    #[test]
    fn every_code_has_a_tag() {
        assert_eq!(tag(1611), Some("http2: goaway: NO_ERROR"));
        assert_eq!(tag(1638), Some("http2: stream: REFUSED_STREAM"));
        assert_eq!(tag(1664), Some("http2: connection: HTTP_1_1_REQUIRED"));
        assert_eq!(tag(1630), None);
        assert_eq!(tag(1645), None);
        assert_eq!(name(11), "ENHANCE_YOUR_CALM");
        assert_eq!(name(99), "code 99");
    }

    #[test]
    fn what_is_below_is_told_as_what_it_is() {
        let told = |kind, words: &'static str, closed| {
            RequestFailure::broken(&io::Error::new(kind, words), closed).code
        };
        assert_eq!(told(io::ErrorKind::ConnectionReset, "reset", false), 1220);
        assert_eq!(told(io::ErrorKind::BrokenPipe, "pipe", true), 1203);
        assert_eq!(told(io::ErrorKind::Other, "other", false), 1600);
        let alert = "received fatal alert: CertificateRequired";
        assert_eq!(told(io::ErrorKind::InvalidData, alert, true), 1300);
    }
}
