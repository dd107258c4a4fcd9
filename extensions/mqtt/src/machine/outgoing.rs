//! Defines how messages are published and what their acknowledgements do.

use crate::codec::{self, Ack, Packet, Property, Publish, Qos, Step, Version};
use crate::error::{Error, ErrorKind};
use crate::reason::{refusal, words};

use super::flights::Flight;
use super::{Event, Finished, Machine, Publication};

impl<T> Machine<T> {
    /// Whether one more message with this QoS, 1 or 2, may be on its way.
    pub fn has_room(&self, qos: Qos) -> bool {
        !self.flights.are_behind() && self.flights.messages() < self.window(qos)
    }

    /// How many messages and requests were sent, on this connection or one before, and not answered.
    pub fn in_flight(&self) -> usize {
        self.flights.unanswered()
    }

    fn window(&self, qos: Qos) -> usize {
        self.settings
            .most_in_flight(qos)
            .min(self.server.receive_maximum)
            .into()
    }

    /// Writes a message. Whether its acknowledgement is waited for: with QoS 0 it ends with being written, and there is no errand.
    ///
    /// # Errors
    /// When the client is not connected, there is no room (ask [`has_room`](Self::has_room) before), or the server takes no such message.
    pub fn publish(
        &mut self,
        publication: Publication,
        errand: impl FnOnce() -> T,
    ) -> Result<bool, Error> {
        if !self.is_open() {
            return Err(not_connected());
        }
        self.check_publication(&publication)?;
        if publication.qos == Qos::AtMostOnce {
            self.write_message(&publication, 0, false)?;
            return Ok(false);
        }
        let id = match self.has_room(publication.qos) {
            true => self.flights.free_id(),
            false => None,
        };
        let id = id.ok_or_else(|| {
            Error::new(
                ErrorKind::Limit,
                "as many messages as the server takes are on their way already",
            )
        })?;
        self.write_message(&publication, id, false)?;
        self.flights.publish(id, publication, errand());
        Ok(true)
    }

    fn check_publication(&self, publication: &Publication) -> Result<(), Error> {
        if publication.qos > self.server.maximum_qos {
            return Err(Error::new(
                ErrorKind::Limit,
                format!(
                    "QoS {}: the server takes at most QoS {}",
                    publication.qos as u8, self.server.maximum_qos as u8
                ),
            ));
        }
        if publication.retain && !self.server.retain {
            return Err(Error::new(
                ErrorKind::Limit,
                "the server does not keep messages: publish without retain",
            ));
        }
        if publication.properties.is_some() && self.settings.version == Version::V311 {
            return Err(Error::options(
                "properties of a message: only in version 5\nhint: set the version to 5",
            ));
        }
        Ok(())
    }

    fn write_message(
        &mut self,
        publication: &Publication,
        id: u16,
        duplicate: bool,
    ) -> Result<(), Error> {
        let mut properties = publication
            .properties
            .as_ref()
            .map_or_else(Vec::new, |some| some.listed());
        let mut topic = publication.topic.name();
        if self.settings.uses_aliases && self.server.aliases > 0 {
            topic = self.alias(publication, &mut properties);
        }
        let message = Publish {
            duplicate,
            qos: publication.qos,
            retain: publication.retain,
            topic,
            id,
            properties,
            payload: &publication.payload,
        };
        let size = codec::publish_size(&message, self.settings.version) + 5;
        if size > self.server.most_bytes {
            return Err(Error::new(
                ErrorKind::Limit,
                format!(
                    "a message of about {size} bytes on {:?}: the server takes at most {}",
                    publication.topic.name(),
                    self.server.most_bytes
                ),
            ));
        }
        codec::publish(&message, self.settings.version, &mut self.out).map_err(|_| {
            Error::new(
                ErrorKind::Limit,
                "the message, or one of its texts, is longer than the protocol allows",
            )
        })
    }

