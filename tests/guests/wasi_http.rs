//! Defines a guest that sends by `wasi:http`, as the HTTP library of another language would, and logs what came of it.
//!
//! `METHOD` (GET) on `SCHEME` (http), `HOST` (an authority) and `REQUEST_PATH` (/), `REQUESTS` times (1); with `BODY_BYTES` a body is written while it is sent.
//! `CONNECT_MS`, `FIRST_BYTE_MS` and `BETWEEN_BYTES_MS` are the request's options. With `READ_BYTES` no more of the body is
//! read. With `COOKIE_URL` the VU's own client is sent there before.

use brunt_sdk::prelude::*;
use wasip2::http::outgoing_handler;
use wasip2::http::types::{
    Fields, IncomingResponse, Method, OutgoingBody, OutgoingRequest, RequestOptions, Scheme,
};
use wasip2::io::streams::{InputStream, StreamError};

#[brunt_sdk::test]
fn wasi_http() -> Result<()> {
    if let Some(url) = env("COOKIE_URL") {
        http::get(url)?;
    }
    for _ in 0..env_or("REQUESTS", "1").parse()? {
        match exchange() {
            Ok(answer) => log::info!("answer {answer}"),
            Err(error) => log::info!("failed {}", json!({ "error": error })),
        }
    }
    Ok(())
}

fn exchange() -> std::result::Result<Json, String> {
    let headers = Fields::from_list(&[("x-own".to_owned(), b"yes".to_vec())]);
    let request = OutgoingRequest::new(headers.map_err(debug)?);
    let method = match env_or("METHOD", "GET").as_str() {
        "GET" => Method::Get,
        "POST" => Method::Post,
        other => Method::Other(other.to_owned()),
    };
    request.set_method(&method).map_err(debug)?;
    let scheme = match env_or("SCHEME", "http").as_str() {
        "https" => Scheme::Https,
        _ => Scheme::Http,
    };
    request.set_scheme(Some(&scheme)).map_err(debug)?;
    let (host, path) = (
        env_or("HOST", "127.0.0.1:8080"),
        env_or("REQUEST_PATH", "/"),
    );
    request.set_authority(Some(&host)).map_err(debug)?;
    request.set_path_with_query(Some(&path)).map_err(debug)?;
    let length: Option<usize> = env("BODY_BYTES").and_then(|bytes| bytes.parse().ok());
    let body = length.map(|_| request.body()).transpose().map_err(debug)?;
    let future = outgoing_handler::handle(request, options()).map_err(debug)?;
    if let (Some(body), Some(length)) = (body, length) {
        write(body, length)?;
    }
    future.subscribe().block();
    let response = future.get().ok_or("not ready")?.map_err(debug)?;
    read(&response.map_err(debug)?)
}

fn options() -> Option<RequestOptions> {
    let ns = |name| Some(env(name)?.parse::<u64>().ok()? * 1_000_000);
    let options = RequestOptions::new();
    options.set_connect_timeout(ns("CONNECT_MS")).ok()?;
    options.set_first_byte_timeout(ns("FIRST_BYTE_MS")).ok()?;
    options
        .set_between_bytes_timeout(ns("BETWEEN_BYTES_MS"))
        .ok()?;
    Some(options)
}

fn write(body: OutgoingBody, length: usize) -> std::result::Result<(), String> {
    let stream = body.write().map_err(debug)?;
    for piece in vec![b'w'; length].chunks(4096) {
        stream.blocking_write_and_flush(piece).map_err(debug)?;
    }
    drop(stream);
    OutgoingBody::finish(body, None).map_err(debug)
}

fn read(response: &IncomingResponse) -> std::result::Result<Json, String> {
    let body = response.consume().map_err(debug)?;
    let stream = body.stream().map_err(debug)?;
    let most: usize = env_or("READ_BYTES", "18446744073709551615")
        .parse()
        .unwrap_or(usize::MAX);
    let (bytes, size, error) = read_all(&stream, most);
    let encoding = response.headers().get("content-encoding").pop();
    Ok(json!({
        "status": response.status(), "size": size, "error": error,
        "start": String::from_utf8_lossy(&bytes),
        "encoding": encoding.map(|value| String::from_utf8_lossy(&value).into_owned()),
    }))
}

/// The first few bytes, how many there were, and why there were not more.
fn read_all(stream: &InputStream, most: usize) -> (Vec<u8>, usize, Option<String>) {
    let (mut start, mut size) = (Vec::new(), 0);
    while size < most {
        match stream.blocking_read(64 << 10) {
            Ok(bytes) => {
                size += bytes.len();
                start.extend(bytes.iter().take(20 - start.len().min(20)));
            }
            Err(StreamError::Closed) => break,
            Err(StreamError::LastOperationFailed(error)) => {
                return (start, size, Some(error.to_debug_string()));
            }
        }
    }
    (start, size, None)
}

fn debug(error: impl std::fmt::Debug) -> String {
    format!("{error:?}")
}
