//! Tests the machine against what a server says, word by word.

use super::*;
use crate::session::commands::Outgoing;
use crate::subscription::Ack;

const SECOND: Time = crate::options::SECOND;

fn text(session: &mut Session) -> String {
    let out = std::mem::take(session.out());
    String::from_utf8(out).unwrap().replace('\0', "^@")
}

fn live(version: &str) -> Session {
    live_with(Options::default(), version, "")
}

fn live_with(options: Options, version: &str, more: &str) -> Session {
    let mut session = Session::new(options, "broker");
    session.opened(0).unwrap();
    let _ = text(&mut session);
    session.receive(
        format!("CONNECTED\nversion:{version}\n{more}\n\0").as_bytes(),
        0,
    );
    assert_eq!(session.phase(), Phase::Live, "{:?}", session.fault());
    session
}

fn message<'a>(body: &'a [u8]) -> Outgoing<'a> {
    Outgoing {
        destination: "/queue/a",
        content_type: "text/plain",
        body,
        ..Outgoing::default()
    }
}

#[test]
fn connect_says_who_we_are() {
    let options = Options {
        login: Some("user".to_owned()),
        passcode: Some("p:w".to_owned()),
        headers: vec![("client-id".to_owned(), "7".to_owned())],
        ..Options::default()
    };
    let mut session = Session::new(options, "broker");
    session.opened(0).unwrap();
    assert_eq!(
        text(&mut session),
        "CONNECT\naccept-version:1.0,1.1,1.2\nhost:broker\nheart-beat:60000,60000\nlogin:user\npasscode:p:w\nclient-id:7\n\n^@"
    );
}

#[test]
fn a_version_that_was_not_offered_is_refused() {
    let options = Options {
        versions: vec![Version::V12],
        ..Options::default()
    };
    let mut session = Session::new(options, "broker");
    session.opened(0).unwrap();
    session.receive(b"CONNECTED\n\n\0", 0);
    assert_eq!(session.phase(), Phase::Idle);
    assert!(session.fault().unwrap().message.contains("STOMP 1.0"));
}

#[test]
fn heart_beats_are_what_both_sides_can_do() {
    for (server, ours, theirs) in [
        ("0,0", 0, 0),
        ("10,90000", 90, 60),
        ("90000,10", 60, 90),
        ("1000,0", 0, 60),
    ] {
        let session = live_with(Options::default(), "1.2", &format!("heart-beat:{server}\n"));
        assert_eq!(
            session.beats(),
            Beats {
                ours: ours * SECOND,
                theirs: theirs * SECOND
            }
        );
    }
}

#[test]
fn a_server_that_is_silent_for_too_long_is_given_up() {
    let mut session = live_with(Options::default(), "1.2", "heart-beat:60000,60000\n");
    assert_eq!(session.due(5 * SECOND), Some(125 * SECOND));
    session.tick(124 * SECOND, 5 * SECOND);
    assert_eq!(session.phase(), Phase::Live);
    session.tick(125 * SECOND, 5 * SECOND);
    assert_eq!(session.fault().unwrap().kind, Kind::Network);
}

#[test]
fn a_server_that_does_not_answer_connect_is_given_up() {
    let mut session = Session::new(Options::default(), "broker");
    session.opened(SECOND).unwrap();
    assert_eq!(session.due(0), Some(11 * SECOND));
    session.tick(11 * SECOND, 0);
    assert_eq!(session.fault().unwrap().kind, Kind::Timeout);
}

