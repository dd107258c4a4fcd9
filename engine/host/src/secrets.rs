//! Defines secrets: the sources that a run was given, what tests were told of them, and a log that shows none of it.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;
use std::ops::Range;
use std::sync::{Arc, PoisonError, RwLock};

use crate::log::{Level, LogSink};

/// What stands in the log for a secret.
const REDACTED: &str = "***SECRET_REDACTED***";

/// The name that means the default source.
const DEFAULT: &str = "default";

/// The sources of secrets of one run, the same for all VUs.
#[derive(Default)]
pub struct Secrets {
    sources: BTreeMap<String, BTreeMap<String, String>>,
    default: Option<String>,
    /// The values that tests were told.
    told: RwLock<Vec<String>>,
}

impl Secrets {
    /// These sources by their names, each with its secrets by their keys, and the name of the one that is meant where none is
    /// named. A source that is alone is it anyway.
    pub fn new(
        sources: BTreeMap<String, BTreeMap<String, String>>,
        default: Option<String>,
    ) -> Self {
        let alone = sources.keys().next().filter(|_| sources.len() == 1);
        Self {
            default: default.or_else(|| alone.cloned()),
            sources,
            told: RwLock::default(),
        }
    }

    /// The secret with this key, which is redacted from now on.
    pub(crate) fn get(&self, key: &str, source: Option<&str>) -> Result<String, String> {
        let name = self.source(source)?;
        let value = self.sources.get(name).and_then(|source| source.get(key));
        let value = value.ok_or_else(|| format!("secret source {name:?} has no secret {key:?}"))?;
        self.tell(value);
        Ok(value.clone())
    }

    /// The name of a source that is there.
    fn source<'a>(&'a self, wanted: Option<&'a str>) -> Result<&'a str, String> {
        let names: Vec<&str> = self.sources.keys().map(String::as_str).collect();
        let names = names.join(", ");
        match (wanted.unwrap_or(DEFAULT), &self.default) {
            _ if self.sources.is_empty() => Err(
                "no secret source is configured: give one to the run, such as --secret-source file=PATH"
                    .to_owned(),
            ),
            (name, _) if self.sources.contains_key(name) => Ok(name),
            (DEFAULT, Some(default)) => Ok(default),
            (DEFAULT, None) => Err(format!(
                "no secret source is the default one: name one of {names}, or mark one of them with `default`"
            )),
            (name, _) => Err(format!(
                "no secret source has the name {name:?}: there are {names}"
            )),
        }
    }

    fn tell(&self, value: &str) {
        let is_told = |told: &[String]| told.iter().any(|known| known == value);
        let told = self.told.read().unwrap_or_else(PoisonError::into_inner);
        if value.is_empty() || is_told(&told) {
            return;
        }
        drop(told);
        let mut told = self.told.write().unwrap_or_else(PoisonError::into_inner);
        if !is_told(&told) {
            told.push(value.to_owned());
        }
    }

    /// The text without any secret that tests were told.
    pub fn redacted<'a>(&self, text: &'a str) -> Cow<'a, str> {
        let told = self.told.read().unwrap_or_else(PoisonError::into_inner);
        let mut places: Vec<Range<usize>> = told
            .iter()
            .flat_map(|secret| places(text, secret))
            .collect();
        if places.is_empty() {
            return text.into();
        }
        places.sort_unstable_by_key(|place| place.start);
        let mut shown = String::new();
        let mut end = 0;
        for place in places {
            // One that overlaps the one before is part of what was left out already.
            if place.start >= end {
                shown.push_str(&text[end..place.start]);
                shown.push_str(REDACTED);
            }
            end = end.max(place.end);
        }
        shown.push_str(&text[end..]);
        shown.into()
    }
}

/// Where this secret is in the text, also where it overlaps itself.
fn places(text: &str, secret: &str) -> impl Iterator<Item = Range<usize>> {
    let step = secret.chars().next().map_or(1, char::len_utf8);
    let mut from = 0;
    std::iter::from_fn(move || {
        let start = from + text[from..].find(secret)?;
        from = start + step;
        Some(start..start + secret.len())
    })
}

