//! Tests what goes over the wire: request lines, hosts, headers and lengths, as k6's client sends them.

use brunt_e2e::{Answer, Brunt, Recorder, Scripted, Step};
use serde_json::{Value, json};

use crate::failures::answering;
use crate::requests::steps;
use crate::samples::run_with_samples;

/// What a URL's end is sent as, on a server of this address.
const SENT: &[(&str, &str)] = &[
    ("", "/"),
    ("?x=1", "/?x=1"),
    ("/?", "/?"),
    ("/a/../b", "/a/../b"),
    ("/./a//b/..", "/./a//b/.."),
    ("/%7e%41", "/%7e%41"),
    ("/a%2Fb", "/a%2Fb"),
    ("/a b", "/a%20b"),
    ("/ü", "/%C3%BC"),
    ("/a!'()*[]", "/a!'()*[]"),
    ("/{id}|<x>", "/%7Bid%7D%7C%3Cx%3E"),
    ("/?q=ü&r={}|'", "/?q=ü&r={}|'"),
    ("/?q=a b", "/?q=a%20b"),
    ("/x#part", "/x"),
    ("?q#part", "/?q"),
];

/// Paths and queries once went out normalised: without dot segments, `%7e` as `~`.
#[test]
fn urls_are_sent_as_go_sends_them() {
    let server = Recorder::start();
    let urls = SENT.iter().map(|(end, _)| format!("{}{end}", server.url()));
    let plans: Value = urls.map(|url| json!({ "send": { "url": url } })).collect();
    steps(&server.url(), &plans, &[]);
    let seen = server.seen();
    let paths: Vec<&str> = seen.iter().map(|seen| seen.path.as_str()).collect();
    let expected: Vec<&str> = SENT.iter().map(|(_, sent)| *sent).collect();
    assert_eq!(paths, expected);
}

#[test]
fn http2_sends_the_same_paths() {
    let server = Recorder::tls(|_| Answer::ok());
    let plans = json!([
        { "send": { "url": "/a/../b?x=%7e" } },
        { "send": { "url": "/?q=ü {}" } },
    ]);
    steps(&server.url(), &plans, &["--insecure-skip-tls-verify"]);
    let seen = server.seen();
    assert_eq!(seen[0].protocol, "HTTP/2.0");
    let paths: Vec<&str> = seen.iter().map(|seen| seen.path.as_str()).collect();
    assert_eq!(paths, ["/a/../b?x=%7e", "/?q=ü%20{}"]);
}

#[test]
fn redirects_resolve_dot_segments() {
    let server = Recorder::answering(|seen| match seen.path.as_str() {
        "/a/../b/c" => Answer::status(302).header("Location", "../d/./e?q=a b"),
        "/d/e?q=a%20b" => Answer::status(302).header("Location", "/..//f/%7e"),
        _ => Answer::ok(),
    });
    let (ended, _) = steps(
        &server.url(),
        &json!([{ "send": { "url": "/a/../b/c" } }]),
        &[],
    );
    let seen = server.seen();
    let paths: Vec<&str> = seen.iter().map(|seen| seen.path.as_str()).collect();
    assert_eq!(paths, ["/a/../b/c", "/d/e?q=a%20b", "/f/%7e"]);
    let url = format!("{}/f/%7e", server.url());
    assert_eq!(ended.logged("RESPONSE")[0]["url"], url);
}

#[test]
fn hosts_are_told_as_they_were_written() {
    let server = Recorder::start();
    let address = server.address();
    let port = address.port();
    let hosts = json!({
        "xn--bcher-kva.example": address.to_string(),
        "api.example": address.to_string(),
    });
    let plans = json!([
        { "send": { "url": "http://Bücher.example/" } },
        { "send": { "url": "http://API.example:80/" } },
        { "send": { "url": format!("http://LocalHost:{port}/") } },
        { "send": { "url": "http://[fe80::8%25no-such-interface]/" } },
    ]);
    let run = Brunt::guest("requests").test_env("STEPS", &plans.to_string());
    let ended = run.config(&json!({ "hosts": hosts })).run().expect_code(0);
    let seen = server.seen();
    let told: Vec<_> = seen.iter().map(|seen| seen.header("host")).collect();
    let local = format!("LocalHost:{port}");
    let expected = [
        Some("xn--bcher-kva.example"),
        Some("API.example:80"),
        Some(&local),
    ];
    assert_eq!(told, expected);
    let error = &ended.logged("ERROR")[0];
    assert_eq!(error["code"], 1101, "{error}");
    let message = error["message"].as_str().unwrap_or_default();
    assert!(message.contains("no network interface"), "{message}");
}

