//! Defines the options of a client, as tests set them.

use std::cell::RefCell;

use crate::codec::Version;

use super::bindings::exports::brunt::mqtt::client as wit;
use super::config::{Reconnect, Wishes};

/// The options of a client.
pub(super) struct OptionsHandle(RefCell<Wishes>);

impl OptionsHandle {
    /// As they are now.
    pub(super) fn wishes(&self) -> Wishes {
        self.0.borrow().clone()
    }

    fn set(&self, change: impl FnOnce(&mut Wishes)) {
        change(&mut self.0.borrow_mut());
    }
}

impl wit::GuestOptions for OptionsHandle {
    fn new(server: String) -> Self {
        Self(RefCell::new(Wishes::new(server)))
    }

    fn add_server(&self, server: String) {
        self.set(|wishes| wishes.servers.push(server));
    }

    fn set_version(&self, version: wit::Version) {
        self.set(|wishes| {
            wishes.settings.version = match version {
                wit::Version::V311 => Version::V311,
                wit::Version::V5 => Version::V5,
            }
        });
    }

    fn set_client_id(&self, client_id: String) {
        self.set(|wishes| wishes.client_id = Some(client_id));
    }

    fn set_credentials(&self, user: Option<String>, password: Option<Vec<u8>>) {
        self.set(|wishes| {
            wishes.settings.user = user;
            wishes.settings.password = password;
        });
    }

    fn set_will(&self, will: wit::Outgoing, delay: u64) {
        self.set(|wishes| wishes.will = Some((will, delay)));
    }

    fn set_keep_alive(&self, interval: u64) {
        self.set(|wishes| wishes.keep_alive_ns = interval);
    }

    fn set_clean_start(&self, clean: bool) {
        self.set(|wishes| wishes.settings.clean_start = clean);
    }

    fn set_session_expiry(&self, expiry: u64) {
        self.set(|wishes| wishes.session_expiry_ns = expiry);
    }

    fn set_receive_maximum(&self, messages: u16) {
        self.set(|wishes| wishes.settings.receive_maximum = messages);
    }

    fn set_in_flight(&self, messages: u16) {
        self.set(|wishes| wishes.settings.in_flight = Some(messages));
    }

    fn set_maximum_packet_size(&self, bytes: u32) {
        self.set(|wishes| {
            wishes.settings.most_bytes = bytes as usize;
            wishes.settings.tells_most_bytes = true;
        });
    }

    fn set_queue(&self, messages: u32, bytes: u64) {
        self.set(|wishes| {
            wishes.settings.most_messages = messages as usize;
            wishes.settings.most_message_bytes = usize::try_from(bytes).unwrap_or(usize::MAX / 2);
        });
    }

    fn set_topic_aliases(&self, used: bool) {
        self.set(|wishes| wishes.settings.uses_aliases = used);
    }

    fn set_topic_alias_maximum(&self, topics: u16) {
        self.set(|wishes| wishes.settings.their_aliases = topics);
    }

    fn add_user_property(&self, name: String, value: String) {
        self.set(|wishes| wishes.settings.user_properties.push((name, value)));
    }

    fn set_connect_timeout(&self, timeout: u64) {
        self.set(|wishes| wishes.times.connect_ns = timeout);
    }

    fn set_answer_timeout(&self, timeout: u64) {
        self.set(|wishes| wishes.times.answer_ns = timeout);
    }

    fn set_reconnect(&self, first: u64, longest: u64, attempts: Option<u32>) {
        self.set(|wishes| {
            wishes.times.reconnect = Some(Reconnect {
                first_ns: first,
                longest_ns: longest,
                attempts,
            });
        });
    }

    fn add_authorities(&self, pem: Vec<u8>) {
        self.set(|wishes| wishes.tls.authorities.push(pem));
    }

    fn set_client_certificate(&self, chain: Vec<u8>, key: Vec<u8>) {
        self.set(|wishes| wishes.tls.certificate = Some((chain, key)));
    }

    fn set_server_name(&self, name: String) {
        self.set(|wishes| wishes.tls.server_name = Some(name));
    }

    fn set_insecure(&self, insecure: bool) {
        self.set(|wishes| wishes.tls.insecure = insecure);
    }

    fn set_tag(&self, name: String, value: String) {
        self.set(|wishes| {
            wishes.tags.retain(|(other, _)| *other != name);
            wishes.tags.push((name, value));
        });
    }
}
