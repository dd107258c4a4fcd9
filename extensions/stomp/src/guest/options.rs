//! Defines the resource `options`.

use std::cell::RefCell;

use brunt_sdk::sockets::TlsOptions;

use super::contract::GuestOptions;
use crate::{Fault, Kind, Version};

/// What was set.
#[derive(Default)]
pub(super) struct Options(RefCell<Set>);

#[derive(Default)]
struct Set {
    stomp: crate::Options,
    versions: Option<Vec<String>>,
    server_name: Option<String>,
    authorities: Vec<Vec<u8>>,
    certificate: Option<(Vec<u8>, Vec<u8>)>,
    insecure: bool,
}

impl Options {
    /// What it says of STOMP.
    ///
    /// # Errors
    /// A version that there is not.
    pub(super) fn stomp(&self) -> Result<crate::Options, Fault> {
        let set = self.0.borrow();
        let mut options = set.stomp.clone();
        if let Some(names) = &set.versions {
            options.versions = names
                .iter()
                .map(|name| version(name))
                .collect::<Result<_, _>>()?;
            options.versions.sort_unstable();
        }
        Ok(options)
    }

    /// What it says of TLS.
    pub(super) fn tls(&self) -> TlsOptions {
        let set = self.0.borrow();
        let mut tls = TlsOptions::new().insecure(set.insecure);
        if let Some(name) = &set.server_name {
            tls = tls.server_name(name);
        }
        for pem in &set.authorities {
            tls = tls.authorities(pem);
        }
        match &set.certificate {
            Some((chain, key)) => tls.client_certificate(chain, key),
            None => tls,
        }
    }
}

fn version(name: &str) -> Result<Version, Fault> {
    let none = || {
        Fault::new(
            Kind::Invalid,
            format!("there is no STOMP {name:?}: it is 1.0, 1.1 or 1.2"),
        )
    };
    Version::parse(name).ok_or_else(none)
}

impl GuestOptions for Options {
    fn new() -> Self {
        Options::default()
    }

    fn set_login(&self, login: String, passcode: String) {
        let mut set = self.0.borrow_mut();
        set.stomp.login = Some(login);
        set.stomp.passcode = Some(passcode);
    }

    fn set_virtual_host(&self, host: String) {
        self.0.borrow_mut().stomp.virtual_host = Some(host);
    }

    fn add_header(&self, name: String, value: String) {
        self.0.borrow_mut().stomp.headers.push((name, value));
    }

    fn set_versions(&self, versions: Vec<String>) {
        self.0.borrow_mut().versions = Some(versions);
    }

    fn set_heart_beat(&self, outgoing: u64, incoming: u64) {
        let mut set = self.0.borrow_mut();
        set.stomp.outgoing_heart_beat = outgoing;
        set.stomp.incoming_heart_beat = incoming;
    }

    fn set_connect_timeout(&self, timeout: u64) {
        self.0.borrow_mut().stomp.connect_timeout = timeout;
    }

    fn set_receipt_timeout(&self, timeout: u64) {
        self.0.borrow_mut().stomp.receipt_timeout = timeout;
    }

    fn set_pending_bytes(&self, bytes: u64) {
        self.0.borrow_mut().stomp.pending_bytes = bytes.try_into().unwrap_or(usize::MAX);
    }

    fn set_frame_bytes(&self, bytes: u64) {
        self.0.borrow_mut().stomp.frame_bytes = bytes.try_into().unwrap_or(usize::MAX);
    }

    fn set_server_name(&self, name: String) {
        self.0.borrow_mut().server_name = Some(name);
    }

    fn add_authorities(&self, pem: Vec<u8>) {
        self.0.borrow_mut().authorities.push(pem);
    }

    fn set_client_certificate(&self, chain: Vec<u8>, key: Vec<u8>) {
        self.0.borrow_mut().certificate = Some((chain, key));
    }

    fn set_insecure(&self, insecure: bool) {
        self.0.borrow_mut().insecure = insecure;
    }
}
