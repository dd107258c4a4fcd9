//! Defines how host names become addresses: the option `hosts`, then the system's resolver, remembered for a while.

use std::cell::RefCell;
use std::net::{IpAddr, SocketAddr};
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustc_hash::FxHashMap;

use crate::http::failure::RequestFailure;
use crate::http::target::Origin;
use crate::settings::{HostOverride, HttpSettings};

/// How long an answer is remembered: k6's default `dns.ttl`.
const TTL: Duration = Duration::from_secs(300);

/// Names that one worker remembers before it starts anew.
const REMEMBERED: usize = 4096;

/// What one worker knows of names.
#[derive(Default)]
pub(crate) struct Resolver {
    answers: RefCell<FxHashMap<Arc<str>, Answer>>,
}

struct Answer {
    addresses: Rc<[IpAddr]>,
    until: Instant,
}

impl Resolver {
    /// The addresses of an origin, at least one.
    pub(crate) async fn resolve(
        &self,
        origin: &Origin,
        settings: &HttpSettings,
    ) -> Result<Vec<SocketAddr>, RequestFailure> {
        if let Some(address) = overridden(origin, settings) {
            return Ok(vec![address]);
        }
        if let Ok(address) = origin.host.parse::<IpAddr>() {
            return Ok(vec![SocketAddr::new(address, origin.port)]);
        }
        let addresses = self.addresses(&origin.host).await?;
        Ok(addresses
            .iter()
            .map(|address| SocketAddr::new(*address, origin.port))
            .collect())
    }

    async fn addresses(&self, host: &Arc<str>) -> Result<Rc<[IpAddr]>, RequestFailure> {
        let now = Instant::now();
        if let Some(answer) = self.answers.borrow().get(host)
            && now < answer.until
        {
            return Ok(answer.addresses.clone());
        }
        let addresses = look_up(host).await?;
        let mut answers = self.answers.borrow_mut();
        if answers.len() >= REMEMBERED {
            answers.clear();
        }
        let answer = Answer {
            addresses: addresses.clone(),
            until: now + TTL,
        };
        answers.insert(host.clone(), answer);
        Ok(addresses)
    }
}

fn overridden(origin: &Origin, settings: &HttpSettings) -> Option<SocketAddr> {
    if settings.hosts.is_empty() {
        return None;
    }
    let with_port = format!("{}:{}", origin.host, origin.port);
    let found = settings
        .hosts
        .get(&with_port)
        .or_else(|| settings.hosts.get(&*origin.host))?;
    Some(match found {
        HostOverride::Address(address) => SocketAddr::new(*address, origin.port),
        HostOverride::Socket(address) => *address,
    })
}

/// Asks the system; addresses of IPv4 come first, as k6's default `dns.policy` prefers them.
async fn look_up(host: &str) -> Result<Rc<[IpAddr]>, RequestFailure> {
    let answer = tokio::net::lookup_host((host, 0)).await;
    let found = answer.map_err(|error| no_such_host(host, &error.to_string()))?;
    let mut addresses: Vec<IpAddr> = found.map(|address| address.ip()).collect();
    addresses.sort_by_key(IpAddr::is_ipv6);
    if addresses.is_empty() {
        return Err(no_such_host(host, "no addresses"));
    }
    Ok(addresses.into())
}

fn no_such_host(host: &str, why: &str) -> RequestFailure {
    RequestFailure::new(1101, format!("lookup {host}: no such host ({why})"))
}
