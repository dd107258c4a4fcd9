//! Tests sockets: what the other side of a connection saw, and what the VU was told.

mod datagrams;
mod flow;
mod tls;

use std::net::{Shutdown, SocketAddr};

use brunt_e2e::{Brunt, Ended, FullBacklog, Peer, read_out, read_text, say};
use serde_json::{Value, json};

/// A run of one iteration that does these steps with a socket to there.
fn playing(address: SocketAddr, steps: &str) -> Brunt {
    Brunt::guest("sockets")
        .test_env("PORT", &address.port().to_string())
        .test_env("STEPS", steps)
        .args(["--iterations", "1"])
}

/// What the guest said of each of its steps with this name.
fn did(ended: &Ended, step: &str) -> Vec<Value> {
    let all = ended.logged("did").into_iter();
    all.filter(|did| did["step"] == step).collect()
}

/// What the guest said of its only step with this name.
fn only(ended: &Ended, step: &str) -> Value {
    let mut all = did(ended, step);
    assert_eq!(all.len(), 1, "{step}: {}", ended.stderr);
    all.remove(0)
}

fn expect_failure(did: &Value, code: u32, words: &str) {
    let message = did["message"].as_str().unwrap_or_default();
    assert!(
        did["code"] == code && message.contains(words),
        "{code} with {words:?} is expected, not {did}"
    );
}

#[test]
fn what_is_sent_arrives_and_what_comes_back_is_read() {
    let peer = Peer::listen();
    let running = playing(peer.address(), "dial;send hello;read 100;drop").start();
    let mut stream = peer.accept();
    let from = stream.peer_addr().expect("the client's address");
    assert_eq!(read_text(&mut stream, 5), "hello");
    say(&mut stream, "welcome");
    assert_eq!(read_out(&mut stream), 0);
    drop(stream);
    let ended = running.wait().expect_code(0);
    let dialled = only(&ended, "dial");
    assert_eq!(dialled["local"], from.to_string());
    assert_eq!(dialled["remote"], peer.address().to_string());
    assert!(dialled["connecting"].as_u64() > Some(0), "{dialled}");
    assert_eq!(
        (&dialled["tls"], &dialled["tls_handshaking"]),
        (&Value::Null, &json!(0))
    );
    assert_eq!(only(&ended, "read")["text"], "welcome");
    assert_eq!(ended.metric("data_sent", "count"), 5.0);
    assert_eq!(ended.metric("data_received", "count"), 7.0);
}

#[test]
fn either_side_can_end_before_the_other() {
    let peer = Peer::listen();
    let running = playing(peer.address(), "dial;send question;finish;send more;drain").start();
    let mut stream = peer.accept();
    assert_eq!(read_out(&mut stream), 8);
    say(&mut stream, "answer");
    drop(stream);
    let ended = running.wait().expect_code(0);
    expect_failure(&did(&ended, "send")[1], 1201, "finish");
    let drained = only(&ended, "drain");
    assert_eq!((&drained["size"], &drained["code"]), (&json!(6), &json!(0)));

    let running = playing(peer.address(), "dial;drain;drain;send more;flush;drop").start();
    let mut stream = peer.accept();
    stream.shutdown(Shutdown::Write).expect("one side can end");
    assert_eq!(read_text(&mut stream, 4), "more");
    let ended = running.wait().expect_code(0);
    for drained in did(&ended, "drain") {
        assert_eq!((&drained["size"], &drained["code"]), (&json!(0), &json!(0)));
    }
    assert_eq!(only(&ended, "flush")["code"], 0);
}

#[test]
fn a_connection_that_is_reset_says_so_after_what_came_before() {
    let peer = Peer::listen();
    let running = playing(
        peer.address(),
        "dial;await;send now;sleep 300;read 100;read 100",
    )
    .start();
    let mut stream = peer.accept();
    say(&mut stream, "last words");
    // Closing with bytes unread is a reset.
    stream.peek(&mut [0]).expect("bytes that are not read");
    drop(stream);
    let ended = running.wait().expect_code(0);
    let read = did(&ended, "read");
    assert_eq!(read[0]["text"], "last words");
    expect_failure(&read[1], 1220, "reset");
}

#[test]
fn reading_and_writing_end_when_their_time_is_over_and_can_go_on() {
    let peer = Peer::listen();
    let steps = "dial;read-timeout 100;read 10;read-timeout 0;send next;read 10";
    let running = playing(peer.address(), steps).start();
    let mut stream = peer.accept();
    assert_eq!(read_text(&mut stream, 4), "next");
    say(&mut stream, "late");
    let ended = running.wait().expect_code(0);
    let read = did(&ended, "read");
    expect_failure(&read[0], 1050, "timeout after 100ms");
    assert!(read[0]["ms"].as_u64() >= Some(100), "{}", read[0]);
    assert_eq!(read[1]["text"], "late");

    let size = 40_000_000;
    let given_up = format!("dial;write-timeout 200;fill {size};fill 7;flush");
    let steps = format!("{given_up};dial-more;write-timeout 0;send done;flush;drop");
    let running = playing(peer.address(), &steps).start();
    let mut stream = peer.accept();
    // Nothing is read until writing has been given up, which the second connection says.
    let _second = peer.accept();
    let received = read_out(&mut stream);
    drop(stream);
    let ended = running.wait().expect_code(0);
    expect_failure(&did(&ended, "fill")[1], 1050, "write: timeout");
    let flushed = did(&ended, "flush");
    expect_failure(&flushed[0], 1050, "flush: timeout");
    assert_eq!(
        (&only(&ended, "send")["code"], &flushed[1]["code"]),
        (&json!(0), &json!(0))
    );
    // What was given up is not written, what was left to be written is.
    assert_eq!(received, size + 4);
}

