//! Tests responses and connections that are only unusual, which is no failure, and those that go too far.

use brunt_e2e::{Answer, Brunt, Recorder, Scripted, Step};
use serde_json::{Value, json};

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

#[test]
fn a_length_that_is_told_twice_is_one_length_or_none() {
    let cases = [
        ("Content-Length: 2\r\nContent-Length: 2\r\n\r\nok", 200, 0),
        ("Content-Length: 2\r\nContent-Length: 3\r\n\r\nok!", 0, 1000),
        (
            "Content-Length: 9\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
            200,
            0,
        ),
    ];
    for (answer, status, code) in cases {
        let answer = format!("HTTP/1.1 200 OK\r\n{answer}");
        let server = Scripted::start(move |_| answering(&answer));
        let run = Brunt::guest("probe").base_url(&server.url());
        let ended = run.args(["--iterations", "1"]).run().expect_code(0);
        let answers = ended.logged("answer");
        assert_eq!(answers[0]["status"], status, "{answers:?}");
        assert_eq!(answers[0]["code"], code, "{answers:?}");
    }
}

#[test]
fn a_change_of_protocol_is_no_response() {
    let server = Scripted::start(|_| {
        answering("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n")
    });
    let run = Brunt::guest("probe").base_url(&server.url());
    let (ended, samples) = run_with_samples(run.args(["--iterations", "2"]));
    let answers = ended.expect_code(0).logged("answer");
    assert_eq!(
        (&answers[0]["status"], &answers[0]["code"]),
        (&json!(0), &json!(1000))
    );
    assert_eq!(samples.values("http_req_failed"), [1.0; 2]);
}

/// A head was once limited to what the library below had room for, whatever the options said.
#[test]
fn heads_of_responses_have_limits_of_their_own() {
    let headers = |count: usize| {
        (0..count)
            .map(|n| format!("X-{n}: y\r\n"))
            .collect::<String>()
    };
    let long = |bytes: usize| format!("X-Long: {}\r\n", "x".repeat(bytes));
    let cases: [(String, &[&str], &str); 7] = [
        (headers(99), &[], "-"),
        (headers(150), &[], "1000"),
        (headers(150), &["--limit", "responseHeaders=200"], "-"),
        (headers(20), &["--limit", "responseHeaders=10"], "1000"),
        (long(300_000), &[], "-"),
        (long(1_000_000), &["--limit", "responseHead=2MiB"], "-"),
        (long(2000), &["--limit", "responseHead=1KiB"], "1000"),
    ];
    for (head, args, code) in cases {
        let answer = format!("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n{head}\r\n");
        let server = Scripted::start(move |_| answering(&answer));
        let run = Brunt::guest("probe").base_url(&server.url());
        let run = run.args(["--iterations", "1"]).args(args.iter().copied());
        let (ended, samples) = run_with_samples(run);
        let answers = ended.expect_code(0).logged("answer");
        let codes = samples.tag_values("http_reqs", "error_code");
        assert_eq!(codes, [code], "{args:?}: {answers:?}");
        let message = answers[0]["message"].as_str().unwrap_or("limit response");
        assert!(message.starts_with("limit response"), "{message}");
    }
}

#[test]
fn heads_of_responses_have_the_same_limits_over_http2() {
    let server = Recorder::tls(|_| {
        let answer = Answer::ok().header("x-long", &"x".repeat(100_000));
        (0..20).fold(answer, |answer, n| answer.header(&format!("x-{n}"), "y"))
    });
    let cases: [(&[&str], &str); 3] = [
        (&[], "-"),
        (&["--limit", "responseHeaders=10"], "1000"),
        (&["--limit", "responseHead=50KB"], "1632"),
    ];
    for (args, code) in cases {
        let run = Brunt::guest("probe").base_url(&server.url());
        let run = run.args(["--iterations", "1", "--insecure-skip-tls-verify"]);
        let (ended, samples) = run_with_samples(run.args(args.iter().copied()));
        let answers = ended.expect_code(0).logged("answer");
        let codes = samples.tag_values("http_reqs", "error_code");
        assert_eq!(codes, [code], "{args:?}: {answers:?}");
    }
}
