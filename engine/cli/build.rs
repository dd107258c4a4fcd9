//! Defines what is embedded in the binary: the files of a project that `brunt new` writes, and the JavaScript runtime.
//!
//! A build script and no crate that embeds folders, because only this notices new files as well as changed ones.

use std::fmt::Write;
use std::hash::{DefaultHasher, Hasher};
use std::path::{Path, PathBuf};
use std::{env, fs, io};

/// What becomes which part of every project in Rust: a folder or file of this repository, and its place in the project.
const PARTS: [(&str, &str); 5] = [
    ("wit", "wit"),
    ("guest-sdks/rust/Cargo.toml", "brunt-sdk/rust/Cargo.toml"),
    ("guest-sdks/rust/src", "brunt-sdk/rust/src"),
    (
        "guest-sdks/rust/macros/Cargo.toml",
        "brunt-sdk/rust/macros/Cargo.toml",
    ),
    ("guest-sdks/rust/macros/src", "brunt-sdk/rust/macros/src"),
];

fn main() -> io::Result<()> {
    let root = folder("CARGO_MANIFEST_DIR")?.join("../..");
    embed_project(&root, "guest-sdks/rust/template", "rust_project.rs")?;
    embed_project(
        &root,
        "guest-sdks/rust/extension-template",
        "extension_project.rs",
    )?;
    println!("cargo::rerun-if-changed=build.rs");
    embed_runtime(&root)
}

/// The files of a project that begins with this template.
fn embed_project(root: &Path, template: &str, file: &str) -> io::Result<()> {
    let mut list = String::from("&[\n");
    for (from, to) in [(template, "")].into_iter().chain(PARTS) {
        let from = root.join(from);
        println!("cargo::rerun-if-changed={}", from.display());
        embed(&from, to, &mut list)?;
    }
    list.push_str("]\n");
    fs::write(folder("OUT_DIR")?.join(file), list)
}

/// The JavaScript runtime that `cargo xtask runtime` has built; none where it was not, and scripts say so. What a brunt with
/// this very runtime compiled of it goes with it.
///
/// `target/guests` is where it always lies, also when cargo builds elsewhere. The folder is made, so that it can be watched:
/// of a file that is missing cargo would believe that it changes each time.
fn embed_runtime(root: &Path) -> io::Result<()> {
    let built = root.join("target/guests/js");
    fs::create_dir_all(&built)?;
    println!("cargo::rerun-if-changed={}", built.display());
    let runtime = built.join("runtime.wasm");
    let code = match runtime.is_file() {
        true => shipped(&runtime.canonicalize()?)?,
        false => "None".to_owned(),
    };
    fs::write(folder("OUT_DIR")?.join("js_runtime.rs"), code)
}

/// The runtime as an expression. A compiled one begins with the digest of what it was compiled from.
fn shipped(runtime: &Path) -> io::Result<String> {
    let mut hasher = DefaultHasher::new();
    hasher.write(&fs::read(runtime)?);
    let digest = hasher.finish();
    let compiled = runtime.with_file_name("runtime.compiled");
    let is_of_it = |bytes: Vec<u8>| bytes.starts_with(&digest.to_le_bytes());
    let compiled = match fs::read(&compiled).is_ok_and(is_of_it) {
        true => format!("Some(include_bytes!({compiled:?}))"),
        false => "None".to_owned(),
    };
    Ok(format!(
        "Some(Runtime::shipped(include_bytes!({runtime:?}), {digest}, {compiled}))"
    ))
}

/// Lists a file, or all files below a folder, as `(place in the project, content)`.
fn embed(from: &Path, to: &str, list: &mut String) -> io::Result<()> {
    if !from.is_dir() {
        let _ = writeln!(list, "({to:?}, include_str!({from:?})),");
        return Ok(());
    }
    let entries: io::Result<Vec<fs::DirEntry>> = fs::read_dir(from)?.collect();
    let mut names: Vec<_> = entries?.iter().map(fs::DirEntry::file_name).collect();
    names.sort();
    for name in names.iter().filter_map(|name| name.to_str()) {
        if !BUILT.contains(&name) {
            let place = format!("{to}/{name}");
            embed(&from.join(name), place.trim_start_matches('/'), list)?;
        }
    }
    Ok(())
}

/// What cargo leaves in a folder where it was run.
const BUILT: [&str; 2] = ["target", "Cargo.lock"];

fn folder(variable: &str) -> io::Result<PathBuf> {
    let folder = env::var_os(variable).ok_or(io::ErrorKind::NotFound)?;
    Ok(PathBuf::from(folder))
}
