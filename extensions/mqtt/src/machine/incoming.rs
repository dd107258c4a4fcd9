//! Defines what becomes of bytes that come.

use crate::codec::{self, Fault, Leave, Packet, Property, Publish, Qos, Step, Version};
use crate::error::{Error, ErrorKind};
use crate::reason::{refusal, words};

use super::{Event, Machine, Message, Properties, State};

impl<T> Machine<T> {
    /// Takes bytes that came at this time. Afterwards there may be output, events and messages.
    ///
    /// # Errors
    /// When the server refused, left, or broke the protocol: the client is closed then. What is in the output is still to be sent.
    pub fn feed(&mut self, bytes: &[u8], at_ns: u64) -> Result<(), Error> {
        if self.state == State::Closed {
            return Ok(());
        }
        if self.rest.is_empty() {
            let used = self.read_packets(bytes, at_ns)?;
            self.rest.extend_from_slice(&bytes[used..]);
            return Ok(());
        }
        self.rest.extend_from_slice(bytes);
        self.read_rest(at_ns)
    }

    /// Whether so much waits to be taken that nothing more should be read.
    pub fn is_full(&self) -> bool {
        self.inbox.overflows() || self.unacknowledged >= usize::from(self.settings.receive_maximum)
    }

    /// Takes the first message that waits.
    ///
    /// # Errors
    /// As [`feed`](Self::feed), by what was left unread for lack of room.
    pub fn take(&mut self, at_ns: u64) -> Result<Option<Message>, Error> {
        let was_full = self.is_full();
        let Some(message) = self.inbox.pop() else {
            return Ok(None);
        };
        if let Some((step, id)) = message.acknowledge {
            self.unacknowledged = self.unacknowledged.saturating_sub(1);
            self.say(step, id, 0);
        }
        if was_full && !self.is_full() && !self.rest.is_empty() {
            self.read_rest(at_ns)?;
        }
        Ok(Some(message))
    }

    fn read_rest(&mut self, at_ns: u64) -> Result<(), Error> {
        let mut rest = std::mem::take(&mut self.rest);
        let used = self.read_packets(&rest, at_ns)?;
        rest.drain(..used);
        self.rest = rest;
        Ok(())
    }

    /// Reads as many packets as are there and there is room for; returns how many bytes they took.
    fn read_packets(&mut self, bytes: &[u8], at_ns: u64) -> Result<usize, Error> {
        let mut used = 0;
        while self.state != State::Closed && !self.is_full() {
            let frame = match codec::frame(&bytes[used..], self.settings.most_bytes) {
                Ok(Some(frame)) => frame,
                Ok(None) => break,
                Err(fault) => return Err(self.faulted(&fault)),
            };
            used += frame.size;
            let done = match codec::decode(frame, self.settings.version) {
                Ok(packet) => self.received(&packet, at_ns),
                Err(fault) => return Err(self.faulted(&fault)),
            };
            if let Err(error) = done {
                self.close(&error);
                return Err(error);
            }
        }
        Ok(used)
    }

    fn received(&mut self, packet: &Packet<'_>, at_ns: u64) -> Result<(), Error> {
        if self.state == State::Greeting
            && !matches!(
                packet,
                Packet::Greeting(_) | Packet::Disconnect(_) | Packet::Auth(_)
            )
        {
            return Err(self.violated("the server's first packet is no CONNACK"));
        }
        match packet {
            Packet::Publish(publish) => self.message_came(publish, at_ns),
            Packet::Ack(ack) => self.acknowledged(ack),
            Packet::Greeting(greeting) => self.greeted(greeting),
            Packet::SubAck(granted) => self.subscribed(granted),
            Packet::UnsubAck(granted) => self.unsubscribed(granted),
            Packet::PingResponse => Ok(()),
            Packet::Disconnect(leave) => Err(self.server_left(leave)),
            Packet::Auth(_) => Err(self.violated(
                "the server asks for an extended authentication (AUTH), which this client does not offer",
            )),
            Packet::Connect(_)
            | Packet::Subscribe(_)
            | Packet::Unsubscribe(_)
            | Packet::PingRequest => Err(self.violated("the server sent what only clients send")),
        }
    }

