//! Defines what a run tells its VUs: environment, HTTP behaviour, tags, limits.

mod tls;

use std::collections::BTreeMap;
use std::net::SocketAddr;

use crate::limits::Limits;
use crate::network::NetworkPolicy;

pub use tls::{Authorities, ClientCertificate, TlsSettings};

/// All that stays the same for the VUs of one run.
#[derive(Debug, Clone, Default)]
pub struct RunSettings {
    /// The test's environment variables.
    pub env: BTreeMap<String, String>,
    /// The run's options after all layers, as JSON in k6's shape.
    pub options_json: String,
    /// The limits of each VU.
    pub limits: Limits,
    /// Where connections may go.
    pub network: NetworkPolicy,
    /// How HTTP requests behave unless they say otherwise.
    pub http: HttpSettings,
    /// Which of the engine's own tags are put on samples.
    pub system_tags: SystemTags,
    /// The seed of every random number, for a repeatable run; none takes the machine's randomness.
    pub seed: Option<u64>,
}

/// How HTTP requests behave unless they say otherwise.
#[derive(Debug, Clone, PartialEq)]
pub struct HttpSettings {
    /// How many redirects are followed.
    pub max_redirects: u32,
    /// The `user-agent` header.
    pub user_agent: String,
    /// Whether bodies are read and thrown away.
    pub discard_response_bodies: bool,
    /// TLS of all connections.
    pub tls: TlsSettings,
    /// Whether each request opens a connection of its own.
    pub no_connection_reuse: bool,
    /// Whether connections are closed at the end of each iteration.
    pub no_vu_connection_reuse: bool,
    /// Whether the cookies of a VU are kept over iterations.
    pub no_cookies_reset: bool,
    /// What is logged of each exchange, when anything is.
    pub debug: Option<HttpDebug>,
    /// Addresses for host names, `host` or `host:port`, in place of DNS.
    pub hosts: BTreeMap<String, HostOverride>,
}

/// What option `httpDebug` logs of each exchange.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HttpDebug {
    /// The heads of request and response.
    Heads,
    /// Heads and bodies.
    Full,
}

/// Where a host name of the option `hosts` leads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HostOverride {
    /// Another address; the port stays.
    Address(std::net::IpAddr),
    /// Another address and port.
    Socket(SocketAddr),
}

impl Default for HttpSettings {
    fn default() -> Self {
        Self {
            max_redirects: 10,
            user_agent: concat!("brunt/", env!("CARGO_PKG_VERSION")).to_owned(),
            discard_response_bodies: false,
            tls: TlsSettings::default(),
            no_connection_reuse: false,
            no_vu_connection_reuse: false,
            no_cookies_reset: false,
            debug: None,
            hosts: BTreeMap::new(),
        }
    }
}

/// Which of the engine's own tags are put on samples: k6's `systemTags`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SystemTags(u32);

/// The system tags that HTTP tests have, in the order of their bits.
const NAMES: [&str; 18] = [
    "proto",
    "subproto",
    "status",
    "method",
    "url",
    "name",
    "group",
    "check",
    "error",
    "error_code",
    "tls_version",
    "scenario",
    "service",
    "expected_response",
    "iter",
    "vu",
    "ip",
    "ocsp_status",
];

/// How many of [`NAMES`] are on by default: all but the last four.
const DEFAULT_COUNT: u32 = 14;

impl SystemTags {
    /// The tags with these names; the name that is none of them is the error.
    pub fn from_names<'a>(names: impl IntoIterator<Item = &'a str>) -> Result<Self, String> {
        let mut bits = 0;
        for name in names {
            bits |= bit(name).ok_or_else(|| name.to_owned())?;
        }
        Ok(Self(bits))
    }

    /// Whether the tag with this name is on.
    pub fn has(&self, name: &str) -> bool {
        bit(name).is_some_and(|bit| self.0 & bit != 0)
    }
}

impl Default for SystemTags {
    fn default() -> Self {
        Self((1 << DEFAULT_COUNT) - 1)
    }
}

fn bit(name: &str) -> Option<u32> {
    NAMES
        .iter()
        .position(|known| *known == name)
        .map(|index| 1 << index)
}
