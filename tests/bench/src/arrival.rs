//! Defines the measurement of arrivals: whether iterations of an open load start when they are due.

use std::fs;
use std::time::Instant;

use anyhow::Result;
use brunt_e2e::{Brunt, Recorder};
use tempfile::TempDir;

use crate::table::{Table, median};

/// Iterations per second: one is due each millisecond.
const RATE: usize = 1000;
const SECONDS: usize = 10;

/// Runs the load once per round.
///
/// # Errors
/// When the file with the scenario can't be written.
pub(crate) fn measure(rounds: usize) -> Result<Table> {
    let mut results = Vec::new();
    for round in 1..=rounds {
        let (share, dropped) = run()?;
        println!(
            "round {round}: {:.2} % within 1 ms, {dropped:.0} dropped",
            share * 100.0
        );
        results.push((share, dropped));
    }
    let shares: Vec<f64> = results.iter().map(|result| result.0).collect();
    let dropped: f64 = results.iter().map(|result| result.1).sum();
    let mut table = Table::new(&[
        "iterations/s",
        "arrived within 1 ms of due",
        "dropped in all rounds",
    ]);
    table.row(vec![
        RATE.to_string(),
        format!("{:.2} %", median(&shares) * 100.0),
        format!("{dropped:.0}"),
    ]);
    Ok(table)
}

/// The share of requests that arrived within a millisecond of their due time, and the dropped iterations.
fn run() -> Result<(f64, f64)> {
    let server = Recorder::start();
    let folder = TempDir::with_prefix("brunt-bench-")?;
    let config = folder.path().join("config.json");
    fs::write(&config, scenario())?;
    let test = Brunt::guest("get_checks")
        .base_url(&server.url())
        .args(["--quiet", "--config"])
        .arg(&config);
    let ended = test.run().expect_code(0);
    let metrics = ended
        .summary
        .as_ref()
        .map(|summary| &summary["metrics"]["dropped_iterations"]["count"]);
    let dropped = metrics.and_then(serde_json::Value::as_f64).unwrap_or(0.0);
    let mut arrived: Vec<Instant> = server.seen().iter().map(|seen| seen.at).collect();
    arrived.sort();
    Ok((punctual_share(&arrived), dropped))
}

fn scenario() -> String {
    let load = serde_json::json!({
        "executor": "constant-arrival-rate", "rate": RATE, "timeUnit": "1s", "duration": format!("{SECONDS}s"),
        "preAllocatedVUs": 100,
    });
    serde_json::json!({ "scenarios": { "arrivals": load } }).to_string()
}

/// The target doesn't know when the load began: it takes the beginning that makes the earliest request punctual, so
/// that every other one is late by what it is later than that one. The n-th request is held against the n-th due
/// time; each one that was dropped or lost makes those behind it look early, which counts as unpunctual.
fn punctual_share(arrived: &[Instant]) -> f64 {
    let Some(first) = arrived.first() else {
        return 0.0;
    };
    let offset_ms = |(at, time): (usize, &Instant)| {
        time.duration_since(*first).as_secs_f64() * 1e3 - at as f64 * 1e3 / RATE as f64
    };
    let offsets: Vec<f64> = arrived.iter().enumerate().map(offset_ms).collect();
    let begin = offsets.iter().copied().fold(f64::INFINITY, f64::min);
    let punctual = offsets
        .iter()
        .filter(|offset| **offset - begin <= 1.0)
        .count();
    punctual as f64 / (RATE * SECONDS) as f64
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn late_requests_are_counted_against_the_most_punctual_one() {
        let start = Instant::now();
        let time = |at: u64, late_us: u64| start + Duration::from_micros(at * 1000 + late_us);
        let even: Vec<Instant> = (0..10_000).map(|at| time(at, 300)).collect();
        assert_eq!(punctual_share(&even), 1.0);
        let mut one_late = even.clone();
        one_late[0] = time(0, 900);
        one_late[9_999] = time(9_999, 2_000);
        assert_eq!(punctual_share(&one_late), 0.9999);
        assert_eq!(punctual_share(&[]), 0.0);
    }
}
