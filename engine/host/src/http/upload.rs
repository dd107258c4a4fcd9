//! Defines uploads: request bodies that are written while they are sent, through a buffer with a limit.
//!
//! Such a body is gone once it was sent. A hop that would have to repeat it fails.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::error::Error as StdError;
use std::fmt;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};

use crate::http::failure::RequestFailure;
use crate::pipe::{Pipe, take_bytes};
use crate::signal::Signal;

type BoxError = Box<dyn StdError + Send + Sync>;

/// Any body that can be sent once.
pub(crate) type SentOnce = Pin<Box<dyn Body<Data = Bytes, Error = BoxError>>>;

/// The place of a body that can be sent once: whoever sends it takes it.
pub(crate) struct Upload {
    body: Cell<Option<SentOnce>>,
    length: Option<u64>,
    is_taken: Cell<bool>,
}

impl Upload {
    /// A body, and its length, where that is known.
    pub(crate) fn new(body: SentOnce, length: Option<u64>) -> Rc<Self> {
        Rc::new(Self {
            body: Cell::new(Some(body)),
            length,
            is_taken: Cell::new(false),
        })
    }

    /// How many bytes it has, where that is known.
    pub(crate) fn length(&self) -> Option<u64> {
        self.length
    }

    /// Whether it was sent before.
    pub(crate) fn is_spent(&self) -> bool {
        self.is_taken.get()
    }

    /// The body, to be sent. Errors: it was sent before.
    pub(crate) fn take(&self) -> Result<SentOnce, RequestFailure> {
        self.is_taken.set(true);
        self.body.take().ok_or_else(spent)
    }
}

impl fmt::Debug for Upload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Upload")
    }
}

/// Why a hop fails that would have to repeat a body.
pub(crate) fn spent() -> RequestFailure {
    RequestFailure::new(
        1000,
        "a body that was streamed can't be sent again, which a redirect or log-in asks for \
         (hint: send it where the redirect leads, log in by a request before, or give the body as a whole)",
    )
}

/// The writing side of an upload. Dropping it before [`Writer::finish`] breaks the request off.
pub(crate) struct Writer {
    shared: Rc<Shared>,
}

/// How the two sides end: `Ok` when the writer has finished, else why the other side ended.
type Ended = Result<(), RequestFailure>;

struct Shared {
    pipe: Pipe<VecDeque<u8>, Ended>,
    /// How much is still to be written, where that was told before.
    left: Cell<Option<u64>>,
    /// What the request failed with.
    failure: RefCell<Option<RequestFailure>>,
}

/// A body that is written while it is sent, of a length that may be told before; `limit` bytes wait to be sent at most.
pub(crate) fn upload(length: Option<u64>, limit: usize) -> (Writer, Rc<Upload>) {
    let shared = Rc::new(Shared {
        pipe: Pipe::new(limit),
        left: Cell::new(length),
        failure: RefCell::default(),
    });
    let body = Written {
        shared: shared.clone(),
        left: length,
    };
    (Writer { shared }, Upload::new(Box::pin(body), length))
}

impl Writer {
    /// Writes bytes, and waits until all of them have room in the buffer. Errors: why nobody reads them any more.
    pub(crate) fn write(&self, bytes: Vec<u8>) -> impl Future<Output = Ended> + use<> {
        let shared = self.shared.clone();
        async move {
            shared.count(bytes.len())?;
            let mut rest = bytes.as_slice();
            while !rest.is_empty() {
                poll_fn(|context| shared.pipe.poll_writable(context)).await;
                shared.check_open()?;
                let (now, later) = rest.split_at(shared.pipe.room().min(rest.len()));
                shared.pipe.change(|queue| queue.extend(now));
                rest = later;
            }
            Ok(())
        }
    }

