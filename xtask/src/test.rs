//! Defines `cargo xtask test`: everything that must hold before a change is merged, the quickest first.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result};

use crate::{demo, engine, guests, process, servers, tidy, types};

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
    heading("Types");
    types::install(root)?;
    heading("Engine");
    engine::build(root, demo::BINARY, || {
        engine::cargo(root, &["build", "--release", "--bin", "brunt"])
    })?;
    let build = ["build", "--release", "--bins", "--tests"];
    process::run(&mut engine::cargo(root, &build))?;
    heading("Tests");
    process::run(&mut engine::cargo(
        root,
        &["test", "--release", "--no-fail-fast"],
    ))
}

fn heading(name: &str) {
    println!("\n== {name} ==");
}
