//! Tests TLS on sockets: who is trusted, what is shown and agreed on, and how it begins on a connection that is open.

use std::sync::Arc;

use brunt_e2e::{
    Authority, Brunt, Credentials, Ended, Peer, Secured, ServerTls, read_text, say, secured,
};
use serde_json::json;

use super::{did, expect_failure, only, playing};

fn local() -> (Authority, Credentials) {
    let authority = Authority::new();
    let credentials = authority.issue(&["localhost", "127.0.0.1"]);
    (authority, credentials)
}

/// Runs this, while the test plays the server of this configuration on its only connection.
fn served(run: Brunt, peer: &Peer, tls: ServerTls<'_>, play: impl FnOnce(&mut Secured)) -> Ended {
    let running = run.start();
    let mut stream = secured(peer.accept(), &Arc::new(tls.config()));
    play(&mut stream);
    drop(stream);
    running.wait().expect_code(0)
}

fn greet(stream: &mut Secured) {
    assert_eq!(read_text(stream, 5), "hello");
    say(stream, "welcome");
}

/// The handshake comes to nothing.
fn shake_in_vain(stream: &mut Secured) {
    let shaken = stream.conn.complete_io(&mut stream.sock);
    // In TLS 1.3 a server may be done before the client has looked at its certificate.
    if shaken.is_ok() {
        let mut byte = [0];
        let read = std::io::Read::read(stream, &mut byte);
        assert!(!read.is_ok_and(|read| read > 0), "the client went on");
    }
}

#[test]
fn an_authority_of_ones_own_is_trusted_and_others_are_not() {
    let (authority, credentials) = local();
    let peer = Peer::listen();
    let trusting = || {
        playing(peer.address(), "dial;send hello;read 100;drop")
            .test_env("TLS", "1")
            .test_env("CA", &authority.pem())
    };
    let ended = served(trusting(), &peer, ServerTls::new(&credentials), greet);
    let dialled = only(&ended, "dial");
    assert_eq!(dialled["tls"]["version"], "tls1.3", "{dialled}");
    let suite = dialled["tls"]["suite"].as_str().unwrap_or_default();
    assert!(suite.starts_with("TLS_"), "{dialled}");
    assert!(dialled["tls_handshaking"].as_u64() > Some(0), "{dialled}");
    assert_eq!(only(&ended, "read")["text"], "welcome");
    // TLS is counted too.
    assert!(ended.metric("data_sent", "count") > 100.0);

    let strangers = playing(peer.address(), "dial").test_env("TLS", "1");
    let ended = served(
        strangers,
        &peer,
        ServerTls::new(&credentials),
        shake_in_vain,
    );
    expect_failure(&only(&ended, "dial"), 1310, "unknown authority");

    let insecure = playing(peer.address(), "dial;send hello;read 100")
        .test_env("TLS", "1")
        .test_env("INSECURE", "true");
    let ended = served(insecure, &peer, ServerTls::new(&credentials), greet);
    assert_eq!(only(&ended, "read")["text"], "welcome");
}

#[test]
fn the_certificate_has_to_be_for_the_name_that_is_asked_for() {
    let authority = Authority::new();
    let credentials = authority.issue(&["broker.example"]);
    let peer = Peer::listen();
    let run = || {
        playing(peer.address(), "dial;send hello;read 100")
            .test_env("TLS", "1")
            .test_env("CA", &authority.pem())
    };
    let ended = served(run(), &peer, ServerTls::new(&credentials), shake_in_vain);
    expect_failure(&did(&ended, "dial")[0], 1311, "x509");
    let named = run().test_env("NAME", "broker.example");
    let ended = served(named, &peer, ServerTls::new(&credentials), greet);
    assert_eq!(only(&ended, "read")["text"], "welcome");
}

#[test]
fn a_client_certificate_is_shown_to_a_server_that_asks_for_one() {
    let (authority, credentials) = local();
    let client = authority.issue_client("vu");
    let peer = Peer::listen();
    let run = |key: &str| {
        playing(peer.address(), "dial;send hello;read 100")
            .test_env("TLS", "1")
            .test_env("CA", &authority.pem())
            .test_env("CERT", &client.certificate)
            .test_env("KEY", key)
    };
    let asking = ServerTls::new(&credentials).clients_of(&authority);
    let ended = served(run(&client.key), &peer, asking, |stream| {
        greet(stream);
        let shown = stream.conn.peer_certificates();
        assert_eq!(shown.map(<[_]>::len), Some(1));
    });
    assert_eq!(only(&ended, "read")["text"], "welcome");
    let ended = run("no key").run();
    expect_failure(
        &did(&ended, "dial")[0],
        1300,
        "the client certificate: key: has no private key",
    );
}

#[test]
fn a_protocol_is_agreed_on() {
    let (authority, credentials) = local();
    let peer = Peer::listen();
    let run = |offered: &str| {
        playing(peer.address(), "dial;send hello;read 100")
            .test_env("TLS", "1")
            .test_env("CA", &authority.pem())
            .test_env("ALPN", offered)
    };
    let server = || ServerTls::new(&credentials).protocols(&["mqtt", "x-other"]);
    let ended = served(run("x-first,mqtt"), &peer, server(), greet);
    assert_eq!(only(&ended, "dial")["tls"]["protocol"], "mqtt");
    let ended = served(run("x-first"), &peer, server(), shake_in_vain);
    expect_failure(&did(&ended, "dial")[0], 1300, "none of the protocols");
}

#[test]
fn tls_begins_on_an_open_connection_behind_what_was_written() {
    let (authority, credentials) = local();
    let peer = Peer::listen();
    let steps = "dial;read 100;send STARTTLS;start-tls;send hello;read 100;start-tls;drop";
    let running = playing(peer.address(), steps)
        .test_env("CA", &authority.pem())
        .start();
    let mut plain = peer.accept();
    say(&mut plain, "INFO");
    assert_eq!(read_text(&mut plain, 8), "STARTTLS");
    let config = Arc::new(ServerTls::new(&credentials).config());
    let mut stream = secured(plain, &config);
    greet(&mut stream);
    drop(stream);
    let ended = running.wait().expect_code(0);
    let started = did(&ended, "start-tls");
    assert_eq!(started[0]["tls"]["version"], "tls1.3", "{started:?}");
    assert!(started[0]["tls_handshaking"].as_u64() > Some(0));
    assert_eq!(did(&ended, "read")[1]["text"], "welcome");
    expect_failure(&started[1], 1300, "spoken already");
}

#[test]
fn what_came_before_a_handshake_is_not_taken_for_what_comes_after() {
    let (authority, _) = local();
    let peer = Peer::listen();
    let run = |steps: &str| playing(peer.address(), steps).test_env("CA", &authority.pem());
    let running = run("dial;await;start-tls").start();
    let mut plain = peer.accept();
    say(&mut plain, "OK\r\nINJECTED");
    let ended = running.wait().expect_code(0);
    expect_failure(&only(&ended, "start-tls"), 1300, "can't be trusted");
    // What comes between asking for TLS and the server's first bytes of it is no TLS.
    let running = run("dial;send STARTTLS;start-tls;send hello").start();
    let mut plain = peer.accept();
    assert_eq!(read_text(&mut plain, 8), "STARTTLS");
    say(&mut plain, "INJECTED IN PLAIN TEXT");
    let ended = running.wait().expect_code(0);
    expect_failure(&only(&ended, "start-tls"), 1300, "");
    assert_ne!(did(&ended, "send")[1]["code"], json!(0));
}
