//! Defines a connection that speaks HTTP: hyper's, driven by whoever uses it.
//!
//! An HTTP/1.1 connection is driven in place, inside the exchange that uses it: no task of its own, no wake-ups between
//! two tasks. An HTTP/2 connection has many users and therefore a task of its own.

use std::cell::Cell;
use std::future::{Future, poll_fn};
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::task::{Context, Poll};

use bytes::{Bytes, BytesMut};
use http::{Request, Response, response};
use http_body_util::Full;
use hyper::body::{Body, Incoming};
use hyper::client::conn::{http1, http2};
use hyper_util::rt::TokioIo;
use send_wrapper::SendWrapper;

use crate::http::dial::Dialled;
use crate::http::failure::RequestFailure;
use crate::http::meter::{Instants, Timed};
use crate::http::socket::{Socket, TlsFacts};

type Io = TokioIo<Timed<Socket>>;
type RequestBody = Full<Bytes>;

/// An open connection.
pub(crate) struct Connection {
    protocol: Protocol,
    pub(crate) remote: SocketAddr,
    pub(crate) tls: Option<TlsFacts>,
    pub(crate) instants: Rc<Instants>,
}

enum Protocol {
    Http1(Box<Http1>),
    Http2(Http2),
}

struct Http1 {
    sender: http1::SendRequest<RequestBody>,
    driver: http1::Connection<Io, RequestBody>,
    /// A driver that has ended must not be polled again.
    ended: bool,
}

#[derive(Clone)]
struct Http2 {
    sender: http2::SendRequest<RequestBody>,
    streams: Rc<Cell<usize>>,
}

/// What to do with a response's body.
#[derive(Debug, Clone, Copy)]
pub(crate) struct BodyPolicy {
    pub(crate) discard: bool,
    pub(crate) limit: usize,
}

/// A response with its body.
pub(crate) struct Answer {
    pub(crate) head: response::Parts,
    pub(crate) body: Bytes,
    pub(crate) body_size: u64,
}

impl Connection {
    /// Begins to speak HTTP on a connection: HTTP/2 when the handshake agreed on it, else HTTP/1.1.
    pub(crate) async fn new(dialled: Dialled) -> Result<Self, RequestFailure> {
        let Dialled { socket, remote } = dialled;
        let tls = match &socket {
            Socket::Tls(_, facts) => Some(*facts),
            Socket::Plain(_) => None,
        };
        let instants = Rc::new(Instants::default());
        let io = TokioIo::new(Timed::new(socket, instants.clone()));
        let protocol = if tls.is_some_and(|facts| facts.http2) {
            Protocol::Http2(Http2::new(io).await?)
        } else {
            Protocol::Http1(Box::new(Http1::new(io).await?))
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
            remote: self.remote,
            tls: self.tls,
            instants: self.instants.clone(),
        })
    }

    /// Whether another exchange may be tried on it.
    pub(crate) fn is_open(&self) -> bool {
        match &self.protocol {
            Protocol::Http1(http1) => !http1.ended && !http1.sender.is_closed(),
            Protocol::Http2(http2) => !http2.sender.is_closed(),
        }
    }

    /// Sends a request and reads the whole response.
    pub(crate) async fn exchange(
        &mut self,
        request: Request<RequestBody>,
        policy: BodyPolicy,
    ) -> Result<Answer, RequestFailure> {
        match &mut self.protocol {
            Protocol::Http1(http1) => {
                self.instants.begin();
                http1.exchange(request, policy).await
            }
            Protocol::Http2(http2) => {
                if http2.streams.get() == 0 {
                    self.instants.begin();
                }
                // Boxed, so that exchanges over HTTP/1.1 don't carry the room for it.
                Box::pin(http2.exchange(request, policy)).await
            }
        }
    }
}

impl Http1 {
    async fn new(io: Io) -> Result<Self, RequestFailure> {
        let (sender, driver) = http1::handshake(io)
            .await
            .map_err(|error| RequestFailure::exchange(&error))?;
        Ok(Self {
            sender,
            driver,
            ended: false,
        })
    }

    async fn exchange(
        &mut self,
        request: Request<RequestBody>,
        policy: BodyPolicy,
    ) -> Result<Answer, RequestFailure> {
        let response = {
            let mut response = pin!(self.sender.send_request(request));
            let (driver, ended) = (&mut self.driver, &mut self.ended);
            poll_fn(|context| {
                drive(driver, ended, context, |context| {
                    response.as_mut().poll(context)
                })
            })
            .await
        };
        let response = response.map_err(|error| RequestFailure::exchange(&error))?;
        let (driver, ended) = (&mut self.driver, &mut self.ended);
        read_body(response, policy, async |body| {
            poll_fn(|context| {
                drive(driver, ended, context, |context| {
                    Pin::new(&mut *body).poll_frame(context)
                })
            })
            .await
        })
        .await
    }
}

