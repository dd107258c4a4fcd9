//! Tests the life of a run: its phases, the ways in which it ends, and what it leaves behind.

use std::fs;
use std::thread;
use std::time::{Duration, Instant};

use brunt_e2e::{Answer, Brunt, Ended, Recorder, Running};
use serde_json::{Value, json};

fn paths(server: &Recorder) -> Vec<String> {
    server.seen().into_iter().map(|seen| seen.path).collect()
}

fn expect_said(ended: &Ended, words: &str) {
    assert!(ended.stderr.contains(words), "{words}: {}", ended.stderr);
}

/// Interrupts until the process ends: signals that follow each other closely may count as one.
fn interrupt_at_once(mut running: Running) -> Ended {
    let start = Instant::now();
    while !running.has_ended() && start.elapsed() < Duration::from_secs(10) {
        running.interrupt();
        thread::sleep(Duration::from_millis(50));
    }
    running.wait()
}

#[test]
fn setup_comes_before_all_iterations_and_teardown_after_them() {
    let server = Recorder::start();
    let run = Brunt::guest("setup_teardown").base_url(&server.url());
    let ended = run.args(["--vus", "2", "--iterations", "6"]).run();
    let ended = ended.expect_code(0);
    let paths = paths(&server);
    assert_eq!(paths.len(), 8);
    assert_eq!(paths[0], "/anything/setup");
    assert!(paths[1..7].iter().all(|path| path == "/anything/iteration"));
    assert_eq!(paths[7], "/anything/teardown/42", "with the data of setup");
    assert_eq!(ended.metric("checks", "value"), 1.0);
    // Neither of the two is an iteration, but their requests count.
    assert_eq!(ended.metric("iterations", "count"), 6.0);
    assert_eq!(ended.metric("http_reqs", "count"), 8.0);
}

#[test]
fn setup_and_teardown_can_be_left_out() {
    let server = Recorder::start();
    let run = Brunt::guest("setup_teardown").base_url(&server.url());
    run.arg("--no-teardown").run().expect_code(0);
    assert_eq!(paths(&server), ["/anything/setup", "/anything/iteration"]);
    Brunt::guest("setup_fails")
        .arg("--no-setup")
        .run()
        .expect_code(0);
}

#[test]
fn a_setup_that_fails_ends_the_run_with_107() {
    for (how, kind) in [("error", "error"), ("panic", "trap")] {
        let run = Brunt::guest("setup_fails").test_env("HOW", how);
        let ended = run.run().expect_code(107);
        expect_said(&ended, &format!("the test failed in setup ({kind})"));
        expect_said(&ended, "on purpose");
        assert!(ended.summary.is_none());
    }
}

#[test]
fn a_setup_that_takes_too_long_ends_the_run_with_100() {
    let run = Brunt::guest("setup_fails").test_env("HOW", "sleep");
    let ended = run.env("K6_SETUP_TIMEOUT", "300ms").run().expect_code(100);
    expect_said(&ended, "setup did not end within 300ms");
    expect_said(&ended, "hint: raise the option setupTimeout");
}

#[test]
fn a_teardown_that_takes_too_long_ends_the_run_with_101() {
    let server = Recorder::answering(|seen| match seen.path.starts_with("/anything/teardown") {
        true => Answer::never(),
        false => Answer::ok(),
    });
    let run = Brunt::guest("setup_teardown").base_url(&server.url());
    let ended = run.env("K6_TEARDOWN_TIMEOUT", "300ms").run();
    let ended = ended.expect_code(101);
    expect_said(&ended, "teardown did not end within 300ms");
    // What was measured before is told all the same.
    assert_eq!(ended.metric("iterations", "count"), 1.0);
}

#[test]
fn a_summary_of_its_own_that_takes_too_long_ends_the_run_with_102() {
    let run = Brunt::guest("handle_summary").test_env("SLEEP_SUMMARY", "30");
    let ended = run.env("K6_HANDLE_SUMMARY_TIMEOUT", "300ms").run();
    let ended = ended.expect_code(102);
    expect_said(&ended, "handle-summary did not end within 300ms");
    assert!(ended.stdout.contains("TOTAL RESULTS"), "{}", ended.stdout);
    assert_eq!(ended.metric("iterations", "count"), 1.0);
}

/// The bar of a machine that runs a third of the test once ended at 33 %.
#[test]
fn the_progress_of_a_segment_ends_at_its_own_share() {
    let run = Brunt::guest("count_iterations").args(["--vus", "3", "--iterations", "9"]);
    let ended = run.args(["--execution-segment", "0:1/3"]).run();
    let ended = ended.expect_code(0);
    assert_eq!(ended.metric("iterations", "count"), 3.0);
    assert!(
        ended.stdout.contains("3/3 shared iters"),
        "{}",
        ended.stdout
    );
}

