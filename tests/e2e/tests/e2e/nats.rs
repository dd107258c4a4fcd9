//! Tests the NATS extension with the real binary and a real broker, from Rust and from JavaScript.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use brunt_e2e::{Authority, Brunt, Ended, Nats, Proxy, Relay, RelayManner, extension, script};

/// A user's key, and its public half, made with NATS' own tool.
const SEED: &str = "SUACSSL3UAHUDXKFSNVUZRF5UHPMWZ6BFDTJ7M6USDXIEDNPPQYYYCU3VY";
const PUBLIC: &str = "UDXU4RCSJNZOIQHZNWXHXORDPRTGNJAHAHFRGZNEEJCPQTT2M7NLCNF4";

fn with(brunt: Brunt, url: &str) -> Brunt {
    brunt
        .arg("--extension")
        .arg(extension("nats"))
        .test_env("NATS", url)
}

fn guest(url: &str, what: &str) -> Brunt {
    with(Brunt::guest("nats"), url).test_env("DO", what)
}

fn once(url: &str, what: &str) -> Brunt {
    guest(url, what).args(["--iterations", "1"])
}

fn load(url: &str, what: &str) -> Brunt {
    with(Brunt::guest("nats_load"), url).test_env("DO", what)
}

/// All checks passed, and so many there were.
fn passed(ended: &Ended, checks: f64) {
    assert_eq!(ended.code, Some(0), "{}\n{}", ended.stdout, ended.stderr);
    assert_eq!(
        (
            ended.metric("checks", "passes"),
            ended.metric("checks", "fails")
        ),
        (checks, 0.0),
        "{}\n{}",
        ended.stdout,
        ended.stderr
    );
}

#[test]
fn messages_queues_and_headers_go_through_the_extension() {
    let broker = Nats::plain();
    let ended = once(&broker.url(), "core").run();
    passed(&ended, 9.0);
    assert_eq!(ended.metric("nats_msgs_sent", "count"), 14.0);
    // Two for each of two patterns, two for the queue, and twelve for the wild one.
    assert_eq!(ended.metric("nats_msgs_received", "count"), 18.0);
    assert_eq!(ended.metric("nats_bytes_sent", "count"), 6.0 + 12.0 + 32.0);
    assert!(ended.metric("nats_connect_duration", "max") > 0.0);
}

#[test]
fn requests_are_waited_for_by_the_test_and_answered() {
    let broker = Nats::plain();
    let ended = once(&broker.url(), "requests").run();
    passed(&ended, 6.0);
    assert!(ended.metric("nats_request_duration", "max") > 0.0);
    assert_eq!(ended.metric("nats_errors", "count"), 2.0);
}

#[test]
fn jetstream_stores_delivers_and_is_acknowledged() {
    let broker = Nats::plain();
    let ended = once(&broker.url(), "jetstream").run();
    passed(&ended, 11.0);
    assert!(ended.metric("nats_publish_duration", "max") > 0.0);
}

#[test]
fn limits_drop_and_refuse_without_ending_anything() {
    let broker = Nats::plain();
    let ended = once(&broker.url(), "limits").run();
    passed(&ended, 4.0);
    assert_eq!(ended.metric("nats_msgs_dropped", "count"), 90.0);
    assert!(ended.stderr.contains("are dropped"), "{}", ended.stderr);
}

fn connecting(broker: &Nats, expected: &str, who: &[(&str, &str)]) -> Ended {
    let mut brunt = once(&broker.url(), "connect").test_env("EXPECT", expected);
    for (name, value) in who {
        brunt = brunt.test_env(name, value);
    }
    brunt.run()
}

#[test]
fn each_way_to_say_who_one_is_opens_and_wrong_ones_are_told() {
    let token = Nats::start("authorization { token: \"s3cr3t\" }", &[]);
    passed(
        &connecting(&token, "connected", &[("TOKEN", "s3cr3t")]),
        2.0,
    );
    let ended = connecting(&token, "Authorization", &[("TOKEN", "wrong")]);
    passed(&ended, 1.0);
    assert!(
        ended.stderr.contains("Authorization Violation"),
        "{}",
        ended.stderr
    );
    let user = Nats::start("authorization { user: me, password: pass }", &[]);
    passed(
        &connecting(
            &user,
            "connected",
            &[("USER_NAME", "me"), ("PASSWORD", "pass")],
        ),
        2.0,
    );
    passed(
        &connecting(
            &user,
            "Authorization",
            &[("USER_NAME", "me"), ("PASSWORD", "x")],
        ),
        1.0,
    );
    let nkey = Nats::start(
        &format!("authorization {{ users = [ {{ nkey: {PUBLIC} }} ] }}"),
        &[],
    );
    passed(&connecting(&nkey, "connected", &[("NKEY", SEED)]), 2.0);
    passed(&connecting(&nkey, "Authorization", &[]), 1.0);
    let ended = connecting(&nkey, "Invalid", &[("NKEY", "SUno")]);
    passed(&ended, 1.0);
    assert!(!ended.stderr.contains("SUno"), "{}", ended.stderr);
}

