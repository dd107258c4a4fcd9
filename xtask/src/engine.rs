//! Defines how the engine is compiled: always as the same set of packages.
//!
//! Cargo unites the features that the chosen packages ask for. Chosen differently they would differ in features, and half of
//! the engine would be compiled again; so would it with other variables than those of a cargo that is called by hand.

use std::ffi::OsStr;
use std::path::Path;
use std::process::Command;

/// Packages that only exist for WebAssembly: `guests` compiles them, nothing runs them here.
const GUESTS: &[&str] = &["brunt-examples", "brunt-test-guests", "brunt-js-runtime"];

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
