//! Defines the tests of the closed executor: VUs that loop.

use brunt_metrics::builtin;
use serde_json::json;

use super::*;

#[tokio::test(start_paused = true)]
async fn constant_vus_loop_until_the_time_is_over() {
    let config = json!({ "executor": "constant-vus", "vus": 3, "duration": "2s" });
    let played = stand(config, |_| Act::Last(300)).play().await;
    played.expect(21, 0, 0);
    assert_eq!(played.numbers(), (0..21).collect::<Vec<_>>());
    for vu in 1..=3 {
        assert_eq!(
            played.starts_of(vu),
            [0, 300, 600, 900, 1200, 1500, 1800],
            "VU {vu}"
        );
    }
    assert_eq!(played.took, 2100, "the last iterations may end");
    assert_eq!(played.trend(builtin::ITERATION_DURATION).med(), 300.0);
}

#[tokio::test(start_paused = true)]
async fn what_still_runs_after_the_graceful_stop_is_cut_off() {
    let config =
        json!({ "executor": "constant-vus", "vus": 2, "duration": "1s", "gracefulStop": "500ms" });
    let script = |iteration: Iteration| match iteration.in_test {
        0 => Act::Last(1400),
        _ => Act::Hang,
    };
    let played = stand(config, script).play().await;
    played.expect(1, 1, 0);
    assert_eq!(played.took, 1500);
}

#[tokio::test(start_paused = true)]
async fn ramping_vus_follow_the_curve() {
    let stages = json!([{ "duration": "4s", "target": 4 }, { "duration": "4s", "target": 0 }]);
    let config = json!({ "executor": "ramping-vus", "startVUs": 0, "stages": stages });
    let played = stand(config, |_| Act::Last(100)).play().await;
    let at_half_seconds: Vec<usize> = (0..8)
        .map(|second| played.running_at(second * 1000 + 550))
        .collect();
    // From n to n + 1 VUs at the end of each second of the ramp, and back.
    assert_eq!(at_half_seconds, [0, 1, 2, 3, 4, 3, 2, 1]);
    assert_eq!(played.running_at(4050), 4);
    assert_eq!(played.interrupted, 0);
    assert_eq!(played.took, 8000);
}

#[tokio::test(start_paused = true)]
async fn a_ramp_down_cuts_iterations_off_when_its_grace_is_over() {
    let stages = json!([
        { "duration": "1s", "target": 2 },
        { "duration": "0s", "target": 1 },
        { "duration": "5s", "target": 1 },
    ]);
    let config = json!({
        "executor": "ramping-vus", "startVUs": 2, "stages": stages,
        "gracefulRampDown": "2s", "gracefulStop": "0s",
    });
    // The first VU's iteration ends, and it loops; the other's hangs.
    let script = |iteration: Iteration| match iteration.in_test {
        1 => Act::Hang,
        _ => Act::Last(2500),
    };
    let played = stand(config, script).play().await;
    // The one that was ramped down, and the one that ran at 6 s.
    played.expect(2, 2, 0);
    assert_eq!(played.starts_of(1).len() + played.starts_of(2).len(), 4);
    assert_eq!(played.starts(), [0, 0, 2500, 5000]);
    assert_eq!(played.took, 6000);
}

#[tokio::test(start_paused = true)]
async fn a_vu_that_is_ramping_down_goes_on_when_the_curve_rises_again() {
    let stages = json!([
        { "duration": "1s", "target": 2 },
        { "duration": "0s", "target": 1 },
        { "duration": "1s", "target": 1 },
        { "duration": "0s", "target": 2 },
        { "duration": "3s", "target": 2 },
    ]);
    let config = json!({
        "executor": "ramping-vus", "startVUs": 2, "stages": stages, "gracefulRampDown": "2s",
    });
    let played = stand(config, |_| Act::Last(4500)).play().await;
    // Its grace would have ended at 3 s, in mid-iteration.
    played.expect(4, 0, 0);
    assert_eq!((played.vus, played.starts()), (2, vec![0, 0, 4500, 4500]));
}