    /// Lets an alias stand for the topic; returns what is still to be written of it.
    fn alias<'a>(
        &mut self,
        publication: &'a Publication,
        properties: &mut Vec<Property<'a>>,
    ) -> &'a str {
        if let Some(alias) = self.aliases.get(&publication.topic) {
            properties.push(Property::TopicAlias(*alias));
            return "";
        }
        if self.aliases.len() < usize::from(self.server.aliases) {
            let alias = self.aliases.len() as u16 + 1;
            self.aliases.insert(publication.topic.clone(), alias);
            properties.push(Property::TopicAlias(alias));
        }
        publication.topic.name()
    }

    /// Sends again what an earlier connection left unacknowledged, as far as there is room.
    pub(super) fn send_again(&mut self) {
        while let Some((id, qos)) = self.flights.next_again()
            && self.flights.messages() < self.window(qos)
        {
            self.flights.is_sent_again();
            let Some(Flight::Publish {
                publication,
                released,
                ..
            }) = self.flights.get(id)
            else {
                continue;
            };
            if *released {
                self.say(Step::Released, id, 0);
                continue;
            }
            let publication = publication.clone();
            if let Err(error) = self.write_message(&publication, id, true) {
                self.finish_message(id, Err(error));
            }
        }
    }

    pub(super) fn acknowledged(&mut self, ack: &Ack<'_>) -> Result<(), Error> {
        match ack.step {
            Step::Released => {
                self.released(ack);
                Ok(())
            }
            step => self.answered(step, ack),
        }
    }

    /// The sender of a message with QoS 2 that came needs to be told no more that it was received.
    fn released(&mut self, ack: &Ack<'_>) {
        const NOT_FOUND: u8 = 0x92;
        let known = self.half_received.remove(&ack.id);
        let says_so = !known && self.settings.version == Version::V5;
        self.say(Step::Completed, ack.id, if says_so { NOT_FOUND } else { 0 });
    }

    fn answered(&mut self, step: Step, ack: &Ack<'_>) -> Result<(), Error> {
        let Some(Flight::Publish {
            publication,
            released,
            ..
        }) = self.flights.get_mut(ack.id)
        else {
            return self.answered_nothing(step, ack);
        };
        let fits = match step {
            Step::Acknowledged => publication.qos == Qos::AtLeastOnce,
            Step::Received => publication.qos == Qos::ExactlyOnce,
            Step::Completed | Step::Released => publication.qos == Qos::ExactlyOnce && *released,
        };
        if !fits {
            return Err(self.violated("the server acknowledged a message by the wrong step"));
        }
        if ack.reason >= 0x80 {
            let what = format!(
                "the server refused a message on {:?}",
                publication.topic.name()
            );
            let error = refusal(&what, words(ack.reason), ack.reason, &ack.properties);
            self.finish_message(ack.id, Err(error));
        } else if step == Step::Received {
            *released = true;
            publication.payload = Vec::new();
            self.say(Step::Released, ack.id, 0);
        } else {
            self.finish_message(ack.id, Ok(Finished::Published));
        }
        Ok(())
    }

    /// What belongs to a message that an earlier connection has settled is nothing wrong.
    fn answered_nothing(&mut self, step: Step, ack: &Ack<'_>) -> Result<(), Error> {
        const NOT_FOUND: u8 = 0x92;
        if step == Step::Received {
            let v5 = self.settings.version == Version::V5;
            if ack.reason < 0x80 {
                self.say(Step::Released, ack.id, if v5 { NOT_FOUND } else { 0 });
            }
        }
        Ok(())
    }

    fn finish_message(&mut self, id: u16, result: Result<Finished, Error>) {
        if let Some(Flight::Publish { errand, .. }) = self.flights.remove(id) {
            self.events.push_back(Event::Finished(errand, result));
        }
        self.send_again();
    }

    /// Writes one step of acknowledging.
    pub(super) fn say(&mut self, step: Step, id: u16, reason: u8) {
        let ack = Ack {
            step,
            id,
            reason,
            properties: Vec::new(),
        };
        let said = codec::encode(&Packet::Ack(ack), self.settings.version, &mut self.out);
        debug_assert!(said.is_ok(), "an acknowledgement is short");
    }
}

pub(super) fn not_connected() -> Error {
    Error::new(
        ErrorKind::NotConnected,
        "the client is not connected\nhint: call connect or reconnect first",
    )
}
