//! Defines the contract's `jet-stream`, `pending-store` and `consumer`.

use std::cell::RefCell;
use std::rc::Rc;

use super::bindings::exports::brunt::nats::client::{
    self as contract, GuestConsumer, GuestJetStream, GuestPendingStore, NatsError,
};
use super::client::{Client, Sent};
use super::convert::{consumer_info, delivery, stream_info};
use super::shared::{EngineClient, Shared};
use crate::jetstream::{Fetch, Pull, Stored, Verdict};
use crate::options::Time;
use crate::{Fault, Outgoing};
use brunt_sdk::bindings::brunt::time::waiting::Waitable;

/// The contract's `jet-stream`.
pub(super) struct JetStream {
    shared: Rc<Shared>,
    inner: RefCell<crate::jetstream::JetStream>,
}

impl JetStream {
    fn with<T>(
        &self,
        act: impl FnOnce(&crate::jetstream::JetStream, &mut EngineClient) -> Result<T, Fault>,
    ) -> Result<T, Fault> {
        let inner = self.inner.borrow();
        self.shared.with(|client| act(&inner, client))
    }

    fn settle(&self, reply: &str, verdict: Verdict) -> Result<(), NatsError> {
        Ok(self.with(|jetstream, client| jetstream.settle(client, reply, verdict))?)
    }
}

impl GuestJetStream for JetStream {
    fn new(client: contract::ClientBorrow<'_>, domain: Option<String>) -> JetStream {
        let inner = match &domain {
            Some(domain) => crate::jetstream::JetStream::in_domain(domain),
            None => crate::jetstream::JetStream::default(),
        };
        JetStream {
            shared: Rc::clone(&client.get::<Client>().shared),
            inner: RefCell::new(inner),
        }
    }

    fn set_timeout(&self, timeout: Option<Time>) {
        self.inner.borrow_mut().timeout = timeout;
    }

    fn create_stream(
        &self,
        config: contract::StreamConfig,
    ) -> Result<contract::StreamInfo, NatsError> {
        let config = config.into();
        let json = self.with(|jetstream, client| jetstream.create_stream(client, &config))?;
        Ok(stream_info(&json))
    }

    fn update_stream(
        &self,
        config: contract::StreamConfig,
    ) -> Result<contract::StreamInfo, NatsError> {
        let config = config.into();
        let json = self.with(|jetstream, client| jetstream.update_stream(client, &config))?;
        Ok(stream_info(&json))
    }

    fn stream_info(&self, name: String) -> Result<contract::StreamInfo, NatsError> {
        let json = self.with(|jetstream, client| jetstream.stream_info(client, &name))?;
        Ok(stream_info(&json))
    }

    fn delete_stream(&self, name: String) -> Result<(), NatsError> {
        Ok(self.with(|jetstream, client| jetstream.delete_stream(client, &name))?)
    }

    fn purge_stream(&self, name: String, subject: Option<String>) -> Result<u64, NatsError> {
        Ok(self
            .with(|jetstream, client| jetstream.purge_stream(client, &name, subject.as_deref()))?)
    }

    fn stream_of(&self, subject: String) -> Result<String, NatsError> {
        Ok(self.with(|jetstream, client| jetstream.stream_of(client, &subject))?)
    }

    fn create_consumer(
        &self,
        stream: String,
        config: contract::ConsumerConfig,
    ) -> Result<contract::ConsumerInfo, NatsError> {
        let config = config.into();
        let json =
            self.with(|jetstream, client| jetstream.create_consumer(client, &stream, &config))?;
        Ok(consumer_info(&json))
    }

    fn consumer_info(
        &self,
        stream: String,
        name: String,
    ) -> Result<contract::ConsumerInfo, NatsError> {
        let json =
            self.with(|jetstream, client| jetstream.consumer_info(client, &stream, &name))?;
        Ok(consumer_info(&json))
    }

    fn delete_consumer(&self, stream: String, name: String) -> Result<(), NatsError> {
        Ok(self.with(|jetstream, client| jetstream.delete_consumer(client, &stream, &name))?)
    }

    fn consumer(&self, stream: String, name: String) -> Result<contract::Consumer, NatsError> {
        let pull = self.with(|jetstream, client| Pull::new(jetstream, client, &stream, &name))?;
        Ok(contract::Consumer::new(Consumer {
            shared: Rc::clone(&self.shared),
            jetstream: self.inner.borrow().clone(),
            pull: RefCell::new(pull),
        }))
    }

