//! Defines how the files that outputs write are read back: the same samples, whichever form they have.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::Read;
use std::path::Path;

use brunt_e2e::{Brunt, Ended};
use flate2::read::GzDecoder;
use serde_json::Value;

/// What one file of samples holds.
#[derive(Debug, Default)]
pub(crate) struct Samples {
    /// What JSON says of each metric before its first point; nothing in CSV.
    pub(crate) definitions: BTreeMap<String, Value>,
    /// In the order they were written.
    pub(crate) points: Vec<Point>,
}

/// One sample.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Point {
    pub(crate) metric: String,
    /// As it is written: RFC 3339 in JSON, a number in CSV.
    pub(crate) time: String,
    pub(crate) value: f64,
    /// In CSV a tag without a value can't be told from one that is not there: neither is here.
    pub(crate) tags: BTreeMap<String, String>,
    pub(crate) metadata: BTreeMap<String, String>,
}

/// Runs it with an output for JSON, and reads that.
pub(crate) fn run_with_samples(brunt: Brunt) -> (Ended, Samples) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = folder.path().join("samples.json");
    let out = format!("json={}", file.display());
    let ended = brunt.args(["--out", &out]).run();
    (ended, read_json(&file))
}

/// The same of a run that must end well.
pub(crate) fn completed(brunt: Brunt) -> (Ended, Samples) {
    let (ended, samples) = run_with_samples(brunt);
    (ended.expect_code(0), samples)
}

/// Reads lines of JSON, compressed if the name ends in `.gz`, and checks their shape.
pub(crate) fn read_json(file: &Path) -> Samples {
    parse_json(&read_text(file))
}

/// Reads lines of JSON and checks their shape: a metric is told once, before its first point.
pub(crate) fn parse_json(text: &str) -> Samples {
    let mut samples = Samples::default();
    for line in text.lines() {
        let value: Value =
            serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
        let (metric, data) = (word(&value["metric"]), &value["data"]);
        assert_eq!(keys(&value), ["data", "metric", "type"], "{line}");
        let known = samples.definitions.contains_key(&metric);
        match value["type"].as_str() {
            Some("Metric") if !known => {
                samples.definitions.insert(metric, data.clone());
            }
            Some("Point") if known => samples.points.push(json_point(metric, data)),
            _ => panic!("neither a new metric nor a point of a known one: {line}"),
        }
    }
    samples
}

/// Reads rows of CSV, compressed if the name ends in `.gz`; gives the headings as well.
pub(crate) fn read_csv(file: &Path) -> (Vec<String>, Samples) {
    let text = read_text(file);
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let headings = reader.headers().expect("headings").clone();
    let rows = reader.records().map(|row| row.expect("a whole row"));
    let points = rows.map(|row| csv_point(&headings, &row)).collect();
    let headings = headings.iter().map(str::to_owned).collect();
    let definitions = BTreeMap::new();
    (
        headings,
        Samples {
            definitions,
            points,
        },
    )
}

/// The whole text of a file, unpacked if its name ends in `.gz`.
pub(crate) fn read_text(file: &Path) -> String {
    let shown = file.display();
    let opened = File::open(file).unwrap_or_else(|error| panic!("{shown}: {error}"));
    let mut text = String::new();
    match file.extension() {
        Some(suffix) if suffix == "gz" => GzDecoder::new(opened).read_to_string(&mut text),
        _ => (&opened).read_to_string(&mut text),
    }
    .unwrap_or_else(|error| panic!("{shown} is not whole: {error}"));
    text
}

/// The keys of a JSON object, sorted.
pub(crate) fn keys(value: &Value) -> Vec<&str> {
    let object = value
        .as_object()
        .unwrap_or_else(|| panic!("no object: {value}"));
    let sorted: BTreeSet<&str> = object.keys().map(String::as_str).collect();
    sorted.into_iter().collect()
}

impl Samples {
    /// The points of a metric.
    pub(crate) fn of<'a>(&'a self, metric: &'a str) -> impl Iterator<Item = &'a Point> {
        self.points
            .iter()
            .filter(move |point| point.metric == metric)
    }

    /// The values of a metric, in the order they were written.
    pub(crate) fn values(&self, metric: &str) -> Vec<f64> {
        self.of(metric).map(|point| point.value).collect()
    }

    /// The one value of a metric.
    pub(crate) fn one(&self, metric: &str) -> f64 {
        let values = self.values(metric);
        assert_eq!(values.len(), 1, "{metric}: {values:?}");
        values[0]
    }

    /// The error code of the first request; empty when it has none.
    pub(crate) fn error_code(&self) -> &str {
        self.of("http_reqs")
            .next()
            .expect("a request")
            .tag("error_code")
    }

    /// A tag's value on every point of a metric, in the order they were written; `-` where it is not there.
    pub(crate) fn tag_values(&self, metric: &str, tag: &str) -> Vec<&str> {
        let points = self.points.iter().filter(|point| point.metric == metric);
        points
            .map(|point| point.tags.get(tag).map_or("-", String::as_str))
            .collect()
    }

    /// The kind of a metric and what it contains, as JSON tells them.
    pub(crate) fn kind(&self, metric: &str) -> (&str, &str) {
        let definition = self
            .definitions
            .get(metric)
            .unwrap_or_else(|| panic!("{metric} is not told of"));
        let told = |key: &str| definition[key].as_str().unwrap_or_default();
        assert_eq!(told("name"), metric);
        (told("type"), told("contains"))
    }
}

impl Point {
    /// The tag's value; empty when it is not there.
    pub(crate) fn tag(&self, name: &str) -> &str {
        self.tags.get(name).map_or("", String::as_str)
    }
}

fn json_point(metric: String, data: &Value) -> Point {
    let mut known = vec!["tags", "time", "value"];
    known.splice(0..0, data.get("metadata").map(|_| "metadata"));
    assert_eq!(keys(data), known, "{data}");
    Point {
        metric,
        time: word(&data["time"]),
        value: data["value"].as_f64().expect("a number"),
        tags: words(&data["tags"]),
        metadata: data.get("metadata").map(words).unwrap_or_default(),
    }
}

/// An object of texts.
fn words(object: &Value) -> BTreeMap<String, String> {
    let pairs = object.as_object().expect("an object").iter();
    let pairs = pairs.map(|(key, value)| (key.clone(), word(value)));
    pairs.collect()
}

fn csv_point(headings: &csv::StringRecord, row: &csv::StringRecord) -> Point {
    let (mut tags, mut metadata) = (BTreeMap::new(), BTreeMap::new());
    let cells = headings.iter().zip(row).skip(3);
    for (heading, cell) in cells.filter(|(_, cell)| !cell.is_empty()) {
        match heading {
            "extra_tags" => tags.extend(joined(cell)),
            "metadata" => metadata.extend(joined(cell)),
            _ => drop(tags.insert(heading.to_owned(), cell.to_owned())),
        }
    }
    Point {
        metric: row[0].to_owned(),
        time: row[1].to_owned(),
        value: row[2].parse().expect("a number"),
        tags,
        metadata,
    }
}

/// Pairs in one cell: `a=1&b=2`.
fn joined(cell: &str) -> impl Iterator<Item = (String, String)> {
    let pairs = cell.split('&');
    let pairs = pairs.map(|pair| pair.split_once('=').expect("key=value"));
    pairs.map(|(key, value)| (key.to_owned(), value.to_owned()))
}

fn word(value: &Value) -> String {
    value
        .as_str()
        .unwrap_or_else(|| panic!("no text: {value}"))
        .to_owned()
}
