//! Defines the measurement of VUs that listen: how much memory one takes with a connection to NATS and a subscription of its own.

use std::time::Duration;

use anyhow::{Context, Result};
use brunt_e2e::{Brunt, Nats};
use futures_util::StreamExt;
use tokio::time::timeout;

use crate::memory::settled_pss_kib;
use crate::open_files;
use crate::table::{Table, median};

/// The memory of that many and of ten times as many: their difference is the VUs' alone.
const FEW: usize = 200;
const MANY: usize = 2_000;

/// Lets so many VUs listen once per round.
///
/// # Errors
/// When so many files can't be open, or the engine's memory can't be read.
pub(crate) fn measure(rounds: usize) -> Result<Table> {
    open_files::allow(2 * MANY as u64 + 1000)?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let (mut all, mut each) = (Vec::new(), Vec::new());
    for round in 1..=rounds {
        let (few, many) = (runtime.block_on(kib(FEW))?, runtime.block_on(kib(MANY))?);
        let more = (many - few) / (MANY - FEW) as f64;
        println!(
            "round {round}: {:.0} MiB, {more:.1} KiB per VU",
            many / 1024.0
        );
        all.push(many / 1024.0);
        each.push(more);
    }
    let mut table = Table::new(&["VUs that listen", "PSS in MiB", "KiB for each VU more"]);
    table.row(vec![
        MANY.to_string(),
        format!("{:.0}", median(&all)),
        format!("{:.1}", median(&each)),
    ]);
    Ok(table)
}

async fn kib(vus: usize) -> Result<f64> {
    let broker = Nats::plain();
    let client = async_nats::connect(broker.url()).await?;
    let mut ready = client.subscribe("ready").await?;
    client.flush().await?;
    let count = vus.to_string();
    let running = Brunt::guest("nats_load")
        .arg("--extension")
        .arg(brunt_e2e::extension("nats"))
        .test_env("NATS", &broker.url())
        .test_env("DO", "idle")
        .test_env("READY", "ready")
        .args(["--vus", &count, "--duration", "10m", "--quiet"])
        .start();
    for there in 0..vus {
        timeout(PATIENCE, ready.next())
            .await
            .with_context(|| format!("only {there} of {vus} VUs listen"))?;
    }
    settled_pss_kib(running.id())
}

const PATIENCE: Duration = Duration::from_secs(60);
