//! Defines how long a request may take: one timer for each client, set again only when it rings too early, and what is said of one
//! that took too long.

use std::future::Future;
use std::pin::Pin;
use std::time::{Duration, Instant};

use super::Client;
use crate::http::failure::RequestFailure;
use crate::http::hop::Progress;
use crate::net::dial::DialPhase;

/// The longest time that is waited for, so that no arithmetic overflows.
pub(super) const FOREVER: Duration = Duration::from_secs(100 * 365 * 24 * 3600);

impl Client {
    /// What a future gives, when it does so by this time.
    ///
    /// A timer that rings too early is set to the right time then: setting it for each request would cost more than the one
    /// time in many that it does ring, for nearly all requests are over long before.
    pub(super) async fn by<F: Future>(
        &self,
        deadline: Instant,
        mut future: Pin<&mut F>,
    ) -> Option<F::Output> {
        let deadline = deadline.into();
        let timer = self.timer.take();
        let mut timer = timer.unwrap_or_else(|| Box::pin(tokio::time::sleep_until(deadline)));
        if timer.deadline() > deadline {
            timer.as_mut().reset(deadline);
        }
        let result = loop {
            tokio::select! {
                biased;
                value = future.as_mut() => break Some(value),
                () = &mut timer => {}
            }
            if timer.deadline() >= deadline {
                break None;
            }
            timer.as_mut().reset(deadline);
        };
        self.timer.set(Some(timer));
        result
    }
}

/// A timeout has the code of a dial only while TCP connects, as in k6.
pub(super) fn timed_out(timeout: Duration, progress: &Progress) -> RequestFailure {
    let waiting_for = match progress.dial_phase() {
        _ if progress.is_connected() => "the response",
        DialPhase::Pool => "a connection that is free: limit connections",
        DialPhase::Shared => "the connection that another request opens",
        DialPhase::LookUp => "the look-up of the host",
        DialPhase::Tls => "the TLS handshake",
        DialPhase::Tcp => {
            let words = format!("dial: i/o timeout after {timeout:?}");
            return RequestFailure::new(1211, words);
        }
    };
    let words = format!("request timeout after {timeout:?}, waiting for {waiting_for}");
    RequestFailure::new(1050, words)
}
