//! Tests the measured HTTP client: what the target sees of it, and what it says of targets that misbehave.

use std::collections::BTreeSet;
use std::time::Duration;

use brunt_e2e::{Answer, Brunt, Ended, Recorder, Seen};
use serde_json::json;

use crate::samples::{Samples, run_with_samples};

/// One visit of the server, with its samples.
fn visit(url: &str, args: &[&str]) -> (Ended, Samples) {
    let run = Brunt::guest("get_checks").base_url(url);
    run_with_samples(run.args(args.iter().copied()))
}

/// Checks that a run's requests failed with this code, with all metrics of a request all the same.
fn expect_failed(ended: Ended, samples: &Samples, code: &str) {
    let ended = ended.expect_code(0);
    assert_eq!(samples.tag_values("http_reqs", "error_code"), [code]);
    assert_eq!(samples.tag_values("http_reqs", "status"), ["0"]);
    assert_eq!(ended.metric("http_req_failed", "value"), 1.0);
    for metric in [
        "http_req_blocked",
        "http_req_connecting",
        "http_req_tls_handshaking",
        "http_req_sending",
        "http_req_waiting",
        "http_req_receiving",
        "http_req_duration",
    ] {
        assert_eq!(samples.values(metric).len(), 1, "{metric}");
    }
    let error = samples.tag_values("http_reqs", "error");
    assert!(
        error[0].len() > 3,
        "the tag error says something: {error:?}"
    );
}

/// `/redirect/3` leads to `/redirect/2`, and so on to `/get`.
fn redirecting(seen: &Seen) -> Answer {
    let left: Option<u32> = seen
        .path
        .strip_prefix("/redirect/")
        .and_then(|left| left.parse().ok());
    match left {
        None => Answer::ok(),
        Some(1) => Answer::status(302).header("Location", "/get"),
        Some(left) => Answer::status(302).header("Location", &format!("/redirect/{}", left - 1)),
    }
}

#[test]
fn every_hop_of_a_redirect_is_a_request() {
    let server = Recorder::answering(redirecting);
    let run = Brunt::guest("redirects").base_url(&server.url());
    let (ended, samples) = run_with_samples(run.args(["--iterations", "1"]));
    let ended = ended.expect_code(0);
    assert_eq!(ended.metric("checks", "value"), 1.0);
    let paths: Vec<String> = server.seen().into_iter().map(|seen| seen.path).collect();
    let hops = ["/redirect/3", "/redirect/2", "/redirect/1", "/get"];
    let expected = [&hops[..], &hops[..1], &hops[..3]].concat();
    assert_eq!(paths, expected);
    assert_eq!(ended.metric("http_reqs", "count"), 8.0);
    let statuses = samples.tag_values("http_req_duration", "status");
    let redirects = statuses.iter().filter(|status| **status == "302").count();
    assert_eq!((statuses.len(), redirects), (8, 7));
    let urls = samples.tag_values("http_reqs", "url");
    assert!(
        urls[0].ends_with("/redirect/3") && urls[3].ends_with("/get"),
        "{urls:?}"
    );
}

#[test]
fn redirects_end_where_the_option_says() {
    let server = Recorder::answering(redirecting);
    let url = format!("{}/redirect/9", server.url());
    let (ended, _) = visit(&url, &["--max-redirects", "4"]);
    ended.expect_code(0);
    assert_eq!(server.seen().len(), 5);
}

#[test]
fn a_request_that_takes_too_long_is_given_up() {
    let server = Recorder::answering(|_| Answer::never());
    let run = Brunt::guest("timeouts").base_url(&server.url());
    let (ended, samples) = run_with_samples(run.args(["--iterations", "1"]));
    assert_eq!(ended.metric("checks", "value"), 1.0);
    expect_failed(ended, &samples, "1050");
}

#[test]
fn a_refused_connection_is_told() {
    let run = Brunt::guest("failing_requests").args(["--iterations", "1"]);
    let (ended, samples) = run_with_samples(run);
    let ended = ended.expect_code(0);
    assert_eq!(ended.metric("checks", "value"), 1.0);
    // A URL that is none counts too.
    let codes = samples.tag_values("http_reqs", "error_code");
    assert_eq!(codes, ["1212", "1020"]);
}

