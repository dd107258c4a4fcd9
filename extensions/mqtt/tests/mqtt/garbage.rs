//! Tests that no bytes whatever make the codec or the machine panic, and that how bytes are cut makes no difference.

use brunt_mqtt::codec::{MOST_BYTES, Packet, Qos, Version, decode, encode, frame};
use brunt_mqtt::machine::{Machine, Settings};
use proptest::collection::vec;
use proptest::prelude::*;

use crate::conversation::{greeted, settings};
use crate::packets::{packet, publish, version};

/// Bytes that look like packets: kinds and lengths that may be right, and anything within.
fn nearly_packets() -> impl Strategy<Value = Vec<u8>> {
    let one = (any::<u8>(), vec(any::<u8>(), 0..20)).prop_map(|(first, body)| {
        let mut bytes = vec![first, body.len() as u8];
        bytes.extend(body);
        bytes
    });
    vec(one, 1..6).prop_map(|packets| packets.concat())
}

/// A right packet with one byte changed.
fn spoiled() -> impl Strategy<Value = (Version, Vec<u8>)> {
    (packet(), any::<prop::sample::Index>(), any::<u8>()).prop_map(
        |((version, packet), place, byte)| {
            let mut bytes = Vec::new();
            encode(&packet, version, &mut bytes).expect("it is short");
            let place = place.index(bytes.len());
            bytes[place] = byte;
            (version, bytes)
        },
    )
}

fn try_all(version: Version, bytes: &[u8]) {
    if let Ok(Some(frame)) = frame(bytes, MOST_BYTES) {
        let _ = decode(frame, version);
    }
    let mut machine = greeted(settings(version));
    let _ = machine.feed(bytes, 0);
    let mut fresh: Machine<u32> = Machine::new(settings(version)).expect("the settings fit");
    fresh.open().expect("it is short");
    let _ = fresh.feed(bytes, 0);
}

/// All that a machine did: its output, its messages, how it ended.
fn outcome(machine: &mut Machine<u32>, pieces: &[&[u8]]) -> (Vec<u8>, Vec<String>, String) {
    let mut end = "open".to_owned();
    for piece in pieces {
        if let Err(error) = machine.feed(piece, 0) {
            end = error.to_string();
            break;
        }
    }
    let output = std::mem::take(machine.output());
    let mut messages = Vec::new();
    while let Ok(Some(message)) = machine.take(0) {
        messages.push(format!("{message:?}"));
    }
    (output, messages, end)
}

/// What a server may send: messages, with something wrong at times.
fn stream() -> impl Strategy<Value = (Version, Vec<u8>)> {
    version().prop_flat_map(|version| {
        let messages = vec(publish(version), 1..8).prop_map(move |messages| {
            let mut bytes = Vec::new();
            for mut message in messages {
                message.properties.retain(|property| {
                    !matches!(property, brunt_mqtt::codec::Property::TopicAlias(_))
                });
                encode(&Packet::Publish(message), version, &mut bytes).expect("it is short");
            }
            bytes
        });
        let bytes = prop_oneof![4 => messages, 1 => nearly_packets()];
        (Just(version), bytes)
    })
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic(version in version(), bytes in vec(any::<u8>(), 0..200)) {
        try_all(version, &bytes);
    }

    #[test]
    fn no_packets_make_it_panic(version in version(), bytes in nearly_packets()) {
        try_all(version, &bytes);
    }

    #[test]
    fn no_spoiled_packet_makes_it_panic((version, bytes) in spoiled()) {
        try_all(version, &bytes);
    }

    #[test]
    fn fed_byte_by_byte_is_the_same_as_fed_whole((version, bytes) in stream()) {
        let whole = outcome(&mut greeted(settings(version)), &[&bytes]);
        let single: Vec<&[u8]> = bytes.chunks(1).collect();
        prop_assert_eq!(outcome(&mut greeted(settings(version)), &single), whole.clone());
        let cut: Vec<&[u8]> = bytes.chunks(7).collect();
        prop_assert_eq!(outcome(&mut greeted(settings(version)), &cut), whole);
    }

    #[test]
    fn a_small_inbox_loses_nothing_of_qos_1_and_2((version, bytes) in stream(), most in 0..4usize) {
        let roomy = outcome(&mut greeted(settings(version)), &[&bytes]);
        let small = Settings { most_messages: most, receive_maximum: 2, ..settings(version) };
        let mut machine = greeted(small);
        let mut lossless: Vec<String> = Vec::new();
        let mut fed = machine.feed(&bytes, 0).is_ok();
        loop {
            match machine.take(0) {
                Ok(Some(message)) => lossless.push(format!("{message:?}")),
                Ok(None) => break,
                Err(_) => { fed = false; break; }
            }
        }
        if fed && roomy.2 == "open" {
            let sure = |list: Vec<String>| -> Vec<String> {
                let list = list.into_iter().filter(|text| !text.contains("AtMostOnce"));
                // Whether it was acknowledged at once is what differs.
                list.map(|text| text.split(", acknowledge").next().unwrap_or_default().to_owned()).collect()
            };
            prop_assert_eq!(sure(lossless), sure(roomy.1));
        }
    }
}

#[test]
fn all_levels_are_known_by_their_numbers() {
    assert_eq!(Qos::from_number(2), Some(Qos::ExactlyOnce));
    assert_eq!(Qos::from_number(3), None);
}