#[tokio::test(start_paused = true)]
async fn a_vu_that_was_ramped_down_is_mended_and_used_again() {
    let stages = json!([
        { "duration": "1s", "target": 1 },
        { "duration": "0s", "target": 0 },
        { "duration": "1s", "target": 0 },
        { "duration": "0s", "target": 1 },
        { "duration": "1s", "target": 1 },
    ]);
    let config = json!({
        "executor": "ramping-vus", "startVUs": 1, "stages": stages, "gracefulRampDown": "0s",
    });
    let script = |iteration: Iteration| match iteration.in_test {
        0 => Act::Hang,
        _ => Act::Last(600),
    };
    let played = stand(config, script).play().await;
    played.expect(2, 1, 0);
    assert_eq!((played.vus, played.mended), (1, 1));
    assert_eq!(played.starts(), [0, 2000, 2600]);
}

#[tokio::test(start_paused = true)]
async fn shared_iterations_are_shared_by_who_comes_first() {
    for workers in [1, 2, 3] {
        let config = json!({ "executor": "shared-iterations", "vus": 3, "iterations": 10 });
        // The first iteration holds its VU, and the others take over.
        let script = |iteration: Iteration| match iteration.in_test {
            0 => Act::Last(450),
            _ => Act::Last(100),
        };
        let stand = Stand {
            workers,
            ..stand(config, script)
        };
        let played = stand.play().await;
        played.expect(10, 0, 0);
        assert_eq!(played.numbers(), (0..10).collect::<Vec<_>>());
        assert_eq!(played.took, 500, "{workers} workers");
    }
}

#[tokio::test(start_paused = true)]
async fn shared_iterations_that_nobody_started_in_time_are_dropped_once() {
    for workers in [1, 2] {
        let config = json!({
            "executor": "shared-iterations", "vus": 2, "iterations": 10, "maxDuration": "1s",
        });
        let stand = Stand {
            workers,
            ..stand(config, |_| Act::Last(400))
        };
        let played = stand.play().await;
        played.expect(6, 0, 4);
        assert_eq!(played.took, 1200);
    }
}

#[tokio::test(start_paused = true)]
async fn per_vu_iterations_are_each_vus_own() {
    let config = json!({ "executor": "per-vu-iterations", "vus": 2, "iterations": 3 });
    let script = |iteration: Iteration| Act::Last(if iteration.in_test == 0 { 900 } else { 100 });
    let played = stand(config, script).play().await;
    played.expect(6, 0, 0);
    assert_eq!(played.starts_of(1), [0, 900, 1000]);
    assert_eq!(played.starts_of(2), [0, 100, 200]);
    assert_eq!(played.took, 1100);
}

#[tokio::test(start_paused = true)]
async fn per_vu_iterations_that_did_not_start_in_time_are_dropped() {
    let config = json!({
        "executor": "per-vu-iterations", "vus": 2, "iterations": 5, "maxDuration": "1s",
    });
    let played = stand(config, |_| Act::Last(400)).play().await;
    played.expect(6, 0, 4);
}

#[tokio::test(start_paused = true)]
async fn an_iteration_lasts_for_the_least_time() {
    let config = json!({ "executor": "constant-vus", "vus": 1, "duration": "2s" });
    let mut stand = stand(config, |_| Act::Last(10));
    stand.min_iteration_duration = Duration::from_millis(600);
    let played = stand.play().await;
    played.expect(4, 0, 0);
    assert_eq!(played.starts(), [0, 600, 1200, 1800]);
    assert_eq!(
        played.took, 2000,
        "it is not waited for beyond the duration"
    );
    assert!(played.trend(builtin::ITERATION_DURATION).max() < 11.0);
}

#[tokio::test(start_paused = true)]
async fn a_vu_is_ramped_down_while_it_waits_for_the_least_time() {
    let stages = json!([
        { "duration": "1s", "target": 1 },
        { "duration": "0s", "target": 0 },
        { "duration": "1s", "target": 0 },
        { "duration": "0s", "target": 1 },
        { "duration": "1s", "target": 1 },
    ]);
    let config = json!({
        "executor": "ramping-vus", "startVUs": 1, "stages": stages, "gracefulRampDown": "0s",
    });
    let mut stand = stand(config, |_| Act::Last(10));
    stand.min_iteration_duration = Duration::from_secs(60);
    let played = stand.play().await;
    played.expect(2, 0, 0);
    assert_eq!(played.starts(), [0, 2000]);
}

