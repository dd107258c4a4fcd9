//! Defines the yardstick: hyper's client in a bare loop, on one thread, without anything that makes a load tester.
//!
//! `bare-hyper URL CONNECTIONS SECONDS` prints the number of responses and the seconds that they took.

use std::env;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use bytes::Bytes;
use http::{Request, Uri, header};
use http_body_util::{BodyExt, Empty};
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::task::{LocalSet, spawn_local};

fn main() -> Result<()> {
    let args: Vec<String> = env::args().skip(1).collect();
    let [url, connections, seconds] = args.as_slice() else {
        bail!("usage: bare-hyper URL CONNECTIONS SECONDS")
    };
    let uri: Uri = url.parse().context("the URL")?;
    let connections: usize = connections.parse().context("the number of connections")?;
    let duration = Duration::from_secs_f64(seconds.parse().context("the number of seconds")?);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let start = Instant::now();
    let count = LocalSet::new().block_on(&runtime, load(uri, connections, start + duration))?;
    println!("{count} {}", start.elapsed().as_secs_f64());
    Ok(())
}

/// So many connections at once, until the end: how many responses came.
async fn load(uri: Uri, connections: usize, end: Instant) -> Result<u64> {
    let tasks: Vec<_> = (0..connections)
        .map(|_| spawn_local(converse(uri.clone(), end)))
        .collect();
    let mut count = 0;
    for task in tasks {
        count += task.await??;
    }
    Ok(count)
}

async fn converse(uri: Uri, end: Instant) -> Result<u64> {
    let host = uri.authority().context("the URL has no host")?.to_string();
    let stream = TcpStream::connect(&host)
        .await
        .with_context(|| format!("can't connect to {host}"))?;
    stream.set_nodelay(true)?;
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    spawn_local(connection);
    let mut count = 0;
    while Instant::now() < end {
        get(&mut sender, &uri, &host).await?;
        count += 1;
    }
    Ok(count)
}

async fn get(sender: &mut SendRequest<Empty<Bytes>>, uri: &Uri, host: &str) -> Result<()> {
    let path = uri.path_and_query().map_or("/", |path| path.as_str());
    let request = Request::get(path)
        .header(header::HOST, host)
        .body(Empty::new())?;
    sender.ready().await?;
    let response = sender.send_request(request).await?;
    if !response.status().is_success() {
        bail!("the server answered {}", response.status());
    }
    response.into_body().collect().await?;
    Ok(())
}
