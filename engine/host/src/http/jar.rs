//! Defines a jar of cookies: which are kept, for how long, and which go where (RFC 6265, sections 5.3 and 5.4).

use std::cell::{Cell, RefCell};
use std::net::IpAddr;

use crate::http::address::Address;
use crate::http::cookie::SetCookie;

/// What a cookie takes beside its texts.
const ENTRY_BYTES: usize = 64;

/// A jar that holds at most so many bytes.
#[derive(Debug)]
pub(crate) struct Jar {
    /// In the order they were set; one that is set again keeps its place.
    entries: RefCell<Vec<Entry>>,
    bytes: Cell<usize>,
    limit: usize,
}

/// Why a cookie was not kept, or what keeping it cost.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Trouble {
    /// It is for another domain than the URL's.
    Domain,
    /// The limit was reached: others had to go, or it has no room at all.
    Limit,
}

#[derive(Debug)]
struct Entry {
    name: Box<str>,
    value: Box<str>,
    domain: Box<str>,
    /// Whether hosts below the domain don't get it.
    host_only: bool,
    path: Box<str>,
    secure: bool,
    /// Seconds since 1970.
    expires: Option<i64>,
}

impl Jar {
    /// An empty jar.
    pub(crate) fn new(limit: usize) -> Self {
        Self {
            entries: RefCell::default(),
            bytes: Cell::new(0),
            limit,
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.bytes.get() == 0
    }

    /// Forgets everything.
    pub(crate) fn empty(&self) {
        if !self.is_empty() {
            self.entries.borrow_mut().clear();
            self.bytes.set(0);
        }
    }

    /// Keeps a cookie that a response from this URL set, or forgets one that it expired.
    pub(crate) fn store(&self, url: &Address, cookie: SetCookie, now: i64) -> Result<(), Trouble> {
        let entry = Entry::of(url, cookie, now)?;
        let is_over = entry.has_expired(now);
        let mut entries = self.entries.borrow_mut();
        let place = entries.iter().position(|known| known.is_same(&entry));
        let (old, new) = (
            place.map_or(0, |index| entries[index].bytes()),
            entry.bytes(),
        );
        if !is_over && new > self.limit {
            return Err(Trouble::Limit);
        }
        self.bytes.set(self.bytes.get() - old);
        match place {
            Some(index) if is_over => drop(entries.remove(index)),
            Some(index) => entries[index] = entry,
            None if is_over => {}
            None => entries.push(entry),
        }
        if !is_over {
            self.bytes.set(self.bytes.get() + new);
        }
        self.make_room(&mut entries, now)
    }

    /// The cookies that a request to this URL sends: longer paths first, then those set first.
    pub(crate) fn cookies_for(&self, url: &Address, now: i64) -> Vec<(Box<str>, Box<str>)> {
        let entries = self.entries.borrow();
        let fits = |entry: &&Entry| !entry.has_expired(now) && entry.is_for(url);
        let mut found: Vec<&Entry> = entries.iter().filter(fits).collect();
        found.sort_by_key(|entry| std::cmp::Reverse(entry.path.len()));
        found
            .into_iter()
            .map(|entry| (entry.name.clone(), entry.value.clone()))
            .collect()
    }

    /// Forgets the cookies that a request to this URL would send: those of one name, or all.
    pub(crate) fn forget(&self, url: &Address, name: Option<&str>) {
        self.retain(&mut self.entries.borrow_mut(), |entry| {
            name.is_some_and(|name| *entry.name != *name) || !entry.is_for(url)
        });
    }

    /// Forgets what has expired and then the oldest, until the rest is within the limit.
    fn make_room(&self, entries: &mut Vec<Entry>, now: i64) -> Result<(), Trouble> {
        if self.bytes.get() <= self.limit {
            return Ok(());
        }
        self.retain(entries, |entry| !entry.has_expired(now));
        let mut excess = self.bytes.get().saturating_sub(self.limit);
        if excess == 0 {
            return Ok(());
        }
        self.retain(entries, |entry| {
            let stays = excess == 0;
            excess = excess.saturating_sub(entry.bytes());
            stays
        });
        Err(Trouble::Limit)
    }

    fn retain(&self, entries: &mut Vec<Entry>, mut stays: impl FnMut(&Entry) -> bool) {
        entries.retain(|entry| {
            let stays = stays(entry);
            if !stays {
                self.bytes.set(self.bytes.get() - entry.bytes());
            }
            stays
        });
    }
}

impl Entry {
    fn of(url: &Address, cookie: SetCookie, now: i64) -> Result<Self, Trouble> {
        let host = url.host();
        let is_name = !host.contains(':') && host.parse::<IpAddr>().is_err();
        let is_own = cookie.domain.is_empty() || cookie.domain == host;
        // A domain without a dot is nobody's own.
        let is_above = is_name && is_below(host, &cookie.domain) && cookie.domain.contains('.');
        if !is_own && !is_above {
            return Err(Trouble::Domain);
        }
        let expires = match cookie.max_age {
            Some(seconds) => Some(now.saturating_add(seconds)),
            None => cookie.expires,
        };
        let path = match cookie.path.starts_with('/') {
            true => cookie.path,
            false => default_path(url.path()).to_owned(),
        };
        Ok(Self {
            name: cookie.name.into(),
            value: cookie.value.into(),
            domain: if is_own { host } else { &cookie.domain }.into(),
            host_only: cookie.domain.is_empty() || !is_name,
            path: path.into(),
            secure: cookie.secure,
            expires,
        })
    }

