//! Defines how the engine is compiled: always as the same set of packages.
//!
//! Cargo unites the features that the chosen packages ask for. Chosen differently they would differ in features, and half of
//! the engine would be compiled again.

use std::path::Path;
use std::process::Command;

/// Packages that only exist for WebAssembly: `guests` compiles them, nothing runs them here.
const GUESTS: &[&str] = &["brunt-examples", "brunt-test-guests"];

/// A cargo command for all packages that run here.
pub(crate) fn cargo(root: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new("cargo");
    command.args(arguments).arg("--workspace");
    command.args(GUESTS.iter().flat_map(|name| ["--exclude", name]));
    command.current_dir(root);
    command
}
