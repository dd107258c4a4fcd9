//! Defines the network policy as options: what the operator grants, and how a test may narrow it.

use std::net::IpAddr;

use brunt_host::{HostTarget, NetworkPolicy};
use ipnet::IpNet;

use super::layer::Given;
use super::merge::Values;
use super::reader::{self, Reader};

/// Reads `network.allow` and `network.deny` of the operator, then narrows them by the test's: its denials are added, and
/// its allowances take the place of the operator's, of which each must be a part.
pub(super) fn read(reader: &mut Reader<'_>, by_test: &Values) -> NetworkPolicy {
    let granted = reader.words("network.allow").unwrap_or_default();
    let mut denied = reader.words("network.deny").unwrap_or_default();
    denied.extend(words(reader, by_test.get("network.deny")));
    let asked = words(reader, by_test.get("network.allow"));
    for rule in asked
        .iter()
        .filter(|rule| !granted.is_empty() && !granted.iter().any(|grant| covers(grant, rule)))
    {
        reader.general_problem(format!(
            "network.allow (from the test's options): {rule:?} is not granted; whoever runs the test can grant it with --allow-host {rule}"
        ));
    }
    check_hosts(reader, &granted, by_test.get("hosts"));
    let allowed = if asked.is_empty() { granted } else { asked };
    policy(reader, &allowed, &denied)
}

/// A test must not reach an address that it isn't granted by giving it the name of a host that it is, and no Unix socket that
/// it isn't granted by its path: sockets of a machine often have no other protection than that nobody comes near them.
fn check_hosts(reader: &mut Reader<'_>, granted: &[String], hosts: Option<&Given>) {
    let Some(hosts) = hosts.and_then(|given| given.value.as_object()) else {
        return;
    };
    for (host, target) in hosts {
        // A target that is none is an error of `hosts` itself.
        let Some(Ok(target)) = target.as_str().map(str::parse) else {
            continue;
        };
        let (rule, is_granted) = match target {
            HostTarget::Address(address) => grants_address(granted, address),
            HostTarget::Socket(address) => grants_address(granted, address.ip()),
            HostTarget::Unix(_) => (target.to_string(), granted.contains(&target.to_string())),
        };
        if !is_granted {
            reader.general_problem(format!(
                "hosts (from the test's options): {host:?} leads to {rule}, which is not granted; whoever runs the test can grant it with --allow-host {rule}"
            ));
        }
    }
}

fn grants_address(granted: &[String], address: IpAddr) -> (String, bool) {
    let address = address.to_canonical();
    let in_range = |grant: &String| range(grant).is_some_and(|range| range.contains(&address));
    let is_granted = granted.is_empty() || granted.iter().any(in_range);
    (address.to_string(), is_granted)
}

fn words(reader: &mut Reader<'_>, given: Option<&Given>) -> Vec<String> {
    let Some(Given { value, origin }) = given else {
        return Vec::new();
    };
    reader::words(value).unwrap_or_else(|message| {
        reader.general_problem(format!("network (from {origin}): {message}"));
        Vec::new()
    })
}

fn policy(reader: &mut Reader<'_>, allowed: &[String], denied: &[String]) -> NetworkPolicy {
    let mut policy = NetworkPolicy::default();
    for rule in allowed {
        policy
            .allow(rule)
            .unwrap_or_else(|error| reader.general_problem(format!("network.allow: {error}")));
    }
    for rule in denied {
        policy
            .deny(rule)
            .unwrap_or_else(|error| reader.general_problem(format!("network.deny: {error}")));
    }
    policy
}

/// Whether everything that `rule` allows is allowed by `grant` too.
fn covers(grant: &str, rule: &str) -> bool {
    match (range(grant), range(rule)) {
        (Some(grant), Some(rule)) => grant.contains(&rule),
        (None, None) if grant.starts_with("unix:") || rule.starts_with("unix:") => grant == rule,
        (None, None) => covers_host(&grant.to_ascii_lowercase(), &rule.to_ascii_lowercase()),
        _ => false,
    }
}

fn covers_host(grant: &str, rule: &str) -> bool {
    match grant.strip_prefix('*') {
        Some(suffix) => rule == grant || (rule.len() > suffix.len() && rule.ends_with(suffix)),
        None => rule == grant,
    }
}

fn range(rule: &str) -> Option<IpNet> {
    rule.parse()
        .or_else(|_| rule.parse::<IpAddr>().map(IpNet::from))
        .ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_grant_covers_its_parts_only() {
        let cases = [
            ("example.com", "Example.com", true),
            ("*.example.com", "api.example.com", true),
            ("*.example.com", "*.api.example.com", true),
            ("*.example.com", "example.com", false),
            ("*.example.com", "badexample.com", false),
            ("api.example.com", "*.example.com", false),
            ("10.0.0.0/8", "10.1.0.0/16", true),
            ("10.0.0.0/8", "10.1.2.3", true),
            ("10.1.0.0/16", "10.0.0.0/8", false),
            ("10.0.0.0/8", "example.com", false),
            ("::/0", "10.0.0.1", false),
            ("unix:/run/a", "unix:/run/a", true),
            ("unix:/run/a", "unix:/run/A", false),
            ("unix:/run/a", "a.org", false),
        ];
        for (grant, rule, covered) in cases {
            assert_eq!(covers(grant, rule), covered, "{grant} {rule}");
        }
    }
}
