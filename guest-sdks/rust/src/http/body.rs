//! Defines what can be sent as a body, and how it becomes bytes.

use std::borrow::Cow;

use serde::Serialize;

use crate::Json;

/// A body and the content type that goes with it, unless the request sets another.
///
/// Made from text, bytes or [`Json`] by `into()`, or by the functions here. Text and bytes have no content type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Body<'a> {
    pub(crate) content: Result<Cow<'a, [u8]>, String>,
    pub(crate) content_type: Option<Cow<'static, str>>,
}

impl<'a> Body<'a> {
    /// A value written as JSON, as `application/json`. One that can't be, such as a map whose keys are not text,
    /// fails when the request is sent.
    pub fn json<T: Serialize + ?Sized>(value: &T) -> Self {
        let content = serde_json::to_vec(value);
        Self {
            content: content.map(Cow::Owned).map_err(|error| error.to_string()),
            content_type: Some("application/json".into()),
        }
    }

    /// Fields of a form, as `application/x-www-form-urlencoded`.
    ///
    /// ```
    /// # use brunt_sdk::prelude::*;
    /// let body = Body::form(&[("name", "lorem"), ("surname", "ipsum & dolor")]);
    /// ```
    pub fn form<N: AsRef<str>, V: AsRef<str>>(fields: &[(N, V)]) -> Self {
        let mut text = String::new();
        for (name, value) in fields {
            if !text.is_empty() {
                text.push('&');
            }
            encode(&mut text, name.as_ref());
            text.push('=');
            encode(&mut text, value.as_ref());
        }
        Self {
            content: Ok(Cow::Owned(text.into_bytes())),
            content_type: Some("application/x-www-form-urlencoded".into()),
        }
    }

    /// The same content with another type.
    ///
    /// ```
    /// # use brunt_sdk::prelude::*;
    /// let body = Body::from("<order/>").typed("application/xml");
    /// ```
    pub fn typed(mut self, content_type: impl Into<Cow<'static, str>>) -> Self {
        self.content_type = Some(content_type.into());
        self
    }

    fn plain(content: Cow<'a, [u8]>) -> Self {
        Self {
            content: Ok(content),
            content_type: None,
        }
    }
}

impl<'a> From<&'a str> for Body<'a> {
    fn from(text: &'a str) -> Self {
        Self::plain(Cow::Borrowed(text.as_bytes()))
    }
}

impl<'a> From<&'a String> for Body<'a> {
    fn from(text: &'a String) -> Self {
        Self::from(text.as_str())
    }
}

impl From<String> for Body<'_> {
    fn from(text: String) -> Self {
        Self::plain(Cow::Owned(text.into_bytes()))
    }
}

impl<'a> From<&'a [u8]> for Body<'a> {
    fn from(bytes: &'a [u8]) -> Self {
        Self::plain(Cow::Borrowed(bytes))
    }
}

impl<'a, const N: usize> From<&'a [u8; N]> for Body<'a> {
    fn from(bytes: &'a [u8; N]) -> Self {
        Self::plain(Cow::Borrowed(bytes))
    }
}

impl<'a> From<&'a Vec<u8>> for Body<'a> {
    fn from(bytes: &'a Vec<u8>) -> Self {
        Self::plain(Cow::Borrowed(bytes))
    }
}

impl From<Vec<u8>> for Body<'_> {
    fn from(bytes: Vec<u8>) -> Self {
        Self::plain(Cow::Owned(bytes))
    }
}

impl From<Json> for Body<'_> {
    fn from(value: Json) -> Self {
        Self::json(&value)
    }
}

impl From<&Json> for Body<'_> {
    fn from(value: &Json) -> Self {
        Self::json(value)
    }
}

/// Writes text as the WHATWG's form serializer does: letters, digits and `*-._` as they are, a space as `+`.
fn encode(out: &mut String, text: &str) {
    const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'*' | b'-' | b'.' | b'_' => {
                out.push(char::from(byte));
            }
            b' ' => out.push('+'),
            _ => {
                out.push('%');
                out.push(char::from(DIGITS[usize::from(byte >> 4)]));
                out.push(char::from(DIGITS[usize::from(byte & 15)]));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json;

    #[track_caller]
    fn check(body: Body<'_>, content: &str, content_type: Option<&str>) {
        assert_eq!(body.content.as_deref(), Ok(content.as_bytes()));
        assert_eq!(body.content_type.as_deref(), content_type);
    }

    #[test]
    fn text_and_bytes_go_as_they_are() {
        check("ä".into(), "ä", None);
        check(String::from("x").into(), "x", None);
        check(b"raw".into(), "raw", None);
        check(vec![b'v'].into(), "v", None);
    }

    #[test]
    fn a_type_can_be_given() {
        check(Body::from("x").typed("text/css"), "x", Some("text/css"));
    }

    #[test]
    fn json_has_its_type() {
        check(
            json!({ "a": [1] }).into(),
            r#"{"a":[1]}"#,
            Some("application/json"),
        );
    }

    #[test]
    fn forms_are_encoded() {
        let form = Body::form(&[("na me", "a&b=c"), ("ü", "~*-._")]);
        let encoded = "na+me=a%26b%3Dc&%C3%BC=%7E*-._";
        check(form, encoded, Some("application/x-www-form-urlencoded"));
        check(
            Body::form::<&str, &str>(&[]),
            "",
            Some("application/x-www-form-urlencoded"),
        );
    }

    #[test]
    fn what_json_cannot_say_is_an_error() {
        let keys = std::collections::BTreeMap::from([((1, 2), 3)]);
        let error = Body::json(&keys).content.expect_err("keys are no text");
        assert!(error.contains("key must be a string"), "{error}");
    }
}
