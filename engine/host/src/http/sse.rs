//! Defines event sources (server-sent events): a response that is parsed while it comes, on a task of its own.
//!
//! Events that nobody has taken yet wait in a queue with a limit. While it is full nothing is read from the connection.

mod parser;

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::future::{Future, poll_fn};
use std::rc::Rc;
use std::task::Poll;
use std::time::{Duration, Instant};

use brunt_metrics::{TagSet, builtin};
use http::header::{ACCEPT, CACHE_CONTROL, CONTENT_TYPE};
use http::{HeaderMap, HeaderName, StatusCode};
use send_wrapper::SendWrapper;
use tokio::task::AbortHandle;

use crate::http::client::Client;
use crate::http::failure::RequestFailure;
use crate::http::message::{Request, Response};
use crate::http::samples::milliseconds;
use crate::http::sse::parser::{Parser, Told, TooLarge};
use crate::http::stream::{BodyStream, Reader, StreamPolicy};
use crate::pipe::{Pipe, Queue};
use crate::signal::Signal;
use crate::tags::TagScope;

pub(crate) use parser::Event;

/// How long to wait before connecting again, unless the server says otherwise.
pub(crate) const DEFAULT_RETRY: Duration = Duration::from_secs(3);

type Ended = Result<(), RequestFailure>;

/// A stream of events, and what is needed to open it again.
pub(crate) struct EventSource {
    request: Request,
    shared: Rc<Shared>,
    body: BodyStream,
    task: AbortHandle,
}

/// What the task and the guest share.
struct Shared {
    pipe: Pipe<Events, Ended>,
    /// The id of the last event that was taken.
    last_id: RefCell<String>,
    retry: Cell<Duration>,
}

#[derive(Default)]
struct Events {
    waiting: VecDeque<Event>,
    bytes: usize,
}

impl Queue for Events {
    fn held(&self) -> usize {
        self.bytes
    }
}

/// The request that opens an event source: with the headers that ask for events, and a body that is streamed.
pub(crate) fn opening(request: &Request, last_id: &str) -> Request {
    let mut request = request.clone();
    for (name, value) in [(ACCEPT, EVENT_STREAM), (CACHE_CONTROL, "no-store")] {
        if !request.has_header(&name) {
            request.set_header(name.to_string(), value.to_owned());
        }
    }
    if !last_id.is_empty() {
        request.set_header(LAST_EVENT_ID.to_string(), last_id.to_owned());
    }
    request.rare().streaming = Some(StreamPolicy {
        unpacks: true,
        endless: true,
        gap: None,
    });
    request
}

const EVENT_STREAM: &str = "text/event-stream";
const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");

impl EventSource {
    /// Reads events from a response to [`opening`]. Errors: it is no stream of events.
    pub(crate) fn begin(
        client: &Rc<Client>,
        base: &Rc<TagScope>,
        request: Request,
        mut response: Response,
        before: Option<&Self>,
    ) -> Result<Self, RequestFailure> {
        check(response.head.status, response.head.headers.map())?;
        let body = response
            .stream
            .take()
            .and_then(|streamed| streamed.take().body);
        let body = body.ok_or_else(|| RequestFailure::new(1000, "the response has no body"))?;
        let limits = &client.worker.run.settings.limits;
        let last_id = before.map(Self::last_id).unwrap_or_default();
        let shared = Rc::new(Shared {
            pipe: Pipe::new(limits.stream_buffer),
            last_id: RefCell::new(last_id.clone()),
            retry: Cell::new(before.map_or(DEFAULT_RETRY, Self::retry)),
        });
        let counter = Counter {
            scope: scope(client, base, &request, &response.url),
            client: client.clone(),
        };
        let parser = Parser::new(limits.sse_event, last_id);
        let (ours, reader) = (shared.clone(), body.reader());
        let task = tokio::spawn(SendWrapper::new(async move {
            let end = ours.follow(&reader, parser, counter).await;
            reader.cancel();
            ours.pipe.end(end);
        }));
        Ok(Self {
            request,
            shared,
            body,
            task: task.abort_handle(),
        })
    }

    /// The next event, as soon as there is one; none at the end of the stream. Events that came before a failure are first.
    pub(crate) fn next(
        &self,
    ) -> impl Future<Output = Result<Option<Event>, RequestFailure>> + use<> {
        let shared = self.shared.clone();
        poll_fn(move |context| {
            if shared.pipe.poll_readable(context).is_pending() {
                return Poll::Pending;
            }
            let event = shared.pipe.change(Events::take);
            if let Some(event) = &event {
                shared.last_id.borrow_mut().clone_from(&event.id);
            }
            Poll::Ready(match (event, shared.pipe.ended()) {
                (None, Some(end)) => end.map(|()| None),
                (event, _) => Ok(event),
            })
        })
    }

