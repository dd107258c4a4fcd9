//! Defines the host's side of `brunt:http`: requests, and requests under way.

mod batch;
mod cookies;
mod pending;
mod response;
mod sse;
mod stream;
mod upload;

use std::time::{Duration, Instant};

use bytes::Bytes;
use send_wrapper::SendWrapper;
use wasmtime::component::Resource;

use crate::bindings::brunt::http::client::{self, Answer, RequestError};
use crate::http::{
    Credentials, FORM, Login, OwnCookie, Part, Request, RequestFailure, Response, Scheme,
    StreamPolicy, urlencoded,
};
use crate::interfaces::data::File;
use crate::state::{Phase, VuState};

#[expect(unreachable_pub, reason = "the generated bindings re-export it")]
pub use cookies::CookieJar;
#[expect(unreachable_pub, reason = "the generated bindings re-export it")]
pub use pending::Pending;
#[expect(unreachable_pub, reason = "the generated bindings re-export it")]
pub use sse::Source;
#[expect(unreachable_pub, reason = "the generated bindings re-export it")]
pub use stream::Stream;
#[expect(unreachable_pub, reason = "the generated bindings re-export it")]
pub use upload::BodyWriter;

type Sent = wasmtime::Result<Result<Resource<Response>, RequestError>>;
type Fetched = wasmtime::Result<Result<Answer, RequestError>>;

impl VuState {
    async fn send_request(&mut self, request: Request) -> Sent {
        let fetched = self.fetch_request(request).await?;
        Ok(fetched.map(|answer| answer.response))
    }

    async fn fetch_request(&mut self, request: Request) -> Fetched {
        if self.phase == Phase::Init {
            return Ok(Err(refused_in_init()));
        }
        let sent = self.local.errands.leave(request, self.local.base.clone());
        let result = SendWrapper::new(sent).await;
        self.usage.resume(Instant::now());
        self.give(result)
    }

    fn give(&mut self, result: Result<Response, RequestFailure>) -> Fetched {
        match result {
            Ok(response) => Ok(Ok(Answer {
                status: response.head.status.as_u16(),
                body_size: response.body_size,
                response: self.table.push(response)?,
            })),
            Err(failure) => Ok(Err(failure.into())),
        }
    }

    fn set_login(
        &mut self,
        request: &Resource<Request>,
        scheme: Scheme,
        user: String,
        password: String,
    ) -> wasmtime::Result<()> {
        let credentials = Credentials { user, password };
        self.table.get_mut(request)?.rare().login = Some(Login {
            scheme,
            credentials,
        });
        Ok(())
    }
}

