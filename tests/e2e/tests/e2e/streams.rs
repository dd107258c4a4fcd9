//! Tests bodies that are streamed as streams of HTTP/2 and HTTP/3: beside others on one connection, with times of their own, and broken off.

use std::thread;
use std::time::Duration;

use brunt_e2e::{Answer, Brunt, Ended, FrameServer, Play, Recorder};

use crate::samples::{Samples, completed};

fn guest(name: &str, url: &str, mode: &str) -> Brunt {
    Brunt::guest(name)
        .base_url(url)
        .test_env("MODE", mode)
        .args(["--limit", "memory=16MiB"])
}

fn over_http3(run: Brunt) -> Brunt {
    run.args(["--http-version", "3"])
}

fn data(bytes: usize, ends: bool) -> Play {
    Play::Data { bytes, ends }
}

fn head() -> Play {
    Play::Head { ends: false }
}

/// A large body at `/`, and an answer elsewhere that takes its time.
fn large(path: &str) -> Answer {
    match path {
        "/" => Answer::ok().body_size(8 << 20),
        _ => Answer::ok().after(Duration::from_millis(200)),
    }
}

#[test]
fn http3_bodies_are_streamed_and_given_up_alone() {
    let server = Recorder::http3(|seen| large(&seen.path));
    for (mode, drained) in [("drain", 1), ("drop", 0), ("wait", 1)] {
        let run_it = over_http3(guest("streaming", &server.url(), mode));
        let next = server.url() + "/next";
        let (ended, samples) = completed(run_it.test_env("NEXT_URL", &next).trusting(&server));
        let logged = ended.logged("drained");
        assert_eq!(logged.len(), drained, "{mode}: {}", ended.stderr);
        assert!(logged.iter().all(|one| one["size"] == 8 << 20), "{mode}");
        assert!(logged.iter().all(|one| one["told"] == 8 << 20), "{mode}");
        assert!(
            samples
                .values("http_req_failed")
                .iter()
                .all(|failed| *failed == 0.0)
        );
        assert_eq!(samples.tag_values("http_reqs", "proto")[0], "HTTP/3.0");
    }
    assert_eq!(server.connections().len(), 3);
}

/// Holds many bodies of which nothing is read, and drops them; again and again, on one connection.
fn hold_and_drop(server: &Recorder, held: Brunt, streams: usize) {
    let next = server.url() + "/next";
    let mut running = held
        .test_env("NEXT_URL", &next)
        .test_env("STREAMS", &streams.to_string())
        .args(["--iterations", "12"])
        .trusting(server)
        .start();
    let mut most = 0;
    while !running.has_ended() {
        most = most.max(running.peak_memory().unwrap_or_default());
        thread::sleep(Duration::from_millis(5));
    }
    let ended = running.wait().expect_code(0);
    let beside = ended.logged("beside");
    assert_eq!(beside.len(), 12, "{}", ended.stderr);
    for one in &beside {
        assert_eq!(
            (&one["held"], &one["status"]),
            (&streams.into(), &200.into())
        );
        assert!(one["duration"].as_f64() < Some(5000.0), "{one}");
    }
    assert_eq!(ended.metric("http_req_failed", "value"), 0.0);
    assert_eq!(server.connections().len(), 1);
    // Nothing that a server may send ahead of its reader is kept: all of it together would be more.
    assert!(most < 400 << 20, "{most} bytes");
}

#[test]
fn http2_bodies_that_nobody_reads_neither_stall_others_nor_stay() {
    let server = Recorder::tls(|seen| large(&seen.path));
    hold_and_drop(&server, guest("streaming", &server.url(), "hold"), 24);
}

#[test]
fn http3_bodies_that_nobody_reads_neither_stall_others_nor_stay() {
    let server = Recorder::http3(|seen| large(&seen.path));
    let held = over_http3(guest("streaming", &server.url(), "hold"));
    hold_and_drop(&server, held, 24);
}

