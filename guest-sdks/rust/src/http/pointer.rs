//! Defines how one value is read out of JSON, by its pointer (RFC 6901), without building any of the others.

use std::borrow::Cow;
use std::fmt;

use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};

use crate::Json;

/// The value at this pointer; `null` when there is none, or the text is no JSON.
pub(super) fn value_at(json: &[u8], pointer: &str) -> Json {
    let tokens: Vec<Cow<'_, str>> = match pointer.strip_prefix('/') {
        None if pointer.is_empty() => Vec::new(),
        None => return Json::Null,
        Some(rest) => rest.split('/').map(unescaped).collect(),
    };
    let mut reader = serde_json::Deserializer::from_slice(json);
    let value = At(&tokens).deserialize(&mut reader);
    // What follows has to be nothing: else it is no JSON.
    let value = value.and_then(|value| reader.end().map(|()| value));
    value.ok().flatten().unwrap_or_default()
}

fn unescaped(token: &str) -> Cow<'_, str> {
    match token.contains('~') {
        true => token.replace("~1", "/").replace("~0", "~").into(),
        false => token.into(),
    }
}

/// The value that these tokens lead to from here.
#[derive(Clone, Copy)]
struct At<'t>(&'t [Cow<'t, str>]);

impl<'de> DeserializeSeed<'de> for At<'_> {
    type Value = Option<Json>;

    fn deserialize<D: Deserializer<'de>>(self, reader: D) -> Result<Self::Value, D::Error> {
        match self.0 {
            [] => Json::deserialize(reader).map(Some),
            _ => reader.deserialize_any(self),
        }
    }
}

impl<'de> Visitor<'de> for At<'_> {
    type Value = Option<Json>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let Some((token, rest)) = self.0.split_first() else {
            return Ok(None);
        };
        let mut found = None;
        while let Some(is_it) = map.next_key_seed(IsKey(token))? {
            // Of several with the same name the last one counts, as for whoever reads all of it.
            match is_it {
                true => found = map.next_value_seed(At(rest))?,
                false => drop(map.next_value::<IgnoredAny>()?),
            }
        }
        Ok(found)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
        let Some((token, rest)) = self.0.split_first() else {
            return Ok(None);
        };
        let wanted = index(token);
        let (mut found, mut place) = (None, 0);
        loop {
            if Some(place) == wanted {
                match list.next_element_seed(At(rest))? {
                    Some(value) => found = value,
                    None => return Ok(found),
                }
            } else if list.next_element::<IgnoredAny>()?.is_none() {
                return Ok(found);
            }
            place += 1;
        }
    }

    fn visit_bool<E: Error>(self, _: bool) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_i64<E: Error>(self, _: i64) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_u64<E: Error>(self, _: u64) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_str<E: Error>(self, _: &str) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
        Ok(None)
    }
}

/// An index in a list: digits without a leading zero.
fn index(token: &str) -> Option<usize> {
    let is_plain = token.bytes().all(|byte| byte.is_ascii_digit())
        && (token == "0" || !token.starts_with('0'));
    is_plain.then(|| token.parse().ok())?
}

/// Whether the next key is this one.
struct IsKey<'t>(&'t str);

impl<'de> DeserializeSeed<'de> for IsKey<'_> {
    type Value = bool;

    fn deserialize<D: Deserializer<'de>>(self, reader: D) -> Result<bool, D::Error> {
        reader.deserialize_str(self)
    }
}

impl Visitor<'_> for IsKey<'_> {
    type Value = bool;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_str<E: Error>(self, key: &str) -> Result<bool, E> {
        Ok(key == self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pointer_leads_where_it_leads_in_the_whole_value() {
        let texts = [
            r#"{"a": {"b": [1, {"c": "x"}, null, 2.5]}, "": 7, "m~n": 8, "x/y": 9, "a\u0062": true}"#,
            r#"[[1, 2], {"0": "zero"}, "text", -3]"#,
            r#"{"a": 1, "a": {"b": 2}}"#,
            "\"text\"",
            "17",
        ];
        let pointers = [
            "",
            "/",
            "/a",
            "/a/b",
            "/a/b/0",
            "/a/b/1/c",
            "/a/b/2",
            "/a/b/3",
            "/a/b/4",
            "/a/b/01",
            "/a/b/-",
            "/a/b/+1",
            "/m~0n",
            "/x~1y",
            "/ab",
            "/0",
            "/0/1",
            "/1/0",
            "/2",
            "/3",
            "/2/0",
            "a",
            "/nothing/there",
        ];
        for text in texts {
            let whole: Json = serde_json::from_str(text).unwrap();
            for pointer in pointers {
                let expected = whole.pointer(pointer).cloned().unwrap_or_default();
                assert_eq!(
                    value_at(text.as_bytes(), pointer),
                    expected,
                    "{pointer:?} in {text}"
                );
            }
        }
    }

    #[test]
    fn what_is_no_json_has_no_values() {
        for text in [
            "",
            "{",
            r#"{"a": 1} x"#,
            r#"{"a": 1, }"#,
            r#"{"a": 1, "b": tru}"#,
        ] {
            assert_eq!(value_at(text.as_bytes(), "/a"), Json::Null, "{text}");
        }
    }
}
