//! Defines where a broker is: host, port, and whether TLS is spoken there.

use crate::{Fault, Kind};

/// The port of STOMP, and of STOMP over TLS, as brokers have them.
const PORT: u16 = 61613;
const TLS_PORT: u16 = 61614;

/// A broker's address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address {
    /// Name or IP address, without brackets.
    pub host: String,
    /// Port.
    pub port: u16,
    /// Whether TLS is spoken from the start.
    pub tls: bool,
}

impl Address {
    /// Reads `host`, `host:port`, `[::1]:port`, with `stomp://` or `tcp://` before it, or `stomps://`, `stomp+ssl://`, `ssl://`, `tls://`.
    ///
    /// # Errors
    /// When it is none of these; of kind [`Kind::Invalid`].
    pub fn parse(text: &str) -> Result<Address, Fault> {
        let (scheme, rest) = text.split_once("://").unwrap_or(("stomp", text));
        let tls = match scheme {
            "stomp" | "tcp" => false,
            "stomps" | "stomp+ssl" | "ssl" | "tls" => true,
            "ws" | "wss" => {
                return Err(invalid(
                    text,
                    "STOMP over WebSockets is not there: use tcp or tls",
                ));
            }
            _ => {
                return Err(invalid(
                    text,
                    "the scheme is stomp, tcp, stomps, ssl or tls",
                ));
            }
        };
        let rest = rest.trim_end_matches('/');
        let (host, port) = split(rest).ok_or_else(|| invalid(text, "it is no host and port"))?;
        let standard = if tls { TLS_PORT } else { PORT };
        let port = match port {
            None => standard,
            Some(port) => port
                .parse()
                .map_err(|_| invalid(text, "the port is no number below 65536"))?,
        };
        match host.is_empty() {
            true => Err(invalid(text, "it has no host")),
            false => Ok(Address {
                host: host.to_owned(),
                port,
                tls,
            }),
        }
    }

    /// Host and port, as people write them.
    pub fn place(&self) -> String {
        match self.host.contains(':') {
            true => format!("[{}]:{}", self.host, self.port),
            false => format!("{}:{}", self.host, self.port),
        }
    }
}

fn split(text: &str) -> Option<(&str, Option<&str>)> {
    if let Some(rest) = text.strip_prefix('[') {
        let (host, rest) = rest.split_once(']')?;
        return match rest.strip_prefix(':') {
            Some(port) => Some((host, Some(port))),
            None => rest.is_empty().then_some((host, None)),
        };
    }
    Some(match text.split_once(':') {
        Some((host, port)) => (host, Some(port)),
        None => (text, None),
    })
}

fn invalid(text: &str, why: &str) -> Fault {
    Fault::new(Kind::Invalid, format!("invalid address {text:?}: {why}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read_as_brokers_document_them() {
        for (text, host, port, tls) in [
            ("localhost", "localhost", 61613, false),
            ("broker:1", "broker", 1, false),
            ("stomp://broker", "broker", 61613, false),
            ("tcp://broker:9/", "broker", 9, false),
            ("stomp+ssl://broker", "broker", 61614, true),
            ("ssl://[::1]:7", "::1", 7, true),
            ("[::1]", "::1", 61613, false),
        ] {
            let address = Address::parse(text).unwrap();
            assert_eq!(
                (&*address.host, address.port, address.tls),
                (host, port, tls)
            );
        }
    }

    #[test]
    fn what_is_no_address_says_why() {
        for (text, why) in [
            ("ws://broker/ws", "WebSockets"),
            ("http://broker", "scheme"),
            ("broker:none", "port"),
            (":1", "no host"),
            ("[::1", "no host and port"),
        ] {
            let fault = Address::parse(text).unwrap_err();
            assert!(fault.message.contains(why), "{fault}");
            assert_eq!(fault.kind, Kind::Invalid);
        }
    }
}
