//! Defines what the contract's values are in the machine, and the other way around.

use crate::codec::{Qos, RetainHandling};
use crate::error::{Error, ErrorKind};
use crate::machine::{Message, Properties, Publication, Wanted};
use crate::topic::Topic;

use super::bindings::exports::brunt::mqtt::client as wit;

const SECOND_NS: u64 = 1_000_000_000;

pub(super) fn qos(number: u8) -> Result<Qos, Error> {
    Qos::from_number(number).ok_or_else(|| Error::options(format!("QoS {number}: it is 0, 1 or 2")))
}

/// Whole seconds, rounded up; `u32::MAX` for what is longer.
pub(super) fn seconds(duration_ns: u64) -> u32 {
    u32::try_from(duration_ns.div_ceil(SECOND_NS)).unwrap_or(u32::MAX)
}

pub(super) fn publication(message: wit::Outgoing) -> Result<Publication, Error> {
    Ok(Publication {
        topic: Topic::new(&message.topic)?,
        payload: message.payload,
        qos: qos(message.qos)?,
        retain: message.retain.unwrap_or(false),
        properties: message.properties.map(properties),
    })
}

pub(super) fn properties(properties: wit::Properties) -> Box<Properties> {
    Box::new(Properties {
        content_type: properties.content_type,
        response_topic: properties.response_topic,
        correlation_data: properties.correlation_data,
        expiry_s: properties.message_expiry.map(seconds),
        payload_is_text: properties.payload_is_text.unwrap_or(false),
        user: properties.user_properties.unwrap_or_default(),
    })
}

pub(super) fn wanted(subscription: wit::Subscription) -> Result<Wanted, Error> {
    Ok(Wanted {
        filter: subscription.filter,
        qos: qos(subscription.qos)?,
        no_local: subscription.no_local.unwrap_or(false),
        retain_as_published: subscription.retain_as_published.unwrap_or(false),
        retain_handling: match subscription.retain_handling {
            None | Some(wit::RetainHandling::Send) => RetainHandling::Send,
            Some(wit::RetainHandling::SendIfNew) => RetainHandling::SendIfNew,
            Some(wit::RetainHandling::DontSend) => RetainHandling::DontSend,
        },
        identifier: subscription.identifier,
    })
}

pub(super) fn message(message: Message) -> wit::Message {
    wit::Message {
        topic: message.topic,
        payload: message.payload,
        qos: message.qos as u8,
        retain: message.retain,
        duplicate: message.duplicate,
        arrival: message.arrival_ns,
        subscriptions: message.subscriptions,
        properties: message.properties.map(|properties| shown(*properties)),
    }
}

fn shown(properties: Properties) -> wit::Properties {
    wit::Properties {
        content_type: properties.content_type,
        response_topic: properties.response_topic,
        correlation_data: properties.correlation_data,
        message_expiry: properties
            .expiry_s
            .map(|seconds| u64::from(seconds) * SECOND_NS),
        payload_is_text: Some(properties.payload_is_text),
        user_properties: Some(properties.user),
    }
}

pub(super) fn error(error: Error) -> wit::Error {
    wit::Error {
        kind: match error.kind {
            ErrorKind::Options => wit::ErrorKind::Options,
            ErrorKind::Connection => wit::ErrorKind::Connection,
            ErrorKind::Refused => wit::ErrorKind::Refused,
            ErrorKind::Protocol => wit::ErrorKind::Protocol,
            ErrorKind::Timeout => wit::ErrorKind::Timeout,
            ErrorKind::NotConnected => wit::ErrorKind::NotConnected,
            ErrorKind::Limit => wit::ErrorKind::Limit,
        },
        code: error.code,
        message: error.message,
    }
}
