//! Defines the typed reading of merged options: every mistake is collected, and named with where it was made.

use std::collections::BTreeMap;
use std::time::Duration;

use brunt_plan::duration;
use serde_json::Value;

use super::merge::Values;

/// The values in force, and what turned out wrong with them.
pub(super) struct Reader<'a> {
    values: &'a Values,
    problems: Vec<String>,
}

impl<'a> Reader<'a> {
    pub(super) fn new(values: &'a Values) -> Reader<'a> {
        Reader {
            values,
            problems: Vec::new(),
        }
    }

    pub(super) fn into_problems(self) -> Vec<String> {
        self.problems
    }

    pub(super) fn given(&self, name: &str) -> bool {
        self.raw(name).is_some()
    }

    pub(super) fn raw(&self, name: &str) -> Option<&'a Value> {
        self.values.get(name).map(|given| &given.value)
    }

    /// Where an option was set, for messages.
    pub(super) fn origin(&self, name: &str) -> &'a str {
        self.values
            .get(name)
            .map_or("the defaults", |given| &given.origin)
    }

    /// Notes what is wrong with an option.
    pub(super) fn problem(&mut self, name: &str, message: impl std::fmt::Display) {
        self.problems
            .push(format!("{name} (from {}): {message}", self.origin(name)));
    }

    /// Notes something that already says where it is wrong.
    pub(super) fn general_problem(&mut self, message: impl Into<String>) {
        self.problems.push(message.into());
    }

    /// Reads an option with `read`, whose error is what is wrong with the value.
    pub(super) fn read<T>(
        &mut self,
        name: &str,
        read: impl FnOnce(&Value) -> Result<T, String>,
    ) -> Option<T> {
        read(self.raw(name)?)
            .map_err(|message| self.problem(name, message))
            .ok()
    }

    pub(super) fn count(&mut self, name: &str, default: u64) -> u64 {
        self.read(name, count).unwrap_or(default)
    }

    pub(super) fn flag(&mut self, name: &str, default: bool) -> bool {
        let read = |value: &Value| {
            value
                .as_bool()
                .ok_or_else(|| format!("must be true or false, got {value}"))
        };
        self.read(name, read).unwrap_or(default)
    }

    pub(super) fn duration(&mut self, name: &str, default: Duration) -> Duration {
        self.read(name, |value| {
            duration::from_json(value).map_err(|error| error.to_string())
        })
        .unwrap_or(default)
    }

    pub(super) fn text(&mut self, name: &str) -> Option<String> {
        self.read(name, text).filter(|text| !text.is_empty())
    }

    pub(super) fn words(&mut self, name: &str) -> Option<Vec<String>> {
        self.read(name, words)
    }

    pub(super) fn texts(&mut self, name: &str) -> BTreeMap<String, String> {
        self.read(name, texts).unwrap_or_default()
    }
}

/// A whole number, not negative; written as text it counts too.
pub(super) fn count(value: &Value) -> Result<u64, String> {
    let number = match value {
        Value::String(text) => text.trim().parse().ok(),
        Value::Number(number) => number.as_u64().or_else(|| whole_float(number.as_f64()?)),
        _ => None,
    };
    number.ok_or_else(|| format!("must be a whole number, not negative, got {value}"))
}

/// The value of a name, whatever its case.
pub(super) fn one_of<T: Copy>(value: &Value, names: &[(&str, T)]) -> Result<T, String> {
    let text = text(value)?;
    let found = names
        .iter()
        .find(|(name, _)| name.eq_ignore_ascii_case(&text));
    let names = || {
        names
            .iter()
            .map(|(name, _)| *name)
            .filter(|name| !name.is_empty())
            .collect::<Vec<_>>()
            .join(", ")
    };
    found
        .map(|(_, value)| *value)
        .ok_or_else(|| format!("must be one of {}, got {text:?}", names()))
}

/// Text.
pub(super) fn text(value: &Value) -> Result<String, String> {
    value
        .as_str()
        .map(str::to_owned)
        .ok_or_else(|| format!("must be text, got {value}"))
}

/// A list of texts.
pub(super) fn words(value: &Value) -> Result<Vec<String>, String> {
    let list = value
        .as_array()
        .ok_or_else(|| format!("must be a list, got {value}"))?;
    list.iter().map(text).collect()
}

fn texts(value: &Value) -> Result<BTreeMap<String, String>, String> {
    let map = value
        .as_object()
        .ok_or_else(|| format!("must be an object, got {value}"))?;
    map.iter()
        .map(|(name, value)| {
            Ok((
                name.clone(),
                text(value).map_err(|message| format!("{name} {message}"))?,
            ))
        })
        .collect()
}

/// `10.0`, as some languages write 10.
fn whole_float(number: f64) -> Option<u64> {
    (number.fract() == 0.0 && (0.0..1e15).contains(&number)).then_some(number as u64)
}
