//! Tests what strangers' tests can do to a run: each ends in time, what it did is counted and told, and others go on.

use std::time::Duration;

use brunt_e2e::{Answer, Brunt, Ended, Recorder};
use serde_json::{Value, json};

/// Runs four iterations of a hostile guest on two VUs that share a thread.
fn attack(name: &str) -> Brunt {
    Brunt::guest(name)
        .args(["--vus", "2", "--iterations", "4"])
        .env("BRUNT_WORKERS", "1")
        .env("BRUNT_LIMIT_CPU_TIME", "300ms")
        .limit(Duration::from_secs(30))
}

/// Checks that all four iterations failed in this way, and that this was told twice: at once, and with the count.
fn expect_failures(ended: Ended, kind: &str, why: &str) {
    let ended = ended.expect_code(0);
    assert_eq!(ended.metric("iterations", "count"), 4.0);
    let told = format!("iteration failed ({kind}) in scenario default: {why}");
    assert_eq!(ended.stderr.matches(&told).count(), 1, "{}", ended.stderr);
    let counted = format!("iteration failed ({kind}) in scenario default, 4 times in all");
    assert_eq!(
        ended.stderr.matches(&counted).count(),
        1,
        "{}",
        ended.stderr
    );
}

#[test]
fn spinning_is_cut_off() {
    let ended = attack("spin_forever").run();
    expect_failures(ended, "cpu-time limit", "limit cpuTime reached");
}

#[test]
fn a_memory_bomb_is_refused_memory() {
    let ended = attack("memory_bomb")
        .args(["--limit", "memory=64MiB"])
        .run();
    let why = "limit memory reached: the guest wanted more than 67108864 bytes";
    expect_failures(ended, "memory limit", why);
}

#[test]
fn deep_recursion_ends_with_the_stack() {
    let ended = attack("deep_recursion").run();
    expect_failures(ended, "stack limit", "limit stack reached");
}

#[test]
fn a_panic_ends_its_iteration() {
    let ended = attack("panic_every_iteration").run();
    assert!(
        ended.stderr.contains("panics on purpose"),
        "{}",
        ended.stderr
    );
    assert!(
        ended.stderr.contains("at panic_every_iteration"),
        "the stack is shown: {}",
        ended.stderr
    );
    expect_failures(ended, "trap", "");
}

#[test]
fn a_trap_ends_its_iteration() {
    expect_failures(attack("trap_unreachable").run(), "trap", "trap: ");
}

#[test]
fn handles_are_limited_of_every_kind() {
    for kind in ["request", "timer", "pending"] {
        let run = attack("many_handles").test_env("KIND", kind);
        let ended = run.args(["--limit", "cpuTime=10s"]).run();
        expect_failures(ended, "handles limit", "limit handles reached: 10000");
    }
}

#[test]
fn a_flood_of_log_is_dammed() {
    for how in ["pieces", "huge"] {
        let run = attack("log_flood").test_env("HOW", how);
        let ended = run.args(["--limit", "cpuTime=10s"]).run().expect_code(0);
        assert_eq!(ended.metric("iterations", "count"), 4.0, "{how}");
        // 64 KiB for each VU and second.
        let seconds = ended.took.as_secs() as usize + 2;
        let most = 2 * seconds * (64 << 10) + (64 << 10);
        assert!(ended.stderr.len() < most, "{how}: {}", ended.stderr.len());
        assert!(ended.stderr.contains("limit logBytes"), "{how}: it is told");
    }
}

#[test]
fn a_flood_of_tags_overflows_into_one_series() {
    let server = Recorder::start();
    let run = attack("tag_flood").base_url(&server.url());
    let ended = run
        .args(["--limit", "series=500", "--limit", "cpuTime=10s"])
        .run()
        .expect_code(0);
    assert_eq!(server.seen().len(), 4);
    // Totals stay complete.
    assert_eq!(ended.metric("seen", "count"), 4000.0);
    assert_eq!(ended.metric("http_reqs", "count"), 4.0);
    let warning = "more than 500 combinations of tag values";
    assert_eq!(ended.stderr.matches(warning).count(), 1, "{}", ended.stderr);
}

#[test]
fn connections_of_a_vu_are_limited() {
    let server = Recorder::answering(|_| Answer::ok().after(Duration::from_millis(50)));
    let run = Brunt::guest("many_connections").base_url(&server.url());
    let ended = run
        .test_env("CONNECTIONS", "100")
        .args(["--iterations", "1", "--limit", "connections=7"])
        .run()
        .expect_code(0);
    assert_eq!(server.seen().len(), 100, "those beyond wait");
    assert_eq!(server.connections().len(), 7);
    assert_eq!(ended.metric("checks", "value"), 1.0);
}