#[test]
fn an_init_that_fails_ends_the_run_with_107() {
    for how in ["error", "panic"] {
        let ended = Brunt::guest("init_fails").test_env("HOW", how).run();
        let ended = ended.expect_code(107);
        expect_said(&ended, "the test failed in init");
        expect_said(&ended, "on purpose");
    }
}

#[test]
fn a_test_that_aborts_ends_the_run_with_108() {
    let run = Brunt::guest("abort").args(["--vus", "2", "--duration", "30s"]);
    let ended = run.run().expect_code(108);
    expect_said(&ended, "test aborted: enough is enough");
    assert!(ended.took < Duration::from_secs(10), "{:?}", ended.took);
    assert!(ended.metric("iterations", "count") >= 1.0);
}

#[test]
fn a_test_that_marks_the_run_as_failed_goes_on_and_ends_with_110() {
    let run = Brunt::guest("mark_failed").args(["--iterations", "5"]);
    let ended = run.run().expect_code(110);
    expect_said(&ended, "marked as failed: the second iteration says so");
    assert_eq!(ended.metric("iterations", "count"), 5.0);
}

fn failing_server() -> Recorder {
    Recorder::answering(|_| Answer::status(503))
}

#[test]
fn a_crossed_threshold_is_told_and_can_be_left_out() {
    let server = failing_server();
    let thresholds = json!({ "thresholds": {
        "http_req_failed": ["rate<0.01"], "http_reqs": ["count>0"],
    } });
    let run = || {
        let run = Brunt::guest("get_checks").base_url(&server.url());
        run.config(&thresholds)
    };
    let ended = run().run().expect_code(99);
    expect_said(
        &ended,
        "thresholds on metrics 'http_req_failed' have been crossed",
    );
    let line = ended.stderr.lines().find(|line| line.contains("crossed"));
    assert!(line.is_some_and(|line| line.starts_with("ERRO[")));
    assert!(ended.stdout.contains("✗ 'rate<0.01'"), "{}", ended.stdout);
    run().arg("--no-thresholds").run().expect_code(0);
}

#[test]
fn a_threshold_can_end_the_run_and_teardown_runs_all_the_same() {
    let server = failing_server();
    let threshold = json!({ "threshold": "rate<0.5", "abortOnFail": true });
    let ended = Brunt::guest("setup_teardown")
        .base_url(&server.url())
        .config(&json!({ "thresholds": { "http_req_failed": [threshold] } }))
        .args(["--vus", "1", "--duration", "40s"])
        .run()
        .expect_code(99);
    expect_said(&ended, "rate<0.5 on http_req_failed was crossed");
    assert!(ended.took < Duration::from_secs(15), "{:?}", ended.took);
    let paths = paths(&server);
    assert_eq!(
        paths.last().map(String::as_str),
        Some("/anything/teardown/42")
    );
}

#[test]
fn an_interrupt_lets_iterations_end_and_teardown_run() {
    let slow = |seen: &brunt_e2e::Seen| match seen.path.as_str() {
        "/anything/iteration" => Answer::ok().after(Duration::from_secs(1)),
        _ => Answer::ok(),
    };
    let server = Recorder::answering(slow);
    let run = Brunt::guest("setup_teardown").base_url(&server.url());
    let running = run.args(["--vus", "1", "--duration", "40s"]).start();
    server.wait_for(2);
    running.interrupt();
    let ended = running.wait().expect_code(105);
    expect_said(&ended, "interrupted by the user");
    let expected = [
        "/anything/setup",
        "/anything/iteration",
        "/anything/teardown/42",
    ];
    assert_eq!(paths(&server), expected);
    assert_eq!(ended.metric("iterations", "count"), 1.0);
}

#[test]
fn a_second_interrupt_stops_at_once() {
    let server = Recorder::answering(|_| Answer::never());
    let run = Brunt::guest("get_checks").base_url(&server.url());
    let running = run.args(["--vus", "2", "--duration", "40s"]).start();
    server.wait_for(2);
    let ended = interrupt_at_once(running).expect_code(105);
    assert!(ended.took < Duration::from_secs(15), "{:?}", ended.took);
    assert!(
        ended.stdout.contains("0 complete and 2 interrupted"),
        "{}",
        ended.stdout
    );
}

/// An interrupt during setup once had no effect before setup was over.
#[test]
fn an_interrupt_ends_a_setup() {
    let never = Recorder::answering(|_| Answer::never());
    let run = Brunt::guest("setup_teardown").base_url(&never.url());
    let running = run.start();
    never.wait_for(1);
    running.interrupt();
    let ended = running.wait().expect_code(105);
    assert!(ended.took < Duration::from_secs(15), "{:?}", ended.took);
    expect_said(&ended, "interrupted by the user before its first iteration");
}

