//! Tests request bodies that are written while they are sent, and those that are files.

use std::time::Duration;

use brunt_e2e::{Answer, Brunt, Recorder, Scripted, Step, guest};

use crate::samples::completed;

fn uploading(url: &str) -> Brunt {
    Brunt::guest("uploading")
        .base_url(url)
        .args(["--iterations", "1", "--limit", "memory=16MiB"])
}

#[test]
fn a_body_is_sent_while_it_is_written() {
    let server = Recorder::start();
    let (ended, samples) = completed(uploading(&server.url()).test_env("PAUSE_MS", "200"));
    assert_eq!(ended.only("answer")["status"], 200);
    let seen = server.seen();
    assert_eq!(seen[0].body, b"p".repeat(20));
    assert_eq!(seen[0].header("transfer-encoding"), Some("chunked"));
    assert_eq!(seen[0].header("content-length"), None);
    let sending = samples.values("http_req_sending")[0];
    assert!((590.0..1500.0).contains(&sending), "{sending}");
    assert_eq!(samples.values("http_req_failed"), [0.0]);
}

#[test]
fn a_length_that_is_given_is_sent() {
    let server = Recorder::start();
    let (ended, _) = completed(uploading(&server.url()).test_env("LENGTH", "20"));
    assert_eq!(ended.only("answer")["status"], 200);
    let seen = server.seen();
    assert_eq!(seen[0].header("content-length"), Some("20"));
    assert_eq!(seen[0].header("transfer-encoding"), None);
    assert_eq!(seen[0].body.len(), 20);
}

#[test]
fn http2_carries_it_too() {
    let server = Recorder::tls(|_| Answer::ok());
    let run_it = uploading(&server.url()).test_env("PIECE_BYTES", "300000");
    let (ended, _) = completed(run_it.trusting(&server));
    assert_eq!(ended.only("answer")["status"], 200);
    assert_eq!(server.seen()[0].protocol, "HTTP/2.0");
    assert_eq!(server.seen()[0].body.len(), 1_200_000);
}

#[test]
fn a_wrong_length_fails_the_request() {
    for (length, words) in [("21", "1 bytes shorter"), ("19", "longer than was told")] {
        let server = Recorder::start();
        let (ended, samples) = completed(uploading(&server.url()).test_env("LENGTH", length));
        let answer = ended.only("answer");
        assert_eq!(answer["code"], 1000, "{answer}");
        let message = answer["message"].as_str().unwrap_or_default();
        let written = &ended.logged("written")[0];
        match length {
            "19" => assert_eq!(written["error"], 1000),
            _ => assert!(message.contains(words), "{message}"),
        }
        assert_eq!(samples.values("http_req_failed"), [1.0]);
        assert!(server.seen().is_empty());
    }
}

#[test]
fn a_body_that_is_dropped_breaks_the_request_off() {
    let server = Recorder::start();
    let dropped = uploading(&server.url())
        .test_env("MODE", "drop")
        .test_env("PIECES", "1");
    let (ended, samples) = completed(dropped);
    let answer = ended.only("answer");
    assert_eq!(answer["code"], 1000, "{answer}");
    assert!(
        answer["message"]
            .as_str()
            .is_some_and(|text| text.contains("dropped before"))
    );
    assert_eq!(samples.values("http_req_failed"), [1.0]);
    assert!(server.seen().is_empty());
}

#[test]
fn a_writer_waits_for_a_server_that_does_not_read() {
    let server = Scripted::start(|_| {
        vec![
            Step::ReadHead,
            Step::wait_ms(1000),
            Step::ReadBody,
            Step::respond("ok"),
            Step::AwaitClose,
        ]
    });
    // More than the system's own buffers take, in a guest that could not hold it.
    let run_it = uploading(&server.url())
        .test_env("PIECES", "1000")
        .test_env("PIECE_BYTES", "65536")
        .test_env("LENGTH", "65536000");
    let (ended, samples) = completed(run_it);
    assert_eq!(ended.only("answer")["status"], 200);
    let sending = samples.values("http_req_sending")[0];
    assert!(sending >= 900.0, "{sending}");
    assert!(server.passed()[0].received > 65_536_000);
}

