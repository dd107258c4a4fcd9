//! Defines what a server says of itself, of which this client knows what it needs.

use serde::Deserialize;

use crate::{Fault, Kind};

/// The contents of an INFO. Servers say more than this, which is kept as text.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct ServerInfo {
    /// Its identity.
    pub server_id: String,
    /// Its version.
    pub version: String,
    /// Whether it knows headers, and with them the status 503.
    pub headers: bool,
    /// The most bytes of headers and payload of one message.
    pub max_payload: u64,
    /// Whether it wants to know who we are.
    pub auth_required: bool,
    /// Whether it speaks nothing but TLS from here on.
    pub tls_required: bool,
    /// Whether it can speak TLS.
    pub tls_available: bool,
    /// What is to be signed by a key.
    pub nonce: Option<String>,
    /// Other servers of its cluster: host and port.
    pub connect_urls: Vec<String>,
    /// Whether it is about to end.
    pub ldm: bool,
    /// All of it.
    #[serde(skip)]
    pub text: String,
}

impl ServerInfo {
    /// Reads what stands behind INFO.
    ///
    /// # Errors
    /// When it is no JSON object.
    pub fn read(json: &[u8]) -> Result<ServerInfo, Fault> {
        let mut info: ServerInfo = serde_json::from_slice(json).map_err(|error| {
            let message = format!("the server's INFO is not what it should be: {error}");
            Fault::new(Kind::Protocol, message)
        })?;
        info.text = String::from_utf8_lossy(json).into_owned();
        Ok(info)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_server_leaves_out_is_not_there() {
        let info =
            ServerInfo::read(br#"{"server_id":"N","max_payload":1048576,"x":[1]}"#).expect("INFO");
        assert_eq!(
            (info.max_payload, info.headers, info.nonce),
            (1_048_576, false, None)
        );
        assert!(info.text.contains("\"x\":[1]"));
    }

    #[test]
    fn what_is_no_object_is_an_error() {
        for json in [&b"[1"[..], b"", b"7", br#"{"max_payload":"many"}"#] {
            assert_eq!(
                ServerInfo::read(json).expect_err("no INFO").kind,
                Kind::Protocol
            );
        }
    }
}
