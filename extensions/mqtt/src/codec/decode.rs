//! Defines how packets are read.

use super::cursor::Cursor;
use super::property::{self, Property};
use super::{
    Ack, Connect, Fault, Frame, Granted, Greeting, Leave, Packet, Publish, Qos, RetainHandling,
    Step, Subscribe, Subscription, Unsubscribe, Version, Will,
};

/// The packet that a frame is; CONNECT says its version itself.
///
/// # Errors
/// When it does not follow the protocol.
pub fn decode(frame: Frame<'_>, version: Version) -> Result<Packet<'_>, Fault> {
    let kind = frame.first >> 4;
    let mut body = Body {
        cursor: Cursor::new(frame.body),
        version,
        kind,
    };
    if kind == 3 {
        return body.publish(frame.first & 0x0f).map(Packet::Publish);
    }
    let flags = if matches!(kind, 6 | 8 | 10) { 2 } else { 0 };
    if frame.first & 0x0f != flags {
        return Err(Fault::Malformed("flags that its kind can't have"));
    }
    let packet = body.packet()?;
    if body.cursor.is_empty() {
        Ok(packet)
    } else {
        Err(Fault::Malformed("bytes behind its end"))
    }
}

struct Body<'a> {
    cursor: Cursor<'a>,
    version: Version,
    kind: u8,
}

