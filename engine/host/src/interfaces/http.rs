//! Defines the host's side of `brunt:http`: requests, responses, and requests under way.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::HeaderName;
use send_wrapper::SendWrapper;
use tokio::task::AbortHandle;
use wasmtime::component::Resource;

use crate::bindings::brunt::http::client::{self, RequestError};
use crate::http::{Request, RequestFailure, Response, protocol};
use crate::interfaces::time::{Signal, Waitable};
use crate::state::{Misuse, Phase, VuState};

/// A request under way. Dropping it aborts the request.
#[expect(unreachable_pub, reason = "the generated bindings re-export it")]
pub struct Pending {
    shared: SendWrapper<Rc<Shared>>,
    task: AbortHandle,
}

/// What the request under way and its owner share.
#[derive(Default)]
struct Shared {
    result: RefCell<Option<Result<Response, RequestFailure>>>,
    done: Rc<Signal>,
}

impl Drop for Pending {
    fn drop(&mut self) {
        self.task.abort();
    }
}

type Sent = wasmtime::Result<Result<Resource<Response>, RequestError>>;

impl VuState {
    async fn send_request(&mut self, request: Request) -> Sent {
        if self.phase == Phase::Init {
            return Ok(Err(refused_in_init()));
        }
        let sent = self.local.errands.leave(request, self.local.base.clone());
        let result = SendWrapper::new(sent).await;
        self.usage.resume(Instant::now());
        self.give(result)
    }

    fn give(&mut self, result: Result<Response, RequestFailure>) -> Sent {
        match result {
            Ok(response) => Ok(Ok(self.table.push(response)?)),
            Err(failure) => Ok(Err(RequestError {
                code: failure.code.into(),
                message: failure.message,
            })),
        }
    }
}

fn refused_in_init() -> RequestError {
    RequestError {
        code: 1000,
        message: "requests are not allowed in init".into(),
    }
}

impl client::Host for VuState {
    async fn get(&mut self, url: String) -> Sent {
        let request = Request::new("GET".into(), url);
        self.send_request(request).await
    }
}

impl client::HostRequest for VuState {
    fn new(&mut self, method: String, url: String) -> wasmtime::Result<Resource<Request>> {
        Ok(self.table.push(Request::new(method, url))?)
    }

    fn set_header(
        &mut self,
        request: Resource<Request>,
        name: String,
        value: String,
    ) -> wasmtime::Result<()> {
        self.table.get_mut(&request)?.set_header(name, value);
        Ok(())
    }

    fn add_header(
        &mut self,
        request: Resource<Request>,
        name: String,
        value: String,
    ) -> wasmtime::Result<()> {
        self.table.get_mut(&request)?.headers.push((name, value));
        Ok(())
    }

    fn set_body(&mut self, request: Resource<Request>, body: Vec<u8>) -> wasmtime::Result<()> {
        self.table.get_mut(&request)?.body = Bytes::from(body);
        Ok(())
    }

    fn set_tag(
        &mut self,
        request: Resource<Request>,
        name: String,
        value: String,
    ) -> wasmtime::Result<()> {
        let tags = &mut self.table.get_mut(&request)?.tags;
        tags.retain(|(known, _)| *known != name);
        tags.push((name, value));
        Ok(())
    }

    fn set_timeout(&mut self, request: Resource<Request>, timeout: u64) -> wasmtime::Result<()> {
        self.table.get_mut(&request)?.timeout = Duration::from_nanos(timeout);
        Ok(())
    }

    fn set_redirects(&mut self, request: Resource<Request>, most: u32) -> wasmtime::Result<()> {
        self.table.get_mut(&request)?.redirects = Some(most);
        Ok(())
    }

    fn set_discard_body(
        &mut self,
        request: Resource<Request>,
        discard: bool,
    ) -> wasmtime::Result<()> {
        self.table.get_mut(&request)?.discard_body = Some(discard);
        Ok(())
    }

    fn set_expected_statuses(
        &mut self,
        request: Resource<Request>,
        ranges: Vec<(u16, u16)>,
    ) -> wasmtime::Result<()> {
        self.table.get_mut(&request)?.expected = Some(ranges);
        Ok(())
    }

    async fn send(&mut self, request: Resource<Request>) -> Sent {
        let request = self.table.get(&request)?.clone();
        self.send_request(request).await
    }

