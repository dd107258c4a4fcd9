//! Tests the contracts through guests in C and Python: each does what all of them do, in its own way.

use std::collections::BTreeMap;
use std::time::Duration;

use brunt_e2e::{Brunt, Ended, Seen};

use super::{echo, expect_checks};
use crate::samples::{Point, Samples, run_with_samples};

#[test]
fn the_contract_holds_in_c() {
    expect_contract("c/contract");
}

#[test]
fn the_contract_holds_in_python() {
    expect_contract("python/contract");
}

/// Both guests do the same: four iterations by two VUs, each with four requests that arrive and one that is refused.
fn expect_contract(name: &str) {
    let server = echo();
    let run = Brunt::guest(name)
        .base_url(&server.url())
        .limit(Duration::from_secs(120));
    let (ended, samples) = run_with_samples(run);
    let ended = ended.expect_code(0);
    expect_checks(&ended, 4 * 16);
    expect_target(&server.seen());
    expect_orders(&ended, &samples, &posted(&server.seen()));
    expect_refused(&ended, &samples);
    assert!(
        ended.stdout.contains("own summary: 4 iterations"),
        "{}",
        ended.stdout
    );
    assert!(!ended.stdout.contains("TOTAL RESULTS"), "{}", ended.stdout);
    for (line, count) in [(" done  source=", 5), ("teardown done", 1)] {
        let told = ended.stderr.matches(line).count();
        assert_eq!(told, count, "{}", ended.stderr);
    }
    let scenarios = samples.tag_values("iteration_duration", "scenario");
    assert_eq!(scenarios, ["default"; 4]);
    let shortest = samples
        .values("iteration_duration")
        .into_iter()
        .fold(f64::MAX, f64::min);
    assert!(
        shortest >= 310.0,
        "the slow request takes 300 ms and the sleep 10 ms, not {shortest}"
    );
}

fn expect_target(seen: &[Seen]) {
    let mut counts: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    for seen in seen {
        *counts.entry((&seen.method, &seen.path)).or_default() += 1;
    }
    let expected = [
        ("GET", "/delay/0.1"),
        ("GET", "/delay/0.3"),
        ("GET", "/get"),
        ("POST", "/post"),
    ];
    assert_eq!(counts, expected.map(|request| (request, 4)).into());
    let posts = || seen.iter().filter(|seen| seen.method == "POST");
    assert!(posts().all(|seen| seen.header("content-type") == Some("text/plain")));
}

/// The users that were posted, sorted: each is one of the shared list.
fn posted(seen: &[Seen]) -> Vec<String> {
    let posts = seen.iter().filter(|seen| seen.method == "POST");
    let mut users: Vec<String> = posts
        .map(|seen| String::from_utf8_lossy(&seen.body).into_owned())
        .collect();
    users.sort_unstable();
    let known = |user: &String| ["lorem", "dolorem", "amet"].contains(&user.as_str());
    assert!(users.iter().all(known), "{users:?}");
    users
}

/// The custom metric, the group and the tags around an order.
fn expect_orders(ended: &Ended, samples: &Samples, users: &[String]) {
    assert_eq!(samples.kind("orders"), ("counter", "default"));
    assert_eq!(ended.metric("orders", "count"), 12.0);
    let users_of = |value: f64| {
        let points = samples.of("orders").filter(|point| point.value == value);
        let mut users: Vec<&str> = points.map(|point| point.tag("user")).collect();
        users.sort_unstable();
        users
    };
    assert_eq!(users_of(1.0), [""; 4]);
    assert_eq!(users_of(2.0), users);
    let posts: Vec<&Point> = samples
        .of("http_reqs")
        .filter(|point| point.tag("method") == "POST")
        .collect();
    assert_eq!(posts.len(), 4);
    for post in posts {
        let tags = ["name", "url", "group", "status"].map(|tag| post.tag(tag));
        assert_eq!(tags, ["order", "order", "::order", "200"]);
    }
    let checks: Vec<&Point> = samples
        .of("checks")
        .filter(|point| point.tag("group") == "::order")
        .collect();
    assert_eq!(checks.len(), 4);
    for check in checks {
        let tags = ["check", "kind"].map(|tag| check.tag(tag));
        assert_eq!((tags, check.value), (["the user comes back", "order"], 1.0));
    }
    let groups: Vec<&str> = samples.tag_values("group_duration", "group");
    assert_eq!(
        groups.iter().filter(|group| **group == "::order").count(),
        4
    );
}

/// The refused request is a value to the test, and a failed request with status 0 to the metrics.
fn expect_refused(ended: &Ended, samples: &Samples) {
    assert_eq!(ended.metric("http_reqs", "count"), 20.0);
    assert_eq!(ended.metric("http_req_failed", "passes"), 4.0);
    let refused: Vec<&Point> = samples
        .of("http_req_duration")
        .filter(|point| point.tag("status") == "0")
        .collect();
    assert_eq!(refused.len(), 4);
    for point in refused {
        let tags = ["error_code", "expected_response", "method", "url"].map(|tag| point.tag(tag));
        assert_eq!(tags, ["1212", "false", "GET", "http://127.0.0.1:1/"]);
        assert!(
            !point.tag("error").is_empty() && !point.tags.contains_key("proto"),
            "{point:?}"
        );
    }
}

#[test]
fn an_iteration_that_fails_is_counted_in_c_and_python() {
    for name in ["c/contract", "python/contract"] {
        let run = Brunt::guest(name).base_url("http://127.0.0.1:1");
        let ended = run.limit(Duration::from_secs(120)).run().expect_code(0);
        assert_eq!(ended.metric("iterations", "count"), 4.0);
        assert_eq!(ended.metric("http_req_failed", "passes"), 4.0);
        for told in ["iteration failed (", ", 4 times in all: ", "teardown done"] {
            assert!(ended.stderr.contains(told), "{name}: {}", ended.stderr);
        }
    }
}

#[test]
fn an_iteration_that_fails_in_c_says_why() {
    let run = Brunt::guest("c/contract").base_url("http://127.0.0.1:1");
    let ended = run.run().expect_code(0);
    let told = "iteration failed (error) in scenario default: dial 127.0.0.1:1: connection refused";
    assert_eq!(ended.stderr.matches(told).count(), 1, "{}", ended.stderr);
}
