//! Tests what load arrives at the target, and when: the six executors, several scenarios, and parts of a whole.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use brunt_e2e::{Answer, Brunt, Ended, Recorder, Seen};
use serde_json::{Value, json};

/// A run of one scenario that visits the server.
fn visit(server: &Recorder, scenario: Value) -> Brunt {
    Brunt::guest("get_checks")
        .base_url(&server.url())
        .config(&json!({ "scenarios": { "s": scenario } }))
}

fn slow_server(ms: u64) -> Recorder {
    Recorder::answering(move |_| Answer::ok().after(Duration::from_millis(ms)))
}

/// Requests of each connection, which are those of each VU.
fn by_connection(seen: &[Seen]) -> BTreeMap<u64, usize> {
    let mut counts = BTreeMap::new();
    for seen in seen {
        *counts.entry(seen.connection).or_insert(0) += 1;
    }
    counts
}

/// Milliseconds from the first arrival to each.
fn since_first(seen: &[Seen]) -> Vec<f64> {
    let mut times: Vec<Instant> = seen.iter().map(|seen| seen.at).collect();
    times.sort_unstable();
    times
        .iter()
        .map(|at| (*at - times[0]).as_secs_f64() * 1e3)
        .collect()
}

/// Compares arrivals with when they were due, both counted from the first: in general well, in the worst case not too badly.
fn expect_on_time(arrived: &[f64], due: &[f64]) {
    assert_eq!(arrived.len(), due.len());
    let mut errors: Vec<f64> = arrived
        .iter()
        .zip(due)
        .map(|(arrived, due)| (arrived - due).abs())
        .collect();
    errors.sort_unstable_by(f64::total_cmp);
    let (median, worst) = (errors[errors.len() / 2], errors[errors.len() - 1]);
    assert!(
        median < 25.0 && worst < 400.0,
        "arrivals are off by {median} ms in general, and by {worst} ms at worst"
    );
}

#[test]
fn constant_vus_loop_on_a_connection_each() {
    let server = slow_server(20);
    let scenario = json!({ "executor": "constant-vus", "vus": 3, "duration": "1s" });
    let ended = visit(&server, scenario).run().expect_code(0);
    let seen = server.seen();
    assert_eq!(by_connection(&seen).len(), 3);
    // An iteration takes 20 ms at least.
    assert!((30..=3 * 50).contains(&seen.len()), "{}", seen.len());
    assert_eq!(ended.metric("iterations", "count"), seen.len() as f64);
    let last = since_first(&seen)[seen.len() - 1];
    assert!((800.0..1200.0).contains(&last), "{last}");
}

#[test]
fn shared_iterations_are_as_many_as_asked_for() {
    let server = slow_server(5);
    let scenario = json!({ "executor": "shared-iterations", "vus": 4, "iterations": 41 });
    let ended = visit(&server, scenario).run().expect_code(0);
    let seen = server.seen();
    assert_eq!((seen.len(), by_connection(&seen).len()), (41, 4));
    assert_eq!(ended.metric("iterations", "count"), 41.0);
}

#[test]
fn per_vu_iterations_are_as_many_for_each_vu() {
    let server = slow_server(5);
    let scenario = json!({ "executor": "per-vu-iterations", "vus": 3, "iterations": 5 });
    visit(&server, scenario).run().expect_code(0);
    let counts: Vec<usize> = by_connection(&server.seen()).into_values().collect();
    assert_eq!(counts, [5, 5, 5]);
}

#[test]
fn ramping_vus_come_and_go_one_by_one() {
    let server = slow_server(25);
    let scenario = json!({
        "executor": "ramping-vus", "startVUs": 0, "gracefulRampDown": "1s",
        "stages": [{ "duration": "1500ms", "target": 6 }, { "duration": "1500ms", "target": 0 }],
    });
    visit(&server, scenario).run().expect_code(0);
    let seen = server.seen();
    assert_eq!(by_connection(&seen).len(), 6);
    // The first VU comes 250 ms after the start.
    let start = seen[0].at - Duration::from_millis(250);
    for (ms, expected) in [(400, 1), (900, 3), (1500, 6), (2100, 4), (2600, 2)] {
        let window = start + Duration::from_millis(ms - 60)..start + Duration::from_millis(ms + 60);
        let active: Vec<Seen> = seen
            .iter()
            .filter(|seen| window.contains(&seen.at))
            .cloned()
            .collect();
        let active = by_connection(&active).len();
        assert!(
            active.abs_diff(expected) <= 1,
            "{active} VUs were active at {ms} ms, not {expected}"
        );
    }
}

