//! Defines connections that are being opened, and who waits for a share in them.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use tokio::sync::Notify;

use crate::http::failure::RequestFailure;
use crate::http::target::Origin;
use crate::settings::HttpVersion;

/// The connections of a VU that are being opened, and may be shared.
#[derive(Default)]
pub(super) struct Dials(Rc<RefCell<Vec<Dial>>>);

#[derive(Clone)]
struct Dial {
    origin: Origin,
    version: HttpVersion,
    shared: Rc<Shared>,
}

struct Shared {
    /// How many more can have a share.
    places: Cell<usize>,
    /// Why there will be no connection.
    failure: RefCell<Option<RequestFailure>>,
    ended: Notify,
}

/// A connection that one request opens. Dropping it ends the waiting of the others, whatever came of it.
pub(super) struct Dialling {
    dials: Rc<RefCell<Vec<Dial>>>,
    shared: Rc<Shared>,
}

/// A share in a connection that another request opens.
pub(super) struct Share(Rc<Shared>);

impl Dials {
    /// A request begins to open a connection that so many can share.
    pub(super) fn begin(&self, origin: &Origin, version: HttpVersion, streams: usize) -> Dialling {
        let shared = Rc::new(Shared {
            places: Cell::new(streams.saturating_sub(1)),
            failure: RefCell::default(),
            ended: Notify::new(),
        });
        self.0.borrow_mut().push(Dial {
            origin: origin.clone(),
            version,
            shared: shared.clone(),
        });
        Dialling {
            dials: self.0.clone(),
            shared,
        }
    }

    /// A share in a connection to this origin that is being opened, if there is room.
    pub(super) fn join(&self, origin: &Origin, version: HttpVersion) -> Option<Share> {
        let dials = self.0.borrow();
        let dial = dials.iter().find(|dial| {
            dial.origin == *origin && dial.version == version && dial.shared.places.get() > 0
        })?;
        dial.shared.places.set(dial.shared.places.get() - 1);
        Some(Share(dial.shared.clone()))
    }
}

impl Dialling {
    /// Nobody will get this connection, for this reason.
    pub(super) fn fail(&self, failure: &RequestFailure) {
        *self.shared.failure.borrow_mut() = Some(failure.clone());
    }
}

impl Drop for Dialling {
    fn drop(&mut self) {
        let ours = |dial: &Dial| Rc::ptr_eq(&dial.shared, &self.shared);
        self.dials.borrow_mut().retain(|dial| !ours(dial));
        self.shared.ended.notify_waiters();
    }
}

impl Share {
    /// Waits until the connection is open, or was given up.
    ///
    /// # Errors
    /// Why it could not be opened.
    pub(super) async fn ended(self) -> Result<(), RequestFailure> {
        self.0.ended.notified().await;
        match self.0.failure.take() {
            Some(failure) => {
                *self.0.failure.borrow_mut() = Some(failure.clone());
                Err(failure)
            }
            None => Ok(()),
        }
    }
}
