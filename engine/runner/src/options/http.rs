//! Defines the options of HTTP and of the connections below it.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use brunt_host::{Authorities, CIPHER_SUITES, Cidr, HttpSettings, is_cipher_suite};
use brunt_plan::duration;
use serde_json::Value;

use super::layer::Source;
use super::reader::{self, Reader};

/// How HTTP requests behave.
#[derive(Debug, Clone, PartialEq)]
pub struct HttpOptions {
    /// Redirects that a request follows, 10.
    pub max_redirects: u32,
    /// The `user-agent` header.
    pub user_agent: String,
    /// Requests of one batch at once, 20.
    pub batch: u64,
    /// Requests of one batch at once to one host, 6.
    pub batch_per_host: u64,
    /// What is logged of each request.
    pub debug: HttpDebug,
    /// Whether a request that fails ends its iteration.
    pub throw: bool,
    /// Whether every request opens a connection of its own.
    pub no_connection_reuse: bool,
    /// Whether connections are closed at the end of each iteration.
    pub no_vu_connection_reuse: bool,
    /// Whether the cookie jar of a VU is kept over iterations.
    pub no_cookies_reset: bool,
    /// Whether bodies are read and thrown away.
    pub discard_response_bodies: bool,
    /// TLS.
    pub tls: TlsOptions,
    /// Addresses in place of DNS, by `host`, `host:port` or `*.domain`.
    pub hosts: BTreeMap<String, HostTarget>,
    /// Address ranges that are not connected to.
    pub blacklist_ips: Vec<Cidr>,
    /// Host names that are not connected to, `*.domain` included.
    pub block_hostnames: Vec<String>,
    /// Addresses of this machine that connections are made from: single ones, ranges `a-b` and CIDRs.
    pub local_ips: Vec<String>,
    /// How names are looked up.
    pub dns: DnsOptions,
}

/// What `httpDebug` logs of each request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HttpDebug {
    /// Nothing.
    Off,
    /// Heads of requests and responses.
    Heads,
    /// Heads and bodies.
    Full,
}

/// TLS of all connections.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlsOptions {
    /// Whether certificates go unchecked.
    pub insecure_skip_verify: bool,
    /// Cipher suites by k6's names; empty for all.
    pub cipher_suites: Vec<String>,
    /// The lowest version.
    pub min_version: TlsVersion,
    /// The highest version.
    pub max_version: TlsVersion,
    /// Client certificates.
    pub auth: Vec<TlsAuth>,
    /// Authorities that are trusted beside the machine's own.
    pub authorities: Option<Authorities>,
}

/// A version of TLS. Those below 1.2 can be asked for, as in k6, together with 1.2 or 1.3: they are not spoken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum TlsVersion {
    /// `ssl3.0`.
    Ssl30,
    /// `tls1.0`.
    Tls10,
    /// `tls1.1`.
    Tls11,
    /// `tls1.2`.
    Tls12,
    /// `tls1.3`.
    Tls13,
}

/// A client certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlsAuth {
    /// The certificate, PEM.
    pub cert: String,
    /// The private key, PEM.
    pub key: String,
    /// The password of the key, if it has one.
    pub password: Option<String>,
    /// The domains it is for, `*.domain` included; all when empty.
    pub domains: Vec<String>,
}

/// Where a host name of `hosts` leads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HostTarget {
    /// Another address; the port stays.
    Address(IpAddr),
    /// Another address and port.
    Socket(SocketAddr),
}

/// How names are looked up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DnsOptions {
    /// How long an answer is used, 5 minutes; `Duration::MAX` for ever, zero for a look-up each time.
    pub ttl: Duration,
    /// Which of several addresses is taken.
    pub select: DnsSelect,
    /// Which kind of address is taken.
    pub policy: DnsPolicy,
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

impl HttpOptions {
    pub(super) fn read(reader: &mut Reader<'_>) -> HttpOptions {
        HttpOptions {
            max_redirects: u32::try_from(reader.count("maxRedirects", 10)).unwrap_or(u32::MAX),
            user_agent: reader
                .read("userAgent", reader::text)
                .unwrap_or_else(|| HttpSettings::default().user_agent),
            batch: reader.count("batch", 20),
            batch_per_host: reader.count("batchPerHost", 6),
            debug: reader
                .read("httpDebug", http_debug)
                .unwrap_or(HttpDebug::Off),
            throw: reader.flag("throw", false),
            no_connection_reuse: reader.flag("noConnectionReuse", false),
            no_vu_connection_reuse: reader.flag("noVUConnectionReuse", false),
            no_cookies_reset: reader.flag("noCookiesReset", false),
            discard_response_bodies: reader.flag("discardResponseBodies", false),
            tls: TlsOptions::read(reader),
            hosts: reader.read("hosts", hosts).unwrap_or_default(),
            blacklist_ips: reader.read("blacklistIPs", cidrs).unwrap_or_default(),
            block_hostnames: reader
                .read("blockHostnames", block_hostnames)
                .unwrap_or_default(),
            local_ips: reader.read("localIPs", local_ips).unwrap_or_default(),
            dns: DnsOptions::read(reader),
        }
    }
}

