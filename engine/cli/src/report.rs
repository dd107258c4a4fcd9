//! Defines how errors are told: what is wrong, and what to do about it.

use brunt_runner::Error;

/// Prints an error and its hint on standard error.
pub(crate) fn error(error: &Error) {
    eprintln!("error: {error}");
    if let Some(hint) = error.hint_text() {
        eprintln!("hint: {hint}");
    }
}