#[test]
fn a_stream_that_is_dropped_is_reset_and_its_neighbours_go_on() {
    let server = FrameServer::tls(|stream| match stream.count {
        0 => vec![head(), data(9, false), Play::wait_ms(20_000)],
        _ => Play::respond(),
    });
    let next = server.url();
    let dropped = guest("streaming", &server.url(), "drop").test_env("NEXT_URL", &next);
    let (ended, samples) = completed(dropped.trusting_file(server.ca_file()));
    let streams = server.wait_until(|streams| streams.iter().any(|one| one.reset.is_some()));
    let resets: Vec<_> = streams.iter().map(|stream| stream.reset).collect();
    assert_eq!(resets, [Some(8), None]);
    assert_eq!(server.connections(), 1);
    assert_eq!(samples.values("http_req_failed"), [0.0, 0.0]);
    assert_eq!(ended.metric("checks", "value"), 1.0);
}

#[test]
fn http2_bodies_that_end_early_fail_while_they_are_read() {
    let begun = || vec![Play::AwaitEnd, head(), data(9, false), Play::wait_ms(200)];
    let cases: [(&str, Vec<Play>, u64); 4] = [
        ("reset", vec![Play::Reset(2)], 1633),
        (
            "gone",
            vec![Play::GoAway { last: 0, code: 2 }, Play::Close],
            1613,
        ),
        ("closed", vec![Play::Close], 1203),
        ("late", vec![Play::wait_ms(20_000)], 1050),
    ];
    for (name, end, code) in cases {
        let server = FrameServer::tls(move |_| [begun(), end.clone()].concat());
        let run_it = guest("streaming", &server.url(), "drain").test_env("TIMEOUT_MS", "1000");
        let (ended, samples) = completed(run_it.trusting_file(server.ca_file()));
        expect_broken(name, &ended, &samples, code);
    }
}

#[test]
fn http3_bodies_that_end_early_fail_while_they_are_read() {
    let pause = Duration::from_millis(200);
    let late = Duration::from_secs(20);
    for (name, code, pause) in [
        ("reset", 1681, pause),
        ("short", 1681, pause),
        ("late", 1050, late),
    ] {
        let server = Recorder::http3(move |_| {
            let answer = Answer::ok().body_size(9).in_pieces(1, pause);
            match name {
                "short" => answer.header("content-length", "1000"),
                _ => answer.broken_off(),
            }
        });
        let run_it = over_http3(guest("streaming", &server.url(), "drain"));
        let run_it = run_it.test_env("TIMEOUT_MS", "1000").trusting(&server);
        let (ended, samples) = completed(run_it);
        expect_broken(name, &ended, &samples, code);
    }
}

/// Checks that a body of 9 bytes came before the failure with this code.
fn expect_broken(name: &str, ended: &Ended, samples: &Samples, code: u64) {
    assert_eq!(ended.only("opened")["status"], 200, "{name}");
    let drained = ended.only("drained");
    assert_eq!(drained["code"], code, "{name}: {drained}");
    assert_eq!(drained["size"], 9, "{name}: {drained}");
    assert_eq!(drained["same_again"], true, "{name}: {drained}");
    assert_eq!(samples.one("http_req_failed"), 1.0, "{name}");
    let codes = samples.tag_values("http_reqs", "error_code");
    assert_eq!(codes, [code.to_string()], "{name}");
}

#[test]
fn receiving_is_the_streams_own_over_http2() {
    let server = FrameServer::tls(|_| {
        let mut plays = vec![Play::AwaitEnd, Play::wait_ms(400), head()];
        for _ in 0..4 {
            plays.extend([data(5, false), Play::wait_ms(200)]);
        }
        plays.push(data(0, true));
        plays
    });
    let run_it = guest("streaming", &server.url(), "drain");
    let (ended, samples) = completed(run_it.trusting_file(server.ca_file()));
    expect_times(&ended, &samples);
}

#[test]
fn receiving_is_the_streams_own_over_http3() {
    let server = Recorder::http3(|_| {
        let pause = Duration::from_millis(200);
        let answer = Answer::ok().body_size(20).in_pieces(4, pause);
        answer.after(Duration::from_millis(400))
    });
    let run_it = over_http3(guest("streaming", &server.url(), "drain"));
    let (ended, samples) = completed(run_it.trusting(&server));
    expect_times(&ended, &samples);
}

