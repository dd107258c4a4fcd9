//! Defines the measurement of kept connections: how much memory a VU with one takes above a VU without.

use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use brunt_e2e::{Brunt, Running};

use crate::memory::{pss_kib, settled_pss_kib};
use crate::open_files;
use crate::table::{Table, median};
use crate::target::{Speaks, Target};

const VUS: usize = 10_000;

/// What VUs keep, each measured once per round.
const KINDS: [(&str, Option<Speaks>); 3] = [
    ("nothing", None),
    ("a connection, HTTP", Some(Speaks::Http)),
    ("a connection, HTTPS", Some(Speaks::Https)),
];

/// Lets so many VUs connect and then sleep.
///
/// # Errors
/// When so many files can't be open, or the engine's memory can't be read.
pub(crate) fn measure(rounds: usize) -> Result<Table> {
    open_files::allow(VUS as u64 + 1000)?;
    let mut results: [Vec<f64>; KINDS.len()] = Default::default();
    for round in 1..=rounds {
        for ((name, speaks), results) in KINDS.iter().zip(&mut results) {
            let kib = kib(*speaks)?;
            println!("round {round}: {name}: {:.1} KiB per VU", kib / VUS as f64);
            results.push(kib);
        }
    }
    Ok(table(&results))
}

fn table(results: &[Vec<f64>; KINDS.len()]) -> Table {
    let mut table = Table::new(&[
        "10,000 VUs that keep",
        "PSS in MiB",
        "KiB per VU",
        "KiB above an idle VU",
    ]);
    for ((name, _), rounds) in KINDS.iter().zip(results) {
        let above: Vec<f64> = rounds
            .iter()
            .zip(&results[0])
            .map(|(kib, idle)| (kib - idle) / VUS as f64)
            .collect();
        table.row(vec![
            (*name).to_owned(),
            format!("{:.0}", median(rounds) / 1024.0),
            format!("{:.1}", median(rounds) / VUS as f64),
            format!("{:.1}", median(&above)),
        ]);
    }
    table
}

/// The memory of the engine while all VUs sleep, with their connections if they have any.
fn kib(speaks: Option<Speaks>) -> Result<f64> {
    let target = speaks.map(Target::start).transpose()?;
    let vus = VUS.to_string();
    let args = ["--vus", &vus, "--duration", "10m", "--quiet"];
    let mut test = Brunt::guest("sleeper")
        .test_env("SLEEP_MS", "600000")
        .arg("--insecure-skip-tls-verify")
        .args(args);
    if let Some(target) = &target {
        test = test.base_url(&target.url());
    }
    let mut running = test.start();
    match &target {
        Some(target) => wait_until_all_are_connected(target, &mut running)?,
        None => wait_until_all_sleep(&running)?,
    }
    settled_pss_kib(running.id())
}

fn wait_until_all_are_connected(target: &Target, running: &mut Running) -> Result<()> {
    let start = Instant::now();
    loop {
        let waiting = target.waiting()?;
        if waiting >= VUS {
            return Ok(());
        }
        if running.has_ended() || start.elapsed() > PATIENCE {
            bail!(
                "only {waiting} of {VUS} connections were there after {:?}",
                start.elapsed()
            );
        }
        thread::sleep(POLL);
    }
}

/// No VU is without memory of its own: with less than this for each, they are not all there.
fn wait_until_all_sleep(running: &Running) -> Result<()> {
    let start = Instant::now();
    while pss_kib(running.id())? < (VUS * 8) as f64 {
        if start.elapsed() > PATIENCE {
            bail!("{VUS} VUs were not there after {PATIENCE:?}");
        }
        thread::sleep(POLL);
    }
    Ok(())
}

const PATIENCE: Duration = Duration::from_secs(60);
const POLL: Duration = Duration::from_millis(100);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_connection_takes_is_above_what_the_same_round_took_without() {
        let mib = 1024.0 * 1024.0;
        let results = [
            vec![400.0 * mib / 1024.0, 500.0 * mib / 1024.0],
            vec![600.0 * mib / 1024.0, 700.0 * mib / 1024.0],
            vec![800.0 * mib / 1024.0, 900.0 * mib / 1024.0],
        ];
        let text = table(&results).to_string();
        assert!(text.contains("| nothing | 400 | 41.0 | 0.0 |"), "{text}");
        assert!(
            text.contains("| a connection, HTTP | 600 | 61.4 | 20.5 |"),
            "{text}"
        );
    }
}
