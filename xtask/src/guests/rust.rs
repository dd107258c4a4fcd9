//! Defines how Rust guests are compiled: with rustup's WebAssembly target, or else with Debian's compiler.
//!
//! Where rustup can't download the target, Debian's `rustc-web` builds the standard library from its sources. It lives
//! in `/usr/bin`, behind rustup on the PATH, and disturbs nothing.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::Result;

use crate::process;

const TARGET: &str = "wasm32-unknown-unknown";
const PACKAGES: &[&str] = &["rustc-web", "cargo-web", "rust-web-src", "lld-22"];

/// Builds the examples, the test guests and the extensions.
///
/// # Errors
/// When no compiler can be had, or a guest does not compile.
pub(super) fn build(root: &Path) -> Result<()> {
    let mut command = cargo(root)?;
    command.args([
        "-p",
        "brunt-examples",
        "-p",
        "brunt-test-guests",
        "--examples",
    ]);
    process::run(&mut command)?;
    let mut command = cargo(root)?;
    for extension in extensions(root)? {
        command.arg("-p").arg(extension);
    }
    process::run(command.arg("--lib"))
}

/// The packages of the extensions: each has a folder of its own, whose name it bears.
fn extensions(root: &Path) -> Result<Vec<String>> {
    let mut packages = Vec::new();
    for entry in fs::read_dir(root.join("extensions"))? {
        let entry = entry?;
        if entry.path().join("Cargo.toml").is_file() {
            packages.push(format!("brunt-{}", entry.file_name().to_string_lossy()));
        }
    }
    packages.sort();
    Ok(packages)
}

/// A cargo command that builds for WebAssembly, to which packages are to be added.
///
/// # Errors
/// When no compiler can be had.
pub(super) fn cargo(root: &Path) -> Result<Command> {
    let mut command = match compiler(root)? {
        Compiler::Rustup => Command::new("cargo"),
        Compiler::Debian => debian_cargo(),
    };
    command.args([
        "build",
        "--profile",
        "guest",
        "--target",
        TARGET,
        "--target-dir",
        "target/guests",
    ]);
    command.current_dir(root);
    Ok(command)
}

enum Compiler {
    Rustup,
    Debian,
}

fn compiler(root: &Path) -> Result<Compiler> {
    if rustup_has_target(root) {
        return Ok(Compiler::Rustup);
    }
    if debian_is_complete() {
        println!(
            "The toolchain has no {TARGET}: building with Debian's compiler, which is installed"
        );
        return Ok(Compiler::Debian);
    }
    println!("Installing the compiler's target {TARGET} with rustup");
    let added = process::run(
        Command::new("rustup")
            .args(["target", "add", TARGET])
            .current_dir(root),
    );
    if added.is_ok() && rustup_has_target(root) {
        return Ok(Compiler::Rustup);
    }
    println!("rustup could not install it: falling back to Debian's compiler");
    process::apt_install(
        PACKAGES,
        "a Rust compiler that can build for WebAssembly, and its linker",
    )?;
    Ok(Compiler::Debian)
}

/// Whether the compiler that `cargo` uses here has the target's standard library.
fn rustup_has_target(root: &Path) -> bool {
    let sysroot = process::output(
        Command::new("rustc")
            .args(["--print", "sysroot"])
            .current_dir(root),
    );
    sysroot.is_some_and(|path| {
        Path::new(&path)
            .join("lib/rustlib")
            .join(TARGET)
            .join("lib")
            .is_dir()
    })
}

fn debian_is_complete() -> bool {
    let files = [
        "/usr/bin/rustc",
        "/usr/bin/cargo",
        "/usr/bin/wasm-ld-22",
        "/usr/lib/rustlib/src/rust/library/std/Cargo.toml",
    ];
    files.iter().all(|file| Path::new(file).is_file())
}

/// Debian's cargo, with the standard library built from source: Debian ships none for this target. The flags that
/// ask for it are unstable in name only (`-Zbuild-std`), hence the bootstrap variable.
fn debian_cargo() -> Command {
    let path = std::env::var("PATH").unwrap_or_default();
    let mut command = Command::new("/usr/bin/cargo");
    command.env("PATH", format!("/usr/bin:{path}"));
    command.env("RUSTC", "/usr/bin/rustc");
    command.env("RUSTC_BOOTSTRAP", "1");
    command.env("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER", "wasm-ld-22");
    for inherited in [
        "LD_LIBRARY_PATH",
        "CARGO",
        "RUSTUP_TOOLCHAIN",
        "RUSTUP_HOME",
    ] {
        command.env_remove(inherited);
    }
    command.arg("-Zbuild-std=std,panic_abort");
    command
}
