//! Defines the selector: the text `metric` or `metric{tag:value, …}` that names a metric or a part of it.

use std::fmt;
use std::sync::Arc;

use crate::definition::Definition;
use crate::registry::Registry;
use crate::tags::TagSet;

/// A metric, or the part of it whose samples carry certain tags.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Selector {
    /// The metric's definition.
    pub metric: Definition,
    /// The tags that a sample must carry; empty for the whole metric.
    pub tags: TagSet,
    /// The text that was parsed.
    pub source: Arc<str>,
}

/// Why a selector could not be understood.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SelectorError {
    /// The text is not `metric` or `metric{tag:value, …}`.
    Malformed {
        /// The whole text.
        source: String,
        /// Where it goes wrong, in bytes from the start.
        position: usize,
        /// What is wrong there, and what would be right.
        reason: &'static str,
    },
    /// No metric has this name.
    UnknownMetric {
        /// The name.
        name: String,
        /// A metric with a similar name.
        similar: Option<Arc<str>>,
    },
}

impl Selector {
    /// Parses `source` and looks its metric up.
    ///
    /// Tags are separated by commas and need a value; a value may hold `:`, `{` and `}`; blanks and quotes around
    /// keys and values do not count.
    ///
    /// # Errors
    /// When the text is malformed or the metric is not in `registry`.
    pub fn parse(source: &str, registry: &Registry) -> Result<Self, SelectorError> {
        let (name, tags) = split(source)?;
        let metric = registry
            .by_name(name)
            .ok_or_else(|| SelectorError::UnknownMetric {
                name: name.to_owned(),
                similar: similar(name, registry),
            })?;
        Ok(Self {
            metric,
            tags,
            source: Arc::from(source),
        })
    }

    /// Whether this selects a part of the metric.
    pub fn is_sub_metric(&self) -> bool {
        !self.tags.is_empty()
    }
}

impl fmt::Display for SelectorError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Malformed {
                source,
                position,
                reason,
            } => {
                write!(
                    f,
                    "{source:?} is not a metric selector: {reason} (at character {position})"
                )
            }
            Self::UnknownMetric {
                name,
                similar: Some(other),
            } => {
                write!(f, "no metric is called '{name}': did you mean '{other}'?")
            }
            Self::UnknownMetric {
                name,
                similar: None,
            } => write!(
                f,
                "no metric is called '{name}': a custom metric must be declared while the test initialises"
            ),
        }
    }
}

impl std::error::Error for SelectorError {}

fn split(source: &str) -> Result<(&str, TagSet), SelectorError> {
    let malformed = |position, reason| {
        Err(SelectorError::Malformed {
            source: source.to_owned(),
            position,
            reason,
        })
    };
    let Some(open) = source.find('{') else {
        return match source.find('}') {
            Some(at) => malformed(at, "there is a '}' without a '{' before it"),
            None => Ok((source, TagSet::empty())),
        };
    };
    let Some(inner) = source[open + 1..].strip_suffix('}') else {
        return malformed(source.len(), "it must end in '}'");
    };
    if inner.trim().is_empty() {
        return malformed(
            open + 1,
            "there must be at least one tag:value between the braces",
        );
    }
    let mut pairs = Vec::new();
    let mut position = open + 1;
    for part in inner.split(',') {
        match part
            .split_once(':')
            .map(|(key, value)| (bare(key), bare(value)))
        {
            Some((key, value)) if !key.is_empty() && !value.is_empty() => pairs.push((key, value)),
            _ => return malformed(position, "each tag must be written as tag:value"),
        }
        position += part.len() + 1;
    }
    Ok((&source[..open], TagSet::from_pairs(pairs)))
}

fn bare(text: &str) -> &str {
    text.trim().trim_matches(['"', '\''])
}

/// The metric whose name is the fewest edits away, if that is near enough for a typing error.
fn similar(name: &str, registry: &Registry) -> Option<Arc<str>> {
    let near = registry
        .all()
        .into_iter()
        .map(|d| (distance(name, &d.name), d.name));
    let (edits, best) = near.min_by_key(|(edits, _)| *edits)?;
    (edits <= 1 + name.len() / 5).then_some(best)
}

/// The Levenshtein distance in bytes.
fn distance(a: &str, b: &str) -> usize {
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.bytes().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, y) in b.bytes().enumerate() {
            let replaced = diagonal + usize::from(x != y);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(source: &str) -> Result<(String, Vec<(String, String)>), String> {
        let selector = Selector::parse(source, &Registry::new()).map_err(|e| e.to_string())?;
        let own = |(k, v): (&str, &str)| (k.to_owned(), v.to_owned());
        Ok((
            selector.metric.name.to_string(),
            selector.tags.iter().map(own).collect(),
        ))
    }

    #[test]
    fn selectors_name_a_metric_and_tags() {
        let cases: [(&str, &[(&str, &str)]); 6] = [
            ("http_reqs", &[]),
            ("http_reqs{status:200}", &[("status", "200")]),
            ("http_reqs{ b : 2 ,a:1}", &[("a", "1"), ("b", "2")]),
            (
                "http_reqs{url:http://x:80/{id}}",
                &[("url", "http://x:80/{id}")],
            ),
            ("http_reqs{group:::a::b}", &[("group", "::a::b")]),
            ("http_reqs{\"name\":'x'}", &[("name", "x")]),
        ];
        for (source, tags) in cases {
            let own = tags
                .iter()
                .map(|(k, v)| ((*k).to_owned(), (*v).to_owned()))
                .collect();
            assert_eq!(parse(source), Ok(("http_reqs".to_owned(), own)), "{source}");
        }
    }

    #[test]
    fn errors_say_what_where_and_what_else() {
        let cases = [
            (
                "http_reqs{}",
                "at least one tag:value between the braces (at character 10)",
            ),
            ("http_reqs{a:1", "must end in '}' (at character 13)"),
            ("http_reqs{a:1}x", "must end in '}'"),
            ("http_reqs}", "without a '{' before it (at character 9)"),
            ("http_reqs{a:1,b}", "tag:value (at character 14)"),
            ("http_reqs{a:}", "tag:value"),
            ("http_req_durations", "did you mean 'http_req_duration'?"),
            ("orders", "no metric is called 'orders'"),
        ];
        for (source, part) in cases {
            let text = parse(source).err().unwrap_or_default();
            assert!(text.contains(part), "{source}: {text}");
        }
    }
}
