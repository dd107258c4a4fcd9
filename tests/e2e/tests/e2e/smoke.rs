//! Tests that a run does what it was told, as the target saw it.

use std::collections::HashSet;
use std::time::Duration;

use brunt_e2e::{Answer, Brunt, Recorder};

#[test]
fn ten_iterations_are_ten_requests() {
    let server = Recorder::start();
    let run = Brunt::guest("get_checks").base_url(&server.url()).args([
        "--vus",
        "2",
        "--iterations",
        "10",
    ]);
    let ended = run.run().expect_code(0);
    let seen = server.seen();
    assert_eq!(seen.len(), 10);
    assert!(seen.iter().all(|seen| seen.method == "GET"));
    assert_eq!(ended.metric("http_reqs", "count"), 10.0);
    assert_eq!(ended.metric("iterations", "count"), 10.0);
    assert_eq!(
        ended.metric("http_req_duration", "min").total_cmp(&0.0),
        std::cmp::Ordering::Greater
    );
}

#[test]
fn a_vu_keeps_its_connection() {
    let server = Recorder::answering(|_| Answer::ok().after(Duration::from_millis(20)));
    let run = Brunt::guest("get_checks").base_url(&server.url()).args([
        "--vus",
        "3",
        "--iterations",
        "12",
    ]);
    run.run().expect_code(0);
    let connections: HashSet<u64> = server.seen().iter().map(|seen| seen.connection).collect();
    assert_eq!(connections.len(), 3);
}

#[test]
fn a_crossed_threshold_is_exit_code_99() {
    let server = Recorder::answering(|_| Answer::status(503));
    let run = Brunt::guest("get_checks").base_url(&server.url()).args([
        "--vus",
        "1",
        "--iterations",
        "4",
    ]);
    let ended = run
        .env("K6_THRESHOLDS", r#"{"http_req_failed":["rate<0.01"]}"#)
        .run()
        .expect_code(99);
    assert_eq!(ended.metric("http_reqs", "count"), 4.0);
    assert_eq!(server.seen().len(), 4);
}

#[test]
fn a_missing_file_is_a_clear_error() {
    let ended = Brunt::new(["run", "no_such_test.wasm"]).run();
    assert!(ended.code.is_some_and(|code| code != 0), "{ended:?}");
    assert!(
        ended.stderr.contains("no_such_test.wasm"),
        "{}",
        ended.stderr
    );
}
#[test]
fn an_interrupt_ends_the_run_with_105() {
    let server = Recorder::start();
    let run = Brunt::guest("get_checks")
        .base_url(&server.url())
        .args(["--vus", "1", "--duration", "30s"])
        .start();
    server.wait_for(1);
    run.interrupt();
    let ended = run.wait().expect_code(105);
    assert!(ended.took < Duration::from_secs(20), "{:?}", ended.took);
}

/// A kernel that makes huge pages unasked would give each VU's stack two megabytes.
#[cfg(target_os = "linux")]
#[test]
fn the_process_has_small_pages_alone() {
    let server = Recorder::answering(|_| Answer::never());
    let run = Brunt::guest("get_checks").base_url(&server.url());
    let running = run.args(["--vus", "1", "--duration", "60s"]).start();
    server.wait_for(1);
    let file = format!("/proc/{}/status", running.id());
    let status = std::fs::read_to_string(file).expect("the process runs");
    let line = status.lines().find(|line| line.starts_with("THP_enabled:"));
    assert_eq!(line, Some("THP_enabled:\t0"), "{status}");
}