impl TlsOptions {
    fn read(reader: &mut Reader<'_>) -> TlsOptions {
        let whole = (TlsVersion::Ssl30, TlsVersion::Tls13);
        let (min_version, max_version) = reader.read("tlsVersion", tls_versions).unwrap_or(whole);
        TlsOptions {
            insecure_skip_verify: reader.flag("insecureSkipTLSVerify", false),
            cipher_suites: reader
                .read("tlsCipherSuites", cipher_suites)
                .unwrap_or_default(),
            min_version,
            max_version,
            auth: reader.read("tlsAuth", tls_auths).unwrap_or_default(),
            authorities: authorities(reader),
        }
    }
}

impl TlsVersion {
    const NAMES: [(&str, TlsVersion); 5] = [
        ("ssl3.0", TlsVersion::Ssl30),
        ("tls1.0", TlsVersion::Tls10),
        ("tls1.1", TlsVersion::Tls11),
        ("tls1.2", TlsVersion::Tls12),
        ("tls1.3", TlsVersion::Tls13),
    ];

    /// k6's name.
    pub fn name(self) -> &'static str {
        Self::NAMES[self as usize].0
    }
}

impl DnsOptions {
    fn read(reader: &mut Reader<'_>) -> DnsOptions {
        DnsOptions {
            ttl: reader
                .read("dns.ttl", dns_ttl)
                .unwrap_or(Duration::from_secs(300)),
            select: reader
                .read("dns.select", |value| one_of(value, &DnsSelect::NAMES))
                .unwrap_or(DnsSelect::Random),
            policy: reader
                .read("dns.policy", |value| one_of(value, &DnsPolicy::NAMES))
                .unwrap_or(DnsPolicy::PreferIpv4),
        }
    }
}

impl DnsSelect {
    pub(super) const NAMES: [(&str, DnsSelect); 3] = [
        ("first", DnsSelect::First),
        ("random", DnsSelect::Random),
        ("roundRobin", DnsSelect::RoundRobin),
    ];
}

impl DnsPolicy {
    pub(super) const NAMES: [(&str, DnsPolicy); 5] = [
        ("preferIPv4", DnsPolicy::PreferIpv4),
        ("preferIPv6", DnsPolicy::PreferIpv6),
        ("onlyIPv4", DnsPolicy::OnlyIpv4),
        ("onlyIPv6", DnsPolicy::OnlyIpv6),
        ("any", DnsPolicy::Any),
    ];
}

/// The value of a name, whatever its case.
pub(super) fn one_of<T: Copy>(value: &Value, names: &[(&str, T)]) -> Result<T, String> {
    let text = reader::text(value)?;
    let found = names
        .iter()
        .find(|(name, _)| name.eq_ignore_ascii_case(&text));
    let names = || {
        names
            .iter()
            .map(|(name, _)| *name)
            .filter(|name| !name.is_empty())
            .collect::<Vec<_>>()
            .join(", ")
    };
    found
        .map(|(_, value)| *value)
        .ok_or_else(|| format!("must be one of {}, got {text:?}", names()))
}

fn http_debug(value: &Value) -> Result<HttpDebug, String> {
    match value.as_str() {
        Some("") => Ok(HttpDebug::Off),
        Some("headers" | "true") => Ok(HttpDebug::Heads),
        Some("full") => Ok(HttpDebug::Full),
        _ => Err(format!("must be \"headers\" or \"full\", got {value}")),
    }
}

fn dns_ttl(value: &Value) -> Result<Duration, String> {
    match value.as_str() {
        Some("inf") => Ok(Duration::MAX),
        Some(text) => duration::parse_or_millis(text).map_err(|error| error.to_string()),
        None => duration::from_json(value).map_err(|error| error.to_string()),
    }
}

/// One version, or an object with `min` and `max`.
fn tls_versions(value: &Value) -> Result<(TlsVersion, TlsVersion), String> {
    let bound = |key: &str, default| {
        let given = value.get(key).filter(|value| !value.is_null());
        given.map_or(Ok(default), |value| one_of(value, &TlsVersion::NAMES))
    };
    let (min, max) = match value {
        Value::Object(_) => (
            bound("min", TlsVersion::Ssl30)?,
            bound("max", TlsVersion::Tls13)?,
        ),
        _ => one_of(value, &TlsVersion::NAMES).map(|version| (version, version))?,
    };
    if min > max {
        Err(format!("min {} is above max {}", min.name(), max.name()))
    } else if max < TlsVersion::Tls12 {
        Err(format!(
            "{} is not spoken: only tls1.2 and tls1.3 are",
            max.name()
        ))
    } else {
        Ok((min, max))
    }
}

