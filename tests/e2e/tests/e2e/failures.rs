//! Tests requests that bring no response: each failure has its code, tag and words, counts in every metric, and leaves nothing open.

use std::fs;
use std::time::{Duration, Instant};

use brunt_e2e::{Brunt, FullBacklog, Running, Scripted, Step};
use serde_json::Value;

use crate::samples::{Samples, run_with_samples};

/// What a connection does, and what the request on it comes to: code, tag and some of the words.
struct Fault {
    steps: Vec<Step>,
    code: u32,
    tag: &'static str,
    words: &'static str,
}

fn fault(steps: &[Step], code: u32, tag: &'static str, words: &'static str) -> Fault {
    Fault {
        steps: steps.to_vec(),
        code,
        tag,
        words,
    }
}

/// Reads a request and answers it with this, then closes in order.
pub(crate) fn answering(text: &str) -> Vec<Step> {
    vec![Step::ReadRequest, Step::send(text)]
}

const HEAD: &str = "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n";
pub(crate) const CHUNKED: &str = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";

const CLOSED: (u32, &str, &str) = (1203, "connection closed", "connection");
const RESET: (u32, &str, &str) = (1220, "connection reset by peer", "reset");

/// Everything a server can do wrong without TLS.
fn faults() -> Vec<Fault> {
    [endings(), malformed(), too_much(), too_late()]
        .into_iter()
        .flatten()
        .collect()
}

/// Connections that end too early, in order and by a reset, in every phase.
fn endings() -> Vec<Fault> {
    let half_a_head = "HTTP/1.1 200 OK\r\nContent-Le".to_owned();
    let some = format!("{HEAD}some");
    let half_a_chunk = format!("{CHUNKED}5\r\nhel");
    let a_chunk = format!("{CHUNKED}5\r\nhello\r\n");
    let sent = [
        String::new(),
        half_a_head,
        HEAD.to_owned(),
        some,
        half_a_chunk,
        a_chunk,
    ];
    let closed = |steps: &[Step]| fault(steps, CLOSED.0, CLOSED.1, CLOSED.2);
    let reset = |text: &String| {
        // What the client has not read when a reset comes is lost.
        let steps = [&answering(text)[..], &[Step::wait_ms(50), Step::Reset]].concat();
        fault(&steps, RESET.0, RESET.1, RESET.2)
    };
    let mut faults = vec![closed(&[])];
    faults.extend(sent.iter().map(|text| closed(&answering(text))));
    faults.extend(sent.iter().map(reset));
    faults
}

