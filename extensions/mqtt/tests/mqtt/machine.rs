//! Tests what the machine makes of acknowledgements, and of sessions that outlive connections, with a server in memory.

use brunt_mqtt::ErrorKind;
use brunt_mqtt::codec::{Granted, Packet, Property, Qos, Step, Version};
use brunt_mqtt::machine::{Machine, Settings, Wanted};

use crate::conversation::{
    ack, events, greet, greeted, hear, lose, message, persistent, publication, said, settings, v5,
};

#[test]
fn qos_1_ends_with_its_acknowledgement() {
    let mut machine = v5();
    let flies = machine
        .publish(publication("a", "x", Qos::AtLeastOnce), || 7)
        .unwrap();
    assert_eq!((flies, machine.in_flight()), (true, 1));
    assert!(said(&mut machine)[0].contains("id: 1"));
    assert_eq!(events(&mut machine), [""; 0]);
    hear(&mut machine, &ack(Step::Acknowledged, 1, 0)).unwrap();
    assert_eq!(events(&mut machine), ["7: Published"]);
    assert_eq!(machine.in_flight(), 0);
}

#[test]
fn qos_0_ends_when_it_is_written() {
    let mut machine = v5();
    let flies = machine
        .publish(publication("a", "x", Qos::AtMostOnce), || 7)
        .unwrap();
    assert_eq!((flies, said(&mut machine).len()), (false, 1));
}

#[test]
fn qos_2_ends_with_its_third_step() {
    let mut machine = v5();
    machine
        .publish(publication("a", "x", Qos::ExactlyOnce), || 7)
        .unwrap();
    said(&mut machine);
    hear(&mut machine, &ack(Step::Received, 1, 0)).unwrap();
    assert!(said(&mut machine)[0].contains("Released"));
    assert_eq!(events(&mut machine), [""; 0]);
    hear(&mut machine, &ack(Step::Completed, 1, 0)).unwrap();
    assert_eq!(events(&mut machine), ["7: Published"]);
}

#[test]
fn a_refused_message_ends_with_the_reason_in_words() {
    for (qos, step) in [
        (Qos::AtLeastOnce, Step::Acknowledged),
        (Qos::ExactlyOnce, Step::Received),
    ] {
        let mut machine = v5();
        machine.publish(publication("a", "x", qos), || 7).unwrap();
        hear(&mut machine, &ack(step, 1, 0x97)).unwrap();
        assert_eq!(
            events(&mut machine),
            ["7: the server refused a message on \"a\": quota exceeded (reason code 0x97)"]
        );
    }
}

#[test]
fn the_servers_window_is_respected_and_identifiers_are_free_again_only_when_answered() {
    let mut machine = Machine::new(settings(Version::V5)).unwrap();
    greet(&mut machine, false, &[Property::ReceiveMaximum(2)]);
    for errand in 0..2 {
        machine
            .publish(publication("a", "x", Qos::AtLeastOnce), || errand)
            .unwrap();
    }
    assert!(!machine.has_room(Qos::AtLeastOnce));
    let error = machine
        .publish(publication("a", "x", Qos::AtLeastOnce), || 2)
        .unwrap_err();
    assert_eq!(error.kind, ErrorKind::Limit);
    assert!(
        machine
            .publish(publication("a", "x", Qos::AtMostOnce), || 2)
            .is_ok()
    );
    said(&mut machine);
    hear(&mut machine, &ack(Step::Acknowledged, 2, 0)).unwrap();
    // The first is still on its way: its identifier is passed over, for 65,534 messages and more.
    for errand in 0..70_000u32 {
        machine
            .publish(publication("a", "x", Qos::AtLeastOnce), || errand)
            .unwrap();
        let text = said(&mut machine).remove(0);
        let id: u16 = text
            .split("id: ")
            .nth(1)
            .unwrap()
            .split(',')
            .next()
            .unwrap()
            .parse()
            .unwrap();
        assert!(id > 1, "{text}");
        hear(&mut machine, &ack(Step::Acknowledged, id, 0)).unwrap();
    }
}

