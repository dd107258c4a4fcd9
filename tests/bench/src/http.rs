//! Defines the measurement of HTTP requests: several clients in turns, against the same server, beside a bare loop.

use anyhow::Result;

use crate::client::{BARE, Load, bare, brunt, oha, wrk};
use crate::race;
use crate::table::Table;
use crate::target::{Speaks, Target};

/// Runs every client once per round.
///
/// # Errors
/// When a client fails.
pub(crate) fn measure(rounds: usize) -> Result<Table> {
    let target = Target::start(Speaks::Http)?;
    let load = Load {
        url: &target.url(),
        connections: 50,
        seconds: 5,
    };
    let clients = vec![
        wrk(&load),
        bare(&load),
        brunt(&load, "get_checks"),
        oha(&load),
    ];
    Ok(race::run(rounds, clients)?.table("request", BARE))
}
