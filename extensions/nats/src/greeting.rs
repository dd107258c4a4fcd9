//! Defines what a client says of itself when it connects.

use serde::Serialize;

use crate::info::ServerInfo;
use crate::options::{Identity, Options};
use crate::{Address, Fault, Kind, NKey};

#[derive(Default, Serialize)]
struct Connect<'a> {
    verbose: bool,
    pedantic: bool,
    tls_required: bool,
    lang: &'static str,
    version: &'static str,
    protocol: u8,
    echo: bool,
    headers: bool,
    no_responders: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    user: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pass: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    auth_token: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    nkey: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    jwt: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sig: Option<String>,
}

/// Writes CONNECT, as an answer to this INFO.
///
/// # Errors
/// When a key is to sign what the server does not give.
pub(crate) fn connect(
    out: &mut Vec<u8>,
    options: &Options,
    address: &Address,
    info: &ServerInfo,
    tls: bool,
) -> Result<(), Fault> {
    let mut connect = Connect {
        tls_required: tls,
        lang: "brunt",
        version: env!("CARGO_PKG_VERSION"),
        protocol: 1,
        echo: options.echo,
        headers: info.headers,
        no_responders: options.no_responders && info.headers,
        name: options.name.as_deref(),
        ..Connect::default()
    };
    identify(&mut connect, options, address, info)?;
    let json = serde_json::to_vec(&connect)
        .map_err(|error| Fault::invalid(format!("CONNECT can't be written: {error}")))?;
    out.extend_from_slice(b"CONNECT ");
    out.extend_from_slice(&json);
    out.extend_from_slice(b"\r\n");
    Ok(())
}

/// What an address says goes before what the options say.
fn identify<'a>(
    connect: &mut Connect<'a>,
    options: &'a Options,
    address: &'a Address,
    info: &ServerInfo,
) -> Result<(), Fault> {
    match (&address.user, &address.password) {
        (Some(user), Some(password)) => {
            connect.user = Some(user);
            connect.pass = Some(password);
            return Ok(());
        }
        (Some(token), None) => {
            connect.auth_token = Some(token);
            return Ok(());
        }
        _ => {}
    }
    match &options.identity {
        Identity::None => {}
        Identity::Token(token) => connect.auth_token = Some(token),
        Identity::User(user, password) => {
            connect.user = Some(user);
            connect.pass = Some(password);
        }
        Identity::NKey(key) => {
            connect.sig = Some(signed(key, info)?);
            connect.nkey = Some(key.public());
        }
        Identity::Credentials(credentials) => {
            connect.sig = Some(signed(&credentials.key, info)?);
            connect.jwt = Some(&credentials.jwt);
        }
    }
    Ok(())
}

fn signed(key: &NKey, info: &ServerInfo) -> Result<String, Fault> {
    let nonce = info.nonce.as_deref().ok_or_else(|| {
        let message =
            "the server gives nothing to sign; hint: it is not configured for NKeys or JWTs";
        Fault::new(Kind::Authorization, message)
    })?;
    Ok(key.sign(nonce))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(options: &Options, info: &ServerInfo) -> serde_json::Value {
        let mut out = Vec::new();
        connect(&mut out, options, &options.servers[0], info, false).expect("CONNECT");
        let text = String::from_utf8(out).expect("text");
        let json = text
            .strip_prefix("CONNECT ")
            .and_then(|text| text.strip_suffix("\r\n"));
        serde_json::from_str(json.expect("a line")).expect("JSON")
    }

    #[test]
    fn only_what_is_set_is_said() {
        let mut options = Options::new(&["nats://a"]).expect("options");
        let said_by_default = said(&options, &ServerInfo::default());
        assert_eq!(said_by_default["verbose"], false);
        assert_eq!(said_by_default["headers"], false);
        assert!(said_by_default.get("user").is_none() && said_by_default.get("name").is_none());
        options.identity = Identity::Token("t".into());
        options.name = Some("n".into());
        let info = ServerInfo {
            headers: true,
            ..ServerInfo::default()
        };
        let said = said(&options, &info);
        assert_eq!(
            (&said["auth_token"], &said["name"]),
            (&"t".into(), &"n".into())
        );
        assert_eq!(
            (&said["no_responders"], &said["headers"]),
            (&true.into(), &true.into())
        );
    }

    #[test]
    fn an_address_says_who_before_the_options_do() {
        let mut options = Options::new(&["nats://u:p@a"]).expect("options");
        options.identity = Identity::Token("t".into());
        let said = said(&options, &ServerInfo::default());
        assert_eq!((&said["user"], &said["pass"]), (&"u".into(), &"p".into()));
        assert!(said.get("auth_token").is_none());
    }

    #[test]
    fn a_key_without_anything_to_sign_is_an_error() {
        let key = NKey::from_seed("SUACSSL3UAHUDXKFSNVUZRF5UHPMWZ6BFDTJ7M6USDXIEDNPPQYYYCU3VY");
        let mut options = Options::new(&["a"]).expect("options");
        options.identity = Identity::NKey(key.expect("a seed"));
        let mut out = Vec::new();
        let outcome = connect(
            &mut out,
            &options,
            &options.servers[0],
            &ServerInfo::default(),
            false,
        );
        assert_eq!(outcome.expect_err("no nonce").kind, Kind::Authorization);
    }
}
