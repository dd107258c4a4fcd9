//! Defines a guest that reads server-sent events as its environment says, and logs them.
//!
//! `MODE`: `read` reads all events of `BASE_URL`; `resume` reads them, reconnects once, and reads again; `sleep` sleeps `SLEEP_MS`
//! before it reads; `two` reads from two sources and a timer as they come; `first` reads one event and drops the rest.

use brunt_sdk::prelude::*;

#[brunt_sdk::test]
fn events() -> Result<()> {
    let request = Request::get(env_or("BASE_URL", "http://127.0.0.1:8080/sse"))
        .name("news")
        .timeout(Duration::from_millis(
            env_or("TIMEOUT_MS", "10000").parse()?,
        ));
    let mode = env_or("MODE", "read");
    let mut source = match sse::EventSource::open(&request) {
        Ok(source) => source,
        Err(error) => {
            told("refused", &error);
            return Ok(());
        }
    };
    match mode.as_str() {
        "first" => {
            source.next()?;
        }
        "sleep" => {
            sleep(Duration::from_millis(env_or("SLEEP_MS", "500").parse()?));
            let began = time::now();
            read(&mut source);
            log::info!(
                "slept {}",
                json!({ "reading": (time::now() - began).as_secs_f64() })
            );
        }
        "two" => two(&mut source, &request)?,
        "resume" => {
            read(&mut source);
            log::info!(
                "pausing {}",
                json!({ "ms": source.retry_after().as_millis() as u64, "id": source.last_event_id() })
            );
            source.reconnect()?;
            read(&mut source);
        }
        _ => read(&mut source),
    }
    Ok(())
}

fn read(source: &mut sse::EventSource) {
    loop {
        match source.next() {
            Ok(Some(event)) => log::info!(
                "event {}",
                json!({
                    "id": event.id, "event": event.event, "data": event.data,
                    "retry": event.retry.map(|retry| retry.as_millis() as u64),
                })
            ),
            Ok(None) => return log::info!("end {}", json!({ "code": 0 })),
            Err(error) => return told("end", &error),
        }
    }
}

fn two(first: &mut sse::EventSource, request: &Request) -> Result<()> {
    let mut second = sse::EventSource::open(request)?;
    let mut order = String::new();
    let timer = time::after(1.0);
    while !order.contains('t') || order.len() < 5 {
        let never = time::after(1000);
        let timer: &dyn Wait = if order.contains('t') { &never } else { &timer };
        let index = wait_any(&[&*first, &second, timer]);
        let event = match index {
            Some(0) => first.next()?,
            Some(1) => second.next()?,
            _ => {
                order.push('t');
                continue;
            }
        };
        order.push_str(&event.map(|event| event.data).unwrap_or_default());
    }
    log::info!("order {}", json!({ "order": order }));
    Ok(())
}

fn told(word: &str, error: &http::Error) {
    log::info!(
        "{word} {}",
        json!({ "code": error.code(), "message": error.message() })
    );
}
