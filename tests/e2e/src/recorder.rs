//! Defines the recording server: what it saw, when, and how it answers.

mod answer;
pub(crate) mod certificates;
mod http1;
mod http2;
mod http3;
mod server;

use std::net::SocketAddr;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use rustls::ServerConfig;
use tokio::sync::oneshot;

pub use answer::Answer;
use certificates::Certificates;

/// A request that arrived.
#[derive(Clone, Debug)]
pub struct Seen {
    /// When its head was complete, on the monotonic clock.
    pub at: Instant,
    /// Counts connections from 0.
    pub connection: u64,
    /// `HTTP/1.1`, `HTTP/2.0` or `HTTP/3.0`.
    pub protocol: &'static str,
    /// `GET`, …
    pub method: String,
    /// The path with the query.
    pub path: String,
    /// Names in lower case, in the order they came.
    pub headers: Vec<(String, String)>,
    /// The whole body.
    pub body: Vec<u8>,
}

impl Seen {
    /// The first value of this header.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(key, _)| key.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }
}

/// A server on a free port of 127.0.0.1 that keeps every request. It ends when it is dropped.
pub struct Recorder {
    address: SocketAddr,
    record: Arc<Record>,
    certificates: Option<Certificates>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

/// What the server and the test share.
struct Record {
    seen: Mutex<Vec<Seen>>,
    connections: Mutex<Vec<Instant>>,
    script: Box<dyn Fn(&Seen) -> Answer + Send + Sync>,
}

impl Recorder {
    /// Answers everything with 200 and `ok`.
    pub fn start() -> Recorder {
        Recorder::answering(|_| Answer::ok())
    }

    /// Answers as the script says.
    pub fn answering(script: impl Fn(&Seen) -> Answer + Send + Sync + 'static) -> Recorder {
        Recorder::launch(None, script)
    }

    /// Answers over TLS: HTTP/2 to those who offer it, else HTTP/1.1. Its authority is in [`Recorder::ca_file`].
    pub fn tls(script: impl Fn(&Seen) -> Answer + Send + Sync + 'static) -> Recorder {
        Recorder::launch(Some(Certificates::new(&["h2", "http/1.1"])), script)
    }

    /// Answers over TLS, and speaks HTTP/1.1 only.
    pub fn tls_http1(script: impl Fn(&Seen) -> Answer + Send + Sync + 'static) -> Recorder {
        Recorder::launch(Some(Certificates::new(&["http/1.1"])), script)
    }

    /// Answers over TLS as the test configures it.
    pub fn tls_as(
        config: ServerConfig,
        script: impl Fn(&Seen) -> Answer + Send + Sync + 'static,
    ) -> Recorder {
        Recorder::launch(Some(Certificates::of(config)), script)
    }

    /// Answers over HTTP/3 alone.
    pub fn http3(script: impl Fn(&Seen) -> Answer + Send + Sync + 'static) -> Recorder {
        let certificates = Certificates::new(&["h3"]);
        let record = Record::new(script);
        let (stop, stopped) = oneshot::channel();
        let (address, thread) = http3::launch(Arc::clone(&record), certificates.config(), stopped);
        Recorder {
            address,
            record,
            certificates: Some(certificates),
            stop: Some(stop),
            thread: Some(thread),
        }
    }

    fn launch(
        certificates: Option<Certificates>,
        script: impl Fn(&Seen) -> Answer + Send + Sync + 'static,
    ) -> Recorder {
        let record = Record::new(script);
        let acceptor = certificates.as_ref().map(Certificates::acceptor);
        let (stop, stopped) = oneshot::channel();
        let (address, thread) = server::launch(Arc::clone(&record), acceptor, stopped);
        Recorder {
            address,
            record,
            certificates,
            stop: Some(stop),
            thread: Some(thread),
        }
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// `http://127.0.0.1:PORT`, or `https://localhost:PORT` with TLS.
    pub fn url(&self) -> String {
        certificates::url(self.certificates.as_ref(), self.address)
    }

    /// All requests so far, in the order they arrived.
    pub fn seen(&self) -> Vec<Seen> {
        self.record
            .seen
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// All requests, once there are so many.
    ///
    /// # Panics
    /// When there are fewer after 20 seconds.
    pub fn wait_for(&self, count: usize) -> Vec<Seen> {
        let start = Instant::now();
        loop {
            let seen = self.seen();
            if seen.len() >= count {
                return seen;
            }
            assert!(
                start.elapsed() < PATIENCE,
                "only {} of {count} requests arrived in {PATIENCE:?}",
                seen.len()
            );
            thread::sleep(Duration::from_millis(2));
        }
    }

    /// When each connection was accepted, those without a request too.
    pub fn connections(&self) -> Vec<Instant> {
        self.record
            .connections
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// The file with the authority that signed the server's certificate, in PEM.
    ///
    /// # Panics
    /// When the server does without TLS.
    pub fn ca_file(&self) -> &Path {
        certificates::ca_file(self.certificates.as_ref())
    }
}

impl Drop for Recorder {
    fn drop(&mut self) {
        self.stop.take();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

impl Record {
    fn new(script: impl Fn(&Seen) -> Answer + Send + Sync + 'static) -> Arc<Record> {
        Arc::new(Record {
            seen: Mutex::default(),
            connections: Mutex::default(),
            script: Box::new(script),
        })
    }

    /// Counts a connection and gives it its number.
    fn connected(&self) -> u64 {
        let mut connections = self
            .connections
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        connections.push(Instant::now());
        connections.len() as u64 - 1
    }

    /// Keeps a request and tells how to answer it.
    fn arrived(&self, seen: Seen) -> Answer {
        let answer = (self.script)(&seen);
        self.seen
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(seen);
        answer
    }
}

const PATIENCE: Duration = Duration::from_secs(20);