/// Checks the times of a body of 20 bytes that took 800 ms, after a wait of 400 ms.
fn expect_times(ended: &Ended, samples: &Samples) {
    let drained = ended.only("drained");
    assert_eq!(drained["size"], 20, "{drained}");
    let (receiving, waiting) = (
        samples.one("http_req_receiving"),
        samples.one("http_req_waiting"),
    );
    assert!((780.0..1500.0).contains(&receiving), "{receiving}");
    assert!((390.0..780.0).contains(&waiting), "{waiting}");
    let told = drained["receiving"].as_f64().expect("a time");
    assert!((told - receiving).abs() < 0.001, "{told} and {receiving}");
}

#[test]
fn a_body_that_is_there_is_not_received_for_longer_because_it_is_read_late() {
    let server = FrameServer::tls(|stream| match stream.count {
        0 => vec![Play::AwaitEnd, head(), data(5000, false), data(5000, true)],
        _ => [vec![Play::wait_ms(800)], Play::respond()].concat(),
    });
    let next = server.url();
    let run_it = guest("streaming", &server.url(), "wait").test_env("NEXT_URL", &next);
    let run_it = run_it.args(["--limit", "streamBuffer=1000"]);
    let (ended, samples) = completed(run_it.trusting_file(server.ca_file()));
    assert_eq!(ended.only("drained")["size"], 10_000);
    let receiving = samples.values("http_req_receiving");
    assert!(receiving.iter().all(|ms| *ms < 700.0), "{receiving:?}");
}

/// An upload of four pieces with pauses between them, over HTTP/2 or HTTP/3: what the server saw is whole, and it was sent as long as
/// it was written.
fn expect_upload(server: &Recorder, upload: Brunt, protocol: &str) {
    let upload = upload
        .test_env("PIECE_BYTES", "300000")
        .test_env("PAUSE_MS", "200");
    let (ended, samples) = completed(upload.trusting(server));
    let answer = ended.only("answer");
    assert_eq!(answer["status"], 200, "{answer}");
    let seen = &server.seen()[0];
    assert_eq!(seen.protocol, protocol);
    assert_eq!(seen.body, vec![b'p'; 1_200_000]);
    assert_eq!(seen.header("content-length"), None);
    assert_eq!(seen.header("transfer-encoding"), None);
    let sending = samples.one("http_req_sending");
    assert!((590.0..2000.0).contains(&sending), "{sending}");
    assert!(ended.metric("data_sent", "count") > 1_200_000.0);
    assert_eq!(samples.one("http_req_failed"), 0.0);
}

#[test]
fn uploads_go_over_http2_and_http3_while_they_are_written() {
    let server = Recorder::tls(|_| Answer::ok());
    expect_upload(
        &server,
        guest("uploading", &server.url(), "write"),
        "HTTP/2.0",
    );
    let server = Recorder::http3(|_| Answer::ok());
    let upload = over_http3(guest("uploading", &server.url(), "write"));
    expect_upload(&server, upload, "HTTP/3.0");
}

#[test]
fn a_length_that_is_given_is_told_over_http2_and_http3() {
    for (server, version) in [
        (Recorder::tls(|_| Answer::ok()), "2"),
        (Recorder::http3(|_| Answer::ok()), "3"),
    ] {
        for (length, status) in [("20", 200), ("21", 0)] {
            let upload = guest("uploading", &server.url(), "write").test_env("LENGTH", length);
            let upload = upload.args(["--http-version", version]);
            let (ended, _) = completed(upload.trusting(&server));
            assert_eq!(ended.only("answer")["status"], status, "{length}");
        }
        let seen = server.seen();
        assert_eq!(seen.len(), 1, "{seen:?}");
        assert_eq!(seen[0].header("content-length"), Some("20"));
    }
}

