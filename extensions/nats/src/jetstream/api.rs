//! Defines how JetStream answers, and what may stand in the subjects of its API.

use serde_json::Value;

use crate::{Fault, Kind};

/// The answer, unless it is an error.
///
/// # Errors
/// What JetStream says, with its `err_code`; what is no JSON.
pub(super) fn answer(payload: &[u8]) -> Result<Value, Fault> {
    let answer: Value = serde_json::from_slice(payload).map_err(|error| {
        let message = format!("JetStream's answer is not what it should be: {error}");
        Fault::new(Kind::Protocol, message)
    })?;
    let error = &answer["error"];
    if error.is_null() {
        return Ok(answer);
    }
    let code = error["err_code"].as_u64().or(error["code"].as_u64());
    let code = code
        .and_then(|code| u32::try_from(code).ok())
        .unwrap_or_default();
    let words = error["description"]
        .as_str()
        .unwrap_or("an error without a description");
    Err(Fault::with_code(
        Kind::Jetstream,
        code,
        format!("JetStream says: {words} ({code})"),
    ))
}

/// A name, where it can be one: it becomes a part of a subject.
///
/// # Errors
/// Empty, dots, wildcards, white space, slashes.
pub(super) fn name<'a>(what: &str, name: &'a str) -> Result<&'a str, Fault> {
    let is_odd =
        |c: char| c.is_whitespace() || c.is_control() || matches!(c, '.' | '*' | '>' | '/' | '\\');
    match name.is_empty() || name.contains(is_odd) {
        true => Err(Fault::invalid(format!(
            "{name:?} is no name of a {what}: it must be without white space, dots, wildcards and slashes"
        ))),
        false => Ok(name),
    }
}

/// Says of a request that nobody answers why that is.
pub(super) fn without_jetstream(fault: Fault) -> Fault {
    match fault.kind {
        Kind::NoResponders => {
            let message =
                "the server has no JetStream, or this account none; hint: nats-server --jetstream";
            Fault {
                message: message.to_owned(),
                ..fault
            }
        }
        _ => fault,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_are_told_with_their_code() {
        let text = br#"{"type":"t","error":{"code":404,"err_code":10059,"description":"stream not found"}}"#;
        let fault = answer(text).expect_err("an error");
        assert_eq!((fault.kind, fault.code), (Kind::Jetstream, 10_059));
        assert!(fault.message.contains("stream not found"), "{fault}");
        assert_eq!(answer(b"+OK").expect_err("no JSON").kind, Kind::Protocol);
        assert_eq!(answer(br#"{"seq":7}"#).expect("an answer")["seq"], 7);
    }

    #[test]
    fn names_are_checked_before_they_become_subjects() {
        assert_eq!(name("stream", "ORDERS_1"), Ok("ORDERS_1"));
        for odd in ["", "a.b", "a b", "*", "a/b", "a\r\n"] {
            assert!(name("stream", odd).is_err(), "{odd:?}");
        }
    }
}
