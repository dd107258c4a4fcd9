//! Defines a test of STOMP: variable `DO` names what an iteration does, `STOMP` the broker's address.

use brunt_sdk::prelude::*;
use stomp::brunt::stomp::client::{AckMode, Client, ErrorKind, Options, StompError, Subscription};

mod stomp {
    #![allow(missing_docs, unreachable_pub, clippy::all)]

    brunt_sdk::import_extension!({
        path: ["../../wit", "../../extensions/stomp/wit"],
        inline: "
            package test:stomp;

            world importing {
                import brunt:time/clock@0.1.0;
                import brunt:time/waiting@0.1.0;
                import brunt:stomp/client@0.1.0;
            }
        ",
    });
}

const SECOND: u64 = 1_000_000_000;

#[brunt_sdk::test(vus = 1, iterations = 1)]
fn default() -> Result<()> {
    let done = match env_or("DO", "messages").as_str() {
        "messages" => messages(),
        "waiting" => waiting(),
        "refused" => refused(),
        "restart" => restart(),
        "persistent" => persistent(),
        other => return Err(Error::new(format!("nothing is known of {other}"))),
    };
    done.map_err(|error: StompError| Error::new(error.message))
}

fn options() -> Options {
    let options = Options::new();
    options.set_login("guest", &env_or("PASSCODE", "guest"));
    options.set_virtual_host("/");
    if let Some(pem) = env("CA") {
        options.add_authorities(pem.as_bytes());
    }
    options
}

fn connect() -> Result<Client, StompError> {
    Client::connect(&env_or("STOMP", "127.0.0.1:61613"), &options())
}

fn next(subscription: &Subscription) -> Result<Vec<u8>, StompError> {
    let message = subscription.next(Some(10 * SECOND))?;
    Ok(message.map(|message| message.body()).unwrap_or_default())
}

/// Sends, receives, acknowledges, and does some of it in transactions.
fn messages() -> Result<(), StompError> {
    let client = connect()?;
    check("the version is 1.2", client.version() == "1.2");
    let queue = "/queue/guest";
    let subscription = client.subscribe(queue, AckMode::ClientIndividual, &[], None)?;
    client.send(queue, "text/plain", b"plain")?;
    let headers = [("x-mine".to_owned(), "a:b\nc".to_owned())];
    client.send_with(queue, "", b"with headers", &headers, true)?;
    let first = subscription.next(Some(10 * SECOND))?;
    check(
        "plain",
        first
            .as_ref()
            .is_some_and(|message| message.body() == b"plain"),
    );
    if let Some(message) = first {
        client.ack(&message)?;
    }
    let second = subscription.next(Some(10 * SECOND))?;
    check(
        "headers",
        second
            .as_ref()
            .is_some_and(|message| message.header("x-mine").as_deref() == Some("a:b\nc")),
    );
    if let Some(message) = second {
        let transaction = client.begin()?;
        transaction.ack(&message)?;
        transaction.send("/queue/other", "", b"in a transaction", &[])?;
        transaction.commit(true)?;
    }
    let other = client.subscribe("/queue/other", AckMode::Auto, &[], Some("other"))?;
    check("committed", next(&other)? == b"in a transaction");
    let none = subscription.next(Some(SECOND / 5))?;
    check("nothing is left", none.is_none());
    client.disconnect()
}

/// Messages come while the test sleeps longer than its heart-beats allow, and can be waited for beside a timer.
fn waiting() -> Result<(), StompError> {
    let options = options();
    options.set_heart_beat(SECOND / 5, SECOND / 5);
    let client = Client::connect(&env_or("STOMP", "127.0.0.1:61613"), &options)?;
    let subscription = client.subscribe("/queue/waiting", AckMode::Auto, &[], None)?;
    let receipt = client.start_send("/queue/waiting", "", b"early", &[])?;
    sleep(1.5);
    check("the receipt has come", receipt.done().ready());
    check("the receipt was quick", receipt.take()? < SECOND);
    check("a message has come", subscription.ready().ready());
    let batch = subscription.next_batch(10, Some(0))?;
    check("it is the only one", batch.len() == 1);
    let late = batch
        .first()
        .is_none_or(|message| time::now().as_nanos() as u64 - message.arrival() < SECOND);
    check("it came long ago", !late);
    check("still connected", client.connected());
    client.disconnect()
}

fn refused() -> Result<(), StompError> {
    match connect() {
        Ok(_) => check("refused", false),
        Err(error) => {
            log::info!(
                "refused {}",
                json!({ "kind": format!("{:?}", error.kind), "message": error.message })
            );
            check("refused", error.kind != ErrorKind::Other)
        }
    };
    Ok(())
}

/// Says that it is connected, waits for the broker to be gone and to come back, and goes on.
fn restart() -> Result<(), StompError> {
    let client = connect()?;
    let subscription = client.subscribe("/queue/restart", AckMode::Auto, &[], None)?;
    http::get(format!("{}/connected", env_or("BASE_URL", ""))).ok();
    check(
        "the loss is told",
        subscription.next(Some(60 * SECOND)).is_err(),
    );
    http::get(format!("{}/lost", env_or("BASE_URL", ""))).ok();
    for _ in 0..600 {
        if client.reconnect().is_ok() {
            break;
        }
        sleep(0.1);
    }
    client.send("/queue/restart", "", b"again")?;
    check("messages come again", next(&subscription)? == b"again");
    client.disconnect()
}

/// Sends each of 50 messages until its receipt has come, however often the connection breaks, and receives them all.
fn persistent() -> Result<(), StompError> {
    const MESSAGES: u8 = 50;
    let queue = "/queue/persistent";
    let client = connect()?;
    let mut losses = 0;
    for number in 0..MESSAGES {
        while client.send_with(queue, "", &[number], &[], true).is_err() {
            losses += 1;
            client.reconnect()?;
        }
    }
    check("the connection broke", losses > 0);
    client.disconnect()?;
    let mut came = std::collections::BTreeSet::new();
    while came.len() < usize::from(MESSAGES) {
        match receive(queue, &mut came) {
            Ok(true) => {}
            Ok(false) => break,
            Err(error) => log::info!("again, as {}", error.message),
        }
    }
    check("all have come", came.len() == usize::from(MESSAGES));
    Ok(())
}

/// Takes messages from a queue by a connection of its own until that breaks; whether there were any.
fn receive(queue: &str, came: &mut std::collections::BTreeSet<u8>) -> Result<bool, StompError> {
    let client = connect()?;
    let subscription = client.subscribe(queue, AckMode::ClientIndividual, &[], None)?;
    let before = came.len();
    while let Some(message) = subscription.next(Some(SECOND))? {
        came.extend(message.body());
        client.ack(&message)?;
    }
    client.disconnect()?;
    Ok(came.len() > before)
}
