//! Defines what a run tells its VUs: environment, HTTP behaviour, tags, limits.

mod tls;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::num::NonZeroU64;
use std::sync::Arc;
use std::time::Duration;

use crate::hosts::Hosts;
use crate::limits::Limits;
use crate::local_ips::LocalIps;
use crate::network::NetworkPolicy;
use crate::proxies::Proxies;
use crate::secrets::Secrets;

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
    /// What the test may ask for, and the log never shows.
    pub secrets: Arc<Secrets>,
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
    /// Whether a guest is to raise a failed request as an error of its language; the engine itself ends nothing for it.
    pub throw: bool,
    /// Whether each request opens a connection of its own.
    pub no_connection_reuse: bool,
    /// Whether connections are closed at the end of each iteration.
    pub no_vu_connection_reuse: bool,
    /// Whether the cookies of a VU are kept over iterations.
    pub no_cookies_reset: bool,
    /// What is logged of each exchange, when anything is.
    pub debug: Option<HttpDebug>,
    /// Where host names lead in place of DNS.
    pub hosts: Hosts,
    /// How names are looked up.
    pub dns: DnsSettings,
    /// The addresses of this machine that VUs connect from; the system chooses when there are none.
    pub local_ips: LocalIps,
    /// The proxies that connections go through.
    pub proxies: Proxies,
    /// The version of HTTP that requests speak.
    pub version: HttpVersion,
    /// How many requests of one batch are under way at once; 0 for all.
    pub batch: u64,
    /// How many of them to one host; 0 for all.
    pub batch_per_host: u64,
    /// Requests per second over all VUs; unlimited when absent.
    pub rps: Option<NonZeroU64>,
}

/// The version of HTTP that requests speak.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum HttpVersion {
    /// The one that the handshake of TLS agrees on, HTTP/2 before HTTP/1.1; without TLS HTTP/1.1.
    #[default]
    Auto,
    /// HTTP/1.1.
    Http1,
    /// HTTP/2; without TLS with prior knowledge.
    Http2,
    /// HTTP/3.
    Http3,
}

impl HttpVersion {
    /// All of them, by the names of option `httpVersion`.
    pub const NAMES: [(&'static str, Self); 4] = [
        ("auto", Self::Auto),
        ("1.1", Self::Http1),
        ("2", Self::Http2),
        ("3", Self::Http3),
    ];

    /// The one with this name.
    pub fn named(name: &str) -> Option<Self> {
        let found = Self::NAMES.iter().find(|(known, _)| *known == name);
        found.map(|(_, version)| *version)
    }

    /// Its name.
    pub fn name(self) -> &'static str {
        Self::NAMES[self as usize].0
    }
}

/// What option `httpDebug` logs of each exchange.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HttpDebug {
    /// The heads of request and response.
    Heads,
    /// Heads and bodies.
    Full,
}

/// How names are looked up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DnsSettings {
    /// How long an answer is used, 5 minutes; `Duration::MAX` for ever, zero for a look-up each time.
    pub ttl: Duration,
    /// Which of several addresses is taken.
    pub select: DnsSelect,
    /// Which kind of address is taken.
    pub policy: DnsPolicy,
    /// The server that is asked; the system's when absent.
    pub server: Option<SocketAddr>,
}

/// Which of several addresses is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DnsSelect {
    /// The first.
    First,
    /// Any, by chance.
    Random,
    /// One after the other.
    RoundRobin,
}

/// Which kind of address is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DnsPolicy {
    /// IPv4 if there is one.
    PreferIpv4,
    /// IPv6 if there is one.
    PreferIpv6,
    /// IPv4 or none.
    OnlyIpv4,
    /// IPv6 or none.
    OnlyIpv6,
    /// Either.
    Any,
}

impl Default for DnsSettings {
    fn default() -> Self {
        Self {
            ttl: Duration::from_secs(300),
            select: DnsSelect::Random,
            policy: DnsPolicy::PreferIpv4,
            server: None,
        }
    }
}

impl Default for HttpSettings {
    fn default() -> Self {
        Self {
            max_redirects: 10,
            user_agent: concat!("brunt/", env!("CARGO_PKG_VERSION")).to_owned(),
            discard_response_bodies: false,
            tls: TlsSettings::default(),
            throw: false,
            no_connection_reuse: false,
            no_vu_connection_reuse: false,
            no_cookies_reset: false,
            debug: None,
            hosts: Hosts::default(),
            dns: DnsSettings::default(),
            local_ips: LocalIps::default(),
            proxies: Proxies::default(),
            version: HttpVersion::Auto,
            batch: 20,
            batch_per_host: 6,
            rps: None,
        }
    }
}

/// Which of the engine's own tags are put on samples: k6's `systemTags`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SystemTags(u32);

/// All system tags, in the order of their bits: those that are on by default, then the others.
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
    "ocsp_status",
    "ip",
];

/// How many of [`NAMES`] are on by default: all but the last four.
const DEFAULT_COUNT: usize = 14;

impl SystemTags {
    /// The names of all system tags.
    pub fn all() -> impl Iterator<Item = &'static str> {
        NAMES.into_iter()
    }

    /// The names of those that are on unless the run says otherwise.
    pub fn on_by_default() -> impl Iterator<Item = &'static str> {
        NAMES.into_iter().take(DEFAULT_COUNT)
    }

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
