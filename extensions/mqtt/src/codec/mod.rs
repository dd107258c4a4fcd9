//! Defines MQTT's packets as bytes, both ways, for versions 3.1.1 and 5.
//!
//! Written here, because no crate fits: `mqttbytes` is not kept any more and panics on malformed properties, `mqttrs` and `mqtt-protocol`
//! know no version 5, `ntex-mqtt` needs its own runtime, `rmqtt-codec` brings a runtime, regular expressions and calendars, and
//! `mqtt-protocol-core` builds each packet of boxes. Here a message is written straight from its caller's bytes to those that are sent,
//! and read in place. What rumqttc's codec says of the same bytes is what the tests compare with.

mod cursor;
mod decode;
mod encode;
mod frame;
mod packet;
mod property;

pub use decode::decode;
pub use encode::{TooLong, encode, ping_request, publish, publish_size};
pub use frame::{Frame, MOST_BYTES, frame};
pub use packet::{
    Ack, Connect, Granted, Greeting, Leave, Packet, Publish, Qos, RetainHandling, Step, Subscribe,
    Subscription, Unsubscribe, Version, Will,
};
pub use property::{Property, user_properties};

/// Why bytes are no packet.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Fault {
    /// The packet is larger than what was agreed on.
    TooLarge {
        /// Its size in bytes, all of it.
        size: usize,
        /// The largest that is accepted.
        most: usize,
    },
    /// It does not follow the protocol; in words, what is wrong.
    Malformed(&'static str),
}

impl std::fmt::Display for Fault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::TooLarge { size, most } => write!(
                f,
                "a packet of {size} bytes, more than the {most} that are accepted"
            ),
            Self::Malformed(what) => write!(f, "a malformed packet: {what}"),
        }
    }
}
