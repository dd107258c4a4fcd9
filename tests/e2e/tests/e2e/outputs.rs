//! Tests what is written beside the printed summary: samples as JSON and CSV, and the exported summary.

mod faults;
mod summary;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use brunt_e2e::{Answer, Brunt, Recorder};
use serde_json::json;
use tempfile::TempDir;

use crate::samples::{Point, Samples, keys, parse_json, read_csv, read_json, read_text};

/// Every third request is not found.
fn server() -> Recorder {
    let count = AtomicUsize::new(0);
    Recorder::answering(move |_| match count.fetch_add(1, Ordering::Relaxed) % 3 {
        2 => Answer::status(404).body("no"),
        _ => Answer::ok(),
    })
}

/// Some visits to the server by two VUs, writing into this folder.
fn visits(server: &Recorder, folder: &TempDir, count: u32) -> Brunt {
    let count = count.to_string();
    Brunt::guest("get_checks")
        .base_url(&page(server))
        .folder(folder.path())
        .args(["--vus", "2", "--iterations", &count])
}

fn page(server: &Recorder) -> String {
    format!("{}/page?x=a,b", server.url())
}

fn folder() -> TempDir {
    tempfile::tempdir().expect("a temporary folder")
}

#[test]
fn every_request_is_a_point_in_every_form() {
    let (server, folder) = (server(), folder());
    let mut run = visits(&server, &folder, 30);
    for out in ["json=a.json", "json=a.json.gz", "csv=a.csv", "csv=a.csv.gz"] {
        run = run.args(["--out", out]);
    }
    run.run().expect_code(0);
    assert_eq!(server.seen().len(), 30);

    let file = |name: &str| folder.path().join(name);
    let json = read_json(&file("a.json"));
    expect_requests(&json, &server);
    assert_eq!(read_text(&file("a.json")), read_text(&file("a.json.gz")));
    let (_, csv) = read_csv(&file("a.csv"));
    assert_eq!(read_text(&file("a.csv")), read_text(&file("a.csv.gz")));
    let both: [Vec<_>; 2] =
        [&json, &csv].map(|samples| samples.points.iter().map(rounded).collect());
    assert_eq!(both[0], both[1]);
    let packed = |name: &str| std::fs::read(file(name)).expect("a file").len();
    assert!(packed("a.json.gz") < packed("a.json") / 4);
}

/// The requests of `server` are there once each, with every metric of a request and the tags of an answer.
fn expect_requests(samples: &Samples, server: &Recorder) {
    let seen = server.seen().len();
    for metric in REQUEST_METRICS {
        assert_eq!(samples.of(metric).count(), seen, "{metric}");
    }
    for point in samples.of("http_reqs") {
        let found = point.tag("status") == "200";
        let mut tags = BTreeMap::from([
            ("expected_response", found.to_string()),
            ("group", String::new()),
            ("method", "GET".to_owned()),
            ("name", page(server)),
            ("proto", "HTTP/1.1".to_owned()),
            ("scenario", "default".to_owned()),
            ("status", if found { "200" } else { "404" }.to_owned()),
            ("url", page(server)),
        ]);
        if !found {
            tags.insert("error_code", "1404".to_owned());
        }
        let tags: BTreeMap<String, String> = tags
            .into_iter()
            .map(|(key, value)| (key.to_owned(), value))
            .collect();
        assert_eq!((point.value, &point.tags), (1.0, &tags));
    }
    let missed = samples
        .tag_values("http_reqs", "status")
        .iter()
        .filter(|status| **status == "404")
        .count();
    assert_eq!(missed, seen / 3);
    assert_eq!(
        samples.values("http_req_failed").iter().sum::<f64>(),
        missed as f64
    );
}

/// A point with what both forms can say: six decimals, and no tag without a value.
fn rounded(point: &Point) -> (String, String, BTreeMap<String, String>) {
    let mut tags = point.tags.clone();
    tags.retain(|_, value| !value.is_empty());
    (point.metric.clone(), format!("{:.6}", point.value), tags)
}

#[test]
fn json_tells_metrics_with_their_thresholds_and_sub_metrics() {
    let (server, folder) = (server(), folder());
    let thresholds = json!({ "thresholds": {
        "http_req_duration": ["p(95)<60000", { "threshold": "max<60000", "abortOnFail": true, "delayAbortEval": "10s" }],
        "http_reqs{status:404}": ["count<100"],
    } });
    let run = visits(&server, &folder, 6).config(&thresholds);
    run.args(["--out", "json=a.json"]).run().expect_code(0);
    let samples = read_json(&folder.path().join("a.json"));
    assert_eq!(samples.kind("http_reqs"), ("counter", "default"));
    assert_eq!(samples.kind("http_req_failed"), ("rate", "default"));
    assert_eq!(samples.kind("http_req_duration"), ("trend", "time"));
    assert_eq!(samples.kind("data_received"), ("counter", "data"));
    let duration = &samples.definitions["http_req_duration"];
    assert_eq!(
        keys(duration),
        ["contains", "name", "submetrics", "thresholds", "type"]
    );
    assert_eq!(
        duration["thresholds"],
        json!(["p(95)<60000", { "threshold": "max<60000", "abortOnFail": true, "delayAbortEval": "10s" }])
    );
    let sub = &samples.definitions["http_reqs"]["submetrics"];
    let expected = json!([{ "name": "http_reqs{status:404}", "suffix": "status:404", "tags": { "status": "404" } }]);
    assert_eq!(sub, &expected);
}

