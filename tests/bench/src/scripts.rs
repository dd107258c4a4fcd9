//! Defines the measurement of scripts: the same work in JavaScript and in Rust, and by k6 where there is one.

use anyhow::Result;

use crate::client::{Load, brunt, k6, script};
use crate::race;
use crate::table::Table;
use crate::target::{Speaks, Target};

const GET: &str = "brunt, Rust: GET and two checks";

/// Runs every script once per round.
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
    let scripts = [
        ("get.js", "GET"),
        ("get_checks.js", "GET and two checks"),
        ("post_json.js", "POST of JSON and three checks"),
    ];
    let mut clients = vec![brunt(&load, "get_checks").named(GET)];
    for (file, what) in scripts {
        clients.push(script(&load, file).named(&format!("brunt, script: {what}")));
        clients.extend(k6(&load, file).map(|client| client.named(&format!("k6: {what}"))));
    }
    Ok(race::run(rounds, clients)?.table("request", GET))
}
