//! Defines cookies, and the jars that keep them.
//!
//! Every virtual user has a jar: what responses set is sent again by its next requests. It is emptied at the end of each
//! iteration, unless the option `noCookiesReset` says otherwise.

use crate::bindings::brunt::http::client::ReceivedCookie;
use crate::bindings::brunt::http::cookies as wit;
use crate::{Error, Result};

/// A cookie as a response set it. Attributes that were not given are empty, false or none.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Cookie {
    /// The name.
    pub name: String,
    /// The value.
    pub value: String,
    /// The domain, without a leading dot.
    pub domain: String,
    /// The path.
    pub path: String,
    /// Whether it is hidden from scripts.
    pub http_only: bool,
    /// Whether it is sent over TLS only.
    pub secure: bool,
    /// How many seconds it lives.
    pub max_age: Option<i64>,
    /// When it ends, in seconds since 1970.
    pub expires: Option<i64>,
    /// `Strict`, `Lax` or `None`; empty for anything else.
    pub same_site: String,
}

impl From<ReceivedCookie> for Cookie {
    fn from(cookie: ReceivedCookie) -> Self {
        Self {
            name: cookie.name,
            value: cookie.value,
            domain: cookie.domain,
            path: cookie.path,
            http_only: cookie.http_only,
            secure: cookie.secure,
            max_age: cookie.max_age,
            expires: cookie.expires,
            same_site: cookie.same_site,
        }
    }
}

/// A jar of cookies.
///
/// ```no_run
/// # use brunt_sdk::prelude::*;
/// # fn f() -> Result<()> {
/// let jar = CookieJar::of_vu();
/// jar.set("http://127.0.0.1:8080", "theme", "dark", &[("path", "/")])?;
/// let cookies = jar.cookies_for("http://127.0.0.1:8080/cookies")?;
/// # Ok(()) }
/// ```
#[derive(Debug)]
pub struct CookieJar {
    pub(super) inner: wit::CookieJar,
}

impl CookieJar {
    /// An empty jar, for [`Request::jar`](super::Request::jar). It is emptied by nobody but the test.
    #[expect(clippy::new_without_default, reason = "it is a resource of the engine")]
    pub fn new() -> Self {
        Self {
            inner: wit::CookieJar::new(),
        }
    }

    /// The jar of this virtual user.
    pub fn of_vu() -> Self {
        Self {
            inner: wit::CookieJar::vu_jar(),
        }
    }

    /// The cookies that a request to this URL would send, as pairs of a name and a value. Errors: it is no URL.
    pub fn cookies_for(&self, url: impl AsRef<str>) -> Result<Vec<(String, String)>> {
        self.inner.cookies_for(url.as_ref()).map_err(Error::new)
    }

    /// Sets a cookie as a response from this URL would, with attributes such as `("path", "/")`: `domain`, `path`,
    /// `expires`, `max-age`, `secure`, `httponly` and `samesite`. Errors: what of it is wrong.
    pub fn set(
        &self,
        url: impl AsRef<str>,
        name: &str,
        value: impl AsRef<str>,
        attributes: &[(&str, &str)],
    ) -> Result<()> {
        self.inner
            .set(url.as_ref(), name, value.as_ref(), attributes)
            .map_err(Error::new)
    }

    /// Forgets all cookies that a request to this URL would send. Errors: it is no URL.
    pub fn clear(&self, url: impl AsRef<str>) -> Result<()> {
        self.inner.clear(url.as_ref()).map_err(Error::new)
    }

    /// Forgets the cookies of this name that a request to this URL would send. Errors: it is no URL.
    pub fn delete(&self, url: impl AsRef<str>, name: &str) -> Result<()> {
        self.inner.delete(url.as_ref(), name).map_err(Error::new)
    }
}
