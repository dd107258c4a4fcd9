//! Defines the measurement of HTTPS requests, on connections that are kept.

use anyhow::Result;

use crate::client::{Load, OHA, brunt, oha, wrk};
use crate::race;
use crate::table::Table;
use crate::target::{Speaks, Target};

/// Runs every client once per round.
///
/// # Errors
/// When a client fails.
pub(crate) fn measure(rounds: usize) -> Result<Table> {
    let target = Target::start(Speaks::Https)?;
    let load = Load {
        url: &target.url(),
        connections: 50,
        seconds: 5,
    };
    let clients = vec![wrk(&load), brunt(&load, "get_checks"), oha(&load)];
    Ok(race::run(rounds, clients)?.table("request", OHA))
}
