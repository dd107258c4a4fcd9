//! Defines the measurement of NATS: messages and requests of 128 bytes, by extension `brunt:nats` and by async-nats.

use std::env;
use std::thread;

use anyhow::{Context, Result};
use brunt_e2e::Nats;
use futures_util::StreamExt;
use tokio::sync::oneshot;

use crate::client::Client;
use crate::race;
use crate::report;
use crate::table::Table;

const SIZE: usize = 128;
const MESSAGES: usize = 1_000_000;
/// Who asks waits for the answer: one at a time on each connection.
const ASKING: usize = 10;
const REQUESTS: usize = 10_000;

/// Runs each once per round.
///
/// # Errors
/// When one of them fails.
pub(crate) fn measure(rounds: usize) -> Result<Table> {
    let target = Nats::plain();
    let publish = "async-nats, publish";
    let publishing = vec![
        bare(&target, "publish", 1, MESSAGES).named(publish),
        brunt(&target, "publish", 1, MESSAGES).named("brunt, publish one by one"),
        brunt(&target, "publish", 1, MESSAGES)
            .with(&["--env", "MANY=100"])
            .named("brunt, publish 100 at a time"),
    ];
    let mut table = race::run(rounds, publishing)?.table("message", publish);
    let request = "async-nats, request and answer";
    let _echo = Echo::start(&target.url())?;
    let asking = vec![
        bare(&target, "request", ASKING, REQUESTS).named(request),
        brunt(&target, "request", ASKING, REQUESTS).named("brunt, request and answer"),
    ];
    race::run(rounds, asking)?.add_rows(&mut table, request);
    Ok(table)
}

fn bare(target: &Nats, what: &str, connections: usize, count: usize) -> Client {
    let program = env::current_exe().unwrap_or_default();
    let args = format!("{what} {} {connections} {count} {SIZE}", target.url());
    Client::new(
        "async-nats",
        program.with_file_name("bare-async-nats"),
        &args,
        report::bare,
    )
}

fn brunt(target: &Nats, what: &str, vus: usize, count: usize) -> Client {
    let args = format!(
        "run {} --extension {} --vus {vus} --iterations {vus} --limit cpuTime=600s --quiet --workers 1 --summary-export {} \
         --env DO={what} --env NATS={} --env COUNT={count} --env SIZE={SIZE}",
        brunt_e2e::guest("nats_load").display(),
        brunt_e2e::extension("nats").display(),
        report::SUMMARY,
        target.url(),
    );
    Client::new("brunt", brunt_e2e::binary(), &args, report::nats)
}

/// Who answers requests to `echo`, in a thread of this process: its time is not the clients'. It ends when it is dropped.
struct Echo(#[expect(dead_code, reason = "dropping it ends the thread")] oneshot::Sender<()>);

impl Echo {
    fn start(url: &str) -> Result<Echo> {
        let (end, ended) = oneshot::channel();
        let (ready, is_ready) = oneshot::channel();
        let url = url.to_owned();
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        thread::spawn(move || runtime.block_on(answer(url, ready, ended)));
        is_ready
            .blocking_recv()
            .context("nobody answers requests: the broker is not there")?;
        Ok(Echo(end))
    }
}

async fn answer(
    url: String,
    ready: oneshot::Sender<()>,
    mut ended: oneshot::Receiver<()>,
) -> Result<()> {
    let client = async_nats::connect(&url).await?;
    let mut requests = client.subscribe("echo").await?;
    client.flush().await?;
    let _ = ready.send(());
    loop {
        tokio::select! {
            _ = &mut ended => return Ok(()),
            request = requests.next() => {
                let Some(request) = request else { return Ok(()) };
                if let Some(reply) = request.reply {
                    client.publish(reply, request.payload).await?;
                }
            }
        }
    }
}
