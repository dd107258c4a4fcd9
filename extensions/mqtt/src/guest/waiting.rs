//! Defines how a client's functions wait: for one thing, while everything else goes on.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use brunt_sdk::time::{self, Wait, wait_any};

use crate::error::{Error, ErrorKind};
use crate::machine::Finished;

use super::conversation::Conversation;
use super::errand::{Errand, What};
use super::link::Link;
use super::{are_alone, attend_to, clients, now_ns};

/// How waiting ended.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Waited {
    /// It is so.
    So,
    /// There is no connection, and there will be none.
    Down,
    /// The time is up.
    Late,
    /// Nothing more can be read before messages are taken.
    Full,
}

/// The end of an errand. Waits for it as long as an answer may take.
pub(super) fn for_errand(
    client: &Rc<RefCell<Conversation>>,
    errand: &Rc<Errand>,
) -> Result<Finished, Error> {
    client.borrow_mut().wait_for_errand(client, errand)
}

/// What is said to who waits for an answer behind messages that nobody takes.
pub(super) fn full() -> Error {
    Error::new(
        ErrorKind::Limit,
        "as many messages wait to be taken as may, and the answer comes behind more of them\nhint: receive them, or set a larger queue",
    )
}

impl Conversation {
    /// The end of an errand. Waits for it as long as an answer may take.
    pub(super) fn wait_for_errand(
        &mut self,
        client: &Rc<RefCell<Conversation>>,
        errand: &Rc<Errand>,
    ) -> Result<Finished, Error> {
        let within_ns = match errand.what() {
            // Each server may take that long.
            What::Connect => u64::MAX,
            _ => self.config.times.answer_ns,
        };
        let waited = self.wait(client, within_ns, |_| errand.has_ended());
        if let Some(end) = errand.end() {
            return end;
        }
        let error = match waited {
            Waited::So | Waited::Down => self.why_down(),
            Waited::Late => Error::coded(
                ErrorKind::Timeout,
                1050,
                "the server did not answer in time",
            ),
            Waited::Full => full(),
        };
        if !errand.is_counted() {
            self.meter.failed(errand.method(), &error);
        }
        Err(error)
    }

    /// Waits until it is so, at most for this long. What is to be sent is sent before.
    pub(super) fn wait(
        &mut self,
        client: &Rc<RefCell<Conversation>>,
        within_ns: u64,
        so: impl Fn(&Conversation) -> bool,
    ) -> Waited {
        if so(self) {
            return Waited::So;
        }
        self.flush();
        let start_ns = now_ns();
        let end_ns = start_ns.saturating_add(within_ns);
        let mut left_ns = within_ns;
        loop {
            if self.link.is_down() {
                return Waited::Down;
            }
            if self.machine.is_full() {
                return Waited::Full;
            }
            self.step(client, left_ns);
            if so(self) {
                return Waited::So;
            }
            let now = now_ns();
            if now >= end_ns {
                return Waited::Late;
            }
            left_ns = end_ns - now;
        }
    }

    /// Waits once, at most for this long, and goes on with what came.
    fn step(&mut self, client: &Rc<RefCell<Conversation>>, within_ns: u64) {
        if are_alone() && self.link.connection().is_some() {
            return self.step_by_reading(within_ns);
        }
        let except = Some(&**client);
        let now = now_ns();
        let dues = [attend_to(now, except), self.due_ns()];
        let due_ns = dues.into_iter().flatten().min().unwrap_or(u64::MAX);
        let timer = time::after(Duration::from_nanos(
            within_ns.min(due_ns.saturating_sub(now)),
        ));
        self.wait_with_others(except, &timer);
        self.drive(now_ns());
    }

    /// The cheap way where there is no other client: to read, with a time limit.
    fn step_by_reading(&mut self, within_ns: u64) {
        let due_ns = self.due_ns();
        let now = due_ns.map_or(0, |_| now_ns());
        let due_in_ns = due_ns.map_or(u64::MAX, |due| due.saturating_sub(now).max(1_000_000));
        self.set_read_timeout(within_ns.min(due_in_ns).max(1));
        if !self.read() {
            self.look(now_ns());
            self.flush();
        }
    }

    fn set_read_timeout(&mut self, timeout_ns: u64) {
        if self.read_timeout_ns == Some(timeout_ns) {
            return;
        }
        if let Some(connection) = self.link.connection() {
            let timeout = (timeout_ns != u64::MAX).then(|| Duration::from_nanos(timeout_ns));
            connection.set_read_timeout(timeout);
            self.read_timeout_ns = Some(timeout_ns);
        }
    }

    /// Waits for whatever comes first: on this connection, on another client's, or the timer.
    fn wait_with_others(&mut self, except: Option<&RefCell<Conversation>>, timer: &dyn Wait) {
        let all = clients();
        let others = all
            .iter()
            .filter(|other| !except.is_some_and(|one| std::ptr::eq(one, Rc::as_ptr(other))));
        let others: Vec<_> = others.map(|other| other.borrow()).collect();
        let links = others.iter().map(|other| &**other).chain([&*self]);
        let mut these: Vec<&dyn Wait> = vec![timer];
        these.extend(links.filter_map(Conversation::what_comes));
        wait_any(&these);
    }

    /// What becomes ready when there is something to do.
    fn what_comes(&self) -> Option<&dyn Wait> {
        match &self.link {
            Link::Dialling { pending, .. } => Some(pending),
            Link::Greeting { connection, .. } | Link::Up { connection }
                if !self.machine.is_full() =>
            {
                Some(connection)
            }
            _ => None,
        }
    }
}
