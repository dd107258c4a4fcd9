//! Defines clocks, sleeping, timers, and waiting for the first of several things.

use std::time::Duration;

use crate::bindings::brunt::time::{clock, waiting};

/// Suspends this VU: for seconds, whole (`sleep(1)`) or in part (`sleep(0.3)`), or for a [`Duration`].
///
/// Numbers below zero, and not-a-number, are no time at all. Traps during `init`.
pub fn sleep(how_long: impl Pause) {
    clock::sleep(nanoseconds(how_long.pause()));
}

/// Time since the engine started, on a clock that never goes back.
pub fn now() -> Duration {
    Duration::from_nanos(clock::now())
}

/// Time since 1970-01-01T00:00:00Z, by the machine's clock.
pub fn wall() -> Duration {
    Duration::from_nanos(clock::wall())
}

/// A timer that is ready when this much time has passed from now.
pub fn after(how_long: impl Pause) -> Timer {
    Timer {
        inner: waiting::after(nanoseconds(how_long.pause())),
    }
}

/// Suspends this VU until one of these is ready, and returns its index: the lowest, if several are. None when there
/// is nothing to wait for. Traps during `init`.
///
/// ```no_run
/// # use brunt_sdk::prelude::*;
/// # fn f() -> Result<()> {
/// let a = Request::get("http://127.0.0.1:8080/delay/1").start();
/// let b = Request::get("http://127.0.0.1:8080/delay/2").start();
/// let timer = time::after(0.5);
/// if wait_any(&[&a, &b, &timer]) == Some(2) {
///     log::warn!("neither came within half a second");
/// }
/// # Ok(()) }
/// ```
pub fn wait_any(these: &[&dyn Wait]) -> Option<usize> {
    if these.is_empty() {
        return None;
    }
    let waitables: Vec<&waiting::Waitable> = these.iter().map(|one| one.waitable()).collect();
    Some(waiting::wait_any(&waitables) as usize)
}

/// Something that becomes ready once and then stays ready.
pub trait Wait {
    /// What the contract knows it by.
    #[doc(hidden)]
    fn waitable(&self) -> &waiting::Waitable;

    /// Whether it is ready now. Never suspends.
    fn ready(&self) -> bool {
        self.waitable().ready()
    }

    /// Suspends this VU until it is ready. Traps during `init`.
    fn wait(&self) {
        self.waitable().wait();
    }
}

/// A timer, made by [`after`].
#[derive(Debug)]
pub struct Timer {
    inner: waiting::Waitable,
}

impl Wait for Timer {
    fn waitable(&self) -> &waiting::Waitable {
        &self.inner
    }
}

/// What [`sleep`] and [`after`] take.
pub trait Pause {
    /// How long.
    fn pause(self) -> Duration;
}

impl Pause for Duration {
    fn pause(self) -> Duration {
        self
    }
}

impl Pause for f64 {
    fn pause(self) -> Duration {
        if self.is_nan() || self <= 0.0 {
            return Duration::ZERO;
        }
        Duration::try_from_secs_f64(self).unwrap_or(Duration::MAX)
    }
}

impl Pause for i32 {
    fn pause(self) -> Duration {
        Duration::from_secs(self.max(0).unsigned_abs().into())
    }
}

impl Pause for u64 {
    fn pause(self) -> Duration {
        Duration::from_secs(self)
    }
}

/// What the contracts count time in; 584 years and more are all the same.
pub(crate) fn nanoseconds(duration: Duration) -> u64 {
    duration.as_nanos().try_into().unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(pause: impl Pause, nanos: u64) {
        assert_eq!(nanoseconds(pause.pause()), nanos);
    }

    #[test]
    fn seconds_become_nanoseconds() {
        check(1, 1_000_000_000);
        check(0.3, 300_000_000);
        check(2u64, 2_000_000_000);
        check(Duration::from_micros(5), 5_000);
    }

    #[test]
    fn odd_numbers_are_no_time_or_all_time() {
        check(-1, 0);
        check(-0.5, 0);
        check(f64::NAN, 0);
        check(f64::INFINITY, u64::MAX);
        check(u64::MAX, u64::MAX);
    }
}
