//! Defines the tests of the machine: what it says to what it hears, with times passed in.

use super::*;
use crate::options::{Options, SECOND};
use crate::{Message, Outgoing};

const INFO: &[u8] = b"INFO {\"server_id\":\"N\",\"headers\":true,\"max_payload\":100}\r\n";

fn session(servers: &[&str]) -> Session {
    Session::new(Options::new(servers).expect("options"), 7)
}

fn said(session: &mut Session) -> String {
    String::from_utf8(std::mem::take(session.out())).expect("text")
}

/// Connects, and forgets what was said for it.
fn live() -> Session {
    let mut session = session(&["a:1", "b:2"]);
    connect(&mut session, 0);
    said(&mut session);
    while session.take_notice().is_some() {}
    session
}

fn connect(session: &mut Session, now: Time) {
    session.connect(now);
    session.dial(now).expect("dials");
    session.opened();
    session.receive(INFO.to_vec(), now);
    session.receive(b"PONG\r\n".to_vec(), now);
    assert_eq!(session.phase(), Phase::Live);
}

fn publish(subject: &str) -> Outgoing<'_> {
    Outgoing {
        subject,
        payload: b"x",
        ..Outgoing::default()
    }
}

fn payload(message: Option<Message>) -> Option<String> {
    Some(String::from_utf8_lossy(message?.payload()).into_owned())
}

#[test]
fn connecting_goes_from_info_over_connect_to_pong() {
    let mut session = session(&["a:1"]);
    assert_eq!((session.phase(), session.dial(0)), (Phase::Idle, None));
    session.connect(5);
    assert_eq!(
        session.dial(5).map(|address| address.place()),
        Some("a:1".to_owned())
    );
    session.opened();
    session.receive(INFO.to_vec(), 6);
    let said = said(&mut session);
    assert!(
        said.starts_with("CONNECT {") && said.ends_with("}\r\nPING\r\n"),
        "{said}"
    );
    session.receive(b"PONG\r\n".to_vec(), 9);
    assert_eq!(session.take_notice(), Some(Notice::Connected(4)));
}

#[test]
fn a_refusal_is_told_when_no_server_is_left() {
    let mut session = session(&["a:1", "b:2"]);
    session.connect(0);
    for _ in 0..2 {
        session.dial(0).expect("dials");
        session.opened();
        session.receive(INFO.to_vec(), 0);
        session.receive(b"-ERR 'Authorization Violation'\r\n".to_vec(), 0);
    }
    assert_eq!(session.phase(), Phase::Idle);
    assert_eq!(
        session.fault().map(|fault| fault.kind),
        Some(Kind::Authorization)
    );
    connect(&mut session, 3);
}

#[test]
fn tls_starts_behind_info_and_nothing_may_come_between() {
    let mut session = session(&["tls://a:1"]);
    session.connect(0);
    session.dial(0).expect("dials");
    session.opened();
    session.receive(b"INFO {\"tls_required\":true}\r\n".to_vec(), 0);
    assert_eq!(
        (session.phase(), said(&mut session).as_str()),
        (Phase::Securing, "")
    );
    session.secured(0);
    assert!(said(&mut session).contains("\"tls_required\":true"));
    let mut session = self::session(&["tls://a:1"]);
    session.connect(0);
    session.dial(0).expect("dials");
    session.opened();
    session.receive(b"INFO {\"tls_required\":true}\r\nPONG\r\n".to_vec(), 0);
    assert_eq!(
        session.fault().map(|fault| fault.kind),
        Some(Kind::Protocol)
    );
}

#[test]
fn who_asks_for_tls_gets_no_other_connection() {
    let mut session = session(&["tls://a:1"]);
    session.connect(0);
    session.dial(0).expect("dials");
    session.opened();
    session.receive(INFO.to_vec(), 0);
    assert_eq!(session.phase(), Phase::Idle);
    assert!(
        session
            .fault()
            .is_some_and(|fault| fault.message.contains("TLS"))
    );
}

#[test]
fn attempts_that_take_too_long_are_given_up() {
    let mut session = session(&["a:1"]);
    session.connect(0);
    session.dial(0).expect("dials");
    assert_eq!(session.due(), Some(5 * SECOND));
    session.opened();
    session.tick(5 * SECOND);
    assert_eq!(session.phase(), Phase::Idle);
    assert!(
        session
            .fault()
            .is_some_and(|fault| fault.message.contains("INFO"))
    );
}

#[test]
fn messages_come_to_their_subscriptions_and_are_measured_once() {
    let mut session = live();
    let id = session.subscribe("a.*", Some("q")).expect("subscribes");
    assert_eq!(said(&mut session), "SUB a.* q 1\r\n");
    session.receive(
        b"MSG a.b 1 1\r\nx\r\nMSG a.c 1 2\r\nyy\r\nMSG a.d 99 1\r\nz\r\n".to_vec(),
        0,
    );
    let (touched, fresh) = session.take_touched().expect("touched");
    assert_eq!((touched, fresh.messages, fresh.bytes), (id, 2, 3));
    assert!(session.take_touched().is_none());
    assert_eq!(payload(session.take_message(id)).as_deref(), Some("x"));
    assert_eq!(payload(session.take_message(id)).as_deref(), Some("yy"));
    assert!(session.take_message(id).is_none());
}

