//! Defines the virtual users that executors work with: what one can do, and the pool of those of one worker.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::rc::Rc;
use std::sync::Arc;

use brunt_host::{Failure, Iteration, Outcome, Place, Vu};
use brunt_metrics::TagsId;
use tokio::sync::Notify;

/// A virtual user, as executors know it. The real one is [`GuestVu`]; schedulers are tested with another.
pub(crate) trait VirtualUser: 'static {
    /// Moves to a scenario.
    fn enter(&mut self, place: &Arc<Place>);

    /// Runs one iteration. When the future is dropped before its end, [`VirtualUser::interrupted`] must follow.
    fn iterate(&mut self, iteration: Iteration) -> impl Future<Output = Outcome>;

    /// The tags of its last iteration as a whole, where they are not just the scenario's.
    fn own_tags(&self) -> Option<TagsId> {
        None
    }

    /// Cleans up after an iteration that was cut off.
    fn interrupted(&mut self);

    /// Makes a VU that can't run any more usable again; does nothing to one that can.
    fn mend(&mut self) -> impl Future<Output = Result<(), Failure>>;
}

/// A real VU.
pub(crate) struct GuestVu {
    vu: Vu,
    /// Whether every iteration gets an instance of its own: option `instancePerIteration`.
    fresh_each_time: bool,
    used: bool,
}

impl GuestVu {
    pub(crate) fn new(vu: Vu, fresh_each_time: bool) -> Self {
        Self {
            vu,
            fresh_each_time,
            used: false,
        }
    }
}

impl VirtualUser for GuestVu {
    fn enter(&mut self, place: &Arc<Place>) {
        self.vu.enter(place.clone());
    }

    fn iterate(&mut self, iteration: Iteration) -> impl Future<Output = Outcome> {
        self.used = true;
        self.vu.iterate(iteration)
    }

    fn own_tags(&self) -> Option<TagsId> {
        self.vu.own_tags()
    }

    fn interrupted(&mut self) {
        self.vu.finish_iteration();
    }

    async fn mend(&mut self) -> Result<(), Failure> {
        let stale = self.fresh_each_time && self.used;
        if stale || self.vu.is_broken() {
            self.used = false;
            self.vu.renew().await?;
        }
        Ok(())
    }
}

/// The VUs of one worker that no scenario uses now. All scenarios of the worker share it.
pub(crate) struct Pool<V> {
    /// Those that came back first are leased first, so that one which can't be mended goes round instead of blocking the way.
    idle: RefCell<VecDeque<V>>,
    returned: Notify,
}

impl<V> Pool<V> {
    /// A pool of these VUs.
    pub(crate) fn new(vus: Vec<V>) -> Rc<Self> {
        Rc::new(Self {
            idle: RefCell::new(vus.into()),
            returned: Notify::new(),
        })
    }

    /// A VU; waits for one where a scenario that ends has not yet given all of them back.
    pub(crate) async fn lease(&self) -> V {
        loop {
            let returned = self.returned.notified();
            if let Some(vu) = self.idle.borrow_mut().pop_front() {
                return vu;
            }
            returned.await;
        }
    }

    /// Takes a VU back, or a new one in.
    pub(crate) fn give_back(&self, vu: V) {
        self.idle.borrow_mut().push_back(vu);
        self.returned.notify_one();
    }
}
