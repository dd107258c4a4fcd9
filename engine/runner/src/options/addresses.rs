//! Defines the options that say which names and addresses connections go to and come from.

use std::collections::BTreeMap;

use brunt_host::{Cidr, HostTarget, LocalIps, is_host_pattern};
use serde_json::Value;

use super::reader;

/// Reads `hosts`.
pub(super) fn hosts(value: &Value) -> Result<BTreeMap<String, HostTarget>, String> {
    let map = value
        .as_object()
        .ok_or_else(|| format!("must be an object, got {value}"))?;
    map.iter()
        .map(|(host, target)| Ok((host_pattern(host)?, host_target(host, target)?)))
        .collect()
}

/// Reads `blacklistIPs`.
pub(super) fn cidrs(value: &Value) -> Result<Vec<Cidr>, String> {
    let parse = |range: String| {
        range
            .parse()
            .map_err(|_| format!("{range:?} is not an address range; write 10.0.0.0/8"))
    };
    reader::words(value)?.into_iter().map(parse).collect()
}

/// Reads `blockHostnames`.
pub(super) fn block_hostnames(value: &Value) -> Result<Vec<String>, String> {
    let words = reader::words(value)?;
    match words
        .iter()
        .find(|name| !is_host_pattern(name) || name.contains(':'))
    {
        Some(name) => Err(format!(
            "{name:?} is not a host name; write example.com or *.example.com"
        )),
        None => Ok(words.iter().map(|name| name.to_ascii_lowercase()).collect()),
    }
}

/// Reads `localIPs`.
pub(super) fn local_ips(value: &Value) -> Result<LocalIps, String> {
    LocalIps::new(reader::words(value)?)
}

fn host_pattern(host: &str) -> Result<String, String> {
    match is_host_pattern(host) {
        true => Ok(host.to_owned()),
        false => Err(format!(
            "{host:?} is not a host name; write example.com, example.com:8080 or *.example.com"
        )),
    }
}

fn host_target(host: &str, target: &Value) -> Result<HostTarget, String> {
    reader::text(target)?
        .parse()
        .map_err(|message| format!("{host:?} leads to {message}"))
}
