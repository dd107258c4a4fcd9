//! Defines how a run is told to stop: first gracefully, then at once.

use tokio::sync::watch;

/// What all executors have been told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub(crate) enum Stop {
    /// Nothing: go on.
    #[default]
    No,
    /// Start nothing more; what runs may end within its graceful stop.
    Drain,
    /// Interrupt everything.
    Now,
}

/// The sender's side, held by the scheduler.
pub(crate) struct StopSwitch(watch::Sender<Stop>);

/// The receiver's side, held by each executor.
#[derive(Clone)]
pub(crate) struct StopSignal(watch::Receiver<Stop>);

impl StopSwitch {
    pub(crate) fn new() -> Self {
        Self(watch::Sender::new(Stop::No))
    }

    pub(crate) fn signal(&self) -> StopSignal {
        StopSignal(self.0.subscribe())
    }

    /// Tells everybody; what was told before is never taken back.
    pub(crate) fn set(&self, stop: Stop) {
        self.0.send_if_modified(|current| {
            let stronger = stop > *current;
            *current = stop.max(*current);
            stronger
        });
    }

    /// What was told so far.
    pub(crate) fn current(&self) -> Stop {
        *self.0.borrow()
    }
}

impl StopSignal {
    /// What was told so far.
    pub(crate) fn current(&self) -> Stop {
        *self.0.borrow()
    }

    /// Waits until at least this was told. Never ends when the scheduler is gone without a word.
    pub(crate) async fn reached(&mut self, stop: Stop) {
        if self.0.wait_for(|current| *current >= stop).await.is_err() {
            std::future::pending().await
        }
    }
}
