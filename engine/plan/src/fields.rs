//! Defines the typed reading of one scenario's JSON: every mistake is collected, none stops the reading.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Map, Value};

use crate::curve::Stage;
use crate::duration;
use crate::error::Problem;
use crate::suggest;

/// The keys of one scenario. As in k6, `null` counts as absent, and a whole number may be written as text.
pub(crate) struct Fields<'a> {
    scenario: &'a str,
    map: &'a Map<String, Value>,
    problems: &'a mut Vec<Problem>,
}

impl<'a> Fields<'a> {
    pub(crate) fn new(
        scenario: &'a str,
        map: &'a Map<String, Value>,
        problems: &'a mut Vec<Problem>,
    ) -> Fields<'a> {
        Fields {
            scenario,
            map,
            problems,
        }
    }

    pub(crate) fn has(&self, key: &str) -> bool {
        self.raw(key).is_some()
    }

    pub(crate) fn problem(&mut self, message: impl Into<String>) {
        self.problems
            .push(Problem::of_scenario(self.scenario, message));
    }

    /// Objects to every key that is neither in `known` nor in `common`.
    pub(crate) fn reject_unknown(&mut self, executor: &str, known: &[&str], common: &[&str]) {
        let all = || known.iter().chain(common).copied();
        for key in self
            .map
            .keys()
            .filter(|key| all().all(|known| known != key.as_str()))
        {
            let hint = suggest::hint(key, all());
            self.problem(format!("unknown key {key:?} for executor {executor}{hint}"));
        }
    }

    /// A whole number, not negative.
    pub(crate) fn count(&mut self, key: &str) -> Option<u64> {
        let value = self.raw(key)?;
        match whole_number(value) {
            Ok(count) => Some(count),
            Err(reason) => {
                self.problem(format!("{key} {reason}, got {value}"));
                None
            }
        }
    }

    pub(crate) fn count_or(&mut self, key: &str, default: u64) -> Option<u64> {
        if self.has(key) {
            self.count(key)
        } else {
            Some(default)
        }
    }

    pub(crate) fn duration(&mut self, key: &str) -> Option<Duration> {
        let read = duration::from_json(self.raw(key)?);
        read.map_err(|error| self.problem(format!("{key}: {error}")))
            .ok()
    }

    pub(crate) fn duration_or(&mut self, key: &str, default: Duration) -> Option<Duration> {
        if self.has(key) {
            self.duration(key)
        } else {
            Some(default)
        }
    }

    /// Objects if the key is absent; what is there but wrong has been objected to already.
    pub(crate) fn require(&mut self, key: &str) {
        if !self.has(key) {
            self.problem(format!("{key} is missing"));
        }
    }

    pub(crate) fn text(&mut self, key: &str) -> Option<String> {
        match self.raw(key)? {
            Value::String(text) => Some(text.clone()),
            other => {
                self.problem(format!("{key} must be text, got {other}"));
                None
            }
        }
    }

    /// A map from text to text.
    pub(crate) fn texts(&mut self, key: &str) -> BTreeMap<String, String> {
        let map = self.map(key).into_iter().flatten();
        let mut texts = BTreeMap::new();
        for (name, value) in map {
            match value {
                Value::String(text) => _ = texts.insert(name.clone(), text.clone()),
                other => self.problem(format!(
                    "{key}.{name} must be text, got {other}; put it in quotes"
                )),
            }
        }
        texts
    }

    pub(crate) fn map(&mut self, key: &str) -> Option<&'a Map<String, Value>> {
        match self.raw(key)? {
            Value::Object(map) => Some(map),
            other => {
                self.problem(format!("{key} must be an object, got {other}"));
                None
            }
        }
    }

    /// At least one stage, each with a duration and a target of at most `limit`.
    pub(crate) fn stages(&mut self, key: &str, limit: u64) -> Option<Vec<Stage>> {
        let stages = match self.raw(key) {
            Some(Value::Array(stages)) if !stages.is_empty() => stages,
            Some(Value::Array(_)) | None => {
                self.problem(format!(
                    "{key} needs at least one stage, such as {{ duration: \"30s\", target: 10 }}"
                ));
                return None;
            }
            Some(other) => {
                self.problem(format!("{key} must be a list, got {other}"));
                return None;
            }
        };
        let read: Vec<Option<Stage>> = stages
            .iter()
            .enumerate()
            .map(|(index, stage)| self.stage(key, index, stage, limit))
            .collect();
        read.into_iter().collect()
    }

    fn stage(&mut self, key: &str, index: usize, stage: &Value, limit: u64) -> Option<Stage> {
        let place = format!("{key}[{index}]");
        let Value::Object(map) = stage else {
            self.problem(format!(
                "{place} must be an object with duration and target, got {stage}"
            ));
            return None;
        };
        let mut problems = Vec::new();
        let mut fields = Fields::new(self.scenario, map, &mut problems);
        for unknown in map
            .keys()
            .filter(|key| !["duration", "target"].contains(&key.as_str()))
        {
            fields.problem(format!(
                "unknown key {unknown:?}{}",
                suggest::hint(unknown, ["duration", "target"])
            ));
        }
        fields.require("duration");
        fields.require("target");
        let (duration, target) = (fields.duration("duration"), fields.count("target"));
        if target.is_some_and(|target| target > limit) {
            fields.problem(format!("target is above the limit of {limit}"));
        }
        self.problems
            .extend(problems.into_iter().map(|problem| problem.within(&place)));
        Some(Stage {
            duration: duration?,
            target: target?,
        })
    }

    fn raw(&self, key: &str) -> Option<&'a Value> {
        self.map
            .get(key)
            .filter(|value| !value.is_null() && value.as_str() != Some(""))
    }
}

fn whole_number(value: &Value) -> Result<u64, &'static str> {
    let number = match value {
        Value::Number(number) => number.as_i64().or_else(|| whole_float(number.as_f64()?)),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    };
    match number {
        Some(number) => u64::try_from(number).map_err(|_| "must not be negative"),
        None => Err("must be a whole number"),
    }
}

/// `10.0`, as some languages write 10.
fn whole_float(number: f64) -> Option<i64> {
    (number.fract() == 0.0 && number.abs() < 1e15).then_some(number as i64)
}
