//! Defines the challenges of a server: `www-authenticate` taken apart (RFC 9110, section 11).

use http::HeaderMap;
use http::header::WWW_AUTHENTICATE;

/// One challenge: a scheme, and either a token or parameters.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Challenge {
    pub(crate) scheme: String,
    pub(crate) token: Option<String>,
    parameters: Vec<(String, String)>,
}

impl Challenge {
    pub(crate) fn is(&self, scheme: &str) -> bool {
        self.scheme.eq_ignore_ascii_case(scheme)
    }

    pub(crate) fn parameter(&self, name: &str) -> Option<&str> {
        self.parameters
            .iter()
            .find(|(known, _)| known.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }
}

/// All challenges of a response. What can't be read is left out.
pub(crate) fn all(headers: &HeaderMap) -> Vec<Challenge> {
    let mut challenges = Vec::new();
    for value in headers.get_all(WWW_AUTHENTICATE) {
        let text = String::from_utf8_lossy(value.as_bytes());
        for item in items(&text) {
            add(&mut challenges, item.trim());
        }
    }
    challenges
}

/// The parts between the commas that are outside of quotes.
fn items(text: &str) -> Vec<&str> {
    let (mut items, mut start) = (Vec::new(), 0);
    let (mut quoted, mut escaped) = (false, false);
    for (index, byte) in text.bytes().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            b',' if !quoted => {
                items.push(&text[start..index]);
                start = index + 1;
            }
            _ => {}
        }
    }
    items.push(&text[start..]);
    items
}

/// An item begins a challenge, or is one more parameter of the last.
fn add(challenges: &mut Vec<Challenge>, item: &str) {
    if item.is_empty() {
        return;
    }
    if let Some(parameter) = parameter(item) {
        if let Some(challenge) = challenges.last_mut() {
            challenge.parameters.push(parameter);
        }
        return;
    }
    let (scheme, rest) = item.split_once(char::is_whitespace).unwrap_or((item, ""));
    let mut challenge = Challenge {
        scheme: scheme.to_owned(),
        ..Challenge::default()
    };
    let rest = rest.trim();
    match parameter(rest) {
        Some(parameter) => challenge.parameters.push(parameter),
        None if rest.is_empty() => {}
        None => challenge.token = Some(rest.to_owned()),
    }
    challenges.push(challenge);
}

/// `name=value` or `name="value"`. What has nothing but `=` after its first `=` is a token in base 64.
fn parameter(text: &str) -> Option<(String, String)> {
    let (name, value) = text.split_once('=')?;
    let (name, value) = (name.trim(), value.trim());
    let is_name = !name.is_empty() && !name.contains(char::is_whitespace);
    if !is_name || value.bytes().all(|byte| byte == b'=') {
        return None;
    }
    Some((name.to_owned(), unquoted(value)))
}

fn unquoted(value: &str) -> String {
    let inner = value
        .strip_prefix('"')
        .and_then(|rest| rest.strip_suffix('"'));
    let Some(inner) = inner else {
        return value.to_owned();
    };
    let mut escaped = false;
    let keep = |c: &char| {
        escaped = *c == '\\' && !escaped;
        !escaped
    };
    inner.chars().filter(keep).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;

    fn parsed(values: &[&'static str]) -> Vec<Challenge> {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(WWW_AUTHENTICATE, HeaderValue::from_static(value));
        }
        all(&headers)
    }

    #[test]
    fn several_challenges_are_told_apart() {
        let challenges = parsed(&[
            r#"Digest realm="a, \"b\"", nonce = "n==", qop="auth,auth-int", stale=true, Basic realm="c""#,
            "Negotiate",
            "NTLM TlRMTVNTUAAC==",
        ]);
        let schemes: Vec<_> = challenges.iter().map(|c| c.scheme.as_str()).collect();
        assert_eq!(schemes, ["Digest", "Basic", "Negotiate", "NTLM"]);
        let digest = &challenges[0];
        assert_eq!(digest.parameter("Realm"), Some("a, \"b\""));
        assert_eq!(digest.parameter("nonce"), Some("n=="));
        assert_eq!(digest.parameter("qop"), Some("auth,auth-int"));
        assert_eq!(digest.parameter("stale"), Some("true"));
        assert_eq!(challenges[1].parameter("realm"), Some("c"));
        assert_eq!(challenges[3].token.as_deref(), Some("TlRMTVNTUAAC=="));
    }

    #[test]
    fn nonsense_is_no_challenge() {
        assert_eq!(parsed(&["", ",,", "=x"]).len(), 1);
        assert_eq!(parsed(&["realm=\"x"]).len(), 0);
    }
}
