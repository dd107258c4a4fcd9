//! Defines responses, and errors of requests that brought none.

use std::borrow::Cow;
use std::cell::OnceCell;
use std::fmt;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::de::DeserializeOwned;

use crate::bindings::brunt::http::client as wit;
use crate::data::lossy;
use crate::http::overlooked::{self, Unseen};
use crate::http::pointer::value_at;
use crate::http::{Cookie, Sent};
use crate::{Json, Result};

/// A whole response. Nothing of it is copied into the VU's memory but what is asked for.
#[derive(Debug)]
pub struct Response {
    inner: wit::Response,
    status: OnceCell<u16>,
    body_size: OnceCell<u64>,
    body: OnceCell<Vec<u8>>,
}

impl Response {
    /// The status.
    pub fn status(&self) -> u16 {
        *self.status.get_or_init(|| self.inner.status())
    }

    /// The value of this header, whatever its case; several values are joined with `, `.
    pub fn header(&self, name: &str) -> Option<String> {
        self.inner.header(name)
    }

    /// All headers, names in lower case, in the order they came.
    pub fn headers(&self) -> Vec<(String, String)> {
        self.inner.headers()
    }

    /// The body, decompressed by its `content-encoding`; empty when it was discarded. Copied once, on the first use of it.
    pub fn body(&self) -> &[u8] {
        self.body.get_or_init(|| self.inner.body())
    }

    /// How many bytes the body has, counted also when it was discarded. Copies nothing.
    pub fn body_size(&self) -> u64 {
        *self.body_size.get_or_init(|| self.inner.body_size())
    }

    /// The body as text; what isn't UTF-8 is replaced.
    pub fn text(&self) -> Cow<'_, str> {
        lossy(self.body())
    }

    /// The body, read as JSON. Errors: it isn't JSON, or not of this type.
    ///
    /// ```no_run
    /// # use brunt_sdk::prelude::*;
    /// #[derive(Deserialize)]
    /// struct Order {
    ///     id: u64,
    /// }
    /// # fn f(res: Response) -> Result<()> {
    /// let order: Order = res.json()?;
    /// # Ok(()) }
    /// ```
    pub fn json<T: DeserializeOwned>(&self) -> Result<T> {
        serde_json::from_slice(self.body())
            .map_err(|error| crate::Error::from(error).context("reading the response as JSON"))
    }

    /// One value of a JSON body by its pointer (RFC 6901), `/json/name`; `null` when there is none.
    ///
    /// ```no_run
    /// # use brunt_sdk::prelude::*;
    /// # fn f(res: Response) {
    /// check!(res, "name comes back" => |r| r.pointer("/json/name") == "lorem");
    /// # }
    /// ```
    pub fn pointer(&self, pointer: &str) -> Json {
        value_at(self.body(), pointer)
    }

    /// The cookies that this response set, in the order they came. Those of redirects before it are in the jar.
    pub fn cookies(&self) -> Vec<Cookie> {
        self.inner.cookies().into_iter().map(Cookie::from).collect()
    }

    /// The last cookie of this name that this response set.
    pub fn cookie(&self, name: &str) -> Option<Cookie> {
        let mut cookies = self.cookies().into_iter().rev();
        cookies.find(|cookie| cookie.name == name)
    }

    /// The request that brought it, as its first hop was sent.
    pub fn sent(&self) -> Sent<'_> {
        Sent::new(&self.inner)
    }

    /// The URL that answered, after redirects; credentials in it are masked.
    pub fn url(&self) -> String {
        self.inner.url()
    }

    /// `HTTP/1.0`, `HTTP/1.1` or `HTTP/2.0`.
    pub fn protocol(&self) -> String {
        self.inner.protocol()
    }

    /// The peer's address and port.
    pub fn remote(&self) -> (String, u16) {
        self.inner.remote()
    }

    /// Where the time went.
    pub fn timings(&self) -> Timings {
        Timings::from(self.inner.timings())
    }

    /// The version of TLS that was agreed on: `tls1.2` or `tls1.3`. None without TLS.
    pub fn tls_version(&self) -> Option<String> {
        self.inner.tls_version()
    }

    /// The cipher suite that was agreed on, by Go's name, such as `TLS_AES_128_GCM_SHA256`. None without TLS.
    pub fn tls_cipher_suite(&self) -> Option<String> {
        self.inner.tls_cipher_suite()
    }

    /// What the server stapled to its certificate, if it did: whether the authority still stands by it.
    pub fn ocsp(&self) -> Option<Ocsp> {
        self.inner.ocsp().map(Ocsp::from)
    }
}

