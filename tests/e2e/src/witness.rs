//! Defines a server that keeps who connected from where to which of its addresses, on all of IPv4 or on a Unix socket.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

/// A request, and the two ends of the connection that it came over; those of a Unix socket have no address.
#[derive(Clone, Debug)]
pub struct Met {
    /// Where it came from.
    pub from: Option<SocketAddr>,
    /// Where it arrived.
    pub to: Option<SocketAddr>,
    /// Counts connections from 0.
    pub connection: usize,
    /// The request line and the headers.
    pub head: String,
}

/// A server that answers every request with 200 and `ok`. Its threads end with the process.
pub struct Witness {
    port: u16,
    met: Arc<Mutex<Vec<Met>>>,
}

impl Witness {
    /// Listens on a free port of all addresses of IPv4, of which Linux has 127.0.0.1 to 127.255.255.254 for itself.
    ///
    /// # Panics
    /// When there is no free port.
    pub fn start() -> Witness {
        let listener = TcpListener::bind("0.0.0.0:0").expect("a free port");
        let port = listener.local_addr().expect("the address").port();
        let met = Arc::default();
        let shared = Arc::clone(&met);
        thread::spawn(move || {
            for (connection, stream) in listener.incoming().flatten().enumerate() {
                let (from, to) = (stream.peer_addr().ok(), stream.local_addr().ok());
                converse(stream, &shared, move |head| Met {
                    from,
                    to,
                    connection,
                    head,
                });
            }
        });
        Witness { port, met }
    }

    /// Listens on a Unix socket with this path.
    ///
    /// # Panics
    /// When the socket can't be made.
    pub fn on_socket(path: &Path) -> Witness {
        let listener = UnixListener::bind(path).expect("a free path");
        let met = Arc::default();
        let shared = Arc::clone(&met);
        thread::spawn(move || {
            for (connection, stream) in listener.incoming().flatten().enumerate() {
                converse(stream, &shared, move |head| Met {
                    from: None,
                    to: None,
                    connection,
                    head,
                });
            }
        });
        Witness { port: 0, met }
    }

    /// The port that it listens on.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// All requests so far.
    pub fn met(&self) -> Vec<Met> {
        self.met
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

/// Serves a connection on a thread of its own.
fn converse<S>(stream: S, met: &Arc<Mutex<Vec<Met>>>, note: impl Fn(String) -> Met + Send + 'static)
where
    S: Read + Write + Send + 'static,
{
    let met = Arc::clone(met);
    thread::spawn(move || {
        let mut stream = BufReader::new(stream);
        while let Some(head) = read_head(&mut stream) {
            met.lock()
                .unwrap_or_else(PoisonError::into_inner)
                .push(note(head));
            let answer = stream
                .get_mut()
                .write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
            if answer.is_err() {
                break;
            }
        }
    });
}

/// The head of a request without a body, with the empty line at its end; none at the end of the connection.
pub(crate) fn read_head(stream: &mut impl BufRead) -> Option<String> {
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        if stream.read_line(&mut head).ok()? == 0 {
            return None;
        }
    }
    Some(head)
}

/// A TCP connection's two directions, copied until both have ended.
pub(crate) fn copy_both(left: &TcpStream, right: &TcpStream) {
    let forth = (left.try_clone(), right.try_clone());
    let back = (right.try_clone(), left.try_clone());
    let copy = |(from, to): (std::io::Result<TcpStream>, std::io::Result<TcpStream>)| {
        let (Ok(mut from), Ok(mut to)) = (from, to) else {
            return;
        };
        // A connection that breaks has ended, too.
        let _ = std::io::copy(&mut from, &mut to);
        let _ = to.shutdown(std::net::Shutdown::Write);
    };
    thread::scope(|scope| {
        scope.spawn(|| copy(forth));
        copy(back);
    });
}