#[test]
fn tls_is_spoken_with_an_authority_of_ones_own_behind_info_or_first() {
    let authority = Authority::new();
    let credentials = authority.issue(&["localhost", "127.0.0.1"]);
    let files = [
        ("cert.pem", credentials.certificate.as_str()),
        ("key.pem", credentials.key.as_str()),
    ];
    let config = "tls { cert_file: \"FOLDER/cert.pem\", key_file: \"FOLDER/key.pem\" }";
    let broker = Nats::start(config, &files);
    let url = format!("tls://localhost:{}", broker.address().port());
    let ended = once(&url, "connect").test_env("CA", &authority.pem()).run();
    passed(&ended, 2.0);
    let ended = once(&url, "connect").test_env("EXPECT", "Network").run();
    passed(&ended, 1.0);
    let plain = Nats::plain();
    let front = Proxy::tls_front(plain.address());
    let pem = std::fs::read_to_string(front.ca_file()).expect("the authority");
    let url = format!("tls://localhost:{}", front.address().port());
    let ended = once(&url, "connect")
        .test_env("CA", &pem)
        .test_env("TLS_FIRST", "1")
        .run();
    passed(&ended, 2.0);
}

#[test]
fn a_broker_that_is_away_is_an_error_and_not_the_end_of_the_run() {
    let mut broker = Nats::plain();
    broker.kill();
    let ended = once(&broker.url(), "connect")
        .test_env("EXPECT", "Network")
        .run();
    passed(&ended, 1.0);
    assert_eq!(ended.metric("nats_errors", "count"), 1.0);
}

#[test]
fn messages_come_in_while_the_test_sleeps() {
    let broker = Nats::plain();
    let ticker = Ticker::start(&broker);
    let ended = once(&broker.url(), "sleep").run();
    drop(ticker);
    passed(&ended, 3.0);
}

#[test]
fn a_broker_that_is_killed_and_comes_back_is_reconnected_to_and_counted() {
    let mut broker = Nats::plain();
    let running = load(&broker.url(), "echo")
        .args(["--vus", "4", "--duration", "6s"])
        .start();
    wait_for_subscription(&mut raw(&broker), "vu.1");
    thread::sleep(Duration::from_secs(1));
    broker.kill();
    thread::sleep(Duration::from_millis(500));
    broker.restart();
    let ended = running.wait();
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    assert_eq!(
        ended.metric("nats_reconnects", "count"),
        4.0,
        "{}",
        ended.stdout
    );
    let (passes, fails) = (
        ended.metric("checks", "passes"),
        ended.metric("checks", "fails"),
    );
    assert!(
        passes > 100.0 && fails < 4.0 * 6.0,
        "{passes} came back, {fails} did not"
    );
    assert!(ended.stderr.contains("connected again"), "{}", ended.stderr);
}

#[test]
fn bytes_that_are_delayed_and_split_are_the_same_messages() {
    let broker = Nats::plain();
    let manner = RelayManner {
        piece: 3,
        delay: Duration::from_micros(100),
        breaks_after: None,
    };
    let relay = Relay::start(broker.address(), manner);
    let url = format!("nats://{}", relay.address());
    passed(&once(&url, "core").run(), 9.0);
    passed(&once(&url, "requests").run(), 6.0);
}

#[test]
fn connections_that_break_off_are_made_anew() {
    let broker = Nats::plain();
    let manner = RelayManner {
        breaks_after: Some(4000),
        ..RelayManner::default()
    };
    let relay = Relay::start(broker.address(), manner);
    let url = format!("nats://{}", relay.address());
    let ended = load(&url, "echo").args(["--duration", "6s"]).run();
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    let reconnects = ended.metric("nats_reconnects", "count");
    assert!(reconnects >= 1.0, "{}", ended.stdout);
    assert_eq!(reconnects + 1.0, relay.accepted() as f64);
    assert!(ended.metric("checks", "passes") > 20.0, "{}", ended.stdout);
}

#[test]
fn twenty_thousand_messages_come_to_one_vu_without_loss() {
    let broker = Nats::plain();
    let running = load(&broker.url(), "fan-in")
        .test_env("SUBJECT", "fan")
        .test_env("COUNT", "20001")
        .start();
    let mut publisher = raw(&broker);
    // Nobody gets what is published before the subscription is there. The probe that is told so comes to it too.
    wait_for_subscription(&mut publisher, "fan");
    let batch = b"PUB fan 5\r\nhello\r\n".repeat(1000);
    for _ in 0..20 {
        publisher.write_all(&batch).expect("the broker takes it");
        thread::sleep(Duration::from_millis(20));
    }
    passed(&running.wait(), 2.0);
}

