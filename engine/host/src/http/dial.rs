//! Defines dialling for HTTP: an origin, perhaps behind a proxy, and the version of HTTP that is agreed on.

use std::sync::Arc;

use crate::http::connection::Connection;
use crate::http::failure::RequestFailure;
use crate::http::quic::Endpoints;
use crate::http::target::Origin;
use crate::http::tunnel;
use crate::net::dial::{DialTimings, Egress, Remote, Stopwatch, denied, tls};
use crate::net::socket::{Socket, TlsFacts, Wire};
use crate::net::tls::Ocsp;
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

/// What a VU dials with.
pub(crate) struct Dialler<'a> {
    pub(crate) egress: Egress<'a>,
    /// What is to be spoken.
    pub(crate) version: HttpVersion,
    /// What it speaks QUIC from.
    pub(crate) endpoints: &'a Endpoints,
}

impl Dialler<'_> {
    /// Whether a new connection to this origin may carry several requests at once: not if its server is known for HTTP/1.1.
    pub(crate) fn may_share(&self, origin: &Origin) -> bool {
        match self.version {
            HttpVersion::Auto => {
                origin.secure && !self.egress.worker.http1_only.borrow().contains(origin)
            }
            HttpVersion::Http1 => false,
            HttpVersion::Http2 | HttpVersion::Http3 => true,
        }
    }

    /// Remembers what the server of this origin speaks.
    pub(crate) fn learn(&self, origin: &Origin, connection: &Connection) {
        if self.version != HttpVersion::Auto {
            return;
        }
        let mut known = self.egress.worker.http1_only.borrow_mut();
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
                (self.egress.connect(&remote, timings).await?, remote)
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
        self.egress.locate(&origin.host, origin.port, timings).await
    }

    /// A connection to an origin's proxy, which leads to the origin; the proxy is the operator's choice, and may be connected to
    /// unless it is denied.
    async fn connect_through(
        &self,
        proxy: &Proxy,
        origin: &Origin,
        timings: &mut DialTimings,
    ) -> Result<(Wire, Remote), RequestFailure> {
        let settings = &self.egress.worker.run.settings;
        let policy = &settings.network;
        policy
            .check_behind_proxy(&origin.host)
            .map_err(|denial| denied(denial, &origin.host))?;
        policy
            .check_host(&proxy.host)
            .map_err(|denial| denied(denial, proxy))?;
        let remote = self.egress.find(&proxy.host, proxy.port, timings).await?;
        if let Remote::Tcp(address) = &remote {
            policy
                .check_not_denied(address.ip())
                .map_err(|denial| denied(denial, format!("{proxy} ({remote})")))?;
        }
        let mut wire = self.egress.connect(&remote, timings).await?;
        if proxy.kind == ProxyKind::Https {
            // Boxed, as such proxies are rare: every dialling would carry the room for it.
            wire = Box::pin(tls_to_proxy(self.egress.worker, &proxy.host, wire, timings)).await?;
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

    /// Speaks TLS on a connection, and agrees on a version of HTTP.
    async fn handshake(
        &self,
        origin: &Origin,
        wire: Wire,
        timings: &mut DialTimings,
    ) -> Result<Socket, RequestFailure> {
        let config = self
            .egress
            .worker
            .run
            .tls
            .config(&origin.host, self.version)?;
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
