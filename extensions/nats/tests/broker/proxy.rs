//! Defines a proxy that treats bytes badly: it delays, splits, and drops connections behind so many bytes.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

/// How bytes from the server are treated.
#[derive(Clone, Copy)]
pub(crate) struct Treatment {
    /// Bytes that are passed on at once.
    pub(crate) piece: usize,
    /// How long each piece waits.
    pub(crate) delay: Duration,
    /// The connection is cut behind so many bytes.
    pub(crate) cut_after: usize,
}

/// Its threads end with the process.
pub(crate) struct Rough {
    pub(crate) address: SocketAddr,
    connections: Arc<AtomicUsize>,
}

impl Rough {
    pub(crate) fn start(server: SocketAddr, treatment: Treatment) -> Rough {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("the address");
        let connections = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&connections);
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                count.fetch_add(1, Ordering::SeqCst);
                let server = TcpStream::connect(server).expect("the server listens");
                treat(client, server, treatment);
            }
        });
        Rough {
            address,
            connections,
        }
    }

    pub(crate) fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }
}

fn treat(client: TcpStream, server: TcpStream, treatment: Treatment) {
    client.set_nodelay(true).expect("a socket");
    let (mut from_client, mut to_server) = (
        client.try_clone().expect("a socket"),
        server.try_clone().expect("a socket"),
    );
    thread::spawn(move || {
        let _ = std::io::copy(&mut from_client, &mut to_server);
        let _ = to_server.shutdown(Shutdown::Both);
    });
    thread::spawn(move || {
        let (mut from, mut to) = (server, client);
        let mut left = treatment.cut_after;
        let mut bytes = vec![0; treatment.piece];
        while let Ok(length @ 1..) = from.read(&mut bytes) {
            let passed = length.min(left);
            thread::sleep(treatment.delay);
            if to.write_all(&bytes[..passed]).is_err() || passed < length {
                break;
            }
            left -= passed;
        }
        let _ = to.shutdown(Shutdown::Both);
        let _ = from.shutdown(Shutdown::Both);
    });
}
