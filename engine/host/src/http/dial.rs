//! Defines dialling: the one place where connections are made, and where the network policy is asked.

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
use crate::http::connection::Connection;
use crate::http::failure::RequestFailure;
use crate::http::meter::{Counted, Traffic};
use crate::http::quic::Endpoints;
use crate::http::socket::{Socket, TlsFacts, Wire};
use crate::http::target::Origin;
use crate::http::tls::{Ocsp, with_staple};
use crate::http::tunnel;
use crate::network::Denial;
use crate::proxies::{Proxy, ProxyKind};
use crate::settings::HttpVersion;
use crate::worker::Worker;

/// Origins of which a worker remembers that they speak no HTTP/2, before it starts anew.
const REMEMBERED: usize = 4096;

const PLAIN_HTTP2_PROXIED: &str = "HTTP/2 without TLS does not go through a proxy for HTTP (hint: use https://, httpVersion 1.1, or NO_PROXY)";

const NO_HTTP2: &str = "http2: the server does not speak HTTP/2: it agreed on something else in the TLS handshake (httpVersion 2 asks for it; auto takes HTTP/1.1 too)";

/// An open connection, not yet spoken on.
pub(crate) struct Dialled {
    pub(crate) socket: Socket,
    pub(crate) remote: Remote,
}

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

/// What a VU dials with.
pub(crate) struct Dialler<'a> {
    pub(crate) worker: &'a Worker,
    /// The address of this machine that it connects from; the system chooses when absent.
    pub(crate) local: Option<IpAddr>,
    pub(crate) traffic: &'a Rc<Traffic>,
    /// What is to be spoken.
    pub(crate) version: HttpVersion,
    /// What it speaks QUIC from.
    pub(crate) endpoints: &'a Endpoints,
}

impl Dialler<'_> {
    /// Whether a new connection to this origin may carry several requests at once: not if its server is known for HTTP/1.1.
    pub(crate) fn may_share(&self, origin: &Origin) -> bool {
        match self.version {
            HttpVersion::Auto => origin.secure && !self.worker.http1_only.borrow().contains(origin),
            HttpVersion::Http1 => false,
            HttpVersion::Http2 | HttpVersion::Http3 => true,
        }
    }

    /// Remembers what the server of this origin speaks.
    pub(crate) fn learn(&self, origin: &Origin, connection: &Connection) {
        if self.version != HttpVersion::Auto {
            return;
        }
        let mut known = self.worker.http1_only.borrow_mut();
        if connection.is_shared() {
            known.remove(origin);
        } else if origin.secure {
            if known.len() >= REMEMBERED {
                known.clear();
            }
            known.insert(origin.clone());
        }
    }

    /// Opens a connection to an origin: policy on the name, look-up, policy on the address, TCP, TLS.
    pub(crate) async fn dial(
        &self,
        origin: &Origin,
        timings: &mut DialTimings,
    ) -> Result<Dialled, RequestFailure> {
        let (wire, remote) = match &origin.proxy {
            None => {
                let remote = self.locate(origin, timings).await?;
                (self.connect(&remote, timings).await?, remote)
            }
            Some(proxy) => self.connect_through(proxy, origin, timings).await?,
        };
        let socket = match origin.secure {
            false => Socket::Plain(wire),
            true => self.handshake(origin, wire, timings).await?,
        };
        Ok(Dialled { socket, remote })
    }

    /// Where an origin is, if it may be connected to.
    pub(crate) async fn locate(
        &self,
        origin: &Origin,
        timings: &mut DialTimings,
    ) -> Result<Remote, RequestFailure> {
        let host = &*origin.host;
        let policy = &self.worker.run.settings.network;
        policy
            .check_host(host)
            .map_err(|denial| denied(denial, host))?;
        let remote = self.find(host, origin.port, timings).await?;
        match &remote {
            Remote::Tcp(address) => policy.check_address(host, address.ip()),
            Remote::Unix(path) => policy.check_socket(host, path),
        }
        .map_err(|denial| denied(denial, format!("{host} ({remote})")))?;
        Ok(remote)
    }

    /// A connection to an origin's proxy, which leads to the origin; the proxy is the operator's choice, and may be connected to
    /// unless it is denied.
    async fn connect_through(
        &self,
        proxy: &Proxy,
        origin: &Origin,
        timings: &mut DialTimings,
    ) -> Result<(Wire, Remote), RequestFailure> {
        let settings = &self.worker.run.settings;
        let policy = &settings.network;
        policy
            .check_behind_proxy(&origin.host)
            .map_err(|denial| denied(denial, &origin.host))?;
        policy
            .check_host(&proxy.host)
            .map_err(|denial| denied(denial, proxy))?;
        let remote = self.find(&proxy.host, proxy.port, timings).await?;
        if let Remote::Tcp(address) = &remote {
            policy
                .check_not_denied(address.ip())
                .map_err(|denial| denied(denial, format!("{proxy} ({remote})")))?;
        }
        let mut wire = self.connect(&remote, timings).await?;
        if proxy.kind == ProxyKind::Https {
            // Boxed, as such proxies are rare: every dialling would carry the room for it.
            wire = Box::pin(tls_to_proxy(self.worker, &proxy.host, wire, timings)).await?;
        }
        if proxy.passes_on(origin.secure) {
            return match self.version {
                HttpVersion::Http2 => Err(RequestFailure::new(1000, PLAIN_HTTP2_PROXIED)),
                _ => Ok((wire, remote)),
            };
        }
        let (host, port, agent) = (&origin.host, origin.port, &settings.http.user_agent);
        let _running = Stopwatch::start(&mut timings.connecting);
        let wire = tunnel::open(wire, proxy, host, port, agent).await?;
        Ok((wire, remote))
    }

    /// Where a host and port lead: the option `hosts`, or else DNS.
    async fn find(
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

    async fn connect(
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

    /// Speaks TLS on a connection, and agrees on a version of HTTP.
    async fn handshake(
        &self,
        origin: &Origin,
        wire: Wire,
        timings: &mut DialTimings,
    ) -> Result<Socket, RequestFailure> {
        let config = self.worker.run.tls.config(&origin.host, self.version)?;
        let (stream, staple) = tls(config, &origin.host, wire, timings).await?;
        let session = stream.get_ref().1;
        let facts = TlsFacts {
            version: session.protocol_version(),
            cipher: session.negotiated_cipher_suite().map(|suite| suite.suite()),
            http2: session.alpn_protocol() == Some(b"h2"),
            ocsp: staple.map(|staple| Arc::new(Ocsp::read(&staple))),
        };
        if self.version == HttpVersion::Http2 && !facts.http2 {
            return Err(RequestFailure::new(1600, NO_HTTP2));
        }
        Ok(Socket::Tls(Box::new(stream), facts))
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

fn denied(denial: Denial, what: impl fmt::Display) -> RequestFailure {
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

/// TLS to a proxy, which is spoken to in HTTP/1.1.
async fn tls_to_proxy(
    worker: &Worker,
    host: &str,
    wire: Wire,
    timings: &mut DialTimings,
) -> Result<Wire, RequestFailure> {
    let config = worker.run.tls.config(host, HttpVersion::Http1)?;
    let (stream, _) = tls(config, host, wire, timings).await?;
    Ok(Wire::Tls(Box::new(stream)))
}

/// Shakes hands, and gives what came stapled to the certificate too.
async fn tls(
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
