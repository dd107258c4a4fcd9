//! Tests what a request can be told and what a response tells: bodies, cookies, log-ins, redirects, verdicts.

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
fn only(ended: &Ended, word: &str) -> Value {
    let mut logged = ended.logged(word);
    assert_eq!(logged.len(), 1, "{word}: {}", ended.stderr);
    logged.remove(0)
}

#[track_caller]
fn jar(ended: &Ended) -> Vec<Value> {
    let logged = ended.logged("JAR").into_iter();
    logged.map(|line| line["cookies"].clone()).collect()
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

/// Sets cookies by path, and tells the cookies that came.
fn baker(seen: &Seen) -> Answer {
    let answer = Answer::ok().body(seen.header("cookie").unwrap_or("none"));
    match seen.path.as_str() {
        "/set" => answer
            .header(
                "Set-Cookie",
                "a=1; Path=/; HttpOnly; SameSite=Lax; Max-Age=60",
            )
            .header("Set-Cookie", "b=2; Path=/deep")
            .header("Set-Cookie", "foreign=3; Domain=example.com")
            .header(
                "Set-Cookie",
                "gone=4; Expires=Thu, 01 Jan 1970 00:00:00 GMT",
            ),
        "/hop" => Answer::status(302)
            .header("Set-Cookie", "hop=5")
            .header("Location", "/end"),
        _ => answer,
    }
}

fn bodies(ended: &Ended) -> Vec<String> {
    let responses = ended.logged("RESPONSE").into_iter();
    responses
        .map(|response| response["body"].as_str().unwrap_or_default().to_owned())
        .collect()
}

#[test]
fn cookies_come_back_to_where_they_belong() {
    let server = Recorder::answering(baker);
    let plans = json!([
        { "send": { "url": "/set" } },
        { "send": { "url": "/" } },
        { "send": { "url": "/deep/er" } },
        { "send": { "url": "/hop" } },
        { "send": { "url": "/", "cookies": [["a", "mine", true], ["c", "x y", false]] } },
        { "send": { "url": "/", "own_jar": true } },
        { "send": { "url": "/", "headers": [["Cookie", "by=hand"]] } },
    ]);
    let (ended, _) = steps(&server.url(), &plans, &[]);
    let expected = [
        "none",
        "a=1",
        "b=2; a=1",
        "a=1; hop=5",
        "a=mine; c=\"x y\"; hop=5",
        "none",
        "by=hand; a=1; hop=5",
    ];
    assert_eq!(bodies(&ended), expected);
    let cookies = &ended.logged("RESPONSE")[0]["cookies"];
    assert_eq!(cookies.as_array().map(Vec::len), Some(4));
    let first = json!({
        "name": "a", "value": "1", "domain": "", "path": "/", "http_only": true, "secure": false,
        "max_age": 60, "expires": null, "same_site": "Lax",
    });
    assert_eq!(cookies[0], first);
    assert_eq!(cookies[3]["expires"], 0);
    let sent = &ended.logged("RESPONSE")[4]["sent"]["cookies"];
    assert_eq!(sent[0], json!(["a", "mine"]));
}

#[test]
fn jars_are_emptied_after_each_iteration_unless_they_must_not() {
    let plans = json!([
        { "send": { "url": "/" } },
        { "send": { "url": "/set" } },
        { "send": { "url": "/set", "own_jar": true } },
        { "send": { "url": "/", "own_jar": true } },
    ]);
    for (args, second) in [
        (&["--iterations", "2"][..], "none"),
        (&["--iterations", "2", "--config"], "a=1"),
    ] {
        let server = Recorder::answering(baker);
        let mut run = Brunt::guest("requests").base_url(&server.url());
        run = run
            .test_env("STEPS", &plans.to_string())
            .args(args[..2].iter().copied());
        if args.len() > 2 {
            run = run.config(&json!({ "noCookiesReset": true }));
        }
        let ended = run.run().expect_code(0);
        let bodies = bodies(&ended);
        assert_eq!((bodies[0].as_str(), bodies[4].as_str()), ("none", second));
        assert_eq!(bodies[3], "a=1");
        assert!(!ended.stderr.contains("noCookiesReset"), "{}", ended.stderr);
    }
}

#[test]
fn jars_are_filled_and_emptied_by_hand() {
    let server = Recorder::answering(baker);
    let plans = json!([
        { "set": ["/", "a", "1", []] },
        { "set": ["/", "b", "2", [["path", "/deep"], ["Max-Age", "100"]]] },
        { "show": "/deep/" },
        { "send": { "url": "/deep/x" } },
        { "delete": ["/", "a"] },
        { "show": "/deep/" },
        { "clear": "/deep/" },
        { "show": "/deep/" },
        { "set": ["/", "c", "1", [["colour", "red"]]] },
        { "set": ["/", "c", "1", [["domain", "example.com"]]] },
        { "set": ["/", "c d", "1", []] },
        { "show": "nowhere" },
    ]);
    let (ended, _) = steps(&server.url(), &plans, &[]);
    assert_eq!(bodies(&ended), ["b=2; a=1"]);
    let lines = jar(&ended);
    assert_eq!(lines[2], json!([["b", "2"], ["a", "1"]]));
    assert_eq!((&lines[4], &lines[6]), (&json!([["b", "2"]]), &json!([])));
    let errors: Vec<Value> = ended.logged("JAR").split_off(7);
    let expected = [
        "\"colour\" is no attribute of a cookie",
        "a cookie of 127.0.0.1 can't have the domain \"example.com\"",
        "invalid cookie name \"c d\"",
        "invalid URL \"nowhere\"",
    ];
    for (error, expected) in errors.iter().zip(expected) {
        let text = error["error"].as_str().unwrap_or_default();
        assert!(text.starts_with(expected), "{error}");
    }
}

#[test]
fn a_jar_that_is_full_forgets_and_says_so() {
    let server = Recorder::answering(|seen| {
        let cookie = format!("{}={}", &seen.path[1..], "x".repeat(400));
        Answer::ok()
            .header("Set-Cookie", &cookie)
            .body(seen.header("cookie").unwrap_or("none")[..1].to_owned())
    });
    let plans: Vec<Value> = (0..6)
        .map(|i| json!({ "send": { "url": format!("/c{i}") } }))
        .collect();
    let mut plans = Value::from(plans);
    plans
        .as_array_mut()
        .expect("a list")
        .push(json!({ "show": "/" }));
    let (ended, _) = steps(&server.url(), &plans, &["--limit", "cookies=1000"]);
    let kept = &jar(&ended)[0];
    let names: Vec<_> = kept
        .as_array()
        .into_iter()
        .flatten()
        .map(|pair| &pair[0])
        .collect();
    assert_eq!(names, ["c4", "c5"]);
    let warnings = ended.stderr.matches("limit cookies reached").count();
    assert_eq!(warnings, 1, "{}", ended.stderr);
}

#[test]
fn credentials_are_shown_to_the_first_host_alone() {
    let other = Recorder::start();
    let port = other.address().port();
    let server = Recorder::answering(move |seen| match seen.path.as_str() {
        "/away" => {
            Answer::status(307).header("Location", &format!("http://localhost:{port}/there"))
        }
        "/near" => Answer::status(307).header("Location", "/home"),
        _ => Answer::ok(),
    });
    let secrets = json!([["X-Plain", "1"], ["Proxy-Authorization", "secret"]]);
    let plan = |url: &str| {
        json!({ "send": { "method": "POST", "url": url, "body": "again", "basic": ["me", "you"],
                          "cookies": [["id", "7", false]], "headers": secrets } })
    };
    let inside = server.url().replace("//", "//us%65r:pass@");
    let plans = json!([plan("/away"), plan("/near"), { "send": { "url": format!("{inside}/in/url") } },
                       { "send": { "url": format!("{inside}/x"), "scheme": "kerberos" } }]);
    let (ended, samples) = steps(&server.url(), &plans, &[]);
    let basic = Some("Basic bWU6eW91");
    let seen = server.seen();
    for seen in &seen[..3] {
        assert_eq!(seen.header("authorization"), basic, "{}", seen.path);
        assert_eq!(
            (seen.header("cookie"), seen.body.as_slice()),
            (Some("id=7"), &b"again"[..])
        );
    }
    assert_eq!(
        seen[2].header("referer"),
        Some(format!("{}/near", server.url()).as_str())
    );
    assert_eq!(seen[3].header("authorization"), Some("Basic dXNlcjpwYXNz"));
    let away = &other.seen()[0];
    assert_eq!(
        (away.method.as_str(), away.body.as_slice()),
        ("POST", &b"again"[..])
    );
    for secret in ["authorization", "cookie", "proxy-authorization"] {
        assert_eq!(away.header(secret), None, "{secret}");
    }
    assert_eq!(away.header("x-plain"), Some("1"));
    let urls = samples.tag_values("http_reqs", "url");
    let masked = server.url().replace("//", "//****:****@") + "/in/url";
    assert!(urls.contains(&masked.as_str()), "{urls:?}");
    assert!(!ended.stderr.contains("pass@"), "{}", ended.stderr);
    let error = only(&ended, "ERROR");
    assert_eq!(
        error["message"],
        "unknown auth scheme \"kerberos\", use basic, digest or ntlm"
    );
}

#[test]
fn redirects_change_methods_and_bodies_as_go_does() {
    let server = Recorder::answering(|seen| {
        let status = seen.path[1..].parse().ok();
        status.map_or_else(Answer::ok, |status| {
            Answer::status(status).header("Location", "../end?x")
        })
    });
    let cases = [
        ("POST", 301, "GET"),
        ("PUT", 302, "GET"),
        ("DELETE", 303, "GET"),
        ("HEAD", 302, "HEAD"),
        ("POST", 307, "POST"),
        ("PATCH", 308, "PATCH"),
        ("GET", 303, "GET"),
    ];
    for (method, status, then) in cases {
        let headers = json!([["Content-Type", "text/x"], ["Host", "other.example"]]);
        let plans = json!([{ "send": { "method": method, "url": format!("/{status}"), "body": "b", "headers": headers } }]);
        let before = server.seen().len();
        let (ended, _) = steps(&server.url(), &plans, &[]);
        let end = &server.seen()[before + 1];
        assert_eq!(
            (end.method.as_str(), end.path.as_str()),
            (then, "/end?x"),
            "{method} {status}"
        );
        let keeps = status > 303;
        assert_eq!(end.body.is_empty(), !keeps, "{method} {status}");
        assert_eq!(end.header("content-type").is_some(), keeps);
        assert_eq!(end.header("host"), Some("other.example"));
        let response = only(&ended, "RESPONSE");
        assert_eq!(response["url"], format!("{}/end?x", server.url()));
        assert_eq!(
            response["sent"]["url"],
            format!("{}/{status}", server.url())
        );
        assert_eq!(response["sent"]["method"], method);
    }
}

#[test]
fn a_redirect_to_nowhere_is_a_response_and_an_endless_one_ends() {
    let server = Recorder::answering(|seen| match seen.path.as_str() {
        "/nowhere" => Answer::status(302),
        "/nonsense" => Answer::status(302).header("Location", "http://["),
        "/ftp" => Answer::status(302).header("Location", "ftp://host/"),
        _ => Answer::status(302).header("Location", "/endless"),
    });
    let plans = json!([
        { "send": { "url": "/nowhere" } },
        { "send": { "url": "/nonsense" } },
        { "send": { "url": "/ftp" } },
        { "send": { "url": "/endless", "redirects": 1 } },
    ]);
    let (ended, _) = steps(&server.url(), &plans, &[]);
    let statuses: Vec<_> = ended
        .logged("RESPONSE")
        .iter()
        .map(|r| r["status"].clone())
        .collect();
    assert_eq!(statuses, [302, 302]);
    let codes: Vec<_> = ended
        .logged("ERROR")
        .iter()
        .map(|e| e["code"].clone())
        .collect();
    assert_eq!(codes, [1020, 1020]);
    assert!(!ended.stderr.contains("stopped after"), "{}", ended.stderr);

    let plans = json!([{ "send": { "url": "/endless" } }, { "send": { "url": "/endless" } }]);
    let (ended, _) = steps(&server.url(), &plans, &["--max-redirects", "3"]);
    assert_eq!(ended.logged("RESPONSE")[0]["status"], 302);
    assert_eq!(ended.metric("http_reqs", "count"), 8.0);
    let warning = format!("{}/endless: stopped after 3 redirects", server.url());
    assert_eq!(
        ended.stderr.matches(&warning).count(),
        1,
        "{}",
        ended.stderr
    );
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
