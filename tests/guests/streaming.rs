//! Defines a guest that streams a body as its environment says, and logs what it saw of it.
//!
//! `MODE`: `drain` reads `BASE_URL` to its end; `drop` reads one piece and drops the rest; `wait` reads nothing until `NEXT_URL`
//! has answered, then drains; `forget` never asks for the body; `two` takes pieces of two bodies and a timer as they come; `hold` has
//! `STREAMS` bodies of which it reads nothing until `NEXT_URL` has answered, and drops them. `TIMEOUT_MS` and `AUTH` (a scheme) where given.

use brunt_sdk::prelude::*;

#[brunt_sdk::test]
fn streaming() -> Result<()> {
    let mut request = Request::get(env_or("BASE_URL", "http://127.0.0.1:8080/bytes/1000"));
    if let Some(ms) = env("TIMEOUT_MS") {
        request = request.timeout(Duration::from_millis(ms.parse()?));
    }
    if let Some(scheme) = env("AUTH") {
        request = request.auth_scheme(&scheme);
    }
    let mode = env_or("MODE", "drain");
    match mode.as_str() {
        "two" => return two(&request),
        "hold" => return hold(&request),
        _ => {}
    }
    let mut stream = match request.stream() {
        Ok(stream) => stream,
        Err(error) => {
            log::info!("failed {}", failed(&error));
            return Ok(());
        }
    };
    log::info!(
        "opened {}",
        json!({ "status": stream.status(), "kept": stream.body().len(), "url": stream.url(), "ready": stream.ready() })
    );
    match mode.as_str() {
        "forget" => drop(stream),
        "drop" => {
            stream.chunk(1000)?;
            drop(stream);
        }
        "wait" => {
            http::get(env_or("NEXT_URL", ""))?;
            drain(&mut stream);
        }
        _ => drain(&mut stream),
    }
    // Whatever became of the body, the VU can send the next request.
    if let Some(url) = env("NEXT_URL") {
        check(
            "the next request is answered",
            http::get(url)?.status() == 200,
        );
    }
    Ok(())
}

fn drain(stream: &mut http::Stream) {
    let (mut size, mut sum, mut largest) = (0_u64, 0_u64, 0);
    let ended = loop {
        match stream.chunk(1 << 20) {
            Ok(Some(bytes)) => {
                size += bytes.len() as u64;
                largest = largest.max(bytes.len());
                sum = bytes.iter().fold(sum, |sum, byte| {
                    sum.wrapping_mul(31).wrapping_add(u64::from(*byte))
                });
            }
            Ok(None) => break json!({ "code": 0 }),
            Err(error) => break failed(&error),
        }
    };
    let again = stream.chunk(1).map(|piece| piece.is_none());
    let receiving = stream.timings().receiving.as_secs_f64() * 1000.0;
    log::info!(
        "drained {}",
        json!({
            "size": size, "sum": sum.to_string(), "largest": largest, "told": stream.body_size(), "receiving": receiving,
            "code": ended["code"], "message": ended["message"], "same_again": again.is_ok() == (ended["code"] == 0),
        })
    );
}

fn hold(request: &Request) -> Result<()> {
    let streams: usize = env_or("STREAMS", "1").parse()?;
    let held = (0..streams).map(|_| request.stream());
    let held = held.collect::<http::Result<Vec<_>>>()?;
    let res = http::get(env_or("NEXT_URL", ""))?;
    let blocked = res.timings().duration().as_secs_f64() * 1000.0;
    log::info!(
        "beside {}",
        json!({ "held": held.len(), "status": res.status(), "duration": blocked })
    );
    Ok(())
}

fn two(request: &Request) -> Result<()> {
    let (first, second) = (request.start_stream(), request.start_stream());
    let (mut first, mut second) = (first.take_stream()?, second.take_stream()?);
    let mut order = String::new();
    let timer = time::after(Duration::from_millis(env_or("TIMER_MS", "100").parse()?));
    let mut open = [true, true, true];
    while open.contains(&true) {
        let never = time::after(1000);
        let waits: [&dyn Wait; 3] = [&first, &second, &timer];
        let mut these = Vec::new();
        for (wait, open) in waits.iter().zip(open) {
            these.push(if open { *wait } else { &never });
        }
        match wait_any(&these) {
            Some(2) => {
                order.push('t');
                open[2] = false;
            }
            Some(index) => {
                let stream = if index == 0 { &mut first } else { &mut second };
                match stream.chunk(1000)? {
                    Some(bytes) => order.push_str(&String::from_utf8_lossy(&bytes)),
                    None => open[index] = false,
                }
            }
            None => break,
        }
    }
    log::info!("order {}", json!({ "order": order }));
    Ok(())
}

fn failed(error: &http::Error) -> Json {
    json!({ "code": error.code(), "message": error.message() })
}
