//! Defines the tests of the open executor: iterations that arrive.

use brunt_metrics::builtin;
use brunt_plan::PartLoad;
use serde_json::json;

use super::*;

fn ten_per_second(vus: u64, max_vus: u64, duration: &str) -> Value {
    json!({
        "executor": "constant-arrival-rate", "rate": 10, "duration": duration,
        "preAllocatedVUs": vus, "maxVUs": max_vus, "gracefulStop": "5s",
    })
}

#[tokio::test(start_paused = true)]
async fn constant_arrivals_start_when_they_are_due() {
    let played = stand(ten_per_second(2, 2, "2s"), |_| Act::Last(50))
        .play()
        .await;
    played.expect(20, 0, 0);
    assert_eq!(
        played.starts(),
        (0..20).map(|index| index * 100).collect::<Vec<_>>()
    );
    assert_eq!(played.numbers(), (0..20).collect::<Vec<_>>());
    assert_eq!(
        played.took, 2000,
        "the scenario lasts for its duration at least"
    );
    assert!(played.trend(builtin::ITERATION_START_DELAY).max() < 1.5);
    assert_eq!(
        played.trend(builtin::ITERATION_DURATION_FROM_DUE).count(),
        20
    );
}

#[tokio::test(start_paused = true)]
async fn ramping_arrivals_start_when_the_integral_of_the_rate_says() {
    let stages = json!([{ "duration": "2s", "target": 20 }, { "duration": "1s", "target": 0 }]);
    let config = json!({
        "executor": "ramping-arrival-rate", "startRate": 0, "stages": stages, "preAllocatedVUs": 5,
    });
    let played = stand(config.clone(), |_| Act::Last(1)).play().await;
    let PartLoad::Open { arrivals, .. } = plan(&config).worker(0, 1).parts()[0].load() else {
        panic!("it is an open load");
    };
    let due: Vec<u64> = arrivals
        .map(|arrival| arrival.due.as_nanos().div_ceil(1_000_000) as u64)
        .collect();
    // 20 in the ramp up and 10 in the ramp down: both triangles.
    assert!((29..=31).contains(&due.len()), "{due:?}");
    assert_eq!(
        played.starts(),
        due,
        "the last is due when the time is over"
    );
}

#[tokio::test(start_paused = true)]
async fn an_arrival_without_a_free_vu_is_dropped_at_once() {
    let played = stand(ten_per_second(2, 2, "1s"), |_| Act::Last(450))
        .play()
        .await;
    // Starts at 0 and 100; both VUs are free again at 450 and 550.
    assert_eq!(played.starts(), [0, 100, 500, 600]);
    assert_eq!(played.numbers(), [0, 1, 5, 6], "nothing is caught up on");
    played.expect(4, 0, 6);
    let warning = "Insufficient VUs, reached 2 active VUs and cannot initialize more (scenario s)";
    assert_eq!(played.lines, [warning], "one warning");
}

#[tokio::test(start_paused = true)]
async fn vus_are_added_one_at_a_time_up_to_the_most() {
    let stand = Stand {
        recruits_take: Some(Duration::from_millis(250)),
        ..stand(ten_per_second(1, 3, "1s"), |_| Act::Last(3000))
    };
    let played = stand.play().await;
    // The drop at 100 brings a VU at 350, the one at 500 another at 750, and there are no more.
    assert_eq!(played.starts(), [0, 400, 800]);
    assert_eq!(played.vus, 3);
    played.expect(3, 0, 7);
    assert_eq!(played.live.vus_allocated.load(Relaxed), 3);
    assert!(
        played.lines[0].starts_with("Insufficient VUs, reached 3 active"),
        "{:?}",
        played.lines
    );
}

#[tokio::test(start_paused = true)]
async fn an_arrival_is_handed_over_to_a_worker_with_a_free_vu() {
    let script = |iteration: Iteration| Act::Last(if iteration.in_test == 0 { 3000 } else { 20 });
    let stand = Stand {
        workers: 2,
        ..stand(ten_per_second(2, 2, "1s"), script)
    };
    let played = stand.play().await;
    played.expect(10, 0, 0);
    assert_eq!(played.numbers(), (0..10).collect::<Vec<_>>());
    assert_eq!(
        played.starts(),
        (0..10).map(|index| index * 100).collect::<Vec<_>>()
    );
    let busy = played.lived.iter().find(|lived| lived.in_test == 0);
    let busy = busy.expect("the first iteration ran").vu;
    assert_eq!(
        played.starts_of(busy),
        [0],
        "all others ran on the other worker"
    );
}