/// Polls something that depends on a connection, and the connection with it.
fn drive<T>(
    driver: &mut http1::Connection<Io, RequestBody>,
    ended: &mut bool,
    context: &mut Context<'_>,
    mut poll: impl FnMut(&mut Context<'_>) -> Poll<T>,
) -> Poll<T> {
    if let Poll::Ready(value) = poll(context) {
        return Poll::Ready(value);
    }
    if *ended {
        return Poll::Pending;
    }
    // How the connection ended is told again, and better, by what depends on it.
    *ended = Pin::new(driver).poll(context).is_ready();
    poll(context)
}

impl Http2 {
    async fn new(io: Io) -> Result<Self, RequestFailure> {
        let (sender, driver) = http2::Builder::new(OnThisThread)
            .timer(hyper_util::rt::TokioTimer::new())
            .handshake(io)
            .await
            .map_err(|error| RequestFailure::exchange(&error))?;
        tokio::spawn(SendWrapper::new(async move {
            // How the connection ended is told by the exchanges on it.
            let _ = driver.await;
        }));
        Ok(Self {
            sender,
            streams: Rc::default(),
        })
    }

    async fn exchange(
        &mut self,
        request: Request<RequestBody>,
        policy: BodyPolicy,
    ) -> Result<Answer, RequestFailure> {
        let _stream = Stream::open(&self.streams);
        let failed = |error| RequestFailure::exchange(&error);
        self.sender.ready().await.map_err(failed)?;
        let response = self.sender.send_request(request).await.map_err(failed)?;
        read_body(response, policy, async |body| {
            poll_fn(|context| Pin::new(&mut *body).poll_frame(context)).await
        })
        .await
    }
}

/// Counts a stream for as long as it lives.
struct Stream(Rc<Cell<usize>>);

impl Stream {
    fn open(streams: &Rc<Cell<usize>>) -> Self {
        streams.set(streams.get() + 1);
        Self(streams.clone())
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        self.0.set(self.0.get() - 1);
    }
}

type Frame = Option<Result<hyper::body::Frame<Bytes>, hyper::Error>>;

/// Reads a body to its end. One frame is kept as it came, without a copy.
async fn read_body(
    response: Response<Incoming>,
    policy: BodyPolicy,
    mut next_frame: impl AsyncFnMut(&mut Incoming) -> Frame,
) -> Result<Answer, RequestFailure> {
    let (head, mut body) = response.into_parts();
    let mut kept = Kept::Nothing;
    let mut size = 0;
    while let Some(frame) = next_frame(&mut body).await {
        let frame = frame.map_err(|error| RequestFailure::exchange(&error))?;
        let Ok(bytes) = frame.into_data() else {
            continue;
        };
        size += bytes.len();
        if policy.discard {
            continue;
        }
        if size > policy.limit {
            return Err(RequestFailure::new(
                1000,
                format!(
                    "limit responseBody reached: the body has more than {} bytes",
                    policy.limit
                ),
            ));
        }
        kept.push(bytes);
    }
    Ok(Answer {
        head,
        body: kept.into_bytes(),
        body_size: size as u64,
    })
}

/// The part of a body that was read so far.
enum Kept {
    Nothing,
    One(Bytes),
    Several(BytesMut),
}

impl Kept {
    fn push(&mut self, bytes: Bytes) {
        *self = match std::mem::replace(self, Self::Nothing) {
            Self::Nothing => Self::One(bytes),
            Self::One(first) => {
                let mut all = BytesMut::with_capacity((first.len() + bytes.len()) * 2);
                all.extend_from_slice(&first);
                all.extend_from_slice(&bytes);
                Self::Several(all)
            }
            Self::Several(mut all) => {
                all.extend_from_slice(&bytes);
                Self::Several(all)
            }
        };
    }

    fn into_bytes(self) -> Bytes {
        match self {
            Self::Nothing => Bytes::new(),
            Self::One(bytes) => bytes,
            Self::Several(all) => all.freeze(),
        }
    }
}

/// Spawns what hyper needs for HTTP/2 on the worker's own thread.
#[derive(Clone)]
struct OnThisThread;

impl<F: Future<Output: 'static> + 'static> hyper::rt::Executor<F> for OnThisThread {
    fn execute(&self, future: F) {
        tokio::spawn(SendWrapper::new(async move {
            future.await;
        }));
    }
}
