//! Defines how an HTTP/1.1 request is written: its head, its body, and what of both the socket has not taken yet.

mod streamed;

use std::cell::RefCell;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http::header::{
    AUTHORIZATION, CONTENT_LENGTH, COOKIE, HeaderName, HeaderValue, TRAILER, TRANSFER_ENCODING,
};
use tokio::io::AsyncWrite;

use crate::http::connection::http1::sending::streamed::Streamed;
use crate::http::failure::RequestFailure;
use crate::http::hop::Hop;
use crate::http::target::Target;

thread_local! {
    /// Where heads are written: one buffer for all connections of a thread, since hardly any head has to wait.
    static BUFFER: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

/// Bodies up to this size are copied behind their head, and leave in one piece with it.
const SMALL_BODY: usize = 8 << 10;

/// Why a request was not sent whole.
pub(super) enum Unsent {
    /// The socket failed: the server may have answered before.
    Socket(io::Error),
    /// The body broke off: there is nothing more to send, and no use in an answer.
    Body(RequestFailure),
}

impl From<io::Error> for Unsent {
    fn from(error: io::Error) -> Self {
        Self::Socket(error)
    }
}

/// A request that is being written.
pub(super) struct Sending {
    /// The head, and a small body with it.
    head: Vec<u8>,
    /// A body that is not small.
    body: Bytes,
    /// A body that is written while it is sent, until its end.
    streamed: Option<Box<Streamed>>,
    /// Bytes of both that the socket has taken.
    written: usize,
    state: State,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Writing,
    /// The socket has taken everything, but may hold some of it back.
    Flushing,
    Done,
}

impl Sending {
    /// A request with nothing of it written. `close` asks the server to close the connection afterwards.
    ///
    /// Errors: the body can be sent once only, and was.
    pub(super) fn new(hop: &Hop, close: bool) -> Result<Self, RequestFailure> {
        let streamed = match &hop.upload {
            None => None,
            Some(upload) => Some(Box::new(Streamed::new(upload)?)),
        };
        let mut head = BUFFER.take();
        write_head(&mut head, hop, close);
        let mut body = hop.body.clone();
        if body.len() <= SMALL_BODY {
            head.extend_from_slice(&body);
            body = Bytes::new();
        }
        Ok(Self {
            head,
            body,
            streamed,
            written: 0,
            state: State::Writing,
        })
    }

    /// Whether everything has left.
    pub(super) fn is_done(&self) -> bool {
        self.state == State::Done
    }

    /// Writes as much as the socket takes.
    pub(super) fn poll<W: AsyncWrite + Unpin>(
        &mut self,
        socket: &mut W,
        context: &mut Context<'_>,
    ) -> Poll<Result<(), Unsent>> {
        while self.state == State::Writing {
            let head = &self.head[self.written.min(self.head.len())..];
            let body = &self.body[self.written.saturating_sub(self.head.len())..];
            let slices = [IoSlice::new(head), IoSlice::new(body)];
            let written = match (head.is_empty(), body.is_empty()) {
                (true, true) => {
                    ready!(self.poll_more(socket, context))?;
                    continue;
                }
                (false, true) => Pin::new(&mut *socket).poll_write(context, head),
                (true, false) => Pin::new(&mut *socket).poll_write(context, body),
                (false, false) => Pin::new(&mut *socket).poll_write_vectored(context, &slices),
            };
            match ready!(written)? {
                0 => return Poll::Ready(Err(io::Error::from(io::ErrorKind::WriteZero).into())),
                bytes => self.written += bytes,
            }
        }
        if self.state == State::Flushing {
            ready!(Pin::new(socket).poll_flush(context))?;
            self.state = State::Done;
            self.give_buffer_back();
        }
        Poll::Ready(Ok(()))
    }

    /// Everything is written: goes on with the next piece of a streamed body, when there is one.
    fn poll_more<W: AsyncWrite + Unpin>(
        &mut self,
        socket: &mut W,
        context: &mut Context<'_>,
    ) -> Poll<Result<(), Unsent>> {
        let Some(streamed) = &mut self.streamed else {
            self.state = State::Flushing;
            return Poll::Ready(Ok(()));
        };
        self.head.clear();
        self.written = 0;
        match streamed.poll_next(context, &mut self.head) {
            Poll::Ready(Ok(is_over)) => {
                if is_over {
                    self.streamed = None;
                }
                Poll::Ready(Ok(()))
            }
            Poll::Ready(Err(failure)) => Poll::Ready(Err(Unsent::Body(failure))),
            Poll::Pending => {
                // What was written must not wait for what comes next.
                ready!(Pin::new(socket).poll_flush(context))?;
                Poll::Pending
            }
        }
    }

    fn give_buffer_back(&mut self) {
        let mut buffer = std::mem::take(&mut self.head);
        if buffer.capacity() <= 4 * SMALL_BODY {
            buffer.clear();
            BUFFER.set(buffer);
        }
    }
}

/// What says how long a request's body is, where that has to be said (as Go does, RFC 9110, section 8.6).
pub(crate) fn content_length(hop: &Hop) -> Option<HeaderValue> {
    if let Some(upload) = &hop.upload {
        return upload.length().map(HeaderValue::from);
    }
    let expected = matches!(hop.method.as_str(), "POST" | "PUT" | "PATCH");
    (expected || !hop.body.is_empty()).then(|| hop.body.len().into())
}

fn write_head(out: &mut Vec<u8>, hop: &Hop, close: bool) {
    out.extend_from_slice(hop.method.as_str().as_bytes());
    if hop.headers.is_empty() {
        let opening = || opening(&hop.target, |_| true).into();
        out.extend_from_slice(hop.target.opening.get_or_init(opening));
    } else {
        let is_default = |name: &HeaderName| !hop.headers.contains_key(name);
        out.extend_from_slice(&opening(&hop.target, is_default));
        write_own(out, hop);
    }
    for (name, value) in instead(hop) {
        if let Some(value) = value {
            write_header(out, name, value);
        }
    }
    if close {
        out.extend_from_slice(b"connection: close\r\n");
    }
    match &hop.upload {
        Some(upload) if upload.length().is_none() => {
            out.extend_from_slice(b"transfer-encoding: chunked\r\n");
        }
        _ => {
            if let Some(length) = content_length(hop) {
                write_header(out, &CONTENT_LENGTH, &length);
            }
        }
    }
    out.extend_from_slice(b"\r\n");
}

/// What follows the method: the rest of its line, and those headers of every request to the target that are wanted.
fn opening(target: &Target, is_wanted: impl Fn(&HeaderName) -> bool) -> Vec<u8> {
    let mut out = format!(" {} HTTP/1.1\r\n", target.uri).into_bytes();
    let wanted = target.headers.iter().filter(|(name, _)| is_wanted(name));
    wanted.for_each(|(name, value)| write_header(&mut out, name, value));
    out
}

/// The headers that the request itself sets.
fn write_own(out: &mut Vec<u8>, hop: &Hop) {
    for (name, value) in &hop.headers {
        let is_replaced =
            |(own, value): &(&HeaderName, &Option<_>)| *own == name && value.is_some();
        if !instead(hop).iter().any(is_replaced) && !is_framing(name) {
            write_header(out, name, value);
        }
    }
}

/// What stands in the place of the request's own headers, where there is something.
fn instead(hop: &Hop) -> [(&HeaderName, &Option<HeaderValue>); 2] {
    [(&COOKIE, &hop.cookie), (&AUTHORIZATION, &hop.authorization)]
}

/// Headers that say where the body ends: the engine's to set, for a wrong one would garble every request after it.
fn is_framing(name: &HeaderName) -> bool {
    *name == CONTENT_LENGTH || *name == TRANSFER_ENCODING || *name == TRAILER
}

fn write_header(out: &mut Vec<u8>, name: &HeaderName, value: &HeaderValue) {
    out.extend_from_slice(name.as_str().as_bytes());
    out.extend_from_slice(b": ");
    out.extend_from_slice(value.as_bytes());
    out.extend_from_slice(b"\r\n");
}
