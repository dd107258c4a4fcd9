//! Defines how the JavaScript runtime is compiled: Rust around QuickJS, whose C needs a clang that knows WebAssembly.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

use super::rust;
use crate::process;

/// Where the runtime lies, relative to the project's root: the engine's build embeds it from there.
const RUNTIME: &str = "target/guests/js/runtime.wasm";
const COMPILED: &str = "target/guests/wasm32-unknown-unknown/guest/brunt_js_runtime.wasm";

/// The compiler and the archiver, of the version that the headers in QuickJS's package were tried with.
const CLANG: &str = "clang-22";
const ARCHIVER: &str = "llvm-ar-22";

/// Builds the runtime. Its file is only written when it changed, as the engine is linked anew then.
///
/// # Errors
/// When a compiler can't be installed, or the runtime does not compile.
pub(crate) fn build(root: &Path) -> Result<()> {
    let missing = |name| !Path::new("/usr/bin").join(name).is_file();
    if missing(CLANG) || missing(ARCHIVER) {
        let why = "a C compiler that can build QuickJS, the JavaScript engine, for WebAssembly";
        process::apt_install(&["clang-22", "llvm-22"], why)?;
    }
    let mut cargo = rust::cargo(root)?;
    cargo.args(["-p", "brunt-js-runtime"]);
    cargo.env("CC_wasm32_unknown_unknown", CLANG);
    cargo.env("AR_wasm32_unknown_unknown", ARCHIVER);
    process::run(&mut cargo)?;
    let (compiled, runtime) = (root.join(COMPILED), root.join(RUNTIME));
    let bytes = fs::read(&compiled).with_context(|| format!("{COMPILED} was not built"))?;
    if fs::read(&runtime).is_ok_and(|before| before == bytes) {
        return Ok(());
    }
    fs::create_dir_all(runtime.parent().unwrap_or(root))?;
    fs::write(&runtime, &bytes)?;
    println!(
        "Built the JavaScript runtime, {} KB: {RUNTIME}",
        bytes.len() / 1024
    );
    Ok(())
}