    fn bytes(&self) -> usize {
        ENTRY_BYTES + self.name.len() + self.value.len() + self.domain.len() + self.path.len()
    }

    fn is_same(&self, other: &Self) -> bool {
        self.name == other.name && self.domain == other.domain && self.path == other.path
    }

    fn has_expired(&self, now: i64) -> bool {
        self.expires.is_some_and(|expires| expires <= now)
    }

    fn is_for(&self, url: &Address) -> bool {
        let host = url.host();
        let is_host = *self.domain == *host || (!self.host_only && is_below(host, &self.domain));
        is_host && (!self.secure || url.secure) && is_within(url.path(), &self.path)
    }
}

/// Whether a host is below a domain: `a.example.com` below `example.com`.
pub(crate) fn is_below(host: &str, domain: &str) -> bool {
    host.strip_suffix(domain)
        .is_some_and(|rest| rest.ends_with('.'))
}

fn is_within(path: &str, folder: &str) -> bool {
    path.strip_prefix(folder)
        .is_some_and(|rest| rest.is_empty() || folder.ends_with('/') || rest.starts_with('/'))
}

/// The path without its last part, `/` at least.
fn default_path(path: &str) -> &str {
    match path.rfind('/') {
        None | Some(0) => "/",
        Some(end) => &path[..end],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(text: &str) -> Address {
        Address::parse(text).expect("a URL")
    }

    fn jar_with(cookies: &[(&str, &str)]) -> Jar {
        let jar = Jar::new(1 << 20);
        for (from, cookie) in cookies {
            let cookie = SetCookie::parse(cookie).expect("a cookie");
            jar.store(&url(from), cookie, 0).expect("it is kept");
        }
        jar
    }

    #[track_caller]
    fn check(jar: &Jar, to: &str, expected: &str) {
        let cookies = jar.cookies_for(&url(to), 0);
        let pairs: Vec<_> = cookies
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        assert_eq!(pairs.join("; "), expected, "{to}");
    }

    #[test]
    fn cookies_go_where_they_belong() {
        let jar = jar_with(&[
            ("http://a.example.com/x/y", "own=1"),
            ("http://a.example.com/", "all=2; Domain=example.com; Path=/"),
            ("https://a.example.com/", "tls=3; Secure"),
            ("http://127.0.0.1/", "ip=4; Domain=127.0.0.1"),
        ]);
        check(&jar, "http://a.example.com/x/z", "own=1; all=2");
        check(&jar, "http://a.example.com/xx", "all=2");
        check(&jar, "https://a.example.com/", "all=2; tls=3");
        check(&jar, "http://b.example.com/x/", "all=2");
        check(&jar, "http://badexample.com/x/", "");
        check(&jar, "http://127.0.0.1:8080/", "ip=4");
    }

    #[test]
    fn a_cookie_for_others_is_refused() {
        let jar = Jar::new(1000);
        for (from, domain) in [
            ("http://example.com/", "other.com"),
            ("http://example.com/", "com"),
            ("http://example.com/", "a.example.com"),
            ("http://127.0.0.1/", "0.0.1"),
        ] {
            let cookie = SetCookie::parse(&format!("a=1; Domain={domain}")).unwrap();
            assert_eq!(
                jar.store(&url(from), cookie, 0),
                Err(Trouble::Domain),
                "{domain}"
            );
        }
        assert!(jar.is_empty());
    }

    #[test]
    fn longer_paths_come_first_and_a_new_value_keeps_its_place() {
        let jar = jar_with(&[
            ("http://h/", "a=1"),
            ("http://h/", "b=2"),
            ("http://h/", "c=3; Path=/deep"),
            ("http://h/", "a=4"),
        ]);
        check(&jar, "http://h/deep/er", "c=3; a=4; b=2");
    }

    #[test]
    fn what_expires_is_forgotten() {
        let jar = jar_with(&[("http://h/", "a=1; Max-Age=10"), ("http://h/", "b=2")]);
        assert_eq!(jar.cookies_for(&url("http://h/"), 10).len(), 1);
        let over = SetCookie::parse("b=; Max-Age=0; Expires=Fri, 01 Jan 2100 00:00:00 GMT");
        jar.store(&url("http://h/"), over.unwrap(), 0).unwrap();
        check(&jar, "http://h/", "a=1");
        jar.forget(&url("http://h/"), Some("a"));
        assert!(jar.is_empty());
    }

    #[test]
    fn beyond_the_limit_the_oldest_go() {
        let jar = Jar::new(3 * (ENTRY_BYTES + 4));
        let set = |name: &str| {
            let cookie = SetCookie::parse(&format!("{name}=1")).unwrap();
            jar.store(&url("http://h/"), cookie, 0)
        };
        assert_eq!((set("a"), set("b"), set("c")), (Ok(()), Ok(()), Ok(())));
        assert_eq!(set("d"), Err(Trouble::Limit));
        check(&jar, "http://h/", "b=1; c=1; d=1");
        assert_eq!(set(&"x".repeat(1000)), Err(Trouble::Limit));
        check(&jar, "http://h/", "b=1; c=1; d=1");
        jar.empty();
        assert!(jar.is_empty());
    }
}
