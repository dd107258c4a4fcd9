//! Defines messages as they are published, received, and left as a will.

use crate::codec::{Property, Qos, Step};
use crate::topic::Topic;

/// What a message says of itself beside its payload (version 5).
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Properties {
    /// What the payload is, as a MIME type.
    pub content_type: Option<String>,
    /// Where an answer goes.
    pub response_topic: Option<String>,
    /// What an answer is known by.
    pub correlation_data: Option<Vec<u8>>,
    /// After how many seconds nobody is to get it any more.
    pub expiry_s: Option<u32>,
    /// Whether the payload is UTF-8.
    pub payload_is_text: bool,
    /// Pairs of names and values.
    pub user: Vec<(String, String)>,
}

/// A message to be published.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Publication {
    /// Where to.
    pub topic: Topic,
    /// What.
    pub payload: Vec<u8>,
    /// How surely.
    pub qos: Qos,
    /// Whether the server keeps it for those who subscribe later.
    pub retain: bool,
    /// Version 5 only.
    pub properties: Option<Box<Properties>>,
}

/// A message that came.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Message {
    /// Where it was published.
    pub topic: String,
    /// What.
    pub payload: Vec<u8>,
    /// How surely.
    pub qos: Qos,
    /// Whether the server had kept it.
    pub retain: bool,
    /// Whether it may have come before.
    pub duplicate: bool,
    /// When it came, as `feed` was told.
    pub arrival_ns: u64,
    /// The identifiers of the subscriptions that it came for.
    pub subscriptions: Vec<u32>,
    /// Version 5 only.
    pub properties: Option<Box<Properties>>,
    /// What is to be said to the server when it is taken.
    pub(super) acknowledge: Option<(Step, u16)>,
}

/// What the server publishes when the connection breaks.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct WillMessage {
    /// The message.
    pub message: Publication,
    /// How many seconds it waits for the client to come back (version 5).
    pub delay_s: u32,
    /// Version 5 only.
    pub properties: Option<Box<Properties>>,
}

impl Properties {
    /// As they are written.
    pub(super) fn listed(&self) -> Vec<Property<'_>> {
        let mut list = Vec::new();
        if self.payload_is_text {
            list.push(Property::PayloadIsText(true));
        }
        list.extend(self.expiry_s.map(Property::MessageExpiry));
        list.extend(self.content_type.as_deref().map(Property::ContentType));
        list.extend(self.response_topic.as_deref().map(Property::ResponseTopic));
        list.extend(
            self.correlation_data
                .as_deref()
                .map(Property::CorrelationData),
        );
        list.extend(
            self.user
                .iter()
                .map(|(name, value)| Property::User(name, value)),
        );
        list
    }

    /// As they were read; none when none of them is one of these.
    pub(super) fn of(list: &[Property<'_>]) -> Option<Box<Self>> {
        let mut properties = Self::default();
        let mut any = false;
        for property in list {
            any |= properties.note(property);
        }
        any.then(|| Box::new(properties))
    }

    fn note(&mut self, property: &Property<'_>) -> bool {
        match *property {
            Property::PayloadIsText(so) => self.payload_is_text = so,
            Property::MessageExpiry(seconds) => self.expiry_s = Some(seconds),
            Property::ContentType(text) => self.content_type = Some(text.to_owned()),
            Property::ResponseTopic(text) => self.response_topic = Some(text.to_owned()),
            Property::CorrelationData(bytes) => self.correlation_data = Some(bytes.to_vec()),
            Property::User(name, value) => {
                self.user.push((name.to_owned(), value.to_owned()));
            }
            _ => return false,
        }
        true
    }
}
