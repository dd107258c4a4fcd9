//! Defines subjects: which ones can be sent to and listened on, and by which name they are measured.

use std::borrow::Cow;

use crate::Fault;

/// Refuses a subject that messages can't be sent to.
///
/// # Errors
/// Empty, empty parts, white space, control characters, wildcards.
pub fn check_concrete(subject: &str) -> Result<(), Fault> {
    check(subject)?;
    if has_wildcard(subject) {
        return Err(Fault::invalid(format!(
            "nothing can be published to {subject:?}: it has a wildcard; hint: wildcards are for subscribing"
        )));
    }
    Ok(())
}

/// Refuses a subject that can't be listened on.
///
/// # Errors
/// Empty, empty parts, white space, control characters, `>` anywhere but at the end.
pub fn check_pattern(subject: &str) -> Result<(), Fault> {
    check(subject)?;
    let inner = subject.rsplit_once('.').map_or("", |(inner, _)| inner);
    if inner.split('.').any(|part| part == ">") {
        return Err(Fault::invalid(format!(
            "{subject:?} is no subject: `>` can only be its last part"
        )));
    }
    Ok(())
}

/// Refuses the name of a queue that would be read as something else.
///
/// # Errors
/// Empty, white space, control characters.
pub fn check_queue(queue: &str) -> Result<(), Fault> {
    match queue.is_empty() || queue.bytes().any(|byte| byte <= b' ' || byte == 0x7f) {
        true => Err(Fault::invalid(format!(
            "{queue:?} is no name of a queue group"
        ))),
        false => Ok(()),
    }
}

fn check(subject: &str) -> Result<(), Fault> {
    let bytes = subject.as_bytes();
    let mut before = b'.';
    let mut fits = !bytes.is_empty();
    for byte in bytes {
        fits &= *byte > b' ' && *byte != 0x7f && !(*byte == b'.' && before == b'.');
        before = *byte;
    }
    if fits && before != b'.' {
        return Ok(());
    }
    Err(Fault::invalid(format!(
        "{subject:?} is no subject: parts of visible characters, with single dots between them"
    )))
}

fn has_wildcard(subject: &str) -> bool {
    let bytes = subject.as_bytes();
    if !bytes.iter().any(|byte| matches!(byte, b'*' | b'>')) {
        return false;
    }
    subject.split('.').any(|part| part == "*" || part == ">")
}

/// The subject as the metrics have it: those that are made up for one answer or one message are measured together, or each would be
/// a series of its own.
pub fn measured_as<'a>(subject: &'a str, inbox_prefix: &str) -> Cow<'a, str> {
    if let Some(rest) = subject.strip_prefix(inbox_prefix)
        && rest.starts_with('.')
    {
        return Cow::Owned(format!("{inbox_prefix}.*"));
    }
    let collapsed = match subject {
        _ if subject.starts_with("_INBOX.") => "_INBOX.*",
        _ if subject.starts_with("$JS.ACK.") => "$JS.ACK.>",
        _ if is_api(subject) => "$JS.API.>",
        _ => subject,
    };
    Cow::Borrowed(collapsed)
}

/// `$JS.API.…` and, with a domain, `$JS.hub.API.…`.
fn is_api(subject: &str) -> bool {
    let Some(rest) = subject.strip_prefix("$JS.") else {
        return false;
    };
    rest.starts_with("API.")
        || rest
            .split_once('.')
            .is_some_and(|(_, rest)| rest.starts_with("API."))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn subjects_are_checked_before_they_are_sent() {
        for subject in ["a", "a.b.c", "a*b.c>", "$JS.API.INFO", "grüße.welt"] {
            assert_eq!(check_concrete(subject), Ok(()), "{subject}");
        }
        for subject in [
            "",
            ".",
            "a.",
            ".a",
            "a..b",
            "a b",
            "a\r\nPING",
            "a.*",
            ">",
            "a.>",
        ] {
            assert!(check_concrete(subject).is_err(), "{subject:?}");
        }
        for subject in [">", "a.>", "*.a.*", "a"] {
            assert_eq!(check_pattern(subject), Ok(()), "{subject}");
        }
        for subject in [">.a", "a.>.b", "", "a\tb"] {
            assert!(check_pattern(subject).is_err(), "{subject:?}");
        }
        assert!(
            check_queue("q 1").is_err() && check_queue("").is_err() && check_queue("q1").is_ok()
        );
    }

    #[test]
    fn made_up_subjects_are_measured_together() {
        for (subject, measured) in [
            ("orders.1", "orders.1"),
            ("_INBOX.x.7", "_INBOX.*"),
            ("mine.x.7", "mine.*"),
            ("minefield", "minefield"),
            ("$JS.ACK.S.C.1.2.3.4.5", "$JS.ACK.>"),
            ("$JS.API.STREAM.INFO.S", "$JS.API.>"),
            ("$JS.hub.API.INFO", "$JS.API.>"),
        ] {
            assert_eq!(measured_as(subject, "mine"), measured);
        }
    }
}
