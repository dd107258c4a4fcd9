//! Tests the contracts between a test and the engine: what a guest asks for is what the target and the samples show.

mod execution;
mod languages;
mod secrets;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use brunt_e2e::{Answer, Brunt, Ended, Recorder, guest};
use serde_json::{Value, json};

use crate::samples::{Point, Samples, run_with_samples};

/// Sends bodies back, and takes its time where the path says so: `/delay/0.1`.
fn echo() -> Recorder {
    Recorder::answering(|seen| {
        let delay = seen
            .path
            .strip_prefix("/delay/")
            .and_then(|delay| delay.parse().ok());
        let body = if seen.body.is_empty() {
            b"ok".to_vec()
        } else {
            seen.body.clone()
        };
        Answer::ok()
            .header("content-type", "text/plain")
            .body(body)
            .after(Duration::from_secs_f64(delay.unwrap_or(0.0)))
    })
}

/// All checks passed, so often in all.
fn expect_checks(ended: &Ended, count: usize) {
    let checks = ["passes", "fails"].map(|figure| ended.metric("checks", figure));
    let groups = ended.summary.as_ref().map(|summary| &summary["root_group"]);
    assert_eq!(checks, [count as f64, 0.0], "{groups:#?}");
}

#[test]
fn custom_metrics_of_every_kind_add_up() {
    let thresholds = json!({ "my_counter{part:tagged}": ["count==8"], "my_gauge": ["value==5"] });
    let run = Brunt::guest("custom_metrics_all_kinds").args(["--vus", "2", "--iterations", "4"]);
    let (ended, samples) = run_with_samples(run.config(&json!({ "thresholds": thresholds })));
    let ended = ended.expect_code(0);
    for (metric, kind, contains, values) in [
        ("my_counter", "counter", "default", &[1.0, 2.0][..]),
        ("my_bytes", "counter", "data", &[1024.0]),
        ("my_gauge", "gauge", "default", &[5.0, 7.0]),
        ("my_rate", "rate", "default", &[0.0, 0.0, 0.0, 1.0]),
        ("my_trend", "trend", "default", &[1.0, 2.0, 3.0, 4.0]),
        ("my_time", "trend", "time", &[1.5]),
    ] {
        assert_eq!(samples.kind(metric), (kind, contains), "{metric}");
        let mut expected = values.repeat(4);
        let mut arrived = samples.values(metric);
        expected.sort_unstable_by(f64::total_cmp);
        arrived.sort_unstable_by(f64::total_cmp);
        assert_eq!(arrived, expected, "{metric}");
    }
    for (metric, figure, value) in [
        ("my_counter", "count", 12.0),
        ("my_counter{part:tagged}", "count", 8.0),
        ("my_bytes", "count", 4096.0),
        ("my_gauge", "value", 5.0),
        ("my_gauge", "min", 5.0),
        ("my_gauge", "max", 7.0),
        ("my_rate", "value", 0.25),
        ("my_rate", "passes", 4.0),
        ("my_trend", "avg", 2.5),
        ("my_trend", "max", 4.0),
        ("my_time", "min", 1.5),
    ] {
        assert_eq!(ended.metric(metric, figure), value, "{figure} of {metric}");
    }
    expect_checks(&ended, 4);
    let warning = "a value for metric 'my_trend' was not a finite number";
    assert_eq!(ended.stderr.matches(warning).count(), 1, "{}", ended.stderr);
}

#[test]
fn tags_of_custom_samples_are_theirs_alone() {
    let run = Brunt::guest("custom_metrics_all_kinds").args(["--iterations", "3"]);
    let (ended, samples) = run_with_samples(run);
    ended.expect_code(0);
    assert_eq!(
        samples.tag_values("my_counter", "part"),
        ["-", "tagged"].repeat(3)
    );
    assert!(
        samples
            .tag_values("my_bytes", "part")
            .iter()
            .all(|part| *part == "-")
    );
    assert!(
        samples
            .points
            .iter()
            .all(|point| point.tag("scenario") == "default")
    );
}

