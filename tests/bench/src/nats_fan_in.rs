//! Defines the measurement of a VU that many send to: whether all of 20,000 messages per second come, and what memory does meanwhile.

use std::time::Duration;

use anyhow::{Context, Result, bail};
use brunt_e2e::{Brunt, Nats};
use bytes::Bytes;
use futures_util::StreamExt;
use tokio::time::{Instant, interval, timeout};

use crate::memory::pss_kib;
use crate::table::{Table, median};

const RATE: usize = 20_000;
const SECONDS: usize = 20;
const SIZE: usize = 128;

/// What came of one round.
struct Round {
    /// Messages per second, as they were sent.
    rate: f64,
    received: f64,
    dropped: f64,
    /// PSS after two seconds, and at the end, in MiB.
    early: f64,
    late: f64,
}

/// Sends to one VU once per round.
///
/// # Errors
/// When the engine or the broker fails.
pub(crate) fn measure(rounds: usize) -> Result<Table> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let mut done = Vec::new();
    for round in 1..=rounds {
        let result = runtime.block_on(flood())?;
        println!(
            "round {round}: {:.0} per second, {} received, {} dropped, {:.1} MiB, later {:.1}",
            result.rate, result.received, result.dropped, result.early, result.late
        );
        done.push(result);
    }
    let mut table = Table::new(&[
        "messages/s to one VU",
        "sent in all rounds",
        "received",
        "dropped",
        "PSS in MiB after 2 s",
        "after 20 s",
    ]);
    let figure = |of: fn(&Round) -> f64| done.iter().map(of).collect::<Vec<_>>();
    table.row(vec![
        format!("{:.0}", median(&figure(|round| round.rate))),
        (RATE * SECONDS * rounds).to_string(),
        figure(|round| round.received)
            .iter()
            .sum::<f64>()
            .to_string(),
        figure(|round| round.dropped)
            .iter()
            .sum::<f64>()
            .to_string(),
        format!("{:.1}", median(&figure(|round| round.early))),
        format!("{:.1}", median(&figure(|round| round.late))),
    ]);
    Ok(table)
}

async fn flood() -> Result<Round> {
    let broker = Nats::plain();
    let client = async_nats::connect(broker.url()).await?;
    let mut ready = client.subscribe("ready").await?;
    client.flush().await?;
    let running = Brunt::guest("nats_load")
        .arg("--extension")
        .arg(brunt_e2e::extension("nats"))
        .test_env("NATS", &broker.url())
        .test_env("DO", "fan-in")
        .test_env("SUBJECT", "flood")
        .test_env("READY", "ready")
        .test_env("COUNT", &(RATE * SECONDS).to_string())
        .args(["--iterations", "1", "--workers", "1", "--quiet"])
        .args(["--limit", "cpuTime=600s"])
        .start();
    timeout(PATIENCE, ready.next())
        .await
        .ok()
        .flatten()
        .context("the VU never listened")?;
    let start = Instant::now();
    let mut early = 0.0;
    // Ticks that are missed come at once: the rate stays.
    let mut ticks = interval(TICK);
    let payload = Bytes::from(vec![b'x'; SIZE]);
    for tick in 0..TICKS {
        ticks.tick().await;
        for _ in 0..RATE * SECONDS / TICKS {
            client.publish("flood", payload.clone()).await?;
        }
        if tick == TICKS / 10 {
            early = pss_kib(running.id())?;
        }
    }
    // The last messages of the VU are not sent yet: it still is what it was.
    let late = pss_kib(running.id())?;
    client.flush().await?;
    let rate = (RATE * SECONDS) as f64 / start.elapsed().as_secs_f64();
    let ended = tokio::task::spawn_blocking(|| running.wait()).await?;
    if ended.code != Some(0) {
        bail!("the engine failed:\n{}", ended.stderr);
    }
    let summary = ended.summary.context("the engine wrote no summary")?;
    let count = |metric: &str| summary["metrics"][metric]["count"].as_f64().unwrap_or(0.0);
    Ok(Round {
        rate,
        received: count("nats_msgs_received"),
        dropped: count("nats_msgs_dropped"),
        early: early / 1024.0,
        late: late / 1024.0,
    })
}

const TICKS: usize = SECONDS * 200;
const TICK: Duration = Duration::from_millis(5);
const PATIENCE: Duration = Duration::from_secs(60);
