//! Defines the lanes of an open scenario: how a worker without a free VU finds one of another worker.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use brunt_plan::Arrival;
use tokio::sync::mpsc;

/// The lanes of all workers of one scenario.
pub(crate) type Lanes = Arc<[LaneEntrance]>;

/// How other workers see one worker: how many VUs it has free, and where iterations go in.
pub(crate) struct LaneEntrance {
    pub(super) free: AtomicUsize,
    pub(super) iterations: mpsc::UnboundedSender<Arrival>,
}

/// One worker's own view of the lanes.
pub(crate) struct Lane {
    pub(super) lanes: Lanes,
    pub(super) own: usize,
    pub(super) iterations: mpsc::UnboundedReceiver<Arrival>,
}

impl Lane {
    /// The lanes of this many workers, one for each.
    pub(crate) fn for_workers(count: usize) -> Vec<Self> {
        let (entrances, exits): (Vec<_>, Vec<_>) = (0..count)
            .map(|_| {
                let (iterations, exit) = mpsc::unbounded_channel();
                (
                    LaneEntrance {
                        free: AtomicUsize::new(0),
                        iterations,
                    },
                    exit,
                )
            })
            .unzip();
        let lanes: Lanes = entrances.into();
        let lane = |(own, iterations)| Self {
            lanes: lanes.clone(),
            own,
            iterations,
        };
        exits.into_iter().enumerate().map(lane).collect()
    }
}

impl LaneEntrance {
    /// Reserves a free VU of this worker.
    pub(super) fn reserve(&self) -> bool {
        self.free
            .fetch_update(Ordering::AcqRel, Ordering::Relaxed, |free| {
                free.checked_sub(1)
            })
            .is_ok()
    }
}
