//! Defines what is measured at the socket: bytes per VU, and the instants of each exchange.

use std::cell::Cell;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

use brunt_metrics::builtin;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::tags::TagScope;
use crate::worker::Worker;

/// Bytes that a VU has sent and received on all its connections since they were last taken.
#[derive(Default)]
pub(crate) struct Traffic {
    sent: Cell<u64>,
    received: Cell<u64>,
}

impl Traffic {
    /// Adds bytes that passed elsewhere.
    pub(crate) fn add(&self, sent: u64, received: u64) {
        self.sent.set(self.sent.get() + sent);
        self.received.set(self.received.get() + received);
    }

    /// Records what passed since the last time, under these tags.
    pub(crate) fn record(&self, worker: &Worker, base: &TagScope) {
        let (sent, received) = (self.sent.take(), self.received.take());
        if sent == 0 && received == 0 {
            return;
        }
        let time = worker.sample_time();
        let mut recorder = worker.recorder();
        base.record(&mut recorder, builtin::DATA_SENT, sent as f64, time);
        base.record(&mut recorder, builtin::DATA_RECEIVED, received as f64, time);
    }
}

/// The instants of the exchange under way on one connection.
#[derive(Default)]
pub(crate) struct Instants {
    last_write: Cell<Option<Instant>>,
    first_read: Cell<Option<Instant>>,
    /// Whether the socket takes no more for now, and something is left to be written.
    stalled: Cell<bool>,
    /// When a response was there whole, where that is known before who waits for it looks.
    last_read: Cell<Option<Instant>>,
    /// Whether the server said that it has not looked at the request.
    refused: Cell<bool>,
    /// When there was room for a stream, where that came after the connection.
    opened: Cell<Option<Instant>>,
}

/// The three parts of an exchange.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct Exchange {
    pub(crate) sending: Duration,
    pub(crate) waiting: Duration,
    pub(crate) receiving: Duration,
}

impl Instants {
    /// An exchange begins.
    pub(crate) fn begin(&self) {
        self.last_write.set(None);
        self.first_read.set(None);
        self.stalled.set(false);
    }

    /// A stream of a connection begins, which is left to be written.
    pub(crate) fn begin_stream(&self) {
        self.begin();
        self.stalled.set(true);
    }

    /// A frame of the request was handed over; when it is the `last` one, nothing is left.
    pub(crate) fn wrote_frame(&self, now: Instant, last: bool) {
        if !self.has_read() {
            self.last_write.set(Some(now));
            self.stalled.set(!last);
        }
    }

    /// A frame of the response has begun to come.
    pub(crate) fn read_frame(&self, now: Instant) {
        if !self.has_read() {
            self.first_read.set(Some(now));
        }
    }

    /// Nothing more will come.
    pub(crate) fn read_last(&self, now: Instant) {
        self.last_read.set(Some(now));
    }

    /// There is a stream for the request, for which it may have waited.
    pub(crate) fn open(&self, now: Instant) {
        self.opened.set(Some(now));
    }

    /// When there was a stream, if that was waited for.
    pub(crate) fn opened(&self) -> Option<Instant> {
        self.opened.get()
    }

    /// The server has not looked at the request, and will not.
    pub(crate) fn refuse(&self) {
        self.refused.set(true);
    }

    /// Whether the server said that it has not looked at the request: it can be sent again, whatever it asks for.
    pub(crate) fn is_refused(&self) -> bool {
        self.refused.get()
    }

    /// Whether any byte of the response has come.
    pub(crate) fn has_read(&self) -> bool {
        self.first_read.get().is_some()
    }

    /// The parts of the exchange that began then and has ended, or failed, now.
    pub(crate) fn exchange(&self, began: Instant, ended: Instant) -> Exchange {
        let ended = self.last_read.get().unwrap_or(ended).min(ended);
        let read = self.first_read.get().unwrap_or(ended);
        let wrote = match self.last_write.get() {
            // It failed while it was still being sent.
            _ if self.stalled.get() && !self.has_read() => ended,
            wrote => wrote.unwrap_or(read).min(read),
        };
        Exchange {
            sending: wrote.saturating_duration_since(began),
            waiting: read.saturating_duration_since(wrote.max(began)),
            receiving: ended.saturating_duration_since(read),
        }
    }

    fn wrote(&self) {
        // What is written after the response has begun is not what the response waited for.
        if !self.has_read() {
            self.last_write.set(Some(Instant::now()));
            self.stalled.set(false);
        }
    }

    /// What was written before has left only now.
    fn flushed(&self) {
        if self.stalled.get() {
            self.wrote();
        }
    }

    fn read(&self) {
        if !self.has_read() {
            self.first_read.set(Some(Instant::now()));
        }
    }
}

/// A stream whose bytes are counted.
pub(crate) struct Counted<S> {
    inner: S,
    traffic: Rc<Traffic>,
}

/// A stream that notes when bytes are written and read.
pub(crate) struct Timed<S> {
    inner: S,
    instants: Rc<Instants>,
}

impl<S> Counted<S> {
    pub(crate) fn new(inner: S, traffic: Rc<Traffic>) -> Self {
        Self { inner, traffic }
    }

    /// What is counted.
    pub(crate) fn inner(&self) -> &S {
        &self.inner
    }
}

