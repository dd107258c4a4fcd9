//! Tests the machine against mosquitto, a real server.

use std::time::Duration;

use brunt_e2e::{Mosquitto, Relay, RelayManner};
use brunt_mqtt::ErrorKind;
use brunt_mqtt::codec::{Qos, RetainHandling, Version};
use brunt_mqtt::machine::{Properties, Settings, Wanted, WillMessage};

use crate::conversation::publication;
use crate::wire::Wire;

const VERSIONS: [Version; 2] = [Version::V311, Version::V5];
const LEVELS: [Qos; 3] = [Qos::AtMostOnce, Qos::AtLeastOnce, Qos::ExactlyOnce];

fn anyone() -> Mosquitto {
    Mosquitto::start("allow_anonymous true")
}

fn named(version: Version, client_id: &str) -> Settings {
    Settings {
        version,
        client_id: client_id.to_owned(),
        ..Settings::default()
    }
}

fn kept(version: Version, client_id: &str) -> Settings {
    Settings {
        clean_start: false,
        session_expiry_s: if version == Version::V5 { 300 } else { 0 },
        ..named(version, client_id)
    }
}

fn client(broker: &Mosquitto, version: Version, client_id: &str) -> Wire {
    Wire::connect(broker.address(), named(version, client_id)).expect("mosquitto takes it in")
}

#[test]
fn messages_come_with_every_level_both_ways() {
    let broker = anyone();
    for version in VERSIONS {
        let mut receiver = client(&broker, version, "receiver");
        let mut sender = client(&broker, version, "sender");
        for qos in LEVELS {
            let granted = receiver.subscribe(&[Wanted::new("level/+", qos)]).unwrap();
            assert_eq!(granted, [qos]);
            for sent in LEVELS {
                let text = format!("{sent:?}");
                sender.publish(publication("level/a", &text, sent)).unwrap();
                let message = receiver.expect();
                assert_eq!(message.payload, text.into_bytes());
                assert_eq!(
                    (message.qos, message.topic.as_str()),
                    (sent.min(qos), "level/a")
                );
            }
        }
        receiver.unsubscribe("level/+").unwrap();
        sender
            .publish(publication("level/a", "x", Qos::AtLeastOnce))
            .unwrap();
        assert!(
            receiver
                .receive(Duration::from_millis(50))
                .unwrap()
                .is_none()
        );
    }
}

#[test]
fn many_messages_are_on_their_way_at_once() {
    let broker = Mosquitto::start("allow_anonymous true\nmax_queued_messages 0");
    let mut receiver = client(&broker, Version::V5, "receiver");
    receiver
        .subscribe(&[Wanted::new("many", Qos::ExactlyOnce)])
        .unwrap();
    let few = Settings {
        in_flight: Some(10),
        ..named(Version::V5, "sender")
    };
    let mut sender = Wire::connect(broker.address(), few).unwrap();
    for qos in [Qos::AtLeastOnce, Qos::ExactlyOnce] {
        for number in 0..1000u32 {
            sender
                .begin_publish(publication("many", &number.to_string(), qos))
                .unwrap();
            assert!(sender.machine.in_flight() <= 10);
        }
        // The last of QoS 2 are released only when their sender reads that they were received.
        sender.until(|machine| machine.in_flight() == 0).unwrap();
        for number in 0..1000u32 {
            assert_eq!(receiver.expect().payload, number.to_string().into_bytes());
        }
    }
}

#[test]
fn a_message_that_is_kept_comes_on_subscribing_unless_that_is_not_wanted() {
    let broker = anyone();
    let mut sender = client(&broker, Version::V5, "sender");
    let mut message = publication("kept", "x", Qos::AtLeastOnce);
    message.retain = true;
    sender.publish(message).unwrap();
    for version in VERSIONS {
        let mut receiver = client(&broker, version, "receiver");
        receiver
            .subscribe(&[Wanted::new("kept", Qos::AtLeastOnce)])
            .unwrap();
        assert!(receiver.expect().retain);
    }
    let mut receiver = client(&broker, Version::V5, "receiver");
    let not = Wanted {
        retain_handling: RetainHandling::DontSend,
        ..Wanted::new("kept", Qos::AtLeastOnce)
    };
    receiver.subscribe(&[not]).unwrap();
    assert!(
        receiver
            .receive(Duration::from_millis(50))
            .unwrap()
            .is_none()
    );
}

