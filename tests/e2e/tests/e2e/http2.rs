//! Tests HTTP/2: requests side by side on one connection, each with times of its own, and what becomes of them when the server
//! ends a stream or the connection.

use std::time::Duration;

use brunt_e2e::{Answer, Brunt, Ended, FrameServer, Play, Recorder, Stream};
use serde_json::Value;

use crate::samples::{Samples, run_with_samples};

/// How long the server takes where it takes its time, in milliseconds; other parts take less, on a busy machine too.
const DELAY: u64 = 1200;
const LEAST: f64 = DELAY as f64 - 100.0;

/// A run of the guest `probe` that has so many requests under way at once.
fn at_once(url: &str, requests: usize) -> Brunt {
    probe(url)
        .test_env("REQUESTS", &requests.to_string())
        .test_env("AT_ONCE", "1")
}

fn probe(url: &str) -> Brunt {
    Brunt::guest("probe").base_url(url)
}

/// Runs it with the server's authority trusted: what the guest said of each answer, and the samples.
fn run(server: &FrameServer, run: Brunt) -> (Vec<Value>, Samples, Ended) {
    let (ended, samples) = run_with_samples(run.trusting_file(server.ca_file()));
    let ended = ended.expect_code(0);
    (ended.logged("answer"), samples, ended)
}

fn statuses(answers: &[Value]) -> Vec<u64> {
    let status = |answer: &Value| answer["status"].as_u64().expect("a status");
    answers.iter().map(status).collect()
}

/// Checks that all requests failed with this code.
fn expect_codes(answers: &[Value], code: u64) {
    assert!(!answers.is_empty());
    for answer in answers {
        assert_eq!(answer["code"], code, "{answer}");
        assert_eq!(answer["status"], 0, "{answer}");
    }
}

#[test]
fn requests_that_start_together_share_the_connection_that_is_being_opened() {
    let server = Recorder::tls(|_| Answer::ok().after(Duration::from_millis(300)));
    let run = at_once(&server.url(), 50).trusting(&server);
    let (ended, samples) = run_with_samples(run);
    let ended = ended.expect_code(0);
    let seen = server.seen();
    assert_eq!(seen.len(), 50);
    assert_eq!(server.connections().len(), 1, "{}", ended.stderr);
    assert!(seen.iter().all(|one| one.protocol == "HTTP/2.0"));
    assert_eq!(samples.tag_values("http_reqs", "proto"), ["HTTP/2.0"; 50]);
    let arrived = (seen[49].at - seen[0].at).as_millis();
    assert!(arrived < 300, "they came one after the other: {arrived} ms");
    // One opened it, and the others waited for it.
    let dialled = samples.values("http_req_tls_handshaking");
    let dialled = dialled.iter().filter(|ms| **ms > 0.0).count();
    assert_eq!(dialled, 1);
    let waited = samples.values("http_req_blocked");
    assert!(waited.iter().all(|ms| *ms > 0.0), "{waited:?}");
}

#[test]
fn every_vu_has_a_connection_of_its_own_and_keeps_it() {
    let server = Recorder::tls(|_| Answer::ok());
    let run = at_once(&server.url(), 5).trusting(&server);
    let ended = run.args(["--vus", "3", "--iterations", "30"]).run();
    ended.expect_code(0);
    assert_eq!(server.seen().len(), 150);
    assert_eq!(server.connections().len(), 3);
}

#[test]
fn a_server_that_speaks_http_1_only_gets_a_connection_for_each_request() {
    let server = Recorder::tls_http1(|_| Answer::ok().after(Duration::from_millis(300)));
    let ended = at_once(&server.url(), 5).trusting(&server).run();
    ended.expect_code(0);
    assert_eq!(server.connections().len(), 5);
    let seen = server.seen();
    assert!((seen[4].at - seen[0].at).as_millis() < 300, "{seen:?}");
}

#[test]
fn another_connection_is_opened_only_when_the_server_takes_no_more_streams() {
    let server = FrameServer::tls_for(3, |_| [vec![Play::wait_ms(400)], Play::respond()].concat());
    // The first request lets the client know how many the server takes.
    let first = at_once(&server.url(), 8).args(["--iterations", "2"]);
    let (answers, _, ended) = run(&server, first);
    assert_eq!(statuses(&answers), [200; 16], "{}", ended.stderr);
    assert_eq!(server.connections(), 3);
    let last: Vec<_> = server.streams().split_off(server.streams().len() - 8);
    assert!(last.iter().all(|stream| stream.beside <= 3), "{last:?}");
}

#[test]
fn requests_wait_for_a_stream_where_no_more_connections_are_allowed() {
    let server = FrameServer::tls_for(2, |_| [vec![Play::wait_ms(400)], Play::respond()].concat());
    let limited = at_once(&server.url(), 6).args(["--iterations", "2", "--limit", "connections=1"]);
    let (answers, samples, ended) = run(&server, limited);
    assert_eq!(statuses(&answers), [200; 12], "{}", ended.stderr);
    assert_eq!(server.connections(), 1);
    // Of the second six, two at a time are sent: the last wait for two rounds.
    let blocked = samples.values("http_req_blocked").split_off(6);
    let long = blocked.iter().filter(|ms| **ms > 700.0).count();
    assert_eq!(long, 2, "{blocked:?}");
}

