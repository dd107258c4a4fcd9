//! Defines requests, and responses that are still under way.

use std::cell::OnceCell;
use std::ops::RangeInclusive;
use std::time::Duration;

use serde::Serialize;

use crate::bindings::brunt::http::client as wit;
use crate::bindings::brunt::time::waiting::{Waitable, after};
use crate::data::File;
use crate::http::{Body, CookieJar, Error, Result, Stream, Upload, response, stream};
use crate::time::{Wait, nanoseconds};

/// A request, built step by step, that can be sent any number of times.
///
/// No step fails: what it was given is checked when the request is sent, and named in the error.
///
/// ```no_run
/// # use brunt_sdk::prelude::*;
/// # fn f() -> Result<()> {
/// let res = Request::get("http://127.0.0.1:8080/status/404")
///     .name("a page that is gone")
///     .expect_statuses(&[404..=404])
///     .send()?;
/// # Ok(()) }
/// ```
#[derive(Debug)]
pub struct Request {
    inner: wit::Request,
    broken_body: Option<String>,
    throw: Option<bool>,
}

impl Request {
    /// A request with this method (any token) and an absolute `http://` or `https://` URL.
    pub fn new(method: &str, url: impl AsRef<str>) -> Self {
        Self {
            inner: wit::Request::new(method, url.as_ref()),
            broken_body: None,
            throw: None,
        }
    }

    /// A `GET`.
    pub fn get(url: impl AsRef<str>) -> Self {
        Self::new("GET", url)
    }

    /// A `POST`.
    pub fn post(url: impl AsRef<str>) -> Self {
        Self::new("POST", url)
    }

    /// A `PUT`.
    pub fn put(url: impl AsRef<str>) -> Self {
        Self::new("PUT", url)
    }

    /// A `PATCH`.
    pub fn patch(url: impl AsRef<str>) -> Self {
        Self::new("PATCH", url)
    }

    /// A `DELETE`.
    pub fn delete(url: impl AsRef<str>) -> Self {
        Self::new("DELETE", url)
    }

    /// A `HEAD`.
    pub fn head(url: impl AsRef<str>) -> Self {
        Self::new("HEAD", url)
    }

    /// An `OPTIONS`.
    pub fn options(url: impl AsRef<str>) -> Self {
        Self::new("OPTIONS", url)
    }

    /// Sets a header, in the place of earlier values of the same name.
    pub fn header(self, name: &str, value: impl AsRef<str>) -> Self {
        self.inner.set_header(name, value.as_ref());
        self
    }

    /// Adds a header beside earlier values of the same name.
    pub fn add_header(self, name: &str, value: impl AsRef<str>) -> Self {
        self.inner.add_header(name, value.as_ref());
        self
    }

