//! Defines how modules of `https://` addresses are fetched: as the operator lets tests connect, from mirrors where there are any.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use brunt_host::{Fetcher, Level, LogSink, Page, RunSettings};
use brunt_script::{Fetch, Fetched, Remote};

use crate::options::Options;

/// Redirects that are followed for one module.
const REDIRECTS: usize = 10;

/// Where a script's remote modules come from; what is fetched is kept below `cache`.
pub(crate) fn remote(
    granted: &Options,
    settings: RunSettings,
    cache: Option<&Path>,
    log: Arc<dyn LogSink>,
) -> Remote {
    let network = Network {
        settings,
        fetcher: OnceLock::new(),
        mirrors: Mirrors(granted.module_mirrors.clone()),
        time: granted.limits.module_time,
        log,
    };
    let folder = cache.map(|folder| folder.join("modules"));
    Remote::new(folder, Box::new(network), granted.reload_modules)
}

struct Network {
    settings: RunSettings,
    /// Made when the first module is fetched: few scripts have any.
    fetcher: OnceLock<Result<Fetcher, String>>,
    mirrors: Mirrors,
    time: Duration,
    log: Arc<dyn LogSink>,
}

impl Fetch for Network {
    fn fetch(&self, url: &str) -> Result<Fetched, String> {
        let fetcher = self
            .fetcher
            .get_or_init(|| Fetcher::new(self.settings.clone()).map_err(|error| error.to_string()));
        let fetcher = fetcher.as_ref().map_err(Clone::clone)?;
        let began = Instant::now();
        let mut at = self.mirrors.mirrored(url);
        for _ in 0..=REDIRECTS {
            let left = self.time.saturating_sub(began.elapsed());
            self.log
                .log(Level::Debug, "brunt", &format!("fetching {at}"));
            let page = fetcher
                .get(&at, left)
                .map_err(|why| self.limited(&at, url, &why))?;
            match redirect(&page, &at)? {
                Some(next) => at = next,
                None => return self.fetched(page, &at, url),
            }
        }
        Err(format!("there are more than {REDIRECTS} redirects"))
    }
}

impl Network {
    fn fetched(&self, page: Page, at: &str, url: &str) -> Result<Fetched, String> {
        let (status, reason) = page.status;
        if !(200..300).contains(&status) {
            return Err(format!("{} answers {status} {reason}", shown(at, url)));
        }
        let text = String::from_utf8(page.body)
            .map_err(|_| format!("what {} answers is not UTF-8", shown(at, url)))?;
        Ok(Fetched {
            from: self.mirrors.original(at),
            text,
        })
    }

    /// The limits of modules have names of their own.
    fn limited(&self, at: &str, url: &str, why: &str) -> String {
        let why = why.replace("limit responseBody", "limit moduleSize");
        let whose = if at == url {
            String::new()
        } else {
            format!("{at}: ")
        };
        match why.contains("timeout") {
            true => format!("{whose}{why} (limit moduleTime is {:?})", self.time),
            false => format!("{whose}{why}"),
        }
    }
}

fn shown(at: &str, url: &str) -> String {
    let server = "the server".to_owned();
    if at == url { server } else { at.to_owned() }
}

/// Where a response leads, if it is a redirect.
fn redirect(page: &Page, at: &str) -> Result<Option<String>, String> {
    let (301 | 302 | 303 | 307 | 308, Some(location)) = (page.status.0, &page.location) else {
        return Ok(None);
    };
    let next = brunt_script::joined(location, at);
    next.map(Some)
        .map_err(|why| format!("{at} redirects to {location:?}: {why}"))
}

/// Starts of addresses, and what they are fetched from instead.
struct Mirrors(BTreeMap<String, String>);

impl Mirrors {
    /// Where this address is fetched from: the longest start counts.
    fn mirrored(&self, url: &str) -> String {
        replaced(url, self.0.iter())
    }

    /// The address that is fetched from there.
    fn original(&self, at: &str) -> String {
        let pairs = self.0.iter().map(|(from, to)| (to, from));
        replaced(at, pairs)
    }
}

fn replaced<'a>(url: &str, pairs: impl Iterator<Item = (&'a String, &'a String)>) -> String {
    let fitting = pairs.filter(|(from, _)| url.starts_with(from.as_str()));
    match fitting.max_by_key(|(from, _)| from.len()) {
        Some((from, to)) => format!("{to}{}", &url[from.len()..]),
        None => url.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_start_says_where_a_module_is_fetched_from() {
        let pairs = [
            ("https://a.org/", "https://m.org/a/"),
            ("https://a.org/lib/", "https://m.org/lib/"),
        ];
        let pairs = pairs.map(|(from, to)| (from.to_owned(), to.to_owned()));
        let mirrors = Mirrors(pairs.into_iter().collect());
        for (url, at) in [
            ("https://a.org/x.js", "https://m.org/a/x.js"),
            ("https://a.org/lib/x.js", "https://m.org/lib/x.js"),
            ("https://b.org/x.js", "https://b.org/x.js"),
        ] {
            assert_eq!(mirrors.mirrored(url), at);
            assert_eq!(mirrors.original(at), url);
        }
    }

    #[test]
    fn redirects_lead_to_https_alone() {
        let page = |status, location: &str| Page {
            status: (status, ""),
            location: Some(location.to_owned()),
            body: Vec::new(),
        };
        let at = "https://a.org/lib/x.js";
        let next = redirect(&page(302, "../y.js"), at);
        assert_eq!(next, Ok(Some("https://a.org/y.js".to_owned())));
        assert_eq!(redirect(&page(200, "../y.js"), at), Ok(None));
        let error = redirect(&page(301, "http://a.org/y.js"), at).expect_err("http");
        assert!(
            error.contains("https://a.org/lib/x.js redirects to"),
            "{error}"
        );
        assert!(error.contains("only https:// addresses"), "{error}");
        assert!(redirect(&page(301, "file:///etc/passwd"), at).is_err());
    }
}
