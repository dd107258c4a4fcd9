//! Defines requests as guests build them, and responses as guests read them.

mod rare;

use std::borrow::Cow;
use std::ops::{Deref, DerefMut};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::{CONTENT_LENGTH, SET_COOKIE, TRAILER, TRANSFER_ENCODING};
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use send_wrapper::SendWrapper;

use crate::http::auth::{Credentials, Scheme};
use crate::http::connection::Streaming;
use crate::http::cookie::SetCookie;
use crate::http::failure::RequestFailure;
use crate::http::form::Part;
use crate::http::head::Head;
use crate::http::hop::Hop;
use crate::http::patience::Patience;
use crate::http::stream::{BodyStream, StreamFacts};
use crate::http::upload::Upload;
use crate::net::dial::Remote;
use crate::net::socket::TlsFacts;
use crate::settings::HttpVersion;

pub(crate) use rare::Rare;

/// How long an exchange may take unless the request says otherwise.
pub(crate) const DEFAULT_TIMEOUT: Duration = Duration::from_secs(60);

/// Headers that requests can't set.
const OF_THE_ENGINE: [HeaderName; 3] = [CONTENT_LENGTH, TRANSFER_ENCODING, TRAILER];

/// A request that can be sent any number of times.
#[derive(Debug, Clone)]
#[expect(unreachable_pub, reason = "the generated bindings re-export it")]
pub struct Request {
    pub(crate) method: String,
    pub(crate) url: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Bytes,
    pub(crate) tags: Vec<(String, String)>,
    pub(crate) timeout: Duration,
    pub(crate) redirects: Option<u32>,
    pub(crate) discard_body: Option<bool>,
    pub(crate) expected: Option<Vec<(u16, u16)>>,
    pub(crate) rare: Option<Box<Rare>>,
}

/// Credentials, and how they are shown.
#[derive(Debug, Clone)]
pub(crate) struct Login {
    pub(crate) scheme: Scheme,
    pub(crate) credentials: Credentials,
}

/// A cookie that a request sends without a jar.
#[derive(Debug, Clone)]
pub(crate) struct OwnCookie {
    pub(crate) name: String,
    pub(crate) value: String,
    /// Whether those of the jar with the same name stay at home.
    pub(crate) replaces: bool,
}

/// A whole response. It is passed on by many hands, so that it is a pointer.
#[expect(unreachable_pub, reason = "the generated bindings re-export it")]
pub struct Response(Box<Reply>);

/// What a response consists of.
#[expect(
    unreachable_pub,
    reason = "a response is one, and the generated bindings re-export that"
)]
pub struct Reply {
    pub(crate) head: Head,
    pub(crate) body: Bytes,
    pub(crate) body_size: u64,
    pub(crate) url: Arc<str>,
    pub(crate) remote: Remote,
    pub(crate) tls: Option<TlsFacts>,
    pub(crate) timings: Timings,
    /// The request that brought it, as its first hop was sent.
    pub(crate) sent: Option<SendWrapper<Hop>>,
    /// The body, where it is streamed.
    pub(crate) stream: Option<SendWrapper<Box<Streamed>>>,
}

/// A body that is streamed, as its response knows it.
pub(crate) struct Streamed {
    pub(crate) facts: StreamFacts,
    /// The body itself, until it is taken.
    pub(crate) body: Option<BodyStream>,
}

impl From<Reply> for Response {
    fn from(reply: Reply) -> Self {
        Self(Box::new(reply))
    }
}

impl Deref for Response {
    type Target = Reply;

    fn deref(&self) -> &Reply {
        &self.0
    }
}

impl DerefMut for Response {
    fn deref_mut(&mut self) -> &mut Reply {
        &mut self.0
    }
}

/// Where the time of one hop went.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct Timings {
    pub(crate) blocked: Duration,
    pub(crate) looking_up: Duration,
    pub(crate) connecting: Duration,
    pub(crate) tls_handshaking: Duration,
    pub(crate) sending: Duration,
    pub(crate) waiting: Duration,
    pub(crate) receiving: Duration,
}

impl Request {
    pub(crate) fn new(method: String, url: String) -> Self {
        Self {
            method,
            url,
            headers: Vec::new(),
            body: Bytes::new(),
            tags: Vec::new(),
            timeout: DEFAULT_TIMEOUT,
            redirects: None,
            discard_body: None,
            expected: None,
            rare: None,
        }
    }

    /// What few requests have, made where this one had nothing of it yet.
    pub(crate) fn rare(&mut self) -> &mut Rare {
        self.rare.get_or_insert_default()
    }