#[tokio::test(start_paused = true)]
async fn iterations_are_cut_off_when_the_graceful_stop_is_over() {
    let script = |iteration: Iteration| match iteration.in_test {
        0 => Act::Hang,
        _ => Act::Last(10),
    };
    let played = stand(ten_per_second(2, 2, "1s"), script).play().await;
    played.expect(9, 1, 0);
    assert_eq!(played.took, 6000);
}

#[tokio::test(start_paused = true)]
async fn to_drain_is_to_start_no_more_arrivals() {
    let played = stand(ten_per_second(5, 5, "60s"), |_| Act::Last(300))
        .stop(450, Stop::Drain)
        .play()
        .await;
    played.expect(5, 0, 0);
    assert_eq!(played.took, 700);
}

#[tokio::test(start_paused = true)]
async fn to_stop_now_cuts_arrivals_off() {
    let played = stand(ten_per_second(5, 5, "60s"), |_| Act::Last(300))
        .stop(450, Stop::Now)
        .play()
        .await;
    // Those of 200, 300 and 400 were under way.
    played.expect(2, 3, 0);
    assert_eq!(played.took, 450);
}

#[tokio::test(start_paused = true)]
async fn failed_arrivals_count_and_their_vus_are_mended() {
    let played = stand(ten_per_second(1, 1, "1s"), |_| Act::Fail)
        .play()
        .await;
    played.expect(10, 0, 0);
    assert_eq!(played.mended, 10);
}

#[tokio::test(start_paused = true)]
async fn a_vu_beyond_repair_makes_room_for_another() {
    let script = |iteration: Iteration| match iteration.in_test {
        0 => Act::Fail,
        _ => Act::Last(10),
    };
    let stand = Stand {
        mendable: false,
        recruits_take: Some(Duration::from_millis(50)),
        ..stand(ten_per_second(1, 1, "1s"), script)
    };
    let played = stand.play().await;
    // The one of 100 was dropped, and brought a VU.
    played.expect(9, 0, 1);
    assert_eq!(played.vus, 2);
}

/// VUs that an earlier scenario left behind in mid-iteration are in the pool as they are.
#[tokio::test(start_paused = true)]
async fn a_broken_vu_of_the_pool_is_mended_before_its_first_iteration() {
    let stand = Stand {
        broken_vus: true,
        ..stand(ten_per_second(2, 2, "1s"), |_| Act::Last(10))
    };
    let played = stand.play().await;
    played.expect(10, 0, 0);
    assert_eq!(
        played.mended, 1,
        "the other VU was never needed: the last one freed is the next"
    );
}

/// An interrupt during initialisation leaves fewer VUs than were planned.
#[tokio::test(start_paused = true)]
async fn a_run_that_is_stopped_before_it_has_its_vus_ends() {
    let stand = Stand {
        vus: Some(0),
        ..stand(ten_per_second(2, 2, "60s"), |_| Act::Last(10))
    };
    let played = stand.stop(300, Stop::Now).play().await;
    played.expect(0, 0, 0);
    assert_eq!(played.took, 300);
}

/// An iteration that was started at the instant of the cut once missed it, and hung for ever.
#[tokio::test(start_paused = true)]
async fn an_arrival_at_the_instant_of_the_cut_does_not_outlive_it() {
    // The last of the 20 arrivals is due when the time is over.
    let stages = json!([{ "duration": "2s", "target": 20 }]);
    let config = json!({
        "executor": "ramping-arrival-rate", "startRate": 0, "stages": stages, "preAllocatedVUs": 30,
        "gracefulStop": "0s",
    });
    for _ in 0..20 {
        let played = stand(config.clone(), |_| Act::Hang).play().await;
        assert_eq!(played.took, 2000);
        let started = played.lived.len() as u64;
        assert!((19..=20).contains(&started), "{started}");
        played.expect(0, started, 20 - started);
    }
}
