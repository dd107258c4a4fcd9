//! Tests extension brunt:mqtt: a guest in Rust against mosquitto, and against servers that are none.

mod scripts;

use std::time::Duration;

use brunt_e2e::{
    Authority, Brunt, Ended, Mosquitto, Relay, RelayManner, Running, Scripted, Step, example,
    extension,
};

use crate::samples::run_with_samples;

/// What the guest does by this name, with this server, once.
fn guest(what: &str, server: &str) -> Brunt {
    Brunt::guest("mqtt")
        .arg("--extension")
        .arg(extension("mqtt"))
        .test_env("DO", what)
        .test_env("SERVER", server)
}

/// All checks passed, and there were some.
#[track_caller]
pub(super) fn passed(ended: Ended) -> Ended {
    let ended = ended.expect_code(0);
    let shown = format!("{}\n{}", ended.stdout, ended.stderr);
    assert!(ended.metric("checks", "passes") > 0.0, "{shown}");
    assert_eq!(ended.metric("checks", "fails"), 0.0, "{shown}");
    assert!(!ended.stderr.contains("level=error"), "{shown}");
    ended
}

#[track_caller]
fn passes(what: &str, lines: &str) -> Ended {
    let broker = Mosquitto::start(lines);
    passed(guest(what, &broker.url()).run())
}

const ANYONE: &str = "allow_anonymous true\nmax_queued_messages 0";

/// Waits until a run has said this to somebody.
fn when_logged(broker: &Mosquitto, text: &str) {
    broker.wait_for_log(text);
}

#[test]
fn messages_are_delivered_with_every_level() {
    let ended = passes("levels", ANYONE);
    assert_eq!(ended.metric("mqtt_messages_sent", "count"), 20.0);
    assert_eq!(ended.metric("mqtt_messages_received", "count"), 18.0);
    assert_eq!(ended.metric("mqtt_bytes_received", "count"), 18.0 * 4.0);
    assert_eq!(ended.metric("mqtt_connects", "count"), 4.0);
    assert!(ended.metric("data_sent", "count") > 400.0);
}