#[tokio::test(start_paused = true)]
async fn a_failed_iteration_counts_and_its_vu_goes_on() {
    let config = json!({ "executor": "per-vu-iterations", "vus": 1, "iterations": 4 });
    let script = |iteration: Iteration| match iteration.in_test {
        0 | 1 => Act::Fail,
        _ => Act::Last(1),
    };
    let played = stand(config, script).play().await;
    played.expect(4, 0, 0);
    assert_eq!(played.mended, 2);
    let told = ["iteration failed (error) in scenario s: on purpose"];
    assert_eq!(played.lines, told);
}

#[tokio::test(start_paused = true)]
async fn a_vu_beyond_repair_ends_and_others_go_on() {
    let config = json!({ "executor": "per-vu-iterations", "vus": 2, "iterations": 3 });
    let script = |iteration: Iteration| match iteration.in_test {
        0 => Act::Fail,
        _ => Act::Last(1),
    };
    let stand = Stand {
        mendable: false,
        ..stand(config, script)
    };
    let played = stand.play().await;
    played.expect(4, 0, 2);
    assert!(
        played.lines[1].ends_with("beyond repair"),
        "{:?}",
        played.lines
    );
}

#[tokio::test(start_paused = true)]
async fn to_drain_is_to_start_nothing_more() {
    let config = json!({ "executor": "constant-vus", "vus": 2, "duration": "60s" });
    let played = stand(config, |_| Act::Last(400))
        .stop(700, Stop::Drain)
        .play()
        .await;
    played.expect(4, 0, 0);
    assert_eq!(played.took, 800);
}

#[tokio::test(start_paused = true)]
async fn to_drain_lasts_for_the_graceful_stop_at_most() {
    let config = json!({
        "executor": "shared-iterations", "vus": 1, "iterations": 5, "gracefulStop": "3s",
    });
    let played = stand(config, |_| Act::Hang)
        .stop(700, Stop::Drain)
        .play()
        .await;
    // What an aborted run did not start was not dropped for want of time.
    played.expect(0, 1, 0);
    assert_eq!(played.took, 3700);
}

#[tokio::test(start_paused = true)]
async fn to_stop_now_cuts_everything_off() {
    let config = json!({ "executor": "constant-vus", "vus": 2, "duration": "60s" });
    let played = stand(config, |_| Act::Last(400))
        .stop(500, Stop::Drain)
        .stop(700, Stop::Now)
        .play()
        .await;
    played.expect(2, 2, 0);
    assert_eq!(played.took, 700);
}

#[tokio::test(start_paused = true)]
async fn a_vu_that_aborted_the_run_starts_nothing_more() {
    let config = json!({ "executor": "constant-vus", "vus": 1, "duration": "60s" });
    let script = |iteration: Iteration| match iteration.in_test {
        0 => Act::Last(100),
        _ => Act::Abort,
    };
    // The scheduler takes its time to tell everybody.
    let played = stand(config, script).stop(500, Stop::Now).play().await;
    played.expect(1, 1, 0);
    assert_eq!(played.starts(), [0, 100]);
}

#[tokio::test(start_paused = true)]
async fn a_run_with_fewer_vus_than_planned_ends() {
    let config = json!({ "executor": "constant-vus", "vus": 3, "duration": "2s" });
    let stand = Stand {
        vus: Some(1),
        ..stand(config, |_| Act::Last(500))
    };
    let played = stand.play().await;
    played.expect(4, 0, 0);
    assert_eq!(played.took, 2000);
}

/// The exact clock has one waiter at a time: the end of the scenario once waited on the same one as the steps of the ramp.
#[tokio::test]
async fn a_ramp_on_the_exact_clock_takes_its_steps_in_time() {
    let stages =
        json!([{ "duration": "500ms", "target": 5 }, { "duration": "500ms", "target": 5 }]);
    let config = json!({ "executor": "ramping-vus", "startVUs": 0, "stages": stages });
    let stand = Stand {
        exact_clock: true,
        ..stand(config, |_| Act::Last(2000))
    };
    let played = stand.play().await;
    played.expect(5, 0, 0);
    for (start, due) in played.starts().into_iter().zip([100, 200, 300, 400, 500]) {
        assert!((due..due + 90).contains(&start), "{:?}", played.starts());
    }
}
