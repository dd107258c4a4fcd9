//! Tests what the machine makes of what a server offers, refuses and gets wrong.

use brunt_mqtt::ErrorKind;
use brunt_mqtt::codec::{Granted, Greeting, Leave, Packet, Property, Publish, Qos, Step, Version};
use brunt_mqtt::machine::{Machine, Properties, Settings, Wanted};

use crate::conversation::{
    ack, events, greet, greeted, hear, message, publication, said, settings, v5,
};

#[test]
fn beyond_the_limit_qos_0_is_dropped_and_counted_and_qos_1_waits_for_its_acknowledgement() {
    let small = Settings {
        most_messages: 1,
        ..settings(Version::V5)
    };
    let mut machine = greeted(small);
    events(&mut machine);
    hear(&mut machine, &message("a", 0, Qos::AtMostOnce)).unwrap();
    hear(&mut machine, &message("b", 0, Qos::AtMostOnce)).unwrap();
    hear(&mut machine, &message("c", 5, Qos::AtLeastOnce)).unwrap();
    assert_eq!(events(&mut machine), ["Dropped(\"b\", 7)"]);
    assert_eq!(machine.inbox().dropped(), 1);
    assert_eq!(said(&mut machine), [""; 0]);
    assert_eq!(machine.take(0).unwrap().unwrap().topic, "a");
    assert_eq!(said(&mut machine), [""; 0]);
    assert_eq!(machine.take(0).unwrap().unwrap().topic, "c");
    assert!(said(&mut machine).concat().contains("id: 5"));
    assert!(machine.take(0).unwrap().is_none());
}

#[test]
fn when_the_server_sends_ahead_of_everything_nothing_more_is_read() {
    let small = Settings {
        most_messages: 0,
        receive_maximum: 3,
        ..settings(Version::V311)
    };
    let mut machine = greeted(small);
    for id in 1..=5 {
        hear(&mut machine, &message("a", id, Qos::AtLeastOnce)).unwrap();
    }
    assert!(machine.is_full());
    assert_eq!(machine.inbox().len(), 3);
    for id in 1..=5 {
        assert!(machine.take(0).unwrap().is_some(), "message {id}");
    }
    assert_eq!(said(&mut machine).len(), 5);
    assert!(!machine.is_full());
}

#[test]
fn a_refused_connection_says_why() {
    for (version, reason, words) in [
        (
            Version::V311,
            4,
            "bad user name or password (reason code 0x04)",
        ),
        (Version::V311, 5, "not authorized"),
        (
            Version::V5,
            0x86,
            "bad user name or password (reason code 0x86)",
        ),
        (Version::V5, 0x8a, "banned"),
    ] {
        let mut machine: Machine<u32> = Machine::new(settings(version)).unwrap();
        machine.open().unwrap();
        let greeting = Greeting {
            session_present: false,
            reason,
            properties: vec![],
        };
        let error = hear(&mut machine, &Packet::Greeting(greeting)).unwrap_err();
        assert!(error.message.contains(words), "{error}");
        assert_eq!(
            (error.kind, error.code),
            (ErrorKind::Refused, reason.into())
        );
        assert!(machine.is_closed());
    }
}

#[test]
fn a_server_that_leaves_says_why() {
    let mut machine = v5();
    machine
        .publish(publication("a", "x", Qos::AtLeastOnce), || 1)
        .unwrap();
    let leave = Leave {
        reason: 0x8b,
        properties: vec![Property::ReasonString("maintenance")],
    };
    let error = hear(&mut machine, &Packet::Disconnect(leave)).unwrap_err();
    assert_eq!(
        error.message,
        "the server disconnected: server shutting down (reason code 0x8b): maintenance"
    );
    assert_eq!(events(&mut machine).len(), 1);
    assert!(machine.is_closed());
}

#[test]
fn a_server_that_breaks_the_protocol_is_told_and_left() {
    let id = |step| ack(step, 1, 0);
    let granted = |reasons| Granted {
        id: 1,
        properties: vec![],
        reasons,
    };
    let greeting = Packet::Greeting(Greeting {
        session_present: false,
        reason: 0,
        properties: vec![],
    });
    let aliased = Packet::Publish(Publish {
        duplicate: false,
        qos: Qos::AtMostOnce,
        retain: false,
        topic: "a",
        id: 0,
        properties: vec![Property::TopicAlias(3)],
        payload: b"",
    });
    for (packet, words) in [
        (greeting, "greeted twice"),
        (Packet::PingRequest, "only clients send"),
        (Packet::SubAck(granted(&[0])), "not asked for"),
        (Packet::UnsubAck(granted(&[0])), "not asked for"),
        (id(Step::Received), "wrong step"),
        (aliased, "topic alias"),
        (message("", 0, Qos::AtMostOnce), "without a topic"),
        (
            Packet::Auth(Leave {
                reason: 0x18,
                properties: vec![],
            }),
            "AUTH",
        ),
    ] {
        let mut machine = v5();
        machine
            .publish(publication("a", "x", Qos::AtLeastOnce), || 1)
            .unwrap();
        said(&mut machine);
        let error = hear(&mut machine, &packet).unwrap_err();
        assert!(error.message.contains(words), "{words}: {error}");
        assert_eq!(error.kind, ErrorKind::Protocol);
        assert!(
            said(&mut machine).concat().contains("Disconnect"),
            "{words}"
        );
        assert!(machine.is_closed());
    }
}