#[test]
fn a_test_can_make_its_own_summary() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let run = Brunt::guest("handle_summary").folder(folder.path());
    let ended = run.args(["--iterations", "3"]).run().expect_code(0);
    assert!(
        ended.stdout.contains("own summary: 3 iterations, 3 checks"),
        "{}",
        ended.stdout
    );
    assert!(!ended.stdout.contains("TOTAL RESULTS"));
    expect_said(&ended, "own words on stderr");
    let file = fs::read(folder.path().join("own-summary.json")).expect("the file was written");
    let data: Value = serde_json::from_slice(&file).expect("JSON");
    for key in ["metrics", "root_group", "options", "state"] {
        assert!(data[key].is_object(), "{key} in {data}");
    }
    assert_eq!(data["metrics"]["iterations"]["values"]["count"], 3);
    assert!(data["state"]["testRunDurationMs"].is_number());
}

#[test]
fn a_summary_of_its_own_that_fails_leaves_the_engines() {
    let run = Brunt::guest("handle_summary").test_env("FAIL_SUMMARY", "1");
    let ended = run.run().expect_code(0);
    assert!(ended.stdout.contains("TOTAL RESULTS"), "{}", ended.stdout);
    expect_said(&ended, "handle-summary failed (error): no summary today");
}

#[test]
fn the_summary_has_four_modes() {
    let server = Recorder::start();
    let summary = |flag: &str| {
        let run = Brunt::guest("get_checks").base_url(&server.url());
        run.arg(flag).run().expect_code(0).stdout
    };
    let compact = summary("--summary-mode=compact");
    assert!(compact.contains("█ TOTAL RESULTS") && !compact.contains("http_req_blocked"));
    let full = summary("--summary-mode=full");
    assert!(full.contains("█ TOTAL RESULTS") && full.contains("http_req_blocked"));
    let legacy = summary("--summary-mode=legacy");
    assert!(legacy.contains("http_req_blocked") && !legacy.contains('█'));
    for flag in ["--summary-mode=disabled", "--no-summary"] {
        assert!(!summary(flag).contains("http_reqs"), "{flag}");
    }
}

#[test]
fn quiet_hides_progress_and_keeps_the_summary() {
    let ended = Brunt::guest("count_iterations").arg("--quiet").run();
    let ended = ended.expect_code(0);
    assert!(ended.stdout.contains("TOTAL RESULTS") || ended.stdout.contains("iterations..."));
    for progress in ["running (", "scenarios:"] {
        assert!(!ended.stdout.contains(progress), "{}", ended.stdout);
    }
}

/// The options in force, as `brunt inspect` shows them, for a test that sets thresholds and scenarios itself.
fn inspected(run: Brunt) -> Value {
    let ended = run.run().expect_code(0);
    serde_json::from_str(&ended.stdout).unwrap_or_else(|error| panic!("{error}: {ended:#?}"))
}

#[test]
fn options_come_from_five_layers_and_the_last_one_counts() {
    let inspect = |name: &str| {
        let file = brunt_e2e::guest(name);
        Brunt::new([std::ffi::OsString::from("inspect"), file.into_os_string()])
    };
    // Built in, and overridden by the config file.
    assert_eq!(inspected(inspect("get_checks"))["maxRedirects"], 10);
    let config = json!({ "maxRedirects": 3, "thresholds": { "http_reqs": ["count>7"] } });
    let options = inspected(inspect("get_checks").config(&config));
    assert_eq!(options["maxRedirects"], 3);
    assert!(options["thresholds"]["http_reqs"].is_array());
    // The test's own options come before the config file, as a whole.
    let options = inspected(inspect("thresholds").config(&config));
    assert!(options["thresholds"]["http_reqs"].is_null(), "{options}");
    assert!(options["thresholds"]["http_req_failed"].is_array());
    // The environment comes before both, Brunt's own name before k6's, and flags before all.
    let run = || {
        let run = inspect("thresholds").config(&config);
        run.env("K6_MAX_REDIRECTS", "4")
    };
    assert_eq!(inspected(run())["maxRedirects"], 4);
    let run = || run().env("BRUNT_MAX_REDIRECTS", "5");
    assert_eq!(inspected(run())["maxRedirects"], 5);
    let run = || run().args(["--max-redirects", "6"]);
    assert_eq!(inspected(run())["maxRedirects"], 6);
}

#[test]
fn a_shortcut_of_a_higher_layer_replaces_the_tests_scenarios() {
    let run = Brunt::test(&brunt_e2e::guest("thresholds"));
    let server = Recorder::start();
    let ended = run.base_url(&server.url()).args(["--iterations", "2"]);
    let ended = ended.run().expect_code(0);
    assert_eq!(server.seen().len(), 2);
    assert_eq!(ended.metric("iterations", "count"), 2.0);
}
