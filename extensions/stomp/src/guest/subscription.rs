//! Defines the resources `subscription` and `message`.

use std::ops::Deref;
use std::rc::Rc;

use brunt_sdk::time;

use super::Outcome;
use super::contract::{self, GuestMessage, GuestSubscription, Headers};
use super::shared::{Shared, What};
use crate::Time;

/// A subscription of a client.
pub(super) struct Subscription {
    shared: Rc<Shared>,
    id: u64,
}

impl Subscription {
    pub(super) fn new(shared: Rc<Shared>, id: u64) -> Subscription {
        Subscription { shared, id }
    }

    fn take(&self, until: Option<Time>) -> Outcome<Option<contract::Message>> {
        let taken = self.shared.client().next(self.id, until);
        self.shared.wake();
        Ok(taken?.map(|message| contract::Message::new(Message(message))))
    }
}

/// When this time has passed from now.
fn until(timeout: Option<u64>) -> Time {
    timeout.map_or(Time::MAX, |timeout| {
        (time::now().as_nanos() as Time).saturating_add(timeout)
    })
}

impl GuestSubscription for Subscription {
    fn next(&self, timeout: Option<u64>) -> Outcome<Option<contract::Message>> {
        self.take(Some(until(timeout)))
    }

    fn next_batch(&self, most: u32, timeout: Option<u64>) -> Outcome<Vec<contract::Message>> {
        let mut messages = Vec::new();
        if most > 0 {
            messages.extend(self.take(Some(until(timeout)))?);
        }
        while !messages.is_empty() && messages.len() < most as usize {
            // What went wrong behind them is told at the next call.
            match self.take(None) {
                Ok(Some(message)) => messages.push(message),
                _ => break,
            }
        }
        Ok(messages)
    }

    fn ready(&self) -> contract::Waitable {
        self.shared.wait_for(What::Message(self.id))
    }

    fn active(&self) -> bool {
        let mut client = self.shared.client();
        client.is_live() && client.session().subscription(self.id).is_some()
    }

    fn unsubscribe(&self) -> Outcome<()> {
        let ended = self.shared.client().unsubscribe(self.id);
        self.shared.wake();
        Ok(ended?)
    }
}

impl Drop for Subscription {
    fn drop(&mut self) {
        // Of a connection that is lost there is nothing to end.
        let _ = self.shared.client().unsubscribe(self.id);
    }
}

/// A message that came.
pub(super) struct Message(crate::Message);

impl Deref for Message {
    type Target = crate::Message;

    fn deref(&self) -> &crate::Message {
        &self.0
    }
}

impl GuestMessage for Message {
    fn destination(&self) -> String {
        self.0.destination.clone()
    }

    fn id(&self) -> String {
        self.0.id.clone()
    }

    fn header(&self, name: String) -> Option<String> {
        self.0.header(&name).map(str::to_owned)
    }

    fn headers(&self) -> Headers {
        self.0.headers.clone()
    }

    fn body(&self) -> Vec<u8> {
        self.0.body.clone()
    }

    fn arrival(&self) -> u64 {
        self.0.arrived
    }
}
