//! Defines credentials, and the schemes by which a request shows them to a server.

pub(crate) mod challenge;
pub(crate) mod digest;
pub(crate) mod ntlm;

use std::fmt;

use http::HeaderValue;

/// A user and a password.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Credentials {
    pub(crate) user: String,
    pub(crate) password: String,
}

/// How credentials are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scheme {
    /// With every request.
    Basic,
    /// In the answer to a challenge.
    Digest,
    /// In three exchanges on one connection.
    Ntlm,
}

impl Scheme {
    /// The scheme of k6's name for it.
    pub(crate) fn named(name: &str) -> Option<Self> {
        match name.to_ascii_lowercase().as_str() {
            "basic" => Some(Self::Basic),
            "digest" => Some(Self::Digest),
            "ntlm" => Some(Self::Ntlm),
            _ => None,
        }
    }
}

impl Credentials {
    /// The header `authorization` of the scheme `Basic`.
    pub(crate) fn basic(&self) -> HeaderValue {
        let plain = format!("{}:{}", self.user, self.password);
        secret(&format!(
            "Basic {}",
            data_encoding::BASE64.encode(plain.as_bytes())
        ))
    }
}

/// A password is for nobody's eyes.
impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credentials").finish_non_exhaustive()
    }
}

/// A header's value that is not to be shown; what no header can carry is left out of it.
fn secret(text: &str) -> HeaderValue {
    let mut value = HeaderValue::from_str(text).unwrap_or_else(|_| {
        let plain: String = text.chars().filter(|c| !c.is_control()).collect();
        HeaderValue::from_str(&plain).unwrap_or_else(|_| HeaderValue::from_static(""))
    });
    value.set_sensitive(true);
    value
}
