//! Defines outputs: where single samples go while the test runs.
//!
//! An output is opened before the test starts, so that what cannot be written is known at once. Each runs on a
//! thread of its own behind a bounded queue: a slow disk never holds up the test. One that fails is reported once
//! and dropped; the test goes on.

mod csv;
mod json;
mod queue;
mod sink;
mod spec;
mod time;

use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use brunt_metrics::{Definition, MetricId, RawBatch, Registry, Routing, Thresholds};

pub use queue::{OutputNotice, Outputs};
pub use spec::{OutputKind, OutputSpec};

/// What outputs need to know of the test.
#[derive(Clone)]
pub struct OutputContext {
    /// The test's metrics.
    pub registry: Arc<Registry>,
    /// The test's sub-metrics.
    pub routing: Arc<Routing>,
    /// The test's thresholds.
    pub thresholds: Arc<Thresholds>,
    /// The system tags that are switched on, by name.
    pub system_tags: Vec<String>,
    /// Environment variables, for `K6_CSV_*`.
    pub env: BTreeMap<String, String>,
    /// How many batches may wait for each output, 1 at least.
    pub queue: usize,
}

/// Why an output cannot be used: names the output, what is wrong and what to do.
#[derive(Debug)]
pub struct OutputError {
    message: String,
}

/// One place to write samples to.
pub(crate) trait Output: Send {
    /// What the user knows it by, such as `json (results.json)`.
    fn description(&self) -> String;

    /// Writes the samples, possibly into a buffer.
    fn write(&mut self, batch: &RawBatch) -> io::Result<()>;

    /// Hands on what is buffered.
    fn flush(&mut self) -> io::Result<()>;

    /// How often [`flush`](Self::flush) is wanted.
    fn flush_interval(&self) -> Duration;

    /// Completes what was written.
    fn finish(self: Box<Self>) -> io::Result<()>;
}

impl OutputError {
    pub(crate) fn new(message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
        }
    }
}

impl fmt::Display for OutputError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for OutputError {}

/// Opens the output that `spec` names.
pub(crate) fn open(
    spec: &OutputSpec,
    context: &OutputContext,
) -> Result<Box<dyn Output>, OutputError> {
    Ok(match spec.kind {
        OutputKind::Json => Box::new(json::JsonOutput::open(spec, context)?),
        OutputKind::Csv => Box::new(csv::CsvOutput::open(spec, context)?),
    })
}

/// The definitions that an output met, so that it asks the registry once per metric.
pub(crate) struct Definitions {
    registry: Arc<Registry>,
    known: Vec<Definition>,
}

impl Definitions {
    pub(crate) fn new(registry: &Arc<Registry>) -> Self {
        Self {
            registry: Arc::clone(registry),
            known: Vec::new(),
        }
    }

