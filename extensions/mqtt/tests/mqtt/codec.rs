//! Tests that packets come out as they went in, here and through another client's codec.

use brunt_mqtt::codec::{
    MOST_BYTES, Packet, Property, Publish, Qos, Version, decode, encode, frame, publish_size,
};
use bytes::BytesMut;
use proptest::prelude::*;

use crate::packets::{common_packet, packet};

fn written(packet: &Packet<'_>, version: Version) -> Vec<u8> {
    let mut out = Vec::new();
    encode(packet, version, &mut out).expect("it is short");
    out
}

fn read(bytes: &[u8], version: Version) -> Packet<'_> {
    let whole = frame(bytes, MOST_BYTES).unwrap().expect("it is whole");
    assert_eq!(whole.size, bytes.len());
    decode(whole, version).unwrap()
}

/// What rumqttc reads in these bytes, written by it again.
fn through_rumqttc(bytes: &[u8], version: Version) -> Vec<u8> {
    use rumqttc::mqttbytes::v4;
    use rumqttc::v5::mqttbytes::v5;
    let mut input = BytesMut::from(bytes);
    let mut output = BytesMut::new();
    match version {
        Version::V311 => {
            let packet = v4::Packet::read(&mut input, usize::MAX).expect("rumqttc reads it");
            packet
                .write(&mut output, usize::MAX)
                .expect("and writes it");
        }
        Version::V5 => {
            let packet = v5::Packet::read(&mut input, None).expect("rumqttc reads it");
            packet.write(&mut output, None).expect("and writes it");
        }
    }
    output.to_vec()
}

/// The order of properties says nothing, but among those of the same kind.
fn sorted(mut packet: Packet<'_>) -> Packet<'_> {
    fn sort(list: &mut [Property<'_>]) {
        list.sort_by_key(|property| {
            let text = format!("{property:?}");
            text.split('(').next().unwrap_or_default().to_owned()
        });
    }
    match &mut packet {
        Packet::Connect(connect) => {
            sort(&mut connect.properties);
            if let Some(will) = &mut connect.will {
                sort(&mut will.properties);
            }
        }
        Packet::Publish(publish) => sort(&mut publish.properties),
        Packet::Ack(ack) => sort(&mut ack.properties),
        Packet::Subscribe(subscribe) => sort(&mut subscribe.properties),
        _ => {}
    }
    packet
}

proptest! {
    #[test]
    fn what_is_written_is_read_again((version, packet) in packet()) {
        let bytes = written(&packet, version);
        prop_assert_eq!(read(&bytes, version), packet);
    }

    #[test]
    fn every_beginning_of_a_packet_waits_for_more((version, packet) in packet()) {
        let bytes = written(&packet, version);
        for length in 0..bytes.len() {
            prop_assert_eq!(frame(&bytes[..length], MOST_BYTES), Ok(None));
        }
    }

    #[test]
    fn another_client_reads_and_writes_the_same((version, packet) in common_packet()) {
        let bytes = written(&packet, version);
        let again = through_rumqttc(&bytes, version);
        prop_assert_eq!(sorted(read(&again, version)), sorted(packet));
    }
}

#[test]
fn a_message_takes_the_bytes_that_the_specification_says() {
    let message = Publish {
        duplicate: true,
        qos: Qos::AtLeastOnce,
        retain: true,
        topic: "a/b",
        id: 10,
        properties: vec![Property::MessageExpiry(7)],
        payload: b"hi",
    };
    let v3 = [0x3b, 9, 0, 3, b'a', b'/', b'b', 0, 10, b'h', b'i'];
    assert_eq!(
        written(&Packet::Publish(message.clone()), Version::V311),
        v3
    );
    let v5 = [
        0x3b, 15, 0, 3, b'a', b'/', b'b', 0, 10, 5, 2, 0, 0, 0, 7, b'h', b'i',
    ];
    assert_eq!(written(&Packet::Publish(message.clone()), Version::V5), v5);
    assert_eq!(publish_size(&message, Version::V5), 15);
}

#[test]
fn what_is_too_long_is_not_written_at_all() {
    let long = "a".repeat(70_000);
    let mut out = vec![1, 2, 3];
    for (topic, properties) in [
        (long.as_str(), vec![]),
        ("a", vec![Property::ContentType(&long)]),
    ] {
        let message = Publish {
            duplicate: false,
            qos: Qos::AtMostOnce,
            retain: false,
            topic,
            id: 0,
            properties,
            payload: b"",
        };
        let packet = Packet::Publish(message);
        assert!(encode(&packet, Version::V5, &mut out).is_err());
        assert_eq!(out, [1, 2, 3]);
    }
}
