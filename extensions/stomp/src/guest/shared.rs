//! Defines what the resources of one client share, and how all clients are attended to while the test waits.

use std::cell::{RefCell, RefMut};
use std::rc::{Rc, Weak};
use std::time::Duration;

use brunt_sdk::bindings::brunt::time::waiting::{Signal, Waitable};
use brunt_sdk::time;

use super::meter::Recorded;
use super::wire::Sockets;
use crate::{Address, Client, Options};

thread_local! {
    static CLIENTS: RefCell<Vec<Weak<Shared>>> = const { RefCell::new(Vec::new()) };
}

/// A client, and who waits for something of it.
pub(super) struct Shared {
    client: RefCell<Client<Sockets, Recorded>>,
    waiting: RefCell<Vec<(What, Signal)>>,
}

/// What is waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum What {
    /// A message of this subscription, or its end.
    Message(u64),
    /// This receipt.
    Receipt(u64),
}

impl Shared {
    pub(super) fn new(wire: Sockets, address: Address, options: Options) -> Rc<Shared> {
        let shared = Rc::new(Shared {
            client: RefCell::new(Client::new(wire, Recorded::new(), address, options)),
            waiting: RefCell::default(),
        });
        CLIENTS.with_borrow_mut(|clients| {
            clients.retain(|client| client.strong_count() > 0);
            clients.push(Rc::downgrade(&shared));
        });
        shared
    }

    /// The client. One function of an extension runs at a time, and the engine does not attend to it meanwhile.
    pub(super) fn client(&self) -> RefMut<'_, Client<Sockets, Recorded>> {
        self.client.borrow_mut()
    }

    /// Something to wait for.
    pub(super) fn wait_for(&self, what: What) -> Waitable {
        let signal = Signal::new();
        let waitable = signal.waitable();
        match self.has(what) {
            true => signal.set(),
            false => self.waiting.borrow_mut().push((what, signal)),
        }
        waitable
    }

    fn has(&self, what: What) -> bool {
        let mut client = self.client();
        match what {
            What::Message(id) => client
                .session()
                .subscription(id)
                .is_none_or(|known| known.is_ready()),
            What::Receipt(id) => client.session().has_receipt(id),
        }
    }

    /// Sets the signals of all that has come: after anything that may have read from the connection.
    pub(super) fn wake(&self) {
        self.waiting.borrow_mut().retain(|(what, signal)| {
            let has = self.has(*what);
            if has {
                signal.set();
            }
            !has
        });
    }
}

/// Reads what came for all clients. Returns how long to wait at most before this is done again.
pub(super) fn attend() -> Option<Duration> {
    let clients: Vec<Rc<Shared>> =
        CLIENTS.with_borrow(|clients| clients.iter().filter_map(Weak::upgrade).collect());
    let mut first = None;
    for shared in clients {
        shared.client().attend();
        shared.wake();
        let due = shared.client().due();
        first = [first, due].into_iter().flatten().min();
    }
    first.map(|due| Duration::from_nanos(due).saturating_sub(time::now()))
}
