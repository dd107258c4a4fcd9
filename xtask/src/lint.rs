//! Defines `cargo xtask lint`: clippy on all that is compiled, for this machine and for WebAssembly.

use std::path::Path;
use std::process::Command;

use anyhow::Result;

use crate::{engine, process};

/// Lints everything but the JavaScript runtime, which needs a compiler for C that is prepared by `runtime`.
///
/// It is no part of `test`: clippy compiles all dependencies once more, by itself.
///
/// # Errors
/// When there is a warning, or something does not compile.
pub(crate) fn run(root: &Path) -> Result<()> {
    const STRICT: [&str; 3] = ["--", "-D", "warnings"];
    let mut host = engine::cargo(root, &["clippy", "--all-targets"]);
    process::run(host.args(STRICT))?;
    let mut guests = Command::new("cargo");
    guests
        .args(["clippy", "--target", "wasm32-unknown-unknown"])
        .args(["--lib", "--examples"])
        .args(GUESTS.iter().flat_map(|name| ["-p", name]))
        .args(STRICT)
        .current_dir(root);
    process::run(&mut guests)
}

const GUESTS: &[&str] = &[
    "brunt-examples",
    "brunt-test-guests",
    "brunt-nats",
    "brunt-stomp",
    "brunt-mqtt",
];
