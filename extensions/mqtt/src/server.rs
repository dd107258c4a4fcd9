//! Defines servers as URLs name them.

use std::fmt;

use crate::error::Error;

/// Where a server listens, and how it is spoken to.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Server {
    /// A name or an address, without brackets.
    pub host: String,
    /// 1883 where none is said, 8883 with TLS.
    pub port: u16,
    /// Whether TLS is spoken.
    pub tls: bool,
}

impl Server {
    /// The server that a URL names, and the user and password in it: `mqtt://`, `tcp://` or nothing in front without TLS, `mqtts://`,
    /// `ssl://` or `tls://` with it.
    ///
    /// # Errors
    /// When it is another scheme (WebSocket among them), has no host or a wrong port.
    pub fn parse(url: &str) -> Result<(Self, Option<Login>), Error> {
        let wrong = |why: &str| Error::options(format!("MQTT server {:?}: {why}", hidden(url)));
        let (scheme, rest) = url.split_once("://").unwrap_or(("mqtt", url));
        let tls = match scheme.to_ascii_lowercase().as_str() {
            "mqtt" | "tcp" => false,
            "mqtts" | "ssl" | "tls" => true,
            "ws" | "wss" => {
                return Err(wrong(
                    "MQTT over WebSocket is not supported\nhint: mqtt:// or mqtts:// with the port of the server's plain listener",
                ));
            }
            _ => {
                return Err(wrong(
                    "unknown scheme\nhint: mqtt://, tcp://, mqtts://, ssl:// or tls://",
                ));
            }
        };
        let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
        let (login, place) = match authority.rsplit_once('@') {
            Some((login, place)) => (Some(Login::parse(login)), place),
            None => (None, authority),
        };
        let (host, port) = split_port(place).ok_or_else(|| wrong("the port is no number"))?;
        if host.is_empty() {
            return Err(wrong("it has no host\nhint: mqtt://HOST:PORT"));
        }
        let port = port.unwrap_or(if tls { 8883 } else { 1883 });
        let host = host.to_owned();
        Ok((Self { host, port, tls }, login))
    }
}

impl fmt::Display for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = if self.tls { "mqtts" } else { "mqtt" };
        match self.host.contains(':') {
            true => write!(f, "{scheme}://[{}]:{}", self.host, self.port),
            false => write!(f, "{scheme}://{}:{}", self.host, self.port),
        }
    }
}

/// User and password, as a URL has them.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Login {
    /// The user's name.
    pub user: String,
    /// The password, where there is one.
    pub password: Option<String>,
}

impl Login {
    fn parse(text: &str) -> Self {
        let (user, password) = match text.split_once(':') {
            Some((user, password)) => (user, Some(decoded(password))),
            None => (text, None),
        };
        let user = decoded(user);
        Self { user, password }
    }
}

/// Host and port: none outside when the port is no number, none inside when there is none.
fn split_port(place: &str) -> Option<(&str, Option<u16>)> {
    if let Some(rest) = place.strip_prefix('[') {
        let (host, rest) = rest.split_once(']')?;
        return match rest.strip_prefix(':') {
            Some(port) => Some((host, Some(port.parse().ok()?))),
            None => rest.is_empty().then_some((host, None)),
        };
    }
    match place.split_once(':') {
        Some((host, port)) => Some((host, Some(port.parse().ok()?))),
        None => Some((place, None)),
    }
}

/// With `%41` as `A`; what is no such thing stays as it is.
fn decoded(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let digits = text.get(at + 1..at + 3).filter(|_| bytes[at] == b'%');
        match digits.and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
            Some(byte) => {
                out.push(byte);
                at += 3;
            }
            None => {
                out.push(bytes[at]);
                at += 1;
            }
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

/// The URL as it may be shown: without user and password.
fn hidden(url: &str) -> String {
    match (url.find("://"), url.rfind('@')) {
        (Some(scheme), Some(at)) if scheme < at => {
            format!("{}***{}", &url[..scheme + 3], &url[at..])
        }
        (None, Some(at)) => format!("***{}", &url[at..]),
        _ => url.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(url: &str, shown: &str, login: Option<(&str, Option<&str>)>) {
        let (server, found) = Server::parse(url).unwrap();
        assert_eq!(server.to_string(), shown);
        let found = found.map(|login| (login.user, login.password));
        let login = login.map(|(user, word)| (user.to_owned(), word.map(str::to_owned)));
        assert_eq!(found, login);
    }

    #[test]
    fn urls_name_servers() {
        check("mqtt://host", "mqtt://host:1883", None);
        check("host", "mqtt://host:1883", None);
        check("host:99", "mqtt://host:99", None);
        check("TCP://127.0.0.1:5", "mqtt://127.0.0.1:5", None);
        check("ssl://host/path", "mqtts://host:8883", None);
        check("tls://[::1]:7", "mqtts://[::1]:7", None);
        check("mqtts://[::1]", "mqtts://[::1]:8883", None);
        check(
            "mqtt://u%40v:p:w@host",
            "mqtt://host:1883",
            Some(("u@v", Some("p:w"))),
        );
        check("mqtt://only@host", "mqtt://host:1883", Some(("only", None)));
    }

    #[test]
    fn a_wrong_url_says_what_is_wrong_and_no_password() {
        for (url, why) in [
            ("ws://host", "WebSocket is not supported"),
            ("wss://host", "WebSocket is not supported"),
            ("http://host", "unknown scheme"),
            ("mqtt://", "no host"),
            ("mqtt://u:secret@:1", "no host"),
            ("mqtt://host:x", "no number"),
            ("mqtt://host:70000", "no number"),
            ("mqtt://[::1", "no number"),
        ] {
            let error = Server::parse(url).unwrap_err().to_string();
            assert!(error.contains(why), "{error}");
            assert!(!error.contains("secret"), "{error}");
        }
    }
}