/// What is not HTTP.
fn malformed() -> Vec<Fault> {
    let texts = [
        "HTTP/9.9 ???\r\n\r\n",
        "SSH-2.0-OpenSSH_9.9\r\n\r\n",
        "HTTP/1.1 20 OK\r\n\r\n",
        "HTTP/1.1 200 OK\r\nno colon\r\n\r\n",
        "HTTP/1.1 200 OK\r\nbad name: x\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: ten\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nok",
        "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    ];
    let malformed = |text| {
        fault(
            &answering(text),
            1000,
            "request failed",
            "malformed response",
        )
    };
    let mut faults: Vec<Fault> = texts.into_iter().map(malformed).collect();
    let chunk = format!("{CHUNKED}five\r\nhello\r\n0\r\n\r\n");
    faults.push(fault(&answering(&chunk), 1000, "request failed", "chunk"));
    faults
}

/// Heads and bodies beyond the limits, with an end and without.
fn too_much() -> Vec<Fault> {
    let headers: String = (0..101).map(|n| format!("X-{n}: y\r\n")).collect();
    let many = format!("HTTP/1.1 200 OK\r\n{headers}\r\n");
    let large = format!("HTTP/1.1 200 OK\r\nX: {}\r\n\r\n", "x".repeat(2_000_000));
    let endless = |start: &str, text: &str| {
        let forever = Step::SendForever(text.repeat(1000).into_bytes());
        [&answering(start)[..], &[forever]].concat()
    };
    let head = endless("HTTP/1.1 200 OK\r\n", "X: y\r\n");
    let body = endless(CHUNKED, "5\r\nhello\r\n");
    let words = "limit responseBody reached";
    vec![
        fault(
            &answering(&many),
            1000,
            "request failed",
            "limit responseHeaders (100) or responseHead (409600 bytes) reached",
        ),
        fault(
            &answering(&large),
            1000,
            "request failed",
            "limit responseHeaders (100) or responseHead (409600 bytes) reached",
        ),
        fault(
            &head,
            1000,
            "request failed",
            "limit responseHeaders (100) or responseHead (409600 bytes) reached",
        ),
        fault(&body, 1000, "request failed", words),
    ]
}

/// No answer, half a head, half a body, and informational responses with nothing after them.
fn too_late() -> Vec<Fault> {
    let early_hints = "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n";
    let sent = ["", "HTTP/1.1 200 OK\r\n", HEAD, early_hints];
    let late = |text| {
        let steps = [&answering(text)[..], &[Step::AwaitClose]].concat();
        fault(&steps, 1050, "request timeout", "waiting for the response")
    };
    sent.into_iter().map(late).collect()
}

/// Checks what the test and the samples were told of failed requests, one for each of `expected`: code, tag, words.
fn expect_failures(answers: &[Value], samples: &Samples, expected: &[(u32, &str, &str)]) {
    let told = answers.iter().zip(expected).enumerate();
    for (number, (answer, (code, _, words))) in told {
        assert_eq!(answer["code"], *code, "request {number}: {answer}");
        let message = answer["message"].as_str().unwrap_or_default();
        assert!(message.contains(words), "request {number}: {answer}");
    }
    assert_eq!(answers.len(), expected.len());
    let codes: Vec<String> = expected.iter().map(|(code, ..)| code.to_string()).collect();
    assert_eq!(samples.tag_values("http_reqs", "error_code"), codes);
    let tags: Vec<&str> = expected.iter().map(|(_, tag, _)| *tag).collect();
    assert_eq!(samples.tag_values("http_reqs", "error"), tags);
    expect_counted(samples, expected.len());
}

/// Checks that so many requests count as failed in every metric.
fn expect_counted(samples: &Samples, count: usize) {
    let all = |value: &str| vec![value.to_owned(); count];
    for metric in METRICS {
        assert_eq!(samples.values(metric).len(), count, "{metric}");
        assert_eq!(samples.tag_values(metric, "status"), all("0"), "{metric}");
        let expected = samples.tag_values(metric, "expected_response");
        assert_eq!(expected, all("false"), "{metric}");
    }
    assert_eq!(samples.values("http_req_failed"), vec![1.0; count]);
}

const METRICS: [&str; 9] = [
    "http_reqs",
    "http_req_failed",
    "http_req_duration",
    "http_req_blocked",
    "http_req_connecting",
    "http_req_tls_handshaking",
    "http_req_sending",
    "http_req_waiting",
    "http_req_receiving",
];

#[test]
fn whatever_a_server_does_a_request_fails_as_documented_and_the_run_goes_on() {
    let faults = faults();
    let expected: Vec<_> = faults.iter().map(|f| (f.code, f.tag, f.words)).collect();
    let count = faults.len();
    let server = Scripted::start(move |connection| match faults.get(connection as usize) {
        Some(fault) => fault.steps.clone(),
        None => Step::serve(1),
    });
    let run = Brunt::guest("probe").base_url(&server.url());
    let run = run
        .test_env("REQUESTS", &count.to_string())
        .test_env("TIMEOUT_MS", "700");
    let run = run.args(["--iterations", "1", "--limit", "responseBody=1MiB"]);
    let (ended, samples) = run_with_samples(run);
    let ended = ended.expect_code(0);
    expect_failures(&ended.logged("answer"), &samples, &expected);
    assert_eq!(ended.metric("iterations", "count"), 1.0);
    // One connection each: none was used again, and none was left open.
    assert_eq!(server.wait_for_ended(count).len(), count);
    // Each kind is told once, with the first that failed so.
    for code in [1000, 1050, 1203, 1220] {
        let told = format!("(error_code {code}; others like it are only counted)");
        assert_eq!(ended.stderr.matches(&told).count(), 1, "{}", ended.stderr);
    }
}

#[test]
fn a_handshake_that_fails_is_told() {
    let faults: Vec<Fault> = vec![
        fault(
            &[],
            1203,
            "connection closed",
            "TLS handshake with localhost",
        ),
        fault(
            &[Step::wait_ms(100), Step::Reset],
            1220,
            RESET.1,
            "TLS handshake",
        ),
        fault(
            &[
                Step::send("HTTP/1.1 400 Bad Request\r\n\r\n"),
                Step::AwaitClose,
            ],
            1300,
            "tls: failed",
            "TLS handshake with localhost",
        ),
        fault(
            &[Step::AwaitClose],
            1050,
            "request timeout",
            "waiting for the TLS handshake",
        ),
        // An end without a word in TLS is no orderly end of a body.
        fault(
            &[
                Step::Handshake,
                Step::ReadRequest,
                Step::send("HTTP/1.1 200 OK\r\n\r\nsome of it"),
                Step::Cut,
            ],
            1203,
            "connection closed",
            "close_notify",
        ),
    ];
    let expected: Vec<_> = faults.iter().map(|f| (f.code, f.tag, f.words)).collect();
    let count = faults.len();
    let server = Scripted::tls(move |connection| faults[connection as usize].steps.clone());
    let run = Brunt::guest("probe").base_url(&server.url());
    let run = run
        .test_env("REQUESTS", &count.to_string())
        .test_env("TIMEOUT_MS", "1000");
    let run = run.arg("--insecure-skip-tls-verify");
    let (ended, samples) = run_with_samples(run.args(["--iterations", "1"]));
    let answers = ended.expect_code(0).logged("answer");
    expect_failures(&answers, &samples, &expected);
}

/// Runs one request of the guest `probe`, which must fail, and be told and counted.
fn expect_failed(run: Brunt, expected: (u32, &str, &str)) {
    let (ended, samples) = run_with_samples(run.args(["--iterations", "1"]));
    let ended = ended.expect_code(0);
    expect_failures(&ended.logged("answer"), &samples, &[expected]);
    let words = format!("(error_code {}; others", expected.0);
    assert!(ended.stderr.contains(&words), "{}", ended.stderr);
}

#[test]
fn an_expired_certificate_is_refused() {
    let server = Scripted::expired(|_| vec![Step::Handshake]);
    let run = Brunt::guest("probe").base_url(&server.url());
    let run = run.trusting_file(server.ca_file());
    expect_failed(run, (1300, "tls: failed", "certificate expired"));
}

#[test]
fn a_request_that_makes_no_sense_is_told_and_counted() {
    let server = Scripted::start(|_| Step::serve(1));
    let probe = |url: &str| Brunt::guest("probe").base_url(url);
    let invalid = (1020, "invalid URL", "invalid URL");
    for url in ["", "not a URL", "http://", "http://exa mple.com/", "//x/"] {
        expect_failed(probe(url), invalid);
    }
    let scheme = (
        1020,
        "invalid URL",
        "unsupported scheme \"ftp\", use http or https",
    );
    expect_failed(probe("ftp://127.0.0.1/"), scheme);
    let method = (1000, "request failed", "invalid method \"GE T\"");
    expect_failed(probe(&server.url()).test_env("METHOD", "GE T"), method);
    let header = (1000, "request failed", "invalid header \"x\"");
    for value in ["x=a\r\nInjected: 1", "x=a\x07"] {
        expect_failed(probe(&server.url()).test_env("HEADER", value), header);
    }
    assert!(server.passed().is_empty(), "nothing was sent");
}

#[test]
fn a_connection_that_is_not_made_is_told() {
    let probe = |url: &str| Brunt::guest("probe").base_url(url);
    let refused = (1212, "dial: connection refused", "connection refused");
    expect_failed(probe("http://127.0.0.1:1/"), refused);
    let backlog = FullBacklog::new();
    let late = (1211, "dial: i/o timeout", "i/o timeout after 600ms");
    expect_failed(probe(&backlog.url()).test_env("TIMEOUT_MS", "600"), late);
    // A label may have 63 letters: no server needs to be asked.
    let nobody = format!("http://{}.test/", "x".repeat(70));
    expect_failed(probe(&nobody), (1101, "lookup: no such host", "lookup"));
}

#[test]
fn a_redirect_that_leads_nowhere_is_told() {
    let to = |location: &'static str| {
        Scripted::start(move |_| {
            let head =
                format!("HTTP/1.1 302 Found\r\nLocation: {location}\r\nContent-Length: 0\r\n\r\n");
            [Step::ReadRequest, Step::send(head)]
                .into_iter()
                .cycle()
                .take(40)
                .collect()
        })
    };
    let endless = to("/again");
    let run = Brunt::guest("probe").base_url(&endless.url());
    let (ended, samples) = run_with_samples(run.args(["--iterations", "1"]));
    let answers = ended.expect_code(0).logged("answer");
    assert_eq!(
        answers[0]["status"], 302,
        "the last redirect is the response"
    );
    assert_eq!(samples.values("http_reqs").len(), 11);
    assert_eq!(samples.values("http_req_failed"), [0.0; 11]);
    let broken = to("http://exa mple.com/");
    let run = Brunt::guest("probe").base_url(&broken.url());
    let (ended, samples) = run_with_samples(run.args(["--iterations", "1"]));
    let answers = ended.expect_code(0).logged("answer");
    assert_eq!(answers[0]["code"], 1020, "{answers:?}");
    assert_eq!(samples.tag_values("http_reqs", "status"), ["302"]);
}

