//! Defines what speaks TLS in front of a server that does not.

use std::net::SocketAddr;
use std::sync::Arc;
use std::thread;

use rustls::ServerConfig;
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

/// Takes TLS off what comes in, and passes it on; where it listens. Its thread ends with the process.
pub(super) fn start(server: SocketAddr, config: Arc<ServerConfig>) -> SocketAddr {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("the address");
    listener.set_nonblocking(true).expect("a listener");
    thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build();
        let accepting = accept(listener, server, TlsAcceptor::from(config));
        runtime.expect("a runtime").block_on(accepting);
    });
    address
}

async fn accept(listener: std::net::TcpListener, server: SocketAddr, acceptor: TlsAcceptor) {
    let listener = TcpListener::from_std(listener).expect("a listener");
    while let Ok((stream, _)) = listener.accept().await {
        let acceptor = acceptor.clone();
        // A peer that goes away, or does not trust this one, is part of many a test.
        tokio::spawn(async move {
            let mut inside = acceptor.accept(stream).await?;
            let mut outside = TcpStream::connect(server).await?;
            copy_bidirectional(&mut inside, &mut outside).await
        });
    }
}
