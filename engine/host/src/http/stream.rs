//! Defines bodies that are streamed: a task reads the connection into a buffer with a limit, and the guest reads the buffer.
//!
//! While the buffer is full nothing is read from the connection, so that a slow reader slows its server down. The request is
//! recorded when the body has ended, failed or was dropped, whatever comes first.

mod account;

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::future::{Future, poll_fn};
use std::ops::Deref;
use std::rc::Rc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use send_wrapper::SendWrapper;
use tokio::task::AbortHandle;

use crate::http::connection::{Answer, Unread};
use crate::http::encoding::{Unpacked, Unpacker};
use crate::http::failure::RequestFailure;
use crate::http::message::Timings;
use crate::http::pool::Lease;
use crate::http::stream::account::Account;
use crate::pipe::{Pipe, take_bytes};
use crate::signal::Signal;

/// How a body is streamed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct StreamPolicy {
    /// Whether encodings are taken off.
    pub(crate) unpacks: bool,
    /// Whether the request's timeout ends with the head, so that the body may take for ever.
    pub(crate) endless: bool,
    /// The longest time between two pieces that come.
    pub(crate) gap: Option<Duration>,
}

/// A body that comes. Dropping it closes its connection, or resets its stream.
pub(crate) struct BodyStream(Reader);

/// What reads a body that somebody else has.
#[derive(Clone)]
pub(crate) struct Reader {
    shared: Rc<Shared>,
}

/// What is known of a body that comes, for as long as anybody asks.
#[derive(Clone)]
pub(crate) struct StreamFacts(Rc<Shared>);

/// What the task, the guest and the response share.
struct Shared {
    pipe: Pipe<VecDeque<u8>, Result<(), RequestFailure>>,
    /// What is still to be recorded.
    account: RefCell<Option<Account>>,
    timings: Cell<Timings>,
    size: Cell<u64>,
    /// What fills the buffer, where there is anything to do.
    task: Cell<Option<AbortHandle>>,
}

impl BodyStream {
    /// Begins to read a body.
    fn begin(account: Account, source: Source, unpacker: Option<Unpacker>) -> Self {
        let limit = account.buffer_limit();
        let watch = account.watch();
        let shared = Rc::new(Shared {
            pipe: Pipe::new(limit),
            account: RefCell::new(Some(account)),
            timings: Cell::default(),
            size: Cell::default(),
            task: Cell::default(),
        });
        let ours = shared.clone();
        let task = tokio::spawn(SendWrapper::new(async move {
            let mut source = source;
            let result = {
                let flow = flow(&ours, &mut source, unpacker, watch.gap);
                match watch.deadline {
                    None => flow.await,
                    Some(deadline) => tokio::time::timeout_at(deadline.into(), flow)
                        .await
                        .unwrap_or_else(|_| Err(late(watch.timeout))),
                }
            };
            if result.is_ok() {
                source.give_back();
            }
            ours.end(result);
        }));
        shared.task.set(Some(task.abort_handle()));
        Self(Reader { shared })
    }

    /// A body that is there.
    pub(crate) fn of(body: &[u8], timings: Timings) -> Self {
        let pipe = Pipe::new(body.len());
        pipe.change(|queue: &mut VecDeque<u8>| queue.extend(body));
        pipe.end(Ok(()));
        let shared = Rc::new(Shared {
            pipe,
            account: RefCell::default(),
            timings: Cell::new(timings),
            size: Cell::new(body.len() as u64),
            task: Cell::default(),
        });
        Self(Reader { shared })
    }

    /// Another way to read it, which does not keep it from being cancelled.
    pub(crate) fn reader(&self) -> Reader {
        self.0.clone()
    }
}

impl Deref for BodyStream {
    type Target = Reader;

    fn deref(&self) -> &Reader {
        &self.0
    }
}

impl Drop for BodyStream {
    fn drop(&mut self) {
        self.0.cancel();
    }
}

impl Reader {
    /// Cancels what is still to come, and records the request.
    pub(crate) fn cancel(&self) {
        if let Some(task) = self.shared.task.take() {
            task.abort();
        }
        self.shared.end(Ok(()));
    }

    /// The next bytes, at most this many, as soon as there are any; none at the end. What was buffered before a failure
    /// comes first.
    pub(crate) fn read(
        &self,
        most: usize,
    ) -> impl Future<Output = Result<Option<Vec<u8>>, RequestFailure>> + use<> {
        let shared = self.shared.clone();
        poll_fn(move |context| shared.poll_read(most, context))
    }

