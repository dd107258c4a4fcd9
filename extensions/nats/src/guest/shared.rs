//! Defines how a client is shared by the resources that were made of it, and attended to while the test waits.

use std::cell::RefCell;
use std::rc::{Rc, Weak};

use super::metrics::Gauges;
use super::sockets::{Sockets, TlsSettings};
use crate::options::Time;
use crate::{Client, Fault, Options};
use brunt_sdk::bindings::brunt::random::random;
use brunt_sdk::bindings::brunt::time::clock;
use brunt_sdk::bindings::brunt::time::waiting::{Signal, Waitable};

/// A client over the engine's sockets.
pub(super) type EngineClient = Client<Sockets, Gauges>;

/// A client, and who waits for what of it.
pub(super) struct Shared {
    state: RefCell<State>,
}

struct State {
    /// Or what is wrong with its options.
    client: Result<EngineClient, Fault>,
    watches: Vec<Watch>,
}

/// Somebody who waits.
struct Watch {
    what: Watched,
    /// It is ready then in any case.
    deadline: Option<Time>,
    signal: Signal,
}

/// What can be waited for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Watched {
    /// A message for the subscription with this number, or its end.
    Subscription(u64),
    /// The answer to the request with this number.
    Request(u64),
}

thread_local! {
    /// All clients of this instance.
    static CLIENTS: RefCell<Vec<Weak<Shared>>> = const { RefCell::new(Vec::new()) };
}

impl Shared {
    pub(super) fn new(options: Result<Options, Fault>, tls: TlsSettings) -> Rc<Shared> {
        let client = options.map(|options| {
            let server = options
                .servers
                .first()
                .map(crate::Address::place)
                .unwrap_or_default();
            let sockets = Sockets { tls: Rc::new(tls) };
            Client::new(sockets, Gauges::new(server), options, random::next())
        });
        let state = State {
            client,
            watches: Vec::new(),
        };
        let shared = Rc::new(Shared {
            state: RefCell::new(state),
        });
        CLIENTS.with_borrow_mut(|clients| {
            clients.retain(|client| client.strong_count() > 0);
            clients.push(Rc::downgrade(&shared));
        });
        shared
    }

    /// Does something with the client, and tells those who wait.
    pub(super) fn with<T>(
        &self,
        act: impl FnOnce(&mut EngineClient) -> Result<T, Fault>,
    ) -> Result<T, Fault> {
        let mut state = self.state.borrow_mut();
        let outcome = match &mut state.client {
            Ok(client) => act(client),
            Err(fault) => return Err(fault.clone()),
        };
        state.tell();
        outcome
    }

    /// Something to wait for.
    pub(super) fn watch(&self, what: Watched, deadline: Option<Time>) -> Waitable {
        let signal = Signal::new();
        let waitable = signal.waitable();
        let mut state = self.state.borrow_mut();
        state.watches.push(Watch {
            what,
            deadline,
            signal,
        });
        state.tell();
        waitable
    }

    /// When the next one must be told, whatever comes.
    fn attend(&self) -> Option<Time> {
        let mut state = self.state.borrow_mut();
        let Ok(client) = &mut state.client else {
            return None;
        };
        client.attend();
        let due = client.due();
        state.tell();
        let deadlines = state.watches.iter().filter_map(|watch| watch.deadline);
        deadlines.chain(due).min()
    }
}

impl State {
    fn tell(&mut self) {
        let Ok(client) = &mut self.client else {
            self.watches.clear();
            return;
        };
        if self.watches.is_empty() {
            return;
        }
        let now = clock::now();
        self.watches.retain(|watch| {
            let is_ready = watch.deadline.is_some_and(|deadline| now >= deadline)
                || is_ready(client, watch.what);
            if is_ready {
                watch.signal.set();
            }
            !is_ready
        });
    }
}

fn is_ready(client: &mut EngineClient, what: Watched) -> bool {
    let session = client.session();
    match what {
        Watched::Subscription(id) => session
            .subscription(id)
            .is_none_or(|subscription| subscription.pending() > 0 || subscription.has_ended()),
        Watched::Request(number) => session
            .answer(number)
            .is_none_or(|request| request.outcome.is_some()),
    }
}

/// Attends to all clients; how long at most until it has to again.
pub(super) fn attend() -> Option<Time> {
    let clients: Vec<Rc<Shared>> =
        CLIENTS.with_borrow(|clients| clients.iter().filter_map(Weak::upgrade).collect());
    let due = clients.iter().filter_map(|client| client.attend()).min();
    due.map(|due| due.saturating_sub(clock::now()).max(LEAST))
}

/// What is due at once is due in a millisecond: the test has its turn first.
const LEAST: Time = 1_000_000;
