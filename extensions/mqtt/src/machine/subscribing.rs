//! Defines how a client asks for messages, and for no more of them.

use crate::codec::{
    self, Granted, Packet, Property, Qos, RetainHandling, Subscribe, Subscription, Unsubscribe,
    Version,
};
use crate::error::{Error, ErrorKind};
use crate::reason::{refusal, words};
use crate::topic::{check_filter, has_wildcards, is_shared};

use super::flights::Flight;
use super::outgoing::not_connected;
use super::{Event, Finished, Machine};

/// A subscription that is wanted.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Wanted {
    /// A topic, or a pattern of topics.
    pub filter: String,
    /// The most that messages come with.
    pub qos: Qos,
    /// Version 5 only: none of the messages that this client itself publishes.
    pub no_local: bool,
    /// Version 5 only: messages come with the retain flag that they were published with.
    pub retain_as_published: bool,
    /// Version 5 only: whether messages come that were kept.
    pub retain_handling: RetainHandling,
    /// Version 5 only: a number that its messages come with, from 1 to 268,435,455.
    pub identifier: Option<u32>,
}

impl Wanted {
    /// A subscription without anything special.
    pub fn new(filter: &str, qos: Qos) -> Self {
        Self {
            filter: filter.to_owned(),
            qos,
            no_local: false,
            retain_as_published: false,
            retain_handling: RetainHandling::Send,
            identifier: None,
        }
    }

    fn needs_version_5(&self) -> bool {
        self.no_local
            || self.retain_as_published
            || self.retain_handling != RetainHandling::Send
            || self.identifier.is_some()
    }

    fn written(&self) -> Subscription<'_> {
        Subscription {
            filter: &self.filter,
            qos: self.qos,
            no_local: self.no_local,
            retain_as_published: self.retain_as_published,
            retain_handling: self.retain_handling,
        }
    }
}

impl<T> Machine<T> {
    /// The subscriptions that were granted, or are about to be asked for again.
    pub fn subscriptions(&self) -> &[Wanted] {
        &self.wanted
    }

    /// Asks for messages: one request, so all with the same identifier.
    ///
    /// # Errors
    /// When the client is not connected, a filter is wrong, or the server has no such subscriptions.
    pub fn subscribe(&mut self, wanted: Vec<Wanted>, errand: T) -> Result<(), Error> {
        self.check_open()?;
        if wanted.is_empty() {
            return Err(Error::options("there is no topic filter to subscribe to"));
        }
        for one in &wanted {
            self.check_wanted(one)?;
        }
        self.ask_for(wanted, Some(errand))
    }

    /// Asks for no more messages of these filters.
    ///
    /// # Errors
    /// When the client is not connected, or a filter is wrong.
    pub fn unsubscribe(&mut self, filters: Vec<String>, errand: T) -> Result<(), Error> {
        self.check_open()?;
        if filters.is_empty() {
            return Err(Error::options(
                "there is no topic filter to unsubscribe from",
            ));
        }
        filters.iter().try_for_each(|filter| check_filter(filter))?;
        let id = self.id_for_request()?;
        let request = Unsubscribe {
            id,
            properties: Vec::new(),
            filters: filters.iter().map(String::as_str).collect(),
        };
        self.request(&Packet::Unsubscribe(request))?;
        self.flights
            .insert(id, Flight::Unsubscribe { filters, errand });
        Ok(())
    }

    fn check_open(&self) -> Result<(), Error> {
        match self.is_open() {
            true => Ok(()),
            false => Err(not_connected()),
        }
    }

    fn check_wanted(&self, wanted: &Wanted) -> Result<(), Error> {
        check_filter(&wanted.filter)?;
        let not = |why: &str| {
            Err(Error::new(
                ErrorKind::Limit,
                format!("topic filter {:?}: {why}", wanted.filter),
            ))
        };
        if self.settings.version == Version::V311 && wanted.needs_version_5() {
            return Err(Error::options(format!(
                "topic filter {:?}: options of a subscription other than its QoS are only in version 5",
                wanted.filter
            )));
        }
        if has_wildcards(&wanted.filter) && !self.server.wildcards {
            return not("the server has no wildcard subscriptions");
        }
        if is_shared(&wanted.filter) && !self.server.shared {
            return not("the server has no shared subscriptions");
        }
        if is_shared(&wanted.filter) && wanted.no_local {
            return Err(Error::options(format!(
                "topic filter {:?}: a shared subscription can't leave out own messages",
                wanted.filter
            )));
        }
        match wanted.identifier {
            None => Ok(()),
            Some(_) if !self.server.identifiers => {
                not("the server has no subscription identifiers")
            }
            Some(1..=268_435_455) => Ok(()),
            Some(_) => Err(Error::options(
                "a subscription identifier is from 1 to 268,435,455",
            )),
        }
    }

