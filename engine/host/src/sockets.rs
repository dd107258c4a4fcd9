//! Defines sockets as protocol extensions have them: TCP, TLS over it, and UDP, without anything of a protocol.
//!
//! A host goes [`open`] (slot, look-up, TCP, TLS) → [`connection`] (what the VU reads and writes) ⇄ [`driver`] (a task that moves bytes
//! between the socket and two buffers, whatever the VU does meanwhile).

mod connection;
mod datagrams;
mod driver;
mod ground;
mod inbox;
mod open;
mod wishes;

use std::future::Future;
use std::time::Duration;

use crate::http::RequestFailure;

pub(crate) use connection::Connection;
pub(crate) use datagrams::Datagrams;
pub(crate) use ground::Ground;
pub(crate) use open::{Dial, open};

/// What a future gives, or that it took too long.
async fn within<T>(
    timeout: Option<Duration>,
    what: &str,
    future: impl Future<Output = Result<T, RequestFailure>>,
) -> Result<T, RequestFailure> {
    let Some(timeout) = timeout else {
        return future.await;
    };
    let late = |_| {
        let words = format!("{what}: timeout after {timeout:?}");
        Err(RequestFailure::new(1050, words))
    };
    tokio::time::timeout(timeout, future)
        .await
        .unwrap_or_else(late)
}