#[test]
fn a_packet_beyond_the_maximum_is_refused_by_its_length() {
    let small = Settings {
        most_bytes: 100,
        ..settings(Version::V5)
    };
    let mut machine = greeted(small);
    let error = machine.feed(&[0x30, 0xff, 0x01], 0).unwrap_err();
    assert_eq!(error.kind, ErrorKind::Limit);
    assert!(
        error.message.contains("258 bytes") && error.message.contains("hint:"),
        "{error}"
    );
    assert!(said(&mut machine).concat().contains("reason: 149"));
}

#[test]
fn what_the_server_does_not_offer_is_an_error_before_it_is_sent() {
    let mut machine = Machine::new(settings(Version::V5)).unwrap();
    greet(
        &mut machine,
        false,
        &[
            Property::MaximumQos(1),
            Property::RetainAvailable(false),
            Property::MaximumPacketSize(50),
            Property::WildcardsAvailable(false),
            Property::SharedSubscriptionsAvailable(false),
            Property::SubscriptionIdentifiersAvailable(false),
        ],
    );
    said(&mut machine);
    let mut kept = publication("a", "x", Qos::AtMostOnce);
    kept.retain = true;
    for (message, words) in [
        (publication("a", "x", Qos::ExactlyOnce), "at most QoS 1"),
        (kept, "does not keep messages"),
        (
            publication("a", &"x".repeat(60), Qos::AtMostOnce),
            "takes at most 50",
        ),
    ] {
        let error = machine.publish(message, || 1).unwrap_err();
        assert!(error.message.contains(words), "{error}");
    }
    let identified = Wanted {
        identifier: Some(3),
        ..Wanted::new("a", Qos::AtMostOnce)
    };
    for (wanted, words) in [
        (Wanted::new("a/#", Qos::AtMostOnce), "wildcard"),
        (Wanted::new("$share/g/a", Qos::AtMostOnce), "shared"),
        (identified, "identifiers"),
    ] {
        let error = machine.subscribe(vec![wanted], 1).unwrap_err();
        assert!(error.message.contains(words), "{error}");
    }
    assert_eq!(said(&mut machine), [""; 0]);
    assert_eq!(machine.in_flight(), 0);
}

#[test]
fn what_only_version_5_has_is_an_error_in_3() {
    let mut machine = greeted(settings(Version::V311));
    let mut message = publication("a", "x", Qos::AtMostOnce);
    message.properties = Some(Box::default());
    assert!(
        machine
            .publish(message, || 1)
            .unwrap_err()
            .message
            .contains("version 5")
    );
    let wanted = Wanted {
        no_local: true,
        ..Wanted::new("a", Qos::AtMostOnce)
    };
    assert!(
        machine
            .subscribe(vec![wanted], 1)
            .unwrap_err()
            .message
            .contains("version 5")
    );
    let with_expiry = Settings {
        session_expiry_s: 5,
        ..settings(Version::V311)
    };
    let error = Machine::<u32>::new(with_expiry).unwrap_err();
    assert!(error.message.contains("session expiry"), "{error}");
}

#[test]
fn topics_get_aliases_where_both_sides_know_them() {
    let mut machine = Machine::new(Settings {
        uses_aliases: true,
        ..settings(Version::V5)
    })
    .unwrap();
    greet(&mut machine, false, &[Property::TopicAliasMaximum(1)]);
    for topic in ["a", "a", "b", "b"] {
        machine
            .publish(publication(topic, "x", Qos::AtMostOnce), || 1)
            .unwrap();
    }
    let said = said(&mut machine);
    assert!(said[0].contains("topic: \"a\"") && said[0].contains("TopicAlias(1)"));
    assert!(said[1].contains("topic: \"\"") && said[1].contains("TopicAlias(1)"));
    assert!(said[3].contains("topic: \"b\"") && !said[3].contains("TopicAlias"));
}

#[test]
fn the_server_may_use_as_many_aliases_as_were_offered() {
    let mut machine = greeted(Settings {
        their_aliases: 2,
        ..settings(Version::V5)
    });
    let aliased = |topic, alias| {
        Packet::Publish(Publish {
            duplicate: false,
            qos: Qos::AtMostOnce,
            retain: false,
            topic,
            id: 0,
            properties: vec![Property::TopicAlias(alias)],
            payload: b"",
        })
    };
    for packet in [aliased("long/name", 2), aliased("", 2)] {
        hear(&mut machine, &packet).unwrap();
    }
    machine.take(0).unwrap();
    assert_eq!(machine.take(0).unwrap().unwrap().topic, "long/name");
    let error = hear(&mut machine, &aliased("", 1)).unwrap_err();
    assert!(error.message.contains("stands for nothing"), "{error}");
}

#[test]
fn properties_come_as_they_were_sent() {
    let properties = Properties {
        content_type: Some("text/plain".into()),
        response_topic: Some("answers".into()),
        correlation_data: Some(vec![1, 2]),
        expiry_s: Some(9),
        payload_is_text: true,
        user: vec![("a".into(), "1".into()), ("a".into(), "2".into())],
    };
    let mut machine = v5();
    let mut sent = publication("t", "x", Qos::AtMostOnce);
    sent.properties = Some(Box::new(properties.clone()));
    machine.publish(sent, || 1).unwrap();
    let bytes = std::mem::take(machine.output());
    machine.feed(&bytes, 3).unwrap();
    let message = machine.take(0).unwrap().unwrap();
    assert_eq!(message.properties.as_deref(), Some(&properties));
    assert_eq!((message.arrival_ns, message.payload), (3, b"x".to_vec()));
}