    fn ask_for(&mut self, wanted: Vec<Wanted>, errand: Option<T>) -> Result<(), Error> {
        let id = self.id_for_request()?;
        let identifier = wanted.first().and_then(|first| first.identifier);
        let request = Subscribe {
            id,
            properties: identifier
                .map(Property::SubscriptionIdentifier)
                .into_iter()
                .collect(),
            filters: wanted.iter().map(Wanted::written).collect(),
        };
        self.request(&Packet::Subscribe(request))?;
        self.flights
            .insert(id, Flight::Subscribe { wanted, errand });
        Ok(())
    }

    fn id_for_request(&mut self) -> Result<u16, Error> {
        self.flights
            .free_id()
            .ok_or_else(|| Error::new(ErrorKind::Limit, "all 65,535 packet identifiers are in use"))
    }

    fn request(&mut self, packet: &Packet<'_>) -> Result<(), Error> {
        let before = self.out.len();
        let too_long = || Error::new(ErrorKind::Limit, "the request is longer than is allowed");
        codec::encode(packet, self.settings.version, &mut self.out).map_err(|_| too_long())?;
        if self.out.len() - before > self.server.most_bytes {
            self.out.truncate(before);
            return Err(too_long());
        }
        Ok(())
    }

    /// The server has no session: asks for all again that was granted before.
    pub(super) fn subscribe_again(&mut self) {
        let mut identifiers: Vec<Option<u32>> =
            self.wanted.iter().map(|one| one.identifier).collect();
        identifiers.sort_unstable();
        identifiers.dedup();
        for identifier in identifiers {
            let these = self
                .wanted
                .iter()
                .filter(|one| one.identifier == identifier);
            let these = these.cloned().collect();
            if let Err(error) = self.ask_for(these, None) {
                self.events.push_back(Event::NotResubscribed(error));
            }
        }
    }

    pub(super) fn subscribed(&mut self, granted: &Granted<'_>) -> Result<(), Error> {
        let Some(Flight::Subscribe { wanted, errand }) = self.flights.remove(granted.id) else {
            return Err(self.violated("a SUBACK for what was not asked for"));
        };
        if wanted.len() != granted.reasons.len() {
            if let Some(errand) = errand {
                let error = Error::new(
                    ErrorKind::Protocol,
                    "the server answered a subscription wrongly",
                );
                self.events.push_back(Event::Finished(errand, Err(error)));
            }
            return Err(self.violated("a SUBACK with a wrong number of reason codes"));
        }
        let mut granted_qos = Vec::new();
        let mut refused = None;
        for (one, &reason) in wanted.into_iter().zip(granted.reasons) {
            self.wanted.retain(|other| other.filter != one.filter);
            match Qos::from_number(reason) {
                Some(qos) => {
                    granted_qos.push(qos);
                    self.wanted.push(one);
                }
                None => {
                    let what = format!("the server refused to subscribe to {:?}", one.filter);
                    let why = match self.settings.version {
                        Version::V5 => words(reason),
                        Version::V311 => "it does not say why",
                    };
                    refused.get_or_insert(refusal(&what, why, reason, &granted.properties));
                }
            }
        }
        let result = refused.map_or(Ok(Finished::Subscribed(granted_qos)), Err);
        match (errand, result) {
            (Some(errand), result) => self.events.push_back(Event::Finished(errand, result)),
            (None, Err(error)) => self.events.push_back(Event::NotResubscribed(error)),
            (None, Ok(_)) => {}
        }
        Ok(())
    }

    pub(super) fn unsubscribed(&mut self, granted: &Granted<'_>) -> Result<(), Error> {
        let Some(Flight::Unsubscribe { filters, errand }) = self.flights.remove(granted.id) else {
            return Err(self.violated("an UNSUBACK for what was not asked for"));
        };
        let mut refused = None;
        for (place, filter) in filters.iter().enumerate() {
            let reason = granted.reasons.get(place).copied().unwrap_or(0);
            if reason >= 0x80 {
                let what = format!("the server refused to unsubscribe from {filter:?}");
                refused.get_or_insert(refusal(&what, words(reason), reason, &granted.properties));
            } else {
                self.wanted.retain(|other| other.filter != *filter);
            }
        }
        let result = refused.map_or(Ok(Finished::Unsubscribed), Err);
        self.events.push_back(Event::Finished(errand, result));
        Ok(())
    }
}
