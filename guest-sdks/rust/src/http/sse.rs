//! Defines event sources: streams of server-sent events.

use std::cell::OnceCell;
use std::time::Duration;

use crate::bindings::brunt::http::sse as wit;
use crate::bindings::brunt::time::waiting::Waitable;
use crate::http::{Error, Request, Result};
use crate::time::{Pause, Wait, nanoseconds};

/// An event that a server sent.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Event {
    /// The last event id: that of this event or, where it has none, of the one before.
    pub id: String,
    /// Its type; `message` where it has none.
    pub event: String,
    /// Its data, with a line feed between lines.
    pub data: String,
    /// How long to wait before connecting again, where this event says so.
    pub retry: Option<Duration>,
}

/// A stream of server-sent events. Dropping it closes it.
///
/// Events come while the VU does something else too, and wait for it as far as the limit `streamBuffer`. It can be
/// [waited for](crate::time::wait_any): it is ready when [`EventSource::next`] would not suspend.
///
/// ```no_run
/// # use brunt_sdk::prelude::*;
/// # fn f() -> Result<()> {
/// let request = Request::get("http://127.0.0.1:8080/sse?count=10").name("news");
/// let mut events = sse::EventSource::open(&request)?;
/// while let Some(event) = events.next()? {
///     log::info!("{}: {}", event.event, event.data);
/// }
/// events.reconnect()?;
/// # Ok(()) }
/// ```
#[derive(Debug)]
pub struct EventSource {
    inner: wit::EventSource,
    ready: OnceCell<Waitable>,
    throw: Option<bool>,
}

impl EventSource {
    /// Sends the request and suspends this VU until the head of the response is there. The request's timeout ends with
    /// the head.
    ///
    /// Errors: those of a request; code 1000 when the response is no stream of events.
    pub fn open(request: &Request) -> Result<Self> {
        let throw = request.throws();
        let inner = wit::EventSource::open(request.inner()?).map_err(|it| error(it, throw))?;
        Ok(Self {
            inner,
            ready: OnceCell::new(),
            throw,
        })
    }

    /// The next event; none when the server has ended the stream. Suspends this VU until then.
    ///
    /// Errors: the stream breaks off; an event is larger than the limit `sseEvent`.
    #[expect(
        clippy::should_implement_trait,
        reason = "it can fail, and go on after the end"
    )]
    pub fn next(&mut self) -> Result<Option<Event>> {
        self.ready.take();
        let event = self.inner.next();
        let event = event.map_err(|it| error(it, self.throw))?;
        Ok(event.map(|event| Event {
            id: event.id,
            event: event.event,
            data: event.data,
            retry: event.retry.map(Duration::from_nanos),
        }))
    }

    /// The id of the last event that was taken; empty when none had any.
    pub fn last_event_id(&self) -> String {
        self.inner.last_event_id()
    }

    /// How long [`EventSource::reconnect`] waits: what the server last said, or 3 s.
    pub fn retry_after(&self) -> Duration {
        Duration::from_nanos(self.inner.retry_after())
    }

    /// Waits as long as the server wants, and opens the stream again after the last event that was taken. Nothing reconnects
    /// by itself. Errors: those of [`EventSource::open`].
    pub fn reconnect(&mut self) -> Result<()> {
        self.ready.take();
        let opened = self.inner.reconnect(None);
        opened.map_err(|it| error(it, self.throw))
    }

    /// The same, after a pause of its own.
    pub fn reconnect_after(&mut self, pause: impl Pause) -> Result<()> {
        self.ready.take();
        let pause = nanoseconds(pause.pause());
        let opened = self.inner.reconnect(Some(pause));
        opened.map_err(|it| error(it, self.throw))
    }
}

impl Wait for EventSource {
    fn waitable(&self) -> &Waitable {
        self.ready.get_or_init(|| self.inner.ready())
    }
}

fn error(error: wit::RequestError, throw: Option<bool>) -> Error {
    Error::new(error.code, error.message).raised(throw)
}
