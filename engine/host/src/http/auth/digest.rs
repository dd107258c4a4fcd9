//! Defines the scheme `Digest` (RFC 7616, and RFC 2069 where a server has no `qop`): the answer to a challenge.

use data_encoding::HEXLOWER;
use http::{HeaderMap, HeaderValue};
use md5::{Digest, Md5};
use sha2::{Sha256, Sha512_256};

use crate::http::auth::challenge::{self, Challenge};
use crate::http::auth::{Credentials, secret};

/// What an answer is about.
pub(crate) struct Exchange<'a> {
    pub(crate) method: &'a str,
    /// Path and query.
    pub(crate) uri: &'a str,
    pub(crate) body: &'a [u8],
}

/// A challenge that can be answered.
pub(crate) struct Prompt {
    challenge: Challenge,
    hash: Hash,
    session: bool,
    qop: Option<&'static str>,
}

/// The hash functions, the weakest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Hash {
    Md5,
    Sha512To256,
    Sha256,
}

impl Hash {
    fn named(name: &str) -> Option<Self> {
        match name.to_ascii_uppercase().as_str() {
            "MD5" => Some(Self::Md5),
            "SHA-256" => Some(Self::Sha256),
            "SHA-512-256" => Some(Self::Sha512To256),
            _ => None,
        }
    }

    fn of(self, bytes: impl AsRef<[u8]>) -> String {
        match self {
            Self::Md5 => HEXLOWER.encode(&Md5::digest(bytes.as_ref())),
            Self::Sha256 => HEXLOWER.encode(&Sha256::digest(bytes.as_ref())),
            Self::Sha512To256 => HEXLOWER.encode(&Sha512_256::digest(bytes.as_ref())),
        }
    }
}

impl Prompt {
    /// The strongest of the challenges in a response that can be answered.
    pub(crate) fn best(headers: &HeaderMap) -> Option<Self> {
        let prompts = challenge::all(headers).into_iter().filter_map(Self::new);
        prompts.reduce(|best, next| if next.hash > best.hash { next } else { best })
    }

    fn new(challenge: Challenge) -> Option<Self> {
        if !challenge.is("Digest") {
            return None;
        }
        challenge
            .parameter("realm")
            .and(challenge.parameter("nonce"))?;
        let algorithm = challenge.parameter("algorithm").unwrap_or("MD5");
        let plain = algorithm
            .len()
            .checked_sub(5)
            .filter(|end| {
                algorithm
                    .get(*end..)
                    .is_some_and(|end| end.eq_ignore_ascii_case("-sess"))
            })
            .map(|end| &algorithm[..end]);
        Some(Self {
            hash: Hash::named(plain.unwrap_or(algorithm))?,
            session: plain.is_some(),
            qop: qop(challenge.parameter("qop"))?,
            challenge,
        })
    }

    /// Whether the answer before was right, and only its nonce too old.
    pub(crate) fn is_stale(&self) -> bool {
        let stale = self.challenge.parameter("stale");
        stale.is_some_and(|stale| stale.eq_ignore_ascii_case("true"))
    }

    /// The header `authorization` that answers it, with a nonce of the client.
    pub(crate) fn answer(
        &self,
        credentials: &Credentials,
        exchange: &Exchange<'_>,
        cnonce: &str,
    ) -> HeaderValue {
        let given = |name| self.challenge.parameter(name).unwrap_or_default();
        let hashed = given("userhash").eq_ignore_ascii_case("true");
        let user = match hashed {
            true => self
                .hash
                .of(format!("{}:{}", credentials.user, given("realm"))),
            false => credentials.user.clone(),
        };
        let response = self.response(credentials, exchange, cnonce);
        let mut text = format!(
            "Digest username=\"{}\", realm=\"{}\", nonce=\"{}\", uri=\"{}\", response=\"{response}\"",
            quoted(&user),
            quoted(given("realm")),
            quoted(given("nonce")),
            quoted(exchange.uri),
        );
        for (name, quote) in [("algorithm", ""), ("opaque", "\"")] {
            if let Some(value) = self.challenge.parameter(name) {
                text.push_str(&format!(", {name}={quote}{}{quote}", quoted(value)));
            }
        }
        if let Some(qop) = self.qop {
            text.push_str(&format!(", qop={qop}, nc={COUNT}, cnonce=\"{cnonce}\""));
        }
        if hashed {
            text.push_str(", userhash=true");
        }
        secret(&text)
    }