/// The sockets that a process has open.
fn sockets(running: &Running) -> usize {
    let folder = format!("/proc/{}/fd", running.id());
    let open = fs::read_dir(folder).into_iter().flatten().flatten();
    let links = open.filter_map(|entry| fs::read_link(entry.path()).ok());
    links
        .filter(|link| link.to_string_lossy().starts_with("socket:"))
        .count()
}

#[test]
fn thousands_of_failures_leave_no_connection_open() {
    const VUS: usize = 5;
    let faults: Vec<Vec<Step>> = vec![
        vec![Step::ReadRequest],
        answering("no HTTP\r\n\r\n"),
        answering(HEAD),
        [&answering(HEAD)[..], &[Step::Reset]].concat(),
        vec![Step::ReadRequest, Step::AwaitClose],
    ];
    let server =
        Scripted::start(move |connection| faults[connection as usize % faults.len()].clone());
    let run = Brunt::guest("probe").base_url(&server.url());
    let run = run.test_env("TIMEOUT_MS", "30").test_env("QUIET", "1");
    let vus = VUS.to_string();
    let mut running = run.args(["--vus", &vus, "--duration", "4s"]).start();
    let before = Instant::now();
    let mut most = 0;
    while !running.has_ended() && before.elapsed() < Duration::from_secs(50) {
        most = most.max(sockets(&running));
        std::thread::sleep(Duration::from_millis(20));
    }
    let ended = running.wait().expect_code(0);
    let requests = ended.metric("http_reqs", "count");
    assert!(requests >= 1000.0, "{requests} is too few to tell");
    assert_eq!(ended.metric("http_req_failed", "value"), 1.0);
    // One connection for each VU, and what the runtime itself has.
    assert!(most <= 2 * VUS + 10, "{most} sockets for {VUS} VUs");
    assert!(server.wait_for_ended(1000).len() as f64 >= requests);
}
