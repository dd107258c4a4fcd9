//! Defines the tests of what goes wrong: brokers that end, connections that are cut, and brokers that are none.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::thread;
use std::time::Duration;

use brunt_e2e::{Nats, Relay, RelayManner};
use brunt_nats::options::{Options, SECOND};
use brunt_nats::{Fault, Kind};

use crate::wire::{Counts, Std};
use crate::{TestClient, client, client_with, message, next, now, text, until};

#[test]
fn a_broker_that_ends_and_comes_back_is_reconnected_to_with_all_that_waited() {
    let mut broker = Nats::plain();
    let mut client = client(&broker.url());
    let id = client.subscribe("a", None).expect("subscribes");
    client.publish(&message("a", b"before")).expect("publishes");
    assert_eq!(text(&next(&mut client, id)), "before");
    broker.kill();
    until(&mut client, "the loss", |client| !client.is_live());
    for payload in [b"during 1", b"during 2"] {
        client.publish(&message("a", payload)).expect("is kept");
    }
    broker.restart();
    assert_eq!(text(&next(&mut client, id)), "during 1");
    assert_eq!(text(&next(&mut client, id)), "during 2");
    client.publish(&message("a", b"after")).expect("publishes");
    assert_eq!(text(&next(&mut client, id)), "after");
    assert_eq!(
        (client.statistics().reconnects, client.meter().reconnected),
        (1, 1)
    );
    assert!(
        client
            .meter()
            .told
            .iter()
            .any(|line| line.contains("connected again"))
    );
}

#[test]
fn what_is_published_to_a_connection_that_is_just_lost_is_kept() {
    let mut broker = Nats::plain();
    let mut client = client(&broker.url());
    broker.kill();
    // The first write to a dead connection succeeds; the second one is told.
    for number in 0..10u8 {
        client.publish(&message("a", &[number])).expect("is kept");
        thread::sleep(Duration::from_millis(2));
    }
    assert!(!client.is_live());
    broker.restart();
    let mut other = self::client(&broker.url());
    let id = other.subscribe("a", None).expect("subscribes");
    other.flush(None).expect("flushes");
    client.flush(Some(10 * SECOND)).expect("flushes");
    let mut got = Vec::new();
    other.flush(None).expect("flushes");
    while let Some(message) = other.try_next(id) {
        got.extend_from_slice(message.payload());
    }
    assert!(got.len() >= 8 && got.ends_with(&[9]), "{got:?}");
}

#[test]
fn the_next_server_is_taken_when_one_ends() {
    let mut first = Nats::plain();
    let second = Nats::plain();
    let urls = format!("{},{}", first.url(), second.url());
    let options = Options::new(&[urls]).expect("options");
    let mut client = TestClient::new(Std::default(), Counts::default(), options, 3);
    let id = client.subscribe("a", None).expect("subscribes");
    assert_eq!(
        client.session().server().place(),
        first.address().to_string()
    );
    first.kill();
    until(&mut client, "the other server", |client| {
        client.statistics().reconnects == 1
    });
    assert_eq!(
        client.session().server().place(),
        second.address().to_string()
    );
    client.publish(&message("a", b"x")).expect("publishes");
    next(&mut client, id);
}

#[test]
fn a_broker_that_is_away_is_an_error_and_tried_again_at_the_next_use() {
    let mut broker = Nats::plain();
    broker.kill();
    let mut client = client_with(&broker.url(), |_| ());
    let fault = client
        .publish(&message("a", b"x"))
        .expect_err("nobody there");
    assert_eq!(fault.kind, Kind::Network);
    assert!(
        fault.message.contains(&broker.address().to_string()),
        "{fault}"
    );
    broker.restart();
    client.publish(&message("a", b"x")).expect("publishes");
    client.flush(None).expect("flushes");
}

#[test]
fn whoever_is_refused_when_reconnecting_gives_up() {
    let mut broker = Nats::plain();
    let mut client = client_with(&broker.url(), |options| options.reconnects = Some(3));
    client.connect().expect("connects");
    broker.kill();
    until(&mut client, "giving up", |client| {
        client.publish(&message("a", b"")).is_err()
    });
    let fault = client.publish(&message("a", b"")).expect_err("closed");
    assert!(
        fault.message.starts_with("the client is closed:"),
        "{fault}"
    );
}

