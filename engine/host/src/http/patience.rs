//! Defines how long the parts of a request may take, where a guest says so for each of them.

use std::cell::Cell;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::task::Poll;
use std::time::Duration;

use crate::http::hop::Progress;

/// How long each part of a request may take; for ever when absent.
#[derive(Debug)]
pub(crate) struct Patience {
    connect: Option<Duration>,
    first_byte: Option<Duration>,
    pub(crate) between_bytes: Option<Duration>,
    ended_connecting: Cell<bool>,
}

impl Patience {
    pub(crate) fn new(
        connect: Option<Duration>,
        first_byte: Option<Duration>,
        between_bytes: Option<Duration>,
    ) -> Self {
        Self {
            connect,
            first_byte,
            between_bytes,
            ended_connecting: Cell::new(false),
        }
    }

    /// Whether a request took too long to have a connection.
    pub(crate) fn ended_connecting(&self) -> bool {
        self.ended_connecting.get()
    }

    /// What a hop comes to, when neither its connection nor its answer takes too long; else how long it took.
    pub(super) async fn with<F: Future>(
        &self,
        mut hop: Pin<&mut F>,
        progress: &Progress,
    ) -> Result<F::Output, Duration> {
        let connected = poll_fn(|context| match hop.as_mut().poll(context) {
            Poll::Ready(output) => Poll::Ready(Some(output)),
            Poll::Pending if progress.is_connected() => Poll::Ready(None),
            Poll::Pending => Poll::Pending,
        });
        match within(self.connect, connected).await {
            Ok(Some(output)) => return Ok(output),
            Ok(None) => {}
            Err(took) => {
                self.ended_connecting.set(true);
                return Err(took);
            }
        }
        within(self.first_byte, hop).await
    }
}

async fn within<F: Future>(limit: Option<Duration>, future: F) -> Result<F::Output, Duration> {
    match limit {
        None => Ok(future.await),
        Some(limit) => tokio::time::timeout(limit, future).await.map_err(|_| limit),
    }
}
