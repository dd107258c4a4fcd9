//! Defines how a VU gets out of this machine: the one place where connections are made, and where the network policy is asked.

use std::fmt;
use std::net::{IpAddr, SocketAddr, ToSocketAddrs};
use std::path::Path;
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use tokio::net::{TcpSocket, TcpStream, UnixStream};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::hosts::HostTarget;
use crate::http::RequestFailure;
use crate::net::meter::{Counted, Traffic};
use crate::net::socket::Wire;
use crate::net::tls::with_staple;
use crate::network::Denial;
use crate::worker::Worker;

/// The other end of a connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Remote {
    Tcp(SocketAddr),
    Unix(Arc<Path>),
}

/// Where the time of dialling went.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct DialTimings {
    pub(crate) phase: DialPhase,
    pub(crate) looking_up: Duration,
    pub(crate) connecting: Duration,
    pub(crate) tls_handshaking: Duration,
}

/// What a hop without a connection is waiting for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum DialPhase {
    /// A connection that others use, or room for one more.
    #[default]
    Pool,
    /// A connection that another request opens.
    Shared,
    LookUp,
    Tcp,
    Tls,
}

/// Adds the time until it is dropped: a phase that is cut off has taken its time too.
pub(crate) struct Stopwatch<'a> {
    sum: &'a mut Duration,
    began: Instant,
}

impl<'a> Stopwatch<'a> {
    pub(crate) fn start(sum: &'a mut Duration) -> Self {
        let began = Instant::now();
        Self { sum, began }
    }
}

impl Drop for Stopwatch<'_> {
    fn drop(&mut self) {
        *self.sum += self.began.elapsed();
    }
}

/// What the connections of a VU begin with, whatever is spoken on them.
#[derive(Clone, Copy)]
pub(crate) struct Egress<'a> {
    pub(crate) worker: &'a Rc<Worker>,
    /// The address of this machine that it connects from; the system chooses when absent.
    pub(crate) local: Option<IpAddr>,
    pub(crate) traffic: &'a Rc<Traffic>,
}

impl Egress<'_> {
    /// Where a host and port are, if they may be connected to: policy on the name, look-up, policy on the address.
    pub(crate) async fn locate(
        &self,
        host: &str,
        port: u16,
        timings: &mut DialTimings,
    ) -> Result<Remote, RequestFailure> {
        let policy = &self.worker.run.settings.network;
        policy
            .check_host(host)
            .map_err(|denial| denied(denial, host))?;
        let remote = self.find(host, port, timings).await?;
        match &remote {
            Remote::Tcp(address) => policy.check_address(host, address.ip()),
            Remote::Unix(path) => policy.check_socket(host, path),
        }
        .map_err(|denial| denied(denial, format!("{host} ({remote})")))?;
        Ok(remote)
    }

    /// Where a host and port lead: the option `hosts`, or else DNS.
    pub(crate) async fn find(
        &self,
        host: &str,
        port: u16,
        timings: &mut DialTimings,
    ) -> Result<Remote, RequestFailure> {
        let hosts = &self.worker.run.settings.http.hosts;
        Ok(match hosts.find(host, port) {
            Some(HostTarget::Unix(path)) => Remote::Unix(path.as_path().into()),
            Some(HostTarget::Socket(address)) => Remote::Tcp(*address),
            Some(HostTarget::Address(ip)) => Remote::Tcp(SocketAddr::new(*ip, port)),
            None if host.contains('%') => Remote::Tcp(zoned(host, port)?),
            None => Remote::Tcp(SocketAddr::new(self.look_up(host, timings).await?, port)),
        })
    }

    /// The address of a host that is no address itself.
    async fn look_up(
        &self,
        host: &str,
        timings: &mut DialTimings,
    ) -> Result<IpAddr, RequestFailure> {
        if let Ok(address) = host.parse() {
            return Ok(address);
        }
        let (worker, run) = (self.worker, &self.worker.run);
        let dns = &run.settings.http.dns;
        timings.phase = DialPhase::LookUp;
        let _running = Stopwatch::start(&mut timings.looking_up);
        worker.resolver.resolve(&run.names, host, dns).await
    }

    /// A connection to there, over TCP or a Unix socket.
    pub(crate) async fn connect(
        &self,
        remote: &Remote,
        timings: &mut DialTimings,
    ) -> Result<Wire, RequestFailure> {
        timings.phase = DialPhase::Tcp;
        let _running = Stopwatch::start(&mut timings.connecting);
        let traffic = self.traffic.clone();
        match remote {
            Remote::Tcp(address) => self
                .connect_tcp(*address)
                .await
                .map(|stream| Wire::Tcp(Counted::new(stream, traffic))),
            Remote::Unix(path) => UnixStream::connect(path)
                .await
                .map(|stream| Wire::Unix(Counted::new(stream, traffic)))
                .map_err(|error| RequestFailure::dial(&error, path.display())),
        }
    }

    async fn connect_tcp(&self, address: SocketAddr) -> Result<TcpStream, RequestFailure> {
        let attempt = match self.local {
            None => TcpStream::connect(address).await,
            Some(local) if local.is_ipv4() != address.is_ipv4() => {
                return Err(RequestFailure::new(
                    1210,
                    format!(
                        "dial {address}: it can't be reached from {local} (localIPs), which is of another kind"
                    ),
                ));
            }
            Some(local) => connect_from(local, address).await,
        };
        let stream = attempt.map_err(|error| match self.local {
            None => RequestFailure::dial(&error, address),
            Some(local) => RequestFailure::dial(&error, format!("{address} from {local}")),
        })?;
        // Without it small requests wait for acknowledgements; where it fails they merely do.
        let _ = stream.set_nodelay(true);
        Ok(stream)
    }
}

