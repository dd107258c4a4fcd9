//! Defines how messages are published: once, and again and again to one topic.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::rc::Rc;

use crate::codec::Qos;
use crate::error::{Error, ErrorKind};
use crate::machine::{Finished, Properties, Publication};

use super::bindings::exports::brunt::mqtt::client as wit;
use super::conversation::Conversation;
use super::errand::{Errand, PendingHandle, What};
use super::meter::{Route, Sent};
use super::waiting::{self, Waited};
use super::{convert, now_ns};

/// After how many messages without an answer a client looks for what came.
const UNLOOKED: u32 = 64;

/// How many bytes of many messages are written at once.
const WRITTEN_AT_ONCE: usize = 32 << 10;

/// A message without its topic.
pub(super) struct Plain {
    pub(super) qos: u8,
    pub(super) retain: bool,
    pub(super) payload: Vec<u8>,
}

impl Plain {
    pub(super) fn of(message: wit::Outgoing) -> (String, Self, Option<Box<Properties>>) {
        let plain = Self {
            qos: message.qos,
            retain: message.retain.unwrap_or(false),
            payload: message.payload,
        };
        let properties = message.properties.map(convert::properties);
        (message.topic, plain, properties)
    }
}

impl Conversation {
    /// Publishes, and waits for the acknowledgement, if there is to be one.
    pub(super) fn publish(
        client: &Rc<RefCell<Self>>,
        topic: &str,
        message: Plain,
        properties: Option<Box<Properties>>,
    ) -> Result<(), Error> {
        let errand = {
            let mut conversation = client.borrow_mut();
            let begun = conversation.begin_to_publish(client, topic, message, properties);
            conversation.counted(begun)?
        };
        match errand {
            Some(errand) => waiting::for_errand(client, &errand).map(drop),
            None => Ok(()),
        }
    }

    /// Publishes without waiting for the acknowledgement.
    pub(super) fn start_publish(
        client: &Rc<RefCell<Self>>,
        topic: &str,
        message: Plain,
        properties: Option<Box<Properties>>,
    ) -> Result<Rc<Errand>, Error> {
        let mut conversation = client.borrow_mut();
        let begun = conversation.begin_to_publish(client, topic, message, properties);
        Ok(conversation.counted(begun)?.unwrap_or_else(ended))
    }

    fn counted<T>(&self, result: Result<T, Error>) -> Result<T, Error> {
        if let Err(error) = &result {
            self.meter.failed("publish", error);
        }
        result
    }

    fn begin_to_publish(
        &mut self,
        client: &Rc<RefCell<Self>>,
        topic: &str,
        message: Plain,
        properties: Option<Box<Properties>>,
    ) -> Result<Option<Rc<Errand>>, Error> {
        let qos = convert::qos(message.qos)?;
        self.wait_for_room(client, qos)?;
        let route = self.meter.route(topic)?;
        self.write(&route, qos, message, properties)
    }

    /// Writes and sends a message; returns what waits for its acknowledgement.
    fn write(
        &mut self,
        route: &Rc<Route>,
        qos: Qos,
        message: Plain,
        properties: Option<Box<Properties>>,
    ) -> Result<Option<Rc<Errand>>, Error> {
        let bytes = message.payload.len();
        let errand = self.put(route, qos, message, properties)?;
        self.flush();
        if errand.is_none() {
            // What could not be sent has broken the connection.
            if !self.link.is_up() {
                return Err(self.why_down());
            }
            self.meter.sent(route, qos, 1, bytes);
            self.look_at_times();
        }
        Ok(errand)
    }

    /// Writes a message, to be sent with what follows; returns what waits for its acknowledgement.
    fn put(
        &mut self,
        route: &Rc<Route>,
        qos: Qos,
        message: Plain,
        properties: Option<Box<Properties>>,
    ) -> Result<Option<Rc<Errand>>, Error> {
        let bytes = message.payload.len();
        let publication = Publication {
            topic: route.topic.clone(),
            payload: message.payload,
            qos,
            retain: message.retain,
            properties,
        };
        let mut errand = None;
        let begin = || {
            let sent = Sent {
                route: Rc::clone(route),
                qos,
                bytes,
                since_ns: now_ns(),
            };
            Rc::clone(errand.insert(Rc::new(Errand::new(What::Publish(sent)))))
        };
        self.machine.publish(publication, begin)?;
        Ok(errand)
    }

    /// Publishes many messages to one topic, and waits until all were acknowledged that are to be.
    fn publish_all(
        &mut self,
        client: &Rc<RefCell<Self>>,
        topic: &str,
        messages: impl Iterator<Item = Plain>,
    ) -> Result<(), Error> {
        let mut under_way = VecDeque::new();
        let (mut count, mut bytes) = (0, 0);
        for message in messages {
            let qos = convert::qos(message.qos)?;
            let room = self.wait_for_room(client, qos);
            self.counted(room)?;
            let route = self.meter.route(topic)?;
            let length = message.payload.len();
            let put = self.put(&route, qos, message, None);
            match self.counted(put)? {
                Some(errand) => under_way.push_back(errand),
                None => (count, bytes) = (count + 1, bytes + length),
            }
            if self.machine.output().len() >= WRITTEN_AT_ONCE {
                self.send_written(&route, &mut count, &mut bytes)?;
                forget_ended(&mut under_way)?;
            }
        }
        let route = self.meter.route(topic)?;
        self.send_written(&route, &mut count, &mut bytes)?;
        let mut under_way = under_way.iter();
        under_way.try_for_each(|errand| self.wait_for_errand(client, errand).map(drop))
    }

