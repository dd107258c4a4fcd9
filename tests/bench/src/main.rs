//! Defines the measurements of `cargo xtask bench`: what is measured, printed, and written into the documents.

mod arrival;
mod connections;
mod dial;
mod http;
mod http2;
mod https;
mod idle_vus;
mod mqtt;
mod nats;
mod nats_fan_in;
mod nats_vus;
mod post;
mod script_start;
mod scripts;
mod start;

mod client;
mod race;
mod report;
mod target;

mod child;
mod memory;
mod open_files;
mod table;

use std::env;
use std::os::unix::process::CommandExt;
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::table::Table;

fn main() -> Result<()> {
    let args: Vec<String> = env::args().skip(1).collect();
    let (what, rounds) = match args.as_slice() {
        [what] => (what.as_str(), DEFAULT_ROUNDS),
        [what, rounds] => (what.as_str(), rounds.parse()?),
        _ => bail!(usage()),
    };
    let chosen: Vec<_> = MEASUREMENTS
        .iter()
        .filter(|(name, _)| what == "all" || what == *name)
        .collect();
    if chosen.is_empty() || rounds == 0 {
        bail!("no such measurement: `{what}`, or no rounds\n{}", usage());
    }
    measure_the_neighbour()?;
    println!("measuring {}", brunt_e2e::binary().display());
    for (name, measure) in chosen {
        println!("\n== {name} ==");
        let table = measure(rounds)?;
        println!("\n{table}");
        table.write(name)?;
    }
    Ok(())
}

fn usage() -> String {
    let names: Vec<_> = MEASUREMENTS.iter().map(|(name, _)| *name).collect();
    format!("usage: brunt-bench {}|all [ROUNDS]", names.join("|"))
}

/// Starts over with `BRUNT_BIN` set to the engine that was built beside this program, so that what is measured is not
/// the build of another profile. Does nothing when it is set, or there is none.
///
/// # Errors
/// When this program can't be started again.
fn measure_the_neighbour() -> Result<()> {
    let this = env::current_exe().context("can't find this program")?;
    let engine = this.with_file_name("brunt");
    if env::var_os("BRUNT_BIN").is_some() || !engine.is_file() {
        return Ok(());
    }
    let mut again = Command::new(this);
    Err(again
        .args(env::args_os().skip(1))
        .env("BRUNT_BIN", engine)
        .exec())
    .context("can't start over")
}

type Measure = fn(usize) -> Result<Table>;

const MEASUREMENTS: &[(&str, Measure)] = &[
    ("http", http::measure),
    ("https", https::measure),
    ("http2", http2::measure),
    ("dial", dial::measure),
    ("post", post::measure),
    ("scripts", scripts::measure),
    ("mqtt", mqtt::measure),
    ("nats", nats::measure),
    ("nats-vus", nats_vus::measure),
    ("nats-fan-in", nats_fan_in::measure),
    ("connections", connections::measure),
    ("idle-vus", idle_vus::measure),
    ("start", start::measure),
    ("script-start", script_start::measure),
    ("arrival", arrival::measure),
];

const DEFAULT_ROUNDS: usize = 5;
