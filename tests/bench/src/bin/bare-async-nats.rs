//! Defines the yardstick of NATS: async-nats' client, on one thread, that publishes or asks.
//!
//! `bare-async-nats publish|request URL CONNECTIONS COUNT SIZE` does so much on each connection, and prints the number of all
//! messages and the seconds that they took.

use std::env;
use std::time::Instant;

use anyhow::{Context, Result, bail};
use async_nats::Client;
use bytes::Bytes;
use tokio::task::JoinSet;

fn main() -> Result<()> {
    let args: Vec<String> = env::args().skip(1).collect();
    let [what, url, connections, count, size] = args.as_slice() else {
        bail!("usage: bare-async-nats publish|request URL CONNECTIONS COUNT SIZE")
    };
    let connections: u64 = connections.parse().context("the number of connections")?;
    let count: u64 = count.parse().context("the number of messages")?;
    let payload = Bytes::from(vec![b'x'; size.parse().context("the size")?]);
    let asks = match what.as_str() {
        "publish" => false,
        "request" => true,
        other => bail!("nothing is known of {other}"),
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let start = Instant::now();
    runtime.block_on(async {
        let mut all = JoinSet::new();
        for _ in 0..connections {
            let client = async_nats::connect(url).await?;
            let payload = payload.clone();
            all.spawn(async move {
                if asks {
                    request(&client, count, payload).await
                } else {
                    publish(&client, count, payload).await
                }
            });
        }
        while let Some(done) = all.join_next().await {
            done??;
        }
        anyhow::Ok(())
    })?;
    println!("{} {}", connections * count, start.elapsed().as_secs_f64());
    Ok(())
}

async fn publish(client: &Client, count: u64, payload: Bytes) -> Result<()> {
    for _ in 0..count {
        client.publish("load", payload.clone()).await?;
    }
    Ok(client.flush().await?)
}

async fn request(client: &Client, count: u64, payload: Bytes) -> Result<()> {
    for _ in 0..count {
        client.request("echo", payload.clone()).await?;
    }
    Ok(())
}
