//! Defines the measurement of idle VUs: how long until all of them are there, and how much memory each takes.

use std::thread;
use std::time::{Duration, Instant};

use anyhow::Result;
use brunt_e2e::{Answer, Brunt, Recorder};

use crate::memory::pss_kib;
use crate::table::{Table, median};

const VUS: usize = 10_000;

/// Launches all VUs once per round.
///
/// # Errors
/// When the engine's memory can't be read.
pub(crate) fn measure(rounds: usize) -> Result<Table> {
    let (mut seconds, mut kib) = (Vec::new(), Vec::new());
    for round in 1..=rounds {
        seconds.push(launch_seconds());
        kib.push(kib_per_vu(Duration::from_secs_f64(median(&seconds)))?);
        println!(
            "round {round}: {:.2} s, {:.1} KiB per VU",
            seconds[round - 1],
            kib[round - 1]
        );
    }
    let mut table = Table::new(&["VUs", "seconds to the first request", "PSS per VU in KiB"]);
    table.row(vec![
        VUS.to_string(),
        format!("{:.2}", median(&seconds)),
        format!("{:.1}", median(&kib)),
    ]);
    Ok(table)
}

/// No iteration starts before all VUs are initialised: the first request tells that they are.
fn launch_seconds() -> f64 {
    let server = Recorder::answering(|_| Answer::never());
    let vus = VUS.to_string();
    let args = ["--vus", &vus, "--duration", "60s", "--quiet"];
    let start = Instant::now();
    let running = Brunt::guest("get_checks")
        .base_url(&server.url())
        .args(args)
        .start();
    let first = server.wait_for(1)[0].at;
    drop(running);
    first.duration_since(start).as_secs_f64()
}

/// The memory of VUs that sleep, some seconds after the time that a launch takes.
fn kib_per_vu(launch: Duration) -> Result<f64> {
    let vus = VUS.to_string();
    let args = ["--vus", &vus, "--duration", "60s", "--quiet"];
    let running = Brunt::guest("sleeper")
        .test_env("SLEEP_MS", "120000")
        .args(args)
        .start();
    thread::sleep(launch * 2 + Duration::from_secs(2));
    Ok(pss_kib(running.id())? / VUS as f64)
}
