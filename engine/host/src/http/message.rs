//! Defines requests as guests build them, and responses as guests read them.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Version};

use crate::http::failure::RequestFailure;

/// How long an exchange may take unless the request says otherwise.
pub(crate) const DEFAULT_TIMEOUT: Duration = Duration::from_secs(60);

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
}

/// A whole response.
#[derive(Debug)]
#[expect(unreachable_pub, reason = "the generated bindings re-export it")]
pub struct Response {
    pub(crate) status: StatusCode,
    pub(crate) version: Version,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
    pub(crate) body_size: u64,
    pub(crate) url: Arc<str>,
    pub(crate) remote: SocketAddr,
    pub(crate) timings: Timings,
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
        }
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

    /// The headers that the request itself sets.
    pub(crate) fn header_map(&self) -> Result<HeaderMap, RequestFailure> {
        let mut map = HeaderMap::with_capacity(self.headers.len());
        for (name, value) in &self.headers {
            let bad = || RequestFailure::new(1000, format!("invalid header {name:?}: {value:?}"));
            let name = HeaderName::from_bytes(name.as_bytes()).map_err(|_| bad())?;
            map.append(name, HeaderValue::from_str(value).map_err(|_| bad())?);
        }
        Ok(map)
    }

    /// The `name` tag, which groups URLs.
    pub(crate) fn name(&self) -> Option<&str> {
        self.tags
            .iter()
            .rev()
            .find(|(key, _)| key == "name")
            .map(|(_, value)| value.as_str())
    }

    /// Whether a response with this status is not a failure.
    pub(crate) fn expects(&self, status: u16) -> bool {
        match &self.expected {
            None => (200..400).contains(&status),
            Some(ranges) => ranges
                .iter()
                .any(|(from, to)| (*from..=*to).contains(&status)),
        }
    }
}

impl Timings {
    /// `http_req_duration`.
    pub(crate) fn duration(&self) -> Duration {
        self.sending + self.waiting + self.receiving
    }
}
