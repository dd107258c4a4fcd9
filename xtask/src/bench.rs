//! Defines `cargo xtask bench`: what the measurements need is installed and built, then they are made.

use std::path::Path;
use std::process::Command;

use anyhow::{Result, bail};

use crate::{guests, process};

const MEASUREMENTS: &[&str] = &["http", "idle-vus", "start", "arrival", "all"];

/// Runs `cargo xtask bench WHAT [ROUNDS]`.
///
/// # Errors
/// When there is no such measurement, something can't be installed or built, or a measurement fails.
pub(crate) fn run(root: &Path, args: &[&str]) -> Result<()> {
    let Some(what) = args.first().filter(|what| MEASUREMENTS.contains(what)) else {
        bail!(
            "choose what to measure: cargo xtask bench {} [ROUNDS]",
            MEASUREMENTS.join("|")
        );
    };
    if ["http", "all"].contains(what) {
        install(root)?;
    }
    let packages = [
        "build",
        "--profile",
        "dist",
        "-p",
        "brunt",
        "-p",
        "brunt-bench",
    ];
    process::run(Command::new("cargo").args(packages).current_dir(root))?;
    guests::build(root)?;
    process::run(
        Command::new(root.join("target/dist/brunt-bench"))
            .args(args)
            .env("BRUNT_BIN", root.join("target/dist/brunt"))
            .current_dir(root),
    )
}

/// The other clients, and the server.
fn install(root: &Path) -> Result<()> {
    if !Path::new("/usr/sbin/nginx").is_file() {
        process::apt_install(&["nginx-light"], "the server of the HTTP measurement")?;
    }
    if !Path::new("/usr/bin/wrk").is_file() {
        process::apt_install(&["wrk"], "a client to compare with")?;
    }
    if !root.join("target/tools/bin/oha").is_file() {
        println!("Installing oha, a client to compare with, into target/tools: several minutes");
        let args = ["install", "--locked", "oha", "--root", "target/tools"];
        if let Err(error) = process::run(Command::new("cargo").args(args).current_dir(root)) {
            println!("Measuring without oha: {error:#}");
        }
    }
    Ok(())
}
