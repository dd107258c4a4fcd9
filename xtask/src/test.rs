//! Defines `cargo xtask test`: everything that must hold before a change is merged, the quickest first.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result};

use crate::{guests, process, servers, tidy};

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
    heading("Servers");
    servers::install(root)?;
    // Programs and tests in one go: built apart, they would differ in features and compile half of the engine twice.
    heading("Engine");
    let build = ["build", "--release", "--bins", "--tests"];
    process::run(engine(&build).current_dir(root))?;
    heading("Tests");
    if !Path::new("/usr/sbin/nginx").is_file() {
        process::apt_install(&["nginx-light"], "a server to test against")?;
    }
    process::run(engine(&["test", "--release", "--no-fail-fast"]).current_dir(root))
}

/// A cargo command for all packages that run here.
fn engine(arguments: &[&str]) -> Command {
    let mut command = Command::new("cargo");
    command.args(arguments).arg("--workspace");
    command.args(GUESTS.iter().flat_map(|name| ["--exclude", name]));
    command
}

fn heading(name: &str) {
    println!("\n== {name} ==");
}
