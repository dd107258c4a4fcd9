//! Defines `brunt target`: a small HTTP server to try tests on, with the endpoints of httpbin.

mod answers;
mod bodies;
mod forms;
mod paced;
mod redirects;
mod request;
mod routes;
mod server;
#[cfg(test)]
mod tests;

use std::io::{ErrorKind, Write};
use std::net::{IpAddr, SocketAddr, TcpListener};
use std::num::NonZeroUsize;

use anyhow::{Context, Result, anyhow};
use socket2::SockRef;
use tokio::signal::unix::{SignalKind, signal};

/// Serve an HTTP target to try tests on
///
/// The endpoints are httpbin's: /get /post /status/503 /delay/0.2 /bytes/1024 /redirect/2 and more; `/` lists them.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Args {
    /// The address to listen on
    #[arg(long, default_value = "127.0.0.1")]
    pub(crate) host: IpAddr,
    /// The port to listen on; 0 picks a free one
    #[arg(long, short, default_value_t = 0)]
    pub(crate) port: u16,
    /// How many threads answer requests
    #[arg(long, default_value = "1")]
    pub(crate) threads: NonZeroUsize,
    /// Do not say at the end how many requests were answered
    #[arg(long, short)]
    pub(crate) quiet: bool,
}

/// Serves until SIGINT or SIGTERM. Prints `listening on http://HOST:PORT` on stdout when it accepts connections.
///
/// # Errors
/// When the address can't be listened on, or the system refuses threads or signals.
pub(crate) fn run(args: &Args) -> Result<()> {
    let listener = listen(SocketAddr::new(args.host, args.port))?;
    let address = listener.local_addr().context("can't tell the address")?;
    let served = server::serve(listener, args.threads, async move {
        announce(address);
        ended().await
    })?;
    if !args.quiet {
        eprintln!(
            "answered {} requests on {} connections",
            served.requests, served.connections
        );
    }
    Ok(())
}

/// Connections that may wait to be accepted; the kernel allows no more than `net.core.somaxconn`.
const BACKLOG: i32 = 65_535;

fn listen(address: SocketAddr) -> Result<TcpListener> {
    let listener = TcpListener::bind(address).map_err(|error| not_bound(address, &error))?;
    // The standard library lets 128 connections wait. Those that find no room are dialled again a second later, and VUs that
    // begin together are more. Where it can't be raised it stays as it is.
    let _ = SockRef::from(&listener).listen(BACKLOG);
    Ok(listener)
}

fn not_bound(address: SocketAddr, error: &std::io::Error) -> anyhow::Error {
    let hint = match error.kind() {
        ErrorKind::AddrInUse => {
            "another program listens there: choose another --port, or --port 0 for a free one"
        }
        ErrorKind::PermissionDenied => "ports below 1024 need privileges: choose a higher --port",
        _ => "--host must be an address of this machine, for example 127.0.0.1 or 0.0.0.0",
    };
    anyhow!("can't listen on {address}: {error}\nhint: {hint}")
}

/// A closed stdout is no reason to stop serving.
fn announce(address: SocketAddr) {
    let mut out = std::io::stdout();
    let _ = writeln!(out, "listening on http://{address}").and_then(|()| out.flush());
}

/// Returns when the process is asked to end.
async fn ended() -> std::io::Result<()> {
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
    }
    Ok(())
}
