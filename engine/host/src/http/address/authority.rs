//! Defines the authority of a URL: who asks, and which host on which port.

use std::net::Ipv6Addr;

use percent_encoding::percent_decode_str;
use url::Host;

use super::escaping;
use crate::http::auth::Credentials;

/// `user:password@host:port`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Authority {
    /// As it was written.
    userinfo: Option<String>,
    /// As it was written, without its colon when there is no port.
    host_and_port: String,
    host: String,
    port: Option<u16>,
    header: String,
}

impl Authority {
    /// # Errors
    /// What is wrong with it.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let (userinfo, host_and_port) = match text.rsplit_once('@') {
            Some((userinfo, rest)) => (Some(checked(userinfo)?), rest),
            None => (None, text),
        };
        let (host, port) = parted(host_and_port)?;
        let number = match port {
            "" => None,
            digits => Some(number(digits)?),
        };
        let (normal, shown) = match host.strip_prefix('[') {
            Some(inner) => ipv6(inner.trim_end_matches(']'))?,
            None => name(host)?,
        };
        let with_port = |host: &str| match port {
            "" => host.to_owned(),
            port => format!("{host}:{port}"),
        };
        Ok(Self {
            userinfo: userinfo.map(str::to_owned),
            host_and_port: with_port(host),
            header: with_port(&shown),
            host: normal,
            port: number,
        })
    }

    pub(super) fn host(&self) -> &str {
        &self.host
    }

    pub(super) fn port(&self) -> Option<u16> {
        self.port
    }

    pub(super) fn header(&self) -> String {
        self.header.clone()
    }

    /// Host and port as they were written.
    pub(super) fn written(&self) -> &str {
        &self.host_and_port
    }

    pub(super) fn masked(&self) -> String {
        let rest = &self.host_and_port;
        match &self.userinfo {
            None => rest.clone(),
            Some(userinfo) if userinfo.contains(':') => format!("****:****@{rest}"),
            Some(_) => format!("****@{rest}"),
        }
    }

    pub(super) fn with_credentials(&self) -> String {
        let rest = &self.host_and_port;
        match &self.userinfo {
            None => rest.clone(),
            Some(userinfo) => format!("{userinfo}@{rest}"),
        }
    }

    pub(super) fn credentials(&self) -> Option<Credentials> {
        let (user, password) = match self.userinfo.as_deref()? {
            "" => return None,
            userinfo => userinfo.split_once(':').unwrap_or((userinfo, "")),
        };
        let decoded = |text| percent_decode_str(text).decode_utf8_lossy().into_owned();
        Some(Credentials {
            user: decoded(user),
            password: decoded(password),
        })
    }
}

fn checked(userinfo: &str) -> Result<&str, String> {
    let may_be = |c: char| c.is_ascii_alphanumeric() || "-._~!$&'()*+,;=:%@".contains(c);
    if !userinfo.chars().all(may_be) {
        return Err("user or password has a character that has to be percent-encoded".to_owned());
    }
    escaping::check(userinfo)
        .map(|()| userinfo)
        .map_err(|_| "user or password has an invalid escape".to_owned())
}

/// Host, with its brackets, and port.
fn parted(text: &str) -> Result<(&str, &str), String> {
    let end = match text.starts_with('[') {
        true => text.find(']').ok_or("its host has no closing bracket")? + 1,
        false => text.find(':').unwrap_or(text.len()),
    };
    let (host, port) = text.split_at(end);
    if host.is_empty() {
        return Err("it has no host".to_owned());
    }
    match port.strip_prefix(':') {
        Some(port) => Ok((host, port)),
        None if port.is_empty() => Ok((host, "")),
        None => Err(format!("invalid port {port:?}")),
    }
}

fn number(digits: &str) -> Result<u16, String> {
    let is_number = digits.bytes().all(|byte| byte.is_ascii_digit());
    let number = digits.parse().ok().filter(|_| is_number);
    number.ok_or_else(|| format!("invalid port {digits:?}, use 0 to 65535"))
}

/// An address, with its zone, for connections, and in brackets, without it, for the header.
fn ipv6(inner: &str) -> Result<(String, String), String> {
    let (address, zone) = match inner.split_once("%25") {
        Some((address, zone)) => (address, Some(zone)),
        None => (inner, None),
    };
    let parsed: Ipv6Addr = address
        .parse()
        .map_err(|_| format!("{address:?} is no IPv6 address"))?;
    let shown = format!("[{address}]");
    match zone {
        None => Ok((parsed.to_string(), shown)),
        Some("") => Err("its IPv6 address has an empty zone".to_owned()),
        Some(zone) => {
            let zone = percent_decode_str(zone).decode_utf8_lossy();
            Ok((format!("{parsed}%{zone}"), shown))
        }
    }
}

/// A name for connections, and for the header: the same but for the case of names that are ASCII.
fn name(written: &str) -> Result<(String, String), String> {
    let host =
        Host::parse(written).map_err(|error| format!("invalid host {written:?}: {error}"))?;
    let normal = host.to_string();
    let is_plain = written.is_ascii() && !written.contains('%');
    let shown = if is_plain {
        written.to_owned()
    } else {
        normal.clone()
    };
    Ok((normal, shown))
}