/// What a server stapled to its certificate. The staple's signature is not checked.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Ocsp {
    /// `good`, `revoked`, `unknown` or `server_failed`; there may be more in later versions.
    pub status: String,
    /// Why it was revoked, for example `key_compromise`, if it was.
    pub revocation_reason: Option<String>,
    /// When the response was signed.
    pub produced_at: Option<SystemTime>,
    /// Since when the status is known to be right.
    pub this_update: Option<SystemTime>,
    /// When there will be news, if the authority says.
    pub next_update: Option<SystemTime>,
    /// When it was revoked, if it was.
    pub revoked_at: Option<SystemTime>,
}

impl From<wit::OcspStaple> for Ocsp {
    fn from(staple: wit::OcspStaple) -> Self {
        let time = |seconds: Option<u64>| Some(UNIX_EPOCH + Duration::from_secs(seconds?));
        Self {
            status: staple.status,
            revocation_reason: staple.revocation_reason,
            produced_at: time(staple.produced_at),
            this_update: time(staple.this_update),
            next_update: time(staple.next_update),
            revoked_at: time(staple.revoked_at),
        }
    }
}

/// Where the time of one request went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timings {
    /// Waiting for a connection: pool, DNS, dial and handshake together.
    pub blocked: Duration,
    /// Looking up the name.
    pub looking_up: Duration,
    /// Opening the TCP connection; 0 on one that was kept.
    pub connecting: Duration,
    /// The TLS handshake; 0 on a connection that was kept, or without TLS.
    pub tls_handshaking: Duration,
    /// Writing the request to the socket.
    pub sending: Duration,
    /// From the last byte written to the first byte read.
    pub waiting: Duration,
    /// From the first byte read to the last.
    pub receiving: Duration,
}

impl Timings {
    /// Sending, waiting and receiving together, which is `http_req_duration`.
    pub fn duration(&self) -> Duration {
        self.sending + self.waiting + self.receiving
    }
}

impl From<wit::Timings> for Timings {
    fn from(timings: wit::Timings) -> Self {
        Self {
            blocked: Duration::from_nanos(timings.blocked),
            looking_up: Duration::from_nanos(timings.looking_up),
            connecting: Duration::from_nanos(timings.connecting),
            tls_handshaking: Duration::from_nanos(timings.tls_handshaking),
            sending: Duration::from_nanos(timings.sending),
            waiting: Duration::from_nanos(timings.waiting),
            receiving: Duration::from_nanos(timings.receiving),
        }
    }
}

/// Why a request brought no response.
///
/// Where option `throw` is on, or [`Request::throw`](super::Request::throw) said so, one that nobody looks at before it is dropped
/// makes the iteration fail: neither its code nor its message was asked for, it was not shown, and `?` did not pass it on.
#[derive(Clone, PartialEq, Eq)]
pub struct Error {
    code: u32,
    message: String,
    unseen: Unseen,
}

impl Error {
    pub(crate) fn new(code: u32, message: String) -> Self {
        Self {
            code,
            message,
            unseen: Unseen::default(),
        }
    }

    /// The same error, not to be overlooked where `throw` or else the option says so.
    pub(super) fn raised(self, throw: Option<bool>) -> Self {
        if throw.unwrap_or_else(wit::throws) {
            self.unseen.expect();
        }
        self
    }

