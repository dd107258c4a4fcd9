//! Defines HTTP/2, as far as the recording server speaks it.

use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::server::conn::http2::Builder;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::task::spawn_local;
use tokio::time::sleep;

use super::answer::{Kind, Response};
use super::{Record, Seen};

/// Serves a connection; requests on it are answered beside each other.
pub(super) async fn serve(
    stream: impl AsyncRead + AsyncWrite + Unpin + 'static,
    connection: u64,
    record: Arc<Record>,
) {
    let service = service_fn(move |request| answer(request, connection, Arc::clone(&record)));
    let _ = Builder::new(OnThisThread)
        .serve_connection(TokioIo::new(stream), service)
        .await;
}

async fn answer(
    request: http::Request<Incoming>,
    connection: u64,
    record: Arc<Record>,
) -> Result<http::Response<Full<Bytes>>, Refused> {
    let at = Instant::now();
    let (head, body) = request.into_parts();
    let body = body
        .collect()
        .await
        .map_err(|_| Refused)?
        .to_bytes()
        .to_vec();
    let path = head
        .uri
        .path_and_query()
        .map_or_else(String::new, ToString::to_string);
    let text = |value: &http::HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    let headers = head
        .headers
        .iter()
        .map(|(name, value)| (name.to_string(), text(value)))
        .collect();
    let method = head.method.to_string();
    let answer = record.arrived(Seen {
        at,
        connection,
        protocol: "HTTP/2.0",
        method,
        path,
        headers,
        body,
    });
    sleep(answer.delay).await;
    match answer.kind {
        Kind::Respond(response) => built(response).ok_or(Refused),
        Kind::Never => std::future::pending().await,
        Kind::Close | Kind::Reset | Kind::Raw(_) => Err(Refused),
    }
}

fn built(response: Response) -> Option<http::Response<Full<Bytes>>> {
    let mut builder = http::Response::builder().status(response.status);
    for (name, value) in &response.headers {
        builder = builder.header(name, value);
    }
    builder.body(Full::new(response.body.into())).ok()
}

/// Ends one stream.
#[derive(Debug)]
struct Refused;

impl std::fmt::Display for Refused {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("refused by the script")
    }
}

impl std::error::Error for Refused {}

/// Runs streams beside their connection.
#[derive(Clone, Copy)]
struct OnThisThread;

impl<F: Future<Output = ()> + 'static> hyper::rt::Executor<F> for OnThisThread {
    fn execute(&self, future: F) {
        spawn_local(future);
    }
}
