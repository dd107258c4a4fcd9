//! Defines a server in memory: what a machine says is read as packets, what it hears is written by the test.

use brunt_mqtt::codec::{
    Ack, Greeting, MOST_BYTES, Packet, Property, Publish, Qos, Step, Version, decode, encode, frame,
};
use brunt_mqtt::machine::{Event, Machine, Publication, Settings};
use brunt_mqtt::{Error, ErrorKind, Topic};

/// A client called `c`.
pub(crate) fn settings(version: Version) -> Settings {
    Settings {
        version,
        client_id: "c".to_owned(),
        ..Settings::default()
    }
}

/// A machine that a server has taken in, its output read.
pub(crate) fn greeted(settings: Settings) -> Machine<u32> {
    let mut machine = Machine::new(settings).expect("the settings fit");
    greet(&mut machine, false, &[]);
    machine
}

/// Opens and takes in.
pub(crate) fn greet(
    machine: &mut Machine<u32>,
    session_present: bool,
    properties: &[Property<'_>],
) {
    machine.open().expect("it is short");
    machine.output().clear();
    let greeting = Packet::Greeting(Greeting {
        session_present,
        reason: 0,
        properties: properties.to_vec(),
    });
    hear(machine, &greeting).expect("the greeting is fine");
}

/// Lets the machine hear a packet.
pub(crate) fn hear(machine: &mut Machine<u32>, packet: &Packet<'_>) -> Result<(), Error> {
    let mut bytes = Vec::new();
    encode(packet, machine.settings().version, &mut bytes).expect("it is short");
    machine.feed(&bytes, 7)
}

/// All packets that the machine has said since, as text; `{:?}` of each.
pub(crate) fn said(machine: &mut Machine<u32>) -> Vec<String> {
    let bytes = std::mem::take(machine.output());
    let version = machine.settings().version;
    let mut texts = Vec::new();
    let mut rest = &bytes[..];
    while let Some(one) = frame(rest, MOST_BYTES).expect("a packet") {
        texts.push(format!(
            "{:?}",
            decode(one, version).expect("a right packet")
        ));
        rest = &rest[one.size..];
    }
    assert!(rest.is_empty(), "half a packet: {rest:?}");
    texts
}

/// All events since: errands and how they ended, in words.
pub(crate) fn events(machine: &mut Machine<u32>) -> Vec<String> {
    std::iter::from_fn(|| machine.next_event())
        .map(|event| match event {
            Event::Finished(errand, Ok(how)) => format!("{errand}: {how:?}"),
            Event::Finished(errand, Err(error)) => format!("{errand}: {error}"),
            other => format!("{other:?}"),
        })
        .collect()
}

/// A message to be published.
pub(crate) fn publication(topic: &str, payload: &str, qos: Qos) -> Publication {
    Publication {
        topic: Topic::new(topic).expect("a topic"),
        payload: payload.into(),
        qos,
        retain: false,
        properties: None,
    }
}

/// A message from the server.
pub(crate) fn message(topic: &'static str, id: u16, qos: Qos) -> Packet<'static> {
    Packet::Publish(Publish {
        duplicate: false,
        qos,
        retain: false,
        topic,
        id,
        properties: Vec::new(),
        payload: b"payload",
    })
}

/// One step of acknowledging a message.
pub(crate) fn ack(step: Step, id: u16, reason: u8) -> Packet<'static> {
    Packet::Ack(Ack {
        step,
        id,
        reason,
        properties: Vec::new(),
    })
}

/// A client whose session is kept.
pub(crate) fn persistent(version: Version) -> Settings {
    Settings {
        clean_start: false,
        session_expiry_s: if version == Version::V5 { 60 } else { 0 },
        ..settings(version)
    }
}

/// A client of version 5 that has read its greeting.
pub(crate) fn v5() -> Machine<u32> {
    let mut machine = greeted(settings(Version::V5));
    events(&mut machine);
    machine
}

/// Its connection breaks.
pub(crate) fn lose(machine: &mut Machine<u32>) {
    machine.lost(&Error::new(ErrorKind::Connection, "gone"));
}