#[test]
fn a_server_that_misbehaves_is_told() {
    type Fault = fn() -> Answer;
    let faults: [(Fault, &str); 4] = [
        (Answer::reset, "1220"),
        (Answer::close, "1203"),
        (Answer::malformed, "1000"),
        (Answer::cut_off, "1203"),
    ];
    for (fault, code) in faults {
        let server = Recorder::answering(move |_| fault());
        let (ended, samples) = visit(&server.url(), &[]);
        assert_eq!(server.seen().len(), 1);
        let codes = samples.tag_values("http_reqs", "error_code");
        assert_eq!(codes, [code], "{:?}", samples.of("http_reqs").next());
        assert_eq!(ended.expect_code(0).metric("http_req_failed", "value"), 1.0);
    }
}

#[test]
fn a_status_of_failure_has_a_code_of_its_own() {
    let server = Recorder::answering(|_| Answer::status(503));
    let (ended, samples) = visit(&server.url(), &[]);
    assert_eq!(ended.expect_code(0).metric("http_req_failed", "value"), 1.0);
    assert_eq!(samples.tag_values("http_reqs", "error_code"), ["1503"]);
    assert_eq!(
        samples.tag_values("http_reqs", "expected_response"),
        ["false"]
    );
}

#[test]
fn https_is_http2_where_the_server_offers_it() {
    for (server, protocol) in [
        (Recorder::tls(|_| Answer::ok()), "HTTP/2.0"),
        (Recorder::tls_http1(|_| Answer::ok()), "HTTP/1.1"),
    ] {
        let run = Brunt::guest("get_checks").base_url(&server.url());
        let (ended, samples) = run_with_samples(run.trusting(&server));
        assert_eq!(ended.expect_code(0).metric("checks", "value"), 1.0);
        assert_eq!(server.seen()[0].protocol, protocol);
        assert_eq!(samples.tag_values("http_reqs", "proto"), [protocol]);
        assert_eq!(samples.tag_values("http_reqs", "tls_version"), ["tls1.3"]);
        assert!(samples.values("http_req_tls_handshaking")[0] > 0.0);
    }
}

#[test]
fn a_certificate_of_an_unknown_authority_is_refused() {
    let server = Recorder::tls(|_| Answer::ok());
    let (ended, samples) = visit(&server.url(), &[]);
    assert!(server.seen().is_empty());
    expect_failed(ended, &samples, "1310");
    let (ended, _) = visit(&server.url(), &["--insecure-skip-tls-verify"]);
    assert_eq!(ended.expect_code(0).metric("checks", "value"), 1.0);
    assert_eq!(server.seen().len(), 1);
}

/// The bytes of a request as it came over the wire.
fn size(seen: &Seen) -> usize {
    let line = seen.method.len() + seen.path.len() + " ".len() * 2 + "HTTP/1.1\r\n".len();
    let headers = seen.headers.iter();
    let headers: usize = headers
        .map(|(name, value)| name.len() + value.len() + ": \r\n".len())
        .sum();
    line + headers + "\r\n".len() + seen.body.len()
}

#[test]
fn bytes_are_counted_as_the_server_sees_them() {
    let server = Recorder::start();
    let (ended, _) = visit(&server.url(), &["--vus", "3", "--iterations", "12"]);
    let sent: usize = server.seen().iter().map(size).sum();
    let received = 12 * "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok".len();
    assert_eq!(ended.metric("data_sent", "count"), sent as f64);
    assert_eq!(ended.metric("data_received", "count"), received as f64);
}

#[test]
fn a_request_says_who_sends_it() {
    let server = Recorder::start();
    let (ended, _) = visit(&server.url(), &[]);
    ended.expect_code(0);
    let (ended, _) = visit(&server.url(), &["--user-agent", "me/1"]);
    ended.expect_code(0);
    let seen = server.seen();
    let agents: Vec<_> = seen.iter().map(|seen| seen.header("user-agent")).collect();
    assert!(
        agents[0].is_some_and(|agent| agent.to_lowercase().starts_with("brunt/")),
        "{agents:?}"
    );
    assert_eq!(agents[1], Some("me/1"));
    let host = server.address().to_string();
    assert_eq!(seen[0].header("host"), Some(host.as_str()));
}

#[test]
fn bodies_that_are_discarded_are_counted_all_the_same() {
    const BYTES: usize = 100_000;
    let server = Recorder::answering(|_| Answer::ok().body_size(BYTES));
    let run = Brunt::guest("big_response").base_url(&server.url());
    let run = run.test_env("BYTES", &BYTES.to_string());
    let ended = run
        .args(["--discard-response-bodies", "--iterations", "1"])
        .run();
    let ended = ended.expect_code(0);
    // All checks hold but the one of a body that was not asked to be discarded.
    assert_eq!(
        (
            ended.metric("checks", "passes"),
            ended.metric("checks", "fails")
        ),
        (2.0, 1.0)
    );
    assert!(ended.metric("data_received", "count") > 2.0 * BYTES as f64);
}

