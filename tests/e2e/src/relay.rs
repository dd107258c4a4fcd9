//! Defines a relay between a client and a server that cuts what passes into pieces, holds it back, and breaks off.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

/// What a relay does to the bytes that pass.
#[derive(Clone, Copy, Debug)]
pub struct Manner {
    /// The most bytes that pass at once; each piece is a packet of its own.
    pub piece: usize,
    /// How long each piece is held back.
    pub delay: Duration,
    /// Breaks off each connection when so many bytes have passed to the client.
    pub breaks_after: Option<usize>,
}

impl Default for Manner {
    /// Passes everything as it comes.
    fn default() -> Self {
        Self {
            piece: 64 << 10,
            delay: Duration::ZERO,
            breaks_after: None,
        }
    }
}

/// A relay on a free port of 127.0.0.1. Its threads end with their connections, and with the process.
pub struct Relay {
    address: SocketAddr,
    shared: Arc<Shared>,
}

struct Shared {
    server: SocketAddr,
    manner: Mutex<Manner>,
    open: Mutex<Vec<TcpStream>>,
    accepted: AtomicUsize,
    /// Whether nothing passes at present, though everything stays open.
    holds: AtomicBool,
}

impl Relay {
    /// Everything passes to this server.
    ///
    /// # Panics
    /// When there is no free port.
    pub fn start(server: SocketAddr, manner: Manner) -> Relay {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("the address");
        let shared = Arc::new(Shared {
            server,
            manner: Mutex::new(manner),
            open: Mutex::default(),
            accepted: AtomicUsize::new(0),
            holds: AtomicBool::new(false),
        });
        let inner = Arc::clone(&shared);
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                inner.accepted.fetch_add(1, Ordering::Relaxed);
                connect(&inner, &client);
            }
        });
        Relay { address, shared }
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// How many connections were made to it.
    pub fn accepted(&self) -> usize {
        self.shared.accepted.load(Ordering::Relaxed)
    }

    /// Breaks off all connections, without a word.
    pub fn break_off(&self) {
        for stream in lock(&self.shared.open).drain(..) {
            let _ = stream.shutdown(Shutdown::Both);
        }
    }

    /// From now on nothing passes, though everything stays open; or it passes again.
    pub fn hold(&self, holds: bool) {
        self.shared.holds.store(holds, Ordering::Relaxed);
    }

    /// Connections from now on are treated so.
    pub fn set_manner(&self, manner: Manner) {
        *lock(&self.shared.manner) = manner;
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Relays a connection, on two threads.
fn connect(shared: &Arc<Shared>, client: &TcpStream) {
    let manner = *lock(&shared.manner);
    // Without a server the client sees its connection closed.
    let Ok(server) = TcpStream::connect(shared.server) else {
        return;
    };
    let _ = client.set_nodelay(true);
    let _ = server.set_nodelay(true);
    let pair = || Some((client.try_clone().ok()?, server.try_clone().ok()?));
    let (Some(there), Some(back), Some(kept)) = (pair(), pair(), pair()) else {
        return;
    };
    lock(&shared.open).extend([kept.0, kept.1]);
    let unlimited = Manner {
        breaks_after: None,
        ..manner
    };
    let held = Arc::clone(shared);
    thread::spawn(move || pass(&held, &there.0, &there.1, unlimited));
    let held = Arc::clone(shared);
    thread::spawn(move || pass(&held, &back.1, &back.0, manner));
}

/// Passes bytes from one side to the other until one of them ends, and then ends both.
fn pass(shared: &Shared, mut from: &TcpStream, mut to: &TcpStream, manner: Manner) {
    let mut buffer = vec![0; manner.piece];
    let mut left = manner.breaks_after.unwrap_or(usize::MAX);
    while left > 0 {
        let most = buffer.len().min(left);
        let Ok(length @ 1..) = from.read(&mut buffer[..most]) else {
            break;
        };
        thread::sleep(manner.delay);
        while shared.holds.load(Ordering::Relaxed) {
            thread::sleep(Duration::from_millis(5));
        }
        if to.write_all(&buffer[..length]).is_err() {
            break;
        }
        left -= length;
    }
    let _ = from.shutdown(Shutdown::Both);
    let _ = to.shutdown(Shutdown::Both);
}
