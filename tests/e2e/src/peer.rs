//! Defines the other side of sockets: a listener whose connections the test itself plays, step by step.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use rustls::{ServerConfig, ServerConnection, StreamOwned};

/// A listener on a free port of 127.0.0.1.
pub struct Peer {
    listener: TcpListener,
}

/// A connection under TLS.
pub type Secured = StreamOwned<ServerConnection, TcpStream>;

impl Peer {
    /// Listens.
    ///
    /// # Panics
    /// When there is no free port.
    pub fn listen() -> Peer {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        listener
            .set_nonblocking(true)
            .expect("a listener that does not block");
        Peer { listener }
    }

    /// Where it listens.
    ///
    /// # Panics
    /// When the system does not say.
    pub fn address(&self) -> SocketAddr {
        self.listener.local_addr().expect("the listener's address")
    }

    /// The next connection. What the test does on it has to succeed within 20 seconds each time.
    ///
    /// # Panics
    /// When none comes within 20 seconds.
    pub fn accept(&self) -> TcpStream {
        let start = Instant::now();
        loop {
            if let Some(stream) = self.accept_now() {
                return stream;
            }
            assert!(start.elapsed() < PATIENCE, "nobody connected");
            thread::sleep(POLL);
        }
    }

    /// A connection that is there already.
    ///
    /// # Panics
    /// When it can't be set up.
    pub fn accept_now(&self) -> Option<TcpStream> {
        let (stream, _) = self.listener.accept().ok()?;
        stream.set_nonblocking(false).expect("a stream that blocks");
        for set in [TcpStream::set_read_timeout, TcpStream::set_write_timeout] {
            set(&stream, Some(PATIENCE)).expect("a stream with a timeout");
        }
        stream.set_nodelay(true).expect("a stream without delay");
        Some(stream)
    }
}

/// A server's side of TLS on a connection. The handshake is made by what is read and written first.
///
/// # Panics
/// When the configuration does not go together.
pub fn secured(stream: TcpStream, config: &Arc<ServerConfig>) -> Secured {
    let session = ServerConnection::new(Arc::clone(config)).expect("a server's side of TLS");
    StreamOwned::new(session, stream)
}

/// Reads so many bytes as text.
///
/// # Panics
/// When they don't come.
pub fn read_text(stream: &mut impl Read, length: usize) -> String {
    let mut bytes = vec![0; length];
    stream.read_exact(&mut bytes).expect("the client's bytes");
    String::from_utf8(bytes).expect("text")
}

/// Reads to the end of what the client sends; gives how many bytes that were.
///
/// # Panics
/// When it does not end in order.
pub fn read_out(stream: &mut impl Read) -> usize {
    let mut bytes = Vec::new();
    stream
        .read_to_end(&mut bytes)
        .expect("the client ends its side in order")
}

/// Sends text.
///
/// # Panics
/// When it can't be sent.
pub fn say(stream: &mut impl Write, text: &str) {
    stream.write_all(text.as_bytes()).expect("text can be sent");
    stream.flush().expect("text can be sent");
}

const PATIENCE: Duration = Duration::from_secs(20);
const POLL: Duration = Duration::from_millis(2);
