//! Defines which requests go through which proxy: what the operator's environment says, read as k6 reads it.

use std::collections::BTreeMap;
use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;

use ipnet::IpNet;
use url::Url;

/// The proxies of a run, from `HTTP_PROXY`, `HTTPS_PROXY` and `NO_PROXY`.
///
/// `localhost` and loopback addresses are never reached through a proxy.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Proxies {
    http: Option<Arc<Proxy>>,
    https: Option<Arc<Proxy>>,
    except: Vec<Exception>,
}

/// A proxy.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(crate) struct Proxy {
    pub(crate) kind: ProxyKind,
    pub(crate) host: Arc<str>,
    pub(crate) port: u16,
    pub(crate) credentials: Option<Credentials>,
}

/// How a proxy is spoken to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum ProxyKind {
    Http,
    /// HTTP over TLS.
    Https,
    Socks5,
}

/// Who uses a proxy.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(crate) struct Credentials {
    pub(crate) user: String,
    pub(crate) password: String,
}

/// A variable whose text is no proxy. The text is not shown: there may be a password in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProxyError {
    /// The variable.
    pub variable: &'static str,
    /// What is wrong with it.
    pub why: String,
}

/// An entry of `NO_PROXY`.
#[derive(Debug, Clone, PartialEq)]
enum Exception {
    Everything,
    Range(IpNet),
    Address(IpAddr, Option<u16>),
    Domain {
        /// With a dot in front.
        suffix: String,
        /// Whether the domain itself is meant too, and not only what is below it.
        itself: bool,
        port: Option<u16>,
    },
}

impl Proxies {
    /// Reads the variables, each in upper case or else in lower case.
    ///
    /// # Errors
    /// A variable that names no proxy, or one of a kind that is not spoken here.
    pub fn from_env(env: &BTreeMap<String, String>) -> Result<Self, ProxyError> {
        let value = |names: [&'static str; 2]| {
            let set = |name: &'static str| Some((name, env.get(name)?.trim()));
            let given = names.into_iter().find_map(set);
            given.filter(|(_, text)| !text.is_empty())
        };
        let proxy = |names| match value(names) {
            Some((variable, text)) => Proxy::parse(text)
                .map(|proxy| Some(Arc::new(proxy)))
                .map_err(|why| ProxyError { variable, why }),
            None => Ok(None),
        };
        let except = value(["NO_PROXY", "no_proxy"]).map_or("", |(_, text)| text);
        Ok(Self {
            http: proxy(["HTTP_PROXY", "http_proxy"])?,
            https: proxy(["HTTPS_PROXY", "https_proxy"])?,
            except: except.split(',').filter_map(Exception::parse).collect(),
        })
    }

    /// The proxy of requests to this host and port, if they have one.
    pub(crate) fn of(&self, secure: bool, host: &str, port: u16) -> Option<Arc<Proxy>> {
        let proxy = if secure { &self.https } else { &self.http };
        let proxy = proxy.as_ref()?;
        let host = host.to_ascii_lowercase();
        let address = host.parse::<IpAddr>().ok();
        if host == "localhost" || address.is_some_and(|address| address.is_loopback()) {
            return None;
        }
        let excepted = |exception: &Exception| exception.covers(&host, address, port);
        (!self.except.iter().any(excepted)).then(|| proxy.clone())
    }
}

impl Proxy {
    /// Whether it passes plain requests on, and so has to know the whole URL, instead of making a tunnel.
    pub(crate) fn passes_on(&self, secure: bool) -> bool {
        !secure && self.kind != ProxyKind::Socks5
    }

    fn parse(text: &str) -> Result<Self, String> {
        let with_scheme = match text.contains("://") {
            true => text.to_owned(),
            false => format!("http://{text}"),
        };
        let url = Url::parse(&with_scheme).map_err(|error| error.to_string())?;
        let (kind, port) = match url.scheme() {
            "http" => (ProxyKind::Http, 80),
            "https" => (ProxyKind::Https, 443),
            "socks5" | "socks5h" => (ProxyKind::Socks5, 1080),
            scheme => return Err(format!("{scheme:?} proxies are not supported")),
        };
        let host = url.host_str().filter(|host| !host.is_empty());
        let host = host.ok_or("it has no host")?;
        let host = host.trim_start_matches('[').trim_end_matches(']');
        Ok(Self {
            kind,
            host: host.into(),
            port: url.port().unwrap_or(port),
            credentials: credentials(&url),
        })
    }
}

fn credentials(url: &Url) -> Option<Credentials> {
    let decode = |text: &str| {
        percent_encoding::percent_decode_str(text)
            .decode_utf8_lossy()
            .into_owned()
    };
    (!url.username().is_empty()).then(|| Credentials {
        user: decode(url.username()),
        password: decode(url.password().unwrap_or_default()),
    })
}

impl Exception {
    /// Entries that are none are left out, as everywhere else where this variable is read.
    fn parse(entry: &str) -> Option<Self> {
        let entry = entry.trim().to_ascii_lowercase();
        if entry == "*" {
            return Some(Self::Everything);
        }
        if let Ok(range) = entry.parse() {
            return Some(Self::Range(range));
        }
        let (host, port) = host_and_port(&entry)?;
        if let Ok(address) = host.parse() {
            return Some(Self::Address(address, port));
        }
        // `*.example.com` is an old way to write `.example.com`.
        let host = match host.strip_prefix("*.") {
            Some(below) => format!(".{below}"),
            None => host.to_owned(),
        };
        let itself = !host.starts_with('.');
        let suffix = if itself { format!(".{host}") } else { host };
        Some(Self::Domain {
            suffix,
            itself,
            port,
        })
    }