#[test]
fn the_will_is_published_when_the_connection_breaks_and_not_when_the_client_leaves() {
    let broker = anyone();
    for version in VERSIONS {
        let mut watcher = client(&broker, version, "watcher");
        watcher
            .subscribe(&[Wanted::new("will", Qos::AtLeastOnce)])
            .unwrap();
        let properties = Properties {
            user: vec![("why".into(), "gone".into())],
            ..Properties::default()
        };
        let will = WillMessage {
            message: publication("will", "farewell", Qos::AtLeastOnce),
            delay_s: 0,
            properties: (version == Version::V5).then(|| Box::new(properties)),
        };
        let settings = Settings {
            will: Some(will),
            ..named(version, "mortal")
        };
        let mut leaving = Wire::connect(broker.address(), settings.clone()).unwrap();
        leaving.leave(0);
        drop(leaving);
        broker.wait_for_log("Received DISCONNECT from mortal");
        assert!(
            watcher
                .receive(Duration::from_millis(50))
                .unwrap()
                .is_none()
        );
        Wire::connect(broker.address(), settings)
            .unwrap()
            .break_off();
        let message = watcher.expect();
        assert_eq!(message.payload, b"farewell");
        assert_eq!(message.properties.is_some(), version == Version::V5);
    }
}

#[test]
fn options_of_version_5_have_their_effect() {
    let broker = anyone();
    let mut client = client(&broker, Version::V5, "c");
    let wanted = [
        Wanted {
            no_local: true,
            identifier: Some(77),
            ..Wanted::new("quiet", Qos::AtLeastOnce)
        },
        Wanted {
            identifier: Some(77),
            ..Wanted::new("loud", Qos::AtLeastOnce)
        },
    ];
    client.subscribe(&wanted).unwrap();
    let mut message = publication("loud", "x", Qos::AtLeastOnce);
    let properties = Properties {
        content_type: Some("text/plain".into()),
        response_topic: Some("loud".into()),
        correlation_data: Some(vec![0, 1, 2]),
        expiry_s: Some(100),
        payload_is_text: true,
        user: vec![("a".into(), "ä".into()), ("a".into(), "b".into())],
    };
    message.properties = Some(Box::new(properties.clone()));
    client
        .publish(publication("quiet", "x", Qos::AtLeastOnce))
        .unwrap();
    client.publish(message).unwrap();
    let message = client.expect();
    assert_eq!(
        (message.topic.as_str(), message.subscriptions.as_slice()),
        ("loud", &[77][..])
    );
    let got = message.properties.unwrap();
    assert_eq!(
        (got.user, got.content_type),
        (properties.user, properties.content_type)
    );
    assert_eq!(got.correlation_data, properties.correlation_data);
    assert!(got.expiry_s.is_some_and(|left| left <= 100));
}

#[test]
fn a_shared_subscription_gives_each_message_to_one() {
    let broker = anyone();
    let mut members = [
        client(&broker, Version::V5, "m1"),
        client(&broker, Version::V5, "m2"),
    ];
    for member in &mut members {
        member
            .subscribe(&[Wanted::new("$share/team/work", Qos::AtLeastOnce)])
            .unwrap();
    }
    let mut sender = client(&broker, Version::V5, "sender");
    for number in 0..20 {
        sender
            .publish(publication("work", &number.to_string(), Qos::AtLeastOnce))
            .unwrap();
    }
    let mut counts = [0, 0];
    for (member, count) in members.iter_mut().zip(&mut counts) {
        while member
            .receive(Duration::from_millis(100))
            .unwrap()
            .is_some()
        {
            *count += 1;
        }
    }
    assert_eq!(counts[0] + counts[1], 20);
    assert!(counts[0] > 0 && counts[1] > 0, "{counts:?}");
}

#[test]
fn a_kept_session_brings_what_came_while_the_client_was_away() {
    let broker = anyone();
    for version in VERSIONS {
        let mut away = Wire::connect(broker.address(), kept(version, "away")).unwrap();
        assert!(!away.machine.granted().session_present);
        away.subscribe(&[Wanted::new("news", Qos::AtLeastOnce)])
            .unwrap();
        let machine = away.break_off();
        let mut sender = client(&broker, version, "sender");
        for text in ["a", "b"] {
            sender
                .publish(publication("news", text, Qos::AtLeastOnce))
                .unwrap();
        }
        let mut back = Wire::with(broker.address(), machine).unwrap();
        assert!(back.machine.granted().session_present);
        assert_eq!([back.expect().payload, back.expect().payload], [b"a", b"b"]);
        back.leave(0);
        let mut clean = client(&broker, version, "away");
        assert!(!clean.machine.granted().session_present);
        assert!(clean.receive(Duration::from_millis(50)).unwrap().is_none());
    }
}