impl From<RequestFailure> for RequestError {
    fn from(failure: RequestFailure) -> Self {
        Self {
            code: failure.code.into(),
            message: failure.message,
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

    async fn fetch(&mut self, url: String) -> Fetched {
        let request = Request::new("GET".into(), url);
        self.fetch_request(request).await
    }

    async fn exchange(
        &mut self,
        method: String,
        url: String,
        headers: Vec<(String, String)>,
        body: Option<Vec<u8>>,
    ) -> Fetched {
        let mut request = Request::new(method, url);
        for (name, value) in headers {
            request.set_header(name, value);
        }
        if let Some(body) = body {
            request.set_body(Bytes::from(body), None);
        }
        self.fetch_request(request).await
    }

    fn batch(
        &mut self,
        requests: Vec<Resource<Request>>,
    ) -> wasmtime::Result<Vec<Resource<Pending>>> {
        self.refuse_in_init("http.batch")?;
        let mut all = Vec::with_capacity(requests.len());
        for request in &requests {
            all.push(self.table.get(request)?.clone());
        }
        self.start_batch(all)
    }

    fn set_default_expected_statuses(
        &mut self,
        ranges: Option<Vec<(u16, u16)>>,
    ) -> wasmtime::Result<()> {
        *self.local.http.expected.borrow_mut() = ranges.map(Into::into);
        Ok(())
    }

    fn throws(&mut self) -> wasmtime::Result<bool> {
        Ok(self.run.settings.http.throw)
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
        let request = self.table.get_mut(&request)?;
        request.set_body(Bytes::from(body), None);
        Ok(())
    }

    fn set_content(
        &mut self,
        request: Resource<Request>,
        content_type: String,
        body: Vec<u8>,
    ) -> wasmtime::Result<()> {
        let request = self.table.get_mut(&request)?;
        request.set_body(Bytes::from(body), Some(content_type.into()));
        Ok(())
    }

    fn set_body_file(
        &mut self,
        request: Resource<Request>,
        file: Resource<File>,
    ) -> wasmtime::Result<()> {
        let content = self.table.get(&file)?.content();
        self.table.get_mut(&request)?.set_body(content, None);
        Ok(())
    }

    fn set_form(
        &mut self,
        request: Resource<Request>,
        fields: Vec<(String, String)>,
    ) -> wasmtime::Result<()> {
        let request = self.table.get_mut(&request)?;
        request.set_body(urlencoded(&fields), Some(FORM.into()));
        Ok(())
    }

    fn add_part(
        &mut self,
        request: Resource<Request>,
        name: String,
        filename: Option<String>,
        content_type: Option<String>,
        content: Vec<u8>,
    ) -> wasmtime::Result<()> {
        self.table.get_mut(&request)?.add_part(Part {
            name,
            filename,
            content_type,
            content: content.into(),
        });
        Ok(())
    }

    fn set_compression(
        &mut self,
        request: Resource<Request>,
        encodings: Vec<String>,
    ) -> wasmtime::Result<()> {
        self.table.get_mut(&request)?.rare().compression = encodings;
        Ok(())
    }

    fn set_basic_auth(
        &mut self,
        request: Resource<Request>,
        user: String,
        password: String,
    ) -> wasmtime::Result<()> {
        self.set_login(&request, Scheme::Basic, user, password)
    }

    fn set_digest_auth(
        &mut self,
        request: Resource<Request>,
        user: String,
        password: String,
    ) -> wasmtime::Result<()> {
        self.set_login(&request, Scheme::Digest, user, password)
    }

    fn set_ntlm_auth(
        &mut self,
        request: Resource<Request>,
        user: String,
        password: String,
    ) -> wasmtime::Result<()> {
        self.set_login(&request, Scheme::Ntlm, user, password)
    }

    fn set_auth_scheme(
        &mut self,
        request: Resource<Request>,
        scheme: String,
    ) -> wasmtime::Result<()> {
        self.table.get_mut(&request)?.rare().auth_scheme = Some(scheme);
        Ok(())
    }

    fn set_cookie(
        &mut self,
        request: Resource<Request>,
        name: String,
        value: String,
        replaces: bool,
    ) -> wasmtime::Result<()> {
        let cookies = &mut self.table.get_mut(&request)?.rare().cookies;
        cookies.retain(|known| known.name != name);
        cookies.push(OwnCookie {
            name,
            value,
            replaces,
        });
        Ok(())
    }

    fn set_jar(
        &mut self,
        request: Resource<Request>,
        jar: Resource<CookieJar>,
    ) -> wasmtime::Result<()> {
        let jar = self.table.get(&jar)?.shared();
        self.table.get_mut(&request)?.rare().jar = Some(jar);
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

    fn set_http_version(
        &mut self,
        request: Resource<Request>,
        version: String,
    ) -> wasmtime::Result<()> {
        self.table.get_mut(&request)?.rare().http_version = Some(version);
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

    fn set_stream_body(
        &mut self,
        request: Resource<Request>,
        streams: bool,
    ) -> wasmtime::Result<()> {
        let policy = streams.then_some(StreamPolicy {
            unpacks: true,
            endless: false,
            gap: None,
        });
        self.table.get_mut(&request)?.rare().streaming = policy;
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

    async fn fetch(&mut self, request: Resource<Request>) -> Fetched {
        let request = self.table.get(&request)?.clone();
        self.fetch_request(request).await
    }

    fn start(&mut self, request: Resource<Request>) -> wasmtime::Result<Resource<Pending>> {
        self.refuse_in_init("request.start")?;
        let request = self.table.get(&request)?.clone();
        let (http, base) = (self.local.http.clone(), self.local.base.clone());
        self.start_sending(async move { http.send(&request, &base).await })
    }

    fn start_upload(
        &mut self,
        request: Resource<Request>,
        length: Option<u64>,
    ) -> wasmtime::Result<(Resource<BodyWriter>, Resource<Pending>)> {
        self.begin_upload(&request, length)
    }

    fn drop(&mut self, request: Resource<Request>) -> wasmtime::Result<()> {
        self.table.delete(request)?;
        Ok(())
    }
}