#[test]
fn a_kept_session_sends_again_what_was_not_acknowledged_in_its_order() {
    for version in [Version::V311, Version::V5] {
        let mut machine = greeted(persistent(version));
        for (errand, qos) in [
            Qos::AtLeastOnce,
            Qos::ExactlyOnce,
            Qos::ExactlyOnce,
            Qos::AtLeastOnce,
        ]
        .into_iter()
        .enumerate()
        {
            machine
                .publish(publication("a", &errand.to_string(), qos), || errand as u32)
                .unwrap();
        }
        hear(&mut machine, &ack(Step::Received, 2, 0)).unwrap();
        events(&mut machine);
        lose(&mut machine);
        assert_eq!(events(&mut machine), [""; 0]);
        greet(&mut machine, true, &[]);
        let again = said(&mut machine);
        assert_eq!(again.len(), 4, "{again:?}");
        assert!(
            again[0].contains("duplicate: true") && again[0].contains("id: 1"),
            "{again:?}"
        );
        assert!(
            again[1].contains("Released") && again[1].contains("id: 2"),
            "{again:?}"
        );
        assert!(
            again[2].contains("duplicate: true") && again[2].contains("id: 3"),
            "{again:?}"
        );
        assert!(again[3].contains("id: 4"), "{again:?}");
        for packet in [
            ack(Step::Acknowledged, 1, 0),
            ack(Step::Completed, 2, 0),
            ack(Step::Received, 3, 0),
            ack(Step::Completed, 3, 0),
            ack(Step::Acknowledged, 4, 0),
        ] {
            hear(&mut machine, &packet).unwrap();
        }
        let ended = events(&mut machine);
        assert_eq!(
            &ended[1..],
            [
                "0: Published",
                "1: Published",
                "2: Published",
                "3: Published"
            ]
        );
    }
}

/// In 3.1.1 a server can't say how many it takes, nor that one was too many: mosquitto forgets the 21st with QoS 2, and says that it has it.
#[test]
fn no_more_than_20_with_qos_2_are_on_their_way_in_311() {
    for (version, most) in [(Version::V311, 20), (Version::V5, 1000)] {
        let mut machine = greeted(persistent(version));
        for errand in 0..most {
            assert!(machine.has_room(Qos::ExactlyOnce), "{errand}");
            machine
                .publish(publication("a", "x", Qos::ExactlyOnce), || errand)
                .unwrap();
        }
        assert!(!machine.has_room(Qos::ExactlyOnce));
        assert_eq!(machine.has_room(Qos::AtLeastOnce), most == 20);
        said(&mut machine);
        lose(&mut machine);
        greet(&mut machine, true, &[]);
        assert_eq!(said(&mut machine).len(), most as usize);
        hear(&mut machine, &ack(Step::Received, 1, 0)).unwrap();
        assert!(!machine.has_room(Qos::ExactlyOnce), "it is not completed");
        hear(&mut machine, &ack(Step::Completed, 1, 0)).unwrap();
        assert!(machine.has_room(Qos::ExactlyOnce));
    }
}

#[test]
fn what_is_acknowledged_before_it_is_sent_again_takes_no_room() {
    let mut machine = greeted(persistent(Version::V5));
    for errand in 0..4 {
        machine
            .publish(publication("a", "x", Qos::AtLeastOnce), || errand)
            .unwrap();
    }
    said(&mut machine);
    lose(&mut machine);
    greet(&mut machine, true, &[Property::ReceiveMaximum(1)]);
    for id in [3, 1, 2, 4] {
        hear(&mut machine, &ack(Step::Acknowledged, id, 0)).unwrap();
    }
    assert_eq!(machine.in_flight(), 0);
    assert!(machine.has_room(Qos::AtLeastOnce));
}

#[test]
fn what_is_sent_again_keeps_within_a_smaller_window() {
    let mut machine = greeted(persistent(Version::V5));
    for errand in 0..5 {
        machine
            .publish(publication("a", "x", Qos::AtLeastOnce), || errand)
            .unwrap();
    }
    lose(&mut machine);
    greet(&mut machine, true, &[Property::ReceiveMaximum(2)]);
    assert_eq!(said(&mut machine).len(), 2);
    assert!(!machine.has_room(Qos::AtLeastOnce));
    for id in 1..=5 {
        hear(&mut machine, &ack(Step::Acknowledged, id, 0)).unwrap();
        assert_eq!(said(&mut machine).len(), usize::from(id <= 3), "after {id}");
    }
    assert!(machine.has_room(Qos::AtLeastOnce));
}