#[test]
fn what_is_no_url_is_told_and_counted() {
    let urls = [
        ("http://host/%zz", "invalid escape \"%zz\""),
        ("http://host:99999/", "invalid port \"99999\""),
        ("http://u ser:secret@host/", "user or password"),
        ("http://ho st/", "invalid host"),
        ("http:/host/", "it has no host"),
        ("http://host/\n", "control character"),
    ];
    let plans: Value = urls
        .iter()
        .map(|(url, _)| json!({ "send": { "url": url } }))
        .collect();
    let (ended, samples) = steps("http://127.0.0.1:1", &plans, &[]);
    let errors = ended.logged("ERROR");
    assert_eq!(errors.len(), urls.len());
    for (error, (url, words)) in errors.iter().zip(urls) {
        let message = error["message"].as_str().unwrap_or_default();
        assert!(
            error["code"] == 1020 && message.contains(words),
            "{url}: {error}"
        );
    }
    assert!(!ended.stderr.contains("secret"), "{}", ended.stderr);
    assert_eq!(samples.tag_values("http_reqs", "error_code"), ["1020"; 6]);
}

#[test]
fn nothing_is_sent_while_a_test_initialises() {
    let server = Recorder::start();
    let run = Brunt::guest("requests").test_env("IN_INIT", &server.url());
    let ended = run.run().expect_code(0);
    let errors = ended.logged("ERROR");
    let message = "requests are not allowed in init";
    assert!(!errors.is_empty());
    for error in errors {
        assert_eq!(error, json!({ "code": 1000, "message": message }));
    }
    assert_eq!(server.seen().len(), 0);
}

#[test]
fn credentials_in_a_url_are_masked_in_its_tags() {
    let server = Recorder::start();
    let inside = server.url().replace("//", "//me%40home:p%3Ass@");
    let (_, samples) = steps(
        &server.url(),
        &json!([{ "send": { "url": format!("{inside}/x") } }]),
        &[],
    );
    let seen = server.seen();
    // me@home:p:ss
    assert_eq!(
        seen[0].header("authorization"),
        Some("Basic bWVAaG9tZTpwOnNz")
    );
    let masked = server.url().replace("//", "//****:****@") + "/x";
    for tag in ["url", "name"] {
        assert_eq!(samples.tag_values("http_reqs", tag), [&masked], "{tag}");
    }
}

#[test]
fn a_name_stands_for_many_urls() {
    let server = Recorder::start();
    let plans = json!([
        { "send": { "url": "/things/1", "name": "a thing" } },
        { "send": { "url": "/things/2", "name": "a thing" } },
    ]);
    let (_, samples) = steps(&server.url(), &plans, &[]);
    for tag in ["url", "name"] {
        assert_eq!(
            samples.tag_values("http_reqs", tag),
            ["a thing"; 2],
            "{tag}"
        );
    }
}

#[test]
fn a_response_tells_who_sent_it() {
    let server = Recorder::start();
    let port = server.address().port();
    let plans = json!([{ "send": { "url": format!("http://localhost:{port}/") } }]);
    let (ended, _) = steps(&server.url(), &plans, &[]);
    assert_eq!(
        ended.logged("RESPONSE")[0]["remote"],
        json!(["127.0.0.1", port])
    );
}

