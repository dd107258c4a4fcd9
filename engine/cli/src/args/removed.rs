//! Defines what is said about commands of k6 that Brunt does not have.

use clap::error::{ContextKind, ContextValue, ErrorKind};

/// Commands of k6, and what to do in their place.
const REMOVED: [(&str, &str); 12] = [
    (
        "cloud",
        "run the test where you want the load to come from; split it with --execution-segment",
    ),
    (
        "convert",
        "k6 dropped it too: record requests as HAR and use har-to-k6",
    ),
    ("deps", "extensions are .wasm files; nothing is built in"),
    ("features", "there are no feature flags"),
    ("login", "there is no cloud service to log in to"),
    ("pause", "k6 dropped it too: start with --paused instead"),
    ("resume", "k6 dropped it too"),
    ("scale", "k6 dropped it too: use a ramping-vus scenario"),
    ("stats", "use --summary-export or --out"),
    (
        "status",
        "k6 dropped it too: the progress shows the run's state",
    ),
    ("upload", "there is no cloud service to upload to"),
    (
        "x",
        "extensions are .wasm files that a test imports, not commands",
    ),
];

/// Replaces clap's message about a command of k6 by one that says what to do.
pub(super) fn explain(error: clap::Error) -> clap::Error {
    if error.kind() != ErrorKind::InvalidSubcommand {
        return error;
    }
    let Some(ContextValue::String(name)) = error.get(ContextKind::InvalidSubcommand) else {
        return error;
    };
    match REMOVED.iter().find(|(removed, _)| removed == name) {
        Some((name, hint)) => {
            let message =
                format!("brunt has no command '{name}', which k6 has or had\n\nhint: {hint}\n");
            clap::Error::raw(ErrorKind::InvalidSubcommand, message)
        }
        None => error,
    }
}
