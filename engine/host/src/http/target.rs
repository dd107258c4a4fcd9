//! Defines where a request goes: a URL taken apart once, and remembered.

use std::cell::OnceCell;
use std::rc::Rc;
use std::sync::Arc;

use http::header::{HOST, PROXY_AUTHORIZATION, USER_AGENT};
use http::uri::{PathAndQuery, Uri};
use http::{HeaderMap, HeaderValue};
use percent_encoding::{AsciiSet, CONTROLS};
use rustc_hash::FxHashMap;
use url::{Host, Url};

use crate::http::auth::Credentials;
use crate::http::failure::RequestFailure;
use crate::http::tunnel::authorization as authorization_of;
use crate::proxies::{Proxies, Proxy};

/// URLs that one worker remembers before it starts anew: a test with unbounded URLs costs time, not memory.
const REMEMBERED: usize = 4096;

/// A URL as the client needs it.
#[derive(Debug)]
pub(crate) struct Target {
    /// Different for every target of a worker; stands for URL and name in [`crate::tags::RequestKey`].
    pub(crate) uid: u64,
    /// Where connections for it go.
    pub(crate) origin: Origin,
    /// Path and query; the whole URL where a proxy has to know it.
    pub(crate) uri: Uri,
    /// The headers of every request to it: `host` and `user-agent`.
    pub(crate) headers: HeaderMap,
    /// How requests to it begin that have no headers of their own, as HTTP/1.1 writes it; made by the first of them.
    pub(crate) opening: OnceCell<Box<[u8]>>,
    authority: String,
    /// The URL's userinfo.
    pub(crate) credentials: Option<Box<Credentials>>,
    /// The whole URL as it was written, userinfo masked.
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
    /// The proxy that connections go through, if any.
    pub(crate) proxy: Option<Arc<Proxy>>,
}

/// The targets that one worker remembers.
pub(crate) struct Targets {
    user_agent: HeaderValue,
    proxies: Proxies,
    known: FxHashMap<Box<str>, Rc<Target>>,
    names: FxHashMap<Box<str>, u64>,
    next_uid: u64,
}

impl Targets {
    /// None yet. A `user-agent` that can't be a header becomes the default.
    pub(crate) fn new(user_agent: &str, proxies: Proxies) -> Self {
        let user_agent = HeaderValue::from_str(user_agent);
        Self {
            user_agent: user_agent.unwrap_or_else(|_| HeaderValue::from_static("brunt")),
            proxies,
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
        let mut target = Target::parse(url, uid, &self.user_agent)?;
        let Origin {
            secure, host, port, ..
        } = &target.origin;
        if let Some(proxy) = self.proxies.of(*secure, host, *port) {
            target.go_through(proxy)?;
        }
        let target = Rc::new(target);
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
                proxy: None,
            },
            uri: path_and_query(&parsed).map_err(|error| invalid(url, error))?,
            headers: headers(&authority, user_agent).map_err(|error| invalid(url, error))?,
            opening: OnceCell::new(),
            credentials: credentials(&parsed).map(Box::new),
            authority,
            url: shown(url, &parsed).into(),
            parsed,
        })
    }

    /// Makes requests to it go through a proxy. One for HTTP passes plain requests on itself: it wants the whole URL, and to know
    /// who asks.
    fn go_through(&mut self, proxy: Arc<Proxy>) -> Result<(), RequestFailure> {
        if proxy.passes_on(self.origin.secure) {
            let bad = |error: http::Error| invalid(&self.url, error);
            self.uri = self.absolute_uri().map_err(bad)?;
            if let Some(credentials) = &proxy.credentials {
                let value = HeaderValue::from_str(&authorization_of(credentials));
                let mut value = value.map_err(|error| invalid(&self.url, error))?;
                value.set_sensitive(true);
                self.headers.insert(PROXY_AUTHORIZATION, value);
            }
        }
        self.origin.proxy = Some(proxy);
        Ok(())
    }

    /// Path and query, whatever else [`Target::uri`] has.
    pub(crate) fn path_and_query(&self) -> &str {
        self.uri.path_and_query().map_or("/", PathAndQuery::as_str)
    }

    /// The URI that HTTP/2 wants: with scheme and authority.
    pub(crate) fn absolute_uri(&self) -> Result<Uri, http::Error> {
        let path = self.path_and_query();
        Uri::builder()
            .scheme(if self.origin.secure { "https" } else { "http" })
            .authority(self.authority.as_str())
            .path_and_query(path)
            .build()
    }
}

fn headers(
    authority: &str,
    user_agent: &HeaderValue,
) -> Result<HeaderMap, http::header::InvalidHeaderValue> {
    let mut headers = HeaderMap::with_capacity(4);
    headers.insert(HOST, HeaderValue::from_str(authority)?);
    headers.insert(USER_AGENT, user_agent.clone());
    Ok(headers)
}

