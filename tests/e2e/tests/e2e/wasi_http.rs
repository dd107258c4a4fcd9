//! Tests `wasi:http`, by which the HTTP libraries of other languages send: measured, limited and streamed as Brunt's own client.

use std::io::Write;
use std::thread;
use std::time::Duration;

use brunt_e2e::{Answer, Brunt, Ended, FullBacklog, Recorder, Scripted, Step};
use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::Value;

use crate::samples::completed;

fn guest(url: &str) -> Brunt {
    Brunt::guest("wasi_http")
        .test_env("HOST", url.trim_start_matches("http://"))
        .args(["--iterations", "1", "--limit", "memory=16MiB"])
}

fn error(ended: &Ended) -> String {
    let failed = ended.only("failed");
    failed["error"].as_str().unwrap_or_default().to_owned()
}

#[test]
fn a_request_is_measured_as_any_other() {
    let server = Recorder::answering(|_| Answer::ok().after(Duration::from_millis(100)));
    let run_it = guest(&server.url())
        .test_env("REQUEST_PATH", "/a?b=c")
        .test_env("REQUESTS", "2");
    let (ended, samples) = completed(run_it);
    for answer in ended.logged("answer") {
        assert_eq!(
            (&answer["status"], &answer["start"]),
            (&200.into(), &"ok".into())
        );
    }
    let seen = server.seen();
    assert_eq!(seen.len(), 2);
    assert_eq!(seen[0].path, "/a?b=c");
    assert_eq!(seen[0].header("x-own"), Some("yes"));
    assert_eq!(
        seen[0].header("host"),
        Some(server.url().trim_start_matches("http://"))
    );
    assert_eq!(server.connections().len(), 1);
    assert_eq!(samples.values("http_req_failed"), [0.0, 0.0]);
    assert!(
        samples
            .values("http_req_waiting")
            .iter()
            .all(|ms| *ms >= 95.0)
    );
    let points = samples
        .points
        .iter()
        .filter(|point| point.metric == "http_reqs");
    for point in points {
        assert_eq!(point.tags["name"], server.url() + "/a?b=c");
        assert_eq!(point.tags["url"], server.url() + "/a?b=c");
        assert_eq!(point.tags["status"], "200");
        assert_eq!(point.tags["scenario"], "default");
    }
}

#[test]
fn cookies_redirects_and_encodings_are_the_guests_own_affair() {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(&[b'x'; 1000]).expect("memory");
    let body = encoder.finish().expect("memory");
    let size = body.len();
    let server = Recorder::answering(move |_| {
        Answer::status(302)
            .header("location", "/elsewhere")
            .header("set-cookie", "a=b; Path=/")
            .header("content-encoding", "gzip")
            .body(body.clone())
    });
    let run_it = guest(&server.url())
        .test_env("REQUESTS", "2")
        .test_env("COOKIE_URL", &server.url())
        .args(["--max-redirects", "0"]);
    let (ended, _) = completed(run_it);
    for answer in ended.logged("answer") {
        assert_eq!(answer["status"], 302);
        assert_eq!(answer["size"], size);
        assert_eq!(answer["encoding"], "gzip");
    }
    let seen = server.seen();
    assert_eq!(seen.len(), 3);
    assert!(seen.iter().all(|seen| seen.header("cookie").is_none()));
}

#[test]
fn bodies_are_streamed_both_ways() {
    let server = Recorder::answering(|_| Answer::ok().body_size(64 << 20));
    let run_it = guest(&server.url())
        .test_env("METHOD", "POST")
        .test_env("BODY_BYTES", "3000000");
    let (ended, samples) = completed(run_it);
    assert_eq!(ended.only("answer")["size"], 64 << 20);
    let seen = server.seen();
    assert_eq!(seen[0].body.len(), 3_000_000);
    assert_eq!(seen[0].header("transfer-encoding"), Some("chunked"));
    assert_eq!(samples.values("http_req_failed"), [0.0]);
    assert!(ended.metric("data_received", "count") > f64::from(64 << 20));
}

#[test]
fn a_body_that_is_dropped_closes_its_connection() {
    let server = Scripted::start(|_| {
        vec![
            Step::ReadRequest,
            Step::send("HTTP/1.1 200 OK\r\n\r\n"),
            Step::SendForever(vec![b'x'; 4096]),
        ]
    });
    let (ended, samples) = completed(guest(&server.url()).test_env("READ_BYTES", "1"));
    assert_eq!(ended.only("answer")["error"], Value::Null);
    server.wait_for_ended(1);
    assert_eq!(samples.values("http_req_failed"), [0.0]);
}

