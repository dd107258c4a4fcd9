//! Defines where a request goes: a URL taken apart once, and remembered.

use std::cell::OnceCell;
use std::rc::Rc;
use std::sync::Arc;

use http::header::{HOST, PROXY_AUTHORIZATION, USER_AGENT};
use http::uri::{PathAndQuery, Uri};
use http::{HeaderMap, HeaderValue};
use rustc_hash::FxHashMap;

use crate::http::address::Address;
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
    /// What [`Target::absolute_uri`] has made.
    absolute: OnceCell<Uri>,
    /// The URL's userinfo.
    pub(crate) credentials: Option<Box<Credentials>>,
    /// The whole URL as it was written, userinfo masked.
    pub(crate) url: Arc<str>,
    /// The URL itself, for redirects relative to it.
    pub(crate) address: Address,
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
        let user_agent = HeaderValue::from_bytes(user_agent.as_bytes());
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
        let address = Address::parse(url).map_err(|why| invalid(url, why))?;
        let uri = Uri::builder().path_and_query(address.path_and_query());
        let headers = headers(&address.host_header(), user_agent);
        Ok(Self {
            uid,
            origin: Origin {
                secure: address.secure,
                host: address.host().into(),
                port: address.port(),
                proxy: None,
            },
            uri: uri.build().map_err(|error| invalid(url, error))?,
            headers: headers.map_err(|error| invalid(url, error))?,
            opening: OnceCell::new(),
            absolute: OnceCell::new(),
            credentials: address.credentials().map(Box::new),
            url: address.shown().into(),
            address,
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

    /// The URI that HTTP/2 wants: with scheme and authority. Made once.
    pub(crate) fn absolute_uri(&self) -> Result<Uri, http::Error> {
        if let Some(uri) = self.absolute.get() {
            return Ok(uri.clone());
        }
        let uri = Uri::builder()
            .scheme(if self.origin.secure { "https" } else { "http" })
            .authority(self.address.host_header())
            .path_and_query(self.path_and_query())
            .build()?;
        Ok(self.absolute.get_or_init(|| uri).clone())
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
        assert_eq!(target.headers[HOST], "Example.com:8443");
        assert_eq!(
            &*target.url,
            "https://****:****@Example.com:8443/a%20b?x=1#frag"
        );
        let credentials = target.credentials.as_ref().unwrap();
        assert_eq!(credentials.basic(), "Basic dXNlcjpzZWNyZXQ=");
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
