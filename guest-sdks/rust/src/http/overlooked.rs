//! Defines failures of requests that nobody looked at, for option `throw`: Rust raises nothing by itself.

use std::cell::RefCell;
use std::sync::atomic::{AtomicBool, Ordering};

thread_local! {
    /// The first of this iteration, in words.
    static FIRST: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// Whether an error has to be looked at, and was not. A copy was made by somebody who looked. Errors of `io` want what they hold
/// to be fit for several threads.
#[derive(Default)]
pub(super) struct Unseen(AtomicBool);

impl Unseen {
    /// From now on it has to be looked at.
    pub(super) fn expect(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// Somebody looked.
    pub(super) fn see(&self) {
        self.0.store(false, Ordering::Relaxed);
    }

    /// Whether somebody should have looked, and nobody did.
    pub(super) fn is_expected(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

impl Clone for Unseen {
    fn clone(&self) -> Self {
        self.see();
        Self::default()
    }
}

/// Errors that say the same are equal, whoever looked at them.
impl PartialEq for Unseen {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for Unseen {}

/// Keeps an error that was overlooked, unless there was one before.
pub(super) fn keep(words: String) {
    FIRST.with_borrow_mut(|first| {
        first.get_or_insert(words);
    });
}

/// The first error that was overlooked since the last time.
pub(crate) fn take() -> Option<String> {
    FIRST.take()
}
