//! Defines the JSON output: one line per metric when it is first seen, one line per sample.

use std::collections::BTreeSet;
use std::io::{self, Write};
use std::sync::Arc;
use std::time::Duration;

use brunt_metrics::{
    Definition, MetricId, Origin, RawBatch, RawSample, Routing, TagSet, Threshold, Thresholds,
};
use serde::Serialize;
use serde_json::{Value, json};

use super::sink::{Sink, describe};
use super::time::rfc3339_nano;
use super::{Definitions, Output, OutputContext, OutputError, OutputSpec};

/// How often k6 writes.
const FLUSH_INTERVAL: Duration = Duration::from_millis(200);

/// Lines of JSON, in the shape that k6 writes.
pub(crate) struct JsonOutput {
    path: String,
    sink: Sink,
    definitions: Definitions,
    routing: Arc<Routing>,
    thresholds: Arc<Thresholds>,
    announced: BTreeSet<MetricId>,
}

#[derive(Serialize)]
struct Point<'a> {
    metric: &'a str,
    r#type: &'static str,
    data: PointData<'a>,
}

#[derive(Serialize)]
struct PointData<'a> {
    time: String,
    value: Value,
    tags: &'a TagSet,
    #[serde(skip_serializing_if = "Option::is_none")]
    metadata: Option<&'a TagSet>,
}

impl JsonOutput {
    /// Opens the file that `spec` names; standard output when it names none.
    pub(crate) fn open(spec: &OutputSpec, context: &OutputContext) -> Result<Self, OutputError> {
        let path = if spec.argument.is_empty() {
            "-"
        } else {
            &spec.argument
        };
        Ok(Self {
            path: path.to_owned(),
            sink: Sink::open("json", path)?,
            definitions: Definitions::new(&context.registry),
            routing: Arc::clone(&context.routing),
            thresholds: Arc::clone(&context.thresholds),
            announced: BTreeSet::new(),
        })
    }

    fn write_sample(&mut self, sample: &RawSample, tags: &TagSet) -> io::Result<()> {
        let Some(definition) = self.definitions.get(sample.metric).cloned() else {
            return Ok(());
        };
        if self.announced.insert(definition.id) {
            let line = self.metric_line(&definition);
            self.write_line(&line)?;
        }
        let data = PointData {
            time: rfc3339_nano(sample.time_unix_ns),
            value: number(sample.value),
            tags,
            metadata: sample.metadata.as_ref(),
        };
        self.write_line(&Point {
            metric: &definition.name,
            r#type: "Point",
            data,
        })
    }

    fn metric_line(&self, definition: &Definition) -> Value {
        let own =
            |t: &&Threshold| t.selector.metric.id == definition.id && !t.selector.is_sub_metric();
        let thresholds: Vec<_> = self.thresholds.iter().filter(own).map(threshold).collect();
        json!({
            "type": "Metric",
            "data": {
                "name": &*definition.name,
                "type": definition.kind,
                "contains": definition.contains,
                "thresholds": thresholds,
                "submetrics": self.sub_metrics(definition.id),
            },
            "metric": &*definition.name,
        })
    }

    fn sub_metrics(&self, metric: MetricId) -> Value {
        let all = self.routing.sub_metrics();
        let own = all
            .iter()
            .filter(|s| s.metric == metric && s.origin != Origin::Breakdown);
        let list: Vec<_> = own
            .map(|sub| {
                let suffix = sub.name.split_once('{').map_or("", |(_, rest)| rest);
                let suffix = suffix.strip_suffix('}').unwrap_or(suffix);
                json!({ "name": &*sub.name, "suffix": suffix, "tags": sub.tags })
            })
            .collect();
        if list.is_empty() {
            Value::Null
        } else {
            list.into()
        }
    }

    fn write_line(&mut self, line: &impl Serialize) -> io::Result<()> {
        serde_json::to_writer(&mut self.sink, line)?;
        self.sink.write_all(b"\n")
    }
}

impl Output for JsonOutput {
    fn description(&self) -> String {
        describe("json", &self.path)
    }

    fn write(&mut self, batch: &RawBatch) -> io::Result<()> {
        batch
            .iter()
            .try_for_each(|(sample, tags)| self.write_sample(sample, tags))
    }

    fn flush(&mut self) -> io::Result<()> {
        self.sink.flush()
    }

    fn flush_interval(&self) -> Duration {
        FLUSH_INTERVAL
    }

    fn finish(self: Box<Self>) -> io::Result<()> {
        self.sink.finish()
    }
}

/// As k6 writes a threshold: the expression alone, unless it can end the test.
fn threshold(threshold: &Threshold) -> Value {
    let source = &*threshold.expression.source;
    if !threshold.abort_on_fail {
        return source.into();
    }
    let delay = threshold
        .delay_abort
        .map(|delay| format!("{}s", delay.as_secs_f64()));
    json!({ "threshold": source, "abortOnFail": true, "delayAbortEval": delay })
}

/// Whole numbers without a point.
fn number(value: f64) -> Value {
    /// Up to here every whole number has an exact double.
    const EXACT: f64 = 9_007_199_254_740_992.0;
    if value.fract() == 0.0 && value.abs() <= EXACT {
        json!(value as i64)
    } else {
        json!(value)
    }
}