    pub(crate) fn get(&mut self, metric: MetricId) -> Option<&Definition> {
        if self.known.len() <= metric.0 as usize {
            self.known = self.registry.all();
        }
        self.known.get(metric.0 as usize)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read;
    use std::path::Path;

    use brunt_metrics::{Breakdown, Recorder, RecorderSettings, TagSet, builtin};
    use brunt_metrics::{Contains, Kind, RawSamples};
    use flate2::read::GzDecoder;
    use serde_json::{Value, json};

    use super::*;

    fn context() -> OutputContext {
        let registry = Arc::new(Registry::new());
        let option = json!({"http_req_duration": ["p(95)<200", {"threshold": "avg<1", "abortOnFail": true}]});
        let thresholds = Thresholds::from_json(&option, &registry).expect("valid");
        let routing = Arc::new(Routing::new(thresholds.selectors(), Breakdown::Off));
        let system_tags = ["url", "status", "vu"].map(str::to_owned).to_vec();
        let env = BTreeMap::from([("K6_CSV_TIME_FORMAT".to_owned(), "unix_milli".to_owned())]);
        OutputContext {
            registry,
            routing,
            thresholds: Arc::new(thresholds),
            system_tags,
            env,
            queue: 64,
        }
    }

    /// Two requests and a custom sample, as a recorder hands them on.
    fn batch(context: &OutputContext) -> RawBatch {
        let raw = RawSamples::Keep { capacity: 10 };
        let settings = RecorderSettings {
            raw,
            ..RecorderSettings::default()
        };
        let (registry, routing) = (Arc::clone(&context.registry), Arc::clone(&context.routing));
        let mut recorder = Recorder::new(registry, routing, settings);
        let custom = context
            .registry
            .register("orders", Kind::Counter, Contains::Default);
        let tags =
            recorder.intern_pairs(&[("status", "200"), ("url", "http://x/a,b"), ("team", "red")]);
        let metadata = TagSet::from_pairs([("vu", "7")]);
        let time = 1_709_210_096_012_340_000;
        recorder.record(builtin::HTTP_REQ_DURATION, tags, 12.5, time);
        recorder.record_with_metadata(
            builtin::HTTP_REQ_DURATION,
            tags,
            13.0,
            time,
            Some(&metadata),
        );
        let none = recorder.intern(&TagSet::empty());
        recorder.record(custom.expect("a free name"), none, 2.0, time);
        recorder.snapshot().raw
    }

    /// What the file of `name` (with its suffix) holds after one batch.
    fn written(output: &str, name: &str) -> String {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join(name);
        let spec = format!("{output}={}", path.display())
            .parse()
            .expect("a valid output");
        let context = context();
        let mut outputs = Outputs::open(&[spec], &context).expect("a writable folder");
        assert_eq!(outputs.send(batch(&context)), []);
        assert_eq!(outputs.finish(), []);
        read(&path)
    }

    fn read(path: &Path) -> String {
        let bytes = std::fs::read(path).expect("the output wrote a file");
        if path.extension().is_none_or(|suffix| suffix != "gz") {
            return String::from_utf8(bytes).expect("text");
        }
        let mut text = String::new();
        GzDecoder::new(bytes.as_slice())
            .read_to_string(&mut text)
            .expect("a complete gzip file");
        text
    }

    #[test]
    fn json_lines_have_k6s_shape() {
        let expected = concat!(
            r#"{"type":"Metric","data":{"name":"http_req_duration","type":"trend","contains":"time","#,
            r#""thresholds":["p(95)<200",{"threshold":"avg<1","abortOnFail":true,"delayAbortEval":null}],"#,
            r#""submetrics":[{"name":"http_req_duration{expected_response:true}","#,
            r#""suffix":"expected_response:true","tags":{"expected_response":"true"}}]},"metric":"http_req_duration"}"#,
            "\n",
            r#"{"metric":"http_req_duration","type":"Point","data":{"time":"2024-02-29T12:34:56.01234Z","value":12.5,"#,
            r#""tags":{"status":"200","team":"red","url":"http://x/a,b"}}}"#,
            "\n",
            r#"{"metric":"http_req_duration","type":"Point","data":{"time":"2024-02-29T12:34:56.01234Z","value":13,"#,
            r#""tags":{"status":"200","team":"red","url":"http://x/a,b"},"metadata":{"vu":"7"}}}"#,
            "\n",
            r#"{"type":"Metric","data":{"name":"orders","type":"counter","contains":"default","thresholds":[],"#,
            r#""submetrics":null},"metric":"orders"}"#,
            "\n",
            r#"{"metric":"orders","type":"Point","data":{"time":"2024-02-29T12:34:56.01234Z","value":2,"tags":{}}}"#,
            "\n",
        );
        assert_eq!(written("json", "out.json"), expected);
        assert_eq!(written("json", "out.json.gz"), expected);
        let valid = |line: &str| serde_json::from_str::<Value>(line).is_ok();
        assert!(expected.lines().all(valid));
    }

    #[test]
    fn csv_rows_have_k6s_shape() {
        let expected = "\
metric_name,timestamp,metric_value,status,url,extra_tags,metadata
http_req_duration,1709210096012,12.500000,200,\"http://x/a,b\",team=red,
http_req_duration,1709210096012,13.000000,200,\"http://x/a,b\",team=red,vu=7
orders,1709210096012,2.000000,,,,
";
        assert_eq!(written("csv", "out.csv"), expected);
        assert_eq!(written("csv", "out.csv.gz"), expected);
    }

    #[test]
    fn what_cannot_be_written_is_known_before_the_test() {
        for output in ["json=/no/such/folder/x.json", "csv=/no/such/folder/x.csv"] {
            let spec = output.parse().expect("a valid output");
            let error = Outputs::open(&[spec], &context())
                .err()
                .map(|e| e.to_string());
            let text = error.unwrap_or_default();
            assert!(text.contains("cannot write '/no/such/folder/"), "{text}");
        }
    }
}
