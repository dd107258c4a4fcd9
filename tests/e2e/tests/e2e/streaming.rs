//! Tests bodies that are streamed: memory, backpressure, cancelling, failures in the middle, times.

use std::io::Write;
use std::thread;
use std::time::{Duration, Instant};

use brunt_e2e::{Answer, Brunt, Ended, Recorder, Scripted, Step};
use flate2::Compression;
use flate2::write::GzEncoder;

use crate::samples::completed;

const PIECE: usize = 64 << 10;

fn guest(url: &str, mode: &str) -> Brunt {
    Brunt::guest("streaming")
        .base_url(url)
        .test_env("MODE", mode)
        .args(["--iterations", "1", "--limit", "memory=16MiB"])
}

/// A response with a body of so many pieces of `x`.
fn large(pieces: usize) -> Vec<Step> {
    let length = pieces * PIECE;
    let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n");
    vec![
        Step::ReadRequest,
        Step::send(head),
        Step::SendTimes(vec![b'x'; PIECE], pieces),
    ]
}

fn with_end(mut steps: Vec<Step>, end: Step) -> Vec<Step> {
    steps.push(end);
    steps
}

fn chunk(text: &str) -> String {
    format!("{:x}\r\n{text}\r\n", text.len())
}

const CHUNKED: &str = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";

/// The most memory that a run takes which drains so many pieces, and what it logged.
fn peak(pieces: usize) -> (u64, Ended) {
    let server = Scripted::start(move |_| large(pieces));
    let mut running = guest(&server.url(), "drain")
        .args(["--limit", "responseBody=1MiB"])
        .start();
    let mut most = 0;
    while !running.has_ended() {
        most = most.max(running.peak_memory().unwrap_or_default());
        thread::sleep(Duration::from_millis(2));
    }
    (most, running.wait().expect_code(0))
}

#[test]
fn memory_stays_flat_however_large_a_body_is() {
    let (small, _) = peak(16);
    let (large, ended) = peak(8 << 10);
    let drained = ended.only("drained");
    assert_eq!(drained["size"], 512 << 20);
    assert_eq!(drained["told"], 512 << 20);
    assert!(drained["largest"].as_u64() <= Some(256 << 10), "{drained}");
    assert!(large < small + (24 << 20), "{small} and {large} bytes");
    assert!(ended.metric("data_received", "count") > f64::from(512 << 20));
    assert_eq!(ended.metric("http_reqs", "count"), 1.0);
    assert_eq!(ended.metric("http_req_failed", "value"), 0.0);
}

#[test]
fn the_buffer_has_a_limit_that_can_be_set() {
    let server = Scripted::start(|_| large(16));
    let run_it = guest(&server.url(), "drain").args(["--limit", "streamBuffer=10000"]);
    let (ended, _) = completed(run_it);
    let drained = ended.only("drained");
    assert_eq!(drained["size"], 16 * PIECE);
    assert_eq!(drained["largest"], 10_000);
}

#[test]
fn a_server_waits_for_a_reader_that_does_not_read() {
    let server = Scripted::start(|_| large(4 << 10));
    let other = Recorder::answering(|_| Answer::ok().after(Duration::from_millis(1500)));
    let running = guest(&server.url(), "wait")
        .test_env("NEXT_URL", &other.url())
        .start();
    other.wait_for(1);
    // What fits into the system's own buffers passes, and the engine's buffer beside it; then nothing more.
    let stalled = await_stall(&server);
    assert!(stalled < 32 << 20, "{stalled} bytes passed");
    let ended = running.wait().expect_code(0);
    assert_eq!(ended.only("drained")["size"], 256 << 20);
}

