//! Defines a client in a test's hands.

use std::cell::RefCell;
use std::rc::Rc;

use brunt_sdk::bindings::brunt::time::waiting::Waitable;

use crate::codec::Qos;
use crate::error::Error;
use crate::machine::{Finished, Wanted};

use super::bindings::exports::brunt::mqtt::client as wit;
use super::conversation::Conversation;
use super::errand::{Errand, PendingHandle, What};
use super::options::OptionsHandle;
use super::publisher::{Plain, PublisherHandle};
use super::waiting::{self, Waited};
use super::{attend_from_now_on, convert, now_ns};

/// A client.
pub(super) struct ClientHandle(Rc<RefCell<Conversation>>);

type Answer<T> = Result<T, wit::Error>;

impl ClientHandle {
    /// Begins something with the machine, once there is a connection.
    fn begin(
        &self,
        what: What,
        begin: impl FnOnce(&mut Conversation, Rc<Errand>) -> Result<(), Error>,
    ) -> Result<Rc<Errand>, Error> {
        let mut conversation = self.0.borrow_mut();
        let errand = Rc::new(Errand::new(what));
        let begun = conversation
            .wait_until_up(&self.0)
            .and_then(|()| begin(&mut conversation, Rc::clone(&errand)));
        conversation.flush();
        match begun {
            Ok(()) => Ok(errand),
            Err(error) => {
                conversation.meter.failed(errand.method(), &error);
                Err(error)
            }
        }
    }

    fn begin_to_subscribe(&self, these: Vec<wit::Subscription>) -> Result<Rc<Errand>, Error> {
        self.begin(What::Subscribe, |conversation, errand| {
            let identifier = these.first().and_then(|first| first.identifier);
            let wanted: Result<Vec<Wanted>, Error> =
                these.into_iter().map(convert::wanted).collect();
            let mut wanted = wanted?;
            for one in &mut wanted {
                one.identifier = identifier;
            }
            conversation.machine.subscribe(wanted, errand)
        })
    }

    fn begin_to_unsubscribe(&self, filters: Vec<String>) -> Result<Rc<Errand>, Error> {
        self.begin(What::Unsubscribe, |conversation, errand| {
            conversation.machine.unsubscribe(filters, errand)
        })
    }

    fn granted(&self, errand: &Rc<Errand>) -> Answer<Vec<u8>> {
        match waiting::for_errand(&self.0, errand).map_err(convert::error)? {
            Finished::Subscribed(granted) => Ok(granted.into_iter().map(|qos| qos as u8).collect()),
            Finished::Published | Finished::Unsubscribed => Ok(Vec::new()),
        }
    }

    fn pending(&self, errand: Result<Rc<Errand>, Error>) -> Answer<wit::Pending> {
        let errand = errand.map_err(convert::error)?;
        Ok(PendingHandle::wrap(&self.0, errand))
    }

    /// Waits for a message, and takes as many as there are.
    fn take(&self, most: usize, timeout_ns: Option<u64>) -> Result<Vec<wit::Message>, Error> {
        let mut conversation = self.0.borrow_mut();
        if conversation.machine.inbox().is_empty() {
            let within_ns = timeout_ns.unwrap_or(u64::MAX);
            let waited = conversation.wait(&self.0, within_ns, |conversation| {
                !conversation.machine.inbox().is_empty()
            });
            if waited == Waited::Down {
                let error = conversation.why_down();
                conversation.meter.failed("receive", &error);
                return Err(error);
            }
        }
        Ok(conversation.take(most))
    }
}

impl wit::GuestClient for ClientHandle {
    fn new(options: wit::OptionsBorrow<'_>) -> Self {
        let wishes = options.get::<OptionsHandle>().wishes();
        let client = Rc::new(RefCell::new(Conversation::new(wishes)));
        attend_from_now_on(&client);
        Self(client)
    }

    fn connect(&self) -> Answer<()> {
        let errand = self.0.borrow_mut().begin_to_connect();
        waiting::for_errand(&self.0, &errand)
            .map(drop)
            .map_err(convert::error)
    }

    fn start_connect(&self) -> wit::Pending {
        let errand = self.0.borrow_mut().begin_to_connect();
        PendingHandle::wrap(&self.0, errand)
    }

    fn disconnect(&self) -> Answer<()> {
        self.disconnect_with(0, None)
    }

