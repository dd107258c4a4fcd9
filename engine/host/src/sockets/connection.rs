//! Defines an open connection as its VU has it: two buffers, and what is asked of the task that moves bytes between them and the socket.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::future::{Future, poll_fn};
use std::rc::{Rc, Weak};
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustls::ClientConfig;

use super::inbox::Inbox;
use super::open::Timings;
use super::wishes::{Beat, Upgrade, Upgraded, Wishes};
use super::within;
use crate::arrivals::Arrivals;
use crate::http::RequestFailure;
use crate::pipe::{Gate, Pipe};
use crate::signal::Signal;

type Result<T> = std::result::Result<T, RequestFailure>;

/// An open connection. Dropping it closes it, behind what was left to be written.
pub(crate) struct Connection(Rc<Shared>);

/// What was agreed on in a TLS handshake.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Facts {
    /// `tls1.2` or `tls1.3`.
    pub(crate) version: &'static str,
    pub(crate) cipher_suite: &'static str,
    /// The protocol that ALPN chose.
    pub(crate) protocol: Option<String>,
}

/// What the VU and the task share.
pub(super) struct Shared {
    pub(super) inbox: Pipe<Inbox, Result<()>>,
    pub(super) outbox: Pipe<VecDeque<u8>, RequestFailure>,
    /// Open while nothing is left to be written.
    pub(super) written_out: Gate,
    pub(super) wishes: Wishes,
    pub(super) facts: RefCell<Option<Facts>>,
    /// When anything last came.
    pub(super) heard: Cell<Instant>,
    /// When what was read last came.
    arrived: Cell<Option<Instant>>,
    /// Whether reading waits until the VU has taken more.
    pub(super) is_parked: Cell<bool>,
    pub(super) arrivals: Weak<Arrivals>,
    timings: Cell<Timings>,
    timeout: Duration,
    read_timeout: Cell<Option<Duration>>,
    write_timeout: Cell<Option<Duration>>,
    host: Box<str>,
    local: Box<str>,
    remote: Box<str>,
}

/// What is known of a connection from the start.
pub(super) struct Opening {
    pub(super) limit: usize,
    pub(super) facts: Option<Facts>,
    pub(super) timings: Timings,
    pub(super) timeout: Duration,
    pub(super) arrivals: Weak<Arrivals>,
    pub(super) host: Box<str>,
    pub(super) local: Box<str>,
    pub(super) remote: Box<str>,
}

impl Shared {
    pub(super) fn new(opening: Opening) -> Rc<Self> {
        let written_out = Gate::default();
        written_out.set_open(true);
        Rc::new(Self {
            inbox: Pipe::new(opening.limit),
            outbox: Pipe::new(opening.limit),
            written_out,
            wishes: Wishes::default(),
            facts: RefCell::new(opening.facts),
            heard: Cell::new(Instant::now()),
            arrived: Cell::default(),
            is_parked: Cell::default(),
            arrivals: opening.arrivals,
            timings: Cell::new(opening.timings),
            timeout: opening.timeout,
            read_timeout: Cell::default(),
            write_timeout: Cell::default(),
            host: opening.host,
            local: opening.local,
            remote: opening.remote,
        })
    }

    /// Room from which on it is worth to read again, where reading waits.
    pub(super) fn is_roomy(&self) -> bool {
        let limit = self.inbox.limit();
        self.inbox.room() >= (limit / 2).clamp(1, ROOMY)
    }

    /// Nothing is left to be written.
    pub(super) fn told_all(&self) {
        self.written_out.set_open(true);
    }

    /// Neither side goes on.
    pub(super) fn fail(&self, failure: &RequestFailure) {
        self.inbox.end(Err(failure.clone()));
        self.fail_writing(failure.clone());
    }

    pub(super) fn fail_writing(&self, failure: RequestFailure) {
        self.outbox.end(failure);
        self.written_out.set_open(true);
    }

    pub(super) fn add_handshake(&self, took: Duration) {
        let mut timings = self.timings.get();
        timings.tls_handshaking += took;
        self.timings.set(timings);
    }

    fn take(&self, most: usize) -> Option<Result<Option<Vec<u8>>>> {
        if most == 0 {
            return Some(Ok(Some(Vec::new())));
        }
        if let Some((bytes, came)) = self.inbox.change(|inbox| inbox.take(most)) {
            self.arrived.set(Some(came));
            if self.is_parked.get() && self.is_roomy() {
                self.wishes.wake();
            }
            return Some(Ok(Some(bytes)));
        }
        self.inbox.ended().map(|end| end.map(|()| None))
    }

    /// Leaves bytes to be written, unless too many wait already.
    fn put(&self, bytes: &[u8]) -> Option<Result<()>> {
        if let Some(failure) = self.outbox.ended() {
            return Some(Err(failure));
        }
        if self.wishes.finishes.get() {
            return Some(Err(RequestFailure::new(
                1201,
                "write: this side has been ended by finish",
            )));
        }
        if self.outbox.room() == 0 {
            return None;
        }
        if !bytes.is_empty() {
            self.leave(bytes);
            self.wishes.wake();
        }
        Some(Ok(()))
    }

    pub(super) fn leave(&self, bytes: &[u8]) {
        self.outbox.change(|outbox| outbox.extend(bytes));
        self.written_out.set_open(false);
    }
}

