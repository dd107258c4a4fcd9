//! Defines a test that uses NATS by its extension: variable `DO` names what is done, `NATS` the server.

use brunt_sdk::bindings::brunt::time::{clock, waiting};
use brunt_sdk::prelude::*;
use nats::brunt::nats::client::{
    AckPolicy, Client, ConsumerConfig, ErrorKind, JetStream, Message, NatsError, Options, Outgoing,
    State, Storage, StreamConfig, Subscription,
};

mod nats {
    #![allow(missing_docs, unreachable_pub, clippy::all)]

    brunt_sdk::import_extension!({
        path: ["../../wit", "../../extensions/nats/wit"],
        inline: "
            package test:nats;

            world importing {
                import brunt:time/clock@0.1.0;
                import brunt:time/waiting@0.1.0;
                import brunt:nats/client@0.1.0;
            }
        ",
    });
}

const SECOND: u64 = 1_000_000_000;

#[brunt_sdk::test]
fn nats_client() -> Result<()> {
    match env_or("DO", "core").as_str() {
        "core" => core(),
        "requests" => requests(),
        "jetstream" => jetstream(),
        "connect" => connect(),
        "limits" => limits(),
        "sleep" => during_sleep(),
        other => return Err(Error::new(format!("nothing is known of {other}"))),
    }
    .map_err(|error: NatsError| Error::new(error.message))
}

fn options() -> Options {
    let options = Options::new(&[env_or("NATS", "nats://127.0.0.1:4222")]);
    let set = |name: &str, set: &dyn Fn(&str)| {
        if let Some(value) = env(name) {
            set(&value);
        }
    };
    set("TOKEN", &|token| options.set_token(token));
    set("USER_NAME", &|user| {
        options.set_user(user, &env_or("PASSWORD", ""))
    });
    set("NKEY", &|seed| options.set_nkey(seed));
    set("CREDENTIALS", &|text| options.set_credentials(text));
    set("CA", &|pem| options.add_authorities(pem.as_bytes()));
    set("TLS_FIRST", &|_| options.set_tls_first(true));
    options
}

fn client() -> Client {
    Client::new(&options())
}

fn text(message: &Message) -> String {
    String::from_utf8_lossy(&message.payload).into_owned()
}

fn next(subscription: &Subscription) -> Result<Message, NatsError> {
    let message = subscription.next(Some(5 * SECOND))?;
    message.ok_or_else(|| NatsError {
        kind: ErrorKind::Timeout,
        code: 0,
        message: format!("no message for {}", subscription.subject()),
    })
}

/// So many messages, in whatever batches they come.
fn take(subscription: &Subscription, count: usize) -> Result<Vec<Message>, NatsError> {
    let mut messages = Vec::new();
    while messages.len() < count {
        let batch = subscription.next_batch(100, Some(5 * SECOND))?;
        if batch.is_empty() {
            break;
        }
        messages.extend(batch);
    }
    Ok(messages)
}

fn outgoing(subject: &str, payload: &[u8]) -> Outgoing {
    Outgoing {
        subject: subject.to_owned(),
        reply: None,
        headers: None,
        payload: payload.to_vec(),
    }
}

fn core() -> Result<(), NatsError> {
    let (sender, receiver) = (client(), client());
    let exact = receiver.subscribe("orders.new", None)?;
    let wild = receiver.subscribe("orders.*", None)?;
    let workers = [
        receiver.subscribe("orders.new", Some("q"))?,
        receiver.subscribe("orders.new", Some("q"))?,
    ];
    receiver.flush(None)?;
    sender.publish("orders.new", b"one")?;
    let headers = vec![
        ("Trace".to_owned(), "7".to_owned()),
        ("Trace".to_owned(), "8".to_owned()),
    ];
    sender.publish_message(&Outgoing {
        reply: Some("answers".to_owned()),
        headers: Some(headers.clone()),
        ..outgoing("orders.new", b"two")
    })?;
    check("exact", text(&next(&exact)?) == "one");
    let second = next(&exact)?;
    check(
        "headers",
        second.headers == headers && second.reply.as_deref() == Some("answers"),
    );
    let both = take(&wild, 2)?;
    check(
        "wildcard",
        both.len() == 2 && both[1].subject == "orders.new",
    );
    sender.flush(None)?;
    receiver.flush(None)?;
    let shared: u32 = workers.iter().map(Subscription::pending).sum();
    check("queue", shared == 2);
    many(&sender, &wild)?;
    let statistics = sender.statistics();
    check(
        "statistics",
        statistics.messages_out == 14 && statistics.bytes_in == 0,
    );
    let info = sender.server_info();
    check(
        "info",
        info.is_some_and(|info| info.contains("\"server_id\"")),
    );
    receiver.drain(None)?;
    check(
        "drained",
        receiver.state() == State::Closed && sender.state() == State::Connected,
    );
    Ok(())
}

