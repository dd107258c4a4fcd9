//! Defines how thresholds are read from the `thresholds` option: a map from metric to expressions.

use std::time::Duration;

use serde_json::{Map, Value};

use super::expression::{Expression, methods_of};
use super::{Threshold, ThresholdError, ThresholdSource, Thresholds};
use crate::registry::Registry;
use crate::selector::Selector;

/// What a threshold may look like, for messages.
const FORMS: &str = "write a string such as \"p(95)<200\", a list of them, or \
                     {\"threshold\": \"…\", \"abortOnFail\": true, \"delayAbortEval\": \"10s\"}";

impl Thresholds {
    /// Reads the value of the `thresholds` option: `{metric: expression | [expression…]}`.
    ///
    /// An expression is a string or `{threshold, abortOnFail, delayAbortEval}`.
    ///
    /// # Errors
    /// The first of: a wrong form, a metric that is not in `registry`, an expression that breaks the grammar, a
    /// method that does not exist for the metric's kind.
    pub fn from_json(option: &Value, registry: &Registry) -> Result<Self, ThresholdError> {
        let map = match option {
            Value::Null => return Ok(Self::default()),
            Value::Object(map) => map,
            _ => {
                return Err(form(
                    "thresholds",
                    "the option must be an object from metric to expressions",
                ));
            }
        };
        let mut sources = Vec::new();
        for (metric, value) in map {
            sources.extend(
                read_sources(metric, value)?
                    .into_iter()
                    .map(|s| (metric.as_str(), s)),
            );
        }
        Self::parse(sources, registry)
    }

    /// Parses thresholds that stand under the selectors they are paired with.
    ///
    /// # Errors
    /// As [`from_json`](Self::from_json).
    pub fn parse<'a>(
        sources: impl IntoIterator<Item = (&'a str, ThresholdSource)>,
        registry: &Registry,
    ) -> Result<Self, ThresholdError> {
        let parse = |(metric, source)| parse_one(metric, source, registry);
        let thresholds = sources.into_iter().map(parse).collect::<Result<_, _>>()?;
        Ok(Self { thresholds })
    }
}

fn parse_one(
    metric: &str,
    source: ThresholdSource,
    registry: &Registry,
) -> Result<Threshold, ThresholdError> {
    let selector = Selector::parse(metric, registry)?;
    let text = source.expression;
    let expression = match Expression::parse(&text) {
        Ok(expression) => expression,
        Err((position, hint)) => {
            let metric = metric.to_owned();
            return Err(ThresholdError::Expression {
                metric,
                expression: text,
                position,
                hint,
            });
        }
    };
    let kind = selector.metric.kind;
    if !expression.method.fits(kind) {
        let hint = format!(
            "'{}' does not exist for a {kind}; a {kind} has {}",
            expression.method,
            methods_of(kind)
        );
        return Err(ThresholdError::Method {
            metric: metric.to_owned(),
            expression: text,
            hint,
        });
    }
    let (abort_on_fail, delay_abort) = (source.abort_on_fail, source.delay_abort);
    Ok(Threshold {
        selector,
        expression,
        abort_on_fail,
        delay_abort,
    })
}

fn read_sources(metric: &str, value: &Value) -> Result<Vec<ThresholdSource>, ThresholdError> {
    match value {
        Value::Array(list) => list
            .iter()
            .map(|entry| read_source(metric, entry))
            .collect(),
        single => Ok(vec![read_source(metric, single)?]),
    }
}

fn read_source(metric: &str, value: &Value) -> Result<ThresholdSource, ThresholdError> {
    match value {
        Value::String(expression) => Ok(ThresholdSource::new(expression)),
        Value::Object(map) => read_object(metric, map),
        other => Err(form(metric, &format!("{other} is no threshold; {FORMS}"))),
    }
}

fn read_object(metric: &str, map: &Map<String, Value>) -> Result<ThresholdSource, ThresholdError> {
    let mut source = ThresholdSource::new("");
    for (key, value) in map {
        match (key.as_str(), value) {
            ("threshold", Value::String(text)) => source.expression.clone_from(text),
            ("abortOnFail", Value::Bool(abort)) => source.abort_on_fail = *abort,
            ("abortOnFail" | "delayAbortEval", Value::Null) => {}
            ("delayAbortEval", value) => source.delay_abort = Some(read_duration(metric, value)?),
            ("threshold" | "abortOnFail", _) => {
                return Err(form(metric, &format!("{key} cannot be {value}; {FORMS}")));
            }
            _ => return Err(form(metric, &format!("'{key}' is not known here; {FORMS}"))),
        }
    }
    if !map.contains_key("threshold") {
        return Err(form(metric, &format!("'threshold' is missing; {FORMS}")));
    }
    Ok(source)
}