/// Room in which reading goes on where the limit is large: that of one reading.
const ROOMY: usize = 64 << 10;

impl Connection {
    pub(super) fn new(shared: Rc<Shared>) -> Self {
        Self(shared)
    }

    /// The next bytes where `read` would not wait.
    pub(crate) fn read_now(&self, most: usize) -> Option<Result<Option<Vec<u8>>>> {
        self.0.take(most)
    }

    /// The next bytes, at most so many, as soon as there are any; none at the end.
    pub(crate) fn read(
        &self,
        most: usize,
    ) -> impl Future<Output = Result<Option<Vec<u8>>>> + use<> {
        let shared = self.0.clone();
        within(self.0.read_timeout.get(), "read", async move {
            loop {
                if let Some(result) = shared.take(most) {
                    return result;
                }
                poll_fn(|context| shared.inbox.poll_readable(context)).await;
            }
        })
    }

    /// Bytes that have come and were not read.
    pub(crate) fn available(&self) -> usize {
        self.0.inbox.look(Inbox::bytes)
    }

    /// Set when `read` would not wait.
    pub(crate) fn readable(&self) -> Rc<Signal> {
        self.0.inbox.readable()
    }

    /// When what was read last came.
    pub(crate) fn arrived(&self) -> Option<Instant> {
        self.0.arrived.get()
    }

    /// Leaves bytes to be written where that needs no waiting.
    pub(crate) fn write_now(&self, bytes: &[u8]) -> Option<Result<()>> {
        self.0.put(bytes)
    }

    /// Leaves bytes to be written, once fewer than the limit wait.
    pub(crate) fn write(&self, bytes: Vec<u8>) -> impl Future<Output = Result<()>> + use<> {
        let shared = self.0.clone();
        within(self.0.write_timeout.get(), "write", async move {
            loop {
                if let Some(result) = shared.put(&bytes) {
                    return result;
                }
                poll_fn(|context| shared.outbox.poll_writable(context)).await;
            }
        })
    }

    /// Set when `write` would not wait.
    pub(crate) fn writable(&self) -> Rc<Signal> {
        self.0.outbox.writable()
    }

    /// Waits until nothing is left to be written.
    pub(crate) fn flush(&self) -> impl Future<Output = Result<()>> + use<> {
        let shared = self.0.clone();
        within(self.0.write_timeout.get(), "flush", async move {
            poll_fn(|context| shared.written_out.poll(context)).await;
            shared.outbox.ended().map_or(Ok(()), Err)
        })
    }

    /// Ends this side of the stream, behind all that was written.
    pub(crate) fn finish(&self) {
        self.0.wishes.finishes.set(true);
        self.0.wishes.wake();
    }

    pub(crate) fn set_read_timeout(&self, timeout: Option<Duration>) {
        self.0.read_timeout.set(timeout);
    }

    pub(crate) fn set_write_timeout(&self, timeout: Option<Duration>) {
        self.0.write_timeout.set(timeout);
    }

    /// Writes these bytes whenever nothing else was for so long; none or a time of zero end that.
    pub(crate) fn set_heart_beat(&self, interval: Duration, bytes: &[u8]) {
        let beats = !interval.is_zero() && !bytes.is_empty();
        let beat = beats.then(|| Beat {
            interval: interval.max(SHORTEST_BEAT),
            bytes: bytes.into(),
        });
        *self.0.wishes.beat.borrow_mut() = beat;
        self.0.wishes.wake();
    }

    /// When anything last came, or else when it was opened.
    pub(crate) fn last_heard(&self) -> Instant {
        self.0.heard.get()
    }

    /// The host that was dialled.
    pub(crate) fn host(&self) -> &str {
        &self.0.host
    }

    /// Speaks TLS from here on, with this configuration, to a server with this name.
    pub(crate) fn start_tls(
        &self,
        config: Arc<ClientConfig>,
        name: String,
    ) -> impl Future<Output = Result<()>> + use<> {
        let (shared, timeout) = (self.0.clone(), self.0.timeout);
        let done = Rc::new(Upgraded::default());
        within(Some(timeout), "TLS handshake", async move {
            if shared.inbox.has_ended() && shared.outbox.has_ended() {
                return Err(closed());
            }
            *shared.wishes.upgrade.borrow_mut() = Some(Upgrade {
                config,
                name,
                timeout,
                done: done.clone(),
            });
            shared.wishes.wake();
            poll_fn(|context| done.signal.poll(context)).await;
            done.result.take().unwrap_or_else(|| Err(closed()))
        })
    }

    pub(crate) fn timings(&self) -> Timings {
        self.0.timings.get()
    }

    /// What was agreed on by TLS.
    pub(crate) fn facts(&self) -> Option<Facts> {
        self.0.facts.borrow().clone()
    }

    pub(crate) fn local_address(&self) -> &str {
        &self.0.local
    }

    pub(crate) fn remote_address(&self) -> &str {
        &self.0.remote
    }
}

/// The shortest time between two heart-beats.
const SHORTEST_BEAT: Duration = Duration::from_millis(10);

impl Drop for Connection {
    fn drop(&mut self) {
        self.0.wishes.closes.set(true);
        self.0.wishes.wake();
    }
}

pub(super) fn closed() -> RequestFailure {
    RequestFailure::new(1203, "the connection is closed")
}