fn invalid(url: &str, why: impl std::fmt::Display) -> RequestFailure {
    RequestFailure::new(
        1020,
        format!("invalid URL {:?}: {why}", without_secret(url)),
    )
}

/// A text that is no URL, without what looks like credentials.
fn without_secret(text: &str) -> String {
    match (text.find("://"), text.rfind('@')) {
        (Some(start), Some(end)) if start + 3 <= end => {
            format!("{}****{}", &text[..start + 3], &text[end..])
        }
        _ => text.to_owned(),
    }
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

/// What Go's URLs encode in a path, beside what is not ASCII.
const UNSAFE_IN_PATH: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'<')
    .add(b'>')
    .add(b'\\')
    .add(b'^')
    .add(b'`')
    .add(b'{')
    .add(b'|')
    .add(b'}');

/// The URL as tags, logs and responses show it: as it was written, credentials masked, its path encoded.
fn shown(text: &str, url: &Url) -> String {
    let written = text.trim().split_once("://").and_then(|(scheme, rest)| {
        let end = rest.find(['/', '?', '#', '\\']).unwrap_or(rest.len());
        let (authority, rest) = rest.split_at(end);
        let is_plain = !authority.is_empty() && !text.contains(char::is_control);
        is_plain.then_some((scheme, authority, rest))
    });
    let Some((scheme, authority, rest)) = written else {
        return masked(url);
    };
    let host = match authority.rsplit_once('@') {
        None => authority.to_owned(),
        Some((_, host)) if url.password().is_some() => format!("****:****@{host}"),
        Some((_, host)) => format!("****@{host}"),
    };
    let (path, query) = rest.split_at(rest.find(['?', '#']).unwrap_or(rest.len()));
    let path = percent_encoding::utf8_percent_encode(path, UNSAFE_IN_PATH);
    format!("{scheme}://{host}{path}{query}")
}

fn credentials(url: &Url) -> Option<Credentials> {
    if url.username().is_empty() && url.password().is_none() {
        return None;
    }
    let decode = |text: &str| {
        let bytes = percent_encoding::percent_decode_str(text);
        bytes.decode_utf8_lossy().into_owned()
    };
    Some(Credentials {
        user: decode(url.username()),
        password: decode(url.password().unwrap_or_default()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn targets() -> Targets {
        Targets::new("brunt/1", Proxies::default())
    }

    #[test]
    fn urls_are_taken_apart() {
        let target = targets()
            .get("https://user:secret@Example.com:8443/a b?x=1#frag")
            .unwrap();
        assert_eq!(&*target.origin.host, "example.com");
        assert_eq!((target.origin.secure, target.origin.port), (true, 8443));
        assert_eq!(target.uri, "/a%20b?x=1");
        assert_eq!(target.headers[HOST], "example.com:8443");
        assert_eq!(
            &*target.url,
            "https://****:****@Example.com:8443/a%20b?x=1#frag"
        );
        let credentials = target.credentials.as_ref().unwrap();
        assert_eq!(credentials.basic(), "Basic dXNlcjpzZWNyZXQ=");
    }

    #[test]
    fn urls_are_shown_as_they_were_written() {
        for (written, shown) in [
            ("http://host", "http://host"),
            ("HTTP://Host:80/", "HTTP://Host:80/"),
            ("http://host?q=a b", "http://host?q=a b"),
            ("http://host/%41/ü/../x", "http://host/%41/%C3%BC/../x"),
            ("http://me@host#x", "http://****@host#x"),
            ("http://a@b:c@d@host/p@q", "http://****:****@host/p@q"),
            (" http:/me:you@host ", "http://****:****@host/"),
        ] {
            let target = targets().get(written).unwrap();
            assert_eq!(&*target.url, shown, "{written}");
        }
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
            assert_eq!(targets().get(url).unwrap_err().code, 1020, "{url}");
        }
    }

    #[test]
    fn a_plain_request_shows_its_proxy_the_whole_url() {
        let proxy = "http://me:secret@proxy.test:3128".to_owned();
        let env = [
            ("HTTP_PROXY".to_owned(), proxy.clone()),
            ("HTTPS_PROXY".to_owned(), proxy),
        ];
        let proxies = Proxies::from_env(&env.into()).unwrap();
        let mut targets = Targets::new("brunt/1", proxies);
        let plain = targets.get("http://a.org:81/b?c").unwrap();
        assert_eq!(plain.uri, "http://a.org:81/b?c");
        assert_eq!(plain.headers[PROXY_AUTHORIZATION], "Basic bWU6c2VjcmV0");
        let secure = targets.get("https://a.org/b").unwrap();
        assert_eq!(secure.uri, "/b");
        assert!(!secure.headers.contains_key(PROXY_AUTHORIZATION));
        assert_eq!(secure.origin.proxy, plain.origin.proxy);
        assert_eq!(targets.get("http://localhost/").unwrap().origin.proxy, None);
    }
}
