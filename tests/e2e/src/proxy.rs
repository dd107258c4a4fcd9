//! Defines a proxy that keeps what it is asked for, and sends everything to one server.

mod front;

use std::io::{self, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use crate::recorder::certificates::Certificates;
use crate::witness::{copy_both, read_head};

/// A proxy on a free port of 127.0.0.1. Its threads end with the process.
pub struct Proxy {
    address: SocketAddr,
    certificates: Option<Certificates>,
    asked: Arc<Mutex<Vec<String>>>,
}

/// How a proxy behaves.
#[derive(Clone, Copy)]
enum Manner {
    /// Passes requests on, and makes tunnels after this time.
    Http(Duration),
    /// Refuses everything with this status line.
    Refusing(&'static str),
    /// Speaks SOCKS5, and wants a password when asked for one.
    Socks5,
}

impl Proxy {
    /// An HTTP proxy: all requests and tunnels end at `server`; a tunnel takes `delay` to be made.
    pub fn http(server: SocketAddr, delay: Duration) -> Proxy {
        Proxy::start(server, Manner::Http(delay))
    }

    /// The same, over TLS: for `localhost`, its authority in [`Proxy::ca_file`].
    pub fn https(server: SocketAddr) -> Proxy {
        let certificates = Certificates::new(&["h2", "http/1.1"]);
        let inner = Proxy::http(server, Duration::ZERO);
        Proxy {
            address: front::start(inner.address, certificates.config()),
            certificates: Some(certificates),
            asked: inner.asked,
        }
    }

    /// Speaks TLS in front of a server that speaks none: for `localhost`, its authority in [`Proxy::ca_file`].
    pub fn tls_front(server: SocketAddr) -> Proxy {
        let certificates = Certificates::new(&[]);
        Proxy {
            address: front::start(server, certificates.config()),
            certificates: Some(certificates),
            asked: Arc::default(),
        }
    }

    /// An HTTP proxy that answers everything with this status, such as `407 Proxy Authentication Required`.
    pub fn refusing(status: &'static str) -> Proxy {
        Proxy::start(([127, 0, 0, 1], 1).into(), Manner::Refusing(status))
    }

    /// A SOCKS5 proxy: all tunnels end at `server`.
    pub fn socks5(server: SocketAddr) -> Proxy {
        Proxy::start(server, Manner::Socks5)
    }

    fn start(server: SocketAddr, manner: Manner) -> Proxy {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("the address");
        let asked = Arc::default();
        let shared = Arc::clone(&asked);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let asked = Arc::clone(&shared);
                // A peer that goes away is part of many a test.
                thread::spawn(move || drop(serve(&stream, server, manner, &asked)));
            }
        });
        Proxy {
            address,
            certificates: None,
            asked,
        }
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The file with the authority that signed the proxy's certificate, in PEM.
    ///
    /// # Panics
    /// When the proxy does without TLS.
    pub fn ca_file(&self) -> &Path {
        let certificates = self.certificates.as_ref();
        certificates.expect("this proxy does without TLS").ca_file()
    }

    /// What each connection asked for: the head of its first request; of SOCKS5 `user:password host:port`.
    pub fn asked(&self) -> Vec<String> {
        self.asked
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

fn serve(
    stream: &TcpStream,
    server: SocketAddr,
    manner: Manner,
    asked: &Mutex<Vec<String>>,
) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let note = |what: String| {
        let mut asked = asked.lock().unwrap_or_else(PoisonError::into_inner);
        asked.push(what);
    };
    let mut writer = stream.try_clone()?;
    let delay = match manner {
        Manner::Http(delay) => delay,
        Manner::Refusing(status) => {
            let head = read_head(&mut BufReader::new(stream)).unwrap_or_default();
            note(head);
            let answer = format!("HTTP/1.1 {status}\r\nContent-Length: 0\r\n\r\n");
            return writer.write_all(answer.as_bytes());
        }
        Manner::Socks5 => {
            note(greet(&mut writer)?);
            let upstream = TcpStream::connect(server)?;
            copy_both(stream, &upstream);
            return Ok(());
        }
    };
    // Nothing follows a head before it is answered, so that nothing is left in the reader.
    let Some(head) = read_head(&mut BufReader::new(stream)) else {
        return Ok(());
    };
    note(head.clone());
    let mut upstream = TcpStream::connect(server)?;
    upstream.set_nodelay(true)?;
    if head.starts_with("CONNECT ") {
        thread::sleep(delay);
        writer.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n")?;
    } else {
        upstream.write_all(head.as_bytes())?;
    }
    copy_both(stream, &upstream);
    Ok(())
}

/// The server's side of SOCKS5 (RFC 1928) with a password (RFC 1929) when it is offered one.
fn greet(stream: &mut TcpStream) -> io::Result<String> {
    let [_, methods] = read(stream)?;
    let methods = read_some(stream, methods)?;
    let with_password = methods.contains(&2);
    stream.write_all(&[5, if with_password { 2 } else { 0 }])?;
    let mut who = String::new();
    if with_password {
        let [_, length] = read(stream)?;
        let user = read_some(stream, length)?;
        let [length] = read(stream)?;
        let password = read_some(stream, length)?;
        who = String::from_utf8_lossy(&[user, password].join(&b':')).into_owned() + " ";
        stream.write_all(&[1, 0])?;
    }
    let [_, _, _, kind] = read(stream)?;
    let host = match kind {
        3 => {
            let [length] = read(stream)?;
            String::from_utf8_lossy(&read_some(stream, length)?).into_owned()
        }
        _ => {
            let octets: [u8; 4] = read(stream)?;
            std::net::Ipv4Addr::from(octets).to_string()
        }
    };
    let port = u16::from_be_bytes(read(stream)?);
    stream.write_all(&[5, 0, 0, 1, 0, 0, 0, 0, 0, 0])?;
    Ok(format!("{who}{host}:{port}"))
}

fn read<const N: usize>(stream: &mut TcpStream) -> io::Result<[u8; N]> {
    let mut bytes = [0; N];
    stream.read_exact(&mut bytes)?;
    Ok(bytes)
}

fn read_some(stream: &mut TcpStream, length: u8) -> io::Result<Vec<u8>> {
    let mut bytes = vec![0; length.into()];
    stream.read_exact(&mut bytes)?;
    Ok(bytes)
}
