//! Defines signals: something that becomes done once, and wakes whoever waits for it on the same thread.

use std::cell::{Cell, RefCell};
use std::task::{Context, Poll, Waker};

/// Becomes done once, and wakes who waits for it.
#[derive(Default)]
pub(crate) struct Signal {
    done: Cell<bool>,
    waiting: RefCell<Vec<Waker>>,
}

impl Signal {
    pub(crate) fn set(&self) {
        self.done.set(true);
        self.waiting.borrow_mut().drain(..).for_each(Waker::wake);
    }

    /// Is as if it had never been set.
    pub(crate) fn take_back(&mut self) {
        self.done.set(false);
    }

    pub(crate) fn is_set(&self) -> bool {
        self.done.get()
    }

    pub(crate) fn poll(&self, context: &mut Context<'_>) -> Poll<()> {
        if self.done.get() {
            return Poll::Ready(());
        }
        let mut waiting = self.waiting.borrow_mut();
        if !waiting.iter().any(|waker| waker.will_wake(context.waker())) {
            waiting.push(context.waker().clone());
        }
        Poll::Pending
    }
}
