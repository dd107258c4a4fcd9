//! Defines receiving: subscriptions, and all that waits for what the server says.

use crate::client::Client;
use crate::options::{PendingLimits, Time};
use crate::session::Phase;
use crate::wire::{Meter, Wire};
use crate::{Fault, Kind, Message};

impl<W: Wire, M: Meter> Client<W, M> {
    /// Listens on a subject; those of one queue share what comes. Returns the subscription's number.
    ///
    /// # Errors
    /// Those of connecting, the first time; a malformed subject or queue.
    pub fn subscribe(&mut self, subject: &str, queue: Option<&str>) -> Result<u64, Fault> {
        self.ready()?;
        let id = self.session.subscribe(subject, queue)?;
        self.write();
        Ok(id)
    }

    /// Sets what may wait in a subscription. What waits already stays.
    pub fn limit_pending(&mut self, id: u64, limits: PendingLimits) {
        if let Some(subscription) = self.session.subscription(id) {
            subscription.limits = limits;
        }
    }

    /// Ends a subscription: now, or once so many messages have come in all.
    pub fn unsubscribe(&mut self, id: u64, after: Option<u64>) {
        self.session.unsubscribe(id, after);
        self.write();
    }

    /// Ends a subscription, and forgets what waits in it.
    pub fn forget(&mut self, id: u64) {
        self.note();
        self.session.forget(id);
        self.write();
    }

    /// The next message, waiting for it until this time; none when the time has passed.
    ///
    /// # Errors
    /// Nothing more will come: unsubscribed, closed, or not allowed by the server.
    pub fn next(&mut self, id: u64, until: Time) -> Result<Option<Message>, Fault> {
        loop {
            if let Some(message) = self.session.take_message(id) {
                return Ok(Some(message));
            }
            self.check_open(id)?;
            if self.wire.now() >= until {
                return Ok(None);
            }
            self.step(Some(until));
        }
    }

    /// The messages that wait, at most so many; where none waits, those that come next, until this time.
    ///
    /// # Errors
    /// Those of [`Client::next`].
    pub fn next_batch(&mut self, id: u64, most: usize, until: Time) -> Result<Vec<Message>, Fault> {
        self.attend();
        let mut messages = Vec::new();
        if let Some(first) = self.next(id, until)? {
            messages.push(first);
        }
        while messages.len() < most
            && let Some(message) = self.session.take_message(id)
        {
            messages.push(message);
        }
        Ok(messages)
    }

    /// The next message, if one has come.
    pub fn try_next(&mut self, id: u64) -> Option<Message> {
        if let Some(message) = self.session.take_message(id) {
            return Some(message);
        }
        self.attend();
        self.session.take_message(id)
    }

    pub(crate) fn check_open(&mut self, id: u64) -> Result<(), Fault> {
        let Some(subscription) = self.session.subscription(id) else {
            return Err(Fault::new(Kind::Closed, "the subscription is closed"));
        };
        if let Some(fault) = subscription.fault() {
            return Err(fault.clone());
        }
        if subscription.has_ended() {
            let message = format!(
                "nothing more comes for {:?}: it was unsubscribed",
                subscription.subject
            );
            return Err(Fault::new(Kind::Closed, message));
        }
        Ok(())
    }

    /// Waits until the server has seen all that was sent; returns how long that took. Over a reconnect it asks again.
    ///
    /// # Errors
    /// Those of connecting, the first time; the time has passed; the client is closed.
    pub fn flush(&mut self, timeout: Option<Time>) -> Result<Time, Fault> {
        self.ready()?;
        let outcome = self.flushed(timeout);
        self.counted(outcome)
    }

    fn flushed(&mut self, timeout: Option<Time>) -> Result<Time, Fault> {
        let started = self.wire.now();
        let timeout = timeout.unwrap_or(self.session.options().request_timeout);
        let deadline = started.saturating_add(timeout);
        let mut asked = None;
        loop {
            match (self.session.phase(), asked) {
                (Phase::Closed | Phase::Idle, _) => return Err(self.session.closed()),
                (Phase::Live, None) => asked = self.session.ping(),
                (Phase::Live, Some(ping)) if self.session.is_answered(ping) => {
                    return Ok(self.wire.now().saturating_sub(started));
                }
                (Phase::Live, Some(_)) => {}
                // Asked on a connection that is lost.
                _ => asked = None,
            }
            if self.wire.now() >= deadline {
                let message = format!(
                    "the server did not answer within {} ms",
                    timeout / 1_000_000
                );
                return Err(Fault::new(Kind::Timeout, message));
            }
            self.step(Some(deadline));
        }
    }

    /// Lets come what is on its way for one subscription, or for all, and ends it.
    ///
    /// # Errors
    /// Those of [`Client::flush`]. It has ended all the same.
    pub fn drain(&mut self, id: Option<u64>, timeout: Option<Time>) -> Result<(), Fault> {
        self.session.begin_drain(id);
        self.write();
        let outcome = self.flush(timeout).map(drop);
        self.session.end_drain(id);
        outcome
    }

    /// Closes the client. What has come can still be taken; what waits for anything else fails.
    pub fn close(&mut self) {
        self.note();
        self.session.close(None);
        self.discard();
    }
}