    fn publish(&self, subject: String, payload: Vec<u8>) -> Result<contract::Stored, NatsError> {
        let message = Outgoing {
            subject: &subject,
            payload: &payload,
            ..Outgoing::default()
        };
        let answer = self.with(|jetstream, client| jetstream.publish(client, &message, None))?;
        Ok(answer.into())
    }

    fn publish_message(
        &self,
        message: contract::Outgoing,
        id: Option<String>,
    ) -> Result<contract::Stored, NatsError> {
        let answer = self.with(|jetstream, client| {
            jetstream.publish(client, &message.borrowed(), id.as_deref())
        })?;
        Ok(answer.into())
    }

    fn start_publish(
        &self,
        message: contract::Outgoing,
        id: Option<String>,
    ) -> Result<contract::PendingStore, NatsError> {
        let jetstream = self.inner.borrow().clone();
        let sent = Sent::new(&self.shared, jetstream.timeout, |client| {
            jetstream.start_publish(client, &message.borrowed(), id.as_deref())
        })?;
        Ok(contract::PendingStore::new(PendingStore {
            sent,
            jetstream,
        }))
    }

    fn ack(&self, reply: String) -> Result<(), NatsError> {
        self.settle(&reply, Verdict::Ack)
    }

    fn ack_sync(&self, reply: String) -> Result<(), NatsError> {
        Ok(self.with(|jetstream, client| jetstream.settle_surely(client, &reply, Verdict::Ack))?)
    }

    fn ack_many(&self, replies: Vec<String>) -> Result<(), NatsError> {
        Ok(self.with(|jetstream, client| jetstream.settle_all(client, &replies, Verdict::Ack))?)
    }

    fn nak(&self, reply: String, delay: Option<Time>) -> Result<(), NatsError> {
        self.settle(&reply, Verdict::Nak(delay))
    }

    fn in_progress(&self, reply: String) -> Result<(), NatsError> {
        self.settle(&reply, Verdict::InProgress)
    }

    fn term(&self, reply: String) -> Result<(), NatsError> {
        self.settle(&reply, Verdict::Term)
    }

    fn delivery_of(&self, message: contract::Message) -> Result<contract::Delivery, NatsError> {
        Ok(delivery(message)?)
    }
}

impl From<Stored> for contract::Stored {
    fn from(stored: Stored) -> contract::Stored {
        contract::Stored {
            stream: stored.stream,
            sequence: stored.sequence,
            duplicate: stored.duplicate,
        }
    }
}

/// The contract's `pending-store`.
pub(super) struct PendingStore {
    sent: Sent,
    jetstream: crate::jetstream::JetStream,
}

impl GuestPendingStore for PendingStore {
    fn done(&self) -> Waitable {
        self.sent.done()
    }

    fn take(&self) -> Result<contract::Stored, NatsError> {
        let jetstream = &self.jetstream;
        let stored = self
            .sent
            .take(|client, number, deadline| jetstream.stored(client, number, deadline))?;
        Ok(stored.into())
    }
}

/// The contract's `consumer`.
pub(super) struct Consumer {
    shared: Rc<Shared>,
    jetstream: crate::jetstream::JetStream,
    pull: RefCell<Pull>,
}

impl Consumer {
    fn fetched(&self, fetch: Fetch) -> Result<Vec<contract::Delivery>, NatsError> {
        let mut pull = self.pull.borrow_mut();
        let messages = self
            .shared
            .with(|client| pull.fetch(&self.jetstream, client, fetch))?;
        let deliveries = messages.iter().map(|message| delivery(message.into()));
        Ok(deliveries.collect::<Result<_, Fault>>()?)
    }
}

impl GuestConsumer for Consumer {
    fn fetch(&self, most: u32, expires: Time) -> Result<Vec<contract::Delivery>, NatsError> {
        let expires = Some(expires);
        self.fetched(Fetch { most, expires })
    }

    fn fetch_no_wait(&self, most: u32) -> Result<Vec<contract::Delivery>, NatsError> {
        self.fetched(Fetch {
            most,
            expires: None,
        })
    }

    fn info(&self) -> Result<contract::ConsumerInfo, NatsError> {
        let pull = self.pull.borrow();
        let json = self.shared.with(|client| {
            self.jetstream
                .consumer_info(client, pull.stream(), pull.consumer())
        })?;
        Ok(consumer_info(&json))
    }
}

impl Drop for Consumer {
    fn drop(&mut self) {
        let id = self.pull.borrow().subscription();
        let _ = self.shared.with(|client| {
            client.forget(id);
            Ok(())
        });
    }
}