    /// Sets the body: text, bytes, JSON or a [form](Body::form). Its content type is set too, unless there is one.
    pub fn body<'a>(mut self, body: impl Into<Body<'a>>) -> Self {
        let Body {
            content,
            content_type,
        } = body.into();
        self.broken_body = match content {
            Ok(bytes) => {
                match content_type {
                    Some(content_type) => self.inner.set_content(&content_type, &bytes),
                    None => self.inner.set_body(&bytes),
                }
                None
            }
            Err(message) => Some(message),
        };
        self
    }

    /// Sets the body to a value written as JSON.
    pub fn json<T: Serialize + ?Sized>(self, value: &T) -> Self {
        self.body(Body::json(value))
    }

    /// Sets the body to a form of these fields.
    pub fn form<N: AsRef<str>, V: AsRef<str>>(self, fields: &[(N, V)]) -> Self {
        self.body(Body::form(fields))
    }

    /// Sets the body to a file that was opened in `init`. It is sent without a copy in the VU's memory.
    pub fn body_file(mut self, file: &File) -> Self {
        self.inner.set_body_file(file.inner());
        self.broken_body = None;
        self
    }

    /// Adds a part to a `multipart/form-data` body: text, bytes or JSON.
    ///
    /// ```no_run
    /// # use brunt_sdk::prelude::*;
    /// # fn f(png: &[u8]) -> Result<()> {
    /// let res = Request::post("http://127.0.0.1:8080/post")
    ///     .part("title", "a cat")
    ///     .part("meta", json!({ "age": 3 }))
    ///     .file("photo", "cat.png", Body::from(png).typed("image/png"))
    ///     .send()?;
    /// # Ok(()) }
    /// ```
    pub fn part<'a>(self, name: &str, content: impl Into<Body<'a>>) -> Self {
        self.add_part(name, None, content.into())
    }

    /// Adds a file to a `multipart/form-data` body: `application/octet-stream` unless the content has a type.
    pub fn file<'a>(self, name: &str, filename: &str, content: impl Into<Body<'a>>) -> Self {
        self.add_part(name, Some(filename), content.into())
    }

    fn add_part(mut self, name: &str, filename: Option<&str>, body: Body<'_>) -> Self {
        match body.content {
            Ok(bytes) => {
                let content_type = body.content_type.as_deref();
                self.inner.add_part(name, filename, content_type, &bytes);
            }
            Err(message) => self.broken_body = Some(message),
        }
        self
    }

    /// Compresses the body when it is sent, by these encodings one after the other: `gzip`, `deflate`, `br`, `zstd`.
    pub fn compress(self, encodings: &[&str]) -> Self {
        self.inner.set_compression(encodings);
        self
    }

    /// Shows these credentials with every hop to the URL's host.
    pub fn basic_auth(self, user: &str, password: &str) -> Self {
        self.inner.set_basic_auth(user, password);
        self
    }

    /// Answers a digest challenge by these credentials. The exchange that brought it is measured too.
    pub fn digest_auth(self, user: &str, password: &str) -> Self {
        self.inner.set_digest_auth(user, password);
        self
    }

    /// Logs in by NTLM, on one connection; `user` may be `DOMAIN\name`. Each of the exchanges is measured.
    pub fn ntlm_auth(self, user: &str, password: &str) -> Self {
        self.inner.set_ntlm_auth(user, password);
        self
    }

    /// How credentials in the URL are used: `basic`, `digest` or `ntlm`. Default: `basic`.
    pub fn auth_scheme(self, scheme: &str) -> Self {
        self.inner.set_auth_scheme(scheme);
        self
    }

    /// Sends a cookie beside those of the jar. It is not put into the jar.
    pub fn cookie(self, name: &str, value: impl AsRef<str>) -> Self {
        self.inner.set_cookie(name, value.as_ref(), false);
        self
    }

    /// Sends a cookie in the place of those of the jar that have the same name.
    pub fn replace_cookie(self, name: &str, value: impl AsRef<str>) -> Self {
        self.inner.set_cookie(name, value.as_ref(), true);
        self
    }

    /// Uses this jar instead of the one of the virtual user.
    pub fn jar(self, jar: &CookieJar) -> Self {
        self.inner.set_jar(&jar.inner);
        self
    }

    /// Sets a tag on all samples of this request.
    pub fn tag(self, name: &str, value: impl AsRef<str>) -> Self {
        self.inner.set_tag(name, value.as_ref());
        self
    }

    /// Sets the tag `name`, which also stands in the place of the URL: many URLs of one endpoint count as one.
    pub fn name(self, name: impl AsRef<str>) -> Self {
        self.tag("name", name)
    }

    /// How long the whole exchange may take, redirects and body included. Default: 60 s.
    pub fn timeout(self, timeout: Duration) -> Self {
        self.inner.set_timeout(nanoseconds(timeout));
        self
    }

    /// The version of HTTP that it speaks: `auto`, `1.1`, `2` or `3`. Default: option `httpVersion`, `auto`.
    pub fn http_version(self, version: &str) -> Self {
        self.inner.set_http_version(version);
        self
    }

    /// How many redirects to follow; 0 gives the redirect itself. Default: option `maxRedirects`, 10.
    pub fn redirects(self, most: u32) -> Self {
        self.inner.set_redirects(most);
        self
    }

    /// Reads and throws away the body (or keeps it, where the option `discardResponseBodies` would not).
    pub fn discard_body(self, discard: bool) -> Self {
        self.inner.set_discard_body(discard);
        self
    }

    /// The statuses that are not a failure. Default: those of [`http::expect_statuses`](super::expect_statuses), or
    /// 200 to 399. Decides `http_req_failed`, which is not recorded at all when there are no ranges.
    pub fn expect_statuses(self, ranges: &[RangeInclusive<u16>]) -> Self {
        self.inner.set_expected_statuses(&pairs(ranges));
        self
    }

    /// Whether an [`Error`] of this request that the test does not look at makes the iteration fail. Default: option `throw`.
    pub fn throw(mut self, throw: bool) -> Self {
        self.throw = Some(throw);
        self
    }

    /// Sends it and suspends this VU until the whole response is there.
    pub fn send(&self) -> Result {
        self.check_body()?;
        response::result_of(self.inner.fetch(), self.throw)
    }

    /// Sends it and returns at once. It goes on while the VU runs, waits or sleeps.
    pub fn start(&self) -> Pending {
        Pending::new(self.check_body().map(|()| self.inner.start()), self.throw)
    }

    /// Sends it and suspends this VU until the head of the response is there. The body is read from the [`Stream`], while
    /// it comes.
    ///
    /// ```no_run
    /// # use brunt_sdk::prelude::*;
    /// # fn f() -> Result<()> {
    /// let mut stream = Request::get("http://127.0.0.1:8080/stream-bytes/100000000").stream()?;
    /// let mut size = 0;
    /// while let Some(bytes) = stream.chunk(64 << 10)? {
    ///     size += bytes.len();
    /// }
    /// # Ok(()) }
    /// ```
    pub fn stream(&self) -> Result<Stream> {
        self.check_body()?;
        self.inner.set_stream_body(true);
        let result = self.inner.send();
        self.inner.set_stream_body(false);
        stream::opened(result, self.throw)
    }

    /// Sends it with a body that is written while it is sent: of this length, or in chunks.
    pub fn upload(&self, length: Option<u64>) -> Upload {
        let started = self.check_body();
        Upload::new(
            started.map(|()| self.inner.start_upload(length)),
            self.throw,
        )
    }

    /// Sends it as [`Request::stream`] does, and returns at once: [`Pending::take_stream`] gives the stream.
    pub fn start_stream(&self) -> Pending {
        self.inner.set_stream_body(true);
        let pending = self.start();
        self.inner.set_stream_body(false);
        pending
    }

    /// What the contract knows it by. Errors: its body can't be written.
    pub(super) fn inner(&self) -> Result<&wit::Request> {
        self.check_body().map(|()| &self.inner)
    }

    /// Whether errors of it are raised, where it says so.
    pub(super) fn throws(&self) -> Option<bool> {
        self.throw
    }

    fn check_body(&self) -> Result<()> {
        match &self.broken_body {
            Some(message) => {
                let error = Error::new(1000, format!("writing the body: {message}"));
                Err(error.raised(self.throw))
            }
            None => Ok(()),
        }
    }
}

