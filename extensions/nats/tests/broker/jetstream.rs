//! Defines the tests of JetStream: streams, what is stored in them, and consumers.

use brunt_e2e::Nats;
use brunt_nats::jetstream::{
    ConsumerConfig, Fetch, JetStream, Metadata, Pull, Storage, StreamConfig, Verdict,
};
use brunt_nats::options::SECOND;
use brunt_nats::{Kind, Outgoing};

use crate::{TestClient, client, message, next, now, text};

fn soon(most: u32) -> Fetch {
    Fetch {
        most,
        expires: Some(SECOND / 2),
    }
}

fn with_stream(broker: &Nats) -> (TestClient, JetStream) {
    let mut client = client(&broker.url());
    let jetstream = JetStream::default();
    let config = StreamConfig {
        storage: Storage::Memory,
        ..StreamConfig::new("ORDERS", &["orders.>"])
    };
    jetstream
        .create_stream(&mut client, &config)
        .expect("a stream");
    (client, jetstream)
}

fn pull(client: &mut TestClient, jetstream: &JetStream, config: ConsumerConfig) -> Pull {
    let info = jetstream
        .create_consumer(client, "ORDERS", &config)
        .expect("a consumer");
    let name = info["name"].as_str().expect("a name");
    Pull::new(jetstream, client, "ORDERS", name).expect("pulls")
}

/// A durable consumer of `orders.a`, named `worker`.
fn with_worker(broker: &Nats) -> (TestClient, JetStream, Pull) {
    let (mut client, jetstream) = with_stream(broker);
    let config = ConsumerConfig {
        durable: Some("worker".to_owned()),
        filter: Some("orders.a".to_owned()),
        ..ConsumerConfig::default()
    };
    let pull = pull(&mut client, &jetstream, config);
    (client, jetstream, pull)
}

#[test]
fn streams_are_made_changed_told_of_purged_and_deleted() {
    let broker = Nats::plain();
    let (mut client, jetstream) = with_stream(&broker);
    for subject in ["orders.a", "orders.b", "orders.a"] {
        jetstream
            .publish(&mut client, &message(subject, b"x"), None)
            .expect("is stored");
    }
    let info = jetstream
        .stream_info(&mut client, "ORDERS")
        .expect("told of");
    assert_eq!(
        (&info["state"]["messages"], &info["config"]["storage"]),
        (&3.into(), &"memory".into())
    );
    let changed = StreamConfig {
        max_messages: Some(10),
        storage: Storage::Memory,
        ..StreamConfig::new("ORDERS", &["orders.>", "bills.>"])
    };
    let info = jetstream
        .update_stream(&mut client, &changed)
        .expect("is changed");
    assert_eq!(info["config"]["max_msgs"], 10);
    assert_eq!(
        jetstream.stream_of(&mut client, "bills.x").as_deref(),
        Ok("ORDERS")
    );
    assert_eq!(
        jetstream
            .stream_of(&mut client, "else")
            .expect_err("none")
            .code,
        404
    );
    assert_eq!(
        jetstream.purge_stream(&mut client, "ORDERS", Some("orders.a")),
        Ok(2)
    );
    assert_eq!(jetstream.purge_stream(&mut client, "ORDERS", None), Ok(1));
    let other = StreamConfig::new("ORDERS", &["else"]);
    assert_eq!(
        jetstream
            .create_stream(&mut client, &other)
            .expect_err("another")
            .code,
        10_058
    );
    jetstream
        .delete_stream(&mut client, "ORDERS")
        .expect("is deleted");
    let fault = jetstream
        .stream_info(&mut client, "ORDERS")
        .expect_err("gone");
    assert_eq!((fault.kind, fault.code), (Kind::Jetstream, 10_059));
    assert_eq!(
        jetstream
            .stream_info(&mut client, "a.b")
            .expect_err("no name")
            .kind,
        Kind::Invalid
    );
}

