//! Defines a waker that keeps quiet while its task is polling.
//!
//! hyper's sender, connection and body wake each other through channels. Here one task polls them all, one after the
//! other, so such a wake-up asks for what is about to happen anyway: passed on, it would run the whole task once more for
//! nothing, a fiber switch included.

use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Wake, Waker};

/// Passes wake-ups on to the task that polled last, except those that come while it polls.
pub(super) struct Relay {
    ears: Arc<Ears>,
    waker: Waker,
}

struct Ears {
    state: AtomicU8,
    task: Mutex<Waker>,
}

/// Nobody polls: a wake-up is passed on at once.
const IDLE: u8 = 0;
/// The task polls, and has heard nothing.
const POLLING: u8 = 1;
/// The task polls, and was woken meanwhile.
const WOKEN: u8 = 2;

impl Relay {
    pub(super) fn new() -> Self {
        let ears = Arc::new(Ears {
            state: AtomicU8::new(IDLE),
            task: Mutex::new(Waker::noop().clone()),
        });
        Self {
            waker: Waker::from(ears.clone()),
            ears,
        }
    }

    /// Polls `first`, then `second`, then `first` again. Wake-ups for `second` while `first` is polled, and for `first`
    /// while `second` is, are thereby answered.
    pub(super) fn poll<T>(
        &self,
        context: &mut Context<'_>,
        mut first: impl FnMut(&mut Context<'_>) -> Poll<T>,
        second: impl FnOnce(&mut Context<'_>),
    ) -> Poll<T> {
        self.listen_for(context.waker());
        let own = &mut Context::from_waker(&self.waker);
        if let Poll::Ready(value) = first(own) {
            self.ears.state.store(IDLE, Ordering::Release);
            return Poll::Ready(value);
        }
        self.ears.state.store(POLLING, Ordering::Release);
        second(own);
        let result = first(own);
        let woken = self.ears.state.swap(IDLE, Ordering::AcqRel) == WOKEN;
        if woken && result.is_pending() {
            context.waker().wake_by_ref();
        }
        result
    }

    /// Begins something that `first` of the next poll ends: whom it wakes meanwhile will be polled then.
    pub(super) fn begin<T>(&self, begin: impl FnOnce() -> T) -> T {
        self.ears.state.store(POLLING, Ordering::Release);
        let begun = begin();
        self.ears.state.store(IDLE, Ordering::Release);
        begun
    }

    fn listen_for(&self, task: &Waker) {
        let mut known = self
            .ears
            .task
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        known.clone_from(task);
        self.ears.state.store(POLLING, Ordering::Release);
    }
}

impl Wake for Ears {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        let heard =
            self.state
                .compare_exchange(POLLING, WOKEN, Ordering::AcqRel, Ordering::Acquire);
        if heard == Err(IDLE) {
            let task = self.task.lock().unwrap_or_else(PoisonError::into_inner);
            task.wake_by_ref();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicUsize;

    use super::*;

    #[derive(Default)]
    struct Count(AtomicUsize);

    impl Wake for Count {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Polls once; each part wakes the relay when it is told to. Gives how often the task was woken.
    fn wakes(first_wakes: bool, second_wakes: bool, then: Poll<()>) -> usize {
        let count = Arc::new(Count::default());
        let task = Waker::from(count.clone());
        let relay = Relay::new();
        let mut polls = 0;
        let first = |context: &mut Context<'_>| {
            polls += 1;
            if first_wakes && polls == 1 {
                context.waker().wake_by_ref();
            }
            if polls == 1 { Poll::Pending } else { then }
        };
        let second = |context: &mut Context<'_>| {
            if second_wakes {
                context.waker().wake_by_ref();
            }
        };
        assert_eq!(
            relay.poll(&mut Context::from_waker(&task), first, second),
            then
        );
        count.0.load(Ordering::Relaxed)
    }

    #[test]
    fn what_the_parts_tell_each_other_does_not_wake_the_task() {
        assert_eq!(wakes(true, false, Poll::Pending), 0);
        assert_eq!(wakes(true, true, Poll::Ready(())), 0);
    }

    #[test]
    fn a_part_that_wants_to_be_polled_again_is() {
        assert_eq!(wakes(false, true, Poll::Pending), 1);
    }

    #[test]
    fn a_wake_up_from_outside_is_passed_on() {
        let count = Arc::new(Count::default());
        let relay = Relay::new();
        let task = Waker::from(count.clone());
        let context = &mut Context::from_waker(&task);
        let result: Poll<()> = relay.poll(context, |_| Poll::Pending, |_| {});
        assert_eq!(result, Poll::Pending);
        relay.waker.wake_by_ref();
        assert_eq!(count.0.load(Ordering::Relaxed), 1);
    }
}
