//! Defines the task of one connection: it moves bytes between the socket and the two buffers, beats while nothing else is written,
//! speaks TLS when it is asked to, and closes the connection behind what was left to be written.

mod tls;

use std::cell::RefCell;
use std::collections::VecDeque;
use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::Sleep;

use super::connection::{Shared, closed};
use super::ground::Account;
use super::wishes::Upgrade;
use crate::http::{RequestFailure, Slot};
use crate::net::socket::Wire;

pub(super) use tls::facts_of;

/// The task's side of a connection.
pub(super) struct Driver {
    shared: Rc<Shared>,
    socket: Wire,
    /// Whether the socket holds back what was written to it.
    holds_back: bool,
    has_finished: bool,
    wrote: Instant,
    beat: Option<Pin<Box<Sleep>>>,
    /// When closing is given up.
    end: Option<Pin<Box<Sleep>>>,
    lingers: bool,
    slot: Slot,
    _account: Account,
}

/// What the task comes to.
enum Turn {
    Upgrade(Upgrade),
    Over,
}

impl Driver {
    pub(super) fn new(shared: Rc<Shared>, socket: Wire, slot: Slot, account: Account) -> Self {
        Self {
            shared,
            socket,
            holds_back: false,
            has_finished: false,
            wrote: Instant::now(),
            beat: None,
            end: None,
            lingers: false,
            slot,
            _account: account,
        }
    }

    /// Drives the connection until it is closed.
    pub(super) async fn run(mut self) {
        let shared = self.shared.clone();
        while let Turn::Upgrade(upgrade) = poll_fn(|context| self.turn(context)).await {
            // Boxed, because most connections never need the room for it.
            let Some(socket) = Box::pin(tls::shake_hands(&shared, self.socket, upgrade)).await
            else {
                break;
            };
            self.socket = socket;
        }
        shared.fail(&closed());
    }

    fn turn(&mut self, context: &mut Context<'_>) -> Poll<Turn> {
        self.shared.wishes.attend(context);
        self.write(context);
        if self.shared.wishes.closes.get() {
            return self.close(context).map(|()| Turn::Over);
        }
        if self.shared.wishes.upgrade.borrow().is_some() {
            // What comes from now on is TLS's to read.
            return self.upgrade().map_or(Poll::Pending, Poll::Ready);
        }
        self.read(context);
        self.keep_alive(context);
        Poll::Pending
    }

    /// The handshake that is asked for, once all that was written before is gone.
    fn upgrade(&self) -> Option<Turn> {
        let is_gone = !self.holds_back && self.shared.outbox.is_empty();
        let upgrade = (is_gone || self.shared.outbox.ended().is_some())
            .then(|| self.shared.wishes.upgrade.take())??;
        Some(Turn::Upgrade(upgrade))
    }

    fn write(&mut self, context: &mut Context<'_>) {
        if self.has_finished || self.shared.outbox.ended().is_some() {
            return;
        }
        let written = self.write_out(context);
        if let Poll::Ready(Err(error)) = written {
            self.shared.fail_writing(failure("write", 1201, &error));
        }
    }

    /// Writes all there is, and ends this side where that is asked for.
    fn write_out(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let shared = self.shared.clone();
        while !shared.outbox.is_empty() {
            let socket = &mut self.socket;
            let count = shared
                .outbox
                .change(|outbox| write_front(socket, outbox, context));
            if ready!(count)? == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            self.holds_back = true;
            self.wrote = Instant::now();
        }
        if self.holds_back {
            ready!(Pin::new(&mut self.socket).poll_flush(context))?;
            self.holds_back = false;
            shared.told_all();
        }
        let wishes = &shared.wishes;
        if wishes.finishes.get() || wishes.closes.get() {
            ready!(Pin::new(&mut self.socket).poll_shutdown(context))?;
            self.has_finished = true;
        }
        Poll::Ready(Ok(()))
    }

    fn read(&mut self, context: &mut Context<'_>) {
        let shared = self.shared.clone();
        if shared.inbox.has_ended() || (shared.is_parked.get() && !shared.is_roomy()) {
            return;
        }
        shared.is_parked.set(false);
        let mut came = None;
        loop {
            let room = shared.inbox.room();
            if room == 0 {
                shared.is_parked.set(true);
                break;
            }
            let socket = &mut self.socket;
            let read = with_scratch(room, |scratch| {
                let length = ready!(read_into(socket, scratch, context))?;
                let at = *came.get_or_insert_with(Instant::now);
                shared.inbox.change(|inbox| match length {
                    0 => {}
                    _ => inbox.push(scratch.filled(), at),
                });
                Poll::Ready(Ok(length))
            });
            match read {
                Poll::Pending => break,
                Poll::Ready(Ok(0)) => shared.inbox.end(Ok(())),
                Poll::Ready(Ok(_)) => continue,
                Poll::Ready(Err(error)) => shared.inbox.end(Err(failure("read", 1202, &error))),
            }
            came.get_or_insert_with(Instant::now);
            break;
        }
        if let Some(came) = came {
            shared.heard.set(came);
            if let Some(arrivals) = shared.arrivals.upgrade() {
                arrivals.note();
            }
        }
    }

