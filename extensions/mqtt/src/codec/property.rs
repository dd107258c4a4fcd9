//! Defines the properties of version 5: what each is, and which packets may have it.

use super::Fault;
use super::cursor::Cursor;
use super::encode::{TooLong, put_binary, put_text, put_variable, variable_size};

/// One property of a packet.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[allow(missing_docs, reason = "the specification's own names")]
pub enum Property<'a> {
    PayloadIsText(bool),
    MessageExpiry(u32),
    ContentType(&'a str),
    ResponseTopic(&'a str),
    CorrelationData(&'a [u8]),
    SubscriptionIdentifier(u32),
    SessionExpiry(u32),
    AssignedClientIdentifier(&'a str),
    ServerKeepAlive(u16),
    AuthenticationMethod(&'a str),
    AuthenticationData(&'a [u8]),
    RequestProblemInformation(bool),
    WillDelay(u32),
    RequestResponseInformation(bool),
    ResponseInformation(&'a str),
    ServerReference(&'a str),
    ReasonString(&'a str),
    ReceiveMaximum(u16),
    TopicAliasMaximum(u16),
    TopicAlias(u16),
    MaximumQos(u8),
    RetainAvailable(bool),
    User(&'a str, &'a str),
    MaximumPacketSize(u32),
    WildcardsAvailable(bool),
    SubscriptionIdentifiersAvailable(bool),
    SharedSubscriptionsAvailable(bool),
}

/// Where properties stand: the packets by their number, and the will inside of CONNECT.
pub(super) const WILL: u8 = 16;

use Property as P;

/// The pairs of names and values that applications gave.
pub fn user_properties(properties: &[Property<'_>]) -> Vec<(String, String)> {
    let pairs = properties.iter().filter_map(|property| match property {
        P::User(name, value) => Some(((*name).to_owned(), (*value).to_owned())),
        _ => None,
    });
    pairs.collect()
}

/// Reads a list of properties with its length in front, for this kind of packet.
pub(super) fn read<'a>(cursor: &mut Cursor<'a>, packet: u8) -> Result<Vec<P<'a>>, Fault> {
    let length = cursor.variable()?;
    let mut list = Cursor::new(cursor.take(length as usize)?);
    let mut properties = Vec::new();
    let mut seen = 0u64;
    while !list.is_empty() {
        let id = list.byte()?;
        if id >= 64 || allowed(id) & (1 << packet) == 0 {
            return Err(Fault::Malformed("a property that this packet can't have"));
        }
        let many = id == 0x26 || (id == 0x0b && packet == 3);
        if seen & (1 << id) != 0 && !many {
            return Err(Fault::Malformed("a property that is there twice"));
        }
        seen |= 1 << id;
        properties.push(one(id, &mut list)?);
    }
    Ok(properties)
}

fn one<'a>(id: u8, from: &mut Cursor<'a>) -> Result<P<'a>, Fault> {
    Ok(match id {
        0x01 => P::PayloadIsText(from.flag()?),
        0x02 => P::MessageExpiry(from.four()?),
        0x03 => P::ContentType(from.text()?),
        0x08 => P::ResponseTopic(from.text()?),
        0x09 => P::CorrelationData(from.binary()?),
        0x0b => P::SubscriptionIdentifier(not_zero(from.variable()?)?),
        0x11 => P::SessionExpiry(from.four()?),
        0x12 => P::AssignedClientIdentifier(from.text()?),
        0x13 => P::ServerKeepAlive(from.two()?),
        0x15 => P::AuthenticationMethod(from.text()?),
        0x16 => P::AuthenticationData(from.binary()?),
        0x17 => P::RequestProblemInformation(from.flag()?),
        0x18 => P::WillDelay(from.four()?),
        0x19 => P::RequestResponseInformation(from.flag()?),
        0x1a => P::ResponseInformation(from.text()?),
        0x1c => P::ServerReference(from.text()?),
        0x1f => P::ReasonString(from.text()?),
        0x21 => P::ReceiveMaximum(not_zero(from.two()?)?),
        0x22 => P::TopicAliasMaximum(from.two()?),
        0x23 => P::TopicAlias(not_zero(from.two()?)?),
        0x24 => P::MaximumQos(u8::from(from.flag()?)),
        0x25 => P::RetainAvailable(from.flag()?),
        0x26 => P::User(from.text()?, from.text()?),
        0x27 => P::MaximumPacketSize(not_zero(from.four()?)?),
        0x28 => P::WildcardsAvailable(from.flag()?),
        0x29 => P::SubscriptionIdentifiersAvailable(from.flag()?),
        0x2a => P::SharedSubscriptionsAvailable(from.flag()?),
        _ => return Err(Fault::Malformed("a property that is not known")),
    })
}

/// The packets (a bit each) that may have this property.
fn allowed(id: u8) -> u32 {
    const CONNECT: u32 = 1 << 1;
    const GREETING: u32 = 1 << 2;
    const PUBLISH: u32 = 1 << 3;
    const ACKS: u32 = 0b1111 << 4;
    const SUBSCRIBE: u32 = 1 << 8;
    const SUB_ACK: u32 = 1 << 9;
    const UNSUBSCRIBE: u32 = 1 << 10;
    const UNSUB_ACK: u32 = 1 << 11;
    const DISCONNECT: u32 = 1 << 14;
    const AUTH: u32 = 1 << 15;
    const IN_WILL: u32 = 1 << WILL;
    const ANSWERS: u32 = GREETING | ACKS | SUB_ACK | UNSUB_ACK | DISCONNECT | AUTH;
    match id {
        0x01 | 0x02 | 0x03 | 0x08 | 0x09 => PUBLISH | IN_WILL,
        0x0b => PUBLISH | SUBSCRIBE,
        0x11 => CONNECT | GREETING | DISCONNECT,
        0x12 | 0x13 | 0x1a | 0x24 | 0x25 | 0x28..=0x2a => GREETING,
        0x15 | 0x16 => CONNECT | GREETING | AUTH,
        0x17 | 0x19 => CONNECT,
        0x18 => IN_WILL,
        0x1c => GREETING | DISCONNECT,
        0x1f => ANSWERS,
        0x21 | 0x22 | 0x27 => CONNECT | GREETING,
        0x23 => PUBLISH,
        0x26 => CONNECT | PUBLISH | SUBSCRIBE | UNSUBSCRIBE | IN_WILL | ANSWERS,
        _ => 0,
    }
}

fn not_zero<T: PartialEq + Default>(value: T) -> Result<T, Fault> {
    if value == T::default() {
        return Err(Fault::Malformed("a property is 0 that can't be"));
    }
    Ok(value)
}

/// Writes a list of properties with its length in front.
pub(super) fn write(out: &mut Vec<u8>, properties: &[P<'_>]) -> Result<(), TooLong> {
    put_variable(out, size_of_all(properties) as u32);
    properties
        .iter()
        .try_for_each(|property| property.write(out))
}

/// How many bytes a list takes, with its length in front.
pub(super) fn size(properties: &[P<'_>]) -> usize {
    let all = size_of_all(properties);
    variable_size(all as u32) + all
}

fn size_of_all(properties: &[P<'_>]) -> usize {
    properties.iter().map(Property::size).sum()
}

impl Property<'_> {
    fn size(&self) -> usize {
        1 + match *self {
            P::PayloadIsText(_)
            | P::RequestProblemInformation(_)
            | P::RequestResponseInformation(_)
            | P::MaximumQos(_)
            | P::RetainAvailable(_)
            | P::WildcardsAvailable(_)
            | P::SubscriptionIdentifiersAvailable(_)
            | P::SharedSubscriptionsAvailable(_) => 1,
            P::ServerKeepAlive(_)
            | P::ReceiveMaximum(_)
            | P::TopicAliasMaximum(_)
            | P::TopicAlias(_) => 2,
            P::MessageExpiry(_)
            | P::SessionExpiry(_)
            | P::WillDelay(_)
            | P::MaximumPacketSize(_) => 4,
            P::SubscriptionIdentifier(id) => variable_size(id),
            P::ContentType(text)
            | P::ResponseTopic(text)
            | P::AssignedClientIdentifier(text)
            | P::AuthenticationMethod(text)
            | P::ResponseInformation(text)
            | P::ServerReference(text)
            | P::ReasonString(text) => 2 + text.len(),
            P::CorrelationData(bytes) | P::AuthenticationData(bytes) => 2 + bytes.len(),
            P::User(name, value) => 4 + name.len() + value.len(),
        }
    }

    fn write(&self, out: &mut Vec<u8>) -> Result<(), TooLong> {
        out.push(self.id());
        match *self {
            P::PayloadIsText(flag)
            | P::RequestProblemInformation(flag)
            | P::RequestResponseInformation(flag)
            | P::RetainAvailable(flag)
            | P::WildcardsAvailable(flag)
            | P::SubscriptionIdentifiersAvailable(flag)
            | P::SharedSubscriptionsAvailable(flag) => out.push(flag.into()),
            P::MaximumQos(number) => out.push(number),
            P::ServerKeepAlive(number)
            | P::ReceiveMaximum(number)
            | P::TopicAliasMaximum(number)
            | P::TopicAlias(number) => out.extend(number.to_be_bytes()),
            P::MessageExpiry(number)
            | P::SessionExpiry(number)
            | P::WillDelay(number)
            | P::MaximumPacketSize(number) => out.extend(number.to_be_bytes()),
            P::SubscriptionIdentifier(id) => put_variable(out, id),
            P::ContentType(text)
            | P::ResponseTopic(text)
            | P::AssignedClientIdentifier(text)
            | P::AuthenticationMethod(text)
            | P::ResponseInformation(text)
            | P::ServerReference(text)
            | P::ReasonString(text) => put_text(out, text)?,
            P::CorrelationData(bytes) | P::AuthenticationData(bytes) => put_binary(out, bytes)?,
            P::User(name, value) => {
                put_text(out, name)?;
                put_text(out, value)?;
            }
        }
        Ok(())
    }

    fn id(&self) -> u8 {
        match self {
            P::PayloadIsText(_) => 0x01,
            P::MessageExpiry(_) => 0x02,
            P::ContentType(_) => 0x03,
            P::ResponseTopic(_) => 0x08,
            P::CorrelationData(_) => 0x09,
            P::SubscriptionIdentifier(_) => 0x0b,
            P::SessionExpiry(_) => 0x11,
            P::AssignedClientIdentifier(_) => 0x12,
            P::ServerKeepAlive(_) => 0x13,
            P::AuthenticationMethod(_) => 0x15,
            P::AuthenticationData(_) => 0x16,
            P::RequestProblemInformation(_) => 0x17,
            P::WillDelay(_) => 0x18,
            P::RequestResponseInformation(_) => 0x19,
            P::ResponseInformation(_) => 0x1a,
            P::ServerReference(_) => 0x1c,
            P::ReasonString(_) => 0x1f,
            P::ReceiveMaximum(_) => 0x21,
            P::TopicAliasMaximum(_) => 0x22,
            P::TopicAlias(_) => 0x23,
            P::MaximumQos(_) => 0x24,
            P::RetainAvailable(_) => 0x25,
            P::User(..) => 0x26,
            P::MaximumPacketSize(_) => 0x27,
            P::WildcardsAvailable(_) => 0x28,
            P::SubscriptionIdentifiersAvailable(_) => 0x29,
            P::SharedSubscriptionsAvailable(_) => 0x2a,
        }
    }
}