/// Header values beyond ASCII were once refused.
#[test]
fn header_values_may_be_any_text() {
    let server = Scripted::start(|_| {
        let mut answer =
            b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nX-Raw: a\xff\xfeb\r\nX-Text: ".to_vec();
        answer.extend_from_slice("gr\u{fc}n\r\n\r\n".as_bytes());
        vec![Step::ReadRequest, Step::Send(answer)]
    });
    let (ended, _) = steps(&server.url(), &json!([{ "send": { "url": "/" } }]), &[]);
    let headers = ended.logged("RESPONSE")[0]["headers"].to_string();
    assert!(headers.contains(r#"["x-raw","a��b"]"#), "{headers}");
    assert!(headers.contains(r#"["x-text","grün"]"#), "{headers}");

    let server = Recorder::start();
    let good = json!([["X-Text", "grün"], ["X-Empty", ""]]);
    let plans = json!([
        { "send": { "url": "/", "headers": good } },
        { "send": { "url": "/", "headers": [["X-Split", "a\r\nB: c"]] } },
        { "send": { "url": "/", "headers": [["X Name", "a"]] } },
    ]);
    let (ended, _) = steps(&server.url(), &plans, &[]);
    let seen = server.seen();
    assert_eq!(seen.len(), 1);
    assert_eq!(seen[0].header("x-text"), Some("grün"));
    assert_eq!(seen[0].header("x-empty"), Some(""));
    let errors = ended.logged("ERROR");
    assert_eq!(
        (&errors[0]["code"], &errors[1]["code"]),
        (&json!(1000), &json!(1000))
    );
}

/// A `content-length` of the test's own once went out as it was, and the server waited for bytes that never came.
#[test]
fn the_length_of_a_body_is_the_engines_to_say() {
    let server = Recorder::start();
    let wrong = json!([
        ["Content-Length", "500"],
        ["Transfer-Encoding", "chunked"],
        ["Trailer", "X"]
    ]);
    let plans = json!([
        { "send": { "method": "POST", "url": "/", "body": "four", "headers": wrong } },
        { "send": { "method": "POST", "url": "/", "body": "four", "headers": [["content-length", "4"]] } },
        { "send": { "method": "POST", "url": "/" } },
        { "send": { "method": "PUT", "url": "/" } },
        { "send": { "method": "DELETE", "url": "/" } },
        { "send": { "url": "/", "body": "a GET with a body" } },
    ]);
    let (ended, _) = steps(&server.url(), &plans, &[]);
    let seen = server.seen();
    let lengths: Vec<_> = seen
        .iter()
        .map(|seen| seen.header("content-length"))
        .collect();
    let expected = [Some("4"), Some("4"), Some("0"), Some("0"), None, Some("17")];
    assert_eq!(lengths, expected);
    for header in ["transfer-encoding", "trailer"] {
        assert_eq!(seen[0].header(header), None);
    }
    assert_eq!(seen[5].body, b"a GET with a body");
    let warning = "the content-length \"500\" is not that of the body, 4, which is sent instead";
    assert_eq!(ended.stderr.matches(warning).count(), 1, "{}", ended.stderr);
    let sent = ended.logged("RESPONSE")[2]["sent"]["headers"].to_string();
    assert!(sent.contains(r#"["content-length","0"]"#), "{sent}");
}

#[test]
fn large_bodies_arrive_whole_over_every_version() {
    for server in [Recorder::start(), Recorder::tls(|_| Answer::ok())] {
        let run = Brunt::guest("probe").base_url(&server.url());
        let run = run
            .test_env("METHOD", "POST")
            .test_env("BODY_BYTES", "3000000");
        let run = run.args(["--iterations", "2", "--insecure-skip-tls-verify"]);
        let (ended, samples) = run_with_samples(run);
        ended.expect_code(0);
        assert_eq!(samples.values("http_req_failed"), [0.0; 2]);
        let lengths: Vec<usize> = server.seen().iter().map(|seen| seen.body.len()).collect();
        assert_eq!(lengths, [3_000_000; 2]);
    }
}

/// As k6 does, the body is sent at once, whatever the server makes of `expect`.
#[test]
fn a_body_does_not_wait_for_100_continue() {
    for (answer, status) in [
        (
            "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
            200,
        ),
        (
            "HTTP/1.1 417 Expectation Failed\r\nContent-Length: 0\r\n\r\n",
            417,
        ),
    ] {
        let server = Scripted::start(move |_| answering(answer));
        let run = Brunt::guest("probe").base_url(&server.url());
        let run = run
            .test_env("METHOD", "POST")
            .test_env("BODY_BYTES", "100000");
        let run = run.test_env("HEADER", "expect=100-continue");
        let ended = run.args(["--iterations", "1"]).run().expect_code(0);
        assert_eq!(ended.logged("answer")[0]["status"], status);
        assert!(server.wait_for_ended(1)[0].received > 100_000);
    }
}

#[test]
fn headers_of_a_connection_are_left_out_over_http2() {
    let server = Recorder::tls(|_| Answer::ok());
    let own = json!([
        ["Connection", "keep-alive"],
        ["Keep-Alive", "9"],
        ["Upgrade", "x"],
        ["X-Own", "1"]
    ]);
    let plans = json!([{ "send": { "url": "/", "headers": own } }]);
    steps(&server.url(), &plans, &["--insecure-skip-tls-verify"]);
    let seen = server.seen();
    assert_eq!(
        (seen[0].protocol, seen[0].header("x-own")),
        ("HTTP/2.0", Some("1"))
    );
    for header in ["connection", "keep-alive", "upgrade"] {
        assert_eq!(seen[0].header(header), None, "{header}");
    }
}