#[test]
fn constant_arrivals_come_at_equal_distances() {
    let server = slow_server(60);
    let scenario = json!({
        "executor": "constant-arrival-rate", "rate": 50, "duration": "2s", "preAllocatedVUs": 30,
    });
    let ended = visit(&server, scenario).run().expect_code(0);
    let arrived = since_first(&server.seen());
    let due: Vec<f64> = (0..100).map(|index| f64::from(index) * 20.0).collect();
    expect_on_time(&arrived, &due);
    assert_eq!(ended.metric("iterations", "count"), 100.0);
}

#[test]
fn ramping_arrivals_come_when_the_integral_of_the_rate_says() {
    let server = slow_server(10);
    let scenario = json!({
        "executor": "ramping-arrival-rate", "startRate": 10, "preAllocatedVUs": 20,
        "stages": [{ "duration": "2s", "target": 50 }],
    });
    visit(&server, scenario).run().expect_code(0);
    let arrived = since_first(&server.seen());
    // In t seconds 10 t + 10 t² have arrived, so the n-th is due at (√(100 + 40 n) − 10) ÷ 20.
    let due = |n: f64| ((100.0 + 40.0 * n).sqrt() - 10.0) / 20.0 * 1e3;
    let due: Vec<f64> = (1..=60).map(|n| due(f64::from(n)) - due(1.0)).collect();
    expect_on_time(&arrived, &due);
}

#[test]
fn arrivals_that_find_no_vu_are_dropped() {
    let server = slow_server(1500);
    let scenario = json!({
        "executor": "constant-arrival-rate", "rate": 10, "duration": "1s", "preAllocatedVUs": 2,
    });
    let ended = visit(&server, scenario).run().expect_code(0);
    assert_eq!(server.seen().len(), 2);
    assert_eq!(ended.metric("dropped_iterations", "count"), 8.0);
    let warning = "Insufficient VUs, reached 2 active VUs and cannot initialize more";
    assert_eq!(ended.stderr.matches(warning).count(), 1, "{}", ended.stderr);
}

#[test]
fn more_vus_are_made_up_to_the_most() {
    let server = slow_server(2500);
    let scenario = json!({
        "executor": "constant-arrival-rate", "rate": 20, "duration": "1s", "preAllocatedVUs": 1, "maxVUs": 4,
    });
    let ended = visit(&server, scenario).run().expect_code(0);
    let seen = server.seen();
    assert_eq!((seen.len(), by_connection(&seen).len()), (4, 4));
    assert_eq!(ended.metric("dropped_iterations", "count"), 16.0);
}

#[test]
fn iterations_that_run_out_of_time_are_dropped() {
    let server = slow_server(600);
    let scenario = json!({
        "executor": "shared-iterations", "vus": 1, "iterations": 10, "maxDuration": "1s",
    });
    let ended = visit(&server, scenario).run().expect_code(0);
    assert_eq!(server.seen().len(), 2);
    assert_eq!(ended.metric("iterations", "count"), 2.0);
    assert_eq!(ended.metric("dropped_iterations", "count"), 8.0);
}

#[test]
fn what_outlives_the_graceful_stop_is_interrupted() {
    let server = Recorder::answering(|_| Answer::never());
    let scenario = json!({
        "executor": "constant-vus", "vus": 2, "duration": "1s", "gracefulStop": "500ms",
    });
    let ended = visit(&server, scenario).run().expect_code(0);
    assert_eq!(server.seen().len(), 2);
    assert!(
        ended
            .stdout
            .contains("0 complete and 2 interrupted iterations"),
        "{}",
        ended.stdout
    );
    assert!(ended.took < Duration::from_secs(10), "{:?}", ended.took);
}

#[test]
fn a_scenario_starts_at_its_start_time() {
    let server = Recorder::start();
    let once = |path: &str, start: &str| {
        json!({
            "executor": "per-vu-iterations", "vus": 1, "iterations": 1, "startTime": start,
            "env": { "BASE_URL": format!("{}/{path}", server.url()) },
        })
    };
    let scenarios = json!({ "late": once("late", "1200ms"), "early": once("early", "0s") });
    Brunt::guest("groups_and_tags")
        .config(&json!({ "scenarios": scenarios }))
        .run()
        .expect_code(0);
    let seen = server.seen();
    let paths: Vec<&str> = seen.iter().map(|seen| seen.path.as_str()).collect();
    assert_eq!(paths, ["/early/get", "/late/get"]);
    let between = seen[1].at - seen[0].at;
    assert!((1100..1700).contains(&between.as_millis()), "{between:?}");
}

