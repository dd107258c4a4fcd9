//! Defines a test that speaks MQTT by extension brunt:mqtt: variable `DO` names what it does, `SERVER` with whom.

mod bindings {
    #![allow(missing_docs, unreachable_pub, clippy::all)]

    brunt_sdk::import_extension!({
        path: ["../../wit", "../../extensions/mqtt/wit"],
        inline: "
            package tests:mqtt;

            world importing {
                import brunt:time/clock@0.1.0;
                import brunt:time/waiting@0.1.0;
                import brunt:mqtt/client@0.1.0;
            }
        ",
    });
}

#[path = "mqtt/connections.rs"]
mod connections;
#[path = "mqtt/messages.rs"]
mod messages;
#[path = "mqtt/trouble.rs"]
mod trouble;

use bindings::brunt::mqtt::client::{
    Client, Error, ErrorKind, Message, Options, Outgoing, Version,
};
use brunt_sdk::prelude::*;

const SECOND: u64 = 1_000_000_000;
const MS: u64 = 1_000_000;

#[brunt_sdk::test]
fn mqtt() -> Result<()> {
    match env_or("DO", "levels").as_str() {
        "levels" => messages::levels(),
        "properties" => messages::properties(),
        "retained" => messages::retained(),
        "shared" => messages::shared(),
        "pipelined" => messages::pipelined(),
        "handles" => messages::handles(),
        "slow" => messages::slow(),
        "will" => connections::will(),
        "session" => connections::session(),
        "sleep" => connections::sleep_long(),
        "attended" => connections::attended(),
        "tls" => connections::tls(),
        "servers" => connections::servers(),
        "outlive" => connections::outlive(),
        "exact" => connections::exact(),
        "refused" => trouble::refused(),
        "away" => trouble::away(),
        "hostile" => trouble::hostile(),
        "large" => trouble::large(),
        "silent" => trouble::silent(),
        "wrong" => trouble::wrong(),
        "publish" => messages::publish(),
        other => {
            return Err(brunt_sdk::Error::new(format!(
                "DO={other} is nothing to do"
            )));
        }
    }
    .map_err(|error| {
        brunt_sdk::Error::new(format!(
            "{:?} {}: {}",
            error.kind, error.code, error.message
        ))
    })
}

fn server() -> String {
    env_or("SERVER", "mqtt://127.0.0.1:1883")
}

fn versions() -> [Version; 2] {
    [Version::V311, Version::V5]
}

fn options(version: Version, client_id: &str) -> Options {
    let options = Options::new(&server());
    options.set_version(version);
    options.set_client_id(client_id);
    options
}

/// A client that is connected.
fn client(version: Version, client_id: &str) -> Result<Client, Error> {
    let client = Client::new(&options(version, client_id));
    client.connect()?;
    Ok(client)
}

/// The next message within some seconds.
fn next(client: &Client) -> Result<Message, Error> {
    client.receive(Some(10 * SECOND))?.ok_or_else(|| Error {
        kind: ErrorKind::Other,
        code: 0,
        message: "no message came".into(),
    })
}

/// Whether no message comes for a moment.
fn quiet(client: &Client) -> Result<bool, Error> {
    Ok(client.receive(Some(50 * MS))?.is_none())
}

fn outgoing(topic: &str, payload: &[u8], qos: u8) -> Outgoing {
    Outgoing {
        topic: topic.into(),
        payload: payload.into(),
        qos,
        retain: None,
        properties: None,
    }
}

/// Checks that it failed so.
fn fails<T>(name: &str, result: Result<T, Error>, kind: ErrorKind, words: &str) {
    let so = match &result {
        Ok(_) => false,
        Err(error) => error.kind == kind && error.message.contains(words),
    };
    if let Err(error) = &result
        && !so
    {
        log::error!("{name}: {error:?}");
    }
    check(name, so);
}