    /// Sends what was written, and counts what of it needs no acknowledgement.
    fn send_written(
        &mut self,
        route: &Rc<Route>,
        count: &mut usize,
        bytes: &mut usize,
    ) -> Result<(), Error> {
        self.flush();
        if !self.link.is_up() {
            return Err(self.why_down());
        }
        if *count > 0 {
            self.meter.sent(route, Qos::AtMostOnce, *count, *bytes);
            self.look_at_times();
        }
        (*count, *bytes) = (0, 0);
        Ok(())
    }

    /// Who only sends would never see that the server has left.
    fn look_at_times(&mut self) {
        self.unlooked += 1;
        if self.unlooked >= UNLOOKED {
            self.drive(now_ns());
        }
    }

    fn wait_for_room(&mut self, client: &Rc<RefCell<Self>>, qos: Qos) -> Result<(), Error> {
        self.wait_until_up(client)?;
        if qos == Qos::AtMostOnce || self.machine.has_room(qos) {
            return Ok(());
        }
        let within_ns = self.config.times.answer_ns;
        let waited = self.wait(client, within_ns, |conversation| {
            conversation.link.is_up() && conversation.machine.has_room(qos)
        });
        match waited {
            Waited::So => Ok(()),
            Waited::Down => Err(self.why_down()),
            Waited::Full => Err(waiting::full()),
            Waited::Late => Err(Error::coded(
                ErrorKind::Timeout,
                1050,
                "as many messages are on their way as may be, and the server acknowledged none of them in time",
            )),
        }
    }

    /// Waits for the connection that is being opened, if one is.
    pub(super) fn wait_until_up(&mut self, client: &Rc<RefCell<Self>>) -> Result<(), Error> {
        if self.link.is_up() {
            return Ok(());
        }
        let within_ns = self.config.times.answer_ns;
        match self.wait(client, within_ns, |conversation| conversation.link.is_up()) {
            Waited::So => Ok(()),
            Waited::Down | Waited::Full | Waited::Late => Err(self.why_down()),
        }
    }

    /// As many messages as there are, at most this many.
    pub(super) fn take(&mut self, most: usize) -> Vec<wit::Message> {
        let mut messages = Vec::with_capacity(most.min(self.machine.inbox().len()));
        while messages.len() < most {
            match self.machine.take(now_ns_if_full(self)) {
                Ok(Some(message)) => messages.push(convert::message(message)),
                Ok(None) => break,
                Err(error) => {
                    self.settle(now_ns());
                    self.lost(error);
                    break;
                }
            }
        }
        self.note_messages();
        self.flush();
        messages
    }
}

/// When what was left unread counts as come: it is looked at only where that happens.
fn now_ns_if_full(conversation: &Conversation) -> u64 {
    match conversation.machine.is_full() {
        true => now_ns(),
        false => 0,
    }
}

/// What needs no acknowledgement.
fn ended() -> Rc<Errand> {
    let errand = Errand::new(What::Connect);
    errand.finish(Ok(Finished::Published));
    Rc::new(errand)
}

/// A topic in a test's hands.
pub(super) struct PublisherHandle {
    client: Rc<RefCell<Conversation>>,
    topic: String,
    qos: u8,
    retain: bool,
}

impl PublisherHandle {
    pub(super) fn wrap(
        client: &Rc<RefCell<Conversation>>,
        topic: String,
        qos: u8,
        retain: bool,
    ) -> Result<wit::Publisher, Error> {
        convert::qos(qos)?;
        client.borrow_mut().meter.route(&topic)?;
        Ok(wit::Publisher::new(Self {
            client: Rc::clone(client),
            topic,
            qos,
            retain,
        }))
    }

    fn message(&self, payload: Vec<u8>) -> Plain {
        Plain {
            qos: self.qos,
            retain: self.retain,
            payload,
        }
    }

    fn start(&self, payload: Vec<u8>) -> Result<Rc<Errand>, Error> {
        Conversation::start_publish(&self.client, &self.topic, self.message(payload), None)
    }

    fn send_all(&self, payloads: Vec<Vec<u8>>) -> Result<(), Error> {
        let messages = payloads.into_iter().map(|payload| self.message(payload));
        let mut conversation = self.client.borrow_mut();
        conversation.publish_all(&self.client, &self.topic, messages)
    }
}

/// Forgets those that have ended well. An error of one is all of theirs.
fn forget_ended(under_way: &mut VecDeque<Rc<Errand>>) -> Result<(), Error> {
    while under_way.front().is_some_and(|first| first.has_ended()) {
        if let Some(Err(error)) = under_way.pop_front().and_then(|first| first.end()) {
            return Err(error);
        }
    }
    Ok(())
}

impl wit::GuestPublisher for PublisherHandle {
    fn send(&self, payload: Vec<u8>) -> Result<(), wit::Error> {
        let message = self.message(payload);
        Conversation::publish(&self.client, &self.topic, message, None).map_err(convert::error)
    }

    fn start(&self, payload: Vec<u8>) -> Result<wit::Pending, wit::Error> {
        let errand = self.start(payload).map_err(convert::error)?;
        Ok(PendingHandle::wrap(&self.client, errand))
    }

    fn send_all(&self, payloads: Vec<Vec<u8>>) -> Result<(), wit::Error> {
        self.send_all(payloads).map_err(convert::error)
    }
}
