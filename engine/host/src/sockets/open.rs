//! Defines how a connection is opened, within the time that it may take.

use std::net::IpAddr;
use std::time::Duration;

use url::Host;

use super::connection::{Connection, Facts, Opening, Shared};
use super::driver::{Driver, facts_of};
use super::ground::Ground;
use crate::http::RequestFailure;
use crate::net::TlsWishes;
use crate::net::dial::{DialPhase, DialTimings, tls};
use crate::net::socket::Wire;

/// A connection to be opened.
#[derive(Debug, Clone)]
pub(crate) struct Dial {
    pub(crate) host: String,
    pub(crate) port: u16,
    /// How long all of it may take.
    pub(crate) timeout: Duration,
    /// How TLS is to be spoken; none without.
    pub(crate) tls: Option<TlsWishes>,
}

/// Where the time of opening a connection went.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Timings {
    pub(crate) looking_up: Duration,
    pub(crate) connecting: Duration,
    pub(crate) tls_handshaking: Duration,
}

/// Opens a connection, and starts the task that drives it.
///
/// # Errors
/// What went wrong, under the codes of `brunt:sockets`.
pub(crate) async fn open(dial: &Dial, ground: &Ground) -> Result<Connection, RequestFailure> {
    let host = host_of(&dial.host)?;
    let mut timings = DialTimings::default();
    let opening = connect(dial, &host, ground, &mut timings);
    match tokio::time::timeout(dial.timeout, opening).await {
        Ok(result) => result,
        Err(_) => Err(late(dial, timings.phase)),
    }
}

async fn connect(
    dial: &Dial,
    host: &str,
    ground: &Ground,
    timings: &mut DialTimings,
) -> Result<Connection, RequestFailure> {
    let slot = ground.slot().await?;
    let egress = ground.egress();
    let remote = egress.locate(host, dial.port, timings).await?;
    let wire = egress.connect(&remote, timings).await?;
    let (local, remote) = wire.addresses();
    let (wire, facts) = match &dial.tls {
        None => (wire, None),
        Some(wishes) => secure(ground, host, wishes, wire, timings).await?,
    };
    let shared = Shared::new(Opening {
        limit: ground.buffer_limit(),
        facts,
        timings: (&*timings).into(),
        timeout: dial.timeout,
        arrivals: ground.arrivals(),
        host: host.into(),
        local: local.into(),
        remote: remote.into(),
    });
    let driver = Driver::new(shared.clone(), wire, slot, ground.account());
    ground.drive(driver.run());
    Ok(Connection::new(shared))
}

async fn secure(
    ground: &Ground,
    host: &str,
    wishes: &TlsWishes,
    wire: Wire,
    timings: &mut DialTimings,
) -> Result<(Wire, Option<Facts>), RequestFailure> {
    let config = ground.worker().run.tls.wished(host, wishes)?;
    let shaking = tls(config, wishes.name(host), wire, timings);
    let (stream, _) = shaking.await.map_err(without_http)?;
    let facts = facts_of(&stream);
    Ok((Wire::Tls(Box::new(stream)), Some(facts)))
}

/// A failure of TLS, in words that know nothing of HTTP.
pub(super) fn without_http(failure: RequestFailure) -> RequestFailure {
    match failure.code {
        1600 => RequestFailure::new(
            1300,
            "TLS: the server speaks none of the protocols that are offered to it (ALPN)",
        ),
        _ => failure,
    }
}

/// The host as names are looked up and policies written: in lower case, in Punycode, without the brackets of an IPv6 address.
pub(super) fn host_of(text: &str) -> Result<String, RequestFailure> {
    let bare = text
        .strip_prefix('[')
        .and_then(|text| text.strip_suffix(']'));
    let host = bare.unwrap_or(text);
    let refused = |why: &str| RequestFailure::new(1000, format!("dial {text:?}: {why}"));
    if host.is_empty() {
        return Err(refused("there is no host"));
    }
    if host.is_ascii() {
        let is_name = |byte: u8| byte.is_ascii_alphanumeric() || b"-._%:".contains(&byte);
        let is_host = host.parse::<IpAddr>().is_ok() || host.bytes().all(is_name);
        return match is_host {
            true => Ok(host.to_ascii_lowercase()),
            false => Err(refused(
                "it is no host name or address (hint: the port is given apart)",
            )),
        };
    }
    match Host::parse(host) {
        Ok(Host::Domain(name)) => Ok(name),
        _ => Err(refused("it is no host name")),
    }
}

fn late(dial: &Dial, phase: DialPhase) -> RequestFailure {
    let Dial {
        host,
        port,
        timeout,
        ..
    } = dial;
    let (code, doing) = match phase {
        DialPhase::Pool | DialPhase::Shared => {
            (1050, "waiting for another connection to be closed")
        }
        DialPhase::LookUp => (1050, "looking up the host"),
        DialPhase::Tcp => (1211, "connecting"),
        DialPhase::Tls => (1050, "shaking hands for TLS"),
    };
    let words = format!("dial {host}:{port}: i/o timeout after {timeout:?}, {doing}");
    RequestFailure::new(code, words)
}

impl From<&DialTimings> for Timings {
    fn from(timings: &DialTimings) -> Self {
        Self {
            looking_up: timings.looking_up,
            connecting: timings.connecting,
            tls_handshaking: timings.tls_handshaking,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_are_names_or_addresses() {
        for (given, host) in [
            ("Example.COM", "example.com"),
            ("[::1]", "::1"),
            ("fe80::1%eth0", "fe80::1%eth0"),
            ("bücher.example", "xn--bcher-kva.example"),
            ("10.0.0.1", "10.0.0.1"),
        ] {
            assert_eq!(host_of(given).as_deref(), Ok(host));
        }
        for wrong in ["", "[]", "a b", "a/b", "user@host", "http://x"] {
            assert_eq!(
                host_of(wrong).map_err(|failure| failure.code),
                Err(1000),
                "{wrong}"
            );
        }
    }
}
