//! Defines how packets are written.

use super::property::{self, Property};
use super::{
    Ack, Connect, Granted, Greeting, Leave, MOST_BYTES, Packet, Publish, Qos, Step, Subscribe,
    Unsubscribe, Version,
};

/// Something is too long to be written: a text of more than 65,535 bytes, or a packet of more than [`MOST_BYTES`].
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct TooLong;

/// Adds a packet's bytes to `out`.
///
/// # Errors
/// When it is too long; `out` is then as it was.
pub fn encode(packet: &Packet<'_>, version: Version, out: &mut Vec<u8>) -> Result<(), TooLong> {
    let before = out.len();
    let written = write(packet, version, out);
    if written.is_err() {
        out.truncate(before);
    }
    written
}

/// Adds a message's bytes to `out`: once through, without an allocation beside `out`'s own.
///
/// # Errors
/// When it is too long; `out` is then as it was.
pub fn publish(message: &Publish<'_>, version: Version, out: &mut Vec<u8>) -> Result<(), TooLong> {
    let size = publish_size(message, version);
    let topic_length = u16::try_from(message.topic.len()).map_err(|_| TooLong)?;
    if size > MOST_BYTES - 5 {
        return Err(TooLong);
    }
    let before = out.len();
    out.reserve(size + 5);
    out.push(
        0x30 | u8::from(message.duplicate) << 3
            | (message.qos as u8) << 1
            | u8::from(message.retain),
    );
    put_variable(out, size as u32);
    out.extend_from_slice(&topic_length.to_be_bytes());
    out.extend_from_slice(message.topic.as_bytes());
    if message.qos != Qos::AtMostOnce {
        out.extend_from_slice(&message.id.to_be_bytes());
    }
    if version == Version::V5
        && let Err(error) = property::write(out, &message.properties)
    {
        out.truncate(before);
        return Err(error);
    }
    out.extend_from_slice(message.payload);
    Ok(())
}

/// How many bytes a message takes behind its kind and length.
pub fn publish_size(message: &Publish<'_>, version: Version) -> usize {
    let id = if message.qos == Qos::AtMostOnce { 0 } else { 2 };
    let properties = match version {
        Version::V311 => 0,
        Version::V5 => property::size(&message.properties),
    };
    2 + message.topic.len() + id + properties + message.payload.len()
}

/// The bytes of PINGREQ.
pub fn ping_request() -> [u8; 2] {
    [0xc0, 0]
}

fn write(packet: &Packet<'_>, version: Version, out: &mut Vec<u8>) -> Result<(), TooLong> {
    let mut body = Vec::new();
    let first = match packet {
        Packet::Publish(message) => return publish(message, version, out),
        Packet::Connect(connect) => write_connect(&mut body, connect)?,
        Packet::Greeting(greeting) => write_greeting(&mut body, greeting, version)?,
        Packet::Ack(ack) => write_ack(&mut body, ack, version)?,
        Packet::Subscribe(subscribe) => write_subscribe(&mut body, subscribe, version)?,
        Packet::Unsubscribe(unsubscribe) => write_unsubscribe(&mut body, unsubscribe, version)?,
        Packet::SubAck(granted) => write_granted(&mut body, granted, version, 0x90)?,
        Packet::UnsubAck(granted) => write_granted(&mut body, granted, version, 0xb0)?,
        Packet::PingRequest => 0xc0,
        Packet::PingResponse => 0xd0,
        Packet::Disconnect(leave) => write_leave(&mut body, leave, version, 0xe0)?,
        Packet::Auth(leave) => write_leave(&mut body, leave, version, 0xf0)?,
    };
    if body.len() > MOST_BYTES - 5 {
        return Err(TooLong);
    }
    out.push(first);
    put_variable(out, body.len() as u32);
    out.extend_from_slice(&body);
    Ok(())
}

