//! Defines how the contract's values and those of the client become each other.

use super::bindings::exports::brunt::nats::client as contract;
use crate::jetstream::{
    AckPolicy, ConsumerConfig, Deliver, Metadata, Retention, Storage, StreamConfig,
};
use crate::{Fault, Kind, Message, Outgoing};

impl From<Fault> for contract::NatsError {
    fn from(fault: Fault) -> contract::NatsError {
        use contract::ErrorKind;
        let kind = match fault.kind {
            Kind::Closed => ErrorKind::Closed,
            Kind::Network => ErrorKind::Network,
            Kind::Timeout => ErrorKind::Timeout,
            Kind::NoResponders => ErrorKind::NoResponders,
            Kind::Authorization => ErrorKind::Authorization,
            Kind::Permissions => ErrorKind::Permissions,
            Kind::TooLarge => ErrorKind::TooLarge,
            Kind::Invalid => ErrorKind::Invalid,
            Kind::Limit => ErrorKind::Limit,
            Kind::Jetstream => ErrorKind::Jetstream,
            Kind::Protocol => ErrorKind::Protocol,
            Kind::Other => ErrorKind::Other,
        };
        contract::NatsError {
            kind,
            code: fault.code,
            message: fault.message,
        }
    }
}

impl From<&Message> for contract::Message {
    fn from(message: &Message) -> contract::Message {
        contract::Message {
            subject: message.subject().into_owned(),
            reply: message.reply().map(|reply| reply.into_owned()),
            headers: message.headers(),
            payload: message.payload().to_vec(),
        }
    }
}

impl contract::Outgoing {
    pub(super) fn borrowed(&self) -> Outgoing<'_> {
        Outgoing {
            subject: &self.subject,
            reply: self.reply.as_deref(),
            headers: self.headers.as_deref().unwrap_or_default(),
            payload: &self.payload,
        }
    }
}

/// A message as what a consumer has delivered.
pub(super) fn delivery(message: contract::Message) -> Result<contract::Delivery, Fault> {
    let reply = message.reply.unwrap_or_default();
    let metadata = Metadata::read(&reply)?;
    Ok(contract::Delivery {
        subject: message.subject,
        headers: message.headers,
        payload: message.payload,
        reply,
        stream_sequence: metadata.stream_sequence,
        consumer_sequence: metadata.consumer_sequence,
        deliveries: metadata.deliveries,
        stored_at: metadata.stored_at,
        pending: metadata.pending,
    })
}

impl From<contract::StreamConfig> for StreamConfig {
    fn from(config: contract::StreamConfig) -> StreamConfig {
        let storage = config.storage.map(|storage| match storage {
            contract::Storage::File => Storage::File,
            contract::Storage::Memory => Storage::Memory,
        });
        let retention = config.retention.map(|retention| match retention {
            contract::Retention::Limits => Retention::Limits,
            contract::Retention::Interest => Retention::Interest,
            contract::Retention::WorkQueue => Retention::WorkQueue,
        });
        StreamConfig {
            name: config.name,
            subjects: config.subjects,
            storage: storage.unwrap_or_default(),
            retention: retention.unwrap_or_default(),
            max_messages: config.max_messages,
            max_bytes: config.max_bytes,
            max_age: config.max_age,
            replicas: config.replicas,
            duplicate_window: config.duplicate_window,
            more: config.more,
        }
    }
}

impl From<contract::ConsumerConfig> for ConsumerConfig {
    fn from(config: contract::ConsumerConfig) -> ConsumerConfig {
        let deliver = config.deliver.map(|deliver| match deliver {
            contract::Deliver::All => Deliver::All,
            contract::Deliver::Last => Deliver::Last,
            contract::Deliver::New => Deliver::New,
            contract::Deliver::LastPerSubject => Deliver::LastPerSubject,
        });
        let ack = config.ack.map(|ack| match ack {
            contract::AckPolicy::Explicit => AckPolicy::Explicit,
            contract::AckPolicy::All => AckPolicy::All,
            contract::AckPolicy::None => AckPolicy::None,
        });
        ConsumerConfig {
            durable: config.durable,
            filter: config.filter,
            deliver: deliver.unwrap_or_default(),
            ack: ack.unwrap_or_default(),
            ack_wait: config.ack_wait,
            max_deliver: config.max_deliver,
            max_ack_pending: config.max_ack_pending,
            more: config.more,
        }
    }
}

/// What JetStream says of a stream.
pub(super) fn stream_info(json: &serde_json::Value) -> contract::StreamInfo {
    let state = &json["state"];
    let number = |name: &str| state[name].as_u64().unwrap_or_default();
    contract::StreamInfo {
        name: text(&json["config"]["name"]),
        messages: number("messages"),
        bytes: number("bytes"),
        first_sequence: number("first_seq"),
        last_sequence: number("last_seq"),
        consumers: number("consumer_count") as u32,
        json: json.to_string(),
    }
}

/// What JetStream says of a consumer.
pub(super) fn consumer_info(json: &serde_json::Value) -> contract::ConsumerInfo {
    let number = |name: &str| json[name].as_u64().unwrap_or_default();
    contract::ConsumerInfo {
        stream: text(&json["stream_name"]),
        name: text(&json["name"]),
        pending: number("num_pending"),
        ack_pending: number("num_ack_pending"),
        redelivered: number("num_redelivered"),
        delivered: json["delivered"]["stream_seq"].as_u64().unwrap_or_default(),
        json: json.to_string(),
    }
}

fn text(json: &serde_json::Value) -> String {
    json.as_str().unwrap_or_default().to_owned()
}
