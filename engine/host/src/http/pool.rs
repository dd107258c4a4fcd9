//! Defines a VU's connections: kept for the next request, and never more than the limit allows.
//!
//! One that carries several requests at once is shared by them, and while it is being opened those that could share it wait.

mod dialling;

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use tokio::sync::Notify;

use crate::http::connection::Connection;
use crate::http::dial::Dialler;
use crate::http::failure::RequestFailure;
use crate::http::target::Origin;
use crate::net::dial::{DialPhase, DialTimings};
use crate::settings::HttpVersion;
use dialling::Dials;

/// The connections of one VU.
pub(crate) struct Pool {
    /// Those that are free, and those that are shared, in use or not.
    kept: RefCell<Vec<Kept>>,
    dials: Dials,
    slots: Rc<Slots>,
}

struct Kept {
    origin: Origin,
    connection: Connection,
    slot: Rc<Slot>,
}

/// A connection in use. Dropping it closes an HTTP/1.1 connection; [`Pool::give_back`] keeps it.
pub(crate) struct Lease {
    pub(crate) connection: Connection,
    slot: Rc<Slot>,
}

impl Pool {
    /// No connections yet, and never more than `limit`.
    pub(crate) fn new(limit: usize) -> Self {
        let slots = Rc::new(Slots {
            free: Cell::new(limit.max(1)),
            leaving: Cell::default(),
            freed: Rc::default(),
        });
        Self {
            kept: RefCell::default(),
            dials: Dials::default(),
            slots,
        }
    }

    /// A connection to this origin that was open before.
    pub(crate) fn reuse(&self, origin: &Origin, version: HttpVersion) -> Option<Lease> {
        let mut kept = self.kept.borrow_mut();
        kept.retain(|kept| kept.connection.is_open());
        let free = |kept: &Kept| {
            kept.origin == *origin
                && kept.connection.speaks(version, origin.secure)
                && kept.connection.has_room()
        };
        let index = kept.iter().rposition(free)?;
        let Kept {
            connection, slot, ..
        } = &kept[index];
        if let Some(connection) = connection.share(&self.slots.freed) {
            let slot = slot.clone();
            return Some(Lease { connection, slot });
        }
        let Kept {
            connection, slot, ..
        } = kept.swap_remove(index);
        Some(Lease { connection, slot })
    }

    /// A new connection to this origin, or a share in one that is being opened. While as many as allowed are in use it waits, and may
    /// then get one that was open before. One that is not to be kept is nobody else's, whatever it could carry.
    pub(crate) async fn open(
        &self,
        dialler: &Dialler<'_>,
        origin: &Origin,
        keep: bool,
        timings: &mut DialTimings,
    ) -> Result<Lease, RequestFailure> {
        let streams = self.streams_expected(origin, dialler.version);
        let is_shared = keep && dialler.may_share(origin);
        let (slot, dial) = match self.room(dialler, origin, keep, timings).await? {
            Room::New(slot) if is_shared => (
                slot,
                Some(self.dials.begin(origin, dialler.version, streams)),
            ),
            Room::New(slot) => (slot, None),
            Room::Kept(lease) => return Ok(lease),
        };
        let opened = connect(dialler, origin, streams, timings).await;
        let connection = match (opened, &dial) {
            (Ok(connection), _) => connection,
            (Err(failure), dial) => {
                if let Some(dial) = dial {
                    dial.fail(&failure);
                }
                return Err(failure);
            }
        };
        dialler.learn(origin, &connection);
        let slot = Rc::new(slot);
        let shared = keep.then(|| connection.share(&self.slots.freed)).flatten();
        let Some(shared) = shared else {
            return Ok(Lease { connection, slot });
        };
        self.kept.borrow_mut().push(Kept {
            origin: origin.clone(),
            connection,
            slot: slot.clone(),
        });
        Ok(Lease {
            connection: shared,
            slot,
        })
    }

    /// Keeps a connection for the next request; one that is shared was never given away.
    pub(crate) fn give_back(&self, lease: Lease, origin: &Origin) {
        let Lease { connection, slot } = lease;
        if !connection.is_shared() && connection.is_open() {
            self.kept.borrow_mut().push(Kept {
                origin: origin.clone(),
                connection,
                slot,
            });
            self.slots.freed.notify_one();
        }
    }