    /// Sets the body, in the place of all that was one.
    pub(crate) fn set_body(&mut self, body: Bytes, content_type: Option<Cow<'static, str>>) {
        self.body = body;
        if content_type.is_some() || self.rare.is_some() {
            let rare = self.rare();
            rare.parts.clear();
            rare.content_type = content_type;
        }
    }

    /// Sets the body to one that is streamed, in the place of all that was one.
    pub(crate) fn set_upload(&mut self, body: Rc<Upload>) {
        self.set_body(Bytes::new(), None);
        self.rare().upload = Some(SendWrapper::new(body));
    }

    /// How long its parts may take, where it says so.
    pub(crate) fn patience(&self) -> Option<&Patience> {
        let patience = self.rare.as_ref()?.patience.as_ref()?;
        Some(&***patience)
    }

    /// The body, where it is streamed.
    pub(crate) fn upload(&self) -> Option<Rc<Upload>> {
        self.rare.as_ref()?.upload.as_deref().map(Rc::clone)
    }

    /// Adds a part, in the place of a body that was none of parts.
    pub(crate) fn add_part(&mut self, part: Part) {
        self.body = Bytes::new();
        let rare = self.rare();
        rare.content_type = None;
        rare.parts.push(part);
    }

    /// What samples look at, without headers and body.
    pub(crate) fn outline(&self) -> Self {
        Self {
            tags: self.tags.clone(),
            expected: self.expected.clone(),
            ..Self::new(self.method.clone(), self.url.clone())
        }
    }

    /// The body as it is sent; headers that say what it is are added to the others.
    pub(crate) fn content(&self, headers: &mut HeaderMap) -> Result<Bytes, RequestFailure> {
        match &self.rare {
            None => Ok(self.body.clone()),
            Some(rare) => rare.content(&self.body, headers),
        }
    }

    /// The version of HTTP that it asks for, if it does.
    pub(crate) fn version(&self) -> Result<Option<HttpVersion>, RequestFailure> {
        let name = self
            .rare
            .as_ref()
            .and_then(|rare| rare.http_version.as_ref());
        name.map(|name| {
            HttpVersion::named(name).ok_or_else(|| {
                let message = format!("unknown version of HTTP {name:?}, use auto, 1.1, 2 or 3");
                RequestFailure::new(1000, message)
            })
        })
        .transpose()
    }

    /// Set when the response's body is streamed. What it may not leave unread is known when a hop is sent.
    pub(crate) fn streaming(&self) -> Option<Streaming> {
        self.rare.as_ref()?.streaming?;
        Some(Streaming {
            follows: false,
            challenged: false,
        })
    }

    /// Whether the request itself sets this header.
    pub(crate) fn has_header(&self, name: &HeaderName) -> bool {
        let mut names = self.headers.iter().map(|(name, _)| name);
        names.any(|known| known.eq_ignore_ascii_case(name.as_str()))
    }

    pub(crate) fn set_header(&mut self, name: String, value: String) {
        self.headers
            .retain(|(known, _)| !known.eq_ignore_ascii_case(&name));
        self.headers.push((name, value));
    }

    pub(crate) fn parsed_method(&self) -> Result<Method, RequestFailure> {
        Method::from_bytes(self.method.as_bytes())
            .map_err(|_| RequestFailure::new(1000, format!("invalid method {:?}", self.method)))
    }

    /// The headers that the request itself sets, but for those that say how its body is sent: the engine knows that better.
    pub(crate) fn header_map(&self) -> Result<HeaderMap, RequestFailure> {
        let mut map = HeaderMap::with_capacity(self.headers.len());
        for (name, value) in &self.headers {
            let bad = || RequestFailure::new(1000, format!("invalid header {name:?}: {value:?}"));
            let name = HeaderName::from_bytes(name.as_bytes()).map_err(|_| bad())?;
            let value = HeaderValue::from_bytes(value.as_bytes()).map_err(|_| bad())?;
            if !OF_THE_ENGINE.contains(&name) {
                map.append(name, value);
            }
        }
        if let Some(rare) = &self.rare {
            map.extend(rare.given_headers.clone());
        }
        Ok(map)
    }

    /// The `content-length` that the request itself has, which is not sent.
    pub(crate) fn own_length(&self) -> Option<&str> {
        let mut headers = self.headers.iter().rev();
        let is_length = |name: &str| name.eq_ignore_ascii_case(CONTENT_LENGTH.as_str());
        let (_, value) = headers.find(|(name, _)| is_length(name))?;
        Some(value)
    }

