//! Defines the URLs of requests: read, resolved and sent by the rules of Go's `net/url`, on which k6 stands.
//!
//! Nothing is normalised on the way: `/a/../b` and `%7e` are sent as they are written. Only what no URL may have is encoded.

mod authority;
mod escaping;
mod path;

use std::fmt;

use crate::http::auth::Credentials;
pub(crate) use authority::Authority;

/// A URL of `http` or `https`, taken apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Address {
    pub(crate) secure: bool,
    authority: Authority,
    /// As it is sent, but that it may be empty.
    path: String,
    query: Option<String>,
    fragment: Option<String>,
}

impl Address {
    /// Takes a URL apart.
    ///
    /// # Errors
    /// What is wrong with it.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        if text.contains(|c: char| c.is_ascii_control()) {
            return Err("it has a control character".to_owned());
        }
        let (scheme, rest) = scheme(text)?.ok_or("it has no scheme, use http or https")?;
        let secure = match scheme.to_ascii_lowercase().as_str() {
            "http" => false,
            "https" => true,
            _ => return Err(format!("unsupported scheme {scheme:?}, use http or https")),
        };
        let rest = rest.strip_prefix("//").ok_or("it has no host")?;
        let (authority, rest) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
        let Relative {
            path,
            query,
            fragment,
        } = Relative::parse(rest)?;
        Ok(Self {
            secure,
            authority: Authority::parse(authority)?,
            path,
            query,
            fragment,
        })
    }

    /// The URL that this reference means on a page at this URL (RFC 3986, section 5.2).
    ///
    /// # Errors
    /// What is wrong with the reference.
    pub(crate) fn join(&self, reference: &str) -> Result<Self, String> {
        if reference.contains(|c: char| c.is_ascii_control()) {
            return Err("it has a control character".to_owned());
        }
        let absolute = match scheme(reference)? {
            Some(_) => Some(Self::parse(reference)?),
            None if reference.starts_with("//") => {
                Some(Self::parse(&format!("{}:{reference}", self.scheme()))?)
            }
            None => None,
        };
        if let Some(mut absolute) = absolute {
            absolute.path = path::without_dots(&absolute.path);
            return Ok(absolute);
        }
        let first = reference.split(['/', '?', '#']).next();
        if first.is_some_and(|first| first.contains(':')) {
            return Err("its first part has a colon".to_owned());
        }
        let mut joined = self.clone();
        let relative = Relative::parse(reference)?;
        match (relative.path.as_str(), &relative.query) {
            ("", None) => joined.fragment = relative.fragment.or(joined.fragment),
            ("", Some(_)) => (joined.query, joined.fragment) = (relative.query, relative.fragment),
            (path, _) => {
                joined.path = path::without_dots(&path::beside(&self.path, path));
                (joined.query, joined.fragment) = (relative.query, relative.fragment);
            }
        }
        Ok(joined)
    }

    /// The host as connections are made to it: in lower case, IDNs in Punycode, IPv6 without brackets.
    pub(crate) fn host(&self) -> &str {
        self.authority.host()
    }

    /// The port, or the scheme's own.
    pub(crate) fn port(&self) -> u16 {
        self.authority
            .port()
            .unwrap_or(if self.secure { 443 } else { 80 })
    }

    /// The header `host`: as it was written, IDNs in Punycode, IPv6 without a zone.
    pub(crate) fn host_header(&self) -> String {
        self.authority.header()
    }

    /// The path as it is sent.
    pub(crate) fn path(&self) -> &str {
        match self.path.as_str() {
            "" => "/",
            path => path,
        }
    }

    /// Path and query as they are sent.
    ///
    /// A query is sent as it was written, but for the four characters that would end it: space, `"`, `<` and `>` are encoded.
    pub(crate) fn path_and_query(&self) -> String {
        match &self.query {
            None => self.path().to_owned(),
            Some(query) => format!("{}?{}", self.path(), escaping::query(query)),
        }
    }

    /// Who asks, if it says so.
    pub(crate) fn credentials(&self) -> Option<Credentials> {
        self.authority.credentials()
    }

    /// As tags, logs and responses show it: credentials masked, the path as it is sent.
    pub(crate) fn shown(&self) -> String {
        self.written(self.authority.masked(), self.fragment.as_deref())
    }

    /// As the next hop of a redirect names it: without credentials and fragment.
    pub(crate) fn referer(&self) -> String {
        self.written(self.authority.written(), None)
    }

    fn scheme(&self) -> &'static str {
        if self.secure { "https" } else { "http" }
    }

    fn written(&self, authority: impl fmt::Display, fragment: Option<&str>) -> String {
        let mut text = format!("{}://{authority}{}", self.scheme(), self.path);
        for (mark, part) in [('?', self.query.as_deref()), ('#', fragment)] {
            if let Some(part) = part {
                text.push(mark);
                text.push_str(part);
            }
        }
        text
    }
}

/// The whole URL, credentials and all: not to be shown.
impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let authority = self.authority.with_credentials();
        f.write_str(&self.written(authority, self.fragment.as_deref()))
    }
}

/// What follows the authority.
struct Relative {
    path: String,
    query: Option<String>,
    fragment: Option<String>,
}

impl Relative {
    fn parse(text: &str) -> Result<Self, String> {
        let (text, fragment) = parted(text, '#');
        let (path, query) = parted(text, '?');
        fragment.map_or(Ok(()), escaping::check)?;
        Ok(Self {
            path: escaping::path(path)?,
            query: query.map(str::to_owned),
            fragment: fragment.map(str::to_owned),
        })
    }
}

fn parted(text: &str, mark: char) -> (&str, Option<&str>) {
    match text.split_once(mark) {
        Some((before, after)) => (before, Some(after)),
        None => (text, None),
    }
}

/// Parts a scheme from what follows its colon; none when the text does not begin with one.
fn scheme(text: &str) -> Result<Option<(&str, &str)>, String> {
    let is_part = |c: char| c.is_ascii_alphanumeric() || "+-.".contains(c);
    match text.split_once(':') {
        Some(("", _)) => Err("it has no scheme, use http or https".to_owned()),
        Some((scheme, rest))
            if scheme.starts_with(|c: char| c.is_ascii_alphabetic())
                && scheme.chars().all(is_part) =>
        {
            Ok(Some((scheme, rest)))
        }
        _ => Ok(None),
    }
}

#[cfg(test)]
mod tests;
