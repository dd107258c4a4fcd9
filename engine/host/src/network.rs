//! Defines where connections may go: host names and address ranges, allowed and denied.

use std::fmt;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use ipnet::IpNet;

/// A range of addresses: `10.0.0.0/8`, or one address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cidr(IpNet);

/// Which hosts and addresses a run may connect to. Denials win; no allowance at all allows everything.
///
/// Names are checked before they are looked up, addresses after, right before dialling. Unix sockets, which only the option
/// `hosts` leads to, are checked like addresses.
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
    /// Paths of Unix sockets that are allowed.
    pub allow_sockets: Vec<PathBuf>,
    /// Paths of Unix sockets that are denied.
    pub deny_sockets: Vec<PathBuf>,
}

/// A rule that is neither a host name nor an address range nor a Unix socket.
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
    /// Adds a rule: a host name, an address, an address range, or `unix:` and the path of a socket.
    pub fn allow(&mut self, rule: &str) -> Result<(), NetworkPolicyError> {
        match Rule::parse(rule)? {
            Rule::Host(name) => self.allow_hosts.push(name),
            Rule::Addresses(range) => self.allow_addresses.push(range),
            Rule::Socket(path) => self.allow_sockets.push(path),
        }
        Ok(())
    }

    /// Adds a rule: a host name, an address, an address range, or `unix:` and the path of a socket.
    pub fn deny(&mut self, rule: &str) -> Result<(), NetworkPolicyError> {
        match Rule::parse(rule)? {
            Rule::Host(name) => self.deny_hosts.push(name),
            Rule::Addresses(range) => self.deny_addresses.push(range),
            Rule::Socket(path) => self.deny_sockets.push(path),
        }
        Ok(())
    }

    /// All that is allowed, each rule as [`NetworkPolicy::allow`] reads it.
    pub fn allowed(&self) -> Vec<String> {
        rules(
            &self.allow_hosts,
            &self.allow_addresses,
            &self.allow_sockets,
        )
    }

    /// All that is denied, each rule as [`NetworkPolicy::deny`] reads it.
    pub fn denied(&self) -> Vec<String> {
        rules(&self.deny_hosts, &self.deny_addresses, &self.deny_sockets)
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
        self.check_not_denied(address)?;
        let address = address.to_canonical();
        let in_range = |range: &Cidr| range.0.contains(&address);
        if self.allows_name(host) || self.allow_addresses.iter().any(in_range) {
            Ok(())
        } else {
            Err(Denial::Address)
        }
    }

    /// Checks that an address is none of those that are denied, whatever is allowed.
    pub(crate) fn check_not_denied(&self, address: IpAddr) -> Result<(), Denial> {
        let address = address.to_canonical();
        let mut denied = self.deny_addresses.iter();
        match denied.any(|range| range.0.contains(&address)) {
            true => Err(Denial::Address),
            false => Ok(()),
        }
    }

    /// Checks a host that a proxy connects to. Where a name leads is the proxy's to know, so that only the name counts.
    pub(crate) fn check_behind_proxy(&self, host: &str) -> Result<(), Denial> {
        self.check_host(host)?;
        match host.parse() {
            Ok(address) => self.check_address(host, address),
            Err(_) if self.allows_name(host) => Ok(()),
            Err(_) => Err(Denial::Host),
        }
    }

    /// Checks a Unix socket that a host name led to.
    pub(crate) fn check_socket(&self, host: &str, path: &Path) -> Result<(), Denial> {
        let denied = self.deny_sockets.iter().any(|known| known == path);
        let allowed =
            self.allows_name(host) || self.allow_sockets.iter().any(|known| known == path);
        if allowed && !denied {
            Ok(())
        } else {
            Err(Denial::Address)
        }
    }

    /// Whether the name alone is enough: it is allowed, or everything is.
    fn allows_name(&self, host: &str) -> bool {
        let open = self.allow_hosts.is_empty()
            && self.allow_addresses.is_empty()
            && self.allow_sockets.is_empty();
        open || self.allow_hosts.iter().any(|rule| host_matches(rule, host))
    }
}

/// What a rule is about.
enum Rule {
    Host(String),
    Addresses(Cidr),
    Socket(PathBuf),
}

impl Rule {
    fn parse(rule: &str) -> Result<Self, NetworkPolicyError> {
        if let Some(path) = rule
            .strip_prefix("unix:")
            .filter(|path| path.starts_with('/'))
        {
            return Ok(Self::Socket(path.into()));
        }
        if let Ok(range) = rule.parse() {
            return Ok(Self::Addresses(range));
        }
        match is_host_rule(rule) {
            true => Ok(Self::Host(rule.to_ascii_lowercase())),
            false => Err(NetworkPolicyError {
                rule: rule.to_owned(),
            }),
        }
    }
}

fn rules(hosts: &[String], ranges: &[Cidr], sockets: &[PathBuf]) -> Vec<String> {
    let ranges = ranges.iter().map(Cidr::to_string);
    let sockets = sockets
        .iter()
        .map(|path| format!("unix:{}", path.display()));
    hosts.iter().cloned().chain(ranges).chain(sockets).collect()
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
            "`{}` is neither a host name (`example.com`, `*.example.com`) nor an address range (`10.0.0.0/8`) nor a Unix socket (`unix:/run/app.sock`)",
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
    fn sockets_are_allowed_by_their_path_or_the_name_that_leads_there() {
        let check = |policy: &NetworkPolicy| policy.check_socket("a.org", Path::new("/run/a"));
        assert_eq!(check(&policy(&[], &[])), Ok(()));
        assert_eq!(check(&policy(&["unix:/run/a"], &[])), Ok(()));
        assert_eq!(check(&policy(&["a.org"], &[])), Ok(()));
        assert_eq!(check(&policy(&["unix:/run/b"], &[])), Err(Denial::Address));
        assert_eq!(check(&policy(&["10.0.0.0/8"], &[])), Err(Denial::Address));
        assert_eq!(
            check(&policy(&["a.org"], &["unix:/run/a"])),
            Err(Denial::Address)
        );
        let closed = policy(&["unix:/run/a"], &[]);
        let address = closed.check_address("a.org", "10.0.0.1".parse().unwrap());
        assert_eq!(address, Err(Denial::Address));
        assert_eq!(closed.allowed(), ["unix:/run/a"]);
    }

    #[test]
    fn behind_a_proxy_names_count() {
        let check =
            |allow: &[&str], deny: &[&str], host| policy(allow, deny).check_behind_proxy(host);
        assert_eq!(check(&[], &["10.0.0.0/8"], "a.org"), Ok(()));
        assert_eq!(
            check(&[], &["10.0.0.0/8"], "10.0.0.1"),
            Err(Denial::Address)
        );
        assert_eq!(check(&[], &["a.org"], "a.org"), Err(Denial::Host));
        assert_eq!(check(&["10.0.0.0/8"], &[], "a.org"), Err(Denial::Host));
        assert_eq!(check(&["10.0.0.0/8"], &[], "10.0.0.1"), Ok(()));
        assert_eq!(check(&["a.org"], &[], "a.org"), Ok(()));
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
