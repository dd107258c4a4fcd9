//! Defines the options of HTTP and of the connections below it.

use std::collections::BTreeMap;

use brunt_host::{
    Authorities, CIPHER_SUITES, Cidr, DnsSettings, HostTarget, HttpSettings, HttpVersion, LocalIps,
    is_cipher_suite,
};
use serde_json::Value;

use super::layer::Source;
use super::reader::{self, Reader, one_of};
use super::{addresses, dns};

/// How HTTP requests behave.
#[derive(Debug, Clone, PartialEq)]
pub struct HttpOptions {
    /// Redirects that a request follows, 10.
    pub max_redirects: u32,
    /// The `user-agent` header.
    pub user_agent: String,
    /// Requests of one batch at once, 20; 0 for all.
    pub batch: u64,
    /// Requests of one batch at once to one host, 6; 0 for all.
    pub batch_per_host: u64,
    /// The version of HTTP.
    pub version: HttpVersion,
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
    /// Addresses and Unix sockets in place of DNS, by `host`, `host:port` or `*.domain`.
    pub hosts: BTreeMap<String, HostTarget>,
    /// Address ranges that are not connected to.
    pub blacklist_ips: Vec<Cidr>,
    /// Host names that are not connected to, `*.domain` included.
    pub block_hostnames: Vec<String>,
    /// Addresses of this machine that connections are made from: single ones, ranges `a-b` and CIDRs.
    pub local_ips: LocalIps,
    /// How names are looked up.
    pub dns: DnsSettings,
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

impl HttpOptions {
    pub(super) fn read(reader: &mut Reader<'_>) -> HttpOptions {
        HttpOptions {
            max_redirects: u32::try_from(reader.count("maxRedirects", 10)).unwrap_or(u32::MAX),
            user_agent: reader
                .read("userAgent", reader::text)
                .unwrap_or_else(|| HttpSettings::default().user_agent),
            batch: reader.count("batch", 20),
            batch_per_host: reader.count("batchPerHost", 6),
            version: reader.read("httpVersion", http_version).unwrap_or_default(),
            debug: reader
                .read("httpDebug", http_debug)
                .unwrap_or(HttpDebug::Off),
            throw: reader.flag("throw", false),
            no_connection_reuse: reader.flag("noConnectionReuse", false),
            no_vu_connection_reuse: reader.flag("noVUConnectionReuse", false),
            no_cookies_reset: reader.flag("noCookiesReset", false),
            discard_response_bodies: reader.flag("discardResponseBodies", false),
            tls: TlsOptions::read(reader),
            hosts: reader.read("hosts", addresses::hosts).unwrap_or_default(),
            blacklist_ips: reader
                .read("blacklistIPs", addresses::cidrs)
                .unwrap_or_default(),
            block_hostnames: reader
                .read("blockHostnames", addresses::block_hostnames)
                .unwrap_or_default(),
            local_ips: reader
                .read("localIPs", addresses::local_ips)
                .unwrap_or_default(),
            dns: dns::read(reader),
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

/// A version by its name, or as a number.
fn http_version(value: &Value) -> Result<HttpVersion, String> {
    match value {
        Value::Number(number) => one_of(&number.to_string().into(), &HttpVersion::NAMES),
        _ => one_of(value, &HttpVersion::NAMES),
    }
}

fn http_debug(value: &Value) -> Result<HttpDebug, String> {
    match value.as_str() {
        Some("") => Ok(HttpDebug::Off),
        Some("headers" | "true") => Ok(HttpDebug::Heads),
        Some("full") => Ok(HttpDebug::Full),
        _ => Err(format!("must be \"headers\" or \"full\", got {value}")),
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
            .map(addresses::block_hostnames)
            .transpose()
            .map_err(|message| format!("domains: {message}"))?
            .unwrap_or_default(),
    })
}
