//! Defines how host names become addresses: asked of DNS, remembered for all VUs of a run, one of several chosen.

use std::cell::OnceCell;
use std::hash::{BuildHasher, RandomState};
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant};

use hickory_resolver::TokioResolver;
use hickory_resolver::config::{
    ConnectionConfig, LookupIpStrategy, NameServerConfig, ResolverConfig,
};
use hickory_resolver::net::NetError;
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::proto::rr::IntoName;
use rustc_hash::FxHashMap;

use crate::http::RequestFailure;
use crate::settings::{DnsPolicy, DnsSelect, DnsSettings};

/// Names that a run remembers before it starts anew: a test with unbounded names costs time, not memory.
const REMEMBERED: usize = 4096;

/// What a run knows of names. All its workers share it: it is asked where connections are made, not for every request.
#[derive(Default)]
pub(crate) struct Names {
    known: std::sync::Mutex<FxHashMap<Box<str>, Arc<Name>>>,
}

/// The last answer about one name. Who looks it up holds the lock, so that everyone else waits for one look-up.
#[derive(Default)]
struct Name {
    answer: tokio::sync::Mutex<Option<Answer>>,
    turn: AtomicUsize,
}

struct Answer {
    result: Result<Arc<[IpAddr]>, RequestFailure>,
    at: Instant,
}

/// One worker's way to DNS: its sockets belong to the worker's runtime.
#[derive(Default)]
pub(crate) struct Resolver {
    dns: OnceCell<TokioResolver>,
}

impl Resolver {
    /// The address of a name to connect to: one of those that it has.
    pub(crate) async fn resolve(
        &self,
        names: &Names,
        host: &str,
        settings: &DnsSettings,
    ) -> Result<IpAddr, RequestFailure> {
        let name = names.get(host);
        let addresses = match settings.ttl {
            Duration::ZERO => self.look_up(host, settings).await?,
            _ => self.recall(&name, host, settings).await?,
        };
        Ok(name.choose(&addresses, settings.select))
    }

    /// The addresses of a name, as they were last answered while that is recent enough.
    async fn recall(
        &self,
        name: &Name,
        host: &str,
        settings: &DnsSettings,
    ) -> Result<Arc<[IpAddr]>, RequestFailure> {
        let began = Instant::now();
        let mut answer = name.answer.lock().await;
        match &*answer {
            Some(Answer {
                result: Ok(addresses),
                at,
            }) if at.elapsed() < settings.ttl => {
                return Ok(addresses.clone());
            }
            // Whoever waited for a look-up that failed doesn't wait for another.
            Some(Answer {
                result: Err(failure),
                at,
            }) if *at > began => return Err(failure.clone()),
            _ => {}
        }
        let result = self.look_up(host, settings).await;
        *answer = Some(Answer {
            result: result.clone(),
            at: Instant::now(),
        });
        result
    }

    async fn look_up(
        &self,
        host: &str,
        settings: &DnsSettings,
    ) -> Result<Arc<[IpAddr]>, RequestFailure> {
        let failed = |error: NetError| failure(host, &error);
        // What can't be asked for can't exist.
        let name = host.into_name().map_err(|error| {
            RequestFailure::new(1101, format!("lookup {host}: no such host ({error})"))
        })?;
        let dns = self.dns(settings).map_err(failed)?;
        let found = dns.lookup_ip(name).await.map_err(failed)?;
        let addresses = kept(found.iter().collect(), settings.policy);
        match addresses.is_empty() {
            true => Err(RequestFailure::new(
                1101,
                format!(
                    "lookup {host}: no such host (it has no address of the kind that dns.policy asks for)"
                ),
            )),
            false => Ok(addresses.into()),
        }
    }

    fn dns(&self, settings: &DnsSettings) -> Result<&TokioResolver, NetError> {
        if let Some(dns) = self.dns.get() {
            return Ok(dns);
        }
        let dns = connect(settings)?;
        Ok(self.dns.get_or_init(|| dns))
    }
}

impl Names {
    fn get(&self, host: &str) -> Arc<Name> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(name) = known.get(host) {
            return name.clone();
        }
        if known.len() >= REMEMBERED {
            known.clear();
        }
        known.entry(host.into()).or_default().clone()
    }
}

impl Name {
    /// One of the addresses, of which there is at least one.
    fn choose(&self, addresses: &[IpAddr], select: DnsSelect) -> IpAddr {
        let index = match select {
            DnsSelect::First => 0,
            DnsSelect::Random => RandomState::new().hash_one(0) as usize,
            DnsSelect::RoundRobin => self.turn.fetch_add(1, Ordering::Relaxed),
        };
        addresses[index % addresses.len()]
    }
}

