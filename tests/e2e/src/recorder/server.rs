//! Defines how the recording server accepts connections: one thread, one task per connection.

use std::net::SocketAddr;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::task::spawn_local;
use tokio::time::sleep;
use tokio_rustls::TlsAcceptor;

use super::{Record, http1, http2};
use crate::serving::serve_until;

/// Starts a server that runs until the other side of `stopped` is dropped.
pub(super) fn launch(
    record: Arc<Record>,
    tls: Option<TlsAcceptor>,
    stopped: oneshot::Receiver<()>,
) -> (SocketAddr, JoinHandle<()>) {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("the listener's address");
    listener
        .set_nonblocking(true)
        .expect("a listener that does not block");
    let thread = serve_until(stopped, async move || {
        let listener = TcpListener::from_std(listener).expect("a listener in the runtime");
        accept(&listener, &record, tls.as_ref()).await;
    });
    (address, thread)
}

async fn accept(listener: &TcpListener, record: &Arc<Record>, tls: Option<&TlsAcceptor>) {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => drop(spawn_local(converse(
                stream,
                Arc::clone(record),
                tls.cloned(),
            ))),
            Err(_) => sleep(Duration::from_millis(10)).await,
        }
    }
}

/// Serves one connection. A peer that goes away, or fails to shake hands, is part of many a test.
async fn converse(stream: TcpStream, record: Arc<Record>, tls: Option<TlsAcceptor>) {
    let connection = record.connected();
    let _ = stream.set_nodelay(true);
    let Some(tls) = tls else {
        return http1::serve_tcp(stream, connection, &record).await;
    };
    let Ok(stream) = tls.accept(stream).await else {
        return;
    };
    if stream.get_ref().1.alpn_protocol() == Some(b"h2") {
        http2::serve(stream, connection, record).await;
    } else {
        http1::serve(stream, connection, &record).await;
    }
}
