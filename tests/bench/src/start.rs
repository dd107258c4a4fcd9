//! Defines the measurement of starting: how long until the first request is at the target.

use std::time::Instant;

use anyhow::Result;
use brunt_e2e::{Brunt, Recorder};

use crate::table::{Table, median, quantile};

/// Starts the engine four times per round, after one start that fills the cache of compiled components.
///
/// # Errors
/// None; it panics when the engine does not do what it was told.
pub(crate) fn measure(rounds: usize) -> Result<Table> {
    first_request_ms();
    let times: Vec<f64> = (0..rounds * 4).map(|_| first_request_ms()).collect();
    let mut table = Table::new(&["starts", "median ms", "p95 ms"]);
    let shown = |value: f64| format!("{value:.1}");
    table.row(vec![
        times.len().to_string(),
        shown(median(&times)),
        shown(quantile(&times, 0.95)),
    ]);
    Ok(table)
}

fn first_request_ms() -> f64 {
    let server = Recorder::start();
    let test = Brunt::guest("get_checks").base_url(&server.url()).args([
        "--vus",
        "1",
        "--iterations",
        "1",
        "--quiet",
    ]);
    let start = Instant::now();
    test.run().expect_code(0);
    server.wait_for(1)[0].at.duration_since(start).as_secs_f64() * 1e3
}
