//! Defines the tests of messages that come and go, with a broker that is there.

use brunt_e2e::Nats;
use brunt_nats::options::{PendingLimits, SECOND};
use brunt_nats::{Kind, Outgoing};

use crate::{client, client_with, message, next, now, text, until};

#[test]
fn what_is_published_comes_to_who_subscribed() {
    let broker = Nats::plain();
    let mut client = client(&broker.url());
    let exact = client.subscribe("orders.new", None).expect("subscribes");
    let wild = client.subscribe("orders.>", None).expect("subscribes");
    let other = client.subscribe("bills", None).expect("subscribes");
    client
        .publish(&message("orders.new", b"one"))
        .expect("publishes");
    let fields = [
        ("Trace".to_owned(), "7".to_owned()),
        ("Trace".to_owned(), "ä".to_owned()),
    ];
    let with_all = Outgoing {
        reply: Some("answers"),
        headers: &fields,
        ..message("orders.new", b"")
    };
    client.publish(&with_all).expect("publishes");
    for subscription in [exact, wild] {
        assert_eq!(text(&next(&mut client, subscription)), "one");
        let second = next(&mut client, subscription);
        assert_eq!(
            (second.headers(), second.reply().as_deref()),
            (fields.to_vec(), Some("answers"))
        );
        assert_eq!(
            (second.payload(), second.subject().as_ref()),
            (&b""[..], "orders.new")
        );
    }
    client.flush(None).expect("flushes");
    assert!(client.try_next(other).is_none());
    assert_eq!(client.statistics().messages_in, 4);
    assert_eq!(client.meter().received, 4);
    let sent: Vec<&str> = client
        .meter()
        .sent
        .iter()
        .map(|(subject, _)| subject.as_str())
        .collect();
    assert_eq!(sent, ["orders.new", "orders.new"]);
}

#[test]
fn those_of_a_queue_share_what_comes() {
    let broker = Nats::plain();
    let mut clients = [client(&broker.url()), client(&broker.url())];
    let workers: Vec<u64> = clients
        .iter_mut()
        .map(|client| {
            let id = client
                .subscribe("work", Some("workers"))
                .expect("subscribes");
            client.flush(None).expect("flushes");
            id
        })
        .collect();
    let mut boss = client(&broker.url());
    let messages: Vec<String> = (0..200).map(|number| number.to_string()).collect();
    let outgoing = messages.iter().map(|text| message("work", text.as_bytes()));
    boss.publish_many(outgoing).expect("publishes");
    boss.flush(None).expect("flushes");
    // Measured together: 10 of one digit, 90 of two, 100 of three.
    assert_eq!(boss.meter().sent, [("work".to_owned(), 490)]);
    assert_eq!(boss.statistics().messages_out, 200);
    let mut seen = Vec::new();
    for (client, id) in clients.iter_mut().zip(workers) {
        client.flush(None).expect("flushes");
        let before = seen.len();
        while let Some(message) = client.try_next(id) {
            seen.push(text(&message));
        }
        assert!(seen.len() > before, "one of the two got nothing");
    }
    seen.sort_by_key(|text| text.parse::<u32>().expect("a number"));
    assert_eq!(seen, messages);
}

#[test]
fn requests_are_answered_with_headers_and_without_responders_fail_at_once() {
    let broker = Nats::plain();
    let mut asker = client(&broker.url());
    let mut responder = client(&broker.url());
    let questions = responder.subscribe("double", None).expect("subscribes");
    responder.flush(None).expect("flushes");
    let fields = [("Lang".to_owned(), "de".to_owned())];
    let request = Outgoing {
        headers: &fields,
        ..message("double", b"21")
    };
    let number = asker.start_request(&request).expect("asks");
    let question = next(&mut responder, questions);
    assert_eq!(question.header("lang").as_deref(), Some("de"));
    let reply = question.reply().expect("a reply subject").into_owned();
    responder.publish(&message(&reply, b"42")).expect("answers");
    let deadline = asker.request_deadline(number, None);
    assert_eq!(
        text(&asker.answer(number, deadline).expect("an answer")),
        "42"
    );
    assert_eq!(asker.meter().answered[0].0, "double");
    assert_eq!(responder.meter().sent[0].0, "_INBOX.*");
    let started = now(&asker);
    let fault = asker
        .request(&message("nobody", b""), None)
        .expect_err("nobody");
    assert_eq!((fault.kind, fault.code), (Kind::NoResponders, 503));
    assert!(now(&asker) - started < SECOND);
    let fault = asker
        .request(&message("double", b"1"), Some(SECOND / 20))
        .expect_err("no answer");
    assert_eq!(fault.kind, Kind::Timeout);
    assert_eq!(asker.meter().failed, [Kind::NoResponders, Kind::Timeout]);
}

