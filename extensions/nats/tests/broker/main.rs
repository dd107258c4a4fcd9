//! Defines the tests of the client against a real broker: over the standard library's sockets, without the engine.

mod auth;
mod delivery;
mod faults;
mod jetstream;
mod wire;

use std::thread;
use std::time::{Duration, Instant};

use brunt_nats::client::Client;
use brunt_nats::options::{Options, SECOND};
use brunt_nats::{Message, Outgoing};

pub(crate) use wire::{Counts, Std};

/// A client of these tests.
pub(crate) type TestClient = Client<Std, Counts>;

/// A client of the server with this URL, connected.
pub(crate) fn client(url: &str) -> TestClient {
    let mut client = client_with(url, |_| ());
    client.connect().expect("connects");
    client
}

/// A client that is not connected, with its options changed.
pub(crate) fn client_with(url: &str, change: impl FnOnce(&mut Options)) -> TestClient {
    let mut options = Options::new(&[url]).expect("options");
    change(&mut options);
    Client::new(Std::default(), Counts::default(), options, wire::random())
}

pub(crate) fn message<'a>(subject: &'a str, payload: &'a [u8]) -> Outgoing<'a> {
    Outgoing {
        subject,
        payload,
        ..Outgoing::default()
    }
}

pub(crate) fn text(message: &Message) -> String {
    String::from_utf8_lossy(message.payload()).into_owned()
}

/// The next message, which must come within a few seconds.
pub(crate) fn next(client: &mut TestClient, subscription: u64) -> Message {
    let until = now(client) + PATIENCE;
    client
        .next(subscription, until)
        .expect("open")
        .expect("a message in time")
}

pub(crate) fn now(client: &TestClient) -> u64 {
    brunt_nats::Wire::now(client.wire())
}

/// Waits until something holds, attending to the client meanwhile.
pub(crate) fn until(client: &mut TestClient, what: &str, holds: impl Fn(&mut TestClient) -> bool) {
    let start = Instant::now();
    while !holds(client) {
        assert!(
            start.elapsed() < Duration::from_secs(20),
            "{what} did not come to pass"
        );
        client.attend();
        thread::sleep(Duration::from_millis(2));
    }
}

pub(crate) const PATIENCE: u64 = 10 * SECOND;
