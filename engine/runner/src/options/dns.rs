//! Defines the options of DNS.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use brunt_host::{DnsPolicy, DnsSelect, DnsSettings};
use brunt_plan::duration;
use serde_json::{Value, json};

use super::json::{name_of, text};
use super::reader::{self, Reader, one_of};

pub(super) const SELECTS: [(&str, DnsSelect); 3] = [
    ("first", DnsSelect::First),
    ("random", DnsSelect::Random),
    ("roundRobin", DnsSelect::RoundRobin),
];

pub(super) const POLICIES: [(&str, DnsPolicy); 5] = [
    ("preferIPv4", DnsPolicy::PreferIpv4),
    ("preferIPv6", DnsPolicy::PreferIpv6),
    ("onlyIPv4", DnsPolicy::OnlyIpv4),
    ("onlyIPv6", DnsPolicy::OnlyIpv6),
    ("any", DnsPolicy::Any),
];

/// The port of a server that is named without one.
const PORT: u16 = 53;

pub(super) fn read(reader: &mut Reader<'_>) -> DnsSettings {
    let default = DnsSettings::default();
    DnsSettings {
        ttl: reader.read("dns.ttl", ttl).unwrap_or(default.ttl),
        select: reader
            .read("dns.select", |value| one_of(value, &SELECTS))
            .unwrap_or(default.select),
        policy: reader
            .read("dns.policy", |value| one_of(value, &POLICIES))
            .unwrap_or(default.policy),
        server: reader.read("dns.server", server),
    }
}

/// What a test may see of it.
pub(super) fn to_json(dns: &DnsSettings) -> Value {
    json!({
        "ttl": if dns.ttl == Duration::MAX { "inf".to_owned() } else { text(dns.ttl) },
        "select": name_of(dns.select, &SELECTS),
        "policy": name_of(dns.policy, &POLICIES),
    })
}

/// The same with the server that is asked.
pub(super) fn to_operator_json(dns: &DnsSettings) -> Value {
    let mut all = to_json(dns);
    all["server"] = json!(dns.server.map(|server| server.to_string()));
    all
}

fn ttl(value: &Value) -> Result<Duration, String> {
    match value.as_str() {
        Some("inf") => Ok(Duration::MAX),
        Some(text) => duration::parse_or_millis(text).map_err(|error| error.to_string()),
        None => duration::from_json(value).map_err(|error| error.to_string()),
    }
}

fn server(value: &Value) -> Result<SocketAddr, String> {
    let text = reader::text(value)?;
    let without_port = || text.parse::<IpAddr>().map(|ip| SocketAddr::new(ip, PORT));
    text.parse().or_else(|_| without_port()).map_err(|_| {
        format!("{text:?} is not the address of a server; write 10.0.0.53 or 127.0.0.1:5353")
    })
}
