//! Tests HTTP/3: requests side by side on one connection over QUIC, what is measured of them, and what is said when it fails.

use std::net::UdpSocket;
use std::time::Duration;

use brunt_e2e::{Answer, Brunt, Recorder};
use serde_json::{Value, json};

use crate::samples::{Samples, run_with_samples};

/// How long the server takes where it takes its time, in milliseconds; other parts take less, on a busy machine too.
const DELAY: u64 = 1200;

fn probe(url: &str) -> Brunt {
    let run = Brunt::guest("probe").base_url(url);
    run.args(["--http-version", "3"])
}

/// What the guest said of each answer, and the samples.
fn run(server: &Recorder, run: Brunt) -> (Vec<Value>, Samples) {
    let (ended, samples) = run_with_samples(run.trusting(server));
    (ended.expect_code(0).logged("answer"), samples)
}

/// The only answer of a run, which failed with this code and these words.
fn expect_failure(run: Brunt, code: u64, words: &str) {
    let ended = run.run().expect_code(0);
    let answers = ended.logged("answer");
    assert_eq!(answers.len(), 1, "{}", ended.stderr);
    let message = answers[0]["message"].as_str().unwrap_or_default();
    assert!(
        answers[0]["code"] == code && message.contains(words),
        "{code} with {words:?} is expected, not {}",
        answers[0]
    );
}

#[test]
fn a_request_over_http_3_is_one_like_any_other() {
    let server = Recorder::http3(|_| Answer::ok().header("x-own", "1").body("hello"));
    let post = probe(&server.url()).test_env("METHOD", "POST");
    let (answers, samples) = run(
        &server,
        post.test_env("BODY_BYTES", "5").test_env("REQUESTS", "2"),
    );
    for answer in &answers {
        assert_eq!(answer["status"], 200, "{answer}");
        assert_eq!(answer["protocol"], "HTTP/3.0", "{answer}");
        assert_eq!(answer["body_size"], 5, "{answer}");
    }
    let seen = server.seen();
    assert_eq!(seen.len(), 2);
    assert_eq!(
        (seen[0].protocol, seen[0].method.as_str()),
        ("HTTP/3.0", "POST")
    );
    assert_eq!(seen[0].body, b"bbbbb");
    assert_eq!(seen[0].header("content-length"), Some("5"));
    assert!(
        seen[0]
            .header("user-agent")
            .is_some_and(|agent| agent.starts_with("brunt/"))
    );
    assert_eq!(server.connections().len(), 1);
    assert_eq!(samples.tag_values("http_reqs", "proto"), ["HTTP/3.0"; 2]);
    assert_eq!(
        samples.tag_values("http_reqs", "tls_version"),
        ["tls1.3"; 2]
    );
    // The handshake is QUIC's whole opening.
    assert_eq!(samples.values("http_req_connecting"), [0.0, 0.0]);
    let handshakes = samples.values("http_req_tls_handshaking");
    assert!(
        handshakes[0] > 0.0 && handshakes[1] == 0.0,
        "{handshakes:?}"
    );
    let blocked = samples.values("http_req_blocked");
    assert!(blocked[0] >= handshakes[0], "{blocked:?} {handshakes:?}");
}

#[test]
fn requests_of_one_vu_share_a_connection_and_those_of_others_do_not() {
    let server = Recorder::http3(|_| Answer::ok().after(Duration::from_millis(400)));
    let many = probe(&server.url())
        .test_env("REQUESTS", "20")
        .test_env("AT_ONCE", "1");
    let (answers, _) = run(&server, many.args(["--vus", "3", "--iterations", "3"]));
    assert_eq!(answers.len(), 60);
    assert!(
        answers.iter().all(|one| one["status"] == 200),
        "{answers:?}"
    );
    assert_eq!(server.connections().len(), 3);
    let of_first: Vec<_> = server
        .seen()
        .into_iter()
        .filter(|seen| seen.connection == 0)
        .collect();
    assert_eq!(of_first.len(), 20);
    let apart = of_first[19].at - of_first[0].at;
    assert!(
        apart < Duration::from_millis(400),
        "one after the other: {apart:?}"
    );
}

#[test]
fn waiting_is_as_long_as_the_server_thinks() {
    let server = Recorder::http3(|_| Answer::ok().after(Duration::from_millis(DELAY)));
    let (answers, _) = run(&server, probe(&server.url()));
    let ms = |part: &str| answers[0][part].as_f64().expect("a time");
    let least = DELAY as f64 - 100.0;
    assert!(ms("waiting") >= least, "{answers:?}");
    for part in ["blocked", "sending", "receiving"] {
        assert!(ms(part) < least, "{part}: {answers:?}");
    }
}

