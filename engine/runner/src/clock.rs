//! Defines the clock of a worker: it wakes at an instant, not at the next millisecond.
//!
//! tokio's timers count in milliseconds, and an arrival must start within one of its due time. On Linux each clock is therefore a
//! timer of the kernel's own (timerfd, nanoseconds); elsewhere it is tokio's.

use std::io;
use std::time::Instant;

/// A clock, for one waiter at a time.
pub(crate) struct Clock {
    timer: Timer,
}

enum Timer {
    #[cfg(target_os = "linux")]
    Kernel(linux::KernelTimer),
    Tokio,
}

impl Clock {
    /// The most exact clock that this machine has. Must be made inside of a tokio runtime.
    pub(crate) fn exact() -> Self {
        #[cfg(target_os = "linux")]
        if let Ok(timer) = linux::KernelTimer::new() {
            return Self {
                timer: Timer::Kernel(timer),
            };
        }
        Self::tokio()
    }

    /// tokio's clock, which tests can pause.
    pub(crate) fn tokio() -> Self {
        Self {
            timer: Timer::Tokio,
        }
    }

    /// Now, on this clock.
    pub(crate) fn now(&self) -> Instant {
        match self.timer {
            #[cfg(target_os = "linux")]
            Timer::Kernel(_) => Instant::now(),
            Timer::Tokio => tokio::time::Instant::now().into_std(),
        }
    }

    /// Waits until this instant; not at all when it has passed.
    pub(crate) async fn sleep_until(&self, deadline: Instant) {
        match &self.timer {
            #[cfg(target_os = "linux")]
            Timer::Kernel(timer) if timer.sleep_until(deadline).await.is_ok() => {}
            _ => tokio::time::sleep_until(deadline.into()).await,
        }
    }
}

#[cfg(target_os = "linux")]
mod linux {
    use super::{Instant, io};
    use std::os::fd::OwnedFd;

    use rustix::time::{
        Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec, timerfd_create,
        timerfd_settime,
    };
    use tokio::io::Interest;
    use tokio::io::unix::AsyncFd;

    /// A timer file descriptor.
    pub(super) struct KernelTimer(AsyncFd<OwnedFd>);

    impl KernelTimer {
        pub(super) fn new() -> io::Result<Self> {
            let flags = TimerfdFlags::NONBLOCK | TimerfdFlags::CLOEXEC;
            let fd = timerfd_create(TimerfdClockId::Monotonic, flags)?;
            // SAFETY: the descriptor is open, and from here on only the `AsyncFd` owns it.
            let registered = unsafe { AsyncFd::register_with_interest(fd, Interest::READABLE) };
            Ok(Self(registered.map_err(|error| error.into_parts().1)?))
        }

        pub(super) async fn sleep_until(&self, deadline: Instant) -> io::Result<()> {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Ok(());
            }
            let value = Timespec {
                tv_sec: left.as_secs() as i64,
                tv_nsec: left.subsec_nanos().into(),
            };
            let zero = Timespec {
                tv_sec: 0,
                tv_nsec: 0,
            };
            timerfd_settime(
                &self.0,
                TimerfdTimerFlags::empty(),
                &Itimerspec {
                    it_interval: zero,
                    it_value: value,
                },
            )?;
            loop {
                let mut ready = self.0.readable().await?;
                let mut expirations = [0; 8];
                match ready.try_io(|fd| Ok(rustix::io::read(fd, &mut expirations)?)) {
                    Ok(result) => return result.map(|_| ()),
                    Err(_not_ready) => continue,
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[tokio::test]
    async fn the_exact_clock_is_never_early() {
        let clock = Clock::exact();
        for micros in [0, 50, 300, 2_500] {
            let deadline = Instant::now() + Duration::from_micros(micros);
            clock.sleep_until(deadline).await;
            assert!(Instant::now() >= deadline);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn the_tokio_clock_can_be_paused() {
        let clock = Clock::tokio();
        let began = clock.now();
        clock.sleep_until(began + Duration::from_secs(3600)).await;
        assert!(clock.now() - began >= Duration::from_secs(3600));
    }
}