#[test]
fn files_are_found_beside_the_test_and_nowhere_else() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let test = folder.path().join("inner/test.wasm");
    for (file, content) in [
        ("inner/data.txt", "first line\nsecond"),
        ("outside.txt", "first"),
    ] {
        let file = folder.path().join(file);
        std::fs::create_dir_all(file.parent().unwrap_or(folder.path())).expect("a folder");
        std::fs::write(file, content).expect("a file");
    }
    std::fs::copy(guest("files"), &test).expect("a copy of the guest");
    let ended = Brunt::test(&test)
        .test_env("CONFINED", "1")
        .args(["--vus", "2", "--iterations", "4"])
        .run();
    expect_checks(&ended.expect_code(0), 20);

    let outside = folder.path().join("outside.txt").display().to_string();
    for (file, why) in [
        (
            "missing.txt",
            "opening missing.txt: missing.txt: No such file",
        ),
        ("../outside.txt", "../outside.txt leaves the test's folder"),
        (&outside, "outside.txt leaves the test's folder"),
    ] {
        let ended = Brunt::test(&test)
            .test_env("FILE", file)
            .run()
            .expect_code(107);
        assert!(ended.stderr.contains(why), "{file}: {}", ended.stderr);
        assert!(
            ended.stderr.contains("the test failed in init"),
            "{file}: {}",
            ended.stderr
        );
    }
}

#[test]
fn a_link_does_not_lead_out_of_the_tests_folder() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let outside = tempfile::NamedTempFile::new().expect("a temporary file");
    let test = folder.path().join("test.wasm");
    std::fs::copy(guest("files"), &test).expect("a copy of the guest");
    std::os::unix::fs::symlink(outside.path(), folder.path().join("data.txt")).expect("a link");
    let ended = Brunt::test(&test).run().expect_code(107);
    assert!(
        ended.stderr.contains("leaves the test's folder"),
        "{}",
        ended.stderr
    );
}

#[test]
fn a_shared_list_is_made_once_for_all_vus() {
    let each_once = json!({ "executor": "per-vu-iterations", "vus": 4, "iterations": 3 });
    let run = Brunt::guest("shared_list").config(&json!({ "scenarios": { "s": each_once } }));
    let (ended, samples) = run_with_samples(run);
    expect_checks(&ended.expect_code(0), 4 * 3 * 5);
    let loads = samples.values("loads");
    // The VU that made it says so in each of its iterations; it may be the one that only reads the options.
    assert!(
        loads.len() == 12 && loads.iter().sum::<f64>() <= 3.0,
        "{loads:?}"
    );
}

#[test]
fn groups_and_tags_are_on_the_samples_within_them() {
    let server = echo();
    let run = Brunt::guest("groups_and_tags").base_url(&server.url());
    let (ended, samples) = run_with_samples(run);
    expect_checks(&ended.expect_code(0), 4);
    let paths: Vec<String> = server.seen().into_iter().map(|seen| seen.path).collect();
    assert_eq!(paths, ["/get"]);

    let tags = |metric, tag| samples.tag_values(metric, tag);
    assert_eq!(tags("seen", "group"), ["", "::outer::inner", "", ""]);
    assert_eq!(tags("seen", "colour"), ["-", "-", "red", "-"]);
    assert_eq!(
        tags("checks", "check"),
        ["in outer", "in inner", "tagged", "after the groups"]
    );
    assert_eq!(
        tags("checks", "group"),
        ["::outer", "::outer::inner", "", ""]
    );
    assert_eq!(tags("checks", "colour"), ["-", "-", "red", "-"]);
    assert_eq!(tags("checks", "kind"), ["-", "-", "probe", "-"]);
    assert_eq!(
        tags("group_duration", "group"),
        ["::outer::inner", "::outer", "::failing"]
    );
    assert_eq!(tags("iterations", "colour"), ["-"]);
    expect_named_request(&samples);
}

/// A request with a name has it as its URL as well, beside its own tags and those of the VU.
fn expect_named_request(samples: &Samples) {
    let requests: Vec<&Point> = samples.of("http_reqs").collect();
    let expected = [
        ("colour", "red"),
        ("expected_response", "true"),
        ("group", ""),
        ("kind", "probe"),
        ("method", "GET"),
        ("name", "named"),
        ("proto", "HTTP/1.1"),
        ("scenario", "default"),
        ("status", "200"),
        ("url", "named"),
    ];
    let expected: BTreeMap<String, String> = expected
        .map(|(key, value)| (key.to_owned(), value.to_owned()))
        .into();
    assert_eq!(requests.len(), 1);
    assert_eq!(requests[0].tags, expected);
}

#[test]
fn groups_hold_their_checks_in_the_exported_summary() {
    let server = echo();
    let ended = Brunt::guest("groups_and_tags")
        .base_url(&server.url())
        .run()
        .expect_code(0);
    let summary = ended.summary.expect("an exported summary");
    let inner = &summary["root_group"]["groups"]["outer"]["groups"]["inner"];
    assert_eq!(inner["path"], "::outer::inner");
    assert_eq!(inner["checks"]["in inner"]["passes"], 1);
    assert_eq!(summary["root_group"]["checks"]["tagged"]["passes"], 1);
}