#[test]
fn failures_have_the_codes_of_wasi_and_of_brunt() {
    let refused = guest("127.0.0.1:9");
    let denied = guest("127.0.0.1:9").args(["--deny-host", "127.0.0.1/32"]);
    let blocked = guest("denied.test").args(["--deny-host", "denied.test"]);
    for (brunt, words, code) in [
        (refused, "ConnectionRefused", "1212"),
        (denied, "DestinationIpProhibited", "1110"),
        (blocked, "HttpRequestDenied", "1111"),
    ] {
        let (ended, samples) = completed(brunt);
        assert!(error(&ended).contains(words), "{}", error(&ended));
        assert_eq!(samples.values("http_req_failed"), [1.0]);
        assert_eq!(samples.error_code(), code);
    }
}

#[test]
fn the_timeouts_of_a_request_are_kept() {
    let silent = Scripted::start(|_| vec![Step::ReadRequest, Step::AwaitClose]);
    let (ended, samples) = completed(guest(&silent.url()).test_env("FIRST_BYTE_MS", "300"));
    assert!(
        error(&ended).contains("ConnectionReadTimeout"),
        "{}",
        error(&ended)
    );
    assert_eq!(samples.error_code(), "1050");
    let half = "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf";
    let stuck =
        Scripted::start(move |_| vec![Step::ReadRequest, Step::send(half), Step::AwaitClose]);
    let (ended, samples) = completed(guest(&stuck.url()).test_env("BETWEEN_BYTES_MS", "300"));
    let answer = ended.only("answer");
    assert_eq!(answer["start"], "half");
    assert!(
        answer["error"]
            .as_str()
            .is_some_and(|text| text.contains("timeout")),
        "{answer}"
    );
    assert_eq!(samples.values("http_req_failed"), [1.0]);
    assert_eq!(samples.error_code(), "1050");
}

#[test]
fn the_timeout_of_connecting_is_kept() {
    let listener = FullBacklog::new();
    let (ended, samples) = thread::scope(|scope| {
        let run_it = guest(&listener.url()).test_env("CONNECT_MS", "400");
        let running = scope.spawn(|| completed(run_it));
        listener.wait_for_client();
        running.join().expect("the run ends")
    });
    assert!(
        error(&ended).contains("ConnectionTimeout"),
        "{}",
        error(&ended)
    );
    assert_eq!(samples.error_code(), "1211");
}

#[test]
fn a_body_that_breaks_off_is_a_failed_request() {
    let cut = "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf";
    let server = Scripted::start(move |_| {
        vec![
            Step::ReadRequest,
            Step::send(cut),
            Step::wait_ms(200),
            Step::Cut,
        ]
    });
    let (ended, samples) = completed(guest(&server.url()));
    let answer = ended.only("answer");
    assert!(
        answer["error"]
            .as_str()
            .is_some_and(|text| text.contains("incomplete")),
        "{answer}"
    );
    assert_eq!(samples.values("http_req_failed"), [1.0]);
    assert_eq!(samples.error_code(), "1203");
}

#[test]
fn pythons_own_way_is_measured_too() {
    let server = Recorder::answering(|_| {
        Answer::ok()
            .after(Duration::from_millis(300))
            .body_size(100_000)
    });
    let host = server.url().replace("http://", "");
    let run_it = Brunt::guest("python/fetching")
        .test_env("HOST", &host)
        .test_env("BODY_BYTES", "50000")
        .args(["--iterations", "1"]);
    let (ended, samples) = completed(run_it);
    assert_eq!(ended.metric("checks", "value"), 1.0);
    for answer in ended.logged("answer") {
        assert_eq!(
            (&answer["status"], &answer["size"]),
            (&200.into(), &100_000.into())
        );
    }
    let seen = server.seen();
    assert_eq!(seen.len(), 2);
    assert!(seen.iter().all(|seen| seen.body.len() == 50_000));
    // Its event loop sends both at once.
    assert!(seen[1].at - seen[0].at < Duration::from_millis(250));
    assert_eq!(samples.values("http_reqs").len(), 2);
    assert_eq!(samples.values("http_req_failed"), [0.0, 0.0]);
}