#[test]
fn messages_are_sent_with_headers_and_receipts() {
    let mut session = live("1.2");
    let headers = [("a:b".to_owned(), "c\nd".to_owned())];
    let outgoing = Outgoing {
        headers: &headers,
        transaction: Some("t-1"),
        ..message(b"x\0y")
    };
    let receipt = session.send(&outgoing, true, 5).unwrap().unwrap();
    assert_eq!(
        text(&mut session),
        "SEND\ndestination:/queue/a\ncontent-type:text/plain\ntransaction:t-1\ncontent-length:3\na\\cb:c\\nd\nreceipt:r-1\n\nx^@y^@"
    );
    assert_eq!(session.take_receipt(receipt), None);
    session.receive(b"RECEIPT\nreceipt-id:r-1\n\n\0", 9);
    assert_eq!(
        session.take_receipt(receipt),
        Some(Ok(Receipt { asked: 5, came: 9 }))
    );
    assert_eq!(session.take_receipt(receipt), None);
}

#[test]
fn a_header_that_the_version_cannot_say_is_refused_and_nothing_is_written() {
    let mut session = live("1.0");
    let headers = [("a".to_owned(), "c\nd".to_owned())];
    let outgoing = Outgoing {
        headers: &headers,
        ..message(b"")
    };
    assert_eq!(
        session.send(&outgoing, true, 0).unwrap_err().kind,
        Kind::Invalid
    );
    assert_eq!(text(&mut session), "");
}

#[test]
fn messages_come_to_their_subscriptions() {
    let mut session = live("1.2");
    let a = session
        .subscribe("/queue/a", Ack::Client, None, &[], 0)
        .unwrap();
    let b = session
        .subscribe(
            "/queue/b",
            Ack::Auto,
            Some("mine"),
            &[("selector".to_owned(), "x = 1".to_owned())],
            0,
        )
        .unwrap();
    assert_eq!(
        text(&mut session),
        "SUBSCRIBE\nid:s-1\ndestination:/queue/a\nack:client\n\n^@SUBSCRIBE\nid:mine\ndestination:/queue/b\nack:auto\nselector:x = 1\n\n^@"
    );
    session.receive(
        b"MESSAGE\nsubscription:mine\nmessage-id:1\ndestination:/queue/b\n\nB\0",
        3,
    );
    session.receive(
        b"MESSAGE\nsubscription:s-1\nmessage-id:2\nack:7\ndestination:/queue/a\n\nA\0",
        4,
    );
    session.receive(
        b"MESSAGE\nsubscription:gone\nmessage-id:3\ndestination:/queue/c\n\nC\0",
        5,
    );
    let second = session.subscription(b).unwrap().take().unwrap().unwrap();
    assert_eq!((&*second.body, second.arrived), (&b"B"[..], 3));
    let first = session.subscription(a).unwrap().take().unwrap().unwrap();
    assert_eq!(session.subscription(a).unwrap().bytes(), 0);
    session.acknowledge(&first, true, None, 0).unwrap();
    session.acknowledge(&first, false, Some("t-1"), 0).unwrap();
    assert_eq!(
        text(&mut session),
        "ACK\nid:7\n\n^@NACK\nid:7\ntransaction:t-1\n\n^@"
    );
    assert_eq!(
        session
            .acknowledge(&second, true, None, 0)
            .unwrap_err()
            .kind,
        Kind::Invalid
    );
    assert_eq!(
        session
            .subscribe("/x", Ack::Auto, Some("mine"), &[], 0)
            .unwrap_err()
            .kind,
        Kind::Invalid
    );
    session.unsubscribe(a, 0).unwrap();
    assert_eq!(
        text(&mut session),
        "UNSUBSCRIBE\nid:s-1\ndestination:/queue/a\n\n^@"
    );
}

#[test]
fn older_versions_acknowledge_by_the_message() {
    let mut session = live("1.1");
    let id = session
        .subscribe("/queue/a", Ack::ClientIndividual, None, &[], 0)
        .unwrap();
    session.receive(
        b"MESSAGE\nsubscription:s-1\nmessage-id:2\ndestination:/queue/a\n\nA\0",
        4,
    );
    let message = session.subscription(id).unwrap().take().unwrap().unwrap();
    let _ = text(&mut session);
    session.acknowledge(&message, false, None, 0).unwrap();
    assert_eq!(
        text(&mut session),
        "NACK\nmessage-id:2\nsubscription:s-1\n\n^@"
    );
    let mut oldest = live("1.0");
    assert_eq!(
        oldest
            .acknowledge(&message, false, None, 0)
            .unwrap_err()
            .kind,
        Kind::Invalid
    );
    oldest
        .subscribe("/queue/a", Ack::Client, None, &[], 0)
        .unwrap();
    oldest.receive(b"MESSAGE\nmessage-id:9\ndestination:/queue/a\n\nA\0", 4);
    assert!(oldest.subscription(1).unwrap().is_ready());
}

