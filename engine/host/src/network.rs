//! Defines where connections may go: host names and address ranges, allowed and denied.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use ipnet::IpNet;

/// A range of addresses: `10.0.0.0/8`, or one address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cidr(IpNet);

/// Which hosts and addresses a run may connect to. Denials win; no allowance at all allows everything.
///
/// Names are checked before they are looked up, addresses after, right before dialling.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct NetworkPolicy {
    /// Host names that are allowed, `*.example.com` included.
    pub allow_hosts: Vec<String>,
    /// Address ranges that are allowed.
    pub allow_addresses: Vec<Cidr>,
    /// Host names that are denied.
    pub deny_hosts: Vec<String>,
    /// Address ranges that are denied.
    pub deny_addresses: Vec<Cidr>,
}

/// A rule that is neither a host name nor an address range.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NetworkPolicyError {
    /// The rule as it was given.
    pub rule: String,
}

/// Why a connection is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Denial {
    Host,
    Address,
}

impl NetworkPolicy {
    /// Adds rules, each a host name, an address or an address range.
    pub fn allow(&mut self, rule: &str) -> Result<(), NetworkPolicyError> {
        add(rule, &mut self.allow_hosts, &mut self.allow_addresses)
    }

    /// Adds rules, each a host name, an address or an address range.
    pub fn deny(&mut self, rule: &str) -> Result<(), NetworkPolicyError> {
        add(rule, &mut self.deny_hosts, &mut self.deny_addresses)
    }

    /// Checks a host name, before it is looked up.
    pub(crate) fn check_host(&self, host: &str) -> Result<(), Denial> {
        if self.deny_hosts.iter().any(|rule| host_matches(rule, host)) {
            Err(Denial::Host)
        } else {
            Ok(())
        }
    }

    /// Checks an address that a host name led to.
    pub(crate) fn check_address(&self, host: &str, address: IpAddr) -> Result<(), Denial> {
        let address = address.to_canonical();
        if self
            .deny_addresses
            .iter()
            .any(|range| range.0.contains(&address))
        {
            return Err(Denial::Address);
        }
        let open = self.allow_hosts.is_empty() && self.allow_addresses.is_empty();
        let allowed = open
            || self.allow_hosts.iter().any(|rule| host_matches(rule, host))
            || self
                .allow_addresses
                .iter()
                .any(|range| range.0.contains(&address));
        if allowed {
            Ok(())
        } else {
            Err(Denial::Address)
        }
    }
}

fn add(
    rule: &str,
    hosts: &mut Vec<String>,
    ranges: &mut Vec<Cidr>,
) -> Result<(), NetworkPolicyError> {
    if let Ok(range) = rule.parse() {
        ranges.push(range);
        return Ok(());
    }
    if !is_host_rule(rule) {
        return Err(NetworkPolicyError {
            rule: rule.to_owned(),
        });
    }
    hosts.push(rule.to_ascii_lowercase());
    Ok(())
}

fn is_host_rule(rule: &str) -> bool {
    let name = rule.strip_prefix("*.").unwrap_or(rule);
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    !name.is_empty() && name.chars().all(allowed)
}

fn host_matches(rule: &str, host: &str) -> bool {
    match rule.strip_prefix('*') {
        Some(suffix) => host.len() > suffix.len() && host.to_ascii_lowercase().ends_with(suffix),
        None => rule.eq_ignore_ascii_case(host),
    }
}

impl FromStr for Cidr {
    type Err = NetworkPolicyError;

    fn from_str(rule: &str) -> Result<Self, Self::Err> {
        let net = rule
            .parse::<IpNet>()
            .or_else(|_| rule.parse::<IpAddr>().map(IpNet::from));
        net.map(Cidr).map_err(|_| NetworkPolicyError {
            rule: rule.to_owned(),
        })
    }
}

impl fmt::Display for Cidr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Display for NetworkPolicyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "`{}` is neither a host name (`example.com`, `*.example.com`) nor an address range (`10.0.0.0/8`)",
            self.rule
        )
    }
}

impl std::error::Error for NetworkPolicyError {}

#[cfg(test)]
mod tests {
    use super::*;

    fn policy(allow: &[&str], deny: &[&str]) -> NetworkPolicy {
        let mut policy = NetworkPolicy::default();
        for rule in allow {
            policy.allow(rule).unwrap();
        }
        for rule in deny {
            policy.deny(rule).unwrap();
        }
        policy
    }

    #[test]
    fn rules_are_applied_to_names_and_addresses() {
        let check = |policy: &NetworkPolicy, host: &str, address: &str| {
            policy
                .check_host(host)
                .and_then(|()| policy.check_address(host, address.parse().unwrap()))
        };
        let open = policy(&[], &["10.0.0.0/8", "*.internal"]);
        assert_eq!(check(&open, "example.com", "93.184.216.34"), Ok(()));
        assert_eq!(
            check(&open, "example.com", "10.1.2.3"),
            Err(Denial::Address)
        );
        assert_eq!(
            check(&open, "example.com", "::ffff:10.1.2.3"),
            Err(Denial::Address)
        );
        assert_eq!(
            check(&open, "Db.Internal", "93.184.216.34"),
            Err(Denial::Host)
        );
        let closed = policy(&["127.0.0.1", "api.example.com"], &[]);
        assert_eq!(check(&closed, "localhost", "127.0.0.1"), Ok(()));
        assert_eq!(check(&closed, "api.example.com", "93.184.216.34"), Ok(()));
        assert_eq!(
            check(&closed, "example.com", "93.184.216.34"),
            Err(Denial::Address)
        );
    }

    #[test]
    fn ranges_are_printed_as_they_are_read() {
        for range in ["10.0.0.0/8", "192.0.2.1/32", "2001:db8::/32"] {
            let read = range.parse().map(|cidr: Cidr| cidr.to_string());
            assert_eq!(read.as_deref(), Ok(range));
        }
    }

    #[test]
    fn a_rule_that_is_none_is_refused() {
        assert!(
            NetworkPolicy::default()
                .allow("http://example.com/")
                .is_err()
        );
        assert!(NetworkPolicy::default().deny("10.0.0.0/64").is_err());
    }
}
