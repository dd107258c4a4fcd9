//! Tests the client against RabbitMQ, over a connection of the standard library.

mod wire;

use std::time::{Duration, Instant};

use brunt_e2e::RabbitMq;
use brunt_stomp::session::commands::Outgoing;
use brunt_stomp::subscription::Ack;
use brunt_stomp::{Address, Kind, Options, Version};
use wire::{Client, client, connected};

fn options() -> Options {
    Options {
        login: Some("guest".to_owned()),
        passcode: Some("guest".to_owned()),
        virtual_host: Some("/".to_owned()),
        ..Options::default()
    }
}

fn to<'a>(destination: &'a str, body: &'a [u8]) -> Outgoing<'a> {
    Outgoing {
        destination,
        body,
        ..Outgoing::default()
    }
}

/// The next message's body, within ten seconds.
fn next(client: &mut Client, subscription: u64) -> Vec<u8> {
    let until = client.wait_until(Duration::from_secs(10));
    let message = client.next(subscription, Some(until)).expect("no fault");
    message.expect("a message in time").body
}

/// One broker for all of it: it takes seconds to start.
#[test]
fn rabbitmq_is_spoken_to() {
    let mut broker = RabbitMq::start();
    let address = Address::parse(&broker.address().to_string()).unwrap();
    every_version_sends_and_receives(&address);
    messages_are_acknowledged_or_come_again(&address);
    transactions_are_taken_whole_or_not_at_all(&address);
    wrong_credentials_are_told_in_the_servers_words(&address);
    heart_beats_keep_it_alive(&address);
    a_flood_that_nobody_reads_waits_at_the_server(&address);
    a_broker_that_is_killed_is_noticed_and_reconnected_to(&mut broker, &address);
}

fn every_version_sends_and_receives(address: &Address) {
    for version in Version::ALL {
        let mut client = connected(
            address,
            Options {
                versions: vec![version],
                ..options()
            },
        );
        assert_eq!(client.session().version(), version);
        let queue = format!("/queue/versions-{}", version.name());
        let subscription = client.subscribe(&queue, Ack::Auto, None, &[]).unwrap();
        let headers = [("x-words".to_owned(), "some words".to_owned())];
        let message = Outgoing {
            headers: &headers,
            content_type: "application/octet-stream",
            ..to(&queue, b"with a \0 inside")
        };
        client.send(&message, true).unwrap();
        let until = client.wait_until(Duration::from_secs(10));
        let came = client.next(subscription, Some(until)).unwrap().unwrap();
        assert_eq!(came.body, b"with a \0 inside");
        assert_eq!(came.header("x-words"), Some("some words"));
        client.disconnect().unwrap();
    }
}

fn messages_are_acknowledged_or_come_again(address: &Address) {
    let mut client = connected(address, options());
    let queue = "/queue/acknowledged";
    for body in [b"1", b"2", b"3"] {
        client.send(&to(queue, body), true).unwrap();
    }
    let prefetch = [("prefetch-count".to_owned(), "10".to_owned())];
    let subscription = client
        .subscribe(queue, Ack::ClientIndividual, None, &prefetch)
        .unwrap();
    let until = client.wait_until(Duration::from_secs(10));
    let mut messages = Vec::new();
    for _ in 0..3 {
        messages.push(client.next(subscription, Some(until)).unwrap().unwrap());
    }
    client.acknowledge(&messages[0], true, None).unwrap();
    client.acknowledge(&messages[2], true, None).unwrap();
    // Goodbye's receipt says that the acknowledgements were taken.
    client.disconnect().unwrap();
    let mut other = connected(address, options());
    let subscription = other.subscribe(queue, Ack::Auto, None, &[]).unwrap();
    assert_eq!(next(&mut other, subscription), b"2");
    other.disconnect().unwrap();
}

fn transactions_are_taken_whole_or_not_at_all(address: &Address) {
    let mut client = connected(address, options());
    let queue = "/queue/transactions";
    let subscription = client.subscribe(queue, Ack::Auto, None, &[]).unwrap();
    for (body, commit) in [(&b"dropped"[..], false), (b"kept", true)] {
        let transaction = client.begin().unwrap();
        let message = Outgoing {
            transaction: Some(&transaction),
            ..to(queue, body)
        };
        client.send(&message, false).unwrap();
        client.end(&transaction, commit, true).unwrap();
    }
    assert_eq!(next(&mut client, subscription), b"kept");
    client.disconnect().unwrap();
}

fn wrong_credentials_are_told_in_the_servers_words(address: &Address) {
    let mut client = client(
        address,
        Options {
            passcode: Some("wrong".to_owned()),
            ..options()
        },
    );
    let fault = client.connect().unwrap_err();
    assert_eq!(fault.kind, Kind::Server, "{fault}");
    assert!(fault.message.contains("Bad CONNECT"), "{fault}");
}

fn heart_beats_keep_it_alive(address: &Address) {
    let beat = 200_000_000;
    let mut client = connected(
        address,
        Options {
            outgoing_heart_beat: beat,
            incoming_heart_beat: beat,
            ..options()
        },
    );
    assert_ne!(client.session().beats().ours, 0);
    let subscription = client
        .subscribe("/queue/quiet", Ack::Auto, None, &[])
        .unwrap();
    let start = Instant::now();
    while start.elapsed() < Duration::from_millis(1500) {
        let until = client.wait_until(Duration::from_millis(100));
        assert_eq!(client.next(subscription, Some(until)), Ok(None));
    }
    client
        .send(&to("/queue/quiet", b"still there"), true)
        .unwrap();
    assert_eq!(next(&mut client, subscription), b"still there");
}

fn a_flood_that_nobody_reads_waits_at_the_server(address: &Address) {
    let most = 100_000;
    let mut client = connected(
        address,
        Options {
            pending_bytes: most,
            ..options()
        },
    );
    let mut source = connected(address, options());
    let queue = "/queue/flood";
    let subscription = client.subscribe(queue, Ack::Auto, None, &[]).unwrap();
    let body = vec![b'x'; 1000];
    for _ in 0..2000 {
        source.send(&to(queue, &body), false).unwrap();
    }
    source.disconnect().unwrap();
    let start = Instant::now();
    while !client.session().is_full() {
        assert!(start.elapsed() < Duration::from_secs(10), "nothing came");
        client.attend();
    }
    client.attend();
    let waiting = client.session().subscription(subscription).unwrap().bytes();
    // What one read of the connection may bring comes on top.
    assert!(
        (most..most + 200_000).contains(&waiting),
        "{waiting} bytes wait"
    );
    for _ in 0..2000 {
        assert_eq!(next(&mut client, subscription).len(), 1000);
    }
}

fn a_broker_that_is_killed_is_noticed_and_reconnected_to(broker: &mut RabbitMq, address: &Address) {
    let mut client = connected(address, options());
    let subscription = client
        .subscribe("/queue/again", Ack::Auto, None, &[])
        .unwrap();
    broker.kill();
    let until = client.wait_until(Duration::from_secs(10));
    let fault = client.next(subscription, Some(until)).unwrap_err();
    assert_eq!(fault.kind, Kind::Network, "{fault}");
    assert_eq!(
        client
            .send(&to("/queue/again", b""), false)
            .unwrap_err()
            .kind,
        Kind::Network
    );
    let refused = client.connect().unwrap_err();
    assert!(
        refused.message.contains("connecting to STOMP at 127.0.0.1"),
        "{refused}"
    );
    broker.resume();
    client.connect().unwrap();
    client.send(&to("/queue/again", b"again"), true).unwrap();
    assert_eq!(next(&mut client, subscription), b"again");
}