#[test]
fn transactions_begin_and_end() {
    let mut session = live("1.2");
    let name = session.begin(0).unwrap();
    let receipt = session.end(&name, true, true, 0).unwrap();
    assert!(receipt.is_some());
    session.end("t-9", false, false, 0).unwrap();
    assert_eq!(
        text(&mut session),
        "BEGIN\ntransaction:t-1\n\n^@COMMIT\ntransaction:t-1\nreceipt:r-1\n\n^@ABORT\ntransaction:t-9\n\n^@"
    );
}

#[test]
fn an_error_fails_all_that_is_under_way_in_the_servers_words() {
    let mut session = live("1.2");
    let id = session
        .subscribe("/queue/a", Ack::Auto, None, &[], 0)
        .unwrap();
    let receipt = session.send(&message(b""), true, 0).unwrap().unwrap();
    session.receive(
        b"ERROR\nmessage:no access\nreceipt-id:r-1\n\nuser may not\nwrite\0",
        0,
    );
    let fault = session.take_receipt(receipt).unwrap().unwrap_err();
    assert_eq!(
        fault.message,
        "the server refused: no access: user may not write"
    );
    assert_eq!(
        session.subscription(id).unwrap().take().unwrap_err().kind,
        Kind::Server
    );
    assert_eq!(
        session.send(&message(b""), false, 0).unwrap_err().kind,
        Kind::Server
    );
}

#[test]
fn subscriptions_are_said_again_when_it_connects_again() {
    let mut session = live("1.2");
    let id = session
        .subscribe("/queue/a", Ack::Client, None, &[], 0)
        .unwrap();
    session.hung_up();
    assert_eq!(
        session.subscription(id).unwrap().take().unwrap_err().kind,
        Kind::Network
    );
    session.opened(SECOND).unwrap();
    let _ = text(&mut session);
    session.receive(b"CONNECTED\nversion:1.2\n\n\0", SECOND);
    assert_eq!(
        text(&mut session),
        "SUBSCRIBE\nid:s-1\ndestination:/queue/a\nack:client\n\n^@"
    );
    assert_eq!(session.subscription(id).unwrap().take(), Ok(None));
}

#[test]
fn disconnecting_waits_for_its_receipt_or_the_end() {
    let mut session = live("1.2");
    session.disconnect(SECOND).unwrap();
    assert_eq!(text(&mut session), "DISCONNECT\nreceipt:r-1\n\n^@");
    session.receive(b"RECEIPT\nreceipt-id:r-1\n\n\0", 0);
    assert_eq!(
        (session.phase(), session.fault().unwrap().kind),
        (Phase::Idle, Kind::Closed)
    );
    let mut other = live("1.2");
    other.disconnect(0).unwrap();
    other.hung_up();
    assert_eq!(other.fault().unwrap().kind, Kind::Closed);
}

#[test]
fn what_makes_no_sense_is_a_fault_of_the_server() {
    let mut session = live("1.2");
    session.receive(b"CONNECTED\nversion:1.2\n\n\0", 0);
    assert_eq!(session.fault().unwrap().kind, Kind::Protocol);
    let mut early = Session::new(Options::default(), "broker");
    early.opened(0).unwrap();
    early.receive(b"RECEIPT\nreceipt-id:r-1\n\n\0", 0);
    assert_eq!(early.fault().unwrap().kind, Kind::Protocol);
}
