//! Tests the option `httpVersion`: who says which version of HTTP is spoken, and what a server that speaks another is told.

use brunt_e2e::{Answer, Brunt, Ended, FrameServer, Play, Recorder};
use serde_json::{Value, json};

fn probe(url: &str) -> Brunt {
    Brunt::guest("probe").base_url(url)
}

fn answers(ended: Ended) -> Vec<Value> {
    ended.expect_code(0).logged("answer")
}

/// What a server over TLS that speaks both was spoken to in.
fn spoken(run: impl FnOnce(Brunt) -> Brunt) -> &'static str {
    let server = Recorder::tls(|_| Answer::ok());
    let all = answers(run(probe(&server.url()).trusting(&server)).run());
    let protocol = server.seen()[0].protocol;
    assert_eq!(all[0]["protocol"], protocol);
    protocol
}

#[test]
fn the_version_is_the_one_of_the_strongest_layer() {
    let (one, two) = ("HTTP/1.1", "HTTP/2.0");
    assert_eq!(spoken(|run| run), two);
    assert_eq!(spoken(|run| run.args(["--http-version", "auto"])), two);
    assert_eq!(spoken(|run| run.args(["--http-version", "1.1"])), one);
    assert_eq!(spoken(|run| run.env("BRUNT_HTTP_VERSION", "1.1")), one);
    for version in [json!("1.1"), json!(1.1)] {
        let config = json!({ "httpVersion": version });
        assert_eq!(spoken(|run| run.config(&config)), one);
    }
    // What k6 users write, for Go.
    let go = "madvdontneed=1,http2client=0";
    assert_eq!(spoken(|run| run.env("GODEBUG", go)), one);
    let flag = ["--http-version", "2"];
    assert_eq!(spoken(|run| run.env("GODEBUG", go).args(flag)), two);
    // The request itself comes last.
    let own = |run: Brunt| run.args(flag).test_env("HTTP_VERSION", "1.1");
    assert_eq!(spoken(own), one);
}

#[test]
fn http_2_without_tls_is_spoken_at_once() {
    let server = FrameServer::plain(|_| [vec![Play::wait_ms(200)], Play::respond()].concat());
    let run = probe(&server.url()).args(["--http-version", "2"]);
    let run = run.test_env("REQUESTS", "10").test_env("AT_ONCE", "1");
    for answer in answers(run.run()) {
        assert_eq!(
            (&answer["status"], &answer["protocol"]),
            (&200.into(), &"HTTP/2.0".into())
        );
    }
    assert_eq!(server.connections(), 1);
    assert_eq!(
        server.streams().iter().map(|one| one.beside).max(),
        Some(10)
    );
}

#[test]
fn a_server_that_does_not_agree_to_http_2_is_told() {
    let server = Recorder::tls_http1(|_| Answer::ok());
    let run = probe(&server.url()).trusting(&server);
    let answer = &answers(run.args(["--http-version", "2"]).run())[0];
    assert_eq!(answer["code"], 1600, "{answer}");
    let message = answer["message"].as_str().unwrap_or_default();
    assert!(message.contains("httpVersion"), "{message}");
    assert!(server.seen().is_empty());
    // Without TLS nobody agrees on anything: the answer is no HTTP/2.
    let server = Recorder::start();
    let answer = &answers(probe(&server.url()).args(["--http-version", "2"]).run())[0];
    let code = answer["code"].as_u64().unwrap_or_default();
    assert!((1600..1700).contains(&code) || code == 1203, "{answer}");
}

#[test]
fn http_2_without_tls_is_not_sent_to_a_proxy_for_http() {
    let server = Recorder::start();
    let run = probe("http://brunt.test/").args(["--http-version", "2"]);
    let answer = &answers(run.env("HTTP_PROXY", server.url()).run())[0];
    assert_eq!(answer["code"], 1000, "{answer}");
    let message = answer["message"].as_str().unwrap_or_default();
    assert!(message.contains("hint:"), "{message}");
    assert!(server.seen().is_empty());
}

#[test]
fn an_unknown_version_is_refused() {
    let server = Recorder::start();
    let ended = probe(&server.url()).args(["--http-version", "4"]).run();
    let ended = ended.expect_code(104);
    assert!(ended.stderr.contains("auto, 1.1, 2, 3"), "{}", ended.stderr);
    let run = probe(&server.url()).test_env("HTTP_VERSION", "one");
    let answer = &answers(run.run())[0];
    assert_eq!(answer["code"], 1000, "{answer}");
    let message = answer["message"].as_str().unwrap_or_default();
    assert!(message.contains("\"one\""), "{message}");
    assert!(server.seen().is_empty());
}
