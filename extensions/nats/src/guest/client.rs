//! Defines the contract's `client` and `pending-request`.

use std::cell::Cell;
use std::rc::Rc;

use super::bindings::exports::brunt::nats::client::{
    self as contract, GuestClient, GuestPendingRequest, NatsError,
};
use super::shared::{Shared, Watched};
use super::subscription::Subscription;
use crate::options::Time;
use crate::session::Phase;
use crate::{Fault, Outgoing};
use brunt_sdk::bindings::brunt::time::waiting::Waitable;

/// The contract's `client`.
pub(super) struct Client {
    pub(super) shared: Rc<Shared>,
}

impl GuestClient for Client {
    fn new(options: contract::OptionsBorrow<'_>) -> Client {
        let (options, tls) = options.get::<super::options::Options>().parts();
        Client {
            shared: Shared::new(options, tls),
        }
    }

    fn connect(&self) -> Result<(), NatsError> {
        Ok(self.shared.with(|client| client.connect())?)
    }

    fn state(&self) -> contract::State {
        let phase = self.shared.with(|client| Ok(client.session().phase()));
        match phase {
            Err(_) | Ok(Phase::Idle) => contract::State::Unconnected,
            Ok(Phase::Live) => contract::State::Connected,
            Ok(Phase::Closed) => contract::State::Closed,
            Ok(_) => contract::State::Connecting,
        }
    }

    fn server(&self) -> String {
        let server = self
            .shared
            .with(|client| Ok(client.session().server().place()));
        server.unwrap_or_default()
    }

    fn server_info(&self) -> Option<String> {
        let info = self
            .shared
            .with(|client| Ok(client.session().info().text.clone()));
        info.ok().filter(|info| !info.is_empty())
    }

    fn statistics(&self) -> contract::Statistics {
        let statistics = self
            .shared
            .with(|client| Ok(client.statistics()))
            .unwrap_or_default();
        contract::Statistics {
            messages_in: statistics.messages_in,
            messages_out: statistics.messages_out,
            bytes_in: statistics.bytes_in,
            bytes_out: statistics.bytes_out,
            reconnects: statistics.reconnects,
            dropped: statistics.dropped,
        }
    }

    fn publish(&self, subject: String, payload: Vec<u8>) -> Result<(), NatsError> {
        let message = plain(&subject, &payload);
        Ok(self.shared.with(|client| client.publish(&message))?)
    }

    fn publish_message(&self, message: contract::Outgoing) -> Result<(), NatsError> {
        Ok(self
            .shared
            .with(|client| client.publish(&message.borrowed()))?)
    }

    fn publish_many(&self, messages: Vec<contract::Outgoing>) -> Result<(), NatsError> {
        let borrowed = messages.iter().map(contract::Outgoing::borrowed);
        Ok(self.shared.with(|client| client.publish_many(borrowed))?)
    }

    fn publish_all(&self, subject: String, payloads: Vec<Vec<u8>>) -> Result<(), NatsError> {
        let messages = payloads.iter().map(|payload| plain(&subject, payload));
        Ok(self.shared.with(|client| client.publish_many(messages))?)
    }

    fn request(
        &self,
        subject: String,
        payload: Vec<u8>,
        timeout: Option<Time>,
    ) -> Result<contract::Message, NatsError> {
        let message = plain(&subject, &payload);
        let answer = self
            .shared
            .with(|client| client.request(&message, timeout))?;
        Ok((&answer).into())
    }

    fn request_message(
        &self,
        message: contract::Outgoing,
        timeout: Option<Time>,
    ) -> Result<contract::Message, NatsError> {
        let answer = self
            .shared
            .with(|client| client.request(&message.borrowed(), timeout))?;
        Ok((&answer).into())
    }

    fn start_request(
        &self,
        message: contract::Outgoing,
        timeout: Option<Time>,
    ) -> Result<contract::PendingRequest, NatsError> {
        let sent = Sent::new(&self.shared, timeout, |client| {
            client.start_request(&message.borrowed())
        })?;
        Ok(contract::PendingRequest::new(PendingRequest { sent }))
    }

    fn subscribe(
        &self,
        subject: String,
        queue: Option<String>,
    ) -> Result<contract::Subscription, NatsError> {
        let id = self
            .shared
            .with(|client| client.subscribe(&subject, queue.as_deref()))?;
        let shared = Rc::clone(&self.shared);
        Ok(contract::Subscription::new(Subscription {
            shared,
            id,
            subject,
        }))
    }

    fn flush(&self, timeout: Option<Time>) -> Result<Time, NatsError> {
        Ok(self.shared.with(|client| client.flush(timeout))?)
    }

    fn drain(&self, timeout: Option<Time>) -> Result<(), NatsError> {
        let outcome = self.shared.with(|client| {
            let outcome = client.drain(None, timeout);
            client.close();
            outcome
        });
        Ok(outcome?)
    }

    fn close(&self) {
        let _ = self.shared.with(|client| {
            client.close();
            Ok(())
        });
    }

    fn new_inbox(&self) -> String {
        self.shared
            .with(|client| Ok(client.session().new_inbox()))
            .unwrap_or_default()
    }

    fn last_error(&self) -> Option<NatsError> {
        let error = self.shared.with(|client| Ok(client.take_last_error()));
        error.unwrap_or_else(Some).map(NatsError::from)
    }
}

fn plain<'a>(subject: &'a str, payload: &'a [u8]) -> Outgoing<'a> {
    Outgoing {
        subject,
        payload,
        ..Outgoing::default()
    }
}

/// A request that was sent, until its answer is taken.
pub(super) struct Sent {
    shared: Rc<Shared>,
    number: u64,
    deadline: Time,
    is_taken: Cell<bool>,
}

impl Sent {
    pub(super) fn new(
        shared: &Rc<Shared>,
        timeout: Option<Time>,
        send: impl FnOnce(&mut super::shared::EngineClient) -> Result<u64, Fault>,
    ) -> Result<Sent, Fault> {
        let (number, deadline) = shared.with(|client| {
            let number = send(client)?;
            Ok((number, client.request_deadline(number, timeout)))
        })?;
        Ok(Sent {
            shared: Rc::clone(shared),
            number,
            deadline,
            is_taken: Cell::new(false),
        })
    }

    pub(super) fn done(&self) -> Waitable {
        self.shared
            .watch(Watched::Request(self.number), Some(self.deadline))
    }

    pub(super) fn take<T>(
        &self,
        take: impl FnOnce(&mut super::shared::EngineClient, u64, Time) -> Result<T, Fault>,
    ) -> Result<T, Fault> {
        if self.is_taken.replace(true) {
            return Err(Fault::invalid("the answer was taken before"));
        }
        self.shared
            .with(|client| take(client, self.number, self.deadline))
    }
}

impl Drop for Sent {
    fn drop(&mut self) {
        if !self.is_taken.get() {
            let _ = self.shared.with(|client| {
                client.session().forget_request(self.number);
                Ok(())
            });
        }
    }
}

/// The contract's `pending-request`.
pub(super) struct PendingRequest {
    sent: Sent,
}

impl GuestPendingRequest for PendingRequest {
    fn done(&self) -> Waitable {
        self.sent.done()
    }

    fn take(&self) -> Result<contract::Message, NatsError> {
        let answer = self
            .sent
            .take(|client, number, deadline| client.answer(number, deadline))?;
        Ok((&answer).into())
    }
}
