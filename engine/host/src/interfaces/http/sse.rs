//! Defines the host's side of event sources.

use std::time::{Duration, Instant};

use send_wrapper::SendWrapper;
use wasmtime::component::Resource;

use crate::bindings::brunt::http::client::RequestError;
use crate::bindings::brunt::http::sse;
use crate::http::sse::{Event, EventSource, opening};
use crate::http::{Request, RequestFailure};
use crate::interfaces::http::refused_in_init;
use crate::interfaces::time::{FOREVER, Waitable};
use crate::state::{Phase, VuState};

/// A stream of server-sent events.
#[expect(unreachable_pub, reason = "the generated bindings re-export it")]
pub struct Source(SendWrapper<EventSource>);

impl VuState {
    /// Opens a source, or the one before it again.
    async fn open_source(
        &mut self,
        request: Request,
        before: Option<&Resource<Source>>,
    ) -> wasmtime::Result<Result<Source, RequestFailure>> {
        let last_id = match before {
            Some(source) => self.table.get(source)?.0.last_id(),
            None => String::new(),
        };
        let base = SendWrapper::new(self.local.base.clone());
        let sent = opening(&request, &last_id);
        let sent = self.local.errands.leave(sent, (*base).clone());
        let response = SendWrapper::new(sent).await;
        self.usage.resume(Instant::now());
        let before = match before {
            Some(source) => Some(&*self.table.get(source)?.0),
            None => None,
        };
        let http = &self.local.http;
        let source = response
            .and_then(|response| EventSource::begin(http, &base, request, response, before));
        Ok(source.map(|source| Source(SendWrapper::new(source))))
    }
}

impl sse::Host for VuState {}

impl sse::HostEventSource for VuState {
    async fn open(
        &mut self,
        request: Resource<Request>,
    ) -> wasmtime::Result<Result<Resource<Source>, RequestError>> {
        if self.phase == Phase::Init {
            return Ok(Err(refused_in_init()));
        }
        let request = self.table.get(&request)?.clone();
        match self.open_source(request, None).await? {
            Ok(source) => Ok(Ok(self.table.push(source)?)),
            Err(failure) => Ok(Err(failure.into())),
        }
    }

    async fn next(
        &mut self,
        source: Resource<Source>,
    ) -> wasmtime::Result<Result<Option<sse::Event>, RequestError>> {
        let next = SendWrapper::new(self.table.get(&source)?.0.next());
        let result = next.await;
        self.usage.resume(Instant::now());
        Ok(result
            .map(|event| event.map(sse::Event::from))
            .map_err(RequestError::from))
    }

    fn ready(&mut self, source: Resource<Source>) -> wasmtime::Result<Resource<Waitable>> {
        let signal = self.table.get(&source)?.0.readable();
        Ok(self.table.push(Waitable::On(SendWrapper::new(signal)))?)
    }

    fn last_event_id(&mut self, source: Resource<Source>) -> wasmtime::Result<String> {
        Ok(self.table.get(&source)?.0.last_id())
    }

    fn retry_after(&mut self, source: Resource<Source>) -> wasmtime::Result<u64> {
        Ok(nanoseconds(self.table.get(&source)?.0.retry()))
    }

    async fn reconnect(
        &mut self,
        source: Resource<Source>,
        after: Option<u64>,
    ) -> wasmtime::Result<Result<(), RequestError>> {
        let old = &self.table.get(&source)?.0;
        old.close();
        let pause = after.map_or(old.retry(), Duration::from_nanos);
        let request = old.request().clone();
        tokio::time::sleep(pause.min(FOREVER)).await;
        self.usage.resume(Instant::now());
        match self.open_source(request, Some(&source)).await? {
            Ok(opened) => {
                *self.table.get_mut(&source)? = opened;
                Ok(Ok(()))
            }
            Err(failure) => Ok(Err(failure.into())),
        }
    }

    fn drop(&mut self, source: Resource<Source>) -> wasmtime::Result<()> {
        self.table.delete(source)?;
        Ok(())
    }
}

impl From<Event> for sse::Event {
    fn from(event: Event) -> Self {
        Self {
            id: event.id,
            event: event.kind,
            data: event.data,
            retry: event.retry.map(nanoseconds),
        }
    }
}

fn nanoseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}
