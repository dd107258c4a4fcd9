//! Tests responses that are only unusual, and connections that end in unusual ways: none of them is a failure.

use brunt_e2e::{Answer, Brunt, Recorder, Scripted, Step};
use serde_json::Value;

use crate::failures::{CHUNKED, answering};
use crate::samples::run_with_samples;

/// A response that is unusual, the method that asks for it, and the status, protocol and size of body that come of it.
type Oddity = (&'static str, String, u32, &'static str, u64);

fn oddities() -> Vec<Oddity> {
    let ok = |text: &str, size| ("GET", text.to_owned(), 200, "HTTP/1.1", size);
    let headers: String = (0..90).map(|n| format!("X-{n}: y\r\n")).collect();
    let informed = format!(
        "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nA: b\r\n\r\nHTTP/1.1 200 OK\r\n{headers}Content-Length: 0\r\n\r\n"
    );
    let old = "HTTP/1.0 200 OK\r\n\r\nuntil the end".to_owned();
    let no_content = "HTTP/1.1 204 No Content\r\n\r\nbody".to_owned();
    let not_modified = "HTTP/1.1 304 Not Modified\r\nContent-Length: 4\r\n\r\nbody".to_owned();
    let head = "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nbody".to_owned();
    vec![
        ("GET", old, 200, "HTTP/1.0", 13),
        ok("HTTP/1.1 200 OK\r\n\r\nuntil the end", 13),
        ok("HTTP/1.1 200\r\nContent-Length: 2\r\n\r\nok", 2),
        ok(
            &format!("{CHUNKED}2;x=y\r\nok\r\n0\r\nTrailer: 1\r\n\r\n"),
            2,
        ),
        // More than was promised, or than there may be: the connection is not used again.
        ok(
            "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok, and more",
            2,
        ),
        ("GET", no_content, 204, "HTTP/1.1", 0),
        ("GET", not_modified, 304, "HTTP/1.1", 0),
        ("HEAD", head, 200, "HTTP/1.1", 0),
        ok(&informed, 0),
    ]
}

#[test]
fn responses_that_are_only_unusual_are_responses() {
    for (method, text, status, protocol, size) in oddities() {
        let steps = answering(&text);
        let server = Scripted::start(move |_| steps.clone());
        let run = Brunt::guest("probe").base_url(&server.url());
        let run = run.test_env("METHOD", method).test_env("REQUESTS", "3");
        let (ended, samples) = run_with_samples(run.args(["--iterations", "1"]));
        let answers = ended.expect_code(0).logged("answer");
        assert_eq!(answers.len(), 3, "{text}");
        for answer in &answers {
            let told = [&answer["status"], &answer["protocol"], &answer["body_size"]];
            let expected = [
                &Value::from(status),
                &Value::from(protocol),
                &Value::from(size),
            ];
            assert_eq!(told, expected, "{text}: {answers:?}");
        }
        assert_eq!(samples.values("http_req_failed"), [0.0; 3], "{text}");
    }
}

/// A request that may not be sent twice once went out on a connection that the server had closed long before.
#[test]
fn a_kept_connection_that_was_closed_meanwhile_is_not_used() {
    let server = Scripted::start(|_| Step::serve(1));
    for method in ["POST", "GET"] {
        let run = Brunt::guest("probe").base_url(&server.url());
        let run = run.test_env("METHOD", method).test_env("REQUESTS", "3");
        let run = run.test_env("PAUSE_MS", "300");
        let (ended, samples) = run_with_samples(run.args(["--iterations", "1"]));
        ended.expect_code(0);
        let statuses = samples.tag_values("http_reqs", "status");
        assert_eq!(statuses, ["200"; 3], "{method}");
    }
}

#[test]
fn an_answer_before_the_request_was_read_is_the_answer() {
    let server = Scripted::start(|_| {
        let early =
            "HTTP/1.1 413 Content Too Large\r\nContent-Length: 3\r\nConnection: close\r\n\r\nbig";
        vec![Step::ReadHead, Step::send(early)]
    });
    let run = Brunt::guest("probe").base_url(&server.url());
    let run = run.test_env("METHOD", "POST").test_env("REQUESTS", "2");
    let run = run.test_env("BODY_BYTES", "16777216");
    let (ended, samples) = run_with_samples(run.args(["--iterations", "1"]));
    let answers = ended.expect_code(0).logged("answer");
    let statuses: Vec<&Value> = answers.iter().map(|answer| &answer["status"]).collect();
    assert_eq!(statuses, [413, 413], "{answers:?}");
    assert_eq!(
        samples.tag_values("http_reqs", "error_code"),
        ["1413", "1413"]
    );
}

/// A length that a test sets by hand would make the server wait for more, or take the rest for another request.
#[test]
fn the_length_of_a_body_is_what_is_sent_whatever_a_header_says() {
    let server = Recorder::answering(|_| Answer::ok());
    let cases = [
        ("POST", 0, "content-length=7", Some("0")),
        ("GET", 0, "content-length=7", None),
        ("PUT", 5, "content-length=7", Some("5")),
        ("POST", 20_000, "transfer-encoding=chunked", Some("20000")),
    ];
    for (method, bytes, header, length) in cases {
        let run = Brunt::guest("probe").base_url(&server.url());
        let run = run.test_env("METHOD", method).test_env("HEADER", header);
        let run = run.test_env("REQUESTS", "2");
        let before = server.seen().len();
        let run = run.test_env("BODY_BYTES", &bytes.to_string());
        run.args(["--iterations", "1"]).run().expect_code(0);
        let seen = &server.seen()[before..];
        assert_eq!(seen.len(), 2, "{method}");
        for request in seen {
            assert_eq!(request.header("content-length"), length, "{method}");
            assert_eq!(request.header("transfer-encoding"), None, "{method}");
            assert_eq!(request.body.len(), bytes, "{method}");
        }
        assert_eq!(seen[0].connection, seen[1].connection, "{method}");
    }
}
