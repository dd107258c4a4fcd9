//! Defines what a VU asks of the task that drives one of its connections.

use std::cell::{Cell, RefCell};
use std::future::poll_fn;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use rustls::ClientConfig;

use crate::http::RequestFailure;
use crate::signal::Signal;

type Result<T> = std::result::Result<T, RequestFailure>;

/// What is asked of the task.
#[derive(Default)]
pub(super) struct Wishes {
    /// The writing side is to end.
    pub(super) finishes: Cell<bool>,
    /// All is to end.
    pub(super) closes: Cell<bool>,
    /// TLS is to begin.
    pub(super) upgrade: RefCell<Option<Upgrade>>,
    pub(super) beat: RefCell<Option<Beat>>,
    waker: RefCell<Option<Waker>>,
    /// Whether the task knows already that there is something to do.
    is_woken: Cell<bool>,
}

/// What is written while nothing else is.
#[derive(Clone)]
pub(super) struct Beat {
    pub(super) interval: Duration,
    pub(super) bytes: Rc<[u8]>,
}

/// A TLS handshake that is to be made.
pub(super) struct Upgrade {
    pub(super) config: Arc<ClientConfig>,
    pub(super) name: String,
    pub(super) timeout: Duration,
    pub(super) done: Rc<Upgraded>,
}

/// What became of it.
#[derive(Default)]
pub(super) struct Upgraded {
    pub(super) result: Cell<Option<Result<()>>>,
    pub(super) signal: Signal,
}

impl Wishes {
    /// Makes the task look at what there is to do, when the VU next waits.
    pub(super) fn wake(&self) {
        if !self.is_woken.replace(true)
            && let Some(waker) = &*self.waker.borrow()
        {
            waker.wake_by_ref();
        }
    }

    /// The task looks.
    pub(super) fn attend(&self, context: &Context<'_>) {
        self.is_woken.set(false);
        let mut waker = self.waker.borrow_mut();
        if !waker
            .as_ref()
            .is_some_and(|waker| waker.will_wake(context.waker()))
        {
            *waker = Some(context.waker().clone());
        }
    }

    /// Waits until all is to end.
    pub(super) async fn closed(&self) {
        poll_fn(|context| {
            self.attend(context);
            match self.closes.get() {
                true => Poll::Ready(()),
                false => Poll::Pending,
            }
        })
        .await;
    }
}

impl Upgraded {
    pub(super) fn end(&self, result: Result<()>) {
        self.result.set(Some(result));
        self.signal.set();
    }
}
