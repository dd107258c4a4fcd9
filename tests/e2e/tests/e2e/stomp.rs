//! Tests the STOMP extension with the real binary and RabbitMQ, from Rust and from JavaScript.

use std::time::Duration;

use brunt_e2e::{
    Authority, Brunt, Ended, RabbitMq, Recorder, Relay, RelayManner, Scripted, Step, extension,
};

fn with(brunt: Brunt, address: &str) -> Brunt {
    brunt
        .arg("--extension")
        .arg(extension("stomp"))
        .test_env("STOMP", address)
        .limit(Duration::from_secs(180))
}

fn guest(address: &str, what: &str) -> Brunt {
    with(Brunt::guest("stomp"), address).test_env("DO", what)
}

/// All checks passed, and so many there were.
fn passed(ended: &Ended, checks: f64) {
    assert_eq!(ended.code, Some(0), "{}\n{}", ended.stdout, ended.stderr);
    let counts = ["passes", "fails"].map(|figure| ended.metric("checks", figure));
    assert_eq!(counts, [checks, 0.0], "{}\n{}", ended.stdout, ended.stderr);
}

/// One broker for all that needs it: it takes seconds to start.
#[test]
fn rabbitmq_is_spoken_to_from_rust_and_from_scripts() {
    let authority = Authority::new();
    let mut broker = RabbitMq::with_tls(&authority.issue(&["localhost"]));
    let address = broker.address().to_string();
    let ended = guest(&address, "messages").run();
    passed(&ended, 5.0);
    for (metric, count) in [
        ("stomp_send_count", 3.0),
        ("stomp_read_count", 3.0),
        ("stomp_ack_count", 2.0),
        ("stomp_bytes_sent", 33.0),
        ("stomp_bytes_received", 33.0),
        ("stomp_read_error_count", 1.0),
    ] {
        assert_eq!(ended.metric(metric, "count"), count, "{metric}");
    }
    assert!(ended.metric("stomp_connect_time", "max") > 0.0);
    passed(&guest(&address, "waiting").run(), 6.0);
    let over_tls = format!("stomps://localhost:{}", broker.tls_address().port());
    passed(
        &guest(&over_tls, "messages")
            .test_env("CA", &authority.pem())
            .run(),
        5.0,
    );
    let unknown = guest(&over_tls, "refused").run();
    assert!(
        unknown.only("refused")["message"]
            .as_str()
            .is_some_and(|message| message.contains("unknown authority")),
        "{}",
        unknown.stderr
    );
    let wrong = guest(&address, "refused")
        .test_env("PASSCODE", "wrong")
        .run();
    assert_eq!(wrong.only("refused")["kind"], "ErrorKind::Server");
    passed(&with(Brunt::script("stomp/simple.js"), &address).run(), 9.0);
    passed(&with(Brunt::script("stomp/typed.js"), &address).run(), 4.0);
    bytes_that_are_delayed_and_split_are_the_same_frames(&broker);
    a_connection_that_breaks_off_is_told_and_made_anew(&broker);
    the_broker_is_killed_and_comes_back(&mut broker);
}

fn bytes_that_are_delayed_and_split_are_the_same_frames(broker: &RabbitMq) {
    let manner = RelayManner {
        piece: 3,
        delay: Duration::from_micros(100),
        breaks_after: None,
    };
    let relay = Relay::start(broker.address(), manner);
    passed(&guest(&relay.address().to_string(), "messages").run(), 5.0);
}

/// A receipt stands for what was sent with it: each message without one is sent again, on a new connection.
fn a_connection_that_breaks_off_is_told_and_made_anew(broker: &RabbitMq) {
    let manner = RelayManner {
        breaks_after: Some(1000),
        ..RelayManner::default()
    };
    let relay = Relay::start(broker.address(), manner);
    let ended = guest(&relay.address().to_string(), "persistent").run();
    passed(&ended, 2.0);
    assert!(relay.accepted() > 4, "{} connections", relay.accepted());
    let errors = ended.metric("stomp_errors", "count");
    assert!(errors >= 2.0, "{errors} errors\n{}", ended.stdout);
}

fn the_broker_is_killed_and_comes_back(broker: &mut RabbitMq) {
    let progress = Recorder::start();
    let address = broker.address().to_string();
    let running = guest(&address, "restart").base_url(&progress.url()).start();
    assert_eq!(progress.wait_for(1)[0].path, "/connected");
    broker.kill();
    assert_eq!(progress.wait_for(2)[1].path, "/lost");
    broker.resume();
    passed(&running.wait(), 2.0);
}

#[test]
fn a_broker_that_is_away_is_a_clear_error() {
    let ended = guest("127.0.0.1:1", "refused").run();
    passed(&ended, 1.0);
    let refused = ended.only("refused");
    assert_eq!(refused["kind"], "ErrorKind::Network");
    let message = refused["message"].as_str().unwrap_or_default();
    assert!(
        message.contains("connecting to STOMP at 127.0.0.1:1: "),
        "{message}"
    );
    assert_eq!(ended.metric("stomp_errors", "count"), 1.0);
}

/// Something that is no broker, and brokers that are hostile.
#[test]
fn what_is_no_stomp_ends_nothing_but_the_call() {
    for (answer, words) in [
        ("HTTP/1.1 400 Bad Request\r\n\r\n", "does not speak STOMP"),
        ("CONNECTED\nversion:9.9\n\n\0", "wants STOMP 9.9"),
        ("CONNECTED\nno header\n\n\0", "is no header"),
        (
            "ERROR\nmessage:go away\n\n\0",
            "the server refused: go away",
        ),
        ("", "hung up"),
    ] {
        let server = Scripted::start(move |_| vec![Step::send(answer)]);
        let ended = guest(&server.address().to_string(), "refused").run();
        passed(&ended, 1.0);
        let refused = ended.only("refused");
        assert!(
            refused["message"]
                .as_str()
                .is_some_and(|message| message.contains(words)),
            "{refused}"
        );
    }
}

#[test]
fn a_host_that_the_run_denies_is_not_dialled() {
    let server = Scripted::start(|_| vec![]);
    let ended = guest(&server.address().to_string(), "refused")
        .args(["--blacklist-ip", "127.0.0.0/8"])
        .run();
    let refused = ended.only("refused");
    assert!(
        refused["message"]
            .as_str()
            .is_some_and(|message| message.contains("denied")),
        "{refused}"
    );
    assert!(server.passed().is_empty());
}
