//! Tests what strangers' extensions can do to a run: their VU's iteration fails, and the failure names them.

use std::time::Duration;

use brunt_e2e::{Brunt, Ended};

use super::{expect_said, script, using};

/// Four iterations on two VUs that share a thread.
fn attack(run: Brunt) -> Ended {
    run.args(["--vus", "2", "--iterations", "4"])
        .args(["--limit", "memory=64MiB"])
        .env("BRUNT_WORKERS", "1")
        .env("BRUNT_LIMIT_CPU_TIME", "300ms")
        .limit(Duration::from_secs(40))
        .run()
        .expect_code(0)
}

/// The same misbehaviour in a function that a test calls, while the test sleeps, and in a function that a script calls.
fn expect_failures(how: &str, kind: &str, why: &str) {
    let in_script = format!(
        "import {{ sleep }} from 'k6'; import {{ misbehave }} from 'sample:kinds/kinds';
         export default function () {{ misbehave('{how}'); }}"
    );
    let later = format!(
        "import {{ sleep }} from 'k6'; import {{ misbehave }} from 'sample:kinds/kinds';
         export default function () {{ misbehave('later-{how}'); sleep(0.05); }}"
    );
    for run in [
        using(how),
        using(&format!("later-{how}")),
        script(&in_script),
        script(&later),
    ] {
        let ended = attack(run);
        assert_eq!(ended.metric("iterations", "count"), 4.0);
        let place = "in scenario default: in extension sample:kinds: ";
        expect_said(&ended, &format!("iteration failed ({kind}) {place}{why}"));
        expect_said(
            &ended,
            &format!("iteration failed ({kind}) in scenario default, 4 times"),
        );
    }
}

#[test]
fn spinning_is_cut_off() {
    expect_failures("spin", "cpu-time limit", "limit cpuTime reached");
}

#[test]
fn a_trap_ends_its_iteration() {
    expect_failures("trap", "trap", "trap: ");
}

#[test]
fn memory_counts_for_the_whole_vu() {
    expect_failures("memory", "memory limit", "limit memory reached");
}

#[test]
fn handles_are_limited() {
    expect_failures("handles", "handles limit", "limit handles reached: 10000");
}

#[test]
fn a_flood_of_tags_ends_in_the_overflow_series() {
    let run = using("tags").args(["--limit", "series=1000"]);
    let ended = run.env("BRUNT_LIMIT_CPU_TIME", "20s").run().expect_code(0);
    assert!(ended.metric("kinds_attended", "count") >= 50_000.0);
    expect_said(&ended, "1000 combinations of tag values");
}

#[test]
fn resources_that_a_script_forgets_are_ended() {
    let ended = script(
        "import { check } from 'k6'; import { Counter, counters } from 'sample:kinds/kinds';
         export default function () {
           for (let n = 0; n < 20000; n += 1) { new Counter(n); }
           const kept = new Counter(1);
           check(counters(), { 'the others are gone': (n) => n <= 2 });
         }",
    );
    super::expect_checks(ended.run(), 1.0);
}

#[test]
fn resources_that_a_script_keeps_are_limited() {
    let ended = script(
        "import { Counter } from 'sample:kinds/kinds';
         export default function () {
           const all = [];
           for (;;) { all.push(new Counter(1)); }
         }",
    );
    let ended = ended.run().expect_code(0);
    expect_said(&ended, "iteration failed (handles limit)");
}