impl fmt::Debug for Secrets {
    /// The names of the sources alone.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.sources.keys()).finish()
    }
}

/// A log that shows no secret.
pub struct RedactedLog {
    log: Arc<dyn LogSink>,
    secrets: Arc<Secrets>,
}

impl RedactedLog {
    /// This log without these secrets; the log itself where there are none.
    pub fn over(log: Arc<dyn LogSink>, secrets: &Arc<Secrets>) -> Arc<dyn LogSink> {
        match secrets.sources.is_empty() {
            true => log,
            false => Arc::new(Self {
                log,
                secrets: secrets.clone(),
            }),
        }
    }
}

impl LogSink for RedactedLog {
    fn log(&self, level: Level, source: &str, message: &str) {
        self.log.log(level, source, &self.secrets.redacted(message));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secrets(sources: &[(&str, &[(&str, &str)])], default: Option<&str>) -> Secrets {
        let source = |(name, pairs): &(&str, &[(&str, &str)])| {
            let pairs = pairs.iter();
            let pairs = pairs.map(|(key, value)| ((*key).to_owned(), (*value).to_owned()));
            ((*name).to_owned(), pairs.collect())
        };
        Secrets::new(
            sources.iter().map(source).collect(),
            default.map(str::to_owned),
        )
    }

    #[test]
    fn a_secret_comes_from_the_source_that_is_meant() {
        let (one, two): (&[_], &[_]) = (&[("k", "1")], &[("k", "2")]);
        let alone = secrets(&[("one", one)], None);
        let marked = secrets(&[("one", one), ("two", two)], Some("two"));
        let unmarked = secrets(&[("one", one), ("two", two)], None);
        let none = secrets(&[], None);
        for (secrets, source, expected) in [
            (&alone, None, Ok("1")),
            (&alone, Some("default"), Ok("1")),
            (&marked, None, Ok("2")),
            (&marked, Some("one"), Ok("1")),
            (&marked, Some("three"), Err("\"three\": there are one, two")),
            (&unmarked, None, Err("name one of one, two, or mark one")),
            (&unmarked, Some("two"), Ok("2")),
            (&none, Some("one"), Err("no secret source is configured")),
        ] {
            let got = secrets.get("k", source);
            match (&got, expected) {
                (Ok(value), Ok(expected)) => assert_eq!(value, expected),
                (Err(why), Err(words)) => assert!(why.contains(words), "{why}"),
                _ => panic!("{got:?} instead of {expected:?}"),
            }
        }
        let missing = alone.get("other", None).expect_err("there is no such key");
        assert_eq!(missing, "secret source \"one\" has no secret \"other\"");
    }

    #[test]
    fn only_what_was_told_is_redacted_and_then_wholly() {
        let secrets = secrets(
            &[(
                "s",
                &[
                    ("a", "abcd"),
                    ("b", "cdef"),
                    ("c", "éé"),
                    ("d", ""),
                    ("e", "ab"),
                ],
            )],
            None,
        );
        assert_eq!(secrets.redacted("abcd"), "abcd");
        for key in ["a", "b", "c", "d", "a"] {
            secrets.get(key, None).expect("it is there");
        }
        for (text, expected) in [
            ("", ""),
            ("abc", "abc"),
            (
                "=abcd=abcd.",
                "=***SECRET_REDACTED***=***SECRET_REDACTED***.",
            ),
            ("abcdef", "***SECRET_REDACTED***"),
            ("xcdefx", "x***SECRET_REDACTED***x"),
            ("ééé!", "***SECRET_REDACTED***!"),
        ] {
            assert_eq!(secrets.redacted(text), expected, "{text}");
        }
    }

    #[test]
    fn a_secret_is_not_shown_for_debugging() {
        let shown = format!("{:?}", secrets(&[("vault", &[("key", "value")])], None));
        assert_eq!(shown, "{\"vault\"}");
    }
}