#[test]
fn messages_with_qos_2_come_exactly_once_over_connections_that_break() {
    for version in VERSIONS {
        let broker = Mosquitto::start("allow_anonymous true\nmax_queued_messages 0");
        let mut receiver = client(&broker, version, "receiver");
        receiver
            .subscribe(&[Wanted::new("exact", Qos::ExactlyOnce)])
            .unwrap();
        let relay = Relay::start(
            broker.address(),
            RelayManner {
                piece: 3,
                breaks_after: Some(90),
                ..RelayManner::default()
            },
        );
        let mut machine = brunt_mqtt::machine::Machine::new(kept(version, "sender")).unwrap();
        let (mut sent, mut connections) = (0, 0);
        while sent < 100 || machine.in_flight() > 0 {
            connections += 1;
            assert!(connections < 200, "{sent} sent");
            let mut wire = Wire::with(relay.address(), machine).unwrap();
            let mut is_fine = true;
            while is_fine && sent < 100 {
                // What could be written was begun, whether the connection is there or not.
                let message = publication("exact", &sent.to_string(), Qos::ExactlyOnce);
                is_fine = wire.begin_publish(message).is_ok();
                sent += u32::from(is_fine);
            }
            let _ = wire.until(|machine| machine.in_flight() == 0);
            machine = wire.break_off();
        }
        let mut seen = vec![0; 100];
        while let Some(message) = receiver.receive(Duration::from_millis(200)).unwrap() {
            let number: usize = String::from_utf8(message.payload).unwrap().parse().unwrap();
            seen[number] += 1;
        }
        assert_eq!(seen, vec![1; 100], "after {connections} connections");
        assert!(connections > 2);
    }
}

#[test]
fn wrong_credentials_are_told_in_words() {
    let users = "me:$7$101$kYjHFFiGxwTEqFk1$0000\n";
    let broker = Mosquitto::with_files(
        "allow_anonymous false\npassword_file FOLDER/users",
        &[("users", users)],
    );
    for version in VERSIONS {
        let settings = Settings {
            user: Some("me".into()),
            password: Some(b"wrong".to_vec()),
            ..named(version, "c")
        };
        let Err(error) = Wire::connect(broker.address(), settings) else {
            panic!("mosquitto lets anyone in");
        };
        assert_eq!(error.kind, ErrorKind::Refused);
        assert!(
            error.message.contains("not authorized") || error.message.contains("bad user name"),
            "{error}"
        );
    }
}

#[test]
fn a_packet_that_is_larger_than_the_server_takes_is_an_error_here() {
    let broker = Mosquitto::start("allow_anonymous true\nmax_packet_size 1000");
    let mut client = client(&broker, Version::V5, "c");
    let error = client
        .publish(publication("a", &"x".repeat(2000), Qos::AtLeastOnce))
        .unwrap_err();
    assert_eq!(error.kind, ErrorKind::Limit);
    client
        .publish(publication("a", &"x".repeat(900), Qos::AtLeastOnce))
        .unwrap();
}

#[test]
fn aliases_are_understood() {
    let broker = anyone();
    let settings = Settings {
        uses_aliases: true,
        ..named(Version::V5, "c")
    };
    let mut client = Wire::connect(broker.address(), settings).unwrap();
    assert!(client.machine.granted().aliases > 0);
    client
        .subscribe(&[Wanted::new("a/#", Qos::AtLeastOnce)])
        .unwrap();
    for topic in ["a/one", "a/one", "a/two", "a/one"] {
        client
            .publish(publication(topic, "x", Qos::AtLeastOnce))
            .unwrap();
    }
    let topics = [(); 4].map(|()| client.expect().topic);
    assert_eq!(topics, ["a/one", "a/one", "a/two", "a/one"]);
}

#[test]
fn a_slow_receiver_holds_the_server_back_and_loses_nothing() {
    for version in VERSIONS {
        let broker = Mosquitto::start("allow_anonymous true\nmax_queued_messages 0");
        let small = Settings {
            most_messages: 5,
            receive_maximum: 4,
            ..named(version, "slow")
        };
        let mut slow = Wire::connect(broker.address(), small).unwrap();
        slow.subscribe(&[Wanted::new("flood", Qos::AtLeastOnce)])
            .unwrap();
        let mut sender = client(&broker, version, "sender");
        for number in 0..300 {
            sender
                .publish(publication("flood", &number.to_string(), Qos::AtLeastOnce))
                .unwrap();
        }
        slow.ping();
        let _ = slow.until(|machine| machine.inbox().len() >= 9);
        assert!(slow.machine.inbox().len() <= 9);
        for number in 0..300 {
            assert_eq!(slow.expect().payload, number.to_string().into_bytes());
        }
        assert_eq!(slow.machine.inbox().dropped(), 0);
    }
}
