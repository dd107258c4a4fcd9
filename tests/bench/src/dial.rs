//! Defines the measurement of dialling: a connection for each request, and with TLS a whole handshake.

use anyhow::Result;

use crate::client::{Load, OHA, brunt, oha, wrk};
use crate::race::{self, Race};
use crate::table::Table;
use crate::target::{Speaks, Target};

/// Runs every client once per round, first over HTTP and then over HTTPS.
///
/// # Errors
/// When a client fails.
pub(crate) fn measure(rounds: usize) -> Result<Table> {
    let mut table = race::heading("connection", "oha");
    for (speaks, suffix) in [(Speaks::Http, "HTTP"), (Speaks::Https, "HTTPS")] {
        let beside = format!("{OHA}, {suffix}");
        race(rounds, speaks, suffix)?.add_rows(&mut table, &beside);
    }
    Ok(table)
}

fn race(rounds: usize, speaks: Speaks, suffix: &str) -> Result<Race> {
    let target = Target::start(speaks)?;
    let load = Load {
        url: &target.url(),
        connections: 50,
        seconds: 4,
    };
    let clients = [
        wrk(&load).with(&["-H", "Connection: close"]),
        brunt(&load, "get_checks").with(&["--no-connection-reuse"]),
        oha(&load).with(&["--disable-keepalive"]),
    ];
    let clients = clients.map(|client| {
        let name = format!("{}, {suffix}", client.name);
        client.named(&name)
    });
    race::run(rounds, clients.into())
}