#[test]
fn a_big_response_is_refused_and_never_held() {
    const BYTES: usize = 20 << 20;
    let server = Recorder::answering(|_| Answer::ok().body_size(BYTES));
    let run = Brunt::guest("big_response")
        .base_url(&server.url())
        .test_env("BYTES", &BYTES.to_string())
        .args(["--iterations", "1"]);
    let refused = run.args(["--limit", "responseBody=1MiB"]).run();
    let refused = refused.expect_code(0);
    assert!(refused.stderr.contains("refused: "), "{}", refused.stderr);
    // The one whose body was discarded is not.
    assert_eq!(refused.metric("http_req_failed", "value"), 0.5);

    let run = Brunt::guest("big_response")
        .base_url(&server.url())
        .test_env("BYTES", &BYTES.to_string());
    let accepted = run.args(["--iterations", "1"]).run().expect_code(0);
    assert_eq!(accepted.metric("checks", "value"), 1.0);
    assert!(accepted.metric("data_received", "count") > 2.0 * BYTES as f64);
}

#[test]
fn an_init_that_never_ends_is_cut_off() {
    let ended = attack("spin_in_init").run().expect_code(107);
    assert!(
        ended
            .stderr
            .contains("the test failed in init (cpu-time limit)"),
        "{}",
        ended.stderr
    );
    assert!(ended.took < Duration::from_secs(10), "{:?}", ended.took);
}

/// A scenario that misbehaves beside one that does not, on the same thread.
fn beside(misbehaviour: &str) -> Value {
    json!({
        "workers": 1,
        "scenarios": {
            "bad": {
                "executor": "constant-vus", "vus": 2, "duration": "1500ms", "exec": misbehaviour,
                "gracefulStop": "0s",
            },
            "good": {
                "executor": "constant-arrival-rate", "rate": 20, "duration": "1500ms", "preAllocatedVUs": 10,
            },
        },
        "thresholds": {
            "iterations{scenario:good}": ["count==30"],
            "checks": ["rate==1"],
            "iteration_duration_from_due{scenario:good}": ["med<300"],
        },
    })
}

#[test]
fn a_misbehaving_scenario_does_not_spoil_another() {
    for misbehaviour in ["spin", "swell", "fall", "hoard", "babble"] {
        let ended = Brunt::guest("neighbours")
            .config(&beside(misbehaviour))
            .env("BRUNT_LIMIT_CPU_TIME", "200ms")
            .env("BRUNT_LIMIT_MEMORY", "64MiB")
            .env("BRUNT_LIMIT_HANDLES", "1000")
            .limit(Duration::from_secs(30))
            .run();
        let said = format!("{misbehaviour}: {}", ended.stderr);
        assert_eq!(ended.code, Some(0), "{said}\n{}", ended.stdout);
        assert!(said.contains("in scenario bad"), "{said}");
        assert!(!said.contains("in scenario good"), "{said}");
        assert!(ended.took < Duration::from_secs(8), "{misbehaviour}");
    }
}

#[test]
fn a_failing_iteration_is_told_with_its_cause() {
    let ended = Brunt::guest("iteration_errors")
        .args(["--vus", "1", "--iterations", "5"])
        .run()
        .expect_code(0);
    assert_eq!(ended.metric("iterations", "count"), 5.0);
    let told = "iteration failed (error) in scenario default: reading the price: ";
    assert!(ended.stderr.contains(told), "{}", ended.stderr);
    assert!(
        ended
            .stderr
            .contains("iteration failed (error) in scenario default, 2 times in all"),
        "{}",
        ended.stderr
    );
}

#[test]
fn random_values_differ_between_vus_and_repeat_with_a_seed() {
    let values = |seed: &str| -> Vec<String> {
        let each_once = json!({ "executor": "per-vu-iterations", "vus": 2, "iterations": 1 });
        let ended = Brunt::guest("random_values")
            .env("BRUNT_SEED", seed)
            .config(&json!({ "scenarios": { "s": each_once } }))
            .run()
            .expect_code(0);
        assert_eq!(ended.metric("checks", "value"), 1.0);
        let lines = ended.stderr.lines();
        let mut values: Vec<String> = lines
            .filter_map(|line| Some(line.split_once("random ")?.1.to_owned()))
            .collect();
        values.sort_unstable();
        values
    };
    let (once, again, other) = (values("1"), values("1"), values("2"));
    assert_eq!(once.len(), 2);
    assert_eq!(once, again);
    assert_ne!(once, other);
    assert_ne!(once[0].split(' ').nth(1), once[1].split(' ').nth(1));
}