    /// One of k6's error codes, an open set; for example 1050 timeout, 1101 no such host, 1212 connection refused.
    pub fn code(&self) -> u32 {
        self.unseen.see();
        self.code
    }

    /// What went wrong, in one line, for people.
    pub fn message(&self) -> &str {
        self.unseen.see();
        &self.message
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (code {})", self.message(), self.code)
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Error")
            .field("code", &self.code)
            .field("message", &self.message())
            .finish()
    }
}

impl std::error::Error for Error {}

impl Drop for Error {
    fn drop(&mut self) {
        if self.unseen.is_expected() {
            overlooked::keep(self.to_string());
        }
    }
}

/// What can be asked of a request's `Result` as well as of its response.
pub trait Answer {
    /// The status; 0 when there was no response.
    fn status(&self) -> u16;
    /// The code of the error; 0 when there was a response.
    fn error_code(&self) -> u32;
}

impl Answer for super::Result {
    fn status(&self) -> u16 {
        self.as_ref().map_or(0, Response::status)
    }

    fn error_code(&self) -> u32 {
        self.as_ref().err().map_or(0, Error::code)
    }
}

impl Response {
    /// How many bytes of the body have come by now.
    pub(crate) fn size_now(&self) -> u64 {
        self.inner.body_size()
    }

    pub(crate) fn take_body(&self) -> Option<wit::BodyStream> {
        self.inner.body_stream()
    }
}

/// Wraps what the contract returns; a failure is raised as `throw` says, or else the option.
pub(crate) fn result_of(
    result: Result<impl Into<Response>, wit::RequestError>,
    throw: Option<bool>,
) -> super::Result {
    match result {
        Ok(answer) => Ok(answer.into()),
        Err(error) => Err(Error::new(error.code, error.message).raised(throw)),
    }
}

impl From<wit::Response> for Response {
    fn from(inner: wit::Response) -> Self {
        Self {
            inner,
            status: OnceCell::new(),
            body_size: OnceCell::new(),
            body: OnceCell::new(),
        }
    }
}

impl From<wit::Answer> for Response {
    fn from(answer: wit::Answer) -> Self {
        Self {
            status: answer.status.into(),
            body_size: answer.body_size.into(),
            ..Self::from(answer.response)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_shows_message_and_code() {
        let error = Error::new(1212, "connection refused".into());
        assert_eq!(error.to_string(), "connection refused (code 1212)");
        let result: crate::http::Result = Err(error);
        assert_eq!((result.status(), result.error_code()), (0, 1212));
    }

    #[test]
    fn an_error_that_is_raised_and_not_looked_at_is_kept() {
        let raised = || Error::new(1050, "too late".into()).raised(Some(true));
        let seen: [fn(&Error) -> usize; 4] = [
            |error| error.code() as usize,
            |error| error.message().len(),
            |error| error.to_string().len(),
            |error| format!("{error:?}").len(),
        ];
        for see in seen {
            assert!(see(&raised()) > 0);
            assert_eq!(overlooked::take(), None);
        }
        drop(Error::new(1050, "too late".into()).raised(Some(false)));
        assert_eq!(overlooked::take(), None);
        let result: crate::http::Result = Err(raised());
        assert_eq!(result.status(), 0);
        drop((result, raised()));
        assert_eq!(overlooked::take().as_deref(), Some("too late (code 1050)"));
        assert_eq!(overlooked::take(), None);
    }

    #[test]
    fn duration_is_the_last_three() {
        let timings = Timings::from(wit::Timings {
            blocked: 100,
            looking_up: 100,
            connecting: 100,
            tls_handshaking: 100,
            sending: 1,
            waiting: 2,
            receiving: 3,
        });
        assert_eq!(timings.duration(), Duration::from_nanos(6));
    }
}