#[test]
fn what_nobody_takes_is_dropped_beyond_the_limit_and_counted() {
    let mut session = live();
    let id = session.subscribe("a", None).expect("subscribes");
    session.subscription(id).expect("there").limits.messages = 2;
    session.receive(b"MSG a 1 1\r\n1\r\n".repeat(5), 0);
    let (_, fresh) = session.take_touched().expect("touched");
    assert_eq!((fresh.messages, fresh.dropped), (5, 3));
    let subscription = session.subscription(id).expect("there");
    assert_eq!((subscription.pending(), subscription.dropped()), (2, 3));
    session.subscription(id).expect("there").limits.bytes = 1;
    session.take_message(id);
    session.receive(b"MSG a 1 1\r\n1\r\n".to_vec(), 0);
    assert_eq!(session.subscription(id).expect("there").dropped(), 4);
}

#[test]
fn a_subscription_ends_after_so_many_messages() {
    let mut session = live();
    let id = session.subscribe("a", None).expect("subscribes");
    session.unsubscribe(id, Some(2));
    assert_eq!(said(&mut session), "SUB a 1\r\nUNSUB 1 2\r\n");
    session.receive(b"MSG a 1 1\r\n1\r\n".repeat(2), 0);
    assert!(session.subscription(id).expect("there").has_ended());
    assert_eq!(session.subscription(id).expect("there").pending(), 2);
}

#[test]
fn requests_are_answered_in_any_order() {
    let mut session = live();
    let first = session.request(&publish("a"), 1).expect("asks");
    let second = session.request(&publish("b"), 2).expect("asks");
    let lines = said(&mut session);
    let inbox = lines.split(['.', ' ']).nth(2).expect("an inbox").to_owned();
    assert_eq!(
        lines,
        format!(
            "SUB _INBOX.{inbox}.* 1\r\nPUB a _INBOX.{inbox}.1 1\r\nx\r\nPUB b _INBOX.{inbox}.2 1\r\nx\r\n"
        )
    );
    session.receive(
        format!("MSG _INBOX.{inbox}.2 1 2\r\nok\r\n").into_bytes(),
        7,
    );
    assert!(session.take_answer(first).is_none());
    let answer = session.take_answer(second).expect("answered");
    assert_eq!(
        (answer.started, answer.ended, answer.subject.as_str()),
        (2, 7, "b")
    );
    let gone = format!("HMSG _INBOX.{inbox}.1 1 16 16\r\nNATS/1.0 503\r\n\r\n\r\n");
    session.receive(gone.into_bytes(), 8);
    let fault = session
        .take_answer(first)
        .and_then(|answer| answer.outcome?.err());
    assert_eq!(
        fault.map(|fault| (fault.kind, fault.code)),
        Some((Kind::NoResponders, 503))
    );
}

#[test]
fn what_is_not_allowed_fails_what_it_is_about_and_nothing_else() {
    let mut session = live();
    let request = session.request(&publish("secret"), 1).expect("asks");
    let other = session.request(&publish("a"), 1).expect("asks");
    let id = session.subscribe("secret.>", None).expect("subscribes");
    session.receive(
        b"-ERR 'Permissions Violation for Publish to \"secret\"'\r\n-ERR 'Permissions Violation for Subscription to \"secret.>\"'\r\n".to_vec(),
        2,
    );
    assert_eq!(session.phase(), Phase::Live);
    let fault = session
        .take_answer(request)
        .and_then(|answer| answer.outcome?.err());
    assert_eq!(fault.map(|fault| fault.kind), Some(Kind::Permissions));
    assert!(session.take_answer(other).is_none());
    assert!(session.subscription(id).expect("there").fault().is_some());
    assert!(matches!(session.take_notice(), Some(Notice::Complaint(_))));
}

#[test]
fn a_lost_connection_is_made_anew_with_all_that_was_subscribed_and_published() {
    let mut session = live();
    let id = session.subscribe("a", Some("q")).expect("subscribes");
    session.unsubscribe(id, Some(3));
    session
        .subscribe("gone", None)
        .map(|id| session.forget(id))
        .expect("subscribes");
    session.receive(b"MSG a 1 1\r\n1\r\n-ERR 'Stale Connection'\r\n".to_vec(), 0);
    session.hung_up(10);
    assert!(matches!(session.take_notice(), Some(Notice::Complaint(_))));
    let Some(Notice::Lost(fault)) = session.take_notice() else {
        panic!("not told")
    };
    assert!(fault.message.contains("Stale"), "{fault}");
    let Phase::Due(at) = session.phase() else {
        panic!("{:?}", session.phase())
    };
    assert!((10..10 + SECOND).contains(&at));
    session.publish(&publish("while.away")).expect("kept");
    assert_eq!(session.dial(at - 1), None.filter(|_| at > 0));
    assert_eq!(
        session.dial(at).map(|address| address.place()),
        Some("b:2".to_owned())
    );
    session.opened();
    session.receive(INFO.to_vec(), at);
    said(&mut session);
    session.receive(b"PONG\r\n".to_vec(), at + 5);
    assert_eq!(
        said(&mut session),
        "SUB a q 1\r\nUNSUB 1 2\r\nPUB while.away 1\r\nx\r\n"
    );
    assert_eq!(session.take_notice(), Some(Notice::Reconnected(5)));
}