    /// Closes the connections that are not in use, and those that are when that ends.
    pub(crate) fn close_idle(&self) {
        self.kept.borrow_mut().clear();
    }

    /// The right to one more connection, for what is no request: one that is not in use makes room, and one that is being closed is
    /// waited for.
    pub(crate) async fn claim(&self) -> Option<Slot> {
        loop {
            if let Some(slot) = Slots::take(&self.slots) {
                return Some(slot);
            }
            if self.close_oldest() {
                continue;
            }
            if self.slots.leaving.get() == 0 {
                return None;
            }
            self.slots.freed.notified().await;
        }
    }

    /// Waits until a connection to this origin may be opened, or one that others used or open has room.
    async fn room(
        &self,
        dialler: &Dialler<'_>,
        origin: &Origin,
        keep: bool,
        timings: &mut DialTimings,
    ) -> Result<Room, RequestFailure> {
        loop {
            // Asked each time: what was not known before may be known by now.
            let dial = (keep && dialler.may_share(origin))
                .then(|| self.dials.join(origin, dialler.version));
            if let Some(dial) = dial.flatten() {
                timings.phase = DialPhase::Shared;
                dial.ended().await?;
                timings.phase = DialPhase::Pool;
            } else if let Some(slot) = Slots::take(&self.slots) {
                return Ok(Room::New(slot));
            } else if !self.close_oldest() {
                self.slots.freed.notified().await;
            } else {
                continue;
            }
            let reuse = || self.reuse(origin, dialler.version);
            if let Some(lease) = keep.then(reuse).flatten() {
                return Ok(Room::Kept(lease));
            }
        }
    }

    /// Makes room by closing a connection that is not in use, the oldest first. Tells whether there was one.
    fn close_oldest(&self) -> bool {
        let mut kept = self.kept.borrow_mut();
        let oldest = kept.iter().position(|kept| kept.connection.is_idle());
        oldest.map(|index| kept.remove(index)).is_some()
    }

    /// How many requests a connection to this origin carries at once, as far as those that are open tell.
    fn streams_expected(&self, origin: &Origin, version: HttpVersion) -> usize {
        if version == HttpVersion::Http3 {
            return usize::MAX;
        }
        let kept = self.kept.borrow();
        let shared = kept
            .iter()
            .filter(|kept| kept.connection.is_shared() && kept.origin == *origin);
        let most = shared.map(|kept| kept.connection.most_streams()).min();
        most.unwrap_or(STREAMS).clamp(1, STREAMS)
    }
}

/// Opens a connection and begins to speak on it.
async fn connect(
    dialler: &Dialler<'_>,
    origin: &Origin,
    streams: usize,
    timings: &mut DialTimings,
) -> Result<Connection, RequestFailure> {
    let limits = &dialler.egress.worker.run.settings.limits;
    if dialler.version == HttpVersion::Http3 {
        let dialled = Box::pin(dialler.dial_quic(origin, timings)).await?;
        return Connection::over_quic(dialled, limits).await;
    }
    let dialled = dialler.dial(origin, timings).await?;
    Connection::new(dialled, dialler.version, streams, limits).await
}

/// How many requests a connection carries at once before its server has said how many: as many as RFC 9113 wants servers to
/// allow at least (5.1.2).
const STREAMS: usize = 100;

/// What a request that had to wait gets.
enum Room {
    New(Slot),
    Kept(Lease),
}

/// How many more connections may be open.
struct Slots {
    free: Cell<usize>,
    /// Those that will soon be free.
    leaving: Cell<usize>,
    freed: Rc<Notify>,
}

/// The right to one open connection, given back when it is dropped.
pub(crate) struct Slot {
    slots: Rc<Slots>,
    is_leaving: Cell<bool>,
}

impl Slots {
    fn take(this: &Rc<Self>) -> Option<Slot> {
        let free = this.free.get().checked_sub(1)?;
        this.free.set(free);
        Some(Slot {
            slots: this.clone(),
            is_leaving: Cell::default(),
        })
    }
}

impl Slot {
    /// The connection is being closed.
    pub(crate) fn leave(&self) {
        if !self.is_leaving.replace(true) {
            self.slots.leaving.set(self.slots.leaving.get() + 1);
        }
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        let slots = &self.slots;
        if self.is_leaving.get() {
            slots.leaving.set(slots.leaving.get() - 1);
        }
        slots.free.set(slots.free.get() + 1);
        slots.freed.notify_one();
    }
}