#[test]
fn an_early_answer_is_the_answer() {
    let early =
        "HTTP/1.1 413 Payload Too Large\r\nContent-Length: 3\r\nConnection: close\r\n\r\nno!";
    let server = Scripted::start(move |_| vec![Step::ReadHead, Step::send(early)]);
    let run_it = uploading(&server.url())
        .test_env("PIECES", "100")
        .test_env("PIECE_BYTES", "1000")
        .test_env("PAUSE_MS", "20");
    let (ended, samples) = completed(run_it);
    let answer = ended.only("answer");
    assert_eq!(
        (&answer["status"], &answer["body"]),
        (&413.into(), &"no!".into())
    );
    assert_eq!(ended.logged("written")[0]["error"], 1201);
    assert_eq!(samples.values("http_req_failed"), [1.0]);
}

#[test]
fn a_request_that_fails_tells_the_writer() {
    let run_it = uploading("http://127.0.0.1:9").test_env("PAUSE_MS", "100");
    let (ended, samples) = completed(run_it);
    assert_eq!(ended.only("answer")["code"], 1212);
    assert_eq!(ended.logged("written")[0]["error"], 1212);
    assert_eq!(samples.values("http_req_failed"), [1.0]);
    // The timeout covers the writing.
    let server = Scripted::start(|_| vec![Step::ReadHead, Step::AwaitClose]);
    let run_it = uploading(&server.url())
        .test_env("PAUSE_MS", "200")
        .test_env("PIECES", "50")
        .test_env("TIMEOUT_MS", "500");
    let (ended, _) = completed(run_it);
    assert_eq!(ended.logged("written")[0]["error"], 1050);
    assert_eq!(ended.only("answer")["code"], 1050);
}

#[test]
fn what_would_repeat_the_body_fails_and_says_so() {
    let server = Recorder::answering(|seen| match (seen.path.as_str(), seen.method.as_str()) {
        ("/307", _) => Answer::status(307).header("location", "/there"),
        ("/303", _) => Answer::status(303).header("location", "/there"),
        ("/digest", _) => Answer::status(401).header(
            "www-authenticate",
            "Digest realm=\"r\", nonce=\"n\", qop=\"auth\"",
        ),
        _ => Answer::ok(),
    });
    for path in ["/307", "/digest"] {
        let run_it = uploading(&(server.url() + path));
        let run_it = match path {
            "/digest" => run_it.test_env("DIGEST", "1"),
            _ => run_it,
        };
        let (ended, samples) = completed(run_it);
        let answer = ended.only("answer");
        assert_eq!(answer["code"], 1000, "{path}: {answer}");
        assert!(
            answer["message"]
                .as_str()
                .is_some_and(|text| text.contains("can't be sent again"))
        );
        assert_eq!(samples.values("http_req_failed"), [0.0, 1.0], "{path}");
    }
    let (ended, _) = completed(uploading(&(server.url() + "/303")));
    assert_eq!(ended.only("answer")["status"], 200);
    let seen = server.seen();
    assert_eq!(seen.last().map(|seen| seen.method.as_str()), Some("GET"));
}

#[test]
fn a_streamed_body_is_not_compressed_and_says_so() {
    let server = Recorder::start();
    let (ended, _) = completed(uploading(&server.url()).test_env("COMPRESS", "1"));
    let answer = ended.only("answer");
    assert!(
        answer["message"]
            .as_str()
            .is_some_and(|text| text.contains("not compressed")),
        "{answer}"
    );
    assert!(server.seen().is_empty());
}

#[test]
fn a_file_is_sent_without_a_copy_in_the_guest() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let test = folder.path().join("uploading.wasm");
    std::fs::copy(guest("uploading"), &test).expect("a copy of the guest");
    let content: Vec<u8> = (0..64_u32 << 20).map(|index| (index % 251) as u8).collect();
    std::fs::write(folder.path().join("upload.txt"), &content).expect("a writable folder");
    let server = Recorder::answering(|seen| match seen.path.as_str() {
        "/307" => Answer::status(307).header("location", "/there"),
        _ => Answer::ok(),
    });
    let brunt = Brunt::test(&test)
        .base_url(&(server.url() + "/307"))
        .test_env("MODE", "file")
        .args(["--iterations", "1", "--limit", "memory=16MiB"]);
    let (ended, _) = completed(brunt.limit(Duration::from_secs(90)));
    assert_eq!(ended.only("answer")["status"], 200);
    let seen = server.seen();
    assert_eq!(seen.len(), 2);
    for one in &seen {
        assert_eq!(one.header("content-length"), Some("67108864"));
        assert!(one.body == content, "{} bytes", one.body.len());
    }
}
