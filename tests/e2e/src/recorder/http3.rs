//! Defines HTTP/3, as far as the recording server speaks it.

use std::net::SocketAddr;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Instant;

use bytes::{Buf, Bytes};
use h3::error::Code;
use h3::server::RequestResolver;
use quinn::crypto::rustls::QuicServerConfig;
use quinn::{Endpoint, EndpointConfig, ServerConfig, TokioRuntime};
use tokio::sync::oneshot;
use tokio::task::spawn_local;
use tokio::time::sleep;

use super::answer::Kind;
use super::{Record, Seen};
use crate::serving::serve_until;

/// Starts a server that runs until the other side of `stopped` is dropped.
pub(super) fn launch(
    record: Arc<Record>,
    tls: Arc<rustls::ServerConfig>,
    stopped: oneshot::Receiver<()>,
) -> (SocketAddr, JoinHandle<()>) {
    let socket = std::net::UdpSocket::bind("127.0.0.1:0").expect("a free port");
    let address = socket.local_addr().expect("the socket's address");
    let tls = QuicServerConfig::try_from(tls).expect("TLS that QUIC can use");
    let thread = serve_until(stopped, async move || {
        let server = Some(ServerConfig::with_crypto(Arc::new(tls)));
        let (config, runtime) = (EndpointConfig::default(), Arc::new(TokioRuntime));
        let endpoint = Endpoint::new(config, server, socket, runtime).expect("an endpoint");
        accept(&endpoint, &record).await;
    });
    (address, thread)
}

async fn accept(endpoint: &Endpoint, record: &Arc<Record>) {
    while let Some(incoming) = endpoint.accept().await {
        let record = Arc::clone(record);
        spawn_local(async move {
            if let Ok(connection) = incoming.await {
                serve(connection, record).await;
            }
        });
    }
}

/// Serves a connection; requests on it are answered beside each other.
async fn serve(connection: quinn::Connection, record: Arc<Record>) {
    let number = record.connected();
    let connection = h3_quinn::Connection::new(connection);
    let Ok(mut server) = h3::server::Connection::new(connection).await else {
        return;
    };
    while let Ok(Some(resolver)) = server.accept().await {
        spawn_local(answer(resolver, number, Arc::clone(&record)));
    }
}

/// Answers a request. A client that goes away is part of many a test.
async fn answer(
    resolver: RequestResolver<h3_quinn::Connection, Bytes>,
    connection: u64,
    record: Arc<Record>,
) {
    let Ok((request, mut stream)) = resolver.resolve_request().await else {
        return;
    };
    let at = Instant::now();
    let mut body = Vec::new();
    loop {
        match stream.recv_data().await {
            Ok(Some(mut part)) => body.extend(part.copy_to_bytes(part.remaining())),
            Ok(None) => break,
            // It broke off: no request has arrived.
            Err(_) => return,
        }
    }
    let text = |value: &http::HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    let headers = request.headers().iter();
    let path = request.uri().path_and_query();
    let answer = record.arrived(Seen {
        at,
        connection,
        protocol: "HTTP/3.0",
        method: request.method().to_string(),
        path: path.map_or_else(String::new, ToString::to_string),
        headers: headers
            .map(|(name, value)| (name.to_string(), text(value)))
            .collect(),
        body,
    });
    sleep(answer.delay).await;
    let response = match answer.kind {
        Kind::Respond(response) => response,
        Kind::Never => std::future::pending().await,
        Kind::Reset => return stream.stop_stream(Code::H3_REQUEST_REJECTED),
        Kind::Close | Kind::Raw(_) => return stream.stop_stream(Code::H3_INTERNAL_ERROR),
    };
    let mut head = http::Response::builder().status(response.status);
    for (name, value) in &response.headers {
        head = head.header(name, value);
    }
    let head = head.body(()).expect("a response that can be sent");
    let _ = stream.send_response(head).await;
    let (pieces, pause) = response.pieces;
    let body = Bytes::from(response.body);
    let length = body.len().div_ceil(pieces).max(1);
    for start in (0..body.len()).step_by(length) {
        let piece = body.slice(start..body.len().min(start + length));
        if stream.send_data(piece).await.is_err() {
            return;
        }
        sleep(pause).await;
    }
    if response.breaks_off {
        return stream.stop_stream(Code::H3_INTERNAL_ERROR);
    }
    let _ = stream.finish().await;
}
