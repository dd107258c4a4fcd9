//! Tests server-sent events: as they come, while the VU sleeps, reconnected, refused, and measured.

use brunt_e2e::{Answer, Brunt, Recorder, Scripted, Step};
use serde_json::{Value, json};

use crate::samples::completed;

const HEAD: &str = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream; charset=utf-8\r\n\r\n";

fn guest(url: &str, mode: &str) -> Brunt {
    Brunt::guest("events")
        .base_url(url)
        .test_env("MODE", mode)
        .args(["--iterations", "1"])
}

/// A server that sends these pieces, with so many milliseconds before each, and then ends the stream.
fn server(pieces: &'static [(u64, &'static str)]) -> Scripted {
    Scripted::start(move |_| {
        let mut steps = vec![Step::ReadRequest, Step::send(HEAD)];
        for (ms, piece) in pieces {
            steps.extend([Step::wait_ms(*ms), Step::send(piece)]);
        }
        steps
    })
}

fn data(events: &[Value]) -> Vec<&str> {
    events
        .iter()
        .filter_map(|event| event["data"].as_str())
        .collect()
}

#[test]
fn events_come_as_they_are_sent() {
    let server = server(&[
        (0, ": hello\n\nid: 1\nevent: add\ndata: one\nda"),
        (200, "ta: more\n\nretry: 70\ndata: two\n"),
        (0, "\r\nid\ndata: ünï\r\r"),
        (0, "data: never ended"),
    ]);
    let (ended, samples) = completed(guest(&server.url(), "read"));
    let events = ended.logged("event");
    assert_eq!(
        events,
        [
            json!({ "id": "1", "event": "add", "data": "one\nmore", "retry": null }),
            json!({ "id": "1", "event": "message", "data": "two", "retry": 70 }),
            json!({ "id": "", "event": "message", "data": "ünï", "retry": null }),
        ]
    );
    assert_eq!(ended.logged("end")[0]["code"], 0);
    assert_eq!(samples.values("sse_events"), [1.0; 3]);
    let intervals = samples.values("sse_event_interval");
    assert!(
        intervals[0] >= 190.0 && intervals[1] < 190.0,
        "{intervals:?}"
    );
    let points = samples
        .points
        .iter()
        .filter(|point| point.metric == "sse_events");
    for point in points {
        assert_eq!(point.tags["name"], "news");
        assert_eq!(point.tags["scenario"], "default");
    }
    assert_eq!(samples.values("http_req_failed"), [0.0]);
    assert!(samples.values("http_req_receiving")[0] >= 190.0);
}

#[test]
fn the_request_says_what_it_wants() {
    let server = Recorder::answering(|_| {
        Answer::ok()
            .header("content-type", "text/event-stream")
            .body("data: 1\n\n")
    });
    completed(guest(&server.url(), "read"));
    let seen = server.seen();
    assert_eq!(seen[0].header("accept"), Some("text/event-stream"));
    assert_eq!(seen[0].header("cache-control"), Some("no-store"));
    assert_eq!(seen[0].header("last-event-id"), None);
}

#[test]
fn events_arrive_while_the_vu_sleeps() {
    let server = server(&[
        (100, "data: 1\n\n"),
        (100, "data: 2\n\n"),
        (100, "data: 3\n\n"),
    ]);
    let (ended, samples) = completed(guest(&server.url(), "sleep").test_env("SLEEP_MS", "1500"));
    assert_eq!(data(&ended.logged("event")), ["1", "2", "3"]);
    let reading = ended.logged("slept")[0]["reading"].as_f64();
    assert!(reading.is_some_and(|seconds| seconds < 0.2), "{reading:?}");
    // They were counted when they came, not when they were read.
    let intervals = samples.values("sse_event_interval");
    assert!(
        intervals.iter().all(|ms| (90.0..600.0).contains(ms)),
        "{intervals:?}"
    );
}

#[test]
fn a_timeout_ends_with_the_head() {
    let server = server(&[(800, "data: late\n\n")]);
    let (ended, _) = completed(guest(&server.url(), "read").test_env("TIMEOUT_MS", "400"));
    assert_eq!(data(&ended.logged("event")), ["late"]);
    let server = Scripted::start(|_| vec![Step::ReadRequest, Step::AwaitClose]);
    let (ended, _) = completed(guest(&server.url(), "read").test_env("TIMEOUT_MS", "300"));
    assert_eq!(ended.logged("refused")[0]["code"], 1050);
}

