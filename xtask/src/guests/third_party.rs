//! Defines how the example of a third party's extension is compiled: as its walk-through says, outside of this workspace.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::Result;

use super::{c, is_fresh, rust};
use crate::process;

const FOLDER: &str = "examples/extensions/line-protocol";

/// Where the one in C lies, relative to the project's root.
const IN_C: &str = "target/guests/c/line_protocol.wasm";

/// Builds the extension in Rust and in C, and the test in Rust that uses either.
///
/// # Errors
/// When a compiler is missing and can't be installed, or something does not compile.
pub(super) fn build(root: &Path) -> Result<()> {
    let folder = root.join(FOLDER);
    for package in ["rust", "test"] {
        let mut cargo = rust::cargo_with(root, "release")?;
        cargo.arg("--manifest-path");
        process::run(cargo.arg(folder.join(package).join("Cargo.toml")))?;
    }
    in_c(root, &folder)
}

fn in_c(root: &Path, folder: &Path) -> Result<()> {
    let (source, output) = (folder.join("c/line_protocol.c"), root.join(IN_C));
    let contracts = [folder.join("wit"), root.join("wit")];
    if is_fresh(&output, &source, &contracts)? {
        return Ok(());
    }
    let bindings = root.join("target/guests/c/line-protocol");
    fs::create_dir_all(&bindings)?;
    let mut generate = Command::new("cargo");
    generate.args([
        "run",
        "--quiet",
        "--release",
        "-p",
        "brunt-c-bindings",
        "--",
    ]);
    generate
        .arg(folder.join("wit"))
        .arg("line-protocol")
        .arg(&bindings);
    process::run(generate.current_dir(root))?;
    let generated = ["line_protocol.c", "line_protocol_component_type.o"];
    let generated = generated.map(|file| bindings.join(file));
    c::compile(
        root,
        &bindings,
        &[&[source], &generated[..]].concat(),
        &output,
    )
}
