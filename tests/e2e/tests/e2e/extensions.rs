//! Tests protocol extensions: found, joined with tests in Rust, offered to scripts, and kept within their VU.

mod finding;
mod hostile;
mod joined;
mod new;
mod scripts;

use brunt_e2e::{Brunt, Ended, guest};

/// A run of the guest that uses two extensions, which does this.
fn using(what: &str) -> Brunt {
    with_both(Brunt::guest("extension_user").test_env("DO", what))
}

/// A script that has both extensions.
fn script(text: &str) -> Brunt {
    with_both(Brunt::text(text))
}

fn with_both(run: Brunt) -> Brunt {
    let files = ["extension_kinds", "extension_store"].map(guest);
    files
        .into_iter()
        .fold(run, |run, file| run.arg("--extension").arg(file))
}

/// Checks that all checks passed, as many as these.
fn expect_checks(ended: Ended, count: f64) -> Ended {
    let ended = ended.expect_code(0);
    assert_eq!(ended.metric("checks", "passes"), count, "{}", ended.stdout);
    assert_eq!(ended.metric("checks", "fails"), 0.0, "{}", ended.stdout);
    ended
}

fn expect_said(ended: &Ended, words: &str) {
    assert!(ended.stderr.contains(words), "{words}: {}", ended.stderr);
}
