//! Defines thresholds as options: which expressions belong to which metric. What an expression says is read elsewhere.

use std::time::Duration;

use brunt_plan::{duration, suggest};
use serde_json::{Map, Value};

use super::reader::Reader;

/// One threshold, unread.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ThresholdOption {
    /// The expression, such as `p(95)<200`.
    pub threshold: String,
    /// Whether the run ends when it is crossed.
    pub abort_on_fail: bool,
    /// How long it is not looked at for that, since the start.
    pub delay_abort_eval: Duration,
}

/// Reads `thresholds`: by metric key one expression, or a list of expressions and objects.
pub(super) fn read(reader: &mut Reader<'_>) -> Vec<(String, Vec<ThresholdOption>)> {
    reader.read("thresholds", thresholds).unwrap_or_default()
}

fn thresholds(value: &Value) -> Result<Vec<(String, Vec<ThresholdOption>)>, String> {
    let map = value
        .as_object()
        .ok_or_else(|| format!("must be an object, got {value}"))?;
    let metric = |(metric, value): (&String, &Value)| {
        let read = of_metric(value).map_err(|message| format!("{metric}: {message}"))?;
        Ok((metric.clone(), read))
    };
    map.iter().map(metric).collect()
}

fn of_metric(value: &Value) -> Result<Vec<ThresholdOption>, String> {
    match value {
        Value::Array(list) => list.iter().map(threshold).collect(),
        one => threshold(one).map(|threshold| vec![threshold]),
    }
}

fn threshold(value: &Value) -> Result<ThresholdOption, String> {
    match value {
        Value::String(text) => Ok(ThresholdOption {
            threshold: text.clone(),
            abort_on_fail: false,
            delay_abort_eval: Duration::ZERO,
        }),
        Value::Object(map) => from_object(map),
        other => Err(format!(
            "a threshold must be text such as \"p(95)<200\" or an object, got {other}"
        )),
    }
}

fn from_object(map: &Map<String, Value>) -> Result<ThresholdOption, String> {
    if let Some(unknown) = map.keys().find(|key| !KEYS.contains(&key.as_str())) {
        return Err(format!(
            "unknown key {unknown:?}{}",
            suggest::hint(unknown, KEYS)
        ));
    }
    let given = |key: &str| map.get(key).filter(|value| !value.is_null());
    let text = given("threshold").and_then(Value::as_str);
    let abort = |value: &Value| {
        value
            .as_bool()
            .ok_or_else(|| format!("abortOnFail must be true or false, got {value}"))
    };
    let delay = |value: &Value| {
        duration::from_json(value).map_err(|error| format!("delayAbortEval: {error}"))
    };
    Ok(ThresholdOption {
        threshold: text.ok_or("threshold is missing, or not text")?.to_owned(),
        abort_on_fail: given("abortOnFail").map_or(Ok(false), abort)?,
        delay_abort_eval: given("delayAbortEval").map_or(Ok(Duration::ZERO), delay)?,
    })
}

const KEYS: [&str; 3] = ["threshold", "abortOnFail", "delayAbortEval"];
