//! Tests that a load generator which slows the test down itself says so.

use brunt_e2e::{Brunt, Ended};
use serde_json::json;

use crate::samples::run_with_samples;

const FIRST: &str = "the load generator is saturated: worker ";
const LAST: &str = "the load generator was saturated for ";

/// Four VUs of one worker that never rest, each cut off after a while, for five seconds.
fn spinning() -> Brunt {
    Brunt::guest("spin_forever")
        .args(["--vus", "4", "--duration", "5s", "--workers", "1"])
        .args(["--limit", "cpuTime=200ms"])
}

fn count(ended: &Ended, words: &str) -> usize {
    ended.stderr.matches(words).count()
}

#[test]
fn a_saturated_generator_says_so_with_the_figures() {
    let (ended, samples) = run_with_samples(spinning().arg("--summary-mode=full"));
    let ended = ended.expect_code(0);
    assert_eq!(
        (count(&ended, FIRST), count(&ended, LAST)),
        (1, 1),
        "{}",
        ended.stderr
    );
    assert!(ended.stdout.contains("LOAD GENERATOR"), "{}", ended.stdout);
    let shown = ended
        .stdout
        .lines()
        .any(|line| line.contains("worker_busy"));
    assert!(shown, "{}", ended.stdout);
    let busy = ended.metric("worker_busy", "max");
    assert!((0.9..=1.0).contains(&busy), "{busy}");
    assert_eq!(samples.kind("worker_lag"), ("trend", "time"));
    assert!(samples.values("worker_busy").len() >= 3);
}

#[test]
fn the_warning_can_be_silenced_and_a_threshold_can_take_its_place() {
    let strict = json!({ "thresholds": { "worker_busy": ["max<0.01"] } });
    let run = spinning().args(["--busy-warning", "0"]).config(&strict);
    let ended = run.run().expect_code(99);
    assert_eq!(
        (count(&ended, FIRST), count(&ended, LAST)),
        (0, 0),
        "{}",
        ended.stderr
    );
    assert!(ended.stderr.contains("worker_busy"), "{}", ended.stderr);
}

#[test]
fn a_generator_that_has_time_does_not_warn() {
    let run = Brunt::guest("sleeper").test_env("SLEEP_MS", "500");
    let ended = run.args(["--vus", "2", "--duration", "4s"]).run();
    let ended = ended.expect_code(0);
    assert_eq!(
        (count(&ended, FIRST), count(&ended, LAST)),
        (0, 0),
        "{}",
        ended.stderr
    );
    let busy = ended.metric("worker_busy", "avg");
    assert!(busy < 0.5, "{busy}");
    // In the short forms of the summary there is no place for it.
    assert!(!ended.stdout.contains("worker_busy"), "{}", ended.stdout);
}

#[test]
fn a_percentage_that_is_none_is_refused() {
    let run = Brunt::guest("sleeper").args(["--busy-warning", "101"]);
    let ended = run.run().expect_code(104);
    let words = "must be a percentage from 0 to 100, got 101";
    assert!(ended.stderr.contains(words), "{}", ended.stderr);
}
