//! Defines where the built guests are.

use std::path::{Path, PathBuf};

/// The file of a test guest, or of an example: `get_checks` for one in Rust, `c/contract` or `python/orders` for others.
///
/// # Panics
/// When it was not built.
pub fn guest(name: &str) -> PathBuf {
    let folder = match name.contains('/') {
        false => "target/guests/wasm32-unknown-unknown/guest/examples",
        true => "target/guests",
    };
    let file = root().join(folder).join(format!("{name}.wasm"));
    assert!(
        file.is_file(),
        "the guest `{name}` is not built: run `cargo xtask guests` ({} is missing)",
        file.display()
    );
    file
}

/// The file of a built extension, for instance `nats`.
///
/// # Panics
/// When it was not built.
pub fn extension(name: &str) -> PathBuf {
    let folder = root().join("target/guests/wasm32-unknown-unknown/guest");
    let file = folder.join(format!("brunt_{name}.wasm"));
    assert!(
        file.is_file(),
        "the extension `{name}` is not built: run `cargo xtask guests` ({} is missing)",
        file.display()
    );
    file
}

/// A script of the tests, for instance `get.js`.
///
/// # Panics
/// When there is none of this name.
pub fn script(name: &str) -> PathBuf {
    let file = root().join("tests/scripts").join(name);
    assert!(file.is_file(), "there is no script {}", file.display());
    file
}

/// A file that comes with the examples, for instance `rust/users.json`.
///
/// # Panics
/// When there is none of this name.
pub fn example(path: &str) -> PathBuf {
    let file = root().join("examples").join(path);
    assert!(file.exists(), "there is no example {}", file.display());
    file
}

/// The folder of the workspace.
pub(crate) fn root() -> PathBuf {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    package.ancestors().nth(2).unwrap_or(package).to_path_buf()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[should_panic(expected = "run `cargo xtask guests`")]
    fn a_missing_guest_says_how_to_build_it() {
        guest("no_such_guest");
    }

    #[test]
    fn the_root_has_the_workspaces_manifest() {
        assert!(root().join("Cargo.toml").is_file() && root().join("wit/worlds.wit").is_file());
    }
}