#[test]
fn many_requests_wait_side_by_side() {
    let broker = Nats::plain();
    let mut asker = client(&broker.url());
    let mut responder = client(&broker.url());
    let questions = responder.subscribe("echo", None).expect("subscribes");
    responder.flush(None).expect("flushes");
    let texts: Vec<String> = (0..50).map(|number| format!("q{number}")).collect();
    let numbers: Vec<u64> = texts
        .iter()
        .map(|text| {
            asker
                .start_request(&message("echo", text.as_bytes()))
                .expect("asks")
        })
        .collect();
    let asked: Vec<_> = (0..50).map(|_| next(&mut responder, questions)).collect();
    for question in asked.iter().rev() {
        let reply = question.reply().expect("a reply").into_owned();
        responder
            .publish(&message(&reply, question.payload()))
            .expect("answers");
    }
    for (number, expected) in numbers.into_iter().zip(&texts) {
        let deadline = asker.request_deadline(number, None);
        assert_eq!(
            &text(&asker.answer(number, deadline).expect("an answer")),
            expected
        );
    }
}

#[test]
fn a_subscription_ends_after_so_many_when_unsubscribed_and_when_drained() {
    let broker = Nats::plain();
    let mut client = client(&broker.url());
    let two = client.subscribe("a", None).expect("subscribes");
    client.unsubscribe(two, Some(2));
    let drained = client.subscribe("a", None).expect("subscribes");
    let gone = client.subscribe("a", None).expect("subscribes");
    client.unsubscribe(gone, None);
    for number in 0..4u8 {
        client.publish(&message("a", &[number])).expect("publishes");
    }
    client.drain(Some(drained), None).expect("drains");
    let mut taken = |id| {
        let mut payloads = Vec::new();
        let fault = loop {
            let until = now(&client) + SECOND;
            match client.next(id, until) {
                Ok(Some(message)) => payloads.extend_from_slice(message.payload()),
                Ok(None) => panic!("it has not ended"),
                Err(fault) => break fault,
            }
        };
        (payloads, fault.kind)
    };
    assert_eq!(taken(two), (vec![0, 1], Kind::Closed));
    assert_eq!(taken(drained), (vec![0, 1, 2, 3], Kind::Closed));
    assert_eq!(taken(gone), (vec![], Kind::Closed));
}

#[test]
fn echo_can_be_turned_off() {
    let broker = Nats::plain();
    let mut quiet = client_with(&broker.url(), |options| options.echo = false);
    let mut other = client(&broker.url());
    let own = quiet.subscribe("a", None).expect("subscribes");
    let others = other.subscribe("a", None).expect("subscribes");
    other.flush(None).expect("flushes");
    quiet.publish(&message("a", b"x")).expect("publishes");
    next(&mut other, others);
    quiet.flush(None).expect("flushes");
    assert!(quiet.try_next(own).is_none());
}

#[test]
fn a_message_over_max_payload_is_not_sent_and_the_connection_stays() {
    let broker = Nats::start("max_payload: 1000", &[]);
    let mut client = client(&broker.url());
    let id = client.subscribe("a", None).expect("subscribes");
    let fault = client
        .publish(&message("a", &[b'x'; 1001]))
        .expect_err("too large");
    assert_eq!(fault.kind, Kind::TooLarge);
    assert!(
        fault.message.contains("1001") && fault.message.contains("1000"),
        "{fault}"
    );
    client.publish(&message("a", &[b'x'; 1000])).expect("fits");
    assert_eq!(next(&mut client, id).payload().len(), 1000);
    assert_eq!(client.statistics().reconnects, 0);
}

#[test]
fn a_slow_subscription_drops_beyond_its_limit_and_says_so() {
    let broker = Nats::plain();
    let limits = PendingLimits {
        messages: 10,
        bytes: 1 << 20,
    };
    let mut slow = client_with(&broker.url(), |options| options.pending = limits);
    let id = slow.subscribe("a", None).expect("subscribes");
    slow.flush(None).expect("flushes");
    let mut fast = client(&broker.url());
    fast.publish_many((0..100).map(|_| message("a", b"x")))
        .expect("publishes");
    fast.flush(None).expect("flushes");
    until(&mut slow, "100 messages", |slow| {
        slow.statistics().messages_in == 100
    });
    assert_eq!(slow.statistics().dropped, 90);
    let counted: u64 = slow.meter().dropped.iter().map(|(_, count)| count).sum();
    assert_eq!(counted, 90);
    let told: Vec<&String> = slow
        .meter()
        .told
        .iter()
        .filter(|line| line.contains("dropped"))
        .collect();
    assert_eq!(told.len(), 1, "{told:?}");
    assert_eq!(
        slow.session().subscription(id).expect("there").pending(),
        10
    );
}

#[test]
fn messages_of_a_megabyte_and_many_small_ones_come_whole() {
    let broker = Nats::plain();
    let mut sender = client(&broker.url());
    let mut receiver = client(&broker.url());
    let id = receiver.subscribe("a", None).expect("subscribes");
    receiver.flush(None).expect("flushes");
    let large: Vec<u8> = (0..1_000_000u32).map(|at| (at % 251) as u8).collect();
    sender.publish(&message("a", &large)).expect("publishes");
    assert_eq!(next(&mut receiver, id).payload(), large);
    sender
        .publish_many((0..20_000).map(|_| message("a", b"tick")))
        .expect("publishes");
    let mut count = 0;
    while count < 20_000 {
        let until = now(&receiver) + 10 * SECOND;
        let batch = receiver.next_batch(id, 500, until).expect("open");
        assert!(!batch.is_empty() && batch.len() <= 500);
        count += batch.len();
    }
    assert_eq!(receiver.statistics().dropped, 0);
}
