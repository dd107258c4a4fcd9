//! Tests batches: how many requests a target gets at a time, and what the others are told of their wait.

use std::time::Duration;

use brunt_e2e::{Answer, Brunt, Recorder, Seen};

use crate::samples::run_with_samples;

/// How long the server takes for an answer.
const DELAY: Duration = Duration::from_millis(300);

/// What comes at once comes within this time, on a busy machine too.
const AT_ONCE: Duration = Duration::from_millis(200);

fn slow() -> Recorder {
    Recorder::answering(|_| Answer::ok().after(DELAY))
}

/// A run of one batch of so many requests, and of the three that the guest sends after it.
fn batch(url: &str, requests: usize, flags: &[&str]) -> Brunt {
    let run = Brunt::guest("batch").base_url(url);
    run.test_env("REQUESTS", &requests.to_string())
        .args(flags.iter().copied())
}

/// Checks that the first of these requests came so many at a time, each when one before it had been answered.
fn expect_at_a_time(seen: &[Seen], requests: usize, most: usize) {
    let seen = &seen[..requests];
    for pair in seen.windows(most.min(requests - 1) + 1) {
        let (first, last) = (&pair[0], &pair[pair.len() - 1]);
        let apart = last.at.duration_since(first.at);
        let is_next = most < requests;
        assert_eq!(
            apart >= DELAY.mul_f64(0.9),
            is_next,
            "{apart:?} between requests that are {most} apart"
        );
    }
    let together = seen[most.min(requests) - 1].at - seen[0].at;
    assert!(together < AT_ONCE, "{together:?} for the first {most}");
}

#[test]
fn no_more_than_batch_are_under_way_and_each_end_lets_one_more_begin() {
    let server = slow();
    let ended = batch(&server.url(), 12, &["--batch", "4"]).run();
    let answers = ended.expect_code(0).logged("answer");
    assert_eq!(answers.len(), 12);
    for (index, answer) in answers.iter().enumerate() {
        assert_eq!(
            (&answer["status"], &answer["index"]),
            (&200.into(), &index.into())
        );
    }
    expect_at_a_time(&server.seen(), 12, 4);
}

#[test]
fn one_host_gets_six_at_a_time_unless_told_otherwise() {
    let server = slow();
    batch(&server.url(), 14, &[]).run().expect_code(0);
    expect_at_a_time(&server.seen(), 14, 6);
    let server = slow();
    let flags = ["--batch-per-host", "2"];
    batch(&server.url(), 6, &flags).run().expect_code(0);
    expect_at_a_time(&server.seen(), 6, 2);
}

#[test]
fn each_host_has_its_own_limit() {
    let server = slow();
    let other = server.url().replace("127.0.0.1", "localhost");
    let run = batch(&server.url(), 12, &["--batch-per-host", "3"]);
    let urls = format!("{},{other}", server.url());
    run.test_env("URLS", &urls).run().expect_code(0);
    expect_at_a_time(&server.seen(), 12, 6);
}

#[test]
fn no_limit_is_zero() {
    let server = slow();
    let flags = ["--batch", "0", "--batch-per-host", "0"];
    batch(&server.url(), 30, &flags).run().expect_code(0);
    expect_at_a_time(&server.seen(), 30, 30);
}

/// The wait for a turn is before the request: k6 measures it neither.
#[test]
fn the_wait_for_a_turn_is_in_no_metric() {
    let server = slow();
    let (ended, samples) = run_with_samples(batch(&server.url(), 6, &["--batch", "2"]));
    assert!(ended.expect_code(0).took > DELAY * 3);
    assert_eq!(samples.values("http_reqs").len(), 9);
    for metric in ["http_req_blocked", "http_req_duration"] {
        for ms in samples.values(metric) {
            assert!(ms < DELAY.as_secs_f64() * 1e3 + 200.0, "{metric} {ms}");
        }
    }
    let blocked = samples.values("http_req_blocked");
    assert!(blocked.iter().all(|ms| *ms < 200.0), "{blocked:?}");
}

#[test]
fn a_batch_over_http_2_shares_a_connection() {
    let server = Recorder::tls(|_| Answer::ok().after(DELAY));
    let run = batch(&server.url(), 12, &["--batch-per-host", "12"]).trusting(&server);
    run.run().expect_code(0);
    assert_eq!(server.connections().len(), 1);
    expect_at_a_time(&server.seen(), 12, 12);
}