impl<S> Timed<S> {
    pub(crate) fn new(inner: S, instants: Rc<Instants>) -> Self {
        Self { inner, instants }
    }
}

/// Something that is told how many bytes passed through a stream.
trait Observer {
    type Stream: AsyncRead + AsyncWrite + Unpin;
    fn stream(&mut self) -> Pin<&mut Self::Stream>;
    fn is_vectored(&self) -> bool;
    fn wrote(&self, bytes: usize);
    fn read(&self, bytes: usize);
    /// The stream takes no more for now.
    fn stalled(&self) {}
    /// Nothing is held back any more.
    fn flushed(&self) {}
}

impl<S: AsyncRead + AsyncWrite + Unpin> Observer for Counted<S> {
    type Stream = S;

    fn stream(&mut self) -> Pin<&mut S> {
        Pin::new(&mut self.inner)
    }

    fn is_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }

    fn wrote(&self, bytes: usize) {
        self.traffic
            .sent
            .set(self.traffic.sent.get() + bytes as u64);
    }

    fn read(&self, bytes: usize) {
        self.traffic
            .received
            .set(self.traffic.received.get() + bytes as u64);
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Observer for Timed<S> {
    type Stream = S;

    fn stream(&mut self) -> Pin<&mut S> {
        Pin::new(&mut self.inner)
    }

    fn is_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }

    fn wrote(&self, _: usize) {
        self.instants.wrote();
    }

    fn read(&self, _: usize) {
        self.instants.read();
    }

    fn stalled(&self) {
        self.instants.stalled.set(true);
    }

    fn flushed(&self) {
        self.instants.flushed();
    }
}

/// Implements tokio's stream traits for an [`Observer`].
macro_rules! observed_stream {
    ($type:ident) => {
        impl<S: AsyncRead + AsyncWrite + Unpin> AsyncRead for $type<S> {
            fn poll_read(
                mut self: Pin<&mut Self>,
                context: &mut Context<'_>,
                buffer: &mut ReadBuf<'_>,
            ) -> Poll<io::Result<()>> {
                let before = buffer.filled().len();
                ready!(self.stream().poll_read(context, buffer))?;
                let bytes = buffer.filled().len() - before;
                if bytes > 0 {
                    self.read(bytes);
                }
                Poll::Ready(Ok(()))
            }
        }

        impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for $type<S> {
            fn poll_write(
                mut self: Pin<&mut Self>,
                context: &mut Context<'_>,
                bytes: &[u8],
            ) -> Poll<io::Result<usize>> {
                let written = self.stream().poll_write(context, bytes);
                match &written {
                    Poll::Ready(Ok(bytes)) => self.wrote(*bytes),
                    Poll::Ready(Err(_)) => {}
                    Poll::Pending => self.stalled(),
                }
                written
            }

            fn poll_write_vectored(
                mut self: Pin<&mut Self>,
                context: &mut Context<'_>,
                slices: &[IoSlice<'_>],
            ) -> Poll<io::Result<usize>> {
                let written = self.stream().poll_write_vectored(context, slices);
                match &written {
                    Poll::Ready(Ok(bytes)) => self.wrote(*bytes),
                    Poll::Ready(Err(_)) => {}
                    Poll::Pending => self.stalled(),
                }
                written
            }

            fn is_write_vectored(&self) -> bool {
                self.is_vectored()
            }

            fn poll_flush(
                mut self: Pin<&mut Self>,
                context: &mut Context<'_>,
            ) -> Poll<io::Result<()>> {
                let flushed = self.stream().poll_flush(context);
                match &flushed {
                    Poll::Ready(_) => self.flushed(),
                    Poll::Pending => self.stalled(),
                }
                flushed
            }

            fn poll_shutdown(
                mut self: Pin<&mut Self>,
                context: &mut Context<'_>,
            ) -> Poll<io::Result<()>> {
                self.stream().poll_shutdown(context)
            }
        }
    };
}

observed_stream!(Counted);
observed_stream!(Timed);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_parts_add_up_to_the_whole() {
        let began = Instant::now();
        let at = |ms| began + Duration::from_millis(ms);
        let instants = Instants::default();
        instants.last_write.set(Some(at(2)));
        instants.first_read.set(Some(at(7)));
        let exchange = instants.exchange(began, at(10));
        let ms = Duration::from_millis;
        assert_eq!(
            exchange,
            Exchange {
                sending: ms(2),
                waiting: ms(5),
                receiving: ms(3)
            }
        );
    }

    #[test]
    fn an_exchange_that_was_not_sent_whole_was_sending() {
        let began = Instant::now();
        let instants = Instants::default();
        instants.last_write.set(Some(began));
        instants.stalled.set(true);
        let exchange = instants.exchange(began, began + Duration::from_secs(1));
        assert_eq!(exchange.sending, Duration::from_secs(1));
        assert_eq!(exchange.waiting, Duration::ZERO);
    }

    #[test]
    fn an_exchange_without_an_answer_was_waiting() {
        let began = Instant::now();
        let instants = Instants::default();
        instants.last_write.set(Some(began));
        let exchange = instants.exchange(began, began + Duration::from_secs(1));
        assert_eq!(exchange.waiting, Duration::from_secs(1));
        assert_eq!(exchange.receiving, Duration::ZERO);
    }
}
