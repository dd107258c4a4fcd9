//! Defines a connection that speaks HTTP.
//!
//! An HTTP/1.1 connection is driven in place, inside the exchange that uses it: no task of its own, no wake-ups between
//! two tasks. An HTTP/2 connection (of h2 itself) and an HTTP/3 connection (h3 over quinn) have many users at once, and therefore a task
//! that drives them.

mod body;
mod fields;
mod frames;
mod http1;
mod http2;
mod http3;
mod request_body;

use std::rc::Rc;

use bytes::Bytes;
use http::Version;
use tokio::sync::Notify;

pub(crate) use crate::http::connection::body::{Streaming, Unread};
use crate::http::connection::http1::Http1;
use crate::http::connection::http2::Http2;
use crate::http::connection::http3::Http3;
pub(crate) use crate::http::connection::request_body::RequestBody;
use crate::http::dial::Dialled;
use crate::http::failure::RequestFailure;
use crate::http::head::Head;
use crate::http::hop::Hop;
use crate::http::quic::DialledQuic;
use crate::limits::Limits;
use crate::net::dial::Remote;
use crate::net::meter::{Instants, Timed};
use crate::net::socket::{Socket, TlsFacts};
use crate::settings::HttpVersion;

pub(crate) use http1::content_length;

/// An open connection.
pub(crate) struct Connection {
    protocol: Protocol,
    pub(crate) remote: Remote,
    pub(crate) tls: Option<TlsFacts>,
    pub(crate) instants: Rc<Instants>,
}

enum Protocol {
    Http1(Box<Http1>),
    Http2(Http2),
    Http3(Http3),
}

/// What to do with a response's body.
#[derive(Debug, Clone, Copy)]
pub(crate) struct BodyPolicy {
    pub(crate) discard: bool,
    pub(crate) limit: usize,
    /// Set when it is not read with its head, but streamed.
    pub(crate) streaming: Option<Streaming>,
}

/// A response with its body.
pub(crate) struct Answer {
    pub(crate) head: Head,
    pub(crate) body: Bytes,
    pub(crate) body_size: u64,
    /// The body, where it is left to be streamed.
    pub(crate) unread: Option<Box<Unread>>,
}

impl Connection {
    /// Begins to speak HTTP on a connection: HTTP/2 when the handshake agreed on it, or this version says so where there was none,
    /// else HTTP/1.1. One for HTTP/2 takes so many streams until its server says how many.
    pub(crate) async fn new(
        dialled: Dialled,
        version: HttpVersion,
        streams: usize,
        limits: &Limits,
    ) -> Result<Self, RequestFailure> {
        let Dialled { socket, remote } = dialled;
        let tls = match &socket {
            Socket::Tls(_, facts) => Some(facts.clone()),
            Socket::Plain(_) => None,
        };
        let instants = Rc::new(Instants::default());
        let is_http2 = match &tls {
            Some(facts) => facts.http2,
            None => version == HttpVersion::Http2,
        };
        let protocol = if is_http2 {
            Protocol::Http2(Http2::new(socket, streams, limits).await?)
        } else {
            let socket = Timed::new(socket, instants.clone());
            Protocol::Http1(Box::new(Http1::new(socket, limits)))
        };
        Ok(Self {
            protocol,
            remote,
            tls,
            instants,
        })
    }

    /// Begins to speak HTTP/3 on a connection.
    pub(crate) async fn over_quic(
        dialled: DialledQuic,
        limits: &Limits,
    ) -> Result<Self, RequestFailure> {
        let DialledQuic {
            connection,
            remote,
            tls,
        } = dialled;
        Ok(Self {
            protocol: Protocol::Http3(Http3::new(connection, limits).await?),
            remote,
            tls: Some(tls),
            instants: Rc::default(),
        })
    }

    /// The version that it speaks.
    pub(crate) fn version(&self) -> Version {
        match &self.protocol {
            Protocol::Http1(_) => Version::HTTP_11,
            Protocol::Http2(_) => Version::HTTP_2,
            Protocol::Http3(_) => Version::HTTP_3,
        }
    }

