//! Defines `cargo xtask guests`: builds every WebAssembly guest into `target/guests`, the JavaScript runtime too.

mod c;
pub(crate) mod js;
mod python;
mod rust;
mod third_party;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use anyhow::Result;

use crate::process;

/// Where the built Rust guests lie, relative to the project's root; the same for every compiler.
pub(crate) const BUILT: &str = "target/guests/wasm32-unknown-unknown/guest/examples";

/// Builds the guests of every language that has some.
///
/// # Errors
/// When a compiler is missing and can't be installed, or a guest does not compile.
pub(crate) fn build(root: &Path) -> Result<()> {
    let start = Instant::now();
    rust::build(root)?;
    js::build(root)?;
    c::build(root)?;
    third_party::build(root)?;
    python::build(root)?;
    let (count, bytes) = built(&root.join(BUILT))?;
    println!(
        "Built {count} guests in Rust, {} KB in all, in {:.1} s: {BUILT}",
        bytes / 1024,
        start.elapsed().as_secs_f64()
    );
    Ok(())
}

/// The guests in another language than Rust: the sources with this extension among examples and test guests, each
/// with the file that it is compiled to.
fn sources(root: &Path, language: &str, extension: &str) -> Result<Vec<(PathBuf, PathBuf)>> {
    let mut pairs = Vec::new();
    let built = root.join("target/guests").join(language);
    for folder in ["examples", "tests/guests"].map(|folder| root.join(folder).join(language)) {
        if !folder.is_dir() {
            continue;
        }
        for entry in fs::read_dir(&folder)? {
            let source = entry?.path();
            if source.extension().is_some_and(|end| end == extension) {
                let name = source.file_stem().unwrap_or_default();
                let output = built.join(name).with_extension("wasm");
                pairs.push((source, output));
            }
        }
    }
    pairs.sort();
    Ok(pairs)
}

/// Whether a built file is there and newer than its source and than everything in these folders.
fn is_fresh(output: &Path, source: &Path, folders: &[PathBuf]) -> Result<bool> {
    let Ok(built) = output.metadata().and_then(|meta| meta.modified()) else {
        return Ok(false);
    };
    let mut paths = vec![source.to_path_buf()];
    paths.extend_from_slice(folders);
    while let Some(path) = paths.pop() {
        if path.is_dir() {
            for entry in fs::read_dir(&path)? {
                paths.push(entry?.path());
            }
        } else if path.metadata()?.modified()? > built {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Python's command, with a package of the project's own, which is installed first where it is missing. Each package has
/// a folder to itself: pip does not add to one that it has filled before.
pub(crate) fn python(root: &Path, package: &str, module: &str) -> Result<Command> {
    let folder = root.join("target/tools").join(module);
    if !folder.join(module).is_dir() {
        println!("Installing the Python package {package} into target/tools");
        let mut pip = Command::new("python3");
        pip.args([
            "-m",
            "pip",
            "install",
            "--quiet",
            "--disable-pip-version-check",
            "--target",
        ]);
        process::run(pip.arg(&folder).arg(package))?;
    }
    let mut command = Command::new("python3");
    command.env("PYTHONPATH", folder).current_dir(root);
    Ok(command)
}

/// How many `.wasm` files there are, and their bytes. Files that cargo keeps under a hashed name don't count twice.
fn built(folder: &Path) -> Result<(usize, u64)> {
    let (mut count, mut bytes) = (0, 0);
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let stem = path
            .file_stem()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        if path.extension().is_some_and(|end| end == "wasm") && !stem.contains('-') {
            count += 1;
            bytes += path.metadata()?.len();
        }
    }
    Ok((count, bytes))
}
