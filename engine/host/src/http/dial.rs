//! Defines dialling: the one place where connections are made, and where the network policy is asked.

use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustls::pki_types::ServerName;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use crate::http::failure::RequestFailure;
use crate::http::meter::{Counted, Traffic};
use crate::http::socket::{Socket, TlsFacts};
use crate::http::target::Origin;
use crate::http::tls::{Ocsp, with_staple};
use crate::network::Denial;
use crate::worker::Worker;

/// An open connection, not yet spoken on.
pub(crate) struct Dialled {
    pub(crate) socket: Socket,
    pub(crate) remote: SocketAddr,
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
    LookUp,
    Tcp,
    Tls,
}

/// Adds the time until it is dropped: a phase that is cut off has taken its time too.
struct Stopwatch<'a> {
    sum: &'a mut Duration,
    began: Instant,
}

impl<'a> Stopwatch<'a> {
    fn start(sum: &'a mut Duration) -> Self {
        let began = Instant::now();
        Self { sum, began }
    }
}

impl Drop for Stopwatch<'_> {
    fn drop(&mut self) {
        *self.sum += self.began.elapsed();
    }
}

/// Opens a connection to an origin: policy on the name, look-up, policy on the addresses, TCP, TLS.
pub(crate) async fn dial(
    worker: &Worker,
    origin: &Origin,
    traffic: &Rc<Traffic>,
    timings: &mut DialTimings,
) -> Result<Dialled, RequestFailure> {
    let addresses = permitted_addresses(worker, origin, timings).await?;
    let (stream, remote) = connect(&addresses, timings).await?;
    let counted = Counted::new(stream, traffic.clone());
    let socket = match origin.secure {
        false => Socket::Plain(counted),
        true => handshake(worker, origin, counted, timings).await?,
    };
    Ok(Dialled { socket, remote })
}

async fn permitted_addresses(
    worker: &Worker,
    origin: &Origin,
    timings: &mut DialTimings,
) -> Result<Vec<SocketAddr>, RequestFailure> {
    let policy = &worker.run.settings.network;
    policy
        .check_host(&origin.host)
        .map_err(|denial| denied(denial, &origin.host))?;
    timings.phase = DialPhase::LookUp;
    let addresses = {
        let _running = Stopwatch::start(&mut timings.looking_up);
        worker
            .resolver
            .resolve(origin, &worker.run.settings.http)
            .await?
    };
    for address in &addresses {
        policy
            .check_address(&origin.host, address.ip())
            .map_err(|denial| denied(denial, format!("{} ({})", origin.host, address.ip())))?;
    }
    Ok(addresses)
}

fn denied(denial: Denial, what: impl std::fmt::Display) -> RequestFailure {
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

/// The first of the addresses that answers.
async fn connect(
    addresses: &[SocketAddr],
    timings: &mut DialTimings,
) -> Result<(TcpStream, SocketAddr), RequestFailure> {
    timings.phase = DialPhase::Tcp;
    let _running = Stopwatch::start(&mut timings.connecting);
    let mut failure = RequestFailure::new(1210, "dial: no address");
    for address in addresses {
        match TcpStream::connect(address).await {
            Ok(stream) => {
                // Without it small requests wait for acknowledgements; where it fails they merely do.
                let _ = stream.set_nodelay(true);
                return Ok((stream, *address));
            }
            Err(error) => failure = RequestFailure::dial(&error, address),
        }
    }
    Err(failure)
}

async fn handshake(
    worker: &Worker,
    origin: &Origin,
    stream: Counted<TcpStream>,
    timings: &mut DialTimings,
) -> Result<Socket, RequestFailure> {
    let name = ServerName::try_from(origin.host.to_string())
        .map_err(|_| RequestFailure::new(1020, format!("{} is no name for TLS", origin.host)))?;
    let connector = TlsConnector::from(worker.run.tls.config(&origin.host)?);
    timings.phase = DialPhase::Tls;
    let (result, staple) = {
        let _running = Stopwatch::start(&mut timings.tls_handshaking);
        with_staple(connector.connect(name, stream)).await
    };
    let stream = result.map_err(|error| RequestFailure::handshake(&error, &origin.host))?;
    let session = stream.get_ref().1;
    let facts = TlsFacts {
        version: session.protocol_version(),
        cipher: session.negotiated_cipher_suite().map(|suite| suite.suite()),
        http2: session.alpn_protocol() == Some(b"h2"),
        ocsp: staple.map(|staple| Arc::new(Ocsp::read(&staple))),
    };
    Ok(Socket::Tls(Box::new(stream), facts))
}