/// Of these addresses, those that the policy takes.
fn kept(mut addresses: Vec<IpAddr>, policy: DnsPolicy) -> Vec<IpAddr> {
    let has = |v6: bool| addresses.iter().any(|address| address.is_ipv6() == v6);
    let ipv6 = match policy {
        DnsPolicy::Any => return addresses,
        DnsPolicy::OnlyIpv4 => false,
        DnsPolicy::OnlyIpv6 => true,
        DnsPolicy::PreferIpv4 => !has(false),
        DnsPolicy::PreferIpv6 => has(true),
    };
    addresses.retain(|address| address.is_ipv6() == ipv6);
    addresses
}

/// DNS as the system is configured, `/etc/hosts` included, or with the one server that the run names.
fn connect(settings: &DnsSettings) -> Result<TokioResolver, NetError> {
    let provider = TokioRuntimeProvider::default();
    let mut builder = match settings.server {
        Some(server) => TokioResolver::builder_with_config(asking(server), provider),
        // As other resolvers do where the machine says nothing: a server of its own.
        None => TokioResolver::builder_tokio().unwrap_or_else(|_| {
            TokioResolver::builder_with_config(asking(([127, 0, 0, 1], 53).into()), provider)
        }),
    };
    let options = builder.options_mut();
    // Answers are remembered here, for as long as the run says.
    options.cache_size = 0;
    options.ip_strategy = match settings.policy {
        DnsPolicy::OnlyIpv4 => LookupIpStrategy::Ipv4Only,
        DnsPolicy::OnlyIpv6 => LookupIpStrategy::Ipv6Only,
        DnsPolicy::PreferIpv4 => LookupIpStrategy::Ipv4thenIpv6,
        DnsPolicy::PreferIpv6 => LookupIpStrategy::Ipv6thenIpv4,
        DnsPolicy::Any => LookupIpStrategy::Ipv4AndIpv6,
    };
    builder.build()
}

fn asking(server: SocketAddr) -> ResolverConfig {
    let on_port = |mut connection: ConnectionConfig| {
        connection.port = server.port();
        connection
    };
    let connections = [ConnectionConfig::udp(), ConnectionConfig::tcp()].map(on_port);
    let server = NameServerConfig::new(server.ip(), true, connections.to_vec());
    ResolverConfig::from_parts(None, Vec::new(), vec![server])
}

fn failure(host: &str, error: &NetError) -> RequestFailure {
    if error.is_no_records_found() {
        return RequestFailure::new(1101, format!("lookup {host}: no such host"));
    }
    let why = match error {
        NetError::Timeout => io::ErrorKind::TimedOut.to_string(),
        error => error.to_string(),
    };
    RequestFailure::new(1100, format!("lookup {host}: {why}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn addresses(words: &[&str]) -> Vec<IpAddr> {
        words.iter().map(|word| word.parse().unwrap()).collect()
    }

    #[test]
    fn the_policy_decides_which_kind_is_kept() {
        let (four, six) = (["10.0.0.1", "10.0.0.2"], ["::1"]);
        let both = [&four[..], &six[..]].concat();
        let cases: [(&[&str], DnsPolicy, &[&str]); 8] = [
            (&both, DnsPolicy::PreferIpv4, &four),
            (&both, DnsPolicy::PreferIpv6, &six),
            (&both, DnsPolicy::OnlyIpv4, &four),
            (&both, DnsPolicy::OnlyIpv6, &six),
            (&both, DnsPolicy::Any, &both),
            (&six, DnsPolicy::PreferIpv4, &six),
            (&four, DnsPolicy::PreferIpv6, &four),
            (&four, DnsPolicy::OnlyIpv6, &[]),
        ];
        for (found, policy, expected) in cases {
            let kept = kept(addresses(found), policy);
            assert_eq!(kept, addresses(expected), "{policy:?}");
        }
    }

    #[test]
    fn one_of_several_is_chosen() {
        let (name, all) = (
            Name::default(),
            addresses(&["10.0.0.1", "10.0.0.2", "10.0.0.3"]),
        );
        let chosen =
            |select| -> Vec<IpAddr> { (0..200).map(|_| name.choose(&all, select)).collect() };
        assert!(
            chosen(DnsSelect::First)
                .iter()
                .all(|address| *address == all[0])
        );
        let turns = chosen(DnsSelect::RoundRobin);
        assert_eq!(turns[..4], [all[0], all[1], all[2], all[0]]);
        let random = chosen(DnsSelect::Random);
        assert!(all.iter().all(|address| random.contains(address)));
    }
}
