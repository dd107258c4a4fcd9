//! Defines which cookies a hop sends, and which of those that a response sets are kept.

use http::HeaderValue;
use http::header::COOKIE;

use crate::http::client::Client;
use crate::http::cookie;
use crate::http::failure::RequestFailure;
use crate::http::hop::Hop;
use crate::http::jar::{Jar, Trouble};
use crate::http::message::{Request, Response};

impl Client {
    /// All cookies of a hop in one header: those of the request's own header, those set by hand, those of the jar.
    pub(crate) fn cookies(
        &self,
        request: &Request,
        hop: &Hop,
    ) -> Result<Option<HeaderValue>, RequestFailure> {
        let jar = self.jar_of(request);
        let own = match &request.rare {
            Some(rare) if hop.trusted => rare.cookies.as_slice(),
            _ => &[],
        };
        if own.is_empty() && jar.is_empty() {
            return Ok(None);
        }
        let wrong = |message| RequestFailure::new(1000, message);
        let given = hop.headers.get_all(COOKIE).iter();
        let mut pairs: Vec<Vec<u8>> = given.map(|value| value.as_bytes().to_vec()).collect();
        for cookie in own {
            cookie::check_name(&cookie.name).map_err(wrong)?;
            let value = cookie::written(&cookie.name, &cookie.value).map_err(wrong)?;
            pairs.push(format!("{}={value}", cookie.name).into_bytes());
        }
        let is_replaced = |name: &str| own.iter().any(|own| own.replaces && own.name == name);
        for (name, value) in jar.cookies_for(&hop.target.address, self.unix_seconds()) {
            if !is_replaced(&name) {
                pairs.push(format!("{name}={value}").into_bytes());
            }
        }
        if pairs.is_empty() {
            return Ok(None);
        }
        let value = HeaderValue::from_bytes(&pairs.join(&b"; "[..]));
        value
            .map(Some)
            .map_err(|_| wrong("cookies that no header can carry".to_owned()))
    }

    /// Puts the cookies that a response set into the jar.
    pub(crate) fn keep_cookies(&self, request: &Request, hop: &Hop, response: &Response) {
        if !response.head.headers.notable.set_cookie {
            return;
        }
        let (jar, now) = (self.jar_of(request), self.unix_seconds());
        for cookie in response.set_cookies() {
            // One for another domain is ignored, as browsers do.
            if jar.store(&hop.target.address, cookie, now) == Err(Trouble::Limit) {
                self.warn_of_cookies();
            }
        }
    }

    fn jar_of<'a>(&'a self, request: &'a Request) -> &'a Jar {
        let own = request.rare.as_ref().and_then(|rare| rare.jar.as_ref());
        own.map_or(&self.jar, |jar| jar)
    }

    pub(crate) fn warn_of_cookies(&self) {
        let limit = self.worker.run.settings.limits.cookies;
        let message = format!(
            "limit cookies reached: a jar has room for {limit} bytes, older cookies are forgotten"
        );
        self.worker.run.warn_once("cookies", &message);
    }
}
