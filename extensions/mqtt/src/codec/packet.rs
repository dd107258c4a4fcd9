//! Defines MQTT's packets as values that borrow from the bytes which they were read from, or are written from.

use super::Property;

/// A version of the protocol.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Version {
    /// 3.1.1.
    V311,
    /// 5.
    V5,
}

/// How surely a message is delivered.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Qos {
    /// QoS 0: sent and forgotten.
    AtMostOnce,
    /// QoS 1: sent again until it is acknowledged.
    AtLeastOnce,
    /// QoS 2: acknowledged in two steps, so that none comes twice.
    ExactlyOnce,
}

impl Qos {
    /// As the protocol numbers them.
    pub fn from_number(number: u8) -> Option<Self> {
        match number {
            0 => Some(Self::AtMostOnce),
            1 => Some(Self::AtLeastOnce),
            2 => Some(Self::ExactlyOnce),
            _ => None,
        }
    }
}

/// A packet. Under version 3.1.1 the properties are empty and the reasons 0.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Packet<'a> {
    /// The client's first.
    Connect(Box<Connect<'a>>),
    /// The server's answer to it.
    Greeting(Greeting<'a>),
    /// A message.
    Publish(Publish<'a>),
    /// One step of acknowledging a message.
    Ack(Ack<'a>),
    /// Asks for messages.
    Subscribe(Subscribe<'a>),
    /// What was granted of it.
    SubAck(Granted<'a>),
    /// Asks for no more messages.
    Unsubscribe(Unsubscribe<'a>),
    /// What became of it.
    UnsubAck(Granted<'a>),
    /// A sign of life.
    PingRequest,
    /// The answer to it.
    PingResponse,
    /// The last packet, with its reason.
    Disconnect(Leave<'a>),
    /// A step of an extended authentication.
    Auth(Leave<'a>),
}

/// CONNECT.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Connect<'a> {
    /// The version that is spoken from here on.
    pub version: Version,
    /// Whether the server is to forget what it knows of this client (in 3.1.1: and again when it leaves).
    pub clean_start: bool,
    /// Within how many seconds the client shows that it is alive; 0 for never.
    pub keep_alive_s: u16,
    /// Who the client is; empty for a name that the server gives.
    pub client_id: &'a str,
    /// What the server publishes when the client breaks off.
    pub will: Option<Will<'a>>,
    /// The user's name.
    pub user: Option<&'a str>,
    /// The password, any bytes.
    pub password: Option<&'a [u8]>,
    /// Version 5 only.
    pub properties: Vec<Property<'a>>,
}

/// What the server publishes when the client breaks off.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Will<'a> {
    /// Where to.
    pub topic: &'a str,
    /// What.
    pub payload: &'a [u8],
    /// How surely.
    pub qos: Qos,
    /// Whether it is kept for those who subscribe later.
    pub retain: bool,
    /// Version 5 only.
    pub properties: Vec<Property<'a>>,
}

/// CONNACK.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Greeting<'a> {
    /// Whether the server knows the client's session still.
    pub session_present: bool,
    /// 0, or why not.
    pub reason: u8,
    /// Version 5 only.
    pub properties: Vec<Property<'a>>,
}

/// PUBLISH.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Publish<'a> {
    /// Whether it may have been sent before.
    pub duplicate: bool,
    /// How surely it is delivered.
    pub qos: Qos,
    /// Whether it is, or was, kept for those who subscribe later.
    pub retain: bool,
    /// Where to; empty where an alias says it.
    pub topic: &'a str,
    /// 0 for QoS 0.
    pub id: u16,
    /// Version 5 only.
    pub properties: Vec<Property<'a>>,
    /// What.
    pub payload: &'a [u8],
}

/// Which step of acknowledging it is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Step {
    /// PUBACK: of QoS 1.
    Acknowledged,
    /// PUBREC: the first of QoS 2, by the receiver.
    Received,
    /// PUBREL: the second, by the sender.
    Released,
    /// PUBCOMP: the third, by the receiver.
    Completed,
}

/// PUBACK, PUBREC, PUBREL or PUBCOMP.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Ack<'a> {
    /// Which of them.
    pub step: Step,
    /// The message's.
    pub id: u16,
    /// Below 128 for success.
    pub reason: u8,
    /// Version 5 only.
    pub properties: Vec<Property<'a>>,
}

/// SUBSCRIBE.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Subscribe<'a> {
    /// What its answer is known by.
    pub id: u16,
    /// Version 5 only.
    pub properties: Vec<Property<'a>>,
    /// At least one.
    pub filters: Vec<Subscription<'a>>,
}

/// What to subscribe to, and how.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Subscription<'a> {
    /// A topic, or a pattern of topics.
    pub filter: &'a str,
    /// The most that messages come with.
    pub qos: Qos,
    /// Version 5 only: none of the messages that this client itself publishes.
    pub no_local: bool,
    /// Version 5 only: messages come with the retain flag that they were published with.
    pub retain_as_published: bool,
    /// Version 5 only: whether messages come that were kept.
    pub retain_handling: RetainHandling,
}

/// Whether messages that were kept come on subscribing.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum RetainHandling {
    /// They come.
    Send,
    /// They come unless there was such a subscription before.
    SendIfNew,
    /// They don't come.
    DontSend,
}

/// SUBACK or UNSUBACK.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Granted<'a> {
    /// The request's.
    pub id: u16,
    /// Version 5 only.
    pub properties: Vec<Property<'a>>,
    /// One for each filter: what was granted, or from 128 why not. None in 3.1.1's UNSUBACK.
    pub reasons: &'a [u8],
}

/// UNSUBSCRIBE.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Unsubscribe<'a> {
    /// What its answer is known by.
    pub id: u16,
    /// Version 5 only.
    pub properties: Vec<Property<'a>>,
    /// At least one.
    pub filters: Vec<&'a str>,
}

/// DISCONNECT or AUTH.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Leave<'a> {
    /// Why, or which step.
    pub reason: u8,
    /// Version 5 only.
    pub properties: Vec<Property<'a>>,
}