#[test]
fn a_session_that_is_not_kept_ends_what_was_under_way() {
    let mut machine = v5();
    machine
        .publish(publication("a", "x", Qos::AtLeastOnce), || 1)
        .unwrap();
    machine
        .subscribe(vec![Wanted::new("b", Qos::AtMostOnce)], 2)
        .unwrap();
    lose(&mut machine);
    assert_eq!(events(&mut machine), ["1: gone", "2: gone"]);

    let mut machine = greeted(persistent(Version::V5));
    machine
        .publish(publication("a", "x", Qos::AtLeastOnce), || 1)
        .unwrap();
    lose(&mut machine);
    greet(&mut machine, false, &[]);
    let ended = events(&mut machine).concat();
    assert!(
        ended.contains("1: the connection was lost") && ended.contains("did not keep the session"),
        "{ended}"
    );
    assert_eq!(said(&mut machine), [""; 0]);
}

#[test]
fn a_lost_session_is_subscribed_to_again_and_a_kept_one_is_not() {
    let mut machine = greeted(settings(Version::V311));
    machine
        .subscribe(vec![Wanted::new("a/+", Qos::AtLeastOnce)], 1)
        .unwrap();
    let granted = Granted {
        id: 1,
        properties: vec![],
        reasons: &[1],
    };
    hear(&mut machine, &Packet::SubAck(granted)).unwrap();
    assert!(events(&mut machine).contains(&"1: Subscribed([AtLeastOnce])".to_owned()));
    said(&mut machine);
    lose(&mut machine);
    greet(&mut machine, true, &[]);
    assert_eq!(said(&mut machine), [""; 0]);
    lose(&mut machine);
    greet(&mut machine, false, &[]);
    let again = said(&mut machine);
    assert!(again.len() == 1 && again[0].contains("a/+"), "{again:?}");
    let refused = Granted {
        id: 2,
        properties: vec![],
        reasons: &[0x80],
    };
    events(&mut machine);
    hear(&mut machine, &Packet::SubAck(refused)).unwrap();
    let told = events(&mut machine).concat();
    assert!(
        told.contains("NotResubscribed") && told.contains("a/+"),
        "{told}"
    );
    assert!(machine.subscriptions().is_empty());
}

#[test]
fn a_message_with_qos_2_is_delivered_once_however_often_it_comes() {
    for version in [Version::V311, Version::V5] {
        let mut machine = greeted(persistent(version));
        for _ in 0..3 {
            hear(&mut machine, &message("a", 9, Qos::ExactlyOnce)).unwrap();
        }
        assert_eq!(
            said(&mut machine)
                .iter()
                .filter(|text| text.contains("Received"))
                .count(),
            3
        );
        assert_eq!(machine.inbox().len(), 1);
        lose(&mut machine);
        greet(&mut machine, true, &[]);
        hear(&mut machine, &message("a", 9, Qos::ExactlyOnce)).unwrap();
        assert_eq!(machine.inbox().len(), 1);
        hear(&mut machine, &ack(Step::Released, 9, 0)).unwrap();
        assert!(said(&mut machine).concat().contains("Completed"));
        hear(&mut machine, &message("a", 9, Qos::ExactlyOnce)).unwrap();
        assert_eq!(
            machine.inbox().len(),
            2,
            "the identifier is a new message's"
        );
    }
}

#[test]
fn leaving_says_so_and_ends_everything() {
    let mut machine = greeted(persistent(Version::V5));
    events(&mut machine);
    machine
        .subscribe(vec![Wanted::new("a", Qos::AtMostOnce)], 1)
        .unwrap();
    said(&mut machine);
    machine.leave(4, Some(0));
    assert_eq!(
        said(&mut machine),
        ["Disconnect(Leave { reason: 4, properties: [SessionExpiry(0)] })"]
    );
    assert!(
        events(&mut machine)
            .concat()
            .contains("1: the client disconnected")
    );
    let error = machine
        .publish(publication("a", "x", Qos::AtMostOnce), || 2)
        .unwrap_err();
    assert_eq!(error.kind, ErrorKind::NotConnected);
}

#[test]
fn a_clean_start_of_version_5_is_for_the_first_connection_of_a_session_that_is_kept() {
    let mut machine: Machine<u32> = Machine::new(Settings {
        clean_start: true,
        ..persistent(Version::V5)
    })
    .unwrap();
    machine.open().unwrap();
    assert!(said(&mut machine)[0].contains("clean_start: true"));
    greet(&mut machine, false, &[]);
    lose(&mut machine);
    machine.open().unwrap();
    assert!(said(&mut machine)[0].contains("clean_start: false"));
}