fn cipher_suites(value: &Value) -> Result<Vec<String>, String> {
    let names = reader::words(value)?;
    match names.iter().find(|name| !is_cipher_suite(name)) {
        Some(name) => Err(format!(
            "{name:?} can't be offered; there are {}",
            CIPHER_SUITES.join(", ")
        )),
        None => Ok(names),
    }
}

/// PEM, or a file with it: a file of this machine can't be named by a test.
fn authorities(reader: &mut Reader<'_>) -> Option<Authorities> {
    let by_test = reader.origin("tlsCA") == Source::Test.to_string();
    reader.read("tlsCA", |value| {
        let text = reader::text(value)?;
        if text.contains("-----BEGIN") {
            Ok(Authorities::Pem(text))
        } else if by_test {
            Err("a test must give the certificates themselves, as PEM".to_owned())
        } else if text.is_empty() {
            Err("must be PEM, or the name of a file with it".to_owned())
        } else {
            Ok(Authorities::File(text.into()))
        }
    })
}

fn tls_auths(value: &Value) -> Result<Vec<TlsAuth>, String> {
    let list = value
        .as_array()
        .ok_or_else(|| "must be a list of objects with cert and key".to_owned())?;
    list.iter()
        .enumerate()
        .map(|(index, auth)| tls_auth(auth).map_err(|message| format!("[{index}]: {message}")))
        .collect()
}

/// The messages never show the values: there is a private key among them.
fn tls_auth(value: &Value) -> Result<TlsAuth, String> {
    let map = value
        .as_object()
        .ok_or("must be an object with cert and key")?;
    let text = |key: &str| map.get(key).and_then(Value::as_str).map(str::to_owned);
    Ok(TlsAuth {
        cert: text("cert").ok_or("cert must be the text of a PEM certificate")?,
        key: text("key").ok_or("key must be the text of a PEM private key")?,
        password: text("password"),
        domains: map
            .get("domains")
            .filter(|value| !value.is_null())
            .map(block_hostnames)
            .transpose()
            .map_err(|message| format!("domains: {message}"))?
            .unwrap_or_default(),
    })
}

fn hosts(value: &Value) -> Result<BTreeMap<String, HostTarget>, String> {
    let map = value
        .as_object()
        .ok_or_else(|| format!("must be an object, got {value}"))?;
    map.iter()
        .map(|(host, target)| Ok((host.clone(), host_target(host, target)?)))
        .collect()
}

fn host_target(host: &str, target: &Value) -> Result<HostTarget, String> {
    let text = reader::text(target)?;
    let address = || {
        text.trim_start_matches('[')
            .trim_end_matches(']')
            .parse()
            .map(HostTarget::Address)
    };
    text.parse().map(HostTarget::Socket).or_else(|_| address()).map_err(|_| {
        format!("{host:?} leads to {text:?}, which is not an address; write 127.0.0.1, 127.0.0.1:8080 or [::1]:8080")
    })
}

fn cidrs(value: &Value) -> Result<Vec<Cidr>, String> {
    let parse = |range: String| {
        range
            .parse()
            .map_err(|_| format!("{range:?} is not an address range; write 10.0.0.0/8"))
    };
    reader::words(value)?.into_iter().map(parse).collect()
}

fn block_hostnames(value: &Value) -> Result<Vec<String>, String> {
    let words = reader::words(value)?;
    let wrong =
        |name: &&String| name.is_empty() || name.trim_start_matches("*.").contains(['*', '/', ' ']);
    match words.iter().find(wrong) {
        Some(name) => Err(format!(
            "{name:?} is not a host name; write example.com or *.example.com"
        )),
        None => Ok(words),
    }
}

fn local_ips(value: &Value) -> Result<Vec<String>, String> {
    let words = reader::words(value)?;
    let valid = |text: &String| match text.split_once('-') {
        Some((from, to)) => from.parse::<IpAddr>().is_ok() && to.parse::<IpAddr>().is_ok(),
        None => text.parse::<Cidr>().is_ok(),
    };
    match words.iter().find(|text| !valid(text)) {
        Some(text) => Err(format!(
            "{text:?} is not an address; write 10.0.0.1, 10.0.0.1-10.0.0.9 or 10.0.0.0/24"
        )),
        None => Ok(words),
    }
}