/// What the server has sent when it sends no more.
fn await_stall(server: &Scripted) -> u64 {
    let sent = || server.passed().first().map_or(0, |passed| passed.sent);
    let start = Instant::now();
    let (mut last, mut since) = (0, Instant::now());
    loop {
        let now = sent();
        if now != last {
            (last, since) = (now, Instant::now());
        } else if now > 0 && since.elapsed() > Duration::from_millis(300) {
            return now;
        }
        assert!(start.elapsed() < Duration::from_secs(20), "{now} bytes");
        thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn a_body_that_is_dropped_is_cancelled_and_recorded_as_no_failure() {
    for mode in ["drop", "forget"] {
        let server = Scripted::start(|_| large(4 << 10));
        let other = Recorder::start();
        let run_it = guest(&server.url(), mode).test_env("NEXT_URL", &other.url());
        let (ended, samples) = completed(run_it);
        let passed = server.wait_for_ended(1);
        assert!(passed[0].sent < 64 << 20, "{mode}: {passed:?}");
        assert_eq!(samples.values("http_reqs").len(), 2, "{mode}");
        assert_eq!(samples.values("http_req_failed"), [0.0, 0.0], "{mode}");
        assert_eq!(ended.metric("checks", "value"), 1.0, "{mode}");
    }
}

#[test]
fn failures_in_the_middle_come_out_of_reading_and_count() {
    let half = "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nonly this";
    let broken = "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 9\r\n\r\nnonsense!";
    let waiting = |end: Step| vec![Step::ReadRequest, Step::send(half), Step::wait_ms(200), end];
    let cases: [(&str, Vec<Step>, u64, u64); 4] = [
        ("reset", waiting(Step::Reset), 1220, 9),
        ("cut", waiting(Step::Cut), 1203, 9),
        ("timeout", waiting(Step::AwaitClose), 1050, 9),
        (
            "broken",
            vec![Step::ReadRequest, Step::send(broken)],
            1701,
            0,
        ),
    ];
    for (name, steps, code, size) in cases {
        let server = Scripted::start(move |_| steps.clone());
        let (ended, samples) =
            completed(guest(&server.url(), "drain").test_env("TIMEOUT_MS", "1000"));
        assert_eq!(ended.only("opened")["status"], 200, "{name}");
        let drained = ended.only("drained");
        assert_eq!(drained["code"], code, "{name}: {drained}");
        assert_eq!(drained["size"], size, "{name}: {drained}");
        assert_eq!(drained["same_again"], true, "{name}: {drained}");
        assert_eq!(samples.one("http_req_failed"), 1.0, "{name}");
        assert_eq!(samples.error_code(), code.to_string(), "{name}");
    }
}

#[test]
fn what_fails_before_the_head_fails_the_request() {
    let server = Scripted::start(|_| vec![Step::ReadRequest, Step::AwaitClose]);
    let (ended, samples) = completed(guest(&server.url(), "drain").test_env("TIMEOUT_MS", "300"));
    assert_eq!(ended.only("failed")["code"], 1050);
    assert_eq!(samples.one("http_req_failed"), 1.0);
}

#[test]
fn receiving_lasts_from_the_first_byte_to_the_last() {
    let steps = || {
        let mut steps = vec![Step::ReadRequest, Step::wait_ms(300), Step::send(CHUNKED)];
        for _ in 0..4 {
            steps.extend([Step::send(chunk("piece")), Step::wait_ms(200)]);
        }
        with_end(steps, Step::send("0\r\n\r\n"))
    };
    let server = Scripted::start(move |_| with_end(steps(), Step::AwaitClose));
    let (ended, samples) = completed(guest(&server.url(), "drain"));
    let receiving = samples.one("http_req_receiving");
    assert!((780.0..1500.0).contains(&receiving), "{receiving}");
    let waiting = samples.one("http_req_waiting");
    assert!((290.0..750.0).contains(&waiting), "{waiting}");
    let drained = ended.only("drained");
    assert_eq!(drained["size"], 20);
    let told = drained["receiving"].as_f64().expect("a time");
    assert!((told - receiving).abs() < 0.001, "{told} and {receiving}");
}

#[test]
fn a_connection_whose_body_was_read_is_used_again() {
    let server = Recorder::answering(|_| Answer::ok().body_size(3 << 20));
    let next = server.url();
    let (ended, _) = completed(guest(&server.url(), "drain").test_env("NEXT_URL", &next));
    assert_eq!(ended.only("drained")["size"], 3 << 20);
    assert_eq!(server.seen().len(), 2);
    assert_eq!(server.connections().len(), 1);
}

#[test]
fn http2_streams_are_reset_alone() {
    let server = Recorder::tls(|_| Answer::ok().body_size(8 << 20));
    let next = server.url();
    for (mode, drained) in [("drain", 1), ("drop", 0)] {
        let brunt = guest(&server.url(), mode).test_env("NEXT_URL", &next);
        let (ended, samples) = completed(brunt.trusting(&server));
        assert_eq!(ended.logged("drained").len(), drained, "{mode}");
        assert_eq!(samples.values("http_req_failed"), [0.0, 0.0], "{mode}");
    }
    assert_eq!(server.seen().len(), 4);
    assert!(server.seen().iter().all(|seen| seen.protocol == "HTTP/2.0"));
    assert_eq!(server.connections().len(), 2);
}

#[test]
fn redirects_are_followed_and_the_last_body_is_streamed() {
    let server = Recorder::answering(|seen| match seen.path.as_str() {
        "/" => Answer::status(302)
            .header("location", "/there")
            .body("elsewhere"),
        _ => Answer::ok().body_size(100_000),
    });
    let (ended, samples) = completed(guest(&server.url(), "drain").arg("--http-debug=full"));
    assert_eq!(ended.only("drained")["size"], 100_000);
    assert_eq!(samples.values("http_reqs").len(), 2);
    assert!(ended.stderr.contains("elsewhere"), "{}", ended.stderr);
    assert!(
        ended.stderr.contains("(the body is streamed)"),
        "{}",
        ended.stderr
    );
    assert_eq!(server.connections().len(), 1);
}

#[test]
fn a_challenge_that_nobody_answers_is_a_stream_too() {
    let server = Recorder::answering(|seen| match seen.path.as_str() {
        "/302" => Answer::status(302).header("location", "").body("nowhere"),
        _ => Answer::status(401)
            .header("www-authenticate", "Basic realm=\"r\"")
            .body("who are you?"),
    });
    for (path, size) in [("", 12), ("/302", 7)] {
        let url = server.url().replace("http://", "http://me:secret@") + path;
        let (ended, _) = completed(guest(&url, "drain").test_env("AUTH", "digest"));
        assert_eq!(ended.only("opened")["kept"], 0);
        let drained = ended.only("drained");
        assert_eq!(
            (&drained["size"], &drained["code"]),
            (&size.into(), &0.into())
        );
    }
}

#[test]
fn encodings_are_taken_off_while_a_body_comes() {
    let text: String = (0..200_000)
        .map(|number| format!("line {number}\n"))
        .collect();
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(text.as_bytes()).expect("memory");
    let body = encoder.finish().expect("memory");
    let sum = text.bytes().fold(0_u64, |sum, byte| {
        sum.wrapping_mul(31).wrapping_add(byte.into())
    });
    let server = Recorder::answering(move |_| {
        Answer::ok()
            .header("content-encoding", "gzip")
            .body(body.clone())
    });
    let (ended, _) = completed(guest(&server.url(), "drain"));
    let drained = ended.only("drained");
    assert_eq!(drained["size"], text.len());
    assert_eq!(drained["sum"], sum.to_string());
}

#[test]
fn pieces_of_several_bodies_and_a_timer_are_waited_for_together() {
    let server = Scripted::start(|connection| {
        let (first, letters) = if connection == 0 {
            (300, ["a", "c"])
        } else {
            (600, ["b", "d"])
        };
        let mut steps = vec![Step::ReadRequest, Step::send(CHUNKED), Step::wait_ms(first)];
        steps.push(Step::send(chunk(letters[0])));
        steps.push(Step::wait_ms(900));
        steps.push(Step::send(chunk(letters[1]) + "0\r\n\r\n"));
        with_end(steps, Step::AwaitClose)
    });
    let (ended, _) = completed(guest(&server.url(), "two").test_env("TIMER_MS", "900"));
    assert_eq!(ended.only("order")["order"], "abtcd");
}

#[test]
fn the_example_of_a_download_runs() {
    let server = Recorder::answering(|_| Answer::ok().body_size(20_000_000));
    let ended = Brunt::guest("download")
        .base_url(&server.url())
        .args(["--vus", "1", "--iterations", "1"])
        .run()
        .expect_code(0);
    assert_eq!(ended.metric("checks", "value"), 1.0);
    assert_eq!(ended.metric("http_reqs", "count"), 2.0);
}