/// Starts these requests as one batch. What has a body that could not be written is not sent.
pub(super) fn start_all<'a>(requests: impl Iterator<Item = &'a Request>) -> Vec<Pending> {
    let checked: Vec<(Result<&wit::Request>, Option<bool>)> = requests
        .map(|request| (request.check_body().map(|()| &request.inner), request.throw))
        .collect();
    let fit = checked
        .iter()
        .filter_map(|(one, _)| one.as_ref().ok().copied());
    let mut started = wit::batch(&fit.collect::<Vec<_>>()).into_iter();
    let pending = |(one, throw): (Result<&wit::Request>, _)| {
        let inner = one.map(|_| started.next().expect("one for each that was sent"));
        Pending::new(inner, throw)
    };
    checked.into_iter().map(pending).collect()
}

/// Ranges as the contract has them.
pub(super) fn pairs(ranges: &[RangeInclusive<u16>]) -> Vec<(u16, u16)> {
    ranges.iter().map(|r| (*r.start(), *r.end())).collect()
}

/// A request under way. Dropping it aborts the request.
#[derive(Debug)]
pub struct Pending {
    /// An error when there was nothing to send.
    inner: Result<wit::PendingResponse>,
    done: OnceCell<Waitable>,
    throw: Option<bool>,
}

impl Pending {
    pub(super) fn new(inner: Result<wit::PendingResponse>, throw: Option<bool>) -> Self {
        Self {
            inner,
            done: OnceCell::new(),
            throw,
        }
    }

    /// The response. Suspends this VU until it is there.
    pub fn take(self) -> Result {
        response::result_of(self.inner?.take(), self.throw)
    }

    /// The response, with its body to be read while it comes. Suspends this VU until the head is there.
    ///
    /// For what [`Request::start_stream`] gave; of another response the stream is empty.
    pub fn take_stream(self) -> Result<Stream> {
        stream::opened(self.inner?.take(), self.throw)
    }
}

impl Wait for Pending {
    fn waitable(&self) -> &Waitable {
        self.done.get_or_init(|| match &self.inner {
            Ok(pending) => pending.done(),
            Err(_) => after(0),
        })
    }
}
