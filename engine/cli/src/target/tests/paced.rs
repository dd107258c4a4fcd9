//! Tests the endpoints whose bodies take their time.

use super::*;

#[test]
fn lines_and_drops_come_one_after_the_other() {
    let target = Target::start(1);
    let began = Instant::now();
    let lines = target.get("/stream/3?delay=0.1");
    assert!(began.elapsed() >= Duration::from_millis(200));
    assert!(
        lines.head.contains("transfer-encoding: chunked"),
        "{}",
        lines.head
    );
    let text = String::from_utf8(lines.body).unwrap();
    assert_eq!(text.matches("\"id\":").count(), 3, "{text}");
    let began = Instant::now();
    let drip = target.get("/drip?numbytes=1000&duration=0.3&code=503&delay=0.1");
    assert!(began.elapsed() >= Duration::from_millis(300));
    assert!(drip.head.starts_with("HTTP/1.1 503"), "{}", drip.head);
    assert_eq!(drip.body, vec![b'*'; 1000]);
    for bad in [
        "/stream/x",
        "/drip?duration=61",
        "/sse?count=-1",
        "/drip?code=5",
    ] {
        assert!(target.get(bad).head.starts_with("HTTP/1.1 400"), "{bad}");
    }
    target.stop();
}

#[test]
fn events_go_on_after_the_last_one() {
    let target = Target::start(1);
    let all = target.get("/sse?count=3&delay=0&retry=50");
    assert!(
        all.head.contains("content-type: text/event-stream"),
        "{}",
        all.head
    );
    let text = String::from_utf8(all.body).unwrap();
    assert_eq!(text.matches("event: ping\n").count(), 3, "{text}");
    assert_eq!(text.matches("retry: 50\n").count(), 1, "{text}");
    let rest = target.send("GET /sse?count=3&delay=0", "Last-Event-ID: 2\r\n\r\n");
    let text = String::from_utf8(rest.body).unwrap();
    assert!(
        text.contains("id: 3\n") && !text.contains("id: 2\n"),
        "{text}"
    );
    target.stop();
}
