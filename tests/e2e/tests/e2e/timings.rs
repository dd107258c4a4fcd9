//! Tests that times are true: a server that takes a known time in one part of an exchange, and what is told of each part.

use std::thread;
use std::time::Duration;

use brunt_e2e::{Brunt, Ended, FullBacklog, Passed, Scripted, Step};
use serde_json::Value;

use crate::samples::{Samples, run_with_samples};

/// How long the server takes, in milliseconds. Other parts take less, on a machine that is busy with other tests too.
const DELAY: u64 = 1200;

/// The parts of a request, by the names of the contract.
const PARTS: [&str; 7] = [
    "blocked",
    "looking_up",
    "connecting",
    "tls_handshaking",
    "sending",
    "waiting",
    "receiving",
];

/// What a run of the guest `probe` measured.
struct Measured {
    ended: Ended,
    samples: Samples,
    answers: Vec<Value>,
}

fn measure(run: Brunt) -> Measured {
    let (ended, samples) = run_with_samples(run);
    let ended = ended.expect_code(0);
    let answers = ended.logged("answer");
    let measured = Measured {
        ended,
        samples,
        answers,
    };
    measured.expect_sums();
    measured
}

fn probe(url: &str) -> Brunt {
    Brunt::guest("probe")
        .base_url(url)
        .args(["--iterations", "1"])
}

impl Measured {
    /// A part of a request, in milliseconds, by the samples.
    fn part(&self, part: &str, index: usize) -> f64 {
        self.samples.values(&format!("http_req_{part}"))[index]
    }

    /// Checks what has to be so for any request.
    fn expect_sums(&self) {
        for index in 0..self.samples.values("http_reqs").len() {
            let part = |name: &str| self.part(name, index);
            let sum = part("sending") + part("waiting") + part("receiving");
            assert!((part("duration") - sum).abs() < 1e-6, "{self:?}");
            let inside = part("connecting") + part("tls_handshaking");
            assert!(part("blocked") >= inside, "{self:?}");
        }
        for answer in self.answers.iter().filter(|one| one["status"] != 0) {
            let ms = |part: &str| answer[part].as_f64().expect("a time");
            let inside = ms("looking_up") + ms("connecting") + ms("tls_handshaking");
            assert!(ms("blocked") >= inside, "{answer}");
        }
    }

    /// Checks that a request spent so many milliseconds in these parts, and less in all others; and that the response told the
    /// test the same as the samples told the outputs.
    fn expect_in(&self, index: usize, parts: &[&str]) {
        for part in PARTS.into_iter().filter(|part| *part != "looking_up") {
            let ms = self.part(part, index);
            let long = ms >= LEAST;
            assert_eq!(long, parts.contains(&part), "{part} took {ms} ms: {self:?}");
            assert!(ms < DELAY as f64 + SLACK, "{part} took {ms} ms: {self:?}");
        }
    }

    /// Checks that the times of a response are those of the request with this number among the samples.
    fn expect_told(&self, answer: usize, index: usize) {
        for part in PARTS.into_iter().filter(|part| *part != "looking_up") {
            let told = self.answers[answer][part].as_f64().expect("a time");
            assert!((told - self.part(part, index)).abs() < 1e-6, "{part}");
        }
    }
}

impl std::fmt::Debug for Measured {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for part in PARTS {
            let values = self.samples.values(&format!("http_req_{part}"));
            writeln!(f, "{part}: {values:?}")?;
        }
        write!(f, "{:#?}\n{}", self.answers, self.ended.stderr)
    }
}

#[test]
fn connecting_is_as_long_as_the_listener_takes_nobody() {
    let listener = FullBacklog::new();
    let running = thread::scope(|scope| {
        let run = probe(&listener.url());
        let running = scope.spawn(|| measure(run));
        listener.wait_for_client();
        thread::sleep(Duration::from_millis(DELAY));
        listener.open();
        running.join().expect("the run ends")
    });
    // The system tries again after 1 s, 2 s, …: up to that much longer.
    for part in ["blocked", "connecting"] {
        assert!(running.part(part, 0) >= LEAST, "{running:?}");
    }
    assert!(running.part("duration", 0) < LEAST, "{running:?}");
    running.expect_told(0, 0);
}