#[test]
fn each_stream_has_times_of_its_own() {
    let server = FrameServer::tls(|stream| match stream.count {
        0 => [vec![Play::AwaitEnd, Play::wait_ms(DELAY)], Play::respond()].concat(),
        1 => vec![
            Play::AwaitEnd,
            Play::Head { ends: false },
            Play::wait_ms(DELAY),
            Play::Data {
                bytes: 2,
                ends: true,
            },
        ],
        _ => Play::respond(),
    });
    let (answers, _, _) = run(&server, at_once(&server.url(), 3));
    let ms = |index: usize, part: &str| answers[index][part].as_f64().expect("a time");
    let parts = ["sending", "waiting", "receiving"];
    let long: Vec<_> = (0..3)
        .map(|index| parts.map(|part| ms(index, part) >= LEAST))
        .collect();
    assert_eq!(
        long,
        [
            [false, true, false],
            [false, false, true],
            [false, false, false]
        ],
        "{answers:#?}"
    );
    assert_eq!(server.connections(), 1);
}

#[test]
fn sending_is_as_long_as_the_server_gives_no_window() {
    let server = FrameServer::tls(|stream| match stream.count {
        0 => [
            vec![Play::wait_ms(DELAY), Play::Window(1 << 20)],
            Play::respond(),
        ]
        .concat(),
        _ => Play::respond(),
    });
    let post = at_once(&server.url(), 1)
        .test_env("METHOD", "POST")
        .test_env("BODY_BYTES", "200000");
    let (answers, _, _) = run(&server, post);
    let ms = |part: &str| answers[0][part].as_f64().expect("a time");
    assert!(ms("sending") >= LEAST, "{answers:?}");
    assert!(
        ms("waiting") < LEAST && ms("receiving") < LEAST,
        "{answers:?}"
    );
    assert_eq!(server.streams()[0].body, 200_000);
}

#[test]
fn large_bodies_go_both_ways_beside_each_other() {
    let server = Recorder::tls(|seen| {
        assert!(seen.body.iter().all(|byte| *byte == b'b'));
        Answer::ok().body_size(6 << 20)
    });
    let run = at_once(&server.url(), 4).trusting(&server);
    let run = run.test_env("METHOD", "POST");
    let ended = run.test_env("BODY_BYTES", &(3 << 20).to_string()).run();
    let answers = ended.expect_code(0).logged("answer");
    assert_eq!(statuses(&answers), [200; 4]);
    assert!(answers.iter().all(|one| one["body_size"] == 6 << 20));
    assert!(server.seen().iter().all(|seen| seen.body.len() == 3 << 20));
    assert_eq!(server.connections().len(), 1);
}

/// A stream that was ended has the code of that, and is not sent again: the server has looked at it.
#[test]
fn a_stream_that_the_server_ends_fails_with_its_reason() {
    for (reason, code) in [(2, 1633), (8, 1639), (11, 1642), (200, 1630)] {
        let server = FrameServer::tls(move |_| vec![Play::AwaitEnd, Play::Reset(reason)]);
        let twice = probe(&server.url()).test_env("REQUESTS", "2");
        let (answers, samples, _) = run(&server, twice);
        assert_eq!(answers.len(), 2);
        expect_codes(&answers, code);
        assert_eq!(server.streams().len(), 2, "{:?}", server.streams());
        assert_eq!(server.connections(), 1, "the connection goes on");
        let codes = samples.tag_values("http_reqs", "error_code");
        assert_eq!(codes, [code.to_string(), code.to_string()]);
    }
}

#[test]
fn a_stream_that_is_refused_is_sent_again_whatever_it_asks_for() {
    for method in ["GET", "POST"] {
        let server = FrameServer::tls(|stream| match stream.count {
            0 => vec![Play::Reset(7)],
            _ => Play::respond(),
        });
        let run_it = probe(&server.url())
            .test_env("METHOD", method)
            .test_env("BODY_BYTES", "10");
        let (answers, samples, _) = run(&server, run_it);
        assert_eq!(statuses(&answers), [200]);
        assert_eq!(server.streams().len(), 2);
        assert_eq!(samples.values("http_reqs").len(), 1, "one request");
    }
    let server = FrameServer::tls(|_| vec![Play::Reset(7)]);
    let (answers, _, _) = run(&server, probe(&server.url()));
    expect_codes(&answers, 1638);
    assert_eq!(server.streams().len(), 4, "not for ever");
}