#[test]
fn scripts_written_for_k6s_extension_run_as_they_stand() {
    let broker = Nats::plain();
    let ended = with(Brunt::test(&script("nats/simple.js")), &broker.url())
        .args(["--iterations", "1"])
        .run();
    passed(&ended, 7.0);
    assert_eq!(ended.metric("nats_msgs_sent", "count"), 6.0);
    let ended = with(Brunt::test(&script("nats/jetstream.js")), &broker.url())
        .args(["--iterations", "1"])
        .run();
    passed(&ended, 4.0);
}

#[test]
fn scripts_send_requests_and_answer_them() {
    let broker = Nats::plain();
    let responder = Responder::start(&broker);
    let ended = with(Brunt::test(&script("nats/request.js")), &broker.url())
        .args(["--iterations", "1"])
        .run();
    drop(responder);
    passed(&ended, 4.0);
}

/// A connection to the broker, greeted.
fn raw(broker: &Nats) -> TcpStream {
    let mut stream = TcpStream::connect(broker.address()).expect("the broker listens");
    stream
        .write_all(b"CONNECT {\"verbose\":false,\"headers\":true,\"no_responders\":true}\r\n")
        .expect("a greeting");
    stream
}

/// Asks again and again whether somebody listens: a request without responders is answered with 503.
fn wait_for_subscription(stream: &mut TcpStream, subject: &str) {
    stream
        .set_read_timeout(Some(Duration::from_secs(20)))
        .expect("a socket");
    stream
        .write_all(b"SUB probe 1\r\n")
        .expect("a subscription");
    let mut told = Vec::new();
    for _ in 0..2000 {
        told.clear();
        let probe = format!("PUB {subject} probe 0\r\n\r\nPING\r\n");
        stream.write_all(probe.as_bytes()).expect("a probe");
        while !told.ends_with(b"PONG\r\n") {
            let mut bytes = [0; 4096];
            let length = stream.read(&mut bytes).expect("an answer");
            told.extend_from_slice(&bytes[..length]);
        }
        if !told.windows(4).any(|word| word == b" 503") {
            return;
        }
        thread::sleep(Duration::from_millis(5));
    }
    panic!("nobody subscribed to {subject}");
}

/// Publishes to `ticks` every 10 ms until it is dropped.
struct Ticker {
    ends: Arc<AtomicBool>,
}

impl Ticker {
    fn start(broker: &Nats) -> Ticker {
        let mut stream = raw(broker);
        let ends = Arc::new(AtomicBool::new(false));
        let ended = Arc::clone(&ends);
        thread::spawn(move || {
            while !ended.load(Ordering::Relaxed)
                && stream.write_all(b"PUB ticks 4\r\ntick\r\n").is_ok()
            {
                thread::sleep(Duration::from_millis(10));
            }
        });
        Ticker { ends }
    }
}

impl Drop for Ticker {
    fn drop(&mut self) {
        self.ends.store(true, Ordering::Relaxed);
    }
}

/// Answers requests to `outside` with what it was asked, and the header `trace` of that.
struct Responder {
    asked: Arc<AtomicU64>,
}

impl Responder {
    fn start(broker: &Nats) -> Responder {
        let mut stream = raw(broker);
        stream
            .write_all(b"SUB outside 7\r\n")
            .expect("a subscription");
        let asked = Arc::new(AtomicU64::new(0));
        let count = Arc::clone(&asked);
        thread::spawn(move || {
            let mut seen = String::new();
            let mut bytes = [0; 4096];
            while let Ok(length @ 1..) = stream.read(&mut bytes) {
                seen.push_str(&String::from_utf8_lossy(&bytes[..length]));
                if let Some((reply, trace, payload)) = question(&seen) {
                    let answer = format!("trace {trace}: {payload}");
                    let line = format!("PUB {reply} {}\r\n{answer}\r\n", answer.len());
                    let _ = stream.write_all(line.as_bytes());
                    count.fetch_add(1, Ordering::Relaxed);
                    seen.clear();
                }
            }
        });
        Responder { asked }
    }
}

impl Drop for Responder {
    fn drop(&mut self) {
        assert_eq!(
            self.asked.load(Ordering::Relaxed),
            1,
            "requests with the header"
        );
    }
}

/// Reply subject, header and payload of `HMSG outside 7 <reply> <n> <n>`, once it is all there.
fn question(seen: &str) -> Option<(String, String, String)> {
    let (_, rest) = seen.split_once("HMSG outside 7 ")?;
    let (line, rest) = rest.split_once("\r\n")?;
    let (head, payload) = rest.split_once("\r\n\r\n")?;
    let payload = payload.strip_suffix("\r\n")?;
    let trace = head.lines().find_map(|line| line.strip_prefix("trace: "))?;
    let reply = line.split(' ').next()?;
    Some((reply.to_owned(), trace.to_owned(), payload.to_owned()))
}