    fn covers(&self, host: &str, address: Option<IpAddr>, port: u16) -> bool {
        let on_port = |wanted: &Option<u16>| wanted.is_none_or(|wanted| wanted == port);
        match self {
            Self::Everything => true,
            Self::Range(range) => address.is_some_and(|address| range.contains(&address)),
            Self::Address(known, wanted) => address == Some(*known) && on_port(wanted),
            Self::Domain {
                suffix,
                itself,
                port,
            } => {
                let below = host.ends_with(suffix.as_str());
                (below || (*itself && suffix[1..] == *host)) && on_port(port)
            }
        }
    }
}

/// `host`, `host:port`, `[::1]:port` or `::1`.
fn host_and_port(entry: &str) -> Option<(&str, Option<u16>)> {
    if entry.parse::<IpAddr>().is_ok() {
        return Some((entry, None));
    }
    let (host, port) = match entry.rsplit_once(':') {
        Some((host, port)) => (host, Some(port.parse().ok()?)),
        None => (entry, None),
    };
    let host = host.trim_start_matches('[').trim_end_matches(']');
    (!host.is_empty()).then_some((host, port))
}

impl fmt::Display for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = match self.kind {
            ProxyKind::Http => "http",
            ProxyKind::Https => "https",
            ProxyKind::Socks5 => "socks5",
        };
        match self.host.contains(':') {
            true => write!(f, "{scheme}://[{}]:{}", self.host, self.port),
            false => write!(f, "{scheme}://{}:{}", self.host, self.port),
        }
    }
}

/// Never with the credentials.
impl fmt::Debug for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Display for ProxyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} is not the address of a proxy: {}",
            self.variable, self.why
        )
    }
}

impl std::error::Error for ProxyError {}

#[cfg(test)]
mod tests {
    use super::*;

    fn proxies(pairs: &[(&str, &str)]) -> Result<Proxies, ProxyError> {
        let env = pairs.iter();
        Proxies::from_env(
            &env.map(|(name, text)| ((*name).into(), (*text).into()))
                .collect(),
        )
    }

    #[test]
    fn the_scheme_of_the_url_chooses_the_proxy() {
        let all = proxies(&[
            ("HTTP_PROXY", "proxy.test:3128"),
            ("http_proxy", "http://other.test"),
            ("https_proxy", "http://me:p%40ss@secure.test"),
        ])
        .unwrap();
        let plain = all.of(false, "a.org", 80).unwrap();
        assert_eq!(plain.to_string(), "http://proxy.test:3128");
        let secure = all.of(true, "a.org", 443).unwrap();
        assert_eq!(format!("{secure:?}"), "http://secure.test:80");
        assert_eq!(secure.credentials.as_ref().unwrap().password, "p@ss");
        assert_eq!(proxies(&[]).unwrap().of(false, "a.org", 80), None);
        let tls = proxies(&[("HTTPS_PROXY", "https://secure.test")]).unwrap();
        let tls = tls.of(true, "a.org", 443).unwrap();
        assert_eq!(tls.to_string(), "https://secure.test:443");
        let socks = proxies(&[("HTTP_PROXY", "socks5://[fd::1]")]).unwrap();
        let socks = socks.of(false, "a.org", 80).unwrap();
        assert_eq!(socks.to_string(), "socks5://[fd::1]:1080");
    }

    #[test]
    fn exceptions_are_read_as_k6_reads_them() {
        let cases = [
            ("", "localhost", 80, false),
            ("", "127.0.0.9", 80, false),
            ("", "::1", 80, false),
            ("*", "a.org", 80, false),
            ("a.org", "a.org", 80, false),
            ("A.org", "www.a.ORG", 80, false),
            ("a.org", "ba.org", 80, true),
            (".a.org", "a.org", 80, true),
            (".a.org", "www.a.org", 80, false),
            ("*.a.org", "a.org", 80, true),
            ("*.a.org", "www.a.org", 80, false),
            ("a.org:81", "a.org", 80, true),
            ("b.org, a.org:80", "a.org", 80, false),
            ("10.0.0.0/8", "10.1.2.3", 80, false),
            ("10.0.0.0/8", "11.1.2.3", 80, true),
            ("10.0.0.1:80", "10.0.0.1", 81, true),
            ("10.0.0.1", "10.0.0.1", 81, false),
            ("fd::1", "fd::1", 80, false),
            ("[fd::1]:80", "fd::1", 80, false),
            (",:80, ,", "a.org", 80, true),
        ];
        for (except, host, port, proxied) in cases {
            let all = proxies(&[("HTTP_PROXY", "p.test"), ("NO_PROXY", except)]).unwrap();
            let through = all.of(false, host, port).is_some();
            assert_eq!(through, proxied, "{except:?} {host}:{port}");
        }
    }

    #[test]
    fn what_is_no_proxy_is_refused_without_its_password() {
        for text in ["ftp://me:secret@p.test", "http://me:secret@"] {
            let error = proxies(&[("HTTPS_PROXY", text)]).unwrap_err();
            assert_eq!(error.variable, "HTTPS_PROXY");
            assert!(!error.to_string().contains("secret"), "{error}");
        }
    }
}
