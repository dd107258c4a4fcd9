//! Defines a test that follows a stream of server-sent events, gives up when none come, and goes on after the last one.

use brunt_sdk::prelude::*;

#[brunt_sdk::test(vus = 5, duration = "5s", thresholds(sse_events = "count>0"))]
fn server_sent_events() -> Result<()> {
    let base = env_or("BASE_URL", "http://127.0.0.1:8080");
    let request = Request::get(format!("{base}/sse?count=5&delay=0.1&retry=200")).name("news");
    let mut events = sse::EventSource::open(&request)?;
    let mut last = 0;
    loop {
        let patience = time::after(2);
        if wait_any(&[&events, &patience]) == Some(1) {
            fail!("no event for two seconds, the last was {last}");
        }
        let Some(event) = events.next()? else { break };
        let data: Json = event.data.parse()?;
        check("events come in order", data["id"] == last + 1);
        last += 1;
    }
    check("all events came", last == 5);

    // The server has ended the stream: connect again after as long as it said, and get what is new since.
    events.reconnect()?;
    check("nothing is sent twice", events.next()?.is_none());
    Ok(())
}
