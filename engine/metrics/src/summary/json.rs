//! Defines the summary in the shape of k6's `handleSummary` argument.

use md5::{Digest, Md5};
use serde::Serialize;
use serde_json::{Map, Value, json};

use super::{CheckSummary, GroupSummary, MetricSummary, Summary, TrendStat, Values};

/// The unit of times in the text summary; unset means the unit that suits each value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum TimeUnit {
    /// Seconds.
    #[serde(rename = "s")]
    Seconds,
    /// Milliseconds.
    #[serde(rename = "ms")]
    Milliseconds,
    /// Microseconds.
    #[serde(rename = "us")]
    Microseconds,
}

/// What `handleSummary` is told beside what was measured.
#[derive(Clone, Debug, Default)]
pub struct HandleSummaryContext {
    /// The unit of times, if the user chose one.
    pub summary_time_unit: Option<TimeUnit>,
    /// Whether colours are unwanted.
    pub no_color: bool,
    /// Whether standard output is a terminal.
    pub stdout_is_tty: bool,
    /// Whether standard error is a terminal.
    pub stderr_is_tty: bool,
    /// What `setup()` returned.
    pub setup_data: Option<Value>,
}

impl Summary {
    /// The argument of `handleSummary(data)`.
    pub fn to_handle_summary(&self, context: &HandleSummaryContext) -> Value {
        let unit = context
            .summary_time_unit
            .map_or_else(|| json!(""), |unit| json!(unit));
        let stats: Vec<&str> = self.trend_stats.iter().map(TrendStat::label).collect();
        let metrics = self
            .metrics
            .iter()
            .map(|m| (m.name.to_string(), self.metric_json(m)));
        let mut data = json!({
            "root_group": group_json(&self.root_group),
            "options": {
                "summaryTrendStats": stats,
                "summaryTimeUnit": unit,
                "noColor": context.no_color,
            },
            "state": {
                "isStdOutTTY": context.stdout_is_tty,
                "isStdErrTTY": context.stderr_is_tty,
                "testRunDurationMs": self.duration.as_secs_f64() * 1e3,
            },
            "metrics": metrics.collect::<Map<_, _>>(),
        });
        if let (Some(setup), Some(map)) = (&context.setup_data, data.as_object_mut()) {
            map.insert("setup_data".to_owned(), setup.clone());
        }
        data
    }

    fn metric_json(&self, metric: &MetricSummary) -> Value {
        let mut data = json!({
            "type": metric.kind,
            "contains": metric.contains,
            "values": values_json(&metric.values, &self.trend_stats),
        });
        let thresholds = metric.thresholds.iter();
        let thresholds: Map<_, _> = thresholds
            .map(|t| (t.expression.to_string(), json!({ "ok": t.ok })))
            .collect();
        if let Some(map) = data.as_object_mut().filter(|_| !thresholds.is_empty()) {
            map.insert("thresholds".to_owned(), Value::Object(thresholds));
        }
        data
    }
}

/// What k6 identifies groups and checks by: the MD5 sum of their path in hexadecimal digits.
pub(super) fn id(path: &str) -> String {
    Md5::digest(path.as_bytes())
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

fn values_json(values: &Values, stats: &[TrendStat]) -> Value {
    match values {
        Values::Counter { count, rate } => {
            json!({ "count": number(*count), "rate": number(*rate) })
        }
        Values::Gauge { value, min, max } => {
            json!({ "value": number(*value), "min": number(*min), "max": number(*max) })
        }
        Values::Rate {
            rate,
            passes,
            fails,
        } => {
            json!({ "rate": number(*rate), "passes": passes, "fails": fails })
        }
        Values::Trend(readings) => {
            let pairs = stats.iter().zip(readings);
            pairs
                .map(|(stat, value)| (stat.label().to_owned(), number(*value)))
                .collect::<Map<_, _>>()
                .into()
        }
    }
}

/// A number as JavaScript writes it: whole ones without a point.
pub(super) fn number(value: f64) -> Value {
    /// Up to here every whole number has an exact double.
    const EXACT: f64 = 9_007_199_254_740_992.0;
    if value.fract() == 0.0 && value.abs() <= EXACT {
        json!(value as i64)
    } else {
        json!(value)
    }
}

fn group_json(group: &GroupSummary) -> Value {
    json!({
        "name": &*group.name,
        "path": &*group.path,
        "id": id(&group.path),
        "groups": group.groups.iter().map(group_json).collect::<Vec<_>>(),
        "checks": group.checks.iter().map(check_json).collect::<Vec<_>>(),
    })
}

pub(super) fn check_json(check: &CheckSummary) -> Value {
    json!({
        "name": &*check.name,
        "path": &*check.path,
        "id": id(&check.path),
        "passes": check.passes,
        "fails": check.fails,
    })
}