    fn message_came(&mut self, publish: &Publish<'_>, at_ns: u64) -> Result<(), Error> {
        let topic = self.topic_of(publish)?;
        if publish.qos == Qos::ExactlyOnce && self.half_received.contains(&publish.id) {
            // It was delivered before; only what was said of that was lost.
            self.say(Step::Received, publish.id, 0);
            return Ok(());
        }
        let has_room = self.inbox.has_room();
        if publish.qos == Qos::AtMostOnce && !has_room {
            self.inbox.drop_one();
            self.events
                .push_back(Event::Dropped(topic, publish.payload.len()));
            return Ok(());
        }
        let acknowledge = self.acknowledgement(publish);
        self.keep(publish, topic, at_ns, acknowledge.filter(|_| !has_room));
        match acknowledge {
            Some((step, id)) if has_room => self.say(step, id, 0),
            Some(_) => self.unacknowledged += 1,
            None => {}
        }
        Ok(())
    }

    fn acknowledgement(&mut self, publish: &Publish<'_>) -> Option<(Step, u16)> {
        match publish.qos {
            Qos::AtMostOnce => None,
            Qos::AtLeastOnce => Some((Step::Acknowledged, publish.id)),
            Qos::ExactlyOnce => {
                self.half_received.insert(publish.id);
                Some((Step::Received, publish.id))
            }
        }
    }

    fn keep(
        &mut self,
        publish: &Publish<'_>,
        topic: String,
        arrival_ns: u64,
        acknowledge: Option<(Step, u16)>,
    ) {
        let identifiers = publish
            .properties
            .iter()
            .filter_map(|property| match property {
                Property::SubscriptionIdentifier(id) => Some(*id),
                _ => None,
            });
        self.inbox.push(Message {
            topic,
            payload: publish.payload.to_vec(),
            qos: publish.qos,
            retain: publish.retain,
            duplicate: publish.duplicate,
            arrival_ns,
            subscriptions: identifiers.collect(),
            properties: Properties::of(&publish.properties),
            acknowledge,
        });
    }

    fn topic_of(&mut self, publish: &Publish<'_>) -> Result<String, Error> {
        let alias = publish
            .properties
            .iter()
            .find_map(|property| match property {
                Property::TopicAlias(alias) => Some(*alias),
                _ => None,
            });
        let Some(alias) = alias else {
            return match publish.topic {
                "" => Err(self.violated("a message without a topic")),
                topic => Ok(topic.to_owned()),
            };
        };
        if alias > self.settings.their_aliases {
            return Err(self.violated_by(0x94, "a topic alias that was not offered"));
        }
        let place = usize::from(alias) - 1;
        if self.their_aliases.len() <= place {
            self.their_aliases.resize(place + 1, None);
        }
        if !publish.topic.is_empty() {
            self.their_aliases[place] = Some(publish.topic.to_owned());
        }
        match &self.their_aliases[place] {
            Some(topic) => Ok(topic.clone()),
            None => Err(self.violated("a topic alias that stands for nothing")),
        }
    }

    fn server_left(&mut self, leave: &Leave<'_>) -> Error {
        match self.settings.version {
            Version::V311 => self.violated("the server sent what only clients send"),
            Version::V5 => refusal(
                "the server disconnected",
                words(leave.reason),
                leave.reason,
                &leave.properties,
            ),
        }
    }

    /// The server broke the protocol: it is told so.
    pub(super) fn violated(&mut self, what: &str) -> Error {
        const PROTOCOL_ERROR: u8 = 0x82;
        self.violated_by(PROTOCOL_ERROR, what)
    }

    fn violated_by(&mut self, reason: u8, what: &str) -> Error {
        // Before it has greeted, and in version 3, the connection is just closed.
        if self.state == State::Open && self.settings.version == Version::V5 {
            self.say_goodbye(reason, &[]);
        }
        Error::coded(
            ErrorKind::Protocol,
            reason.into(),
            format!("the server broke the protocol: {what}"),
        )
    }

    fn faulted(&mut self, fault: &Fault) -> Error {
        const MALFORMED: u8 = 0x81;
        const TOO_LARGE: u8 = 0x95;
        let mut error = match fault {
            Fault::Malformed(_) => self.violated_by(MALFORMED, &fault.to_string()),
            Fault::TooLarge { .. } => self.violated_by(TOO_LARGE, &fault.to_string()),
        };
        if matches!(fault, Fault::TooLarge { .. }) {
            error.kind = ErrorKind::Limit;
            error.message =
                format!("the server sent {fault}\nhint: set a larger maximum packet size");
        }
        self.close(&error);
        error
    }
}
