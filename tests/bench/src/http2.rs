//! Defines the measurement of HTTP/2: connections with several requests under way on each.

use anyhow::Result;

use crate::client::{H2LOAD, Load, brunt, h2load, oha};
use crate::race;
use crate::table::Table;
use crate::target::{Speaks, Target};

/// Requests under way on each connection.
const STREAMS: usize = 10;

/// Runs every client once per round.
///
/// # Errors
/// When a client fails.
pub(crate) fn measure(rounds: usize) -> Result<Table> {
    let target = Target::start(Speaks::Http2)?;
    let load = Load {
        url: &target.url(),
        connections: 5,
        seconds: 5,
    };
    let streams = STREAMS.to_string();
    let in_flight = format!("IN_FLIGHT={streams}");
    let clients = vec![
        h2load(&load, STREAMS),
        brunt(&load, "in_flight").with(&["--env", &in_flight]),
        oha(&load).with(&["--http2", "-p", &streams]),
    ];
    Ok(race::run(rounds, clients)?.table("request", H2LOAD))
}