/// An IPv6 address with the zone that it is an address in: an interface of this machine, by name or number. The system reads
/// it without asking anybody.
fn zoned(host: &str, port: u16) -> Result<SocketAddr, RequestFailure> {
    let found = (host, port).to_socket_addrs().ok();
    found.and_then(|mut found| found.next()).ok_or_else(|| {
        let words = format!("{host}: its zone is no network interface of this machine");
        RequestFailure::new(1101, words)
    })
}

async fn connect_from(local: IpAddr, address: SocketAddr) -> std::io::Result<TcpStream> {
    let socket = match local {
        IpAddr::V4(_) => TcpSocket::new_v4(),
        IpAddr::V6(_) => TcpSocket::new_v6(),
    }?;
    socket.bind(SocketAddr::new(local, 0))?;
    socket.connect(address).await
}

impl fmt::Display for Remote {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp(address) => address.ip().fmt(f),
            Self::Unix(path) => path.display().fmt(f),
        }
    }
}

/// What was denied, in words.
pub(crate) fn denied(denial: Denial, what: impl fmt::Display) -> RequestFailure {
    match denial {
        Denial::Host => RequestFailure::new(
            1111,
            format!("host {what} is denied by this run's network policy"),
        ),
        Denial::Address => RequestFailure::new(
            1110,
            format!("address of {what} is denied by this run's network policy"),
        ),
    }
}

/// Shakes hands, and gives what came stapled to the certificate too.
pub(crate) async fn tls(
    config: Arc<ClientConfig>,
    host: &str,
    wire: Wire,
    timings: &mut DialTimings,
) -> Result<(TlsStream<Wire>, Option<Vec<u8>>), RequestFailure> {
    // A certificate knows no zones of IPv6.
    let name = host.split('%').next().unwrap_or_default();
    let name = ServerName::try_from(name.to_owned())
        .map_err(|_| RequestFailure::new(1020, format!("{host} is no name for TLS")))?;
    timings.phase = DialPhase::Tls;
    let _running = Stopwatch::start(&mut timings.tls_handshaking);
    let (result, staple) = with_staple(TlsConnector::from(config).connect(name, wire)).await;
    let stream = result.map_err(|error| RequestFailure::handshake(&error, host))?;
    Ok((stream, staple))
}