#[test]
fn a_scenario_has_its_own_function_environment_and_tags() {
    let scenarios = json!({
        "first": { "executor": "per-vu-iterations", "vus": 2, "iterations": 1 },
        "second": {
            "executor": "shared-iterations", "vus": 1, "iterations": 3, "exec": "other",
            "env": { "WHO": "bee" }, "tags": { "flow": "honey" },
        },
    });
    let config = json!({
        "scenarios": scenarios,
        "thresholds": {
            "iterations{flow:honey}": ["count==3"],
            "iterations{scenario:first}": ["count==2"],
            "iterations{flow:none}": ["count==0"],
        },
    });
    let ended = Brunt::guest("execution_info")
        .config(&config)
        .run()
        .expect_code(0);
    let (first, second) = (ended.logged("iteration"), ended.logged("other"));
    assert_eq!((first.len(), second.len()), (2, 3));
    assert!(first.iter().all(|info| info["env_who"].is_null()));
    for info in &second {
        assert_eq!(
            (&info["scenario"], &info["executor"], &info["env_who"]),
            (&json!("second"), &json!("shared-iterations"), &json!("bee"))
        );
    }
}

#[test]
fn segments_of_a_run_are_the_whole_run() {
    let config = json!({ "scenarios": {
        "arriving": { "executor": "constant-arrival-rate", "rate": 31, "duration": "1s", "preAllocatedVUs": 7 },
        "shared": { "executor": "shared-iterations", "vus": 4, "iterations": 11, "exec": "other" },
    } });
    let segment = |segment: &str| {
        let args = ["--execution-segment", segment];
        let sequence = ["--execution-segment-sequence", "0,1/4,1/2,1"];
        let run = Brunt::guest("execution_info").config(&config);
        run.args(args).args(sequence).start()
    };
    let running: Vec<_> = ["0:1/4", "1/4:1/2", "1/2:1"]
        .into_iter()
        .map(segment)
        .collect();
    let ended: Vec<_> = running
        .into_iter()
        .map(|running| running.wait().expect_code(0))
        .collect();
    for (word, count) in [("iteration", 31), ("other", 11)] {
        let logged = ended.iter().flat_map(|ended| ended.logged(word));
        let mut numbers: Vec<u64> = logged
            .filter_map(|info| info["iteration_in_test"].as_u64())
            .collect();
        numbers.sort_unstable();
        assert_eq!(numbers, (0..count).collect::<Vec<_>>(), "{word}");
    }
    let vus = |ended: &Ended| -> BTreeSet<u64> {
        let logged = [ended.logged("iteration"), ended.logged("other")].concat();
        logged
            .iter()
            .filter_map(|info| info["vu_in_test"].as_u64())
            .collect()
    };
    let vus: Vec<BTreeSet<u64>> = ended.iter().map(vus).collect();
    let together: BTreeSet<u64> = vus.iter().flatten().copied().collect();
    let one_by_one: usize = vus.iter().map(BTreeSet::len).sum();
    assert_eq!(
        one_by_one,
        together.len(),
        "no two have a VU of the same number: {vus:?}"
    );
}

#[test]
fn sleeping_iterations_take_their_time() {
    let ended = Brunt::guest("sleeper")
        .test_env("SLEEP_MS", "300")
        .args(["--vus", "5", "--iterations", "10"])
        .run()
        .expect_code(0);
    assert_eq!(ended.metric("iterations", "count"), 10.0);
    assert!(ended.metric("iteration_duration", "min") >= 300.0);
    // All VUs sleep at the same time.
    assert!(ended.took < Duration::from_millis(2500), "{:?}", ended.took);
}

#[test]
fn connections_are_kept_while_a_vu_sleeps() {
    let server = Recorder::start();
    let ended = Brunt::guest("sleeper")
        .base_url(&server.url())
        .test_env("SLEEP_MS", "100")
        .args(["--vus", "5", "--iterations", "15"])
        .run()
        .expect_code(0);
    assert_eq!(ended.metric("iterations", "count"), 15.0);
    assert_eq!((server.seen().len(), server.connections().len()), (15, 5));
}

#[test]
fn the_least_duration_of_an_iteration_paces_it() {
    let server = Recorder::start();
    let scenario = json!({ "executor": "constant-vus", "vus": 1, "duration": "1s" });
    visit(&server, scenario)
        .args(["--min-iteration-duration", "300ms"])
        .run()
        .expect_code(0);
    let arrived = since_first(&server.seen());
    expect_on_time(&arrived, &[0.0, 300.0, 600.0, 900.0]);
}

#[test]
fn iterations_that_do_nothing_are_counted_all_the_same() {
    let ended = Brunt::guest("count_iterations")
        .args(["--vus", "4", "--iterations", "100000"])
        .run()
        .expect_code(0);
    assert_eq!(ended.metric("iterations", "count"), 100_000.0);
    assert!(ended.metric("iteration_duration", "max") < 5_000.0);
}
