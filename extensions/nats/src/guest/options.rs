//! Defines the options as the contract has them: setters that never fail, and a fault that is kept for whoever uses them.

use std::cell::RefCell;

use super::bindings::exports::brunt::nats::client::GuestOptions;
use super::sockets::TlsSettings;
use crate::options::{Identity, PendingLimits};
use crate::{Credentials, Fault, NKey};

/// The contract's `options`.
pub(super) struct Options {
    inner: RefCell<Result<crate::Options, Fault>>,
    tls: RefCell<TlsSettings>,
}

impl Options {
    pub(super) fn parts(&self) -> (Result<crate::Options, Fault>, TlsSettings) {
        (self.inner.borrow().clone(), self.tls.borrow().clone())
    }

    fn change(&self, change: impl FnOnce(&mut crate::Options)) {
        if let Ok(options) = self.inner.borrow_mut().as_mut() {
            change(options);
        }
    }

    fn identify(&self, identity: Result<Identity, Fault>) {
        match identity {
            Ok(identity) => self.change(|options| options.identity = identity),
            Err(fault) => {
                let mut inner = self.inner.borrow_mut();
                if inner.is_ok() {
                    *inner = Err(fault);
                }
            }
        }
    }
}

impl GuestOptions for Options {
    fn new(servers: Vec<String>) -> Options {
        Options {
            inner: RefCell::new(crate::Options::new(&servers)),
            tls: RefCell::default(),
        }
    }

    fn set_name(&self, name: String) {
        self.change(|options| options.name = Some(name));
    }

    fn set_token(&self, token: String) {
        self.identify(Ok(Identity::Token(token)));
    }

    fn set_user(&self, user: String, password: String) {
        self.identify(Ok(Identity::User(user, password)));
    }

    fn set_nkey(&self, seed: String) {
        self.identify(NKey::from_seed(&seed).map(Identity::NKey));
    }

    fn set_credentials(&self, text: String) {
        self.identify(Credentials::read(&text).map(Identity::Credentials));
    }

    fn set_tls(&self, required: bool) {
        self.change(|options| options.tls_required = required);
    }

    fn set_tls_first(&self, first: bool) {
        self.change(|options| options.tls_first = first);
    }

    fn add_authorities(&self, pem: Vec<u8>) {
        self.tls.borrow_mut().authorities.push(pem);
    }

    fn set_client_certificate(&self, chain: Vec<u8>, key: Vec<u8>) {
        self.tls.borrow_mut().client_certificate = Some((chain, key));
    }

    fn set_server_name(&self, name: String) {
        self.tls.borrow_mut().server_name = Some(name);
    }

    fn set_insecure(&self, insecure: bool) {
        self.tls.borrow_mut().insecure = insecure;
    }

    fn set_echo(&self, echo: bool) {
        self.change(|options| options.echo = echo);
    }

    fn set_no_responders(&self, told: bool) {
        self.change(|options| options.no_responders = told);
    }

    fn set_inbox_prefix(&self, prefix: String) {
        match crate::subject::check_concrete(&prefix) {
            Ok(()) => self.change(|options| options.inbox_prefix = prefix),
            Err(fault) => self.identify(Err(fault)),
        }
    }

    fn set_connect_timeout(&self, timeout: u64) {
        self.change(|options| options.connect_timeout = timeout);
    }

    fn set_request_timeout(&self, timeout: u64) {
        self.change(|options| options.request_timeout = timeout);
    }

    fn set_ping(&self, interval: u64, unanswered: u32) {
        self.change(|options| {
            options.ping_interval = interval.max(PING_LEAST);
            options.pings_out = unanswered.max(1);
        });
    }

    fn set_reconnect(&self, attempts: Option<u32>, least: u64, most: u64) {
        self.change(|options| {
            options.reconnects = attempts;
            options.reconnect_wait = least;
            options.reconnect_wait_most = most;
        });
    }

    fn set_reconnect_buffer(&self, bytes: u64) {
        self.change(|options| {
            options.reconnect_buffer = usize::try_from(bytes).unwrap_or(usize::MAX)
        });
    }

    fn set_pending_limits(&self, messages: u32, bytes: u64) {
        self.change(|options| options.pending = limits(messages, bytes));
    }
}

/// The contract's numbers as limits.
pub(super) fn limits(messages: u32, bytes: u64) -> PendingLimits {
    PendingLimits {
        messages: messages as usize,
        bytes: usize::try_from(bytes).unwrap_or(usize::MAX),
    }
}

/// Asking more often than this is no asking but load.
const PING_LEAST: u64 = 10_000_000;
