//! Defines what was begun and has not ended: who waits for it, and what it is.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use brunt_sdk::bindings::brunt::time::waiting::Waitable;

use crate::error::Error;
use crate::machine::Finished;

use super::bell::Bell;
use super::bindings::exports::brunt::mqtt::client as wit;
use super::conversation::Conversation;
use super::meter::Sent;
use super::{convert, waiting};

/// Something that was begun.
pub(super) struct Errand {
    what: What,
    end: RefCell<Option<Result<Finished, Error>>>,
    bell: RefCell<Bell>,
    /// Whether its error was counted.
    counted: Cell<bool>,
}

/// What was begun.
pub(super) enum What {
    Connect,
    Publish(Sent),
    Subscribe,
    Unsubscribe,
}

impl Errand {
    pub(super) fn new(what: What) -> Self {
        Self {
            what,
            end: RefCell::default(),
            bell: RefCell::default(),
            counted: Cell::new(false),
        }
    }

    pub(super) fn what(&self) -> &What {
        &self.what
    }

    /// The name by which its errors are counted.
    pub(super) fn method(&self) -> &'static str {
        match self.what {
            What::Connect => "connect",
            What::Publish(_) => "publish",
            What::Subscribe => "subscribe",
            What::Unsubscribe => "unsubscribe",
        }
    }

    pub(super) fn finish(&self, result: Result<Finished, Error>) {
        self.counted.set(true);
        *self.end.borrow_mut() = Some(result);
        self.bell.borrow_mut().ring();
    }

    pub(super) fn has_ended(&self) -> bool {
        self.end.borrow().is_some()
    }

    /// How it ended.
    pub(super) fn end(&self) -> Option<Result<Finished, Error>> {
        self.end.borrow().clone()
    }

    /// Whether its error, if it has one, was counted.
    pub(super) fn is_counted(&self) -> bool {
        self.counted.get()
    }
}

/// An errand in a test's hands.
pub(super) struct PendingHandle {
    client: Rc<RefCell<Conversation>>,
    errand: Rc<Errand>,
}

impl PendingHandle {
    pub(super) fn wrap(client: &Rc<RefCell<Conversation>>, errand: Rc<Errand>) -> wit::Pending {
        wit::Pending::new(Self {
            client: Rc::clone(client),
            errand,
        })
    }
}

impl wit::GuestPending for PendingHandle {
    fn done(&self) -> Waitable {
        let has_ended = self.errand.has_ended();
        self.errand.bell.borrow_mut().waitable(has_ended)
    }

    fn take(&self) -> Result<Vec<u8>, wit::Error> {
        match waiting::for_errand(&self.client, &self.errand) {
            Ok(Finished::Subscribed(granted)) => {
                Ok(granted.into_iter().map(|qos| qos as u8).collect())
            }
            Ok(_) => Ok(Vec::new()),
            Err(error) => Err(convert::error(error)),
        }
    }
}
