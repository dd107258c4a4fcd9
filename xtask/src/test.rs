//! Defines `cargo xtask test`: everything that must hold before a change is merged, the quickest first.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result};

use crate::{guests, process, tidy};

/// Packages that only exist for WebAssembly: `guests` compiles them, nothing runs them here.
const GUESTS: &[&str] = &["brunt-examples", "brunt-test-guests"];

/// Checks the format and the house style, builds the guests and the engine, and runs every test.
///
/// # Errors
/// At the first step that fails, naming it.
pub(crate) fn run(root: &Path) -> Result<()> {
    heading("Format");
    process::run(
        Command::new("cargo")
            .args(["fmt", "--all", "--check"])
            .current_dir(root),
    )
    .context("hint: `cargo fmt --all` mends it")?;
    heading("House style");
    tidy::run(root, tidy::Mode::Check)?;
    heading("Guests");
    guests::build(root)?;
    heading("Engine");
    process::run(
        Command::new("cargo")
            .args(["build", "--release", "-p", "brunt"])
            .current_dir(root),
    )?;
    heading("Tests");
    let mut tests = Command::new("cargo");
    tests.args(["test", "--release", "--workspace"]);
    tests.args(GUESTS.iter().flat_map(|name| ["--exclude", name]));
    process::run(tests.current_dir(root))
}

fn heading(name: &str) {
    println!("\n== {name} ==");
}
