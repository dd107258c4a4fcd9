//! Defines the count of what came on a VU's connections, for extensions that attend to it while the test waits.

use std::cell::{Cell, RefCell};
use std::task::{Context, Poll, Waker};

/// Counts what came on the sockets of one VU, and wakes who waits for more.
#[derive(Default)]
pub(crate) struct Arrivals {
    count: Cell<u64>,
    waiting: RefCell<Vec<Waker>>,
}

impl Arrivals {
    /// Something came: bytes, a datagram, the end of a connection, a connection that was being opened.
    pub(crate) fn note(&self) {
        self.count.set(self.count.get() + 1);
        self.waiting.borrow_mut().drain(..).for_each(Waker::wake);
    }

    /// How often something came until now.
    pub(crate) fn count(&self) -> u64 {
        self.count.get()
    }

    /// Ready once more than `seen` came.
    pub(crate) fn poll_beyond(&self, seen: u64, context: &mut Context<'_>) -> Poll<()> {
        if self.count.get() > seen {
            return Poll::Ready(());
        }
        let mut waiting = self.waiting.borrow_mut();
        if !waiting.iter().any(|waker| waker.will_wake(context.waker())) {
            waiting.push(context.waker().clone());
        }
        Poll::Pending
    }
}
