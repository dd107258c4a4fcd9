//! Defines dialling over QUIC: a UDP socket for each VU, its bytes counted, and connections from there.
//!
//! A VU has a socket to itself, as a user's machine has: to what balances load by address and port, VUs that shared one would be
//! a single client.

mod socket;

use std::cell::RefCell;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};
use std::sync::Arc;

use quinn::{Connecting, ConnectionError, Endpoint, EndpointConfig, TokioRuntime};
use rustls::ProtocolVersion;

use crate::http::dial::Dialler;
use crate::http::failure::RequestFailure;
use crate::http::target::Origin;
use crate::net::dial::{DialPhase, DialTimings, Remote, Stopwatch};
use crate::net::socket::TlsFacts;
use crate::net::tls::{Ocsp, QuicTls};
use socket::{CountedSocket, Passed};

/// The UDP sockets of one VU: at most one for each kind of address, made when the first connection needs it.
#[derive(Default)]
pub(crate) struct Endpoints(RefCell<Vec<Bound>>);

struct Bound {
    is_ipv4: bool,
    endpoint: Endpoint,
    passed: Arc<Passed>,
}

/// An open connection, not yet spoken on.
pub(crate) struct DialledQuic {
    pub(crate) connection: quinn::Connection,
    pub(crate) remote: Remote,
    pub(crate) tls: TlsFacts,
}

impl Endpoints {
    /// Bytes of UDP that were sent and received since the last time.
    pub(crate) fn take(&self) -> (u64, u64) {
        let bound = self.0.borrow();
        let each = bound.iter().map(|bound| bound.passed.take());
        each.fold((0, 0), |sum, one| (sum.0 + one.0, sum.1 + one.1))
    }

    /// The socket from which this kind of address is reached.
    fn to(&self, address: SocketAddr, local: Option<IpAddr>) -> Result<Endpoint, RequestFailure> {
        let mut all = self.0.borrow_mut();
        let is_ipv4 = address.is_ipv4();
        if let Some(bound) = all.iter().find(|bound| bound.is_ipv4 == is_ipv4) {
            return Ok(bound.endpoint.clone());
        }
        let any = match is_ipv4 {
            true => IpAddr::V4(Ipv4Addr::UNSPECIFIED),
            false => IpAddr::V6(Ipv6Addr::UNSPECIFIED),
        };
        let local = local.unwrap_or(any);
        if local.is_ipv4() != is_ipv4 {
            return Err(RequestFailure::new(
                1210,
                format!(
                    "dial {address}: it can't be reached from {local} (localIPs), which is of another kind"
                ),
            ));
        }
        let bound = Bound::new(local)
            .map_err(|error| RequestFailure::new(1010, format!("UDP from {local}: {error}")))?;
        let endpoint = bound.endpoint.clone();
        all.push(bound);
        Ok(endpoint)
    }
}

impl Bound {
    fn new(local: IpAddr) -> std::io::Result<Self> {
        let socket = UdpSocket::bind(SocketAddr::new(local, 0))?;
        let runtime = Arc::new(TokioRuntime);
        let passed = Arc::new(Passed::default());
        let socket = CountedSocket::new(socket, passed.clone())?;
        let config = EndpointConfig::default();
        let endpoint = Endpoint::new_with_abstract_socket(config, None, Arc::new(socket), runtime)?;
        Ok(Self {
            is_ipv4: local.is_ipv4(),
            endpoint,
            passed,
        })
    }
}

impl Dialler<'_> {
    /// Opens a connection to an origin: policy on the name, look-up, policy on the address, the handshake of QUIC.
    pub(crate) async fn dial_quic(
        &self,
        origin: &Origin,
        timings: &mut DialTimings,
    ) -> Result<DialledQuic, RequestFailure> {
        let refused = |words: &str| Err(RequestFailure::new(1000, words));
        if !origin.secure {
            return refused("HTTP/3 needs https:// (httpVersion 3)");
        }
        if origin.proxy.is_some() {
            return refused(
                "HTTP/3 does not go through a proxy (hint: name the host in NO_PROXY, or use httpVersion auto)",
            );
        }
        let remote = self.locate(origin, timings).await?;
        let Remote::Tcp(address) = remote else {
            return refused("HTTP/3 does not go over a Unix socket");
        };
        let tls = self.egress.worker.run.tls.for_quic(&origin.host)?;
        let endpoint = self.endpoints.to(address, self.egress.local)?;
        let connecting = endpoint
            .connect_with(tls.client_config(), address, without_zone(&origin.host))
            .map_err(|error| RequestFailure::new(1010, format!("dial {address}: {error}")))?;
        timings.phase = DialPhase::Tcp;
        let connection = {
            let _running = Stopwatch::start(&mut timings.tls_handshaking);
            handshake(connecting, &tls, origin, address).await?
        };
        let ocsp = tls.staple().map(|staple| Arc::new(Ocsp::read(&staple)));
        Ok(DialledQuic {
            connection,
            remote,
            tls: TlsFacts {
                version: Some(ProtocolVersion::TLSv1_3),
                // QUIC does not tell which one it has agreed on.
                cipher: None,
                http2: false,
                ocsp,
            },
        })
    }
}

/// A certificate knows no zones of IPv6.
fn without_zone(host: &str) -> &str {
    host.split('%').next().unwrap_or(host)
}

async fn handshake(
    connecting: Connecting,
    tls: &QuicTls,
    origin: &Origin,
    address: SocketAddr,
) -> Result<quinn::Connection, RequestFailure> {
    connecting.await.map_err(|error| match error {
        ConnectionError::TimedOut => {
            RequestFailure::new(1211, format!("dial {address}: no answer over QUIC"))
        }
        error => match tls.fault() {
            Some(fault) => RequestFailure::tls(&fault, &origin.host),
            None => RequestFailure::quic(&error),
        },
    })
}