fn many(sender: &Client, wild: &Subscription) -> Result<(), NatsError> {
    let many: Vec<Outgoing> = (0..10u8)
        .map(|number| outgoing("orders.many", &[number]))
        .collect();
    sender.publish_many(&many)?;
    sender.publish_all("orders.many", &[vec![10], vec![11]])?;
    sender.flush(None)?;
    let numbers: Vec<u8> = take(wild, 12)?
        .iter()
        .map(|message| message.payload[0])
        .collect();
    check("many", numbers == (0..12).collect::<Vec<u8>>());
    wild.unsubscribe(None);
    check(
        "unsubscribed",
        wild.next(Some(SECOND))
            .is_err_and(|error| error.kind == ErrorKind::Closed),
    );
    Ok(())
}

fn requests() -> Result<(), NatsError> {
    let (asker, responder) = (client(), client());
    let questions = responder.subscribe("double", None)?;
    responder.flush(None)?;
    let pending = asker.start_request(&outgoing("double", b"21"), None)?;
    let question = next(&questions)?;
    let reply = question.reply.as_deref().unwrap_or_default();
    responder.publish(reply, b"42")?;
    // Waited for by the test: the extension is attended meanwhile.
    let first = waiting::wait_any(&[&pending.done(), &waiting::after(5 * SECOND)]);
    check("ready", first == 0);
    check("answer", text(&pending.take()?) == "42");
    check("taken", pending.take().is_err());
    let nobody = asker.request("nobody", b"", None);
    check(
        "no responders",
        nobody.is_err_and(|error| error.kind == ErrorKind::NoResponders && error.code == 503),
    );
    let started = clock::now();
    let late = asker.request("double", b"1", Some(SECOND / 10));
    let took = clock::now() - started;
    check(
        "timeout",
        late.is_err_and(|error| error.kind == ErrorKind::Timeout)
            && (SECOND / 10..SECOND).contains(&took),
    );
    let readable = questions.readable();
    check("question is there", {
        readable.wait();
        questions.try_next().is_some()
    });
    Ok(())
}

const STREAM: &str = "ORDERS";

fn jetstream() -> Result<(), NatsError> {
    let client = client();
    let jetstream = JetStream::new(&client, None);
    store(&jetstream)?;
    deliver(&client, &jetstream)?;
    jetstream.delete_consumer(STREAM, "worker")?;
    let info = jetstream.consumer_info(STREAM, "worker");
    check("no consumer", info.is_err_and(|error| error.code == 10_014));
    check("purged", jetstream.purge_stream(STREAM, None)? == 3);
    jetstream.delete_stream(STREAM)?;
    let info = jetstream.stream_info(STREAM);
    check("no stream", info.is_err_and(|error| error.code == 10_059));
    Ok(())
}

