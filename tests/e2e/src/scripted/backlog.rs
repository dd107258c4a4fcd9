//! Defines a listener whose queue is full, so that a client's connect takes as long as the test wants.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

use socket2::{Domain, Socket, Type};

use super::{PATIENCE, POLL};

/// A port of 127.0.0.1 that takes no connection until it is told to.
pub struct FullBacklog {
    listener: TcpListener,
    address: SocketAddr,
    fillers: Vec<TcpStream>,
}

impl FullBacklog {
    /// A listener with a full queue.
    ///
    /// # Panics
    /// When the system gives none.
    #[expect(clippy::new_without_default, reason = "it opens a port")]
    pub fn new() -> FullBacklog {
        let socket = Socket::new(Domain::IPV4, Type::STREAM, None).expect("a socket");
        let any = SocketAddr::from(([127, 0, 0, 1], 0));
        socket.bind(&any.into()).expect("a free port");
        socket.listen(0).expect("a listener");
        let listener = TcpListener::from(socket);
        let address = listener.local_addr().expect("the listener's address");
        let mut fillers = Vec::new();
        while let Ok(filler) = TcpStream::connect_timeout(&address, FULL) {
            fillers.push(filler);
        }
        FullBacklog {
            listener,
            address,
            fillers,
        }
    }

    /// `http://127.0.0.1:PORT`
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Waits until a client tries to connect, in vain.
    ///
    /// # Panics
    /// When none does within 20 seconds.
    pub fn wait_for_client(&self) {
        let start = Instant::now();
        while !self.is_client_waiting() {
            assert!(start.elapsed() < PATIENCE, "no client came");
            thread::sleep(POLL);
        }
    }

    /// Takes connections from now on, and answers the first request with 200 and `ok`.
    pub fn open(self) {
        drop(self.fillers);
        thread::spawn(move || {
            while let Ok((stream, _)) = self.listener.accept() {
                if answer(stream) {
                    return;
                }
            }
        });
    }

    /// Whether there is a connection to this port whose SYN was not answered: state 02 of proc(5), net/tcp.
    fn is_client_waiting(&self) -> bool {
        let table = std::fs::read_to_string("/proc/net/tcp").expect("the table of sockets");
        let port = format!(":{:04X}", self.address.port());
        table.lines().any(|line| {
            let mut columns = line.split_whitespace().skip(2);
            let to_us = columns.next().is_some_and(|remote| remote.ends_with(&port));
            to_us && columns.next() == Some("02")
        })
    }
}

/// Answers a request, when one comes.
fn answer(mut stream: TcpStream) -> bool {
    let mut request = [0; 16 << 10];
    if !stream.read(&mut request).is_ok_and(|read| read > 0) {
        return false;
    }
    let sent = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
    sent.is_ok() && stream.read(&mut request).is_ok()
}

/// A queue that takes no connection for this long is full: on this machine they take microseconds.
const FULL: Duration = Duration::from_millis(300);