#[test]
fn bytes_that_are_split_and_delayed_are_put_together() {
    let broker = Nats::plain();
    for piece in [1, 3, 1000] {
        let manner = RelayManner {
            piece,
            delay: Duration::from_micros(20),
            breaks_after: None,
        };
        let relay = Relay::start(broker.address(), manner);
        let mut client = client(&format!("nats://{}", relay.address()));
        let id = client.subscribe("a", None).expect("subscribes");
        for number in 0..20 {
            client
                .publish(&message("a", format!("message {number}").as_bytes()))
                .expect("publishes");
        }
        for number in 0..20 {
            assert_eq!(text(&next(&mut client, id)), format!("message {number}"));
        }
        assert_eq!(client.statistics().reconnects, 0);
    }
}

#[test]
fn a_connection_that_is_cut_again_and_again_still_delivers() {
    let broker = Nats::plain();
    let manner = RelayManner {
        piece: 100,
        delay: Duration::ZERO,
        breaks_after: Some(3000),
    };
    let relay = Relay::start(broker.address(), manner);
    let mut client = client(&format!("nats://{}", relay.address()));
    let id = client.subscribe("a", None).expect("subscribes");
    client.flush(None).expect("flushes");
    let mut publisher = self::client(&broker.url());
    let mut got = 0;
    for _ in 0..200 {
        publisher
            .publish(&message("a", &[b'x'; 200]))
            .expect("publishes");
        let until = now(&client) + SECOND / 20;
        got += usize::from(client.next(id, until).expect("open").is_some());
    }
    assert!(relay.accepted() > 3, "{} connections", relay.accepted());
    assert_eq!(client.statistics().reconnects, relay.accepted() as u64 - 1);
    assert!(got > 50, "{got} messages");
}

/// A broker that says these bytes to whoever connects, each behind something that was read, and then hangs up.
fn hostile(says: &'static [&'static [u8]]) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("the address");
    thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            thread::spawn(move || {
                for (at, bytes) in says.iter().enumerate() {
                    if at > 0 {
                        let _ = stream.read(&mut [0; 4096]);
                    }
                    let _ = stream.write_all(bytes);
                }
                let _ = stream.read(&mut [0; 4096]);
            });
        }
    });
    address
}

fn refused_by(says: &'static [&'static [u8]]) -> Fault {
    let url = format!("nats://{}", hostile(says));
    let mut client = client_with(&url, |options| options.connect_timeout = SECOND / 2);
    client.connect().expect_err("no broker")
}

#[test]
fn who_is_no_broker_is_told_apart() {
    let fault = refused_by(&[b"HTTP/1.1 400 Bad Request\r\n\r\n"]);
    assert_eq!(fault.kind, Kind::Protocol);
    assert_eq!(refused_by(&[b"INFO {broken\r\n"]).kind, Kind::Protocol);
    assert_eq!(refused_by(&[b""]).kind, Kind::Timeout);
    assert_eq!(
        refused_by(&[b"INFO {}\r\n", b"MSG a 1 99999999999\r\n"]).kind,
        Kind::Protocol
    );
    assert_eq!(
        refused_by(&[b"INFO {}\r\n", b"\xff\xfe\x00\r\n"]).kind,
        Kind::Protocol
    );
    assert_eq!(
        refused_by(&[b"INFO {}\r\n", b"-ERR 'Authorization Violation'\r\n"]).kind,
        Kind::Authorization
    );
    let endless: &[u8] = &[b'I'; 300 * 1024];
    assert_eq!(
        refused_by(Box::leak(Box::new([endless]))).kind,
        Kind::Protocol
    );
}

#[test]
fn frames_that_are_malformed_in_mid_run_end_the_connection_and_not_the_test() {
    let address = hostile(&[
        b"INFO {\"headers\":true}\r\n",
        b"PONG\r\n",
        b"MSG a 1 5\r\nab\r\nHMSG a 1 900 3\r\nabc\r\n",
    ]);
    let mut client = client_with(&format!("nats://{address}"), |_| ());
    client.connect().expect("connects");
    let id = client.subscribe("a", None).expect("subscribes");
    until(&mut client, "the loss", |client| {
        !client.meter().failed.is_empty()
    });
    assert_eq!(client.meter().failed[0], Kind::Protocol);
    let until = now(&client) + SECOND / 10;
    assert!(client.next(id, until).expect("open").is_none());
    until_again(&mut client);
}

fn until_again(client: &mut TestClient) {
    until(client, "a reconnect", |client| {
        client.statistics().reconnects > 0
    });
}
