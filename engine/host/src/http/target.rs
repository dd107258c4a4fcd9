//! Defines where a request goes: a URL taken apart once, and remembered.

use std::rc::Rc;
use std::sync::Arc;

use http::header::{AUTHORIZATION, HOST, USER_AGENT};
use http::uri::{PathAndQuery, Uri};
use http::{HeaderMap, HeaderValue};
use rustc_hash::FxHashMap;
use url::{Host, Url};

use crate::http::failure::RequestFailure;

/// URLs that one worker remembers before it starts anew: a test with unbounded URLs costs time, not memory.
const REMEMBERED: usize = 4096;

/// A URL as the client needs it.
#[derive(Debug)]
pub(crate) struct Target {
    /// Different for every target of a worker; stands for URL and name in [`crate::tags::RequestKey`].
    pub(crate) uid: u64,
    /// Where connections for it go.
    pub(crate) origin: Origin,
    /// Path and query.
    pub(crate) uri: Uri,
    /// The headers of every request to it: `host`, `user-agent`, and `authorization` from the URL's userinfo.
    pub(crate) headers: HeaderMap,
    authority: String,
    /// The whole URL, userinfo masked.
    pub(crate) url: Arc<str>,
    /// The URL itself, for redirects relative to it.
    pub(crate) parsed: Url,
}

/// Scheme, host and port.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Origin {
    pub(crate) secure: bool,
    pub(crate) host: Arc<str>,
    pub(crate) port: u16,
}

/// The targets that one worker remembers.
pub(crate) struct Targets {
    user_agent: HeaderValue,
    known: FxHashMap<Box<str>, Rc<Target>>,
    names: FxHashMap<Box<str>, u64>,
    next_uid: u64,
}

impl Targets {
    /// None yet. A `user-agent` that can't be a header becomes the default.
    pub(crate) fn new(user_agent: &str) -> Self {
        let user_agent = HeaderValue::from_str(user_agent);
        Self {
            user_agent: user_agent.unwrap_or_else(|_| HeaderValue::from_static("brunt")),
            known: FxHashMap::default(),
            names: FxHashMap::default(),
            next_uid: 0,
        }
    }

    /// The target of this URL.
    pub(crate) fn get(&mut self, url: &str) -> Result<Rc<Target>, RequestFailure> {
        if let Some(target) = self.known.get(url) {
            return Ok(target.clone());
        }
        let uid = self.fresh_uid();
        let target = Rc::new(Target::parse(url, uid, &self.user_agent)?);
        if self.known.len() >= REMEMBERED {
            self.known.clear();
        }
        self.known.insert(url.into(), target.clone());
        Ok(target)
    }

    /// What stands for a `name` tag in place of [`Target::uid`].
    pub(crate) fn uid_of_name(&mut self, name: &str) -> u64 {
        if let Some(uid) = self.names.get(name) {
            return *uid;
        }
        let uid = self.fresh_uid();
        if self.names.len() >= REMEMBERED {
            self.names.clear();
        }
        self.names.insert(name.into(), uid);
        uid
    }

    fn fresh_uid(&mut self) -> u64 {
        self.next_uid += 1;
        self.next_uid
    }
}

impl Target {
    fn parse(url: &str, uid: u64, user_agent: &HeaderValue) -> Result<Self, RequestFailure> {
        let parsed = Url::parse(url).map_err(|error| invalid(url, error))?;
        let secure = match parsed.scheme() {
            "http" => false,
            "https" => true,
            scheme => {
                return Err(invalid(
                    url,
                    format!("unsupported scheme {scheme:?}, use http or https"),
                ));
            }
        };
        let host = match parsed.host() {
            Some(Host::Ipv6(address)) => address.to_string(),
            Some(host) => host.to_string(),
            None => return Err(invalid(url, "it has no host")),
        };
        let port = parsed
            .port_or_known_default()
            .unwrap_or(if secure { 443 } else { 80 });
        let authority = authority(&parsed);
        Ok(Self {
            uid,
            origin: Origin {
                secure,
                host: host.into(),
                port,
            },
            uri: path_and_query(&parsed).map_err(|error| invalid(url, error))?,
            headers: headers(&parsed, &authority, user_agent)
                .map_err(|error| invalid(url, error))?,
            authority,
            url: masked(&parsed).into(),
            parsed,
        })
    }

