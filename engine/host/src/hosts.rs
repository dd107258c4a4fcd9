//! Defines the option `hosts`: where a host name leads in place of DNS.

use std::collections::BTreeMap;
use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::str::FromStr;

/// Where a host name leads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HostTarget {
    /// Another address; the port stays.
    Address(IpAddr),
    /// Another address and port.
    Socket(SocketAddr),
    /// A Unix socket of this machine, by its absolute path: `unix:/run/app.sock`.
    Unix(PathBuf),
}

/// All host names that lead elsewhere: `host`, `host:port`, and each of them with `*` in front for all names that end so.
///
/// A name with a port comes before one without, a whole name before one with `*`, a longer one before a shorter one.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Hosts {
    exact: BTreeMap<String, HostTarget>,
    /// What follows the `*`, the longest first.
    endings: Vec<(String, HostTarget)>,
}

/// Whether this is a name as [`Hosts`] takes it.
pub fn is_host_pattern(pattern: &str) -> bool {
    let name = pattern.strip_prefix('*').unwrap_or(pattern);
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | ':');
    !pattern.is_empty() && name.chars().all(allowed)
}

impl Hosts {
    /// The target of a host and port, if it has one.
    pub(crate) fn find(&self, host: &str, port: u16) -> Option<&HostTarget> {
        if self.exact.is_empty() && self.endings.is_empty() {
            return None;
        }
        let host = host.to_ascii_lowercase();
        self.find_name(&format!("{host}:{port}"))
            .or_else(|| self.find_name(&host))
    }

    fn find_name(&self, name: &str) -> Option<&HostTarget> {
        let by_ending = || {
            let mut endings = self.endings.iter();
            endings.find(|(ending, _)| name.len() > ending.len() && name.ends_with(ending.as_str()))
        };
        self.exact
            .get(name)
            .or_else(|| by_ending().map(|(_, target)| target))
    }
}

impl FromIterator<(String, HostTarget)> for Hosts {
    fn from_iter<I: IntoIterator<Item = (String, HostTarget)>>(pairs: I) -> Self {
        let mut hosts = Self::default();
        for (pattern, target) in pairs {
            let pattern = pattern.to_ascii_lowercase();
            match pattern.strip_prefix('*') {
                Some(ending) => hosts.endings.push((ending.to_owned(), target)),
                None => drop(hosts.exact.insert(pattern, target)),
            }
        }
        hosts
            .endings
            .sort_by_key(|(ending, _)| std::cmp::Reverse(ending.len()));
        hosts
    }
}

impl FromStr for HostTarget {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if let Some(path) = text.strip_prefix("unix:") {
            return match path.starts_with('/') {
                true => Ok(Self::Unix(path.into())),
                false => Err(format!(
                    "{text:?}, where the path of a Unix socket is not absolute; write unix:/run/app.sock"
                )),
            };
        }
        let address = || text.trim_start_matches('[').trim_end_matches(']').parse();
        text.parse()
            .map(Self::Socket)
            .or_else(|_| address().map(Self::Address))
            .map_err(|_| {
                format!(
                    "{text:?}, which is not an address; write 127.0.0.1, 127.0.0.1:8080, [::1]:8080 or unix:/run/app.sock"
                )
            })
    }
}

impl fmt::Display for HostTarget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Address(address) => address.fmt(f),
            Self::Socket(address) => address.fmt(f),
            Self::Unix(path) => write!(f, "unix:{}", path.display()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_closest_name_wins() {
        let hosts: Hosts = [
            ("*.example.com", "10.0.0.1"),
            ("*.api.example.com", "10.0.0.2"),
            ("Www.api.example.com", "10.0.0.3"),
            ("*.example.com:8080", "10.0.0.4:80"),
            ("one.org:81", "unix:/run/app.sock"),
            ("*two.org", "::1"),
        ]
        .map(|(host, to)| (host.to_owned(), to.parse().unwrap()))
        .into_iter()
        .collect();
        let cases = [
            ("a.example.com", 80, "10.0.0.1"),
            ("example.com", 80, ""),
            ("A.B.Example.com", 80, "10.0.0.1"),
            ("a.api.example.com", 80, "10.0.0.2"),
            ("www.api.example.com", 443, "10.0.0.3"),
            ("www.api.example.com", 8080, "10.0.0.4:80"),
            ("one.org", 80, ""),
            ("one.org", 81, "unix:/run/app.sock"),
            ("number-two.org", 80, "::1"),
            ("two.org", 80, ""),
        ];
        for (host, port, to) in cases {
            let found = hosts.find(host, port).map(HostTarget::to_string);
            assert_eq!(found.unwrap_or_default(), to, "{host}:{port}");
        }
    }

    #[test]
    fn what_is_no_target_says_what_one_is() {
        for (text, hint) in [
            ("nowhere", "127.0.0.1:8080"),
            ("unix:app.sock", "not absolute"),
            ("unix:", "not absolute"),
        ] {
            let message = text.parse::<HostTarget>().unwrap_err();
            assert!(message.contains(hint), "{message}");
        }
    }

    #[test]
    fn patterns_have_one_star_in_front() {
        for pattern in ["a", "a.example:80", "*.example.com", "*", "::1", "a_b"] {
            assert!(is_host_pattern(pattern), "{pattern}");
        }
        for pattern in ["", "a.*.com", "**", "http://a", "a b"] {
            assert!(!is_host_pattern(pattern), "{pattern}");
        }
    }
}