#[test]
fn requests_above_the_last_stream_of_a_goaway_are_sent_again() {
    let server = FrameServer::tls(|stream| match (stream.connection, stream.number) {
        (0, 1) => [vec![Play::wait_ms(600)], Play::respond()].concat(),
        (0, 5) => vec![Play::wait_ms(200), Play::GoAway { last: 1, code: 0 }],
        (0, _) => vec![],
        _ => Play::respond(),
    });
    let post = at_once(&server.url(), 3)
        .test_env("METHOD", "POST")
        .test_env("BODY_BYTES", "10");
    let (answers, samples, _) = run(&server, post);
    assert_eq!(statuses(&answers), [200; 3]);
    assert_eq!(server.connections(), 2);
    let second = |stream: &&Stream| stream.connection == 1;
    assert_eq!(server.streams().iter().filter(second).count(), 2);
    assert_eq!(samples.values("http_reqs").len(), 3);
}

#[test]
fn a_connection_that_goes_away_ends_the_requests_that_it_does_not_answer() {
    let goaway = |code| vec![Play::AwaitEnd, Play::GoAway { last: 1, code }, Play::Close];
    for (reason, code) in [(0, 1611), (11, 1622), (77, 1610)] {
        let server = FrameServer::tls(move |_| goaway(reason));
        let (answers, _, ended) = run(&server, probe(&server.url()));
        expect_codes(&answers, code);
        assert!(ended.stderr.contains("GOAWAY"), "{}", ended.stderr);
        assert_eq!(server.streams().len(), 1);
    }
}

#[test]
fn a_connection_without_a_word_at_its_end_is_closed() {
    let server = FrameServer::tls(|_| vec![Play::AwaitEnd, Play::Close]);
    let (answers, _, _) = run(&server, at_once(&server.url(), 3));
    expect_codes(&answers, 1203);
}

#[test]
fn a_server_that_breaks_the_rules_is_told() {
    // A frame of data on no stream.
    let wrong = vec![0, 0, 1, 0, 0, 0, 0, 0, 0, b'x'];
    let server = FrameServer::tls(move |_| vec![Play::AwaitEnd, Play::Raw(wrong.clone())]);
    let (answers, _, _) = run(&server, at_once(&server.url(), 2));
    expect_codes(&answers, 1652);
    // HTTP/1.1 in place of frames.
    let text = b"HTTP/1.1 200 OK\r\n\r\nxx".to_vec();
    let server = FrameServer::tls(move |_| vec![Play::Raw(text.clone())]);
    let (answers, _, _) = run(&server, probe(&server.url()));
    expect_codes(&answers, 1657);
}

#[test]
fn a_connection_that_the_server_closed_meanwhile_is_replaced() {
    let server = FrameServer::tls(|stream| match stream.count {
        0 => [
            Play::respond(),
            vec![Play::GoAway { last: 1, code: 0 }, Play::Close],
        ]
        .concat(),
        _ => Play::respond(),
    });
    let twice = probe(&server.url())
        .test_env("REQUESTS", "2")
        .test_env("METHOD", "POST")
        .test_env("PAUSE_MS", "200");
    let (answers, _, _) = run(&server, twice);
    assert_eq!(statuses(&answers), [200; 2]);
    assert_eq!(server.connections(), 2);
}

#[test]
fn somebody_is_there_while_nothing_is_asked() {
    let server = FrameServer::tls(|stream| match stream.count {
        0 => [
            Play::respond(),
            vec![
                Play::wait_ms(100),
                Play::Ping,
                Play::wait_ms(100),
                Play::Ping,
            ],
        ]
        .concat(),
        _ => Play::respond(),
    });
    let idle = probe(&server.url()).test_env("PAUSE_MS", "600");
    run(&server, idle);
    assert_eq!(server.pongs(), 2);
}

#[test]
fn a_request_that_is_given_up_ends_its_stream_alone() {
    let server = FrameServer::tls(|stream| match stream.count {
        0 => vec![],
        _ => [vec![Play::wait_ms(50)], Play::respond()].concat(),
    });
    let late = probe(&server.url())
        .test_env("REQUESTS", "2")
        .test_env("TIMEOUT_MS", "700");
    let (answers, _, _) = run(&server, late);
    assert_eq!(answers[0]["code"], 1050, "{answers:?}");
    let waiting = answers[1]["waiting"].as_f64().expect("a time");
    assert!(
        answers[1]["status"] == 200 && waiting < 600.0,
        "{answers:?}"
    );
    assert_eq!(server.connections(), 1);
    let streams = server.wait_until(|streams| streams[0].reset.is_some());
    assert_eq!(streams[0].reset, Some(8), "CANCEL");
}

#[test]
fn headers_of_connections_are_not_sent() {
    let server = Recorder::tls(|_| Answer::ok());
    for header in ["connection=close", "keep-alive=1", "te=gzip", "upgrade=x"] {
        let run = probe(&server.url()).trusting(&server);
        let answers = run.test_env("HEADER", header).run().expect_code(0);
        assert_eq!(statuses(&answers.logged("answer")), [200], "{header}");
        let (name, _) = header.split_once('=').expect("a header");
        let last = server.seen().pop().expect("a request");
        assert_eq!(last.header(name), None, "{header}");
    }
}
