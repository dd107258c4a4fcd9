//! Defines how the engine is compiled: always as the same set of packages, and with the JavaScript runtime compiled inside.
//!
//! Cargo unites the features that the chosen packages ask for. Chosen differently they would differ in features, and half of
//! the engine would be compiled again; so would it with other variables than those of a cargo that is called by hand.

use std::ffi::OsStr;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result};

use crate::process;

/// Packages that only exist for WebAssembly: `guests` compiles them, nothing runs them here.
const GUESTS: &[&str] = &["brunt-examples", "brunt-test-guests", "brunt-js-runtime"];

/// What an engine compiled of the runtime of scripts that it has, for the next build to put both into the engine.
const COMPILED: &str = "target/guests/js/runtime.compiled";

/// Builds the engine, which is this file then, by a command that builds it among others.
///
/// The compiler for the JavaScript runtime is in the engine itself: where what was compiled before does not fit any more, the
/// engine compiles it and is built again, which is no more than its outermost package.
///
/// # Errors
/// When it does not build, or can't compile its runtime.
pub(crate) fn build(root: &Path, binary: &str, command: impl Fn() -> Command) -> Result<()> {
    process::run(&mut command())?;
    let mut compile = Command::new(root.join(binary));
    compile
        .args(["compile-runtime", COMPILED])
        .current_dir(root);
    let written = process::output(&mut compile)
        .with_context(|| format!("{binary} can't compile the JavaScript runtime\nhint: {binary} compile-runtime {COMPILED} says why"))?;
    if written.is_empty() {
        return Ok(());
    }
    println!("Compiled the JavaScript runtime for the engine to have: {written}");
    process::run(&mut command())
}

/// A cargo command for all packages that run here.
pub(crate) fn cargo(root: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new("cargo");
    command.args(arguments).arg("--workspace");
    command.args(GUESTS.iter().flat_map(|name| ["--exclude", name]));
    for (name, _) in std::env::vars_os().filter(|(name, _)| is_of_this_package(name)) {
        command.env_remove(name);
    }
    command.current_dir(root);
    command
}

/// Whether cargo set this variable to say which package it runs, this one: there are build scripts (ring's is one) that run
/// again when it changes.
fn is_of_this_package(name: &OsStr) -> bool {
    let name = name.to_string_lossy();
    ["CARGO_PKG_", "CARGO_MANIFEST_"]
        .iter()
        .any(|start| name.starts_with(start))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `ring` and all that needs it was compiled anew whenever `cargo build` followed `cargo xtask`, and the other way around.
    #[test]
    fn cargo_is_not_told_which_package_called_it() {
        let command = cargo(Path::new("."), &["build"]);
        let removed = |wanted: &str| {
            let mut variables = command.get_envs();
            variables.any(|(name, value)| name == wanted && value.is_none())
        };
        // The test itself is run by cargo, which says so.
        assert!(removed("CARGO_MANIFEST_DIR") && removed("CARGO_PKG_NAME"));
    }
}
