//! Defines a VU's connections: kept for the next request, and never more than the limit allows.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use tokio::sync::Notify;

use crate::http::connection::Connection;
use crate::http::dial::{DialTimings, Dialler};
use crate::http::failure::RequestFailure;
use crate::http::target::Origin;

/// The connections of one VU.
pub(crate) struct Pool {
    idle: RefCell<Vec<Kept>>,
    slots: Rc<Slots>,
}

struct Kept {
    origin: Origin,
    connection: Connection,
    slot: Slot,
}

/// A connection in use. Dropping it closes an HTTP/1.1 connection; [`Pool::give_back`] keeps it.
pub(crate) struct Lease {
    pub(crate) connection: Connection,
    slot: Option<Slot>,
}

impl Pool {
    /// No connections yet, and never more than `limit`.
    pub(crate) fn new(limit: usize) -> Self {
        let slots = Rc::new(Slots {
            free: Cell::new(limit.max(1)),
            freed: Notify::new(),
        });
        Self {
            idle: RefCell::default(),
            slots,
        }
    }

    /// A connection to this origin that was open before.
    pub(crate) fn reuse(&self, origin: &Origin) -> Option<Lease> {
        let mut idle = self.idle.borrow_mut();
        idle.retain(|kept| kept.connection.is_open());
        let index = idle.iter().rposition(|kept| kept.origin == *origin)?;
        if let Some(connection) = idle[index].connection.share() {
            return Some(Lease {
                connection,
                slot: None,
            });
        }
        let Kept {
            connection, slot, ..
        } = idle.swap_remove(index);
        Some(Lease {
            connection,
            slot: Some(slot),
        })
    }

    /// A new connection to this origin. While as many as allowed are in use it waits, and may then get one that was open before.
    /// One that is not to be kept is nobody else's, whatever it could carry.
    pub(crate) async fn open(
        &self,
        dialler: &Dialler<'_>,
        origin: &Origin,
        keep: bool,
        timings: &mut DialTimings,
    ) -> Result<Lease, RequestFailure> {
        let slot = match self.room(origin).await {
            Room::New(slot) => slot,
            Room::Kept(lease) => return Ok(lease),
        };
        let dialled = dialler.dial(origin, timings).await?;
        let connection = Connection::new(dialled, &dialler.worker.run.settings.limits).await?;
        let Some(shared) = connection.share().filter(|_| keep) else {
            return Ok(Lease {
                connection,
                slot: Some(slot),
            });
        };
        self.idle.borrow_mut().push(Kept {
            origin: origin.clone(),
            connection,
            slot,
        });
        Ok(Lease {
            connection: shared,
            slot: None,
        })
    }

    /// Keeps a connection for the next request.
    pub(crate) fn give_back(&self, lease: Lease, origin: &Origin) {
        if let Lease {
            connection,
            slot: Some(slot),
            ..
        } = lease
            && connection.is_open()
        {
            self.idle.borrow_mut().push(Kept {
                origin: origin.clone(),
                connection,
                slot,
            });
            self.slots.freed.notify_one();
        }
    }

    /// Closes the connections that are not in use.
    pub(crate) fn close_idle(&self) {
        self.idle.borrow_mut().clear();
    }

    /// Waits until a connection to this origin may be opened, or one that others used is free again.
    async fn room(&self, origin: &Origin) -> Room {
        loop {
            if let Some(slot) = Slots::take(&self.slots) {
                return Room::New(slot);
            }
            if let Some(lease) = self.reuse(origin) {
                return Room::Kept(lease);
            }
            // One to somewhere else that is not in use gives way; the oldest first.
            if !self.idle.borrow().is_empty() {
                self.idle.borrow_mut().remove(0);
                continue;
            }
            self.slots.freed.notified().await;
        }
    }
}

/// What a request that had to wait gets.
enum Room {
    New(Slot),
    Kept(Lease),
}

/// How many more connections may be open.
struct Slots {
    free: Cell<usize>,
    freed: Notify,
}

/// The right to one open connection, given back when it is dropped.
struct Slot(Rc<Slots>);

impl Slots {
    fn take(this: &Rc<Self>) -> Option<Slot> {
        let free = this.free.get().checked_sub(1)?;
        this.free.set(free);
        Some(Slot(this.clone()))
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        self.0.free.set(self.0.free.get() + 1);
        self.0.freed.notify_one();
    }
}