#[test]
fn connections_that_are_not_made_say_why() {
    let refused = Peer::listen().address();
    let ended = playing(refused, "dial;start").run().expect_code(0);
    expect_failure(&only(&ended, "dial"), 1212, "connection refused");
    expect_failure(&only(&ended, "start"), 1212, "connection refused");
    let full = FullBacklog::new();
    let url = full.url();
    let address = url
        .trim_start_matches("http://")
        .parse()
        .expect("an address");
    let run = playing(address, "dial").test_env("TIMEOUT_MS", "300");
    let ended = run.run().expect_code(0);
    expect_failure(&only(&ended, "dial"), 1211, "timeout after 300ms");
    let run = playing(refused, "dial").test_env("HOST", "no such host");
    let ended = run.run().expect_code(0);
    expect_failure(&only(&ended, "dial"), 1000, "no host name");
}

#[test]
fn a_connection_is_opened_beside_what_the_vu_does() {
    let peer = Peer::listen();
    let running = playing(peer.address(), "start;send hello;flush;drop").start();
    let mut stream = peer.accept();
    assert_eq!(read_text(&mut stream, 5), "hello");
    drop(stream);
    let ended = running.wait().expect_code(0);
    let started = only(&ended, "start");
    assert_eq!(
        (&started["code"], &started["ready_at_once"]),
        (&json!(0), &json!(false))
    );
}

#[test]
fn nothing_is_dialled_while_a_test_initialises() {
    let peer = Peer::listen();
    let run = playing(peer.address(), "sleep 1").test_env("INIT", "dial;udp");
    let ended = run.run().expect_code(0);
    for step in ["dial", "udp"] {
        let dialled = did(&ended, step);
        assert!(!dialled.is_empty());
        for dialled in dialled {
            expect_failure(&dialled, 1110, "not allowed in init");
        }
    }
    assert!(peer.accept_now().is_none());
}

#[test]
fn sockets_go_where_the_run_allows_and_where_hosts_leads() {
    let peer = Peer::listen();
    let denied = playing(peer.address(), "dial;udp").args(["--deny-host", "127.0.0.0/8"]);
    let ended = denied.run().expect_code(0);
    for step in ["dial", "udp"] {
        expect_failure(
            &only(&ended, step),
            1110,
            "denied by this run's network policy",
        );
    }
    let denied = playing(peer.address(), "dial;udp")
        .test_env("HOST", "Broker.TEST")
        .args(["--block-hostnames", "broker.test"]);
    let ended = denied.run().expect_code(0);
    for step in ["dial", "udp"] {
        expect_failure(&only(&ended, step), 1111, "broker.test is denied");
    }
    assert!(peer.accept_now().is_none());
    let led = playing(peer.address(), "dial;send hello;flush;drop")
        .test_env("HOST", "broker.test")
        .test_env("PORT", "1")
        .config(&json!({ "hosts": { "broker.test": peer.address().to_string() } }));
    let running = led.start();
    assert_eq!(read_text(&mut peer.accept(), 5), "hello");
    let ended = running.wait().expect_code(0);
    assert_eq!(only(&ended, "dial")["remote"], peer.address().to_string());
}

#[test]
fn connections_count_against_their_limit_until_they_are_closed() {
    let peer = Peer::listen();
    let steps = "dial-more;dial-more;dial-more;drop-more;dial-more";
    let run = playing(peer.address(), steps).args(["--limit", "connections=2"]);
    let ended = run.run().expect_code(0);
    let dialled = did(&ended, "dial-more");
    assert_eq!(
        (&dialled[0]["code"], &dialled[1]["code"]),
        (&json!(0), &json!(0))
    );
    expect_failure(&dialled[2], 1000, "limit connections reached: 2 are open");
    assert_eq!(dialled[3]["code"], 0);
}

#[test]
fn connections_are_closed_in_order_when_their_vu_ends() {
    let peer = Peer::listen();
    let size = 6_000_000;
    // The VU ends with nearly all of it still to be written.
    let running = playing(peer.address(), &format!("dial;fill {size}")).start();
    let mut stream = peer.accept();
    assert_eq!(read_out(&mut stream), size);
    drop(stream);
    let ended = running.wait().expect_code(0);
    assert_eq!(ended.metric("data_sent", "count"), f64::from(size as u32));
}
