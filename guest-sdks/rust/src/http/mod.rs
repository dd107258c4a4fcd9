//! Defines the HTTP client: measured by the engine, with connections and cookies kept per VU.
//!
//! ```no_run
//! # use brunt_sdk::prelude::*;
//! # fn f() -> Result<()> {
//! let res = http::get("http://127.0.0.1:8080/get")?;
//! let res = http::post("http://127.0.0.1:8080/post", json!({ "name": "lorem" }))?;
//! let res = Request::put("http://127.0.0.1:8080/put")
//!     .header("x-request-id", "7")
//!     .body("plain text")
//!     .name("put a thing")
//!     .timeout(Duration::from_secs(5))
//!     .send()?;
//! # Ok(()) }
//! ```
//!
//! Server-sent events are read from an [`sse::EventSource`].
//!
//! A large body need not be held in memory: [`Request::stream`] gives a [`Stream`], to be read while it comes,
//! and [`Request::upload`] an [`Upload`], to be written while it is sent.
//!
//! A request that brings no response is an [`Error`](Error), which `?` turns into the end of the iteration. A test
//! that goes on instead keeps the `Result`, whose [`Answer::status`] is 0 then, or looks at [`Error::code`].
//! A response of any status is a response. Where option `throw` is on, an [`Error`](Error) that nobody looks at makes the
//! iteration fail at its end.

mod body;
mod cookies;
pub(crate) mod overlooked;
mod pointer;
mod request;
mod response;
mod sent;
pub mod sse;
mod stream;
mod upload;

pub use body::Body;
pub use cookies::{Cookie, CookieJar};
pub use request::{Pending, Request};
pub use response::{Answer, Error, Ocsp, Response, Timings};
pub use sent::Sent;
pub use stream::Stream;
pub use upload::Upload;

use std::borrow::Borrow;
use std::ops::RangeInclusive;

use crate::bindings::brunt::http::client as wit;

/// What a request brings.
pub type Result<T = Response, E = Error> = std::result::Result<T, E>;

/// `GET` of this URL, with every default.
pub fn get(url: impl AsRef<str>) -> Result {
    response::result_of(wit::fetch(url.as_ref()), None)
}

/// `POST` of this body: text, bytes, JSON, or a [form](Body::form).
pub fn post<'a>(url: impl AsRef<str>, body: impl Into<Body<'a>>) -> Result {
    exchange("POST", url.as_ref(), body.into())
}

/// `PUT` of this body.
pub fn put<'a>(url: impl AsRef<str>, body: impl Into<Body<'a>>) -> Result {
    exchange("PUT", url.as_ref(), body.into())
}

/// `PATCH` with this body.
pub fn patch<'a>(url: impl AsRef<str>, body: impl Into<Body<'a>>) -> Result {
    exchange("PATCH", url.as_ref(), body.into())
}

/// A request with nothing but a body, in one call of the engine.
fn exchange(method: &str, url: &str, body: Body<'_>) -> Result {
    let Ok(content) = &body.content else {
        return Request::new(method, url).body(body).send();
    };
    let content_type = body.content_type.as_deref();
    let headers: Vec<_> = content_type
        .map(|of| ("content-type", of))
        .into_iter()
        .collect();
    response::result_of(wit::exchange(method, url, &headers, Some(content)), None)
}

/// `DELETE` without a body; [`Request::delete`] can have one.
pub fn delete(url: impl AsRef<str>) -> Result {
    Request::delete(url).send()
}

/// `HEAD` of this URL.
pub fn head(url: impl AsRef<str>) -> Result {
    Request::head(url).send()
}

/// `OPTIONS` of this URL.
pub fn options(url: impl AsRef<str>) -> Result {
    Request::options(url).send()
}

/// The statuses that are not a failure in this VU's requests which don't say it themselves: call it in `init`.
/// Without ranges such requests are not judged: they have no `http_req_failed`. Default: 200 to 399.
pub fn expect_statuses(ranges: &[RangeInclusive<u16>]) {
    wit::set_default_expected_statuses(Some(&request::pairs(ranges)));
}

/// Sends these requests beside each other and waits for every one: at most as many at a time as the options `batch` (20) and, for one
/// host, `batchPerHost` (6) say. The results are in the requests' order.
///
/// ```no_run
/// # use brunt_sdk::prelude::*;
/// let base = env_or("BASE_URL", "http://127.0.0.1:8080");
/// let pages = (0..100).map(|page| Request::get(format!("{base}/get?page={page}")).name("page"));
/// for res in http::batch(pages) {
///     check!(res, "status is 200" => |r| r.status() == 200);
/// }
/// ```
pub fn batch<R: Borrow<Request>>(requests: impl IntoIterator<Item = R>) -> Vec<Result> {
    let pending = start_batch(requests);
    pending.into_iter().map(Pending::take).collect()
}

/// The same as [`batch`], but returns at once: what is under way for each request, to be taken or
/// [waited for](crate::time::wait_any) in any order.
pub fn start_batch<R: Borrow<Request>>(requests: impl IntoIterator<Item = R>) -> Vec<Pending> {
    let requests: Vec<R> = requests.into_iter().collect();
    request::start_all(requests.iter().map(Borrow::borrow))
}

/// Sends all requests at once, whatever the option `batch` says, and waits for every one. The results are in the requests' order.
///
/// ```no_run
/// # use brunt_sdk::prelude::*;
/// let base = env_or("BASE_URL", "http://127.0.0.1:8080");
/// let results = http::all(["/get", "/headers"].map(|path| Request::get(format!("{base}{path}"))));
/// ```
pub fn all(requests: impl IntoIterator<Item = Request>) -> Vec<Result> {
    let pending: Vec<Pending> = requests
        .into_iter()
        .map(|request| request.start())
        .collect();
    pending.into_iter().map(Pending::take).collect()
}
