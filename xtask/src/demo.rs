//! Defines `cargo xtask demo`: the engine and the examples, built and shown at work against a target of our own.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use anyhow::{Context, Result, bail};

use crate::{engine, guests};

/// The example that is run: it has checks and thresholds.
const EXAMPLE: &str = "thresholds";
/// The engine.
pub(crate) const BINARY: &str = "target/release/brunt";

/// Builds what is missing, runs one example for about ten seconds, and says how it ended.
///
/// # Errors
/// When something does not build, or the target does not start. A failed threshold is no error here.
pub(crate) fn run(root: &Path) -> Result<()> {
    guests::build(root)?;
    println!("Building the engine: some minutes the first time, seconds from then on");
    engine::build(root, BINARY, || {
        engine::cargo(root, &["build", "--release", "--bin", "brunt"])
    })?;
    let target = Target::start(root)?;
    println!("\nThe target is `brunt target`, {}", target.url);
    println!("The test is examples/rust/{EXAMPLE}.rs, compiled to WebAssembly:\n");
    let code = run_example(root, &target.url)?;
    println!(
        "\nThe run ended with exit code {code}: {}",
        meaning(root, code)
    );
    println!(
        "Try it yourself:\n  {BINARY} target --port 8080 &\n  {BINARY} run {}/{EXAMPLE}.wasm",
        guests::BUILT
    );
    Ok(())
}

fn run_example(root: &Path, url: &str) -> Result<i32> {
    let guest = format!("{}/{EXAMPLE}.wasm", guests::BUILT);
    let args = [
        "run",
        &guest,
        "--vus",
        "10",
        "--duration",
        "10s",
        "--summary-mode",
        "full",
        "--env",
    ];
    let base = format!("BASE_URL={url}");
    println!("$ {BINARY} {} {base}\n", args.join(" "));
    let status = Command::new(root.join(BINARY))
        .args(args)
        .arg(base)
        .current_dir(root)
        .status();
    let status = status.context("can't start the engine")?;
    status
        .code()
        .with_context(|| format!("the engine was ended by a signal: {status}"))
}

/// What the engine's own table says about this code.
fn meaning(root: &Path, code: i32) -> String {
    let table = std::fs::read_to_string(root.join("docs/exit-codes.md")).unwrap_or_default();
    let row = table
        .lines()
        .find_map(|line| line.strip_prefix(&format!("| {code} | ")));
    row.map_or_else(
        || "not a code that Brunt uses".to_owned(),
        |row| row.trim_end_matches(" |").to_owned(),
    )
}

/// A `brunt target` on a free port, ended when this is dropped.
struct Target {
    process: Child,
    url: String,
}

impl Target {
    fn start(root: &Path) -> Result<Target> {
        let mut command = Command::new(root.join(BINARY));
        command
            .args(["target", "--port", "0", "--quiet"])
            .stdout(Stdio::piped());
        let mut process = command.spawn().context("can't start `brunt target`")?;
        let mut line = String::new();
        if let Some(out) = process.stdout.take() {
            BufReader::new(out).read_line(&mut line)?;
        }
        match line.trim().strip_prefix("listening on ") {
            Some(url) => Ok(Target {
                url: url.to_owned(),
                process,
            }),
            None => bail!("`brunt target` did not say where it listens, but {line:?}"),
        }
    }
}

impl Drop for Target {
    fn drop(&mut self) {
        // It may have ended by itself; then there is nothing to end or to wait for.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