#[test]
fn large_bodies_go_both_ways_and_their_bytes_are_counted() {
    const SIZE: usize = 2 << 20;
    let server = Recorder::http3(|_| Answer::ok().body_size(SIZE));
    let post = probe(&server.url()).test_env("METHOD", "POST");
    let post = post
        .test_env("BODY_BYTES", &SIZE.to_string())
        .trusting(&server);
    let ended = post.run().expect_code(0);
    assert_eq!(ended.logged("answer")[0]["body_size"], SIZE);
    assert_eq!(server.seen()[0].body.len(), SIZE);
    for metric in ["data_sent", "data_received"] {
        let bytes = ended.metric(metric, "count");
        // Packets that got lost on a busy machine were sent again.
        let least = SIZE as f64;
        assert!((least..least * 2.5).contains(&bytes), "{metric} {bytes}");
    }
}

/// The memory of a process, in KiB, pages that it shares with others counted by their share.
fn memory_of(id: u32) -> f64 {
    let file = format!("/proc/{id}/smaps_rollup");
    let text = std::fs::read_to_string(file).expect("the process's memory");
    let line = text.lines().find_map(|line| line.strip_prefix("Pss:"));
    let kib = line.and_then(|rest| rest.trim().split(' ').next()?.parse().ok());
    kib.expect("a line with Pss")
}

/// Each VU has a socket of its own, and the buffers of QUIC for it.
#[test]
fn a_socket_for_each_vu_costs_little_memory() {
    const VUS: usize = 200;
    let answer = |_: &_| Answer::ok();
    let mut memory = Vec::new();
    for (server, version) in [(Recorder::tls(answer), "2"), (Recorder::http3(answer), "3")] {
        let run = probe(&server.url()).test_env("HTTP_VERSION", version);
        let run = run.test_env("PAUSE_MS", "30000").test_env("QUIET", "1");
        let vus = VUS.to_string();
        let running = run
            .trusting(&server)
            .args(["--vus", &vus, "--iterations", &vus])
            .start();
        server.wait_for(VUS);
        memory.push(memory_of(running.id()) / VUS as f64);
        assert_eq!(server.connections().len(), VUS);
    }
    let (http2, http3) = (memory[0], memory[1]);
    println!("KiB per VU and its connection: {http2:.0} over HTTP/2, {http3:.0} over HTTP/3");
    assert!(http3 < http2 + 300.0, "{http2:.0} and {http3:.0} KiB");
}

#[test]
fn a_stream_that_the_server_ends_is_told_and_one_that_it_rejects_is_sent_again() {
    let server = Recorder::http3(|_| Answer::close());
    expect_failure(
        probe(&server.url()).trusting(&server),
        1681,
        "H3_INTERNAL_ERROR",
    );
    assert_eq!(server.seen().len(), 1);
    let server = Recorder::http3(|seen| match seen.header("x-again") {
        None => Answer::reset(),
        Some(_) => Answer::ok(),
    });
    expect_failure(
        probe(&server.url()).trusting(&server),
        1681,
        "H3_REQUEST_REJECTED",
    );
    assert_eq!(server.seen().len(), 4, "a few times, not for ever");
}

#[test]
fn who_is_not_trusted_is_told_over_quic_too() {
    let server = Recorder::http3(|_| Answer::ok());
    let other = Recorder::http3(|_| Answer::ok());
    expect_failure(
        probe(&server.url()).trusting(&other),
        1310,
        "unknown authority",
    );
    let elsewhere = format!("127.0.0.1:{}", server.address().port());
    let hosts = json!({ "hosts": { "other.test": elsewhere } });
    let run = probe("https://other.test/").config(&hosts);
    expect_failure(run.trusting(&server), 1311, "x509");
    assert!(server.seen().is_empty());
    let run = probe(&server.url()).args(["--insecure-skip-tls-verify"]);
    let ended = run.trusting(&other).run().expect_code(0);
    assert_eq!(ended.logged("answer")[0]["status"], 200);
}

#[test]
fn what_http_3_can_not_do_is_told() {
    let server = Recorder::start();
    let policy = Recorder::http3(|_| Answer::ok());
    expect_failure(probe(&server.url()), 1000, "needs https://");
    let run = probe("https://brunt.test/").env("HTTPS_PROXY", server.url());
    expect_failure(run, 1000, "hint:");
    let denied = probe(&policy.url().replace("localhost", "127.0.0.1"));
    expect_failure(denied.args(["--deny-host", "127.0.0.1"]), 1110, "denied");
    let old = probe(&policy.url()).config(&json!({ "tlsVersion": "tls1.2" }));
    expect_failure(old, 1300, "TLS 1.3");
    assert!(server.connections().is_empty() && policy.connections().is_empty());
}

#[test]
fn silence_ends_with_the_time_of_the_request() {
    let silent = UdpSocket::bind("127.0.0.1:0").expect("a free port");
    let port = silent.local_addr().expect("an address").port();
    let run = probe(&format!("https://127.0.0.1:{port}/")).test_env("TIMEOUT_MS", "700");
    expect_failure(run, 1211, "i/o timeout");
    let server = Recorder::http3(|_| Answer::never());
    let run = probe(&server.url()).test_env("TIMEOUT_MS", "700");
    expect_failure(run.trusting(&server), 1050, "the response");
}
