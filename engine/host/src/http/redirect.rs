//! Defines redirects: which responses are followed, and what the next hop is. The rules are those of k6, which are Go's.

use bytes::Bytes;
use http::header::{
    AUTHORIZATION, CONTENT_ENCODING, CONTENT_LANGUAGE, CONTENT_LENGTH, CONTENT_LOCATION,
    CONTENT_TYPE, COOKIE, HOST, HeaderName, LOCATION, PROXY_AUTHENTICATE, PROXY_AUTHORIZATION,
    REFERER, WWW_AUTHENTICATE,
};
use http::{HeaderMap, HeaderValue, Method, StatusCode};

use crate::http::client::Client;
use crate::http::failure::RequestFailure;
use crate::http::hop::Hop;
use crate::http::jar;
use crate::http::message::{Request, Response};
use crate::http::target::Target;

/// Headers that a host is not told which is neither the first one nor below it.
const SECRETS: [HeaderName; 5] = [
    AUTHORIZATION,
    WWW_AUTHENTICATE,
    COOKIE,
    PROXY_AUTHORIZATION,
    PROXY_AUTHENTICATE,
];

/// Headers that go when the body goes.
const ABOUT_THE_BODY: [HeaderName; 5] = [
    CONTENT_ENCODING,
    CONTENT_LANGUAGE,
    CONTENT_LENGTH,
    CONTENT_LOCATION,
    CONTENT_TYPE,
];

/// What becomes of method and body in a redirect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Change {
    Get,
    Nothing,
}

/// Where a response redirects to, when it does.
pub(crate) struct Redirect {
    change: Change,
    location: String,
}

impl Redirect {
    /// The redirect that this response is. One without a location is none.
    pub(crate) fn of(response: &Response) -> Option<Self> {
        let head = &response.head;
        let change = change_of(head.status)?;
        let location = *head.headers.values(LOCATION.as_str()).first()?;
        let location = String::from_utf8_lossy(location).into_owned();
        (!location.is_empty()).then_some(Self { change, location })
    }
}

/// Whether a response with this status is a redirect, if it has a location.
pub(crate) fn leads_on(status: StatusCode) -> bool {
    change_of(status).is_some()
}

impl Client {
    /// The hop after this one.
    pub(crate) fn follow(
        &self,
        request: &Request,
        hop: &Hop,
        redirect: &Redirect,
    ) -> Result<Hop, RequestFailure> {
        let location = &redirect.location;
        let from = &hop.target;
        let address = from.address.join(location).map_err(|why| {
            let message = format!("invalid URL {location:?} in a redirect: {why}");
            RequestFailure::new(1020, message)
        })?;
        let target = self.target(&address.to_string())?;
        let mut headers = hop.headers.clone();
        // A host that the request names itself stands for the one in its URL, not for one that a redirect names.
        if names_a_host(location) {
            headers.remove(HOST);
        }
        let trusted = hop.trusted && self.is_trusted(request, &target);
        if !trusted {
            forget(&mut headers, &SECRETS);
        }
        if !request.has_header(&REFERER) {
            set_referer(&mut headers, from, &target);
        }
        let mut upload = None;
        let (method, body) = match redirect.change {
            Change::Nothing => {
                upload.clone_from(&hop.upload);
                (hop.method.clone(), hop.body.clone())
            }
            Change::Get => {
                forget(&mut headers, &ABOUT_THE_BODY);
                (without_body(&hop.method), Bytes::new())
            }
        };
        let mut next = Hop {
            method,
            headers,
            body,
            upload,
            trusted,
            version: hop.version,
            ..Hop::new(target, hop.policy)
        };
        self.dress(request, &mut next)?;
        Ok(next)
    }

    /// Whether a target is the first host of a request, or below it.
    fn is_trusted(&self, request: &Request, target: &Target) -> bool {
        self.target(&request.url).is_ok_and(|first| {
            let (first, host) = (&first.origin.host, &target.origin.host);
            first == host || (!host.contains(':') && jar::is_below(host, first))
        })
    }
}

fn names_a_host(location: &str) -> bool {
    let path = location.find(['/', '?', '#']).unwrap_or(location.len());
    location.starts_with("//") || location[..path].contains(':')
}

fn change_of(status: StatusCode) -> Option<Change> {
    match status.as_u16() {
        301..=303 => Some(Change::Get),
        307 | 308 => Some(Change::Nothing),
        _ => None,
    }
}

fn without_body(method: &Method) -> Method {
    match *method {
        Method::HEAD => Method::HEAD,
        _ => Method::GET,
    }
}

fn forget(headers: &mut HeaderMap, names: &[HeaderName]) {
    for name in names {
        headers.remove(name);
    }
}

/// Says where the redirect came from, unless that was said under TLS and this is not.
fn set_referer(headers: &mut HeaderMap, from: &Target, to: &Target) {
    headers.remove(REFERER);
    if from.origin.secure && !to.origin.secure {
        return;
    }
    if let Ok(value) = HeaderValue::from_str(&from.address.referer()) {
        headers.insert(REFERER, value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn methods_change_as_in_go() {
        let change = |status| change_of(StatusCode::from_u16(status).unwrap());
        for status in [301, 302, 303] {
            assert_eq!(change(status), Some(Change::Get));
        }
        for status in [307, 308] {
            assert_eq!(change(status), Some(Change::Nothing));
        }
        for status in [200, 300, 304, 305, 306, 401] {
            assert_eq!(change(status), None);
        }
        assert_eq!(without_body(&Method::HEAD), Method::HEAD);
        assert_eq!(without_body(&Method::DELETE), Method::GET);
    }
}