    /// The URI that HTTP/2 wants: with scheme and authority.
    pub(crate) fn absolute_uri(&self) -> Result<Uri, http::Error> {
        let path = self.uri.path_and_query().map_or("/", PathAndQuery::as_str);
        Uri::builder()
            .scheme(if self.origin.secure { "https" } else { "http" })
            .authority(self.authority.as_str())
            .path_and_query(path)
            .build()
    }
}

fn headers(
    url: &Url,
    authority: &str,
    user_agent: &HeaderValue,
) -> Result<HeaderMap, http::header::InvalidHeaderValue> {
    let mut headers = HeaderMap::with_capacity(4);
    headers.insert(HOST, HeaderValue::from_str(authority)?);
    headers.insert(USER_AGENT, user_agent.clone());
    if let Some(authorization) = authorization(url) {
        headers.insert(AUTHORIZATION, authorization);
    }
    Ok(headers)
}

fn invalid(url: &str, why: impl std::fmt::Display) -> RequestFailure {
    RequestFailure::new(1020, format!("invalid URL {url:?}: {why}"))
}

/// Host and, unless it is the scheme's own, port.
fn authority(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    match url.port() {
        Some(port) => format!("{host}:{port}"),
        None => host.to_owned(),
    }
}

fn path_and_query(url: &Url) -> Result<Uri, http::Error> {
    let path = match url.query() {
        Some(query) => format!("{}?{query}", url.path()),
        None => url.path().to_owned(),
    };
    Uri::builder().path_and_query(path).build()
}

/// The URL as tags and logs show it: `https://****:****@host/`.
fn masked(url: &Url) -> String {
    if url.username().is_empty() && url.password().is_none() {
        return url.to_string();
    }
    let mut masked = url.clone();
    // Neither fails: the URL has a host, or it would have been refused.
    let _ = masked.set_username("****");
    let _ = masked.set_password(url.password().map(|_| "****"));
    masked.to_string()
}

fn authorization(url: &Url) -> Option<HeaderValue> {
    if url.username().is_empty() {
        return None;
    }
    let decode = |text: &str| percent_encoding::percent_decode_str(text).collect::<Vec<u8>>();
    let mut credentials = decode(url.username());
    credentials.push(b':');
    credentials.extend(decode(url.password().unwrap_or_default()));
    let encoded = data_encoding::BASE64.encode(&credentials);
    let mut value = HeaderValue::from_str(&format!("Basic {encoded}")).ok()?;
    value.set_sensitive(true);
    Some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_are_taken_apart() {
        let target = Targets::new("brunt/1")
            .get("https://user:secret@Example.com:8443/a b?x=1#frag")
            .unwrap();
        assert_eq!(&*target.origin.host, "example.com");
        assert_eq!((target.origin.secure, target.origin.port), (true, 8443));
        assert_eq!(target.uri, "/a%20b?x=1");
        assert_eq!(target.headers[HOST], "example.com:8443");
        assert_eq!(
            &*target.url,
            "https://****:****@example.com:8443/a%20b?x=1#frag"
        );
        assert_eq!(target.headers[AUTHORIZATION], "Basic dXNlcjpzZWNyZXQ=");
    }

    #[test]
    fn what_is_no_http_url_is_refused_with_code_1020() {
        for url in [
            "",
            "example.com",
            "ftp://example.com/",
            "http://",
            "http://exa mple.com/",
        ] {
            assert_eq!(
                Targets::new("brunt/1").get(url).unwrap_err().code,
                1020,
                "{url}"
            );
        }
    }
}
