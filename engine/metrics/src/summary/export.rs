//! Defines the summary in the shape of k6's `--summary-export` file.
//!
//! The shape is older than `handleSummary`'s and has its quirks, which readers of such files rely on: a threshold's
//! value is `true` when it was *crossed*, a rate's share is called `value`, groups and checks are maps by name.

use serde_json::{Map, Value, json};

use super::json::{check_json, id, number};
use super::{GroupSummary, MetricSummary, Summary, TrendStat, Values};

impl Summary {
    /// The content of a `--summary-export` file.
    pub fn to_export(&self) -> Value {
        let metrics = self.metrics.iter();
        let metrics: Map<_, _> = metrics
            .map(|m| (m.name.to_string(), metric_json(m, &self.trend_stats)))
            .collect();
        json!({ "root_group": group_json(&self.root_group), "metrics": metrics })
    }
}

fn metric_json(metric: &MetricSummary, stats: &[TrendStat]) -> Value {
    let mut map = Map::new();
    let mut put = |key: &str, value: f64| map.insert(key.to_owned(), number(value));
    match &metric.values {
        Values::Counter { count, rate } => {
            put("count", *count);
            put("rate", *rate);
        }
        Values::Gauge { value, min, max } => {
            put("value", *value);
            put("min", *min);
            put("max", *max);
        }
        Values::Rate {
            rate,
            passes,
            fails,
        } => {
            put("passes", *passes as f64);
            put("fails", *fails as f64);
            put("value", *rate);
        }
        Values::Trend(readings) => {
            for (stat, reading) in stats.iter().zip(readings) {
                put(stat.label(), *reading);
            }
        }
    }
    let thresholds = metric.thresholds.iter();
    let crossed: Map<_, _> = thresholds
        .map(|t| (t.expression.to_string(), json!(!t.ok)))
        .collect();
    if !crossed.is_empty() {
        map.insert("thresholds".to_owned(), Value::Object(crossed));
    }
    Value::Object(map)
}

fn group_json(group: &GroupSummary) -> Value {
    let groups = group
        .groups
        .iter()
        .map(|g| (g.name.to_string(), group_json(g)));
    let checks = group
        .checks
        .iter()
        .map(|c| (c.name.to_string(), check_json(c)));
    json!({
        "name": &*group.name,
        "path": &*group.path,
        "id": id(&group.path),
        "groups": groups.collect::<Map<_, _>>(),
        "checks": checks.collect::<Map<_, _>>(),
    })
}