fn store(jetstream: &JetStream) -> Result<(), NatsError> {
    let config = StreamConfig {
        name: STREAM.to_owned(),
        subjects: vec!["orders.>".to_owned()],
        storage: Some(Storage::Memory),
        retention: None,
        max_messages: None,
        max_bytes: None,
        max_age: None,
        replicas: None,
        duplicate_window: None,
        more: Some("{\"discard\":\"new\"}".to_owned()),
    };
    let info = jetstream.create_stream(&config)?;
    check(
        "created",
        info.name == STREAM && info.json.contains("\"discard\":\"new\""),
    );
    let first = jetstream.publish_message(&outgoing("orders.a", b"1"), Some("id-1"))?;
    let again = jetstream.publish_message(&outgoing("orders.a", b"1"), Some("id-1"))?;
    check(
        "stored once",
        first.sequence == 1 && !first.duplicate && again.duplicate,
    );
    let pending = jetstream.start_publish(&outgoing("orders.a", b"2"), None)?;
    pending.done().wait();
    check("stored beside", pending.take()?.sequence == 2);
    jetstream.publish("orders.b", b"3")?;
    check("stream of", jetstream.stream_of("orders.x")? == STREAM);
    Ok(())
}

fn deliver(client: &Client, jetstream: &JetStream) -> Result<(), NatsError> {
    let config = ConsumerConfig {
        durable: Some("worker".to_owned()),
        filter: Some("orders.a".to_owned()),
        deliver: None,
        ack: Some(AckPolicy::Explicit),
        ack_wait: None,
        max_deliver: None,
        max_ack_pending: None,
        more: None,
    };
    jetstream.create_consumer(STREAM, &config)?;
    let consumer = jetstream.consumer(STREAM, "worker")?;
    let deliveries = consumer.fetch(2, 2 * SECOND)?;
    check(
        "fetched",
        deliveries.len() == 2
            && deliveries[1].stream_sequence == 2
            && deliveries[1].deliveries == 1,
    );
    check("none", consumer.fetch_no_wait(5)?.is_empty());
    jetstream.ack_sync(&deliveries[0].reply)?;
    jetstream.in_progress(&deliveries[1].reply)?;
    jetstream.nak(&deliveries[1].reply, None)?;
    let again = consumer.fetch(1, 2 * SECOND)?;
    check(
        "again",
        again.len() == 1 && again[0].deliveries == 2 && again[0].payload == b"2",
    );
    jetstream.ack_many(&[again[0].reply.clone()])?;
    client.flush(None)?;
    check("acknowledged", consumer.info()?.ack_pending == 0);
    Ok(())
}

/// Whether the server takes us, and says what is to be said.
fn connect() -> Result<(), NatsError> {
    let expected = env_or("EXPECT", "connected");
    let client = client();
    let outcome = match client.connect() {
        Ok(()) => "connected".to_owned(),
        Err(error) => {
            log::info!("{:?} {}: {}", error.kind, error.code, error.message);
            format!("{:?}", error.kind)
        }
    };
    check("as expected", outcome.contains(&expected));
    if client.state() == State::Connected {
        let subscription = client.subscribe("a", None)?;
        client.publish("a", b"x")?;
        check("message", text(&next(&subscription)?) == "x");
    }
    Ok(())
}

fn limits() -> Result<(), NatsError> {
    let (fast, slow) = (client(), client());
    let subscription = slow.subscribe("a", None)?;
    subscription.set_pending_limits(10, 1 << 20);
    slow.flush(None)?;
    fast.publish_all("a", &vec![b"x".to_vec(); 100])?;
    fast.flush(None)?;
    slow.flush(None)?;
    check(
        "dropped",
        subscription.pending() == 10 && subscription.dropped() == 90,
    );
    let large = fast.publish("a", &vec![0; 2 << 20]);
    check(
        "too large",
        large.is_err_and(|error| error.kind == ErrorKind::TooLarge),
    );
    check(
        "malformed",
        fast.publish("a b", b"")
            .is_err_and(|error| error.kind == ErrorKind::Invalid),
    );
    check("still there", fast.flush(None).is_ok());
    Ok(())
}

/// What comes while the test sleeps is taken in then: pings are answered, and what waits is not the server's to keep.
fn during_sleep() -> Result<(), NatsError> {
    let client = client();
    let subscription = client.subscribe("ticks", None)?;
    client.flush(None)?;
    let before = subscription.pending();
    sleep(Duration::from_millis(500));
    let after = subscription.pending();
    check("nothing before", before == 0);
    check("came during the sleep", after > 5);
    check(
        "counted",
        u64::from(after) <= client.statistics().messages_in,
    );
    Ok(())
}