    /// The body is whole. Errors: why nobody reads it any more; it is shorter than was told.
    pub(crate) fn finish(&self) -> Ended {
        if self.shared.left.get() == Some(0) {
            // It was whole before: whoever sends it may be done already.
            self.shared.pipe.end(Ok(()));
            return self.shared.failure.borrow().clone().map_or(Ok(()), Err);
        }
        self.shared.check_open()?;
        if let Some(left @ 1..) = self.shared.left.get() {
            let failure = RequestFailure::new(
                1000,
                format!("the body is {left} bytes shorter than was told before"),
            );
            self.shared.pipe.end(Err(failure.clone()));
            return Err(failure);
        }
        self.shared.pipe.end(Ok(()));
        Ok(())
    }

    /// Something to wait for: set when there is room, or nobody reads any more.
    pub(crate) fn writable(&self) -> Rc<Signal> {
        self.shared.pipe.writable()
    }

    /// Tells the writer what the request failed with, whether or not its body was read.
    pub(crate) fn ending(&self) -> impl FnOnce(&RequestFailure) + use<> {
        let shared = self.shared.clone();
        move |failure| {
            shared.failure.replace(Some(failure.clone()));
            shared.pipe.end(Err(failure.clone()));
        }
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        let words = "the body was dropped before it was finished";
        self.shared.pipe.end(Err(RequestFailure::new(1000, words)));
    }
}

impl Shared {
    fn count(&self, bytes: usize) -> Ended {
        self.check_open()?;
        let Some(left) = self.left.get() else {
            return Ok(());
        };
        let words =
            || format!("the body is longer than was told before: only {left} bytes are left");
        let rest = left.checked_sub(bytes as u64);
        self.left.set(Some(
            rest.ok_or_else(|| RequestFailure::new(1000, words()))?,
        ));
        Ok(())
    }

    fn check_open(&self) -> Ended {
        match self.pipe.ended() {
            None => Ok(()),
            Some(Err(failure)) => Err(self.failure.borrow().clone().unwrap_or(failure)),
            Some(Ok(())) => Err(RequestFailure::new(1000, "the body was finished before")),
        }
    }
}

fn unread() -> RequestFailure {
    RequestFailure::new(
        1201,
        "nobody reads the body any more: the response came before it was whole, or was dropped",
    )
}

/// The reading side of an upload: what HTTP sends.
struct Written {
    shared: Rc<Shared>,
    left: Option<u64>,
}

/// What is sent at once.
const PIECE: usize = 64 << 10;

impl Body for Written {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let pipe = &self.shared.pipe;
        ready!(pipe.poll_readable(context));
        let bytes = pipe.change(|queue| take_bytes(queue, PIECE));
        if bytes.is_empty() {
            return Poll::Ready(match pipe.ended() {
                Some(Err(failure)) => Some(Err(Box::new(BrokenOff(failure)))),
                _ => None,
            });
        }
        if let Some(left) = &mut self.left {
            *left = left.saturating_sub(bytes.len() as u64);
        }
        Poll::Ready(Some(Ok(Frame::data(bytes.into()))))
    }

    fn is_end_stream(&self) -> bool {
        self.left == Some(0)
            || (self.shared.pipe.is_empty() && matches!(self.shared.pipe.ended(), Some(Ok(()))))
    }

    fn size_hint(&self) -> SizeHint {
        self.left
            .map_or_else(SizeHint::default, SizeHint::with_exact)
    }
}

impl Drop for Written {
    fn drop(&mut self) {
        self.shared.pipe.end(Err(unread()));
    }
}

/// Why a request fails whose body is not as long as was told before.
pub(crate) fn wrong_length(how: &str) -> RequestFailure {
    RequestFailure::new(1000, format!("the body is {how} than its content-length"))
}

/// Why a request fails whose body broke off.
pub(crate) fn broken_off(error: &(dyn StdError + Send + Sync + 'static)) -> RequestFailure {
    match error.downcast_ref::<BrokenOff>() {
        Some(BrokenOff(failure)) => failure.clone(),
        None => RequestFailure::new(1000, format!("the body broke off: {error}")),
    }
}

/// A body that its writer broke off.
#[derive(Debug)]
pub(crate) struct BrokenOff(pub(crate) RequestFailure);

impl fmt::Display for BrokenOff {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.message)
    }
}

impl StdError for BrokenOff {}