#[test]
fn a_handshake_is_as_long_as_the_server_makes_it() {
    let server = Scripted::tls(|_| {
        let mut steps = vec![Step::wait_ms(DELAY), Step::Handshake];
        steps.extend(Step::serve(2));
        steps
    });
    let run = probe(&server.url()).trusting_file(server.ca_file());
    let measured = measure(run.test_env("REQUESTS", "2"));
    measured.expect_in(0, &["blocked", "tls_handshaking"]);
    measured.expect_in(1, &[]);
    for part in ["connecting", "tls_handshaking"] {
        assert_eq!(measured.part(part, 1), 0.0, "{part} of a kept connection");
    }
    measured.expect_told(0, 0);
    measured.expect_told(1, 1);
}

/// More than the buffers of both systems take.
const LARGE: usize = 16 << 20;

#[test]
fn sending_is_as_long_as_the_server_reads() {
    let server = Scripted::start(|_| {
        let late = [Step::ReadHead, Step::wait_ms(DELAY), Step::ReadBody];
        [&late[..], &[Step::respond("ok")]].concat()
    });
    let run = probe(&server.url()).test_env("METHOD", "POST");
    let measured = measure(run.test_env("BODY_BYTES", &LARGE.to_string()));
    measured.expect_in(0, &["sending"]);
    measured.expect_told(0, 0);
}

#[test]
fn waiting_is_as_long_as_the_server_thinks() {
    let server = Scripted::start(|_| {
        let late = [
            Step::ReadRequest,
            Step::wait_ms(DELAY),
            Step::respond("late"),
        ];
        [&Step::serve(1)[..], &late, &Step::serve(1)].concat()
    });
    let measured = measure(probe(&server.url()).test_env("REQUESTS", "3"));
    measured.expect_in(0, &[]);
    measured.expect_in(1, &["waiting"]);
    measured.expect_in(2, &[]);
    let connecting = measured.samples.values("http_req_connecting");
    assert!(connecting[0] > 0.0, "{connecting:?}");
    assert_eq!(connecting[1..], [0.0, 0.0], "kept connections");
    for index in 0..3 {
        measured.expect_told(index, index);
    }
}

#[test]
fn receiving_is_as_long_as_the_server_takes_between_the_first_byte_and_the_last() {
    let between_chunks = [
        Step::ReadRequest,
        Step::send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n"),
        Step::wait_ms(DELAY / 2),
        Step::send("3\r\nand\r\n"),
        Step::wait_ms(DELAY - DELAY / 2),
        Step::send("4\r\nmore\r\n0\r\n\r\n"),
    ];
    let inside_the_head = [
        Step::ReadRequest,
        Step::send("HTTP/1.1 200 OK\r\nContent-"),
        Step::wait_ms(DELAY),
        Step::send("Length: 2\r\n\r\nok"),
    ];
    for (steps, size) in [(&between_chunks[..], 9), (&inside_the_head[..], 2)] {
        let steps = steps.to_vec();
        let server = Scripted::start(move |_| steps.clone());
        let measured = measure(probe(&server.url()));
        assert_eq!(measured.answers[0]["body_size"], size);
        measured.expect_in(0, &["receiving"]);
        measured.expect_told(0, 0);
    }
}

#[test]
fn every_hop_of_a_redirect_has_times_of_its_own() {
    let server = Scripted::start(|_| {
        let redirect = [
            Step::ReadRequest,
            Step::wait_ms(DELAY),
            Step::send("HTTP/1.1 302 Found\r\nLocation: /next\r\nContent-Length: 0\r\n\r\n"),
        ];
        [&redirect[..], &Step::serve(1)].concat()
    });
    let measured = measure(probe(&server.url()));
    measured.expect_in(0, &["waiting"]);
    measured.expect_in(1, &[]);
    assert_eq!(measured.part("connecting", 1), 0.0, "the same connection");
    // What the test sees are the times of the hop that answered.
    measured.expect_told(0, 1);
}

