//! Defines the contract's `subscription`.

use std::rc::Rc;

use super::bindings::exports::brunt::nats::client::{
    self as contract, GuestSubscription, NatsError,
};
use super::options::limits;
use super::shared::{Shared, Watched};
use crate::options::Time;
use brunt_sdk::bindings::brunt::time::clock;
use brunt_sdk::bindings::brunt::time::waiting::Waitable;

/// The contract's `subscription`.
pub(super) struct Subscription {
    pub(super) shared: Rc<Shared>,
    pub(super) id: u64,
    pub(super) subject: String,
}

impl GuestSubscription for Subscription {
    fn next(&self, timeout: Option<Time>) -> Result<Option<contract::Message>, NatsError> {
        let until = until(timeout);
        let message = self.shared.with(|client| client.next(self.id, until))?;
        Ok(message.as_ref().map(contract::Message::from))
    }

    fn try_next(&self) -> Option<contract::Message> {
        let message = self.shared.with(|client| Ok(client.try_next(self.id)));
        message.ok()?.as_ref().map(contract::Message::from)
    }

    fn next_batch(
        &self,
        most: u32,
        timeout: Option<Time>,
    ) -> Result<Vec<contract::Message>, NatsError> {
        let until = until(timeout);
        let messages = self
            .shared
            .with(|client| client.next_batch(self.id, most as usize, until))?;
        Ok(messages.iter().map(contract::Message::from).collect())
    }

    fn readable(&self) -> Waitable {
        self.shared.watch(Watched::Subscription(self.id), None)
    }

    fn pending(&self) -> u32 {
        let pending = self.shared.with(|client| {
            Ok(client
                .session()
                .subscription(self.id)
                .map(|one| one.pending()))
        });
        pending
            .ok()
            .flatten()
            .and_then(|pending| u32::try_from(pending).ok())
            .unwrap_or_default()
    }

    fn dropped(&self) -> u64 {
        let dropped = self.shared.with(|client| {
            Ok(client
                .session()
                .subscription(self.id)
                .map(|one| one.dropped()))
        });
        dropped.ok().flatten().unwrap_or_default()
    }

    fn set_pending_limits(&self, messages: u32, bytes: u64) {
        let _ = self.shared.with(|client| {
            client.limit_pending(self.id, limits(messages, bytes));
            Ok(())
        });
    }

    fn unsubscribe(&self, after: Option<u64>) {
        let _ = self.shared.with(|client| {
            client.unsubscribe(self.id, after);
            Ok(())
        });
    }

    fn drain(&self, timeout: Option<Time>) -> Result<(), NatsError> {
        Ok(self
            .shared
            .with(|client| client.drain(Some(self.id), timeout))?)
    }

    fn subject(&self) -> String {
        self.subject.clone()
    }
}

impl Drop for Subscription {
    fn drop(&mut self) {
        let _ = self.shared.with(|client| {
            client.forget(self.id);
            Ok(())
        });
    }
}

/// When the time has passed; never where none is given.
fn until(timeout: Option<Time>) -> Time {
    timeout.map_or(Time::MAX, |timeout| clock::now().saturating_add(timeout))
}