#[test]
fn the_process_environment_is_shown_unless_it_is_not_wanted() {
    let who = |args: &[&str]| {
        let run = Brunt::guest("execution_info")
            .env("WHO", "the process")
            .args(args.iter().copied());
        let ended = run.run().expect_code(0);
        ended.logged("iteration")[0]["env_who"].clone()
    };
    assert_eq!(who(&[]), "the process");
    assert_eq!(who(&["--env", "WHO=the user"]), "the user");
    assert_eq!(who(&["--include-system-env-vars=false"]), Value::Null);
    assert_eq!(
        who(&["--include-system-env-vars=false", "--env", "WHO=the user"]),
        "the user"
    );
}

#[test]
fn json_is_posted_and_read_back() {
    let server = Recorder::answering(|seen| {
        let sent: Value = serde_json::from_slice(&seen.body).unwrap_or_default();
        Answer::ok()
            .header("content-type", "application/json")
            .body(json!({ "json": sent }).to_string())
    });
    let run = Brunt::guest("post_json")
        .base_url(&server.url())
        .args(["--iterations", "5"]);
    let (ended, samples) = run_with_samples(run);
    let ended = ended.expect_code(0);
    expect_checks(&ended, 15);
    let seen = server.seen();
    assert_eq!(seen.len(), 5);
    for seen in &seen {
        assert_eq!(
            (seen.method.as_str(), seen.path.as_str()),
            ("POST", "/post")
        );
        assert_eq!(seen.header("content-type"), Some("application/json"));
        let sent: Value = serde_json::from_slice(&seen.body).expect("JSON");
        assert_eq!(sent, json!({ "name": "lorem", "surname": "ipsum" }));
    }
    assert_eq!(samples.tag_values("http_reqs", "method"), ["POST"; 5]);
    let sent: usize = seen.iter().map(|seen| seen.body.len()).sum();
    assert!(ended.metric("data_sent", "count") > sent as f64);
}

#[test]
fn a_check_that_fails_is_counted_and_does_not_end_the_iteration() {
    let server = Recorder::answering(|_| Answer::status(503).body("no JSON"));
    let run = Brunt::guest("post_json")
        .base_url(&server.url())
        .args(["--iterations", "2"]);
    let (ended, samples) = run_with_samples(run);
    let ended = ended.expect_code(0);
    assert_eq!(ended.metric("checks", "fails"), 6.0);
    assert_eq!(samples.values("checks"), [0.0; 6]);
    assert_eq!(samples.values("http_req_failed"), [1.0; 2]);
    assert_eq!(
        samples.tag_values("http_req_duration", "expected_response"),
        ["false"; 2]
    );
    assert_eq!(samples.tag_values("http_reqs", "error_code"), ["1503"; 2]);
    assert_eq!(ended.metric("iterations", "count"), 2.0);
}

#[test]
fn random_values_hold_what_they_promise() {
    let ended = Brunt::guest("random_values")
        .args(["--vus", "3", "--iterations", "60"])
        .run()
        .expect_code(0);
    expect_checks(&ended, 60 * 5);
    let drawn: BTreeSet<&str> = ended
        .stderr
        .lines()
        .filter_map(|line| Some(line.split_once("random ")?.1))
        .collect();
    assert_eq!(drawn.len(), 60, "no two draws are alike");
}

#[test]
fn a_failure_is_told_once_by_all_workers_together() {
    let each_twice = json!({ "executor": "per-vu-iterations", "vus": 4, "iterations": 2 });
    let run = Brunt::guest("panic_every_iteration").env("BRUNT_WORKERS", "2");
    let ended = run
        .config(&json!({ "scenarios": { "s": each_twice } }))
        .run()
        .expect_code(0);
    for told in [
        "iteration failed (trap) in scenario s: ",
        "in scenario s, 8 times in all: ",
    ] {
        assert_eq!(ended.stderr.matches(told).count(), 1, "{}", ended.stderr);
    }
}

#[test]
fn what_fails_in_a_request_is_a_value_in_every_sample_of_it() {
    let (ended, samples) =
        run_with_samples(Brunt::guest("failing_requests").args(["--iterations", "3"]));
    expect_checks(&ended.expect_code(0), 15);
    // A URL that is none counts as a request that failed; a body that is none never gets as far.
    let codes = samples.tag_values("http_reqs", "error_code");
    assert_eq!(codes, ["1212", "1020"].repeat(3));
    for metric in [
        "http_req_duration",
        "http_req_blocked",
        "http_req_waiting",
        "http_req_failed",
    ] {
        assert_eq!(samples.tag_values(metric, "status"), ["0"; 6], "{metric}");
    }
    assert_eq!(samples.values("http_req_failed"), [1.0; 6]);
}