#[test]
fn connections_are_kept_by_each_vu_unless_it_must_not() {
    let each_five = json!({ "executor": "per-vu-iterations", "vus": 2, "iterations": 5 });
    let config = json!({ "scenarios": { "s": each_five } });
    let cases: [(&[&str], usize); 3] = [
        (&[], 2),
        (&["--no-connection-reuse"], 10),
        (&["--no-vu-connection-reuse"], 10),
    ];
    for (args, connections) in cases {
        let server = Recorder::start();
        let run = Brunt::guest("get_checks").base_url(&server.url());
        let ended = run.config(&config).args(args.iter().copied()).run();
        ended.expect_code(0);
        assert_eq!(server.seen().len(), 10);
        assert_eq!(server.connections().len(), connections, "{args:?}");
    }
}

#[test]
fn addresses_and_hosts_that_are_denied_are_never_connected_to() {
    let server = Recorder::start();
    let named = format!("http://localhost:{}", server.address().port());
    let cases: [(&str, &[&str], &str); 5] = [
        (&server.url(), &["--blacklist-ip", "127.0.0.0/8"], "1110"),
        (
            &named,
            &["--blacklist-ip", "127.0.0.0/8", "--blacklist-ip", "::1"],
            "1110",
        ),
        (&named, &["--block-hostnames", "localhost"], "1111"),
        (&named, &["--deny-host", "localhost"], "1111"),
        (&server.url(), &["--allow-host", "example.com"], "1110"),
    ];
    for (url, args, code) in cases {
        let (ended, samples) = visit(url, args);
        ended.expect_code(0);
        let codes = samples.tag_values("http_reqs", "error_code");
        assert_eq!(codes, [code], "{args:?}");
    }
    assert!(server.connections().is_empty());
    let (ended, _) = visit(&server.url(), &["--allow-host", "127.0.0.1"]);
    assert_eq!(ended.expect_code(0).metric("checks", "value"), 1.0);
}

#[test]
fn one_vu_has_several_requests_under_way() {
    let delayed = |seen: &Seen| {
        let seconds = seen.path.strip_prefix("/delay/");
        let seconds = seconds.and_then(|seconds| seconds.parse().ok());
        Answer::ok().after(Duration::from_secs_f64(seconds.unwrap_or(0.0)))
    };
    let server = Recorder::answering(delayed);
    let run = Brunt::guest("concurrent").base_url(&server.url());
    let ended = run.args(["--iterations", "1"]).run().expect_code(0);
    let seen = server.seen();
    let first: Vec<&Seen> = seen.iter().take(3).collect();
    assert!(first.iter().all(|seen| seen.path.starts_with("/delay/0.")));
    let connections: BTreeSet<u64> = first.iter().map(|seen| seen.connection).collect();
    assert_eq!(connections.len(), 3);
    // The slowest takes 600 ms, the fastest 100 ms: all three were there before the first was answered.
    let between = first[2].at - first[0].at;
    assert!(between < Duration::from_millis(100), "{between:?}");
    assert!(
        ended.metric("checks", "fails") <= 1.0,
        "a machine may be slow, but not out of order"
    );
}

#[test]
fn a_vu_keeps_so_many_requests_under_way_and_no_more() {
    let delay = Duration::from_millis(400);
    let server = Recorder::tls(move |_| Answer::ok().after(delay));
    let run = Brunt::guest("in_flight")
        .base_url(&server.url())
        .trusting(&server);
    let run = run.test_env("REQUESTS", "25").args(["--iterations", "1"]);
    let ended = run.run().expect_code(0);
    assert_eq!(ended.metric("checks", "passes"), 50.0);
    let seen = server.seen();
    assert_eq!(seen.len(), 25);
    let later: BTreeSet<u64> = seen[10..].iter().map(|seen| seen.connection).collect();
    assert_eq!(later.len(), 1, "streams of one connection");
    let since_first = |at: usize| seen[at].at - seen[0].at;
    // Ten are there before the first is answered, and the eleventh only after.
    assert!(since_first(9) < delay, "{:?}", since_first(9));
    assert!(since_first(10) >= delay, "{:?}", since_first(10));
    assert!(since_first(20) >= delay * 2, "{:?}", since_first(20));
}