#[test]
fn metrics_are_told_by_topic_qos_and_server() {
    let broker = Mosquitto::start(ANYONE);
    let (ended, samples) = run_with_samples(guest("levels", &broker.url()));
    ended.expect_code(0);
    let tags = |metric: &str, tag: &str| {
        let mut values = samples.tag_values(metric, tag);
        values.sort_unstable();
        values.dedup();
        values
            .iter()
            .map(|value| (*value).to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(tags("mqtt_messages_sent", "topic"), ["level/a"]);
    assert_eq!(tags("mqtt_messages_received", "topic"), ["level/+"]);
    assert_eq!(tags("mqtt_messages_received", "qos"), ["0", "1", "2"]);
    assert_eq!(tags("mqtt_publish_duration", "qos"), ["1", "2"]);
    assert_eq!(tags("mqtt_connect_duration", "server"), [broker.url()]);
}

#[test]
fn properties_of_version_5_go_both_ways() {
    passes("properties", ANYONE);
}

#[test]
fn messages_that_the_server_keeps_come_on_subscribing() {
    passes("retained", ANYONE);
}

#[test]
fn a_shared_subscription_is_shared() {
    passes("shared", ANYONE);
}

#[test]
fn many_messages_are_on_their_way_at_once() {
    passes("pipelined", ANYONE);
}

#[test]
fn what_was_begun_is_waited_for_by_handles() {
    passes("handles", ANYONE);
}

#[test]
fn a_slow_receiver_loses_nothing_silently() {
    let ended = passes("slow", ANYONE);
    assert!(ended.metric("mqtt_messages_dropped", "count") > 0.0);
}

#[test]
fn the_will_is_published_when_a_connection_breaks() {
    passes("will", ANYONE);
}

#[test]
fn sessions_are_kept_as_long_as_asked_for() {
    passes("session", ANYONE);
}

#[test]
fn a_long_sleep_ends_no_connection() {
    passes("sleep", ANYONE);
}

#[test]
fn what_comes_during_a_sleep_is_taken_in_then() {
    passes("attended", ANYONE);
}

#[test]
fn tls_is_spoken_with_certificates_of_the_tests_own() {
    let authority = Authority::new();
    let server = authority.issue(&["127.0.0.1", "localhost"]);
    let client = authority.issue_client("me");
    let broker = Mosquitto::with_files(
        "allow_anonymous true\ncafile FOLDER/ca.pem\ncertfile FOLDER/server.pem\nkeyfile FOLDER/server.key\nrequire_certificate true",
        &[
            ("ca.pem", &authority.pem()),
            ("server.pem", &server.certificate),
            ("server.key", &server.key),
        ],
    );
    let url = broker.url().replace("mqtt://", "mqtts://");
    let run = guest("tls", &url)
        .test_env("CA", &authority.pem())
        .test_env("CERT", &client.certificate)
        .test_env("KEY", &client.key);
    passed(run.run());
}

#[test]
fn servers_are_tried_in_turn() {
    let broker = Mosquitto::start(ANYONE);
    let run = guest("servers", &broker.url()).test_env("AWAY", "mqtt://127.0.0.1:1");
    let ended = passed(run.run());
    assert_eq!(ended.metric("mqtt_errors", "count"), 1.0);
}

#[test]
fn a_server_that_is_killed_and_comes_back_finds_its_client() {
    let mut broker = Mosquitto::start(ANYONE);
    let run: Running = guest("outlive", &broker.url()).start();
    when_logged(&broker, "Received SUBSCRIBE from survivor");
    broker.kill();
    std::thread::sleep(Duration::from_millis(300));
    broker.restart();
    let ended = passed(run.wait());
    assert_eq!(ended.metric("mqtt_reconnects", "count"), 1.0);
}

#[test]
fn a_client_that_is_refused_says_why() {
    let users = Mosquitto::password_file("me", "right");
    let lines = "allow_anonymous false\npassword_file FOLDER/users\nacl_file FOLDER/rights";
    let rights = "user me\ntopic readwrite open/#\n";
    let broker = Mosquitto::with_files(lines, &[("users", &users), ("rights", rights)]);
    let ended = passed(guest("refused", &broker.url()).run());
    assert_eq!(ended.metric("mqtt_errors", "count"), 5.0);
}

#[test]
fn a_server_that_is_away_is_told() {
    passed(guest("away", "mqtt://127.0.0.1:1").run());
}

#[test]
fn what_can_not_be_is_told_before_it_is_tried() {
    passes("wrong", ANYONE);
}

#[test]
fn packets_beyond_a_maximum_are_told() {
    passes("large", "allow_anonymous true\nmax_packet_size 2000");
}

#[test]
fn a_connection_that_cuts_and_delays_changes_nothing() {
    let broker = Mosquitto::start(ANYONE);
    let manner = RelayManner {
        piece: 3,
        delay: Duration::from_millis(2),
        ..RelayManner::default()
    };
    let relay = Relay::start(broker.address(), manner);
    passed(guest("levels", &format!("mqtt://{}", relay.address())).run());
}

#[test]
fn a_connection_that_breaks_off_is_opened_again() {
    let broker = Mosquitto::start(ANYONE);
    let relay = Relay::start(broker.address(), RelayManner::default());
    let run = guest("outlive", &format!("mqtt://{}", relay.address())).start();
    when_logged(&broker, "Received SUBSCRIBE from survivor");
    relay.break_off();
    let ended = passed(run.wait());
    assert_eq!(ended.metric("mqtt_reconnects", "count"), 1.0);
    assert_eq!(relay.accepted(), 2);
}

#[test]
fn a_server_from_which_nothing_comes_is_given_up() {
    let broker = Mosquitto::start(ANYONE);
    let relay = Relay::start(broker.address(), RelayManner::default());
    let run = guest("silent", &format!("mqtt://{}", relay.address())).start();
    when_logged(&broker, "Sending CONNACK to patient");
    std::thread::sleep(Duration::from_millis(300));
    relay.hold(true);
    passed(run.wait());
}

/// A server that answers CONNECT with these bytes, and what the guest is to say of it.
#[track_caller]
fn hostile(bytes: &[u8], kind: &str, words: &str) {
    let bytes = bytes.to_vec();
    let server = Scripted::start(move |_| vec![Step::Send(bytes.clone()), Step::AwaitClose]);
    let run = guest("hostile", &format!("mqtt://{}", server.address()))
        .test_env("KIND", kind)
        .test_env("WORDS", words);
    passed(run.run());
}

#[test]
fn a_server_that_speaks_no_mqtt_is_told_apart() {
    let page = format!("HTTP/1.1 400 Bad Request\r\n\r\n{}", "sorry ".repeat(20));
    hostile(page.as_bytes(), "protocol", "malformed");
    hostile(
        &[0x20, 0xff, 0xff, 0xff, 0xff, 0x01],
        "protocol",
        "four bytes",
    );
    hostile(&[0x30, 4, 0, 1, b'a', 0], "protocol", "no CONNACK");
    hostile(&[0x20, 3, 0, 0x8a, 0], "refused", "banned");
    hostile(
        &[0x20, 0xff, 0xff, 0xff, 0x7f],
        "limit",
        "maximum packet size",
    );
    hostile(&[], "timeout", "did not answer to CONNECT");
}

#[test]
fn a_server_that_breaks_the_protocol_later_is_left() {
    let greeting = [0x20, 3, 0, 0, 0];
    for (bytes, kind, words) in [
        (&[0x36, 3, 0, 1, b'a'][..], "protocol", "QoS of 3"),
        (&[0xe0, 1, 0x8b], "refused", "shutting down"),
        (&[0x90, 4, 0, 1, 0, 0], "protocol", "not asked for"),
        (&[0x30, 4, 0, 1, 0xff, 0], "protocol", "UTF-8"),
    ] {
        hostile(&[&greeting[..], bytes].concat(), kind, words);
    }
}

#[test]
fn messages_with_qos_2_come_exactly_once_over_connections_that_break() {
    let broker = Mosquitto::start(ANYONE);
    let manner = RelayManner {
        piece: 5,
        breaks_after: Some(150),
        ..RelayManner::default()
    };
    let relay = Relay::start(broker.address(), manner);
    let run =
        guest("exact", &broker.url()).test_env("BREAKING", &format!("mqtt://{}", relay.address()));
    let ended = passed(run.run());
    assert!(relay.accepted() > 3, "{} connections", relay.accepted());
    assert!(ended.metric("mqtt_reconnects", "count") > 2.0);
}

#[test]
fn the_examples_run() {
    let broker = Mosquitto::start(ANYONE);
    for brunt in [
        Brunt::test(&example("js/mqtt.js")),
        Brunt::guest("mqtt_sensors"),
    ] {
        let run = brunt
            .arg("--extension")
            .arg(extension("mqtt"))
            .test_env("MQTT", &broker.url())
            .args(["--duration", "1s", "--no-thresholds"]);
        passed(run.run());
    }
}

#[test]
fn a_run_without_the_extension_says_what_is_missing() {
    let ended = Brunt::guest("mqtt").run();
    assert_ne!(ended.code, Some(0));
    assert!(
        ended.stderr.contains("brunt:mqtt/client"),
        "{}",
        ended.stderr
    );
}