    /// Something to wait for: set when there is an event, or the end.
    pub(crate) fn readable(&self) -> Rc<Signal> {
        self.shared.pipe.readable()
    }

    /// The id of the last event that was taken; empty when none had any.
    pub(crate) fn last_id(&self) -> String {
        self.shared.last_id.borrow().clone()
    }

    /// How long to wait before connecting again.
    pub(crate) fn retry(&self) -> Duration {
        self.shared.retry.get()
    }

    /// The request that it was opened with.
    pub(crate) fn request(&self) -> &Request {
        &self.request
    }

    /// Ends the stream, without events that were not taken.
    pub(crate) fn close(&self) {
        self.task.abort();
        self.body.cancel();
    }
}

impl Drop for EventSource {
    fn drop(&mut self) {
        self.close();
    }
}

impl Events {
    fn put(&mut self, event: Event) {
        self.bytes += event.size();
        self.waiting.push_back(event);
    }

    fn take(&mut self) -> Option<Event> {
        let event = self.waiting.pop_front()?;
        self.bytes -= event.size();
        Some(event)
    }
}

impl Shared {
    async fn follow(&self, body: &Reader, mut parser: Parser, counter: Counter) -> Ended {
        let mut told = Vec::new();
        let mut before = Instant::now();
        while let Some(bytes) = body.read(READ).await? {
            let parsed = parser.push(&bytes, &mut told);
            let now = Instant::now();
            for one in told.drain(..) {
                match one {
                    Told::Retry(retry) => self.retry.set(retry),
                    Told::Id(id) if self.pipe.is_empty() => drop(self.last_id.replace(id)),
                    Told::Id(_) => {}
                    Told::Event(event) => {
                        counter.count(now, now.saturating_duration_since(before));
                        before = now;
                        self.put(event).await;
                    }
                }
            }
            parsed.map_err(|TooLarge| counter.too_large())?;
        }
        Ok(())
    }

    async fn put(&self, event: Event) {
        poll_fn(|context| self.pipe.poll_writable(context)).await;
        self.pipe.change(|events| events.put(event));
    }
}

/// What is read of the body at once.
const READ: usize = 16 << 10;

/// Records the events of one source.
struct Counter {
    client: Rc<Client>,
    scope: Rc<TagScope>,
}

impl Counter {
    /// Records an event that came now, so long after the one before, or after the head.
    fn count(&self, now: Instant, after: Duration) {
        let worker = &self.client.worker;
        let time = worker.run.unix_ns(now);
        let mut recorder = worker.recorder();
        let scope = &self.scope;
        scope.record(&mut recorder, builtin::SSE_EVENTS, 1.0, time);
        let after = milliseconds(after);
        scope.record(&mut recorder, builtin::SSE_EVENT_INTERVAL, after, time);
    }

    fn too_large(&self) -> RequestFailure {
        let limit = self.client.worker.run.settings.limits.sse_event;
        let message = format!("limit sseEvent reached: an event has more than {limit} bytes");
        RequestFailure::new(1000, message)
    }
}

/// The tags of events: those of the VU and of the request, and where they come from.
fn scope(client: &Client, base: &Rc<TagScope>, request: &Request, url: &str) -> Rc<TagScope> {
    let base = client.tagged(request, base);
    let system = &client.worker.run.settings.system_tags;
    let name = request.name().unwrap_or(url);
    let pairs = [("url", name), ("name", name)].into_iter();
    let own = TagSet::from_pairs(pairs.filter(|(key, _)| system.has(key)));
    client.worker.derived(&base, &base.tags.merged(&own))
}

/// Whether a response is a stream of events.
fn check(status: StatusCode, headers: &HeaderMap) -> Result<(), RequestFailure> {
    let refused = |why: String| {
        let message = format!("the response is no stream of events: {why}");
        Err(RequestFailure::new(1000, message))
    };
    if status != StatusCode::OK {
        return refused(format!("its status is {}", status.as_u16()));
    }
    let content_type = headers.get(CONTENT_TYPE);
    let content_type = content_type
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    let essence = content_type.split(';').next().unwrap_or_default().trim();
    match essence.eq_ignore_ascii_case(EVENT_STREAM) {
        true => Ok(()),
        false => refused(format!(
            "its content-type is {content_type:?}, not {EVENT_STREAM}"
        )),
    }
}