fn write_connect(out: &mut Vec<u8>, connect: &Connect<'_>) -> Result<u8, TooLong> {
    let v5 = connect.version == Version::V5;
    put_text(out, "MQTT")?;
    out.push(if v5 { 5 } else { 4 });
    let will = connect.will.as_ref().map_or(0, |will| {
        0x04 | (will.qos as u8) << 3 | u8::from(will.retain) << 5
    });
    out.push(
        u8::from(connect.user.is_some()) << 7
            | u8::from(connect.password.is_some()) << 6
            | will
            | u8::from(connect.clean_start) << 1,
    );
    out.extend(connect.keep_alive_s.to_be_bytes());
    put_properties(out, &connect.properties, connect.version)?;
    put_text(out, connect.client_id)?;
    if let Some(will) = &connect.will {
        put_properties(out, &will.properties, connect.version)?;
        put_text(out, will.topic)?;
        put_binary(out, will.payload)?;
    }
    if let Some(user) = connect.user {
        put_text(out, user)?;
    }
    if let Some(password) = connect.password {
        put_binary(out, password)?;
    }
    Ok(0x10)
}

fn write_greeting(
    out: &mut Vec<u8>,
    greeting: &Greeting<'_>,
    version: Version,
) -> Result<u8, TooLong> {
    out.push(greeting.session_present.into());
    out.push(greeting.reason);
    put_properties(out, &greeting.properties, version)?;
    Ok(0x20)
}

fn write_ack(out: &mut Vec<u8>, ack: &Ack<'_>, version: Version) -> Result<u8, TooLong> {
    out.extend(ack.id.to_be_bytes());
    // What says nothing but success is two bytes long in both versions.
    if version == Version::V5 && (ack.reason != 0 || !ack.properties.is_empty()) {
        out.push(ack.reason);
        property::write(out, &ack.properties)?;
    }
    Ok(match ack.step {
        Step::Acknowledged => 0x40,
        Step::Received => 0x50,
        Step::Released => 0x62,
        Step::Completed => 0x70,
    })
}

fn write_subscribe(
    out: &mut Vec<u8>,
    subscribe: &Subscribe<'_>,
    version: Version,
) -> Result<u8, TooLong> {
    out.extend(subscribe.id.to_be_bytes());
    put_properties(out, &subscribe.properties, version)?;
    for one in &subscribe.filters {
        put_text(out, one.filter)?;
        let more = match version {
            Version::V311 => 0,
            Version::V5 => {
                u8::from(one.no_local) << 2
                    | u8::from(one.retain_as_published) << 3
                    | (one.retain_handling as u8) << 4
            }
        };
        out.push(one.qos as u8 | more);
    }
    Ok(0x82)
}

fn write_unsubscribe(
    out: &mut Vec<u8>,
    unsubscribe: &Unsubscribe<'_>,
    version: Version,
) -> Result<u8, TooLong> {
    out.extend(unsubscribe.id.to_be_bytes());
    put_properties(out, &unsubscribe.properties, version)?;
    for filter in &unsubscribe.filters {
        put_text(out, filter)?;
    }
    Ok(0xa2)
}

fn write_granted(
    out: &mut Vec<u8>,
    granted: &Granted<'_>,
    version: Version,
    first: u8,
) -> Result<u8, TooLong> {
    out.extend(granted.id.to_be_bytes());
    put_properties(out, &granted.properties, version)?;
    out.extend_from_slice(granted.reasons);
    Ok(first)
}

fn write_leave(
    out: &mut Vec<u8>,
    leave: &Leave<'_>,
    version: Version,
    first: u8,
) -> Result<u8, TooLong> {
    if version == Version::V5 && (leave.reason != 0 || !leave.properties.is_empty()) {
        out.push(leave.reason);
        property::write(out, &leave.properties)?;
    }
    Ok(first)
}

fn put_properties(
    out: &mut Vec<u8>,
    properties: &[Property<'_>],
    version: Version,
) -> Result<(), TooLong> {
    match version {
        Version::V311 => Ok(()),
        Version::V5 => property::write(out, properties),
    }
}

pub(super) fn put_text(out: &mut Vec<u8>, text: &str) -> Result<(), TooLong> {
    put_binary(out, text.as_bytes())
}

pub(super) fn put_binary(out: &mut Vec<u8>, bytes: &[u8]) -> Result<(), TooLong> {
    let length = u16::try_from(bytes.len()).map_err(|_| TooLong)?;
    out.extend_from_slice(&length.to_be_bytes());
    out.extend_from_slice(bytes);
    Ok(())
}

/// Writes a number below 2^28, seven bits in each byte.
pub(super) fn put_variable(out: &mut Vec<u8>, mut value: u32) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

pub(super) fn variable_size(value: u32) -> usize {
    match value {
        0..0x80 => 1,
        0x80..0x4000 => 2,
        0x4000..0x20_0000 => 3,
        _ => 4,
    }
}
