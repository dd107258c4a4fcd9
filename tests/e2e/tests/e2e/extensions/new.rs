//! Tests that the project which `brunt extension new` writes builds as it stands, and does what it says.

use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;

use brunt_e2e::Brunt;

use super::expect_said;

#[test]
fn a_new_extension_builds_and_its_tests_run() {
    let folder = tempfile::tempdir().expect("a folder");
    let new = Brunt::new(["extension", "new", "my-lines"]).folder(folder.path());
    let told = new.run().expect_code(0).stdout;
    assert!(told.contains("cargo build --release --workspace"), "{told}");
    let project = folder.path().join("my-lines");
    let built = build(&project);
    let (extension, test) = (
        built.join("my_lines.wasm"),
        built.join("my_lines_test.wasm"),
    );
    let port = echo().port().to_string();
    let script = project.join("test/test.js");
    let in_script = || Brunt::test(&script).arg("--extension").arg(&extension);
    for run in [in_script(), Brunt::test(&test)] {
        let run = run.test_env("PORT", &port);
        let ended = run.args(["--vus", "2", "--iterations", "4"]).run();
        let ended = ended.expect_code(0);
        assert_eq!(ended.metric("checks", "passes"), 40.0);
        assert_eq!(ended.metric("my_lines_requests", "count"), 40.0);
        // Each line and its end, there and back.
        assert_eq!(ended.metric("data_sent", "count"), 280.0);
        assert_eq!(ended.metric("data_received", "count"), 280.0);
    }
    let denied = in_script().args([
        "--deny-host",
        "127.0.0.1",
        "--vus",
        "1",
        "--iterations",
        "1",
    ]);
    let ended = denied.test_env("PORT", &port).run();
    expect_said(&ended, "is denied by this run's network policy");
}

/// Builds the project, with what was downloaded for this repository; gives the folder with what was built.
fn build(project: &Path) -> PathBuf {
    // Kept from run to run: only the project itself is compiled each time.
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).join("new-extension");
    let mut cargo = match has_target() {
        true => Command::new("cargo"),
        false => debian_cargo(),
    };
    let built = cargo
        .args(["build", "--offline", "--release", "--workspace"])
        .current_dir(project)
        .env("CARGO_TARGET_DIR", &target)
        .output()
        .expect("cargo runs");
    let said = String::from_utf8_lossy(&built.stderr);
    assert!(built.status.success(), "{said}");
    assert!(!said.contains("warning:"), "{said}");
    target.join("wasm32-unknown-unknown/release")
}

fn has_target() -> bool {
    let sysroot = Command::new("rustc").args(["--print", "sysroot"]).output();
    sysroot.is_ok_and(|told| {
        let sysroot = String::from_utf8_lossy(&told.stdout).trim().to_owned();
        let library = "lib/rustlib/wasm32-unknown-unknown/lib";
        Path::new(&sysroot).join(library).is_dir()
    })
}

/// The other way, which the project's README says too.
fn debian_cargo() -> Command {
    let mut command = Command::new("/usr/bin/cargo");
    let path = std::env::var("PATH").unwrap_or_default();
    command
        .arg("-Zbuild-std=std,panic_abort")
        .env("PATH", format!("/usr/bin:{path}"))
        .env("RUSTC", "/usr/bin/rustc")
        .env("RUSTC_BOOTSTRAP", "1")
        .env("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER", "wasm-ld-22")
        .env_remove("LD_LIBRARY_PATH")
        .env_remove("RUSTUP_TOOLCHAIN");
    command
}

/// A server that sends every line back.
fn echo() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address");
    thread::spawn(move || {
        for connection in listener.incoming().flatten() {
            thread::spawn(move || {
                let mut back = connection.try_clone().expect("a connection");
                for line in BufReader::new(connection).lines().map_while(Result::ok) {
                    if writeln!(back, "{line}").is_err() {
                        return;
                    }
                }
            });
        }
    });
    address
}
