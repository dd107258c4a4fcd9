//! Defines a server whose connections follow a script: waits of known length, and faults in every phase of an exchange.
//!
//! It counts what passes through its sockets, TLS included, and which of its connections are open.

mod backlog;
mod conversation;
mod step;

use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use rustls::ServerConfig;

use crate::recorder::certificates::{self, Certificates};
pub use backlog::FullBacklog;
pub use step::Step;

/// A server on a free port of 127.0.0.1. It ends when it is dropped, and its connections with it.
pub struct Scripted {
    address: SocketAddr,
    shared: Arc<Shared>,
    certificates: Option<Certificates>,
    thread: Option<JoinHandle<()>>,
}

/// What passed through one connection's socket, as the server saw it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Passed {
    /// Bytes that the client sent.
    pub received: u64,
    /// Bytes that the server sent.
    pub sent: u64,
    /// Whether the connection has ended.
    pub ended: bool,
}

/// What the server, its connections and the test share.
struct Shared {
    script: Box<dyn Fn(u64) -> Vec<Step> + Send + Sync>,
    tls: Option<Arc<ServerConfig>>,
    passed: Mutex<Vec<Passed>>,
    most_open: Mutex<usize>,
    stopped: AtomicBool,
    stop: (Mutex<()>, Condvar),
}

impl Scripted {
    /// Each connection, counted from 0, does these steps, and is then closed in order.
    pub fn start(script: impl Fn(u64) -> Vec<Step> + Send + Sync + 'static) -> Scripted {
        Scripted::launch(None, script)
    }

    /// The same, where [`Step::Handshake`] begins TLS. It offers HTTP/1.1 alone.
    pub fn tls(script: impl Fn(u64) -> Vec<Step> + Send + Sync + 'static) -> Scripted {
        Scripted::launch(Some(Certificates::new(&["http/1.1"])), script)
    }

    /// The same as [`Scripted::tls`], with a certificate whose time is over.
    pub fn expired(script: impl Fn(u64) -> Vec<Step> + Send + Sync + 'static) -> Scripted {
        Scripted::launch(Some(Certificates::expired(&["http/1.1"])), script)
    }

    fn launch(
        certificates: Option<Certificates>,
        script: impl Fn(u64) -> Vec<Step> + Send + Sync + 'static,
    ) -> Scripted {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("the listener's address");
        let shared = Arc::new(Shared {
            script: Box::new(script),
            tls: certificates.as_ref().map(Certificates::config),
            passed: Mutex::default(),
            most_open: Mutex::default(),
            stopped: AtomicBool::new(false),
            stop: Default::default(),
        });
        let ours = Arc::clone(&shared);
        let thread = thread::spawn(move || accept(&listener, &ours));
        Scripted {
            address,
            shared,
            certificates,
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

    /// The file with the authority that signed the server's certificate, in PEM.
    ///
    /// # Panics
    /// When the server does without TLS.
    pub fn ca_file(&self) -> &Path {
        certificates::ca_file(self.certificates.as_ref())
    }

    /// What passed through each connection so far.
    pub fn passed(&self) -> Vec<Passed> {
        lock(&self.shared.passed).clone()
    }

    /// The most connections that were open at one time.
    pub fn most_open(&self) -> usize {
        *lock(&self.shared.most_open)
    }

    /// What passed through each connection, once there were so many and all of them have ended.
    ///
    /// # Panics
    /// When that is not so after 20 seconds.
    pub fn wait_for_ended(&self, count: usize) -> Vec<Passed> {
        let start = Instant::now();
        loop {
            let passed = self.passed();
            if passed.len() >= count && passed.iter().all(|one| one.ended) {
                return passed;
            }
            assert!(
                start.elapsed() < PATIENCE,
                "not {count} connections that have ended after {PATIENCE:?}: {passed:?}"
            );
            thread::sleep(POLL);
        }
    }
}

impl Drop for Scripted {
    fn drop(&mut self) {
        self.shared.stopped.store(true, Ordering::SeqCst);
        self.shared.stop.1.notify_all();
        // The accepting thread wakes up for a connection, and then sees that it is to end.
        let _ = TcpStream::connect(self.address);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

impl Shared {
    fn is_stopped(&self) -> bool {
        self.stopped.load(Ordering::SeqCst)
    }

    /// Waits this long, or until the server ends.
    fn wait(&self, time: Duration) {
        let end = Instant::now() + time;
        let mut guard = lock(&self.stop.0);
        while !self.is_stopped() {
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return;
            }
            let woken = self.stop.1.wait_timeout(guard, left);
            guard = woken.unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// A connection begins: its number.
    fn begin(&self) -> usize {
        let mut passed = lock(&self.passed);
        passed.push(Passed::default());
        let open = passed.iter().filter(|one| !one.ended).count();
        let mut most = lock(&self.most_open);
        *most = (*most).max(open);
        passed.len() - 1
    }

    fn count(&self, connection: usize, change: impl FnOnce(&mut Passed)) {
        change(&mut lock(&self.passed)[connection]);
    }
}

fn accept(listener: &TcpListener, shared: &Arc<Shared>) {
    while let Ok((stream, _)) = listener.accept() {
        if shared.is_stopped() {
            return;
        }
        let (connection, shared) = (shared.begin(), Arc::clone(shared));
        thread::spawn(move || conversation::hold(stream, connection, &shared));
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

const PATIENCE: Duration = Duration::from_secs(20);
const POLL: Duration = Duration::from_millis(2);
