//! Defines a connection that speaks HTTP.
//!
//! An HTTP/1.1 connection is driven in place, inside the exchange that uses it: no task of its own, no wake-ups between
//! two tasks. An HTTP/2 connection has many users and therefore a task of its own.

mod body;
mod http1;
mod http2;

use std::rc::Rc;

use bytes::Bytes;
use http_body_util::Full;
use hyper_util::rt::TokioIo;

use crate::http::connection::http1::Http1;
use crate::http::connection::http2::Http2;
use crate::http::dial::{Dialled, Remote};
use crate::http::failure::RequestFailure;
use crate::http::head::Head;
use crate::http::hop::Hop;
use crate::http::meter::{Instants, Timed};
use crate::http::socket::{Socket, TlsFacts};
use crate::limits::Limits;

pub(crate) use http1::content_length;

type Io = TokioIo<Timed<Socket>>;
pub(crate) type RequestBody = Full<Bytes>;

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
}

/// What to do with a response's body.
#[derive(Debug, Clone, Copy)]
pub(crate) struct BodyPolicy {
    pub(crate) discard: bool,
    pub(crate) limit: usize,
}

/// A response with its body.
pub(crate) struct Answer {
    pub(crate) head: Head,
    pub(crate) body: Bytes,
    pub(crate) body_size: u64,
}

impl Connection {
    /// Begins to speak HTTP on a connection: HTTP/2 when the handshake agreed on it, else HTTP/1.1.
    pub(crate) async fn new(dialled: Dialled, limits: &Limits) -> Result<Self, RequestFailure> {
        let Dialled { socket, remote } = dialled;
        let tls = match &socket {
            Socket::Tls(_, facts) => Some(facts.clone()),
            Socket::Plain(_) => None,
        };
        let instants = Rc::new(Instants::default());
        let socket = Timed::new(socket, instants.clone());
        let protocol = if tls.as_ref().is_some_and(|facts| facts.http2) {
            Protocol::Http2(Http2::new(TokioIo::new(socket), limits).await?)
        } else {
            Protocol::Http1(Box::new(Http1::new(socket, limits)))
        };
        Ok(Self {
            protocol,
            remote,
            tls,
            instants,
        })
    }

    pub(crate) fn is_http2(&self) -> bool {
        matches!(self.protocol, Protocol::Http2(_))
    }

    /// Another use of the same connection, when it can have several at once.
    pub(crate) fn share(&self) -> Option<Self> {
        let Protocol::Http2(http2) = &self.protocol else {
            return None;
        };
        Some(Self {
            protocol: Protocol::Http2(http2.clone()),
            remote: self.remote.clone(),
            tls: self.tls.clone(),
            instants: self.instants.clone(),
        })
    }

    /// Whether another exchange may be tried on it.
    pub(crate) fn is_open(&self) -> bool {
        match &self.protocol {
            Protocol::Http1(http1) => http1.is_open(),
            Protocol::Http2(http2) => http2.is_open(),
        }
    }

    /// Whether the server has not closed it while nobody looked: a look costs time.
    pub(crate) fn is_listening(&mut self) -> bool {
        match &mut self.protocol {
            Protocol::Http1(http1) => http1.is_listening(),
            Protocol::Http2(http2) => http2.is_open(),
        }
    }

    /// Sends a hop's request and reads the whole response. `close` asks the server to close the connection afterwards.
    pub(crate) async fn exchange(
        &mut self,
        hop: &Hop,
        close: bool,
    ) -> Result<Answer, RequestFailure> {
        match &mut self.protocol {
            Protocol::Http1(http1) => {
                self.instants.begin();
                http1.exchange(hop, close, hop.policy).await
            }
            Protocol::Http2(http2) => {
                if http2.streams.get() == 0 {
                    self.instants.begin();
                }
                let request = hop.request(true)?;
                // Boxed, so that exchanges over HTTP/1.1 don't carry the room for it.
                Box::pin(http2.exchange(request, hop.policy)).await
            }
        }
    }
}
