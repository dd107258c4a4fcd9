//! Defines how the JavaScript runtime is compiled: Rust around QuickJS, whose C needs a clang that knows WebAssembly.

use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use super::rust;
use crate::process;

/// Where the runtime lies, relative to the project's root: the engine's build embeds it from there.
const RUNTIME: &str = "target/guests/js/runtime.wasm";
const COMPILED: &str = "target/guests/wasm32-unknown-unknown/guest/brunt_js_runtime.wasm";

/// The compiler and the archiver, of the version that the headers in QuickJS's package were tried with.
const CLANG: &str = "clang-22";
const ARCHIVER: &str = "llvm-ar-22";

/// What QuickJS is changed by before it is compiled, relative to the project's root.
const PATCH: &str = "guest-sdks/js/runtime/freeze.patch";

/// Builds the runtime. Its file is only written when it changed, as the engine is linked anew then.
///
/// # Errors
/// When a compiler can't be installed, or the runtime does not compile.
pub(crate) fn build(root: &Path) -> Result<()> {
    let missing = |name| !Path::new("/usr/bin").join(name).is_file();
    if missing(CLANG) || missing(ARCHIVER) || missing("patch") {
        let why = "a C compiler that can build QuickJS, the JavaScript engine, for WebAssembly";
        process::apt_install(&["clang-22", "llvm-22", "patch"], why)?;
    }
    let mut cargo = rust::cargo(root)?;
    cargo.args(["-p", "brunt-js-runtime"]);
    cargo.env("CC_wasm32_unknown_unknown", patching_compiler(root)?);
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

/// A compiler that first patches QuickJS, whose package copies its source to where it builds, anew each time. It is named after
/// what the patch says: cargo builds the package again when the compiler has another name.
fn patching_compiler(root: &Path) -> Result<PathBuf> {
    let patch = root.join(PATCH);
    let content = fs::read(&patch).with_context(|| format!("{PATCH} can't be read"))?;
    let mut hash = DefaultHasher::new();
    content.hash(&mut hash);
    let compiler = root.join(format!("target/guests/js/clang-{:016x}", hash.finish()));
    fs::create_dir_all(compiler.parent().unwrap_or(root))?;
    fs::write(&compiler, script(&patch))?;
    fs::set_permissions(&compiler, fs::Permissions::from_mode(0o755))?;
    Ok(compiler)
}

/// Lines that match by chance elsewhere are no match (`--fuzz=0`): a patch that does not fit ends the build.
fn script(patch: &Path) -> String {
    format!(
        r#"#!/bin/sh
for source; do
    case $source in
    */quickjs.c) patch --quiet --forward --fuzz=0 "$source" '{}' || exit 1 ;;
    esac
done
exec {CLANG} "$@"
"#,
        patch.display()
    )
}