#[test]
fn what_is_stored_is_acknowledged_and_an_id_is_stored_once() {
    let broker = Nats::plain();
    let (mut client, jetstream) = with_stream(&broker);
    let mut stored = |id| {
        jetstream
            .publish(&mut client, &message("orders.a", b"x"), id)
            .expect("is stored")
    };
    let first = stored(Some("7"));
    assert_eq!(
        (first.stream.as_str(), first.sequence, first.duplicate),
        ("ORDERS", 1, false)
    );
    let again = stored(Some("7"));
    assert_eq!((again.sequence, again.duplicate), (1, true));
    assert_eq!(stored(None).sequence, 2);
    assert_eq!(client.meter().stored, ["orders.a"; 3]);
    let fault = jetstream
        .publish(&mut client, &message("else", b"x"), None)
        .expect_err("no stream");
    assert_eq!((fault.kind, fault.code), (Kind::NoResponders, 503));
    assert!(fault.message.contains("no stream"), "{fault}");
    let numbers: Vec<u64> = (0..100)
        .map(|_| {
            jetstream
                .start_publish(&mut client, &message("orders.b", b"y"), None)
                .expect("is sent")
        })
        .collect();
    for (at, number) in numbers.into_iter().enumerate() {
        let deadline = now(&client) + 5 * SECOND;
        let stored = jetstream
            .stored(&mut client, number, deadline)
            .expect("is stored");
        assert_eq!(stored.sequence, 3 + at as u64);
    }
}

#[test]
fn messages_are_pulled_and_acknowledged() {
    let broker = Nats::plain();
    let (mut client, jetstream, mut pull) = with_worker(&broker);
    for number in 0..5u8 {
        let fields = [("Number".to_owned(), number.to_string())];
        let one = Outgoing {
            headers: &fields,
            ..message("orders.a", b"x")
        };
        jetstream
            .publish(&mut client, &one, None)
            .expect("is stored");
        jetstream
            .publish(&mut client, &message("orders.b", b"x"), None)
            .expect("is stored");
    }
    let started = now(&client);
    let first = pull
        .fetch(&jetstream, &mut client, soon(3))
        .expect("fetches");
    assert!(
        now(&client) - started < SECOND / 2,
        "it waited though all were there"
    );
    assert_eq!(first.len(), 3);
    let replies: Vec<String> = first
        .iter()
        .map(|one| one.reply().expect("a reply").into_owned())
        .collect();
    let metadata = Metadata::read(&replies[1]).expect("metadata");
    assert_eq!(
        (metadata.stream.as_str(), metadata.consumer.as_str()),
        ("ORDERS", "worker")
    );
    assert_eq!(
        (
            metadata.stream_sequence,
            metadata.consumer_sequence,
            metadata.deliveries
        ),
        (3, 2, 1)
    );
    assert_eq!(
        (
            first[1].subject().as_ref(),
            first[1].header("number").as_deref()
        ),
        ("orders.a", Some("1"))
    );
    for reply in &replies {
        jetstream
            .settle_surely(&mut client, reply, Verdict::Ack)
            .expect("acknowledges");
    }
    let rest = pull
        .fetch(&jetstream, &mut client, soon(10))
        .expect("fetches");
    assert_eq!(rest.len(), 2, "the others were acknowledged");
    let info = jetstream
        .consumer_info(&mut client, "ORDERS", "worker")
        .expect("told of");
    assert_eq!(
        (&info["num_ack_pending"], &info["num_pending"]),
        (&2.into(), &0.into())
    );
}

#[test]
fn a_consumer_that_has_nothing_or_is_gone_says_so() {
    let broker = Nats::plain();
    let (mut client, jetstream, mut pull) = with_worker(&broker);
    let now = Fetch {
        most: 5,
        expires: None,
    };
    let none = pull.fetch(&jetstream, &mut client, now).expect("fetches");
    assert!(none.is_empty());
    jetstream
        .delete_consumer(&mut client, "ORDERS", "worker")
        .expect("is deleted");
    let fault = pull
        .fetch(&jetstream, &mut client, soon(1))
        .expect_err("gone");
    assert_eq!((fault.kind, fault.code), (Kind::Jetstream, 10_014));
    let fault = jetstream
        .consumer_info(&mut client, "ORDERS", "worker")
        .expect_err("gone");
    assert_eq!(fault.code, 10_014);
}

#[test]
fn without_waiting_only_what_is_there_is_fetched() {
    let broker = Nats::plain();
    let (mut client, jetstream) = with_stream(&broker);
    let mut pull = pull(&mut client, &jetstream, ConsumerConfig::default());
    for _ in 0..3 {
        jetstream
            .publish(&mut client, &message("orders.a", b"x"), None)
            .expect("is stored");
    }
    let started = now(&client);
    let fetched = pull
        .fetch(
            &jetstream,
            &mut client,
            Fetch {
                most: 10,
                expires: None,
            },
        )
        .expect("fetches");
    assert_eq!(fetched.len(), 3);
    assert!(now(&client) - started < SECOND, "it waited for more");
}