    fn response(&self, credentials: &Credentials, exchange: &Exchange<'_>, cnonce: &str) -> String {
        let hash = |text: String| self.hash.of(text);
        let given = |name| self.challenge.parameter(name).unwrap_or_default();
        let nonce = given("nonce");
        let Credentials { user, password } = credentials;
        let mut a1 = hash(format!("{user}:{}:{password}", given("realm")));
        if self.session {
            a1 = hash(format!("{a1}:{nonce}:{cnonce}"));
        }
        let what = format!("{}:{}", exchange.method, exchange.uri);
        let a2 = match self.qop {
            Some("auth-int") => hash(format!("{what}:{}", self.hash.of(exchange.body))),
            _ => hash(what),
        };
        match self.qop {
            Some(qop) => hash(format!("{a1}:{nonce}:{COUNT}:{cnonce}:{qop}:{a2}")),
            None => hash(format!("{a1}:{nonce}:{a2}")),
        }
    }
}

/// How often a nonce was used: once, because every request is challenged anew.
const COUNT: &str = "00000001";

/// The quality of protection to use: none where the server offers none; nothing where it offers only unknown ones.
#[expect(
    clippy::option_option,
    reason = "no qop, and no qop that is known, are two things"
)]
fn qop(offered: Option<&str>) -> Option<Option<&'static str>> {
    let Some(offered) = offered else {
        return Some(None);
    };
    let has = |name: &&str| {
        let mut offered = offered.split(',').map(str::trim);
        offered.any(|offer| offer.eq_ignore_ascii_case(name))
    };
    ["auth", "auth-int"].into_iter().find(has).map(Some)
}

fn quoted(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"")
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::header::WWW_AUTHENTICATE;

    const REALM: &str = r#"Digest realm="http-auth@example.org", qop="auth, auth-int", nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS""#;

    fn answer(challenges: &[&str], cnonce: &str) -> String {
        let mut headers = HeaderMap::new();
        for challenge in challenges {
            let value = HeaderValue::from_str(challenge).expect("a header");
            headers.append(WWW_AUTHENTICATE, value);
        }
        let credentials = Credentials {
            user: "Mufasa".into(),
            password: "Circle of Life".into(),
        };
        let exchange = Exchange {
            method: "GET",
            uri: "/dir/index.html",
            body: b"",
        };
        let prompt = Prompt::best(&headers).expect("a challenge");
        let value = prompt.answer(&credentials, &exchange, cnonce);
        value.to_str().expect("text").to_owned()
    }

    #[test]
    fn the_examples_of_the_standard_come_out() {
        let cnonce = "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ";
        let md5 = format!("{REALM}, algorithm=MD5");
        let sha = format!("{REALM}, algorithm=SHA-256");
        let weak = answer(&[&md5], cnonce);
        assert!(
            weak.contains("response=\"8ca523f5e9506fed4657c9700eebdbec\""),
            "{weak}"
        );
        let strong = answer(&[&md5, &sha], cnonce);
        let expected = "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1";
        assert!(
            strong.contains(&format!("response=\"{expected}\"")),
            "{strong}"
        );
        assert!(strong.contains("qop=auth, nc=00000001") && strong.contains("algorithm=SHA-256"));
    }

    #[test]
    fn a_server_without_qop_is_answered_as_of_old() {
        let plain = answer(&[r#"Digest realm="r", nonce="n""#], "c");
        assert!(
            !plain.contains("cnonce") && !plain.contains("algorithm"),
            "{plain}"
        );
        let a1 = Hash::Md5.of("Mufasa:r:Circle of Life");
        let a2 = Hash::Md5.of("GET:/dir/index.html");
        let response = Hash::Md5.of(format!("{a1}:n:{a2}"));
        assert!(plain.contains(&response));
    }

    #[test]
    fn what_can_not_be_answered_is_no_prompt() {
        for challenge in [
            r#"Digest realm="r", nonce="n", algorithm=WHIRLPOOL"#,
            r#"Digest realm="r", nonce="n", qop="token""#,
            r#"Digest realm="r""#,
            r#"Basic realm="r""#,
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static(challenge));
            assert!(Prompt::best(&headers).is_none(), "{challenge}");
        }
    }
}