#[test]
fn an_upload_that_breaks_off_is_no_request_over_http2_and_http3() {
    let server = FrameServer::tls(|_| vec![Play::AwaitEnd, Play::Head { ends: true }]);
    // What is broken off has begun to be sent.
    let drop = |url: &str| guest("uploading", url, "drop").test_env("PAUSE_MS", "100");
    let (ended, samples) = completed(drop(&server.url()).trusting_file(server.ca_file()));
    expect_dropped(&ended, &samples);
    server.wait_until(|streams| streams.iter().any(|one| one.reset == Some(8)));
    let server = Recorder::http3(|_| Answer::ok());
    let (ended, samples) = completed(over_http3(drop(&server.url())).trusting(&server));
    expect_dropped(&ended, &samples);
    assert!(server.seen().is_empty());
}

fn expect_dropped(ended: &Ended, samples: &Samples) {
    let answer = ended.only("answer");
    assert_eq!(answer["code"], 1000, "{answer}");
    let message = answer["message"].as_str().unwrap_or_default();
    assert!(message.contains("dropped before"), "{answer}");
    assert_eq!(samples.one("http_req_failed"), 1.0);
}

#[test]
fn a_writer_waits_for_the_window_of_http2() {
    let server = FrameServer::tls(|_| {
        let open = vec![Play::wait_ms(1000), Play::Window(1 << 20)];
        [open, Play::respond()].concat()
    });
    // More than the first window and the buffer take.
    let upload = guest("uploading", &server.url(), "write").test_env("PIECE_BYTES", "200000");
    let (ended, samples) = completed(upload.trusting_file(server.ca_file()));
    assert_eq!(ended.only("answer")["status"], 200);
    assert_eq!(server.streams()[0].body, 800_000);
    let sending = samples.one("http_req_sending");
    assert!(sending >= 900.0, "{sending}");
}

#[test]
fn a_streamed_body_that_the_server_refuses_is_not_sent_again() {
    let server = FrameServer::tls(|_| vec![Play::AwaitEnd, Play::Reset(7)]);
    let upload = guest("uploading", &server.url(), "write");
    let (ended, samples) = completed(upload.trusting_file(server.ca_file()));
    assert_eq!(ended.only("answer")["code"], 1638);
    assert_eq!(server.streams().len(), 1);
    assert_eq!(samples.one("http_req_failed"), 1.0);
}

#[test]
fn events_come_over_http2_and_http3() {
    let events = || {
        let answer = Answer::ok().header("content-type", "text/event-stream");
        answer.body("data: one\n\nevent: add\ndata: two\n\n")
    };
    let (http2, http3) = (
        Recorder::tls(move |_| events()),
        Recorder::http3(move |_| events().in_pieces(5, Duration::from_millis(50))),
    );
    let over = [
        (&http2, guest("events", &http2.url(), "read"), "HTTP/2.0"),
        (
            &http3,
            over_http3(guest("events", &http3.url(), "read")),
            "HTTP/3.0",
        ),
    ];
    for (server, brunt, protocol) in over {
        let (ended, samples) = completed(brunt.trusting(server));
        let data: Vec<_> = ended
            .logged("event")
            .iter()
            .map(|event| event["data"].clone())
            .collect();
        assert_eq!(data, ["one", "two"], "{protocol}");
        assert_eq!(samples.values("sse_events"), [1.0, 1.0]);
        assert_eq!(server.seen()[0].protocol, protocol);
        assert_eq!(server.seen()[0].header("accept"), Some("text/event-stream"));
    }
}

#[test]
fn wasi_http_goes_over_http2_and_http3() {
    for (server, version, protocol) in [
        (Recorder::tls(|_| Answer::ok()), "auto", "HTTP/2.0"),
        (Recorder::http3(|_| Answer::ok()), "3", "HTTP/3.0"),
    ] {
        let host = server.url().replace("https://", "");
        let run_it = Brunt::guest("wasi_http")
            .test_env("HOST", &host)
            .test_env("SCHEME", "https")
            .test_env("METHOD", "POST")
            .test_env("BODY_BYTES", "300000")
            .args(["--http-version", version]);
        let (ended, samples) = completed(run_it.trusting(&server));
        assert_eq!(ended.only("answer")["status"], 200, "{protocol}");
        assert_eq!(server.seen()[0].protocol, protocol);
        assert_eq!(server.seen()[0].body.len(), 300_000);
        assert_eq!(samples.one("http_req_failed"), 0.0);
    }
}