    /// Whether it fits a request that asks for this version, `secure` or not.
    pub(crate) fn speaks(&self, version: HttpVersion, secure: bool) -> bool {
        match version {
            HttpVersion::Auto if secure => self.version() != Version::HTTP_3,
            HttpVersion::Auto | HttpVersion::Http1 => self.version() == Version::HTTP_11,
            HttpVersion::Http2 => self.version() == Version::HTTP_2,
            HttpVersion::Http3 => self.version() == Version::HTTP_3,
        }
    }

    /// Another use of the same connection, when it can have several at once and there is room for one more. `freed` is told when
    /// that use has ended.
    pub(crate) fn share(&self, freed: &Rc<Notify>) -> Option<Self> {
        let protocol = match &self.protocol {
            Protocol::Http2(http2) if http2.has_room() => Protocol::Http2(http2.share(freed)),
            Protocol::Http3(http3) => Protocol::Http3(http3.share(freed)),
            Protocol::Http1(_) | Protocol::Http2(_) => return None,
        };
        Some(Self {
            protocol,
            remote: self.remote.clone(),
            tls: self.tls.clone(),
            instants: Rc::default(),
        })
    }

    /// Whether it can have several exchanges at once.
    pub(crate) fn is_shared(&self) -> bool {
        !matches!(self.protocol, Protocol::Http1(_))
    }

    /// Whether there is room for one more exchange, on one that nobody has to itself.
    pub(crate) fn has_room(&self) -> bool {
        match &self.protocol {
            Protocol::Http1(_) | Protocol::Http3(_) => true,
            Protocol::Http2(http2) => http2.has_room(),
        }
    }

    /// How many exchanges it can have at once, as far as is known.
    pub(crate) fn most_streams(&self) -> usize {
        match &self.protocol {
            Protocol::Http1(_) => 1,
            Protocol::Http2(http2) => http2.most_streams(),
            // QUIC itself makes requests wait.
            Protocol::Http3(_) => usize::MAX,
        }
    }

    /// Whether nobody uses it.
    pub(crate) fn is_idle(&self) -> bool {
        match &self.protocol {
            Protocol::Http1(_) => true,
            Protocol::Http2(http2) => http2.is_idle(),
            Protocol::Http3(http3) => http3.is_idle(),
        }
    }

    /// Whether another exchange may be tried on it.
    pub(crate) fn is_open(&self) -> bool {
        match &self.protocol {
            Protocol::Http1(http1) => http1.is_open(),
            Protocol::Http2(http2) => http2.is_open(),
            Protocol::Http3(http3) => http3.is_open(),
        }
    }

    /// Whether the server has not closed it while nobody looked: a look costs time.
    pub(crate) fn is_listening(&mut self) -> bool {
        match &mut self.protocol {
            Protocol::Http1(http1) => http1.is_listening(),
            Protocol::Http2(http2) => http2.is_listening(),
            Protocol::Http3(http3) => http3.is_open(),
        }
    }

    /// The next bytes of a body that was left unread, none at its end. The connection must be the one that it comes by.
    pub(crate) async fn next_frame(
        &mut self,
        body: &mut Unread,
    ) -> Option<Result<Bytes, RequestFailure>> {
        match (&mut self.protocol, body) {
            (Protocol::Http1(http1), Unread::Http1(rest)) => http1.next_frame(rest).await,
            (_, Unread::Http2(rest)) => rest.next().await,
            (_, Unread::Http3(rest)) => rest.next().await,
            (Protocol::Http2(_) | Protocol::Http3(_), Unread::Http1(_)) => None,
        }
    }

    /// Sends a hop's request and reads the whole response, or its head alone where its body is to be streamed. `close` asks the server to close the connection afterwards.
    pub(crate) async fn exchange(
        &mut self,
        hop: &Hop,
        close: bool,
    ) -> Result<Answer, RequestFailure> {
        match &mut self.protocol {
            Protocol::Http1(http1) => {
                self.instants.begin();
                http1.exchange(hop, close, hop.policy()).await
            }
            // Boxed, so that exchanges over HTTP/1.1 don't carry the room for it.
            Protocol::Http2(http2) => {
                let request = hop.request(Version::HTTP_2, hop.request_body()?)?;
                Box::pin(http2.exchange(request, hop.policy(), &self.instants)).await
            }
            Protocol::Http3(http3) => {
                let request = hop.request(Version::HTTP_3, hop.request_body()?)?;
                Box::pin(http3.exchange(request, hop.policy(), &self.instants)).await
            }
        }
    }
}
