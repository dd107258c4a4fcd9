//! Defines the option `rps`: how many requests per second all VUs of a run may begin together.

use std::num::NonZeroU64;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// The part of a nanosecond that due times are counted in: so fine that rounding never shows in a rate.
const PARTS: u64 = 64;

/// A limit that all workers share. Each request takes the next due time, and no time that passed unused is made up for.
pub(crate) struct RateLimit {
    began: Instant,
    /// Parts of nanoseconds between two due times.
    interval: u64,
    /// The first due time that nobody has taken, in parts of nanoseconds since the beginning.
    next: AtomicU64,
}

impl RateLimit {
    pub(crate) fn new(per_second: NonZeroU64, now: Instant) -> Self {
        Self {
            began: now,
            interval: 1_000_000_000 * PARTS / per_second,
            next: AtomicU64::new(0),
        }
    }

    /// Waits until a request may begin.
    pub(crate) async fn wait(&self) {
        let now = Instant::now();
        let due = self.take(now);
        if due > now {
            tokio::time::sleep_until(due.into()).await;
        }
    }

    /// Takes the next due time.
    fn take(&self, now: Instant) -> Instant {
        let since = now.saturating_duration_since(self.began);
        let now = (since.as_nanos() as u64).saturating_mul(PARTS);
        let after = |next: u64| Some(next.max(now).saturating_add(self.interval));
        let taken = self
            .next
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, after);
        let next = taken.unwrap_or_else(|next| next).max(now);
        self.began + Duration::from_nanos(next / PARTS)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_are_an_interval_apart_and_idle_time_is_not_made_up_for() {
        let began = Instant::now();
        let limit = RateLimit::new(NonZeroU64::new(10).unwrap(), began);
        let at = |ms| began + Duration::from_millis(ms);
        let taken = [0, 0, 0, 250, 1000, 1000].map(|now| limit.take(at(now)));
        assert_eq!(taken, [0, 100, 200, 300, 1000, 1100].map(at));
    }

    #[test]
    fn a_rate_that_divides_no_second_is_exact_over_time() {
        let began = Instant::now();
        let limit = RateLimit::new(NonZeroU64::new(700_000).unwrap(), began);
        let last = (0..=7_000_000).map(|_| limit.take(began)).last().unwrap();
        let off = (last - began).abs_diff(Duration::from_secs(10));
        assert!(off < Duration::from_micros(100), "{off:?}");
    }
}