    fn disconnect_with(&self, reason: u8, session_expiry: Option<u64>) -> Answer<()> {
        let mut conversation = self.0.borrow_mut();
        let expiry_s = session_expiry.map(convert::seconds);
        let left = conversation.leave(reason, expiry_s);
        if let Err(error) = &left {
            conversation.meter.failed("disconnect", error);
        }
        left.map_err(convert::error)
    }

    fn is_connected(&self) -> bool {
        let mut conversation = self.0.borrow_mut();
        conversation.drive(now_ns());
        conversation.link.is_up()
    }

    fn session_present(&self) -> bool {
        self.0.borrow().machine.granted().session_present
    }

    fn client_id(&self) -> String {
        let conversation = self.0.borrow();
        let given = conversation.machine.granted().client_id.clone();
        given.unwrap_or_else(|| conversation.machine.settings().client_id.clone())
    }

    fn server(&self) -> String {
        self.0.borrow().meter.server().to_owned()
    }

    fn set_credentials(&self, user: Option<String>, password: Option<Vec<u8>>) {
        self.0.borrow_mut().set_login(user, password);
    }

    fn publish(&self, topic: String, payload: Vec<u8>, qos: u8, retain: bool) -> Answer<()> {
        let message = Plain {
            qos,
            retain,
            payload,
        };
        Conversation::publish(&self.0, &topic, message, None).map_err(convert::error)
    }

    fn publish_message(&self, message: wit::Outgoing) -> Answer<()> {
        let (topic, plain, properties) = Plain::of(message);
        Conversation::publish(&self.0, &topic, plain, properties).map_err(convert::error)
    }

    fn start_publish(&self, message: wit::Outgoing) -> Answer<wit::Pending> {
        let (topic, plain, properties) = Plain::of(message);
        self.pending(Conversation::start_publish(
            &self.0, &topic, plain, properties,
        ))
    }

    fn publisher(&self, topic: String, qos: u8, retain: bool) -> Answer<wit::Publisher> {
        PublisherHandle::wrap(&self.0, topic, qos, retain).map_err(convert::error)
    }

    fn subscribe(&self, filter: String, qos: u8) -> Answer<u8> {
        let one = wit::Subscription {
            filter,
            qos,
            no_local: None,
            retain_as_published: None,
            retain_handling: None,
            identifier: None,
        };
        let granted = self.subscribe_to(vec![one])?;
        Ok(granted.first().copied().unwrap_or(Qos::AtMostOnce as u8))
    }

    fn subscribe_to(&self, these: Vec<wit::Subscription>) -> Answer<Vec<u8>> {
        let errand = self.begin_to_subscribe(these).map_err(convert::error)?;
        self.granted(&errand)
    }

    fn start_subscribe(&self, these: Vec<wit::Subscription>) -> Answer<wit::Pending> {
        self.pending(self.begin_to_subscribe(these))
    }

    fn unsubscribe(&self, filters: Vec<String>) -> Answer<()> {
        let errand = self.begin_to_unsubscribe(filters).map_err(convert::error)?;
        self.granted(&errand).map(drop)
    }

    fn start_unsubscribe(&self, filters: Vec<String>) -> Answer<wit::Pending> {
        self.pending(self.begin_to_unsubscribe(filters))
    }

    fn receive(&self, timeout: Option<u64>) -> Answer<Option<wit::Message>> {
        let mut messages = self.take(1, timeout).map_err(convert::error)?;
        Ok(messages.pop())
    }

    fn receive_batch(&self, most: u32, timeout: Option<u64>) -> Answer<Vec<wit::Message>> {
        self.take(most as usize, timeout).map_err(convert::error)
    }

    fn arrived(&self) -> Waitable {
        let mut conversation = self.0.borrow_mut();
        conversation.drive(now_ns());
        let is_so = !conversation.machine.inbox().is_empty() || conversation.link.is_down();
        conversation.arrived.waitable(is_so)
    }

    fn queued(&self) -> u32 {
        let mut conversation = self.0.borrow_mut();
        conversation.drive(now_ns());
        conversation.machine.inbox().len() as u32
    }

    fn dropped(&self) -> u64 {
        self.0.borrow().machine.inbox().dropped()
    }

    fn next_event(&self) -> Option<wit::Event> {
        let mut conversation = self.0.borrow_mut();
        if !conversation.has_events() {
            conversation.drive(now_ns());
        }
        conversation.next_event()
    }

    fn changed(&self) -> Waitable {
        let mut conversation = self.0.borrow_mut();
        let has_events = conversation.has_events();
        conversation.changed.waitable(has_events)
    }
}
