//! Defines an HTTP/1.1 connection, driven inside the exchange that uses it.
//!
//! It has no task, no channel and no buffer of its own: what it reads goes through one buffer per thread, and of a response
//! that came whole, head and body are one piece of memory.

mod framing;
mod head;
mod receiving;
mod rest;
mod sending;

use std::cell::RefCell;
use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, Waker, ready};

use bytes::Bytes;
use http::header::CONNECTION;
use tokio::io::{AsyncRead, ReadBuf};

use crate::http::connection::http1::head::HeadLimits;
use crate::http::connection::http1::receiving::{Received, Receiving};
use crate::http::connection::http1::sending::{Sending, Unsent};
use crate::http::connection::{Answer, BodyPolicy, Unread};
use crate::http::failure::RequestFailure;
use crate::http::hop::Hop;
use crate::limits::Limits;
use crate::net::meter::Timed;
use crate::net::socket::Socket;

pub(crate) use rest::Rest;
pub(crate) use sending::content_length;

pub(super) struct Http1 {
    socket: Timed<Socket>,
    /// Whether another exchange may begin: not during one, for it may never be finished.
    open: bool,
    limits: HeadLimits,
}

thread_local! {
    /// Where all connections of a thread read into: what is kept of it is copied out before anything else is read.
    static BUFFER: RefCell<Box<[u8]>> = RefCell::new(vec![0; 64 << 10].into());
}

impl Http1 {
    pub(super) fn new(socket: Timed<Socket>, limits: &Limits) -> Self {
        Self {
            socket,
            open: true,
            limits: HeadLimits {
                headers: limits.response_headers,
                bytes: limits.response_head,
            },
        }
    }

    /// Whether another exchange may be tried.
    pub(super) fn is_open(&self) -> bool {
        self.open
    }

    /// Whether the server has not closed it while nobody looked, nor sent what nobody asked for.
    pub(super) fn is_listening(&mut self) -> bool {
        let context = &mut Context::from_waker(Waker::noop());
        let read = self.poll_read(context, |_| ());
        self.open &= read.is_pending();
        self.open
    }

    /// Sends a request and reads the whole response. One that is dropped leaves a connection that is not open.
    pub(super) async fn exchange(
        &mut self,
        hop: &Hop,
        close: bool,
        policy: BodyPolicy,
    ) -> Result<Answer, RequestFailure> {
        self.open = false;
        let mut sending = Sending::new(hop, close)?;
        let close = close || asks_to_close(hop);
        let mut receiving = Receiving::new(&hop.method, policy, self.limits);
        let mut unsent = None;
        let result = poll_fn(|context| {
            if unsent.is_none()
                && let Poll::Ready(Err(why)) = sending.poll(&mut self.socket, context)
            {
                match why {
                    // The server may have answered before it stopped listening.
                    Unsent::Socket(error) => unsent = Some(error),
                    Unsent::Body(failure) => return Poll::Ready(Err(failure)),
                }
            }
            self.poll_receive(&mut receiving, context)
        })
        .await;
        match (result, unsent) {
            (
                Ok(Received {
                    mut answer,
                    keeps_alive,
                }),
                unsent,
            ) => {
                if let Some(Unread::Http1(rest)) = answer.unread.as_deref_mut() {
                    rest.go_on(close, unsent.is_none().then_some(sending));
                    return Ok(answer);
                }
                self.open = keeps_alive && !close && unsent.is_none() && sending.is_done();
                Ok(answer)
            }
            (Err(failure), Some(error)) if failure.code == 1203 => Err(RequestFailure::io(&error)),
            (Err(failure), _) => Err(failure),
        }
    }

    /// The next bytes of a body that was left unread, none at its end.
    pub(super) async fn next_frame(
        &mut self,
        rest: &mut Rest,
    ) -> Option<Result<Bytes, RequestFailure>> {
        poll_fn(|context| self.poll_frame(rest, context)).await
    }

    fn poll_frame(
        &mut self,
        rest: &mut Rest,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, RequestFailure>>> {
        rest.poll_send(&mut self.socket, context);
        loop {
            if let Some(bytes) = rest.next() {
                return Poll::Ready(Some(Ok(bytes)));
            }
            if rest.is_over() {
                self.open = rest.leaves_open();
                return Poll::Ready(None);
            }
            let read = ready!(self.poll_read(context, |bytes| match bytes {
                [] => rest.end(),
                bytes => rest.take(bytes),
            }));
            if let Err(failure) = read.unwrap_or_else(|error| Err(RequestFailure::io(&error))) {
                return Poll::Ready(Some(Err(failure)));
            }
        }
    }

    fn poll_receive(
        &mut self,
        receiving: &mut Receiving<'_>,
        context: &mut Context<'_>,
    ) -> Poll<Result<Received, RequestFailure>> {
        loop {
            let read = ready!(self.poll_read(context, |bytes| match bytes {
                [] => receiving.end().map(Some),
                bytes => receiving.take(bytes),
            }));
            match read {
                Err(error) => return Poll::Ready(Err(RequestFailure::io(&error))),
                Ok(Err(failure)) => return Poll::Ready(Err(failure)),
                Ok(Ok(Some(received))) => return Poll::Ready(Ok(received)),
                Ok(Ok(None)) => {}
            }
        }
    }

    /// Reads once, and hands over what came; nothing at the end.
    fn poll_read<T>(
        &mut self,
        context: &mut Context<'_>,
        take: impl FnOnce(&[u8]) -> T,
    ) -> Poll<io::Result<T>> {
        BUFFER.with_borrow_mut(|buffer| {
            let mut buffer = ReadBuf::new(buffer);
            ready!(Pin::new(&mut self.socket).poll_read(context, &mut buffer))?;
            Poll::Ready(Ok(take(buffer.filled())))
        })
    }
}

/// Whether the request's own headers ask the server to close the connection.
fn asks_to_close(hop: &Hop) -> bool {
    let mut values = hop.headers.get_all(CONNECTION).iter();
    values.any(|value| value.as_bytes().eq_ignore_ascii_case(b"close"))
}
