//! Tests the scripts of k6's guide to API load testing, byte for byte: `hosts` leads them to a server of our own.

use std::time::Duration;

use brunt_e2e::{Answer, Authority, Brunt, Recorder, Running, Seen, ServerTls};
use serde_json::{Value, json};

const HOST: &str = "httpbin.test.k6.io";

/// Answers as httpbin does: with what it was sent.
fn echo(seen: &Seen) -> Answer {
    let sent: Value = serde_json::from_slice(&seen.body).unwrap_or_default();
    let body = json!({ "json": sent }).to_string();
    Answer::ok()
        .header("content-type", "application/json")
        .body(body)
}

/// A server that the scripts take for httpbin, and a run of one of them.
struct Guide {
    server: Recorder,
    authority: Authority,
}

impl Guide {
    fn new(answer: fn(&Seen) -> Answer) -> Guide {
        let authority = Authority::new();
        let credentials = authority.issue(&[HOST]);
        let server = Recorder::tls_as(ServerTls::new(&credentials).config(), answer);
        Guide { server, authority }
    }

    fn script(&self, name: &str) -> Brunt {
        let hosts = json!({ "hosts": { HOST: self.server.address().to_string() } });
        let run = Brunt::script(&format!("guide/{name}.js")).config(&hosts);
        run.arg("--ca").arg(self.authority.ca_file())
    }
}

/// Waits for so many requests, then ends the run: the guide's own durations are half a minute.
fn interrupted(guide: &Guide, run: Running, requests: usize) -> brunt_e2e::Ended {
    guide.server.wait_for(requests);
    run.interrupt();
    run.wait().expect_code(105)
}

fn expect_posts(seen: &[Seen]) {
    for seen in seen {
        assert_eq!((&*seen.method, &*seen.path), ("POST", "/post"));
        assert_eq!(seen.header("content-type"), Some("application/json"));
        assert_eq!(
            seen.header("host")
                .or(seen.header(":authority"))
                .unwrap_or(HOST),
            HOST
        );
        assert_eq!(seen.body, br#"{"name":"lorem","surname":"ipsum"}"#);
    }
}

#[test]
fn a_single_endpoint() {
    let guide = Guide::new(echo);
    let ended = guide.script("single_endpoint").run().expect_code(0);
    assert_eq!(ended.metric("http_reqs", "count"), 1.0);
    assert_eq!(ended.metric("iterations", "count"), 1.0);
    let seen = guide.server.seen();
    assert_eq!(seen.len(), 1);
    expect_posts(&seen);
}

#[test]
fn virtual_users() {
    let guide = Guide::new(|seen| echo(seen).after(Duration::from_millis(100)));
    let run = guide.script("virtual_users").start();
    let ended = interrupted(&guide, run, 200);
    assert_eq!(ended.metric("vus_max", "max"), 50.0);
    assert_eq!(guide.server.connections().len(), 50);
    expect_posts(&guide.server.seen());
}

#[test]
fn a_request_rate() {
    let guide = Guide::new(echo);
    let run = guide.script("request_rate").start();
    let ended = interrupted(&guide, run, 100);
    let seen = guide.server.seen();
    let span = seen[99].at - seen[0].at;
    // The hundredth is due 99/50 seconds after the first.
    let off = span.as_secs_f64() - 1.98;
    assert!(off.abs() < 0.5, "{span:?}");
    assert!(ended.stdout.contains("my_scenario1"), "{}", ended.stdout);
    expect_posts(&seen);
}

#[test]
fn checks() {
    let guide = Guide::new(echo);
    let run = guide.script("checks").start();
    let ended = interrupted(&guide, run, 60);
    assert_eq!(ended.metric("checks", "fails"), 0.0);
    assert_eq!(ended.metric("checks", "passes") % 3.0, 0.0);
    for name in [
        "Post status is 200",
        "Post Content-Type header",
        "Post response name",
    ] {
        let line = format!("✓ {name}");
        assert!(ended.stdout.contains(&line), "{}", ended.stdout);
    }
}

#[test]
fn checks_that_fail() {
    let guide = Guide::new(|_| Answer::status(503));
    let run = guide.script("checks").start();
    let ended = interrupted(&guide, run, 60);
    assert_eq!(ended.metric("checks", "passes"), 0.0);
    assert!(
        ended.stdout.contains("✗ Post response name"),
        "{}",
        ended.stdout
    );
    assert!(
        !ended.stderr.contains("iteration failed"),
        "{}",
        ended.stderr
    );
}

#[test]
fn data_parameterization() {
    let guide = Guide::new(echo);
    let run = guide.script("parameterization");
    let ended = run
        .args(["--vus", "4", "--iterations", "40"])
        .run()
        .expect_code(0);
    assert_eq!(ended.metric("checks", "passes"), 120.0);
    let mut bodies: Vec<Vec<u8>> = guide
        .server
        .seen()
        .into_iter()
        .map(|seen| seen.body)
        .collect();
    bodies.sort_unstable();
    bodies.dedup();
    let users: [&[u8]; 2] = [
        br#"{"name":"dolorem","surname":"ipsum"}"#,
        br#"{"name":"lorem","surname":"ipsum"}"#,
    ];
    assert_eq!(bodies, users);
}

#[test]
fn error_handling() {
    let guide = Guide::new(echo);
    let ended = guide.script("error_handling").run().expect_code(0);
    assert_eq!(ended.metric("checks", "passes"), 3.0);
    let seen = guide.server.seen();
    let requests: Vec<(&str, &str)> = seen
        .iter()
        .map(|seen| (&*seen.method, &*seen.path))
        .collect();
    assert_eq!(requests, [("POST", "/post"), ("PATCH", "/patch")]);
    let sent: Value = serde_json::from_slice(&seen[1].body).expect("JSON");
    assert!(["lorem", "dolorem"].contains(&sent["name"].as_str().unwrap_or_default()));
}

#[test]
fn a_module_that_is_not_there_yet_is_named() {
    let guide = Guide::new(echo);
    let ended = guide.script("grpc").run().expect_code(107);
    let words =
        r#"there is no module "k6/net/grpc" in this version of brunt; it has k6, k6/crypto"#;
    assert!(ended.stderr.contains(words), "{}", ended.stderr);
}
