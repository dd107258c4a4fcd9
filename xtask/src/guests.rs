//! Defines `cargo xtask guests`: builds every WebAssembly guest into `target/guests`.

mod rust;

use std::fs;
use std::path::Path;
use std::time::Instant;

use anyhow::Result;

/// Where the built Rust guests lie, relative to the project's root; the same for every compiler.
pub(crate) const BUILT: &str = "target/guests/wasm32-unknown-unknown/guest/examples";

/// Builds the guests of every language that has some.
///
/// # Errors
/// When a compiler is missing and can't be installed, or a guest does not compile.
pub(crate) fn build(root: &Path) -> Result<()> {
    let start = Instant::now();
    rust::build(root)?;
    let (count, bytes) = built(&root.join(BUILT))?;
    println!(
        "Built {count} guests, {} KB in all, in {:.1} s: {BUILT}",
        bytes / 1024,
        start.elapsed().as_secs_f64()
    );
    Ok(())
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
