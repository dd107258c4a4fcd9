//! Defines how guests in C are compiled: with zig's compiler, which brings its own libc and is one Python package.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Result;

use crate::process;

/// Builds every guest in C that is not fresh.
///
/// # Errors
/// When the compiler can't be installed, or a guest does not compile.
pub(super) fn build(root: &Path) -> Result<()> {
    let sdk = root.join("guest-sdks/c");
    for (source, output) in super::sources(root, "c", "c")? {
        if super::is_fresh(&output, &source, std::slice::from_ref(&sdk))? {
            continue;
        }
        let bindings =
            ["test.c", "test_component_type.o"].map(|file| sdk.join("bindings").join(file));
        compile(root, &sdk, &[&[source], &bindings[..]].concat(), &output)?;
    }
    Ok(())
}

/// Compiles these files, which include some from a folder, into one module.
///
/// # Errors
/// When the compiler can't be installed, or they do not compile.
pub(super) fn compile(
    root: &Path,
    included: &Path,
    sources: &[PathBuf],
    output: &Path,
) -> Result<()> {
    fs::create_dir_all(output.parent().unwrap_or(root))?;
    let mut zig = super::python(root, "ziglang==0.17.1", "ziglang")?;
    zig.args([
        "-m",
        "ziglang",
        "cc",
        "-target",
        "wasm32-wasi",
        "-mexec-model=reactor",
        "-O2",
        "-s",
    ]);
    zig.args(["-Wall", "-Wextra", "-I"])
        .arg(included)
        .arg("-o")
        .arg(output)
        .args(sources);
    process::run(&mut zig)
}
