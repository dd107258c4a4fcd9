//! Tests option `httpDebug`: what was sent and what came back, in pairs, without credentials.

use brunt_e2e::{Answer, Brunt, Recorder};

fn probe(server: &Recorder) -> Brunt {
    let url = server.url().replace("http://", "http://me:secret@");
    Brunt::guest("probe")
        .base_url(&format!("{url}/a?b=c"))
        .test_env("METHOD", "POST")
        .test_env("BODY_BYTES", "5")
        .args(["--iterations", "1"])
}

fn server() -> Recorder {
    Recorder::answering(|seen| match seen.path.as_str() {
        "/a?b=c" => Answer::status(307).header("Location", "/next"),
        _ => Answer::ok().header("X-Thing", "some").body("the body"),
    })
}

#[test]
fn heads_are_logged_in_pairs() {
    let server = server();
    let ended = probe(&server).arg("--http-debug").run().expect_code(0);
    let log = &ended.stderr;
    let host = server.address();
    let first =
        format!("INFO[0000] request 1:\nPOST /a?b=c HTTP/1.1\nhost: {host}\nuser-agent: brunt/");
    assert!(log.contains(&first), "{log}");
    assert!(log.contains("\ncontent-length: 5\n"), "{log}");
    assert!(
        log.contains("response 1:\nHTTP/1.1 307 Temporary Redirect\nlocation: /next\n"),
        "{log}"
    );
    assert!(log.contains("request 2:\nPOST /next HTTP/1.1\n"), "{log}");
    assert!(
        log.contains("response 2:\nHTTP/1.1 200 OK\nx-thing: some\ncontent-length: 8\n"),
        "{log}"
    );
    assert_eq!(log.matches("  source=http-debug").count(), 4, "{log}");
    assert!(log.contains("authorization: Basic ****\n"), "{log}");
    for hidden in ["secret", "bWU6c2VjcmV0", "the body", "bbbbb"] {
        assert!(!log.contains(hidden), "{hidden}: {log}");
    }
    assert!(!log.contains("no effect yet"), "{log}");
    // What is logged is what the server saw.
    for (name, value) in &server.seen()[0].headers {
        let value = if name == "authorization" {
            "Basic ****"
        } else {
            value
        };
        assert!(
            log.contains(&format!("\n{name}: {value}\n")),
            "{name}: {log}"
        );
    }
}

#[test]
fn bodies_are_logged_when_all_is() {
    let ended = probe(&server()).arg("--http-debug=full").run();
    let log = ended.expect_code(0).stderr;
    assert!(
        log.contains("\n\nbbbbb\n") && log.contains("\n\nthe body\n"),
        "{log}"
    );
}

#[test]
fn a_failure_is_logged_with_its_request() {
    let server = Recorder::answering(|_| Answer::close());
    let ended = probe(&server).arg("--http-debug").run().expect_code(0);
    let log = ended.stderr;
    assert!(log.contains("response 1: none, error 1203: "), "{log}");
    let run = Brunt::guest("probe").base_url("http://127.0.0.1:1/");
    let ended = run.args(["--iterations", "1", "--http-debug"]).run();
    let words = "response of a request that was not sent: none, error 1212: ";
    assert!(ended.stderr.contains(words), "{}", ended.stderr);
}

#[test]
fn the_log_of_exchanges_is_limited() {
    let server = Recorder::answering(|_| Answer::ok().body_size(100_000));
    let run = probe(&server).arg("--http-debug=full");
    let ended = run.args(["--limit", "logBytes=2KB"]).run().expect_code(0);
    assert!(ended.stderr.len() < 10_000, "{}", ended.stderr.len());
    let words = "httpDebug: exchanges were cut or dropped: limit logBytes lets 2000 bytes";
    assert_eq!(ended.stderr.matches(words).count(), 1, "{}", ended.stderr);
}