#[test]
fn times_of_samples_are_when_they_happened() {
    let (server, folder) = (server(), folder());
    let before = unix_ns();
    let run = visits(&server, &folder, 10).args(["--out", "json=a.json"]);
    run.args(["--out", "csv=fileName=a.csv,timeFormat=unix_nano"])
        .run()
        .expect_code(0);
    let after = unix_ns();
    let (_, csv) = read_csv(&folder.path().join("a.csv"));
    let times = csv
        .points
        .iter()
        .map(|point| point.time.parse::<u128>().expect("nanoseconds"));
    assert!(times.clone().all(|time| (before..=after).contains(&time)));
    let json = read_json(&folder.path().join("a.json"));
    for (point, time) in json.points.iter().zip(times) {
        // The day is not computed again here, but the time of day is.
        let of_day = time % 86_400_000_000_000;
        let (hours, rest) = (of_day / 3_600_000_000_000, of_day % 3_600_000_000_000);
        let (minutes, rest) = (rest / 60_000_000_000, rest % 60_000_000_000);
        let clock = format!("T{hours:02}:{minutes:02}:{:02}", rest / 1_000_000_000);
        let fraction = format!("{:09}", rest % 1_000_000_000);
        let (_, told) = point.time.split_at(10);
        let expected = format!("{clock}.{fraction}");
        let expected = expected.trim_end_matches('0').trim_end_matches('.');
        assert_eq!(told, format!("{expected}Z"));
    }
}

fn unix_ns() -> u128 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .expect("after 1970")
        .as_nanos()
}

#[test]
fn csv_has_a_column_for_each_system_tag_and_one_for_the_rest() {
    let (server, folder) = (server(), folder());
    let run = visits(&server, &folder, 6).args(["--out", "csv=all.csv", "--tag", "run=seven"]);
    run.run().expect_code(0);
    let (headings, samples) = read_csv(&folder.path().join("all.csv"));
    assert_eq!(
        headings.join(","),
        "metric_name,timestamp,metric_value,check,error,error_code,expected_response,group,method,name,proto,\
         scenario,service,status,subproto,tls_version,url,extra_tags,metadata"
    );
    assert!(
        samples
            .tag_values("http_reqs", "run")
            .iter()
            .all(|run| *run == "seven")
    );

    let run = visits(&server, &folder, 6).args([
        "--out",
        "csv=few.csv",
        "--system-tags",
        "status,method",
    ]);
    run.run().expect_code(0);
    let (headings, samples) = read_csv(&folder.path().join("few.csv"));
    let expected = [
        "metric_name",
        "timestamp",
        "metric_value",
        "method",
        "status",
        "extra_tags",
        "metadata",
    ];
    assert_eq!(headings, expected);
    let tags: Vec<&str> = samples
        .of("http_reqs")
        .flat_map(|point| point.tags.keys())
        .map(String::as_str)
        .collect();
    assert_eq!(tags, ["method", "status"].repeat(6));
}

#[test]
fn an_output_is_named_by_the_environment_too_and_json_goes_to_standard_output() {
    let (server, folder) = (server(), folder());
    visits(&server, &folder, 6)
        .env("K6_OUT", "csv=env.csv")
        .run()
        .expect_code(0);
    let (_, samples) = read_csv(&folder.path().join("env.csv"));
    assert_eq!(samples.of("http_reqs").count(), 6);

    let ended = visits(&server, &folder, 6)
        .args(["--out", "json", "--quiet"])
        .run()
        .expect_code(0);
    let lines: Vec<&str> = ended
        .stdout
        .lines()
        .filter(|line| line.starts_with('{'))
        .collect();
    assert_eq!(parse_json(&lines.join("\n")).of("http_reqs").count(), 6);
}

#[test]
fn outputs_of_an_interrupted_run_are_whole() {
    let folder = folder();
    let server = Recorder::answering(|_| Answer::ok().after(Duration::from_millis(5)));
    let outs = [
        "--out",
        "json=a.json.gz",
        "--out",
        "csv=a.csv.gz",
        "--duration",
        "30s",
        "--vus",
        "2",
    ];
    let run = Brunt::guest("get_checks")
        .base_url(&server.url())
        .folder(folder.path())
        .args(outs)
        .start();
    server.wait_for(100);
    run.interrupt();
    let ended = run.wait().expect_code(105);
    let json = read_json(&folder.path().join("a.json.gz"));
    let (_, csv) = read_csv(&folder.path().join("a.csv.gz"));
    let count = json.of("http_reqs").count();
    assert!(count >= 98 && count <= server.seen().len(), "{count}");
    assert_eq!(csv.of("http_reqs").count(), count);
    assert_eq!(ended.metric("http_reqs", "count"), count as f64);
}

/// What is measured of every request.
const REQUEST_METRICS: [&str; 9] = [
    "http_reqs",
    "http_req_failed",
    "http_req_duration",
    "http_req_blocked",
    "http_req_connecting",
    "http_req_tls_handshaking",
    "http_req_sending",
    "http_req_waiting",
    "http_req_receiving",
];
