//! Defines the measurements of `cargo xtask bench`: what is measured, printed, and written into the documents.

mod arrival;
mod child;
mod http;
mod idle_vus;
mod nginx;
mod start;
mod table;

use std::env;

use anyhow::{Result, bail};

use crate::table::Table;

const USAGE: &str = "usage: brunt-bench http|idle-vus|start|arrival|all [ROUNDS]";

fn main() -> Result<()> {
    let args: Vec<String> = env::args().skip(1).collect();
    let (what, rounds) = match args.as_slice() {
        [what] => (what.as_str(), DEFAULT_ROUNDS),
        [what, rounds] => (what.as_str(), rounds.parse()?),
        _ => bail!("{USAGE}"),
    };
    let chosen: Vec<_> = MEASUREMENTS
        .iter()
        .filter(|(name, _)| what == "all" || what == *name)
        .collect();
    if chosen.is_empty() || rounds == 0 {
        bail!("no such measurement: `{what}`, or no rounds\n{USAGE}");
    }
    for (name, measure) in chosen {
        println!("\n== {name} ==");
        let table = measure(rounds)?;
        println!("\n{table}");
        table.write(name)?;
    }
    Ok(())
}

type Measure = fn(usize) -> Result<Table>;

const MEASUREMENTS: &[(&str, Measure)] = &[
    ("http", http::measure),
    ("idle-vus", idle_vus::measure),
    ("start", start::measure),
    ("arrival", arrival::measure),
];

const DEFAULT_ROUNDS: usize = 5;