/// A duration such as `1m30s`, `1.5s` or `1d`; a bare number is milliseconds.
fn read_duration(metric: &str, value: &Value) -> Result<Duration, ThresholdError> {
    let seconds = match value {
        Value::Number(number) => number.as_f64().map(|ms| ms / 1e3),
        Value::String(text) => match text.parse::<f64>() {
            Ok(ms) => Some(ms / 1e3),
            Err(_) => seconds_of(text),
        },
        _ => None,
    };
    let duration = seconds.and_then(|s| Duration::try_from_secs_f64(s).ok());
    duration.ok_or_else(|| {
        form(
            metric,
            &format!(
                "delayAbortEval cannot be {value}; write a duration such as \"10s\" or \"1m30s\""
            ),
        )
    })
}

fn seconds_of(text: &str) -> Option<f64> {
    let mut rest = text.trim();
    let mut sum = None;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let number: f64 = rest[..digits].parse().ok()?;
        rest = &rest[digits..];
        let end = rest
            .find(|c: char| c.is_ascii_digit() || c == '.')
            .unwrap_or(rest.len());
        sum = Some(sum.unwrap_or(0.0) + number * unit_seconds(&rest[..end])?);
        rest = &rest[end..];
    }
    sum
}

fn unit_seconds(unit: &str) -> Option<f64> {
    Some(match unit {
        "d" => 86_400.0,
        "h" => 3_600.0,
        "m" => 60.0,
        "s" => 1.0,
        "ms" => 1e-3,
        "us" | "µs" | "μs" => 1e-6,
        "ns" => 1e-9,
        _ => return None,
    })
}

fn form(metric: &str, hint: &str) -> ThresholdError {
    ThresholdError::Form {
        metric: metric.to_owned(),
        hint: hint.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn parse(option: Value) -> Result<Thresholds, String> {
        Thresholds::from_json(&option, &Registry::new()).map_err(|e| e.to_string())
    }

    #[test]
    fn every_form_is_read_in_order() {
        let option = json!({
            "http_req_failed": "rate<0.01",
            "http_req_duration{status:200}": ["p(95)<200", {
                "threshold": "avg<100", "abortOnFail": true, "delayAbortEval": "1m30s",
            }],
            "http_reqs": [{"threshold": "count>1", "delayAbortEval": 250, "abortOnFail": null}],
        });
        let thresholds = parse(option).expect("valid");
        let read: Vec<_> = thresholds
            .iter()
            .map(|t| {
                let delay = t.delay_abort.map(|d| d.as_millis());
                (
                    &*t.selector.source,
                    &*t.expression.source,
                    t.abort_on_fail,
                    delay,
                )
            })
            .collect();
        let expected = [
            ("http_req_failed", "rate<0.01", false, None),
            ("http_req_duration{status:200}", "p(95)<200", false, None),
            (
                "http_req_duration{status:200}",
                "avg<100",
                true,
                Some(90_000),
            ),
            ("http_reqs", "count>1", false, Some(250)),
        ];
        assert_eq!(read, expected);
        assert!(parse(Value::Null).expect("valid").is_empty());
    }

    #[test]
    fn errors_name_metric_expression_and_remedy() {
        let cases = [
            (json!({"nope": "avg<1"}), "no metric is called 'nope'"),
            (
                json!({"http_reqs": "avg<1"}),
                "'avg' does not exist for a counter; a counter has count, rate",
            ),
            (json!({"vus": "count<1"}), "a gauge has value"),
            (
                json!({"checks": "p(95)<1"}),
                "'p(95)' does not exist for a rate; a rate has rate",
            ),
            (
                json!({"http_req_duration": "rate<1"}),
                "a trend has avg, min, med, max, p(N)",
            ),
            (
                json!({"http_req_duration": "p(95)<200ms"}),
                "\"p(95)<200ms\" on metric 'http_req_duration', at character 6",
            ),
            (json!({"http_reqs": 5}), "5 is no threshold"),
            (
                json!({"http_reqs": {"abortOnFail": true}}),
                "'threshold' is missing",
            ),
            (
                json!({"http_reqs": {"threshold": "count>1", "abort": 1}}),
                "'abort' is not known",
            ),
            (
                json!({"http_reqs": {"threshold": "count>1", "delayAbortEval": "10 parsecs"}}),
                "delayAbortEval",
            ),
            (
                json!({"http_reqs": {"threshold": "count>1", "delayAbortEval": -1}}),
                "delayAbortEval",
            ),
            (json!({"http_reqs{": "count>1"}), "must end in '}'"),
            (json!(["avg<1"]), "must be an object"),
        ];
        for (option, part) in cases {
            let text = parse(option.clone()).err().unwrap_or_default();
            assert!(text.contains(part), "{option}: {text}");
        }
    }
}
