//! Tests what a request can be told and what a response tells: bodies, codings, URLs, verdicts.

use std::io::Write;

use brunt_e2e::{Answer, Brunt, Ended, Recorder, Seen};
use flate2::Compression;
use flate2::write::{GzEncoder, ZlibEncoder};
use serde_json::{Value, json};

use crate::samples::{Samples, run_with_samples};

/// Runs these steps once.
pub(crate) fn steps(url: &str, steps: &Value, args: &[&str]) -> (Ended, Samples) {
    let run = Brunt::guest("requests")
        .base_url(url)
        .test_env("STEPS", &steps.to_string());
    let (ended, samples) = run_with_samples(run.args(args.iter().copied()));
    (ended.expect_code(0), samples)
}

/// What the one request of a run brought.
#[track_caller]
pub(crate) fn only(ended: &Ended, word: &str) -> Value {
    let mut logged = ended.logged(word);
    assert_eq!(logged.len(), 1, "{word}: {}", ended.stderr);
    logged.remove(0)
}

fn gzipped(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).expect("memory");
    encoder.finish().expect("memory")
}

fn deflated(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).expect("memory");
    encoder.finish().expect("memory")
}

#[test]
fn forms_are_encoded_and_say_so() {
    let server = Recorder::start();
    let plans = json!([
        { "send": { "method": "POST", "url": "/", "form": [["a b", "1&2"], ["ü", "="]] } },
        { "send": { "method": "POST", "url": "/", "form": [["a", "1"]], "headers": [["Content-Type", "text/x"]] } },
    ]);
    let (ended, _) = steps(&server.url(), &plans, &[]);
    let seen = server.seen();
    assert_eq!(seen[0].body, b"a+b=1%262&%C3%BC=%3D");
    let form = "application/x-www-form-urlencoded";
    assert_eq!(seen[0].header("content-type"), Some(form));
    assert_eq!(seen[1].header("content-type"), Some("text/x"));
    let sent = &ended.logged("RESPONSE")[0]["sent"];
    assert_eq!(sent["body"], "a+b=1%262&%C3%BC=%3D");
    let headers = sent["headers"].to_string();
    assert!(headers.contains(r#"["content-type","application/x-www-form-urlencoded"]"#));
    assert!(headers.contains(r#"["content-length","20"]"#), "{headers}");
    assert!(
        headers.contains("user-agent") && headers.contains("host"),
        "{headers}"
    );
    assert_eq!(sent["method"], "POST");
}

#[test]
fn parts_make_a_multipart_body() {
    let server = Recorder::start();
    let parts = json!([
        ["title", null, null, "a cat"],
        ["photo", "c\"at.png", "image/png", "PNG"]
    ]);
    let plans = json!([{ "send": { "method": "POST", "url": "/", "parts": parts } }]);
    steps(&server.url(), &plans, &[]);
    let seen = &server.seen()[0];
    let content_type = seen.header("content-type").expect("a content type");
    let boundary = content_type
        .strip_prefix("multipart/form-data; boundary=")
        .expect("a boundary");
    let expected = format!(
        "--{boundary}\r\nContent-Disposition: form-data; name=\"title\"\r\n\r\na cat\r\n\
         --{boundary}\r\nContent-Disposition: form-data; name=\"photo\"; filename=\"c%22at.png\"\r\n\
         Content-Type: image/png\r\n\r\nPNG\r\n--{boundary}--\r\n"
    );
    assert_eq!(String::from_utf8_lossy(&seen.body), expected);
}

#[test]
fn bodies_are_compressed_in_the_order_asked_for() {
    let server = Recorder::start();
    let text = "so it goes, ".repeat(50);
    let plans = json!([
        { "send": { "method": "POST", "url": "/", "body": text, "compress": ["deflate", "gzip"] } },
        { "send": { "method": "POST", "url": "/", "body": text, "compress": ["br"] } },
        { "send": { "method": "POST", "url": "/", "body": text, "compress": ["zstd"] } },
        { "send": { "method": "POST", "url": "/", "body": text, "compress": ["rar"] } },
    ]);
    let (ended, _) = steps(&server.url(), &plans, &[]);
    let seen = server.seen();
    assert_eq!(seen.len(), 3);
    let encodings: Vec<_> = seen
        .iter()
        .map(|seen| seen.header("content-encoding"))
        .collect();
    assert_eq!(encodings, [Some("deflate, gzip"), Some("br"), Some("zstd")]);
    let once = read(flate2::read::GzDecoder::new(&seen[0].body[..]));
    let twice = read(flate2::read::ZlibDecoder::new(&once[..]));
    assert_eq!(String::from_utf8(twice), Ok(text));
    assert!(seen.iter().all(|seen| seen.body.len() < 100));
    let error = only(&ended, "ERROR");
    assert_eq!(error["code"], 1000);
    assert_eq!(
        error["message"],
        "unknown compression \"rar\", use gzip, deflate, br or zstd"
    );
}

fn read(mut from: impl std::io::Read) -> Vec<u8> {
    let mut bytes = Vec::new();
    from.read_to_end(&mut bytes).expect("it is compressed");
    bytes
}

#[test]
fn responses_are_decompressed_unless_nobody_wants_them() {
    let server = Recorder::answering(|seen| match seen.path.as_str() {
        "/chain" => Answer::ok()
            .header("Content-Encoding", "deflate, gzip")
            .body(gzipped(&deflated(b"plain"))),
        "/unknown" => Answer::ok()
            .header("Content-Encoding", "secret")
            .body("as it is"),
        "/broken" => Answer::ok()
            .header("Content-Encoding", "gzip")
            .body("not gzip"),
        _ => Answer::ok()
            .header("Content-Encoding", "gzip")
            .body(gzipped(&vec![b'x'; 3 << 20])),
    });
    let plans = json!([
        { "send": { "url": "/chain" } },
        { "send": { "url": "/unknown" } },
        { "send": { "url": "/bomb", "discard": true } },
        { "send": { "url": "/broken" } },
        { "send": { "url": "/bomb" } },
    ]);
    let (ended, samples) = steps(&server.url(), &plans, &["--limit", "responseBody=1MiB"]);
    let responses = ended.logged("RESPONSE");
    assert_eq!(
        (&responses[0]["body"], &responses[0]["size"]),
        (&json!("plain"), &json!(5))
    );
    assert_eq!(responses[1]["body"], "as it is");
    assert_eq!(responses[2]["body"], "");
    assert!(
        responses[2]["size"]
            .as_u64()
            .is_some_and(|size| size < 10_000)
    );
    let errors = ended.logged("ERROR");
    assert_eq!(
        (&errors[0]["code"], &errors[1]["code"]),
        (&json!(1701), &json!(1000))
    );
    let message = errors[1]["message"].as_str().expect("words");
    assert!(
        message.starts_with("limit responseBody reached"),
        "{message}"
    );
    // What came and could not be used is measured all the same.
    assert_eq!(samples.values("http_req_duration").len(), 5);
    let codes = samples.tag_values("http_reqs", "error_code");
    assert_eq!(codes, ["-", "-", "-", "1701", "1000"]);
    assert_eq!(ended.metric("http_req_failed", "value"), 0.4);
}

#[test]
fn urls_are_told_as_they_were_written() {
    let server = Recorder::answering(|seen| match seen.path.as_str() {
        "/on" => {
            Answer::status(302).header("Location", &format!("http://LocalHost:{}", port_of(seen)))
        }
        _ => Answer::ok(),
    });
    let bare = server.url();
    let plans = json!([
        { "send": { "url": bare } },
        { "send": { "url": format!("{bare}/%41/ü?q=a b#top") } },
        { "send": { "url": "/on" } },
    ]);
    let (ended, samples) = steps(&server.url(), &plans, &[]);
    let other = format!("http://LocalHost:{}", server.address().port());
    let expected = [
        bare.clone(),
        format!("{bare}/A/%C3%BC?q=a b#top"),
        format!("{bare}/on"),
        other.clone(),
    ];
    assert_eq!(samples.tag_values("http_reqs", "url"), expected);
    assert_eq!(samples.tag_values("http_reqs", "name"), expected);
    let urls: Vec<_> = ended
        .logged("RESPONSE")
        .iter()
        .map(|r| r["url"].clone())
        .collect();
    assert_eq!(urls, [json!(expected[0]), json!(expected[1]), json!(other)]);
}

fn port_of(seen: &Seen) -> &str {
    let host = seen.header("host").unwrap_or_default();
    host.rsplit(':').next().unwrap_or_default()
}

#[test]
fn statuses_are_judged_as_told_or_not_at_all() {
    let server = Recorder::answering(|seen| Answer::status(seen.path[1..].parse().unwrap_or(200)));
    let plans = json!([
        { "send": { "url": "/404" } },
        { "expect": [[400, 499]] },
        { "send": { "url": "/404" } },
        { "send": { "url": "/200" } },
        { "send": { "url": "/200", "expect": [[200, 200]] } },
        { "send": { "url": "/500", "expect": [] } },
        { "expect": [] },
        { "send": { "url": "/404" } },
        { "send": { "url": "http://127.0.0.1:1/" } },
    ]);
    let (_, samples) = steps(&server.url(), &plans, &[]);
    assert_eq!(samples.values("http_reqs").len(), 7);
    assert_eq!(samples.values("http_req_failed"), [1.0, 0.0, 1.0, 0.0]);
    let verdicts = samples.tag_values("http_reqs", "expected_response");
    assert_eq!(verdicts, ["false", "true", "false", "true", "-", "-", "-"]);
}