    /// The same, polled.
    pub(crate) fn poll_read(
        &self,
        most: usize,
        context: &mut Context<'_>,
    ) -> Poll<Result<Option<Vec<u8>>, RequestFailure>> {
        self.shared.poll_read(most, context)
    }

    /// Something to wait for: set when there is something to read.
    pub(crate) fn readable(&self) -> Rc<Signal> {
        self.shared.pipe.readable()
    }

    pub(crate) fn facts(&self) -> StreamFacts {
        StreamFacts(self.shared.clone())
    }
}

impl StreamFacts {
    /// Where the time went until now, or until the end.
    pub(crate) fn timings(&self) -> Timings {
        match &*self.0.account.borrow() {
            Some(account) => account.timings(),
            None => self.0.timings.get(),
        }
    }

    /// How many bytes have come so far.
    pub(crate) fn size(&self) -> u64 {
        self.0.size.get()
    }
}

impl Shared {
    fn poll_read(
        &self,
        most: usize,
        context: &mut Context<'_>,
    ) -> Poll<Result<Option<Vec<u8>>, RequestFailure>> {
        if self.pipe.poll_readable(context).is_pending() && most > 0 {
            return Poll::Pending;
        }
        let bytes = self.pipe.change(|queue| take_bytes(queue, most));
        Poll::Ready(match self.pipe.ended() {
            Some(end) if bytes.is_empty() && most > 0 => end.map(|()| None),
            _ => Ok(Some(bytes)),
        })
    }

    /// Puts bytes into the buffer, as fast as there is room for them.
    async fn put(&self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            poll_fn(|context| self.pipe.poll_writable(context)).await;
            if self.pipe.ended().is_some() {
                return;
            }
            let (now, later) = bytes.split_at(self.pipe.room().min(bytes.len()));
            self.size.set(self.size.get() + now.len() as u64);
            self.pipe.change(|queue| queue.extend(now));
            bytes = later;
        }
    }

    /// Nothing more comes: only the first end counts, and is recorded.
    fn end(&self, result: Result<(), RequestFailure>) {
        let Some(account) = self.account.take() else {
            return;
        };
        self.timings.set(account.close(result.as_ref().err()));
        self.pipe.end(result);
    }
}

/// Where a body comes from.
struct Source {
    lease: Option<Lease>,
    unread: Unread,
    keeper: account::Keeper,
}

impl Source {
    async fn next(&mut self, gap: Option<Duration>) -> Result<Option<Bytes>, RequestFailure> {
        let Some(lease) = &mut self.lease else {
            return Ok(None);
        };
        let frame = lease.connection.next_frame(&mut self.unread);
        let frame = match gap {
            None => frame.await,
            Some(gap) => tokio::time::timeout(gap, frame)
                .await
                .unwrap_or_else(|_| Some(Err(late(gap)))),
        };
        frame.transpose()
    }

    /// Lets go of a connection whose body was read to its end.
    fn give_back(mut self) {
        if let Some(lease) = self.lease.take() {
            self.keeper.give_back(lease);
        }
    }
}

/// Moves a body into the buffer.
async fn flow(
    shared: &Shared,
    source: &mut Source,
    unpacker: Option<Unpacker>,
    gap: Option<Duration>,
) -> Result<(), RequestFailure> {
    match unpacker {
        None => {
            while let Some(bytes) = source.next(gap).await? {
                shared.put(&bytes).await;
            }
            Ok(())
        }
        Some(unpacker) => unpack(shared, source, unpacker, gap).await,
    }
}

/// Moves a body into the buffer as it was before it was encoded.
async fn unpack(
    shared: &Shared,
    source: &mut Source,
    mut unpacker: Unpacker,
    gap: Option<Duration>,
) -> Result<(), RequestFailure> {
    let mut piece = vec![0; PIECE];
    let mut is_over = false;
    loop {
        match unpacker.read(&mut piece)? {
            Unpacked::Bytes(length) => shared.put(&piece[..length]).await,
            Unpacked::End => break,
            Unpacked::Hungry => match source.next(gap).await? {
                Some(bytes) => unpacker.feed(bytes),
                None => {
                    is_over = true;
                    unpacker.end();
                }
            },
        }
    }
    // What follows the encoded data is read too, so that the connection is free.
    while !is_over && source.next(gap).await?.is_some() {}
    Ok(())
}

/// What is unpacked at once: more than any decoder holds back when its input is used up.
const PIECE: usize = 64 << 10;

fn late(after: Duration) -> RequestFailure {
    RequestFailure::new(
        1050,
        format!("request timeout after {after:?}, waiting for the rest of the body"),
    )
}
