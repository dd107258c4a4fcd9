//! Defines a guest that sends requests as its environment says, and logs what each of them came to.
//!
//! `REQUESTS` of them per iteration (1), `METHOD` (GET) on `BASE_URL` as it stands, with a body of `BODY_BYTES` (0), a header
//! `HEADER` (`name=value`), `TIMEOUT_MS`, `REDIRECTS`, `HTTP_VERSION` and `DISCARD` where these are given, and a pause of `PAUSE_MS` after each. `AT_ONCE` starts
//! them all before the first is waited for. `QUIET` logs nothing.

use brunt_sdk::prelude::*;

#[brunt_sdk::test]
fn probe() -> Result<()> {
    let requests: usize = env_or("REQUESTS", "1").parse()?;
    let request = request()?;
    let mut started = Vec::new();
    if env("AT_ONCE").is_some() {
        started.extend((0..requests).map(|_| request.start()));
    }
    let mut started = started.into_iter();
    for _ in 0..requests {
        let answer = match started.next() {
            Some(pending) => pending.take(),
            None => request.send(),
        };
        if let Some(ms) = env("PAUSE_MS") {
            sleep(Duration::from_millis(ms.parse()?));
        }
        if env("QUIET").is_none() {
            log::info!("answer {}", told(&answer));
        }
    }
    Ok(())
}

fn request() -> Result<Request> {
    let body = vec![b'b'; env_or("BODY_BYTES", "0").parse()?];
    let url = env_or("BASE_URL", "http://127.0.0.1:8080/");
    let mut request = Request::new(&env_or("METHOD", "GET"), url);
    if !body.is_empty() {
        request = request.body(body);
    }
    if let Some(header) = env("HEADER") {
        let (name, value) = header.split_once('=').unwrap_or((&header, ""));
        request = request.header(name, value);
    }
    if let Some(ms) = env("TIMEOUT_MS") {
        request = request.timeout(Duration::from_millis(ms.parse()?));
    }
    if let Some(most) = env("REDIRECTS") {
        request = request.redirects(most.parse()?);
    }
    if let Some(version) = env("HTTP_VERSION") {
        request = request.http_version(&version);
    }
    if env("DISCARD").is_some() {
        request = request.discard_body(true);
    }
    Ok(request)
}

fn told(answer: &http::Result) -> Json {
    match answer {
        Err(error) => json!({ "status": 0, "code": error.code(), "message": error.message() }),
        Ok(res) => {
            let timings = res.timings();
            let ms = |part: Duration| part.as_nanos() as f64 / 1e6;
            json!({
                "status": res.status(),
                "code": answer.error_code(),
                "protocol": res.protocol(),
                "url": res.url(),
                "body_size": res.body_size(),
                "body_kept": res.body().len(),
                "blocked": ms(timings.blocked),
                "looking_up": ms(timings.looking_up),
                "connecting": ms(timings.connecting),
                "tls_handshaking": ms(timings.tls_handshaking),
                "sending": ms(timings.sending),
                "waiting": ms(timings.waiting),
                "receiving": ms(timings.receiving),
            })
        }
    }
}
