//! Defines how a client introduces itself, and what it makes of the server's answer.

use crate::codec::{self, Connect, Greeting, Packet, Property, Qos, Version, Will};
use crate::error::{Error, ErrorKind};
use crate::reason::{greeting_words, refusal};

use super::{Event, Granted, Machine, Settings, State, WillMessage};

impl<T> Machine<T> {
    /// Introduces the client on a connection that was just opened.
    ///
    /// # Errors
    /// When the settings are too long to be written.
    pub fn open(&mut self) -> Result<(), Error> {
        self.rest.clear();
        self.out.clear();
        let connect = self
            .settings
            .connect(self.settings.clean_start && !self.resumes());
        codec::encode(
            &Packet::Connect(Box::new(connect)),
            self.settings.version,
            &mut self.out,
        )
        .map_err(|_| {
            Error::options("client identifier, user, password, or a text or the payload of the will: more than the protocol's 65,535 bytes")
        })?;
        self.state = State::Greeting;
        Ok(())
    }

    /// Whether it comes back to a session of its own: in version 5 a clean start is for the first time only.
    fn resumes(&self) -> bool {
        self.was_open && self.settings.version == Version::V5 && self.keeps_session()
    }

    pub(super) fn greeted(&mut self, greeting: &Greeting<'_>) -> Result<(), Error> {
        if self.state != State::Greeting {
            return Err(self.violated("the server greeted twice"));
        }
        if greeting.reason != 0 {
            let why = greeting_words(self.settings.version, greeting.reason);
            return Err(refusal(
                "the server refused the connection",
                why,
                greeting.reason,
                &greeting.properties,
            ));
        }
        self.state = State::Open;
        self.was_open = true;
        self.server = Granted::of(greeting);
        self.events.push_back(Event::Opened);
        if greeting.session_present {
            self.flights.begin_again();
            self.send_again();
            return Ok(());
        }
        self.half_received.clear();
        let lost = Error::new(
            ErrorKind::Connection,
            "the connection was lost before this was acknowledged, and the server did not keep the session",
        );
        for errand in self.flights.forget() {
            self.events
                .push_back(Event::Finished(errand, Err(lost.clone())));
        }
        self.subscribe_again();
        Ok(())
    }
}

impl Settings {
    fn connect(&self, clean_start: bool) -> Connect<'_> {
        let user_properties = self.user_properties.iter();
        let mut properties = Vec::new();
        if self.session_expiry_s > 0 {
            properties.push(Property::SessionExpiry(self.session_expiry_s));
        }
        properties.push(Property::ReceiveMaximum(self.receive_maximum));
        if self.tells_most_bytes {
            properties.push(Property::MaximumPacketSize(self.most_bytes as u32));
        }
        if self.their_aliases > 0 {
            properties.push(Property::TopicAliasMaximum(self.their_aliases));
        }
        properties.extend(user_properties.map(|(name, value)| Property::User(name, value)));
        Connect {
            version: self.version,
            clean_start,
            keep_alive_s: self.keep_alive_s,
            client_id: &self.client_id,
            will: self.will.as_ref().map(WillMessage::written),
            user: self.user.as_deref(),
            password: self.password.as_deref(),
            properties,
        }
    }
}

impl WillMessage {
    fn written(&self) -> Will<'_> {
        let mut properties = Vec::new();
        if self.delay_s > 0 {
            properties.push(Property::WillDelay(self.delay_s));
        }
        if let Some(more) = &self.properties {
            properties.extend(more.listed());
        }
        Will {
            topic: self.message.topic.name(),
            payload: &self.message.payload,
            qos: self.message.qos,
            retain: self.message.retain,
            properties,
        }
    }
}

impl Granted {
    fn of(greeting: &Greeting<'_>) -> Self {
        let mut granted = Self {
            session_present: greeting.session_present,
            ..Self::default()
        };
        for property in &greeting.properties {
            granted.note(property);
        }
        granted
    }

    fn note(&mut self, property: &Property<'_>) {
        match *property {
            Property::AssignedClientIdentifier(id) => self.client_id = Some(id.to_owned()),
            Property::ServerKeepAlive(seconds) => self.keep_alive_s = Some(seconds),
            Property::SessionExpiry(seconds) => self.session_expiry_s = Some(seconds),
            Property::ReceiveMaximum(count) => self.receive_maximum = count,
            Property::MaximumPacketSize(size) => self.most_bytes = size as usize,
            Property::MaximumQos(qos) => {
                self.maximum_qos = Qos::from_number(qos).unwrap_or(Qos::ExactlyOnce);
            }
            Property::TopicAliasMaximum(count) => self.aliases = count,
            Property::RetainAvailable(so) => self.retain = so,
            Property::WildcardsAvailable(so) => self.wildcards = so,
            Property::SubscriptionIdentifiersAvailable(so) => self.identifiers = so,
            Property::SharedSubscriptionsAvailable(so) => self.shared = so,
            _ => {}
        }
    }
}