#[test]
fn a_request_waits_for_a_connection_while_none_is_free() {
    let server = Scripted::start(|_| {
        let late = [Step::ReadRequest, Step::wait_ms(DELAY), Step::respond("ok")];
        [late.clone(), late].concat()
    });
    let run = Brunt::guest("many_connections").base_url(&server.url());
    let run = run.test_env("CONNECTIONS", "2");
    let measured = measure(run.args(["--iterations", "1", "--limit", "connections=1"]));
    measured.expect_in(0, &["waiting"]);
    measured.expect_in(1, &["blocked", "waiting"]);
    assert_eq!(measured.part("connecting", 1), 0.0, "the same connection");
}

/// The time of a phase that was cut off was once lost: a dial that timed out had taken 0 ms.
#[test]
fn a_request_that_is_given_up_tells_how_long_it_took_in_what() {
    let backlog = FullBacklog::new();
    let silent_tls = Scripted::tls(|_| vec![Step::AwaitClose]);
    let silent = Scripted::start(|_| vec![Step::ReadRequest, Step::AwaitClose]);
    let deaf = Scripted::start(|_| vec![Step::ReadHead, Step::Wait(Duration::from_secs(30))]);
    let stuck = Scripted::start(|_| {
        let head = Step::send("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nok");
        vec![Step::ReadRequest, head, Step::AwaitClose]
    });
    let cases: [(&str, String, &str, &[&str]); 5] = [
        ("1211", backlog.url(), "GET", &["blocked", "connecting"]),
        (
            "1050",
            silent_tls.url(),
            "GET",
            &["blocked", "tls_handshaking"],
        ),
        ("1050", silent.url(), "GET", &["waiting"]),
        ("1050", deaf.url(), "POST", &["sending"]),
        ("1050", stuck.url(), "GET", &["receiving"]),
    ];
    thread::scope(|scope| {
        for (code, url, method, parts) in &cases {
            scope.spawn(move || {
                let bytes = if *method == "POST" { LARGE } else { 0 };
                let timeout = DELAY + 300;
                let run = probe(url).test_env("TIMEOUT_MS", &timeout.to_string());
                let run = run.test_env("METHOD", method);
                let measured = measure(run.test_env("BODY_BYTES", &bytes.to_string()));
                let codes = measured.samples.tag_values("http_reqs", "error_code");
                assert_eq!(codes, [*code], "{measured:?}");
                measured.expect_in(0, parts);
            });
        }
    });
}

/// The bytes that passed through all connections of a server.
fn sum(passed: &[Passed]) -> (f64, f64) {
    let sum = |of: fn(&Passed) -> u64| passed.iter().map(of).sum::<u64>() as f64;
    (sum(|one| one.received), sum(|one| one.sent))
}

#[test]
fn bytes_are_what_passed_through_the_servers_socket() {
    // The last word is the client's: what came after the run would be nobody's.
    let end = [Step::AwaitClose, Step::Cut];
    let serve = [&Step::serve(5)[..], &end].concat();
    let serve_tls = [&[Step::Handshake][..], &serve].concat();
    let plain = Scripted::start(move |_| serve.clone());
    let tls = Scripted::tls(move |_| serve_tls.clone());
    let refused = Scripted::expired(|_| vec![Step::Handshake]);
    let cut = Scripted::start(|_| {
        let head = Step::send("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nok");
        vec![Step::ReadRequest, head]
    });
    for (server, connections) in [(&plain, 2), (&tls, 2), (&refused, 10), (&cut, 10)] {
        let run = Brunt::guest("probe").base_url(&server.url());
        let run = run.test_env("REQUESTS", "5");
        let run = run
            .test_env("METHOD", "POST")
            .test_env("BODY_BYTES", "70000");
        let run = match server.url().starts_with("https") {
            true => run.trusting_file(server.ca_file()),
            false => run,
        };
        let measured = measure(run.args(["--iterations", "2", "--vus", "2"]));
        let passed = server.wait_for_ended(connections);
        assert_eq!(passed.len(), connections, "{measured:?}");
        let ended = &measured.ended;
        let told = (
            ended.metric("data_sent", "count"),
            ended.metric("data_received", "count"),
        );
        assert_eq!(told, sum(&passed), "{} {measured:?}", server.url());
    }
}

/// A client reads its clock after it has written, or read: by then the server may have waited for a while.
const LEAST: f64 = DELAY as f64 - 100.0;

/// How much longer a part may be on a busy machine, in milliseconds.
const SLACK: f64 = 5000.0;