impl<'a> Body<'a> {
    fn packet(&mut self) -> Result<Packet<'a>, Fault> {
        Ok(match self.kind {
            1 => Packet::Connect(Box::new(self.connect()?)),
            2 => Packet::Greeting(self.greeting()?),
            4 => Packet::Ack(self.ack(Step::Acknowledged)?),
            5 => Packet::Ack(self.ack(Step::Received)?),
            6 => Packet::Ack(self.ack(Step::Released)?),
            7 => Packet::Ack(self.ack(Step::Completed)?),
            8 => Packet::Subscribe(self.subscribe()?),
            9 => Packet::SubAck(self.granted()?),
            10 => Packet::Unsubscribe(self.unsubscribe()?),
            11 => Packet::UnsubAck(self.granted()?),
            12 => Packet::PingRequest,
            13 => Packet::PingResponse,
            14 => Packet::Disconnect(self.leave()?),
            15 if self.version == Version::V5 => Packet::Auth(self.leave()?),
            _ => return Err(Fault::Malformed("a kind that does not exist")),
        })
    }

    fn publish(&mut self, flags: u8) -> Result<Publish<'a>, Fault> {
        let qos = Qos::from_number(flags >> 1 & 3).ok_or(Fault::Malformed("a QoS of 3"))?;
        let topic = self.cursor.text()?;
        let id = match qos {
            Qos::AtMostOnce => 0,
            _ => self.cursor.id()?,
        };
        let properties = self.properties()?;
        Ok(Publish {
            duplicate: flags & 8 != 0,
            qos,
            retain: flags & 1 != 0,
            topic,
            id,
            properties,
            payload: self.cursor.rest(),
        })
    }

    fn connect(&mut self) -> Result<Connect<'a>, Fault> {
        let name = self.cursor.text()?;
        self.version = match (name, self.cursor.byte()?) {
            ("MQTT", 4) => Version::V311,
            ("MQTT", 5) => Version::V5,
            _ => return Err(Fault::Malformed("a protocol that is not known")),
        };
        let flags = self.cursor.byte()?;
        if flags & 1 != 0 {
            return Err(Fault::Malformed("a flag that is reserved"));
        }
        let keep_alive_s = self.cursor.two()?;
        let properties = self.properties()?;
        Ok(Connect {
            version: self.version,
            clean_start: flags & 2 != 0,
            keep_alive_s,
            client_id: self.cursor.text()?,
            will: self.will(flags)?,
            user: (flags & 0x80 != 0)
                .then(|| self.cursor.text())
                .transpose()?,
            password: (flags & 0x40 != 0)
                .then(|| self.cursor.binary())
                .transpose()?,
            properties,
        })
    }

    fn will(&mut self, flags: u8) -> Result<Option<Will<'a>>, Fault> {
        if flags & 4 == 0 {
            return match flags & 0x38 {
                0 => Ok(None),
                _ => Err(Fault::Malformed("flags of a will without a will")),
            };
        }
        let properties = match self.version {
            Version::V311 => Vec::new(),
            Version::V5 => property::read(&mut self.cursor, property::WILL)?,
        };
        Ok(Some(Will {
            topic: self.cursor.text()?,
            payload: self.cursor.binary()?,
            qos: Qos::from_number(flags >> 3 & 3).ok_or(Fault::Malformed("a QoS of 3"))?,
            retain: flags & 0x20 != 0,
            properties,
        }))
    }

    fn greeting(&mut self) -> Result<Greeting<'a>, Fault> {
        Ok(Greeting {
            session_present: self.cursor.flag()?,
            reason: self.cursor.byte()?,
            // Servers of version 3 answer so to a client of version 5.
            properties: self.optional_properties()?,
        })
    }

    fn ack(&mut self, step: Step) -> Result<Ack<'a>, Fault> {
        let id = self.cursor.id()?;
        let (reason, properties) = self.optional_reason()?;
        Ok(Ack {
            step,
            id,
            reason,
            properties,
        })
    }

    fn subscribe(&mut self) -> Result<Subscribe<'a>, Fault> {
        let id = self.cursor.id()?;
        let properties = self.properties()?;
        let mut filters = Vec::new();
        while !self.cursor.is_empty() {
            filters.push(self.subscription()?);
        }
        match filters.len() {
            0 => Err(Fault::Malformed("it names no topic")),
            _ => Ok(Subscribe {
                id,
                properties,
                filters,
            }),
        }
    }

    fn subscription(&mut self) -> Result<Subscription<'a>, Fault> {
        let filter = self.cursor.text()?;
        let options = self.cursor.byte()?;
        let known = match self.version {
            Version::V311 => 0x03,
            Version::V5 => 0x3f,
        };
        if options & !known != 0 {
            return Err(Fault::Malformed("subscription options that are reserved"));
        }
        Ok(Subscription {
            filter,
            qos: Qos::from_number(options & 3).ok_or(Fault::Malformed("a QoS of 3"))?,
            no_local: options & 4 != 0,
            retain_as_published: options & 8 != 0,
            retain_handling: match options >> 4 {
                0 => RetainHandling::Send,
                1 => RetainHandling::SendIfNew,
                2 => RetainHandling::DontSend,
                _ => return Err(Fault::Malformed("a retain handling of 3")),
            },
        })
    }

    fn unsubscribe(&mut self) -> Result<Unsubscribe<'a>, Fault> {
        let id = self.cursor.id()?;
        let properties = self.properties()?;
        let mut filters = Vec::new();
        while !self.cursor.is_empty() {
            filters.push(self.cursor.text()?);
        }
        match filters.len() {
            0 => Err(Fault::Malformed("it names no topic")),
            _ => Ok(Unsubscribe {
                id,
                properties,
                filters,
            }),
        }
    }

    fn granted(&mut self) -> Result<Granted<'a>, Fault> {
        let id = self.cursor.id()?;
        let properties = self.properties()?;
        let reasons = self.cursor.rest();
        self.cursor.take(reasons.len())?;
        let none_are_right = self.kind == 11 && self.version == Version::V311;
        if reasons.is_empty() != none_are_right {
            return Err(Fault::Malformed("a wrong number of reason codes"));
        }
        Ok(Granted {
            id,
            properties,
            reasons,
        })
    }

    fn leave(&mut self) -> Result<Leave<'a>, Fault> {
        let (reason, properties) = self.optional_reason()?;
        Ok(Leave { reason, properties })
    }

    /// A reason and properties that may be left out from the end on.
    fn optional_reason(&mut self) -> Result<(u8, Vec<Property<'a>>), Fault> {
        if self.version == Version::V311 || self.cursor.is_empty() {
            return Ok((0, Vec::new()));
        }
        Ok((self.cursor.byte()?, self.optional_properties()?))
    }

    fn optional_properties(&mut self) -> Result<Vec<Property<'a>>, Fault> {
        if self.cursor.is_empty() {
            return Ok(Vec::new());
        }
        self.properties()
    }

    fn properties(&mut self) -> Result<Vec<Property<'a>>, Fault> {
        match self.version {
            Version::V311 => Ok(Vec::new()),
            Version::V5 => property::read(&mut self.cursor, self.kind),
        }
    }
}