    /// Beats when nothing else was written for long enough.
    fn keep_alive(&mut self, context: &mut Context<'_>) {
        let shared = self.shared.clone();
        let beat = shared.wishes.beat.borrow().clone();
        let Some(beat) = beat.filter(|_| !self.has_finished && !shared.outbox.has_ended()) else {
            self.beat = None;
            return;
        };
        loop {
            let due = self.wrote + beat.interval;
            let timer = self
                .beat
                .get_or_insert_with(|| Box::pin(tokio::time::sleep_until(due.into())));
            if timer.deadline() > due.into() {
                timer.as_mut().reset(due.into());
            }
            if timer.as_mut().poll(context).is_pending() {
                return;
            }
            if Instant::now() < due {
                timer.as_mut().reset(due.into());
                continue;
            }
            // What still waits to be written shows as well that this side is alive.
            if shared.outbox.is_empty() && !shared.wishes.finishes.get() {
                shared.leave(&beat.bytes);
                self.write(context);
            }
            self.wrote = Instant::now();
        }
    }

    /// Writes what is left, ends this side, and waits a little for the other: closing while bytes come would reset the connection,
    /// and with it what is still on its way.
    fn close(&mut self, context: &mut Context<'_>) -> Poll<()> {
        let is_written = self.has_finished || self.shared.outbox.has_ended();
        let end = self.end.get_or_insert_with(|| {
            self.slot.leave();
            Box::pin(tokio::time::sleep(WRITING_OUT))
        });
        if is_written && !self.lingers {
            self.lingers = true;
            end.as_mut().reset((Instant::now() + LINGERING).into());
        }
        if end.as_mut().poll(context).is_ready() {
            return Poll::Ready(());
        }
        self.drop_what_comes(context);
        match is_written && self.shared.inbox.has_ended() {
            true => Poll::Ready(()),
            false => Poll::Pending,
        }
    }

    fn drop_what_comes(&mut self, context: &mut Context<'_>) {
        while !self.shared.inbox.has_ended() {
            let socket = &mut self.socket;
            match with_scratch(usize::MAX, |scratch| read_into(socket, scratch, context)) {
                Poll::Pending => return,
                Poll::Ready(Ok(0) | Err(_)) => self.shared.inbox.end(Ok(())),
                Poll::Ready(Ok(_)) => {}
            }
        }
    }
}

/// How long closing may take that has something to write.
const WRITING_OUT: Duration = Duration::from_secs(2);

/// How long closing waits for the other side.
const LINGERING: Duration = Duration::from_millis(250);

/// Writes the beginning of what there is to write, and takes it away.
fn write_front(
    socket: &mut Wire,
    outbox: &mut VecDeque<u8>,
    context: &mut Context<'_>,
) -> Poll<io::Result<usize>> {
    let (front, _) = outbox.as_slices();
    let count = ready!(Pin::new(socket).poll_write(context, front))?;
    outbox.drain(..count);
    if outbox.is_empty() && outbox.capacity() > KEPT {
        outbox.shrink_to(KEPT);
    }
    Poll::Ready(Ok(count))
}

/// Bytes of memory that an empty buffer keeps.
const KEPT: usize = 64 << 10;

thread_local! {
    /// Where all connections of a thread are read into: what is kept is as large as what came.
    static SCRATCH: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

/// Bytes that are read at once.
const READ: usize = 64 << 10;

/// Reads into what all sockets of a thread are read into, as much as the longest datagram or less.
pub(super) fn with_scratch<T>(most: usize, read: impl FnOnce(&mut ReadBuf<'_>) -> T) -> T {
    SCRATCH.with_borrow_mut(|scratch| {
        scratch.resize(READ, 0);
        read(&mut ReadBuf::new(&mut scratch[..most.min(READ)]))
    })
}

fn read_into(
    socket: &mut Wire,
    scratch: &mut ReadBuf<'_>,
    context: &mut Context<'_>,
) -> Poll<io::Result<usize>> {
    ready!(Pin::new(socket).poll_read(context, scratch))?;
    Poll::Ready(Ok(scratch.filled().len()))
}

/// What an error of the socket is called; `code` where it is none with a name.
fn failure(doing: &str, code: u16, error: &io::Error) -> RequestFailure {
    let mut failure = RequestFailure::io(error);
    if failure.code == 1200 {
        failure.code = code;
    }
    failure.message = format!("{doing}: {}", failure.message);
    failure
}