#[test]
fn what_is_not_acknowledged_comes_again_as_the_verdict_says() {
    let broker = Nats::plain();
    let (mut client, jetstream) = with_stream(&broker);
    let config = ConsumerConfig {
        ack_wait: Some(2 * SECOND),
        ..ConsumerConfig::default()
    };
    let mut pull = pull(&mut client, &jetstream, config);
    for payload in [b"a", b"b", b"c"] {
        jetstream
            .publish(&mut client, &message("orders.a", payload), None)
            .expect("is stored");
    }
    let first = pull
        .fetch(&jetstream, &mut client, soon(3))
        .expect("fetches");
    let replies: Vec<String> = first
        .iter()
        .map(|one| one.reply().expect("a reply").into_owned())
        .collect();
    jetstream
        .settle(&mut client, &replies[0], Verdict::Nak(None))
        .expect("is sent");
    jetstream
        .settle(&mut client, &replies[1], Verdict::Term)
        .expect("is sent");
    jetstream
        .settle(&mut client, &replies[2], Verdict::Nak(Some(SECOND / 4)))
        .expect("is sent");
    let again = pull
        .fetch(
            &jetstream,
            &mut client,
            Fetch {
                most: 2,
                expires: Some(5 * SECOND),
            },
        )
        .expect("fetches");
    let texts: Vec<String> = again.iter().map(text).collect();
    assert_eq!(texts, ["a", "c"]);
    let metadata = Metadata::read(&again[0].reply().expect("a reply")).expect("metadata");
    assert_eq!(metadata.deliveries, 2);
    let replies: Vec<String> = again
        .iter()
        .map(|one| one.reply().expect("a reply").into_owned())
        .collect();
    let started = now(&client);
    // "a" is worked on for longer than the time to acknowledge it, and "c" forgotten.
    for _ in 0..5 {
        jetstream
            .settle_surely(&mut client, &replies[0], Verdict::InProgress)
            .ok();
        let pause = now(&client) + SECOND / 2;
        brunt_nats::Wire::sleep(client.wire(), pause);
    }
    assert!(now(&client) - started > 2 * SECOND);
    let late = pull
        .fetch(&jetstream, &mut client, soon(1))
        .expect("fetches");
    assert_eq!(late.iter().map(text).collect::<Vec<_>>(), ["c"]);
    assert!(
        jetstream
            .settle(&mut client, "_INBOX.a.b", Verdict::Ack)
            .is_err()
    );
}

#[test]
fn a_consumer_that_pushes_delivers_to_a_subscription() {
    let broker = Nats::plain();
    let (mut client, jetstream) = with_stream(&broker);
    let inbox = client.session().new_inbox();
    let id = client.subscribe(&inbox, None).expect("subscribes");
    let config = ConsumerConfig {
        more: Some(format!("{{\"deliver_subject\":\"{inbox}\"}}")),
        ..ConsumerConfig::default()
    };
    let info = jetstream
        .create_consumer(&mut client, "ORDERS", &config)
        .expect("a consumer");
    jetstream
        .publish(&mut client, &message("orders.a", b"x"), None)
        .expect("is stored");
    let pushed = next(&mut client, id);
    assert_eq!(
        (pushed.subject().as_ref(), text(&pushed).as_str()),
        ("orders.a", "x")
    );
    Metadata::read(&pushed.reply().expect("a reply")).expect("metadata");
    let name = info["name"].as_str().expect("a name");
    let fault = Pull::new(&jetstream, &mut client, "ORDERS", name).expect_err("it pushes");
    assert_eq!(fault.kind, Kind::Invalid);
}

#[test]
fn a_server_without_jetstream_says_so() {
    let broker = Nats::start(
        "accounts { A { users: [ { user: a, password: a } ] } }\nno_auth_user: a",
        &[],
    );
    let mut client = client(&broker.url());
    let fault = JetStream::default()
        .stream_info(&mut client, "S")
        .expect_err("no JetStream");
    assert!(fault.message.contains("JetStream"), "{fault}");
}
