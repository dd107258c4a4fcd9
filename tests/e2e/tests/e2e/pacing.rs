//! Tests that option `rps` holds requests back: over all VUs and workers, exactly, and in no metric of theirs.

use std::time::Duration;

use brunt_e2e::{Answer, Brunt, Recorder};

use crate::samples::run_with_samples;

#[test]
fn requests_of_all_vus_and_workers_keep_the_rate() {
    let server = Recorder::start();
    let run = Brunt::guest("get_checks").base_url(&server.url());
    let args = [
        "--rps",
        "50",
        "--vus",
        "6",
        "--workers",
        "2",
        "--iterations",
        "100",
    ];
    let (ended, samples) = run_with_samples(run.args(args));
    ended.expect_code(0);
    let seen = server.seen();
    assert_eq!(seen.len(), 100);
    let since = |index: usize| seen[index].at - seen[0].at;
    for index in 0..seen.len() {
        // The first may have arrived late, which makes the others look early.
        let due = Duration::from_millis(20) * index as u32;
        let late = Duration::from_millis(100);
        assert!(
            since(index) + late >= due,
            "{index} came after {:?}",
            since(index)
        );
    }
    let whole = since(99);
    let most = Duration::from_millis(1980) + Duration::from_millis(700);
    assert!(whole < most, "100 requests at 50 per second took {whole:?}");
    // Six VUs take turns: an iteration takes 120 ms, and its request next to nothing of it.
    let middle = |metric: &str| {
        let mut values = samples.values(metric);
        values.sort_by(f64::total_cmp);
        values[values.len() / 2]
    };
    assert!(
        middle("iteration_duration") > 80.0,
        "{}",
        middle("iteration_duration")
    );
    for metric in ["http_req_blocked", "http_req_duration"] {
        assert!(middle(metric) < 20.0, "{metric}: {}", middle(metric));
    }
}

#[test]
fn redirects_are_part_of_their_request() {
    let server = Recorder::answering(|seen| match seen.path.as_str() {
        "/start" => Answer::status(302).header("Location", "/end"),
        _ => Answer::ok(),
    });
    let run = Brunt::guest("get_checks").base_url(&format!("{}/start", server.url()));
    run.args(["--rps", "2", "--iterations", "3"])
        .run()
        .expect_code(0);
    let seen = server.seen();
    assert_eq!(seen.len(), 6);
    let between = |from: usize, to: usize| seen[to].at - seen[from].at;
    assert!(
        between(0, 4) > Duration::from_millis(900),
        "{:?}",
        between(0, 4)
    );
    assert!(
        between(0, 1) < Duration::from_millis(400),
        "{:?}",
        between(0, 1)
    );
}