    fn start(&mut self, request: Resource<Request>) -> wasmtime::Result<Resource<Pending>> {
        self.refuse_in_init("request.start")?;
        let request = self.table.get(&request)?.clone();
        let (http, base) = (self.local.http.clone(), self.local.base.clone());
        let shared = Rc::new(Shared::default());
        let ours = shared.clone();
        let task = tokio::spawn(SendWrapper::new(async move {
            let result = http.send(&request, &base).await;
            *ours.result.borrow_mut() = Some(result);
            ours.done.set();
        }));
        let pending = Pending {
            shared: SendWrapper::new(shared),
            task: task.abort_handle(),
        };
        Ok(self.table.push(pending)?)
    }

    fn drop(&mut self, request: Resource<Request>) -> wasmtime::Result<()> {
        self.table.delete(request)?;
        Ok(())
    }
}

impl client::HostPendingResponse for VuState {
    fn done(&mut self, pending: Resource<Pending>) -> wasmtime::Result<Resource<Waitable>> {
        let signal = self.table.get(&pending)?.shared.done.clone();
        Ok(self.table.push(Waitable::On(SendWrapper::new(signal)))?)
    }

    async fn take(&mut self, pending: Resource<Pending>) -> Sent {
        let shared = SendWrapper::new((*self.table.get(&pending)?.shared).clone());
        SendWrapper::new(std::future::poll_fn(|context| shared.done.poll(context))).await;
        self.usage.resume(Instant::now());
        let result = shared.result.borrow_mut().take();
        match result {
            Some(result) => self.give(result),
            None => Err(Misuse("the response of this request was taken before".into()).into()),
        }
    }

    fn drop(&mut self, pending: Resource<Pending>) -> wasmtime::Result<()> {
        self.table.delete(pending)?;
        Ok(())
    }
}

impl client::HostResponse for VuState {
    fn status(&mut self, response: Resource<Response>) -> wasmtime::Result<u16> {
        Ok(self.table.get(&response)?.status.as_u16())
    }

    fn header(
        &mut self,
        response: Resource<Response>,
        name: String,
    ) -> wasmtime::Result<Option<String>> {
        let headers = &self.table.get(&response)?.headers;
        let Ok(name) = HeaderName::from_bytes(name.as_bytes()) else {
            return Ok(None);
        };
        let values: Vec<_> = headers
            .get_all(name)
            .iter()
            .map(|value| String::from_utf8_lossy(value.as_bytes()))
            .collect();
        Ok((!values.is_empty()).then(|| values.join(", ")))
    }

    fn headers(&mut self, response: Resource<Response>) -> wasmtime::Result<Vec<(String, String)>> {
        let headers = self.table.get(&response)?.headers.iter();
        let text =
            |value: &http::HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
        Ok(headers
            .map(|(name, value)| (name.to_string(), text(value)))
            .collect())
    }

    fn body(&mut self, response: Resource<Response>) -> wasmtime::Result<Vec<u8>> {
        Ok(self.table.get(&response)?.body.to_vec())
    }

    fn body_size(&mut self, response: Resource<Response>) -> wasmtime::Result<u64> {
        Ok(self.table.get(&response)?.body_size)
    }

    fn url(&mut self, response: Resource<Response>) -> wasmtime::Result<String> {
        Ok(self.table.get(&response)?.url.to_string())
    }

    fn protocol(&mut self, response: Resource<Response>) -> wasmtime::Result<String> {
        Ok(protocol(Some(self.table.get(&response)?.version)).to_owned())
    }

    fn remote(&mut self, response: Resource<Response>) -> wasmtime::Result<(String, u16)> {
        let remote = self.table.get(&response)?.remote;
        Ok((remote.ip().to_string(), remote.port()))
    }

    fn timings(&mut self, response: Resource<Response>) -> wasmtime::Result<client::Timings> {
        let timings = self.table.get(&response)?.timings;
        let ns = |duration: Duration| duration.as_nanos() as u64;
        Ok(client::Timings {
            blocked: ns(timings.blocked),
            looking_up: ns(timings.looking_up),
            connecting: ns(timings.connecting),
            tls_handshaking: ns(timings.tls_handshaking),
            sending: ns(timings.sending),
            waiting: ns(timings.waiting),
            receiving: ns(timings.receiving),
        })
    }

    fn drop(&mut self, response: Resource<Response>) -> wasmtime::Result<()> {
        self.table.delete(response)?;
        Ok(())
    }
}