#[test]
fn what_waits_for_a_connection_has_a_limit() {
    let mut session = live();
    session.hung_up(0);
    session.options.reconnect_buffer = 100;
    let fault = (0..100)
        .find_map(|_| session.publish(&publish("a")).err())
        .expect("full");
    assert_eq!(fault.kind, Kind::Limit);
    assert!(fault.message.contains("reconnect-buffer"), "{fault}");
    assert!(session.backlog.len() <= 110);
}

#[test]
fn a_server_that_does_not_answer_is_left() {
    let mut session = live();
    for round in 1..=2 {
        session.tick(round * 60 * SECOND);
        assert_eq!(said(&mut session), "PING\r\n");
    }
    session.tick(3 * 60 * SECOND);
    assert!(matches!(session.phase(), Phase::Due(_)));
}

#[test]
fn pings_are_answered_and_counted() {
    let mut session = live();
    session.receive(b"PING\r\n".to_vec(), 0);
    assert_eq!(said(&mut session), "PONG\r\n");
    let (first, second) = (session.ping().expect("live"), session.ping().expect("live"));
    session.receive(b"PONG\r\n".to_vec(), 0);
    assert!(session.is_answered(first) && !session.is_answered(second));
    session.receive(b"PONG\r\nPONG\r\nPONG\r\n".to_vec(), 0);
    assert!(session.is_answered(second) && !session.is_answered(second + 1));
}

#[test]
fn too_large_and_malformed_messages_are_not_sent() {
    let mut session = live();
    let large = Outgoing {
        subject: "a",
        payload: &[b'x'; 101],
        ..Outgoing::default()
    };
    assert_eq!(
        session.publish(&large).expect_err("large").kind,
        Kind::TooLarge
    );
    assert_eq!(
        session
            .publish(&publish("a b"))
            .expect_err("malformed")
            .kind,
        Kind::Invalid
    );
    let fields = [("A".to_owned(), "b\r\nPUB c 1".to_owned())];
    let smuggling = Outgoing {
        headers: &fields,
        ..publish("a")
    };
    assert_eq!(
        session.publish(&smuggling).expect_err("malformed").kind,
        Kind::Invalid
    );
    assert_eq!(said(&mut session), "");
}

#[test]
fn what_is_closed_says_so() {
    let mut session = live();
    let request = session.request(&publish("a"), 1).expect("asks");
    let id = session.subscribe("a", None).expect("subscribes");
    session.receive(b"MSG a 2 1\r\n1\r\n".to_vec(), 0);
    session.close(None);
    assert_eq!(
        session.publish(&publish("a")).expect_err("closed").kind,
        Kind::Closed
    );
    let fault = session
        .take_answer(request)
        .and_then(|answer| answer.outcome?.err());
    assert_eq!(fault.map(|fault| fault.kind), Some(Kind::Closed));
    assert!(session.subscription(id).expect("there").has_ended());
    assert_eq!(payload(session.take_message(id)).as_deref(), Some("1"));
}

proptest::proptest! {
    #[test]
    fn no_server_can_make_it_panic(frames in proptest::collection::vec(hostile(), 0..30)) {
        let mut session = live();
        let id = session.subscribe("a", None).expect("subscribes");
        let _ = session.request(&publish("a"), 1);
        for (at, frame) in frames.into_iter().enumerate() {
            session.receive(frame, at as Time);
            session.tick(at as Time * 100 * SECOND);
            if session.dial(at as Time * 100 * SECOND).is_some() {
                session.opened();
            }
            while session.take_message(id).is_some() {}
            while session.take_notice().is_some() {}
        }
    }
}

fn hostile() -> impl proptest::strategy::Strategy<Value = Vec<u8>> {
    use proptest::prelude::*;
    let known = prop::sample::select(vec![
        &b"PING\r\n"[..],
        b"PONG\r\n",
        b"PONG\r\nPONG\r\n",
        INFO,
        b"INFO {\"tls_required\":true}\r\n",
        b"INFO {\"connect_urls\":[\"c:9\",\"\",\"x y\"],\"ldm\":true}\r\n",
        b"INFO nonsense\r\n",
        b"-ERR 'Permissions Violation for Publish to \"a\"'\r\n",
        b"-ERR\r\n",
        b"MSG a 1 1\r\n1\r\n",
        b"MSG a 2 0\r\n\r\n",
        b"MSG _INBOX.7.18446744073709551616 2 0\r\n\r\n",
        b"HMSG a 1 4 4\r\nNATS\r\n",
        b"HMSG . 2 0 0\r\n\r\n",
        b"+OK\r\n",
        b"CONNECT {}\r\n",
    ]);
    prop_oneof![
        4 => known.prop_map(<[u8]>::to_vec),
        1 => prop::collection::vec(any::<u8>(), 0..60),
    ]
}