#[test]
fn reconnecting_waits_and_goes_on_after_the_last_event() {
    let server = Recorder::answering(|seen| {
        let body = match seen.header("last-event-id") {
            None => "retry: 300\n\nid: a\ndata: 1\n\nid: b\ndata: 2\n\n",
            Some("b") => "id: c\ndata: 3\n\n",
            Some(_) => "data: wrong\n\n",
        };
        Answer::ok()
            .header("content-type", "text/event-stream")
            .body(body)
    });
    let (ended, samples) = completed(guest(&server.url(), "resume"));
    assert_eq!(data(&ended.logged("event")), ["1", "2", "3"]);
    assert_eq!(ended.logged("pausing"), [json!({ "ms": 300, "id": "b" })]);
    let seen = server.seen();
    assert!((seen[1].at - seen[0].at).as_millis() >= 300);
    assert_eq!(samples.values("http_reqs").len(), 2);
}

#[test]
fn what_is_no_stream_of_events_is_refused() {
    for (answer, words) in [
        (Answer::status(404), "its status is 404"),
        (
            Answer::ok().header("content-type", "text/html"),
            "text/html",
        ),
        (Answer::ok(), "not text/event-stream"),
    ] {
        let server = Recorder::answering(move |_| answer.clone());
        let (ended, samples) = completed(guest(&server.url(), "read"));
        let refused = &ended.logged("refused")[0];
        assert_eq!(refused["code"], 1000);
        assert!(
            refused["message"]
                .as_str()
                .is_some_and(|text| text.contains(words)),
            "{refused}"
        );
        assert_eq!(samples.values("http_reqs").len(), 1);
    }
}

#[test]
fn an_event_beyond_the_limit_ends_the_stream() {
    let server = Scripted::start(|_| {
        vec![
            Step::ReadRequest,
            Step::send(format!("{HEAD}data: small\n\n")),
            Step::wait_ms(100),
            Step::send(format!("data: {}\n\n", "x".repeat(200))),
        ]
    });
    let (ended, _) = completed(guest(&server.url(), "read").args(["--limit", "sseEvent=100"]));
    assert_eq!(data(&ended.logged("event")), ["small"]);
    let end = &ended.logged("end")[0];
    assert!(
        end["message"]
            .as_str()
            .is_some_and(|text| text.contains("limit sseEvent")),
        "{end}"
    );
}

#[test]
fn a_stream_that_breaks_off_is_a_failed_request() {
    let server = Scripted::start(|_| {
        let head = HEAD.replace("\r\n\r\n", "\r\nContent-Length: 1000\r\n\r\n");
        vec![
            Step::ReadRequest,
            Step::send(head + "data: 1\n\n"),
            Step::wait_ms(200),
            Step::Reset,
        ]
    });
    let (ended, samples) = completed(guest(&server.url(), "read"));
    assert_eq!(data(&ended.logged("event")), ["1"]);
    assert_eq!(ended.logged("end")[0]["code"], 1220);
    assert_eq!(samples.values("http_req_failed"), [1.0]);
}

#[test]
fn sources_are_waited_for_with_timers_and_each_other() {
    let server = Scripted::start(|connection| {
        let (first, letters) = if connection == 0 {
            (300, ["a", "c"])
        } else {
            (600, ["b", "d"])
        };
        let event = |letter: &str| Step::send(format!("data: {letter}\n\n"));
        let mut steps = vec![Step::ReadRequest, Step::send(HEAD), Step::wait_ms(first)];
        steps.extend([event(letters[0]), Step::wait_ms(900), event(letters[1])]);
        steps.push(Step::AwaitClose);
        steps
    });
    let (ended, _) = completed(guest(&server.url(), "two"));
    assert_eq!(ended.logged("order"), [json!({ "order": "abtcd" })]);
}

#[test]
fn a_source_that_is_dropped_closes_its_connection() {
    let server = Scripted::start(|_| {
        vec![
            Step::ReadRequest,
            Step::send(HEAD),
            Step::SendForever(b"data: again\n\n".to_vec()),
        ]
    });
    let (_, samples) = completed(guest(&server.url(), "first"));
    server.wait_for_ended(1);
    assert_eq!(samples.values("http_req_failed"), [0.0]);
}

#[test]
fn the_example_of_events_runs() {
    let server = Recorder::answering(|seen| {
        let since = seen
            .header("last-event-id")
            .and_then(|id| id.parse().ok())
            .unwrap_or(0);
        let event = |id: u32| format!("retry: 10\nid: {id}\ndata: {{ \"id\": {id} }}\n\n");
        let events: String = (since + 1..=5).map(event).collect();
        Answer::ok()
            .header("content-type", "text/event-stream")
            .body(events)
    });
    let ended = Brunt::guest("server_sent_events")
        .base_url(&server.url())
        .args(["--vus", "1", "--iterations", "1"])
        .run()
        .expect_code(0);
    assert_eq!(ended.metric("checks", "value"), 1.0);
    assert_eq!(ended.metric("sse_events", "count"), 5.0);
}
