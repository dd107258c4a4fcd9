//! Defines where a server is: what is read from `nats://user:password@host:port`.

use crate::Fault;

/// A server, as it was named.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address {
    /// A name or an address; IPv6 without brackets.
    pub host: String,
    /// 4222 where none is given.
    pub port: u16,
    /// Whether `tls://` was asked for.
    pub tls: bool,
    /// A user, or a token where no password goes with it.
    pub user: Option<String>,
    /// The user's password.
    pub password: Option<String>,
}

const PORT: u16 = 4222;

impl Address {
    /// Reads `nats://…`, `tls://…`, or only a host with or without its port.
    ///
    /// # Errors
    /// Another scheme, no host, a port that is none.
    pub fn read(text: &str) -> Result<Address, Fault> {
        let wrong = |what: &str| {
            Fault::invalid(format!(
                "{what} in the server {text:?}; hint: write nats://host:4222 or tls://host:4222"
            ))
        };
        let (tls, rest) = match text.trim().split_once("://") {
            Some(("nats", rest)) => (false, rest),
            Some(("tls", rest)) => (true, rest),
            Some(_) => return Err(wrong("an unknown scheme")),
            None => (false, text.trim()),
        };
        let rest = rest.trim_end_matches('/');
        let (who, place) = match rest.rsplit_once('@') {
            Some((who, place)) => (Some(who), place),
            None => (None, rest),
        };
        let (host, port) = split_port(place).ok_or_else(|| wrong("no port that is one"))?;
        let is_odd = |c: char| c.is_whitespace() || c.is_control() || c == '/';
        if host.is_empty() || host.contains(is_odd) {
            return Err(wrong("no host"));
        }
        let (user, password) = match who.map(|who| who.split_once(':').ok_or(who)) {
            None => (None, None),
            Some(Ok((user, password))) => (Some(decoded(user)), Some(decoded(password))),
            Some(Err(token)) => (Some(decoded(token)), None),
        };
        Ok(Address {
            host: host.to_owned(),
            port,
            tls,
            user,
            password,
        })
    }

    /// Host and port, as the tag `server` has them.
    pub fn place(&self) -> String {
        match self.host.contains(':') {
            true => format!("[{}]:{}", self.host, self.port),
            false => format!("{}:{}", self.host, self.port),
        }
    }
}

fn split_port(place: &str) -> Option<(&str, u16)> {
    if let Some(rest) = place.strip_prefix('[') {
        let (host, port) = rest.split_once(']')?;
        return match port.strip_prefix(':') {
            Some(port) => Some((host, port.parse().ok()?)),
            None => port.is_empty().then_some((host, PORT)),
        };
    }
    match place.rsplit_once(':') {
        Some((host, port)) if !host.contains(':') => Some((host, port.parse().ok()?)),
        // An IPv6 address without brackets.
        _ => Some((place, PORT)),
    }
}

/// What is written `%40` and the like, so that passwords can have an `@`.
fn decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, behind)) = rest.split_first() {
        let hex = behind
            .get(..2)
            .and_then(|digits| std::str::from_utf8(digits).ok());
        let byte = hex.and_then(|hex| u8::from_str_radix(hex, 16).ok());
        match byte {
            Some(byte) if *first == b'%' => {
                bytes.push(byte);
                rest = &behind[2..];
            }
            _ => {
                bytes.push(*first);
                rest = behind;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> (String, bool, Option<String>, Option<String>) {
        let address = Address::read(text).expect("an address");
        (address.place(), address.tls, address.user, address.password)
    }

    #[test]
    fn addresses_are_read_in_all_their_forms() {
        let plain = |place: &str, tls| (place.to_owned(), tls, None, None);
        assert_eq!(read("nats://a:1"), plain("a:1", false));
        assert_eq!(read("tls://a"), plain("a:4222", true));
        assert_eq!(read("a.b"), plain("a.b:4222", false));
        assert_eq!(read("nats://[::1]:9/"), plain("[::1]:9", false));
        assert_eq!(read("[::1]"), plain("[::1]:4222", false));
        let (_, _, user, password) = read("nats://me:p%40ss@a");
        assert_eq!(
            (user.as_deref(), password.as_deref()),
            (Some("me"), Some("p@ss"))
        );
        let (_, _, token, none) = read("nats://secret@a:5");
        assert_eq!((token.as_deref(), none), (Some("secret"), None));
    }

    #[test]
    fn what_is_no_address_says_so() {
        for text in [
            "http://a",
            "nats://",
            "nats://a:b",
            "nats://a:99999",
            "nats://a b",
            "nats://a/b",
            "",
        ] {
            let fault = Address::read(text).expect_err(text);
            assert!(fault.message.contains("hint:"), "{fault}");
        }
    }
}
