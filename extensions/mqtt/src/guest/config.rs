//! Defines what a client is made with.

use brunt_sdk::random;
use brunt_sdk::sockets::TlsOptions;

use crate::codec::Version;
use crate::error::Error;
use crate::machine::{Settings, WillMessage};
use crate::server::{Login, Server};

use super::bindings::exports::brunt::mqtt::client::Outgoing;
use super::convert;

const SECOND_NS: u64 = 1_000_000_000;

/// What a client is made with, as the setters were called.
#[derive(Clone)]
pub(super) struct Wishes {
    pub(super) servers: Vec<String>,
    pub(super) settings: Settings,
    pub(super) client_id: Option<String>,
    pub(super) will: Option<(Outgoing, u64)>,
    pub(super) keep_alive_ns: u64,
    pub(super) session_expiry_ns: u64,
    pub(super) times: Times,
    pub(super) tls: Tls,
    pub(super) tags: Vec<(String, String)>,
}

/// How long things may take, in nanoseconds.
#[derive(Clone)]
pub(super) struct Times {
    pub(super) connect_ns: u64,
    pub(super) answer_ns: u64,
    pub(super) reconnect: Option<Reconnect>,
}

/// How a lost connection is opened again.
#[derive(Clone)]
pub(super) struct Reconnect {
    pub(super) first_ns: u64,
    pub(super) longest_ns: u64,
    pub(super) attempts: Option<u32>,
}

/// How TLS is spoken.
#[derive(Clone, Default)]
pub(super) struct Tls {
    pub(super) authorities: Vec<Vec<u8>>,
    pub(super) certificate: Option<(Vec<u8>, Vec<u8>)>,
    pub(super) server_name: Option<String>,
    pub(super) insecure: bool,
}

/// What a client is made with, checked.
pub(super) struct Config {
    pub(super) servers: Vec<(Server, Option<Login>)>,
    pub(super) times: Times,
    pub(super) tls: Tls,
}

impl Wishes {
    pub(super) fn new(server: String) -> Self {
        Self {
            servers: vec![server],
            settings: Settings {
                version: Version::V5,
                ..Settings::default()
            },
            client_id: None,
            will: None,
            keep_alive_ns: 60 * SECOND_NS,
            session_expiry_ns: 0,
            times: Times {
                connect_ns: 10 * SECOND_NS,
                answer_ns: 10 * SECOND_NS,
                reconnect: None,
            },
            tls: Tls::default(),
            tags: Vec::new(),
        }
    }

    /// The parts of a client.
    pub(super) fn checked(self) -> Result<(Config, Settings), Error> {
        let servers: Result<Vec<_>, Error> =
            self.servers.iter().map(|url| Server::parse(url)).collect();
        let will = self.will.map(|(message, delay_ns)| will(message, delay_ns));
        let settings = Settings {
            client_id: self.client_id.unwrap_or_else(random_name),
            will: will.transpose()?,
            keep_alive_s: keep_alive(self.keep_alive_ns)?,
            session_expiry_s: convert::seconds(self.session_expiry_ns),
            ..self.settings
        };
        let config = Config {
            servers: servers?,
            times: self.times,
            tls: self.tls,
        };
        Ok((config, settings))
    }
}

impl Tls {
    pub(super) fn options(&self) -> TlsOptions {
        let mut options = TlsOptions::new().insecure(self.insecure);
        for pem in &self.authorities {
            options = options.authorities(pem);
        }
        if let Some((chain, key)) = &self.certificate {
            options = options.client_certificate(chain, key);
        }
        if let Some(name) = &self.server_name {
            options = options.server_name(name);
        }
        options
    }
}

fn will(message: Outgoing, delay_ns: u64) -> Result<WillMessage, Error> {
    let mut message = convert::publication(message)?;
    let properties = message.properties.take();
    Ok(WillMessage {
        message,
        delay_s: convert::seconds(delay_ns),
        properties,
    })
}

fn keep_alive(interval_ns: u64) -> Result<u16, Error> {
    u16::try_from(interval_ns.div_ceil(SECOND_NS))
        .map_err(|_| Error::options("a keep-alive is at most 65,535 seconds"))
}

fn random_name() -> String {
    format!("brunt-{:016x}", random::next())
}