    /// The `name` tag, which groups URLs.
    pub(crate) fn name(&self) -> Option<&str> {
        self.tags
            .iter()
            .rev()
            .find(|(key, _)| key == "name")
            .map(|(_, value)| value.as_str())
    }

    /// The URL as it was written, whatever it is, without credentials.
    pub(crate) fn shown_url(&self) -> String {
        let rest = self.url.split_once("://");
        let rest = rest.and_then(|(scheme, rest)| Some((scheme, rest.split_once('@')?.1)));
        match rest {
            Some((scheme, rest)) => format!("{scheme}://****:****@{rest}"),
            None => self.url.clone(),
        }
    }

    /// Whether a response with this status is not a failure, by the request's own ranges or else the VU's; none when
    /// it is not judged. Status 0 is no response.
    pub(crate) fn expects(&self, status: u16, default: Option<&[(u16, u16)]>) -> Option<bool> {
        match self.expected.as_deref().or(default) {
            None => Some((200..400).contains(&status)),
            Some([]) => None,
            Some(ranges) => {
                let mut ranges = ranges.iter();
                let fits = ranges.any(|(from, to)| (*from..=*to).contains(&status));
                Some(fits && status != 0)
            }
        }
    }
}

impl Response {
    /// Makes a body that was read whole, though it was to be streamed, one that is.
    pub(crate) fn stream_what_was_read(&mut self) {
        if self.stream.is_none() {
            let body = BodyStream::of(&self.body, self.timings);
            self.body = Bytes::new();
            self.stream = Some(SendWrapper::new(body.into()));
        }
    }

    /// The cookies that it sets, in their order; what can't be read as one is left out.
    pub(crate) fn set_cookies(&self) -> impl Iterator<Item = SetCookie> {
        let values = self.head.headers.values(SET_COOKIE.as_str());
        let texts = values.into_iter().map(String::from_utf8_lossy);
        texts.filter_map(|text| SetCookie::parse(&text))
    }
}

impl From<BodyStream> for Box<Streamed> {
    fn from(body: BodyStream) -> Self {
        Self::new(Streamed {
            facts: body.facts(),
            body: Some(body),
        })
    }
}

impl Timings {
    /// `http_req_duration`.
    pub(crate) fn duration(&self) -> Duration {
        self.sending + self.waiting + self.receiving
    }
}

#[cfg(test)]
mod tests {
    use http::header::CONTENT_TYPE;

    use super::*;
    use crate::http::form;

    #[test]
    fn statuses_are_judged_by_the_request_first() {
        let mut request = Request::new("GET".into(), "http://host".into());
        assert_eq!(request.expects(399, None), Some(true));
        assert_eq!(request.expects(400, None), Some(false));
        assert_eq!(request.expects(400, Some(&[(400, 499)])), Some(true));
        assert_eq!(request.expects(0, Some(&[(0, 999)])), Some(false));
        assert_eq!(request.expects(200, Some(&[])), None);
        request.expected = Some(vec![(404, 404)]);
        assert_eq!(request.expects(404, Some(&[])), Some(true));
        request.expected = Some(vec![]);
        assert_eq!(request.expects(0, None), None);
    }

    #[test]
    fn the_last_kind_of_body_counts() {
        let mut request = Request::new("POST".into(), "http://host".into());
        let sent = |request: &Request| {
            let mut headers = HeaderMap::new();
            let body = request.content(&mut headers).unwrap();
            let content_type = headers.get(CONTENT_TYPE);
            (
                body,
                content_type.map(|value| value.to_str().unwrap().to_owned()),
            )
        };
        request.set_body("a=1".into(), Some(form::FORM.into()));
        assert_eq!(sent(&request), ("a=1".into(), Some(form::FORM.into())));
        request.add_part(Part {
            name: "p".into(),
            filename: None,
            content_type: None,
            content: "x".into(),
        });
        let (body, content_type) = sent(&request);
        assert!(body.starts_with(b"--brunt-"));
        assert!(
            content_type
                .unwrap()
                .starts_with("multipart/form-data; boundary=brunt-")
        );
        request.set_body("plain".into(), None);
        assert_eq!(sent(&request), ("plain".into(), None));
    }

    #[test]
    fn an_unknown_compression_is_an_error() {
        let mut request = Request::new("POST".into(), "http://host".into());
        request.rare().compression = vec!["gzip".into(), "rar".into()];
        let failure = request.content(&mut HeaderMap::new()).unwrap_err();
        assert_eq!(failure.code, 1000);
        assert!(failure.message.contains("\"rar\""), "{}", failure.message);
    }
}
