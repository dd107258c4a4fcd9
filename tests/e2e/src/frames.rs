//! Defines a server that speaks HTTP/2 frame by frame, as a script says: what well-behaved libraries don't send, and when.
//!
//! It reads no headers, and answers with the status 200 alone: a stream is what a test of streams is about.

mod connection;
mod frame;

use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use tokio::sync::oneshot;
use tokio::task::spawn_local;

use crate::recorder::certificates::{self, Certificates};
use crate::serving::serve_until;
pub use frame::Play;

/// A server on a free port of 127.0.0.1. It ends when it is dropped.
pub struct FrameServer {
    address: SocketAddr,
    shared: Arc<Shared>,
    certificates: Option<Certificates>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

/// A stream that a client opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stream {
    /// Counts connections from 0.
    pub connection: usize,
    /// The client's number of the stream: 1, 3, 5, …
    pub number: u32,
    /// Counts the streams of all connections from 0.
    pub count: usize,
    /// Bytes of the request's body so far.
    pub body: usize,
    /// The code with which the client has given it up.
    pub reset: Option<u32>,
    /// The most streams that were open on its connection while it was.
    pub beside: usize,
}

/// What the server, its connections and the test share.
struct Shared {
    /// What is said of the most streams at once.
    most_streams: Option<u32>,
    script: Box<dyn Fn(Stream) -> Vec<Play> + Send + Sync>,
    seen: Mutex<Seen>,
}

#[derive(Default)]
struct Seen {
    connections: usize,
    streams: Vec<Stream>,
    pongs: usize,
}

impl FrameServer {
    /// Over TLS: each stream is answered as the script says when its head has come.
    pub fn tls(script: impl Fn(Stream) -> Vec<Play> + Send + Sync + 'static) -> FrameServer {
        FrameServer::launch(Some(Certificates::new(&["h2"])), None, script)
    }

    /// The same, where the server says that it takes so many streams at once.
    pub fn tls_for(
        most_streams: u32,
        script: impl Fn(Stream) -> Vec<Play> + Send + Sync + 'static,
    ) -> FrameServer {
        let certificates = Certificates::new(&["h2"]);
        FrameServer::launch(Some(certificates), Some(most_streams), script)
    }

    /// Without TLS, for clients that know what is spoken.
    pub fn plain(script: impl Fn(Stream) -> Vec<Play> + Send + Sync + 'static) -> FrameServer {
        FrameServer::launch(None, None, script)
    }

    fn launch(
        certificates: Option<Certificates>,
        most_streams: Option<u32>,
        script: impl Fn(Stream) -> Vec<Play> + Send + Sync + 'static,
    ) -> FrameServer {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("the listener's address");
        listener
            .set_nonblocking(true)
            .expect("a listener that does not block");
        let shared = Arc::new(Shared {
            most_streams,
            script: Box::new(script),
            seen: Mutex::default(),
        });
        let acceptor = certificates.as_ref().map(Certificates::acceptor);
        let (stop, stopped) = oneshot::channel();
        let ours = Arc::clone(&shared);
        let thread = serve_until(stopped, async move || {
            let listener = tokio::net::TcpListener::from_std(listener).expect("a listener");
            while let Ok((stream, _)) = listener.accept().await {
                let (shared, acceptor) = (Arc::clone(&ours), acceptor.clone());
                spawn_local(connection::hold(stream, acceptor, shared));
            }
        });
        FrameServer {
            address,
            shared,
            certificates,
            stop: Some(stop),
            thread: Some(thread),
        }
    }

    /// `https://localhost:PORT`, or `http://127.0.0.1:PORT` without TLS.
    pub fn url(&self) -> String {
        certificates::url(self.certificates.as_ref(), self.address)
    }

    /// The file with the authority that signed the server's certificate, in PEM.
    ///
    /// # Panics
    /// When the server does without TLS.
    pub fn ca_file(&self) -> &Path {
        certificates::ca_file(self.certificates.as_ref())
    }

    /// How many connections were made.
    pub fn connections(&self) -> usize {
        self.shared.seen(|seen| seen.connections)
    }

    /// The streams of all connections, in the order in which they were opened.
    pub fn streams(&self) -> Vec<Stream> {
        self.shared.seen(|seen| seen.streams.clone())
    }

    /// How many answers to [`Play::Ping`] have come.
    pub fn pongs(&self) -> usize {
        self.shared.seen(|seen| seen.pongs)
    }

    /// The streams, once this holds for them.
    ///
    /// # Panics
    /// When it does not after 20 seconds.
    pub fn wait_until(&self, holds: impl Fn(&[Stream]) -> bool) -> Vec<Stream> {
        let start = Instant::now();
        loop {
            let streams = self.streams();
            if holds(&streams) {
                return streams;
            }
            assert!(start.elapsed() < PATIENCE, "not so: {streams:?}");
            thread::sleep(Duration::from_millis(2));
        }
    }
}

impl Drop for FrameServer {
    fn drop(&mut self) {
        self.stop.take();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

impl Shared {
    fn seen<T>(&self, look: impl FnOnce(&mut Seen) -> T) -> T {
        look(&mut self.seen.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

const PATIENCE: Duration = Duration::from_secs(20);
