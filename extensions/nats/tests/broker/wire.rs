//! Defines the world as the client needs it, by the standard library, and counts for tests to look at.

use std::cell::Cell;
use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hasher};
use std::io::{ErrorKind, Read, Write};
use std::net::{TcpStream, ToSocketAddrs};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use brunt_nats::options::Time;
use brunt_nats::{Address, Fault, Incoming, Kind, Meter, Wire};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};

/// Sockets and clock of the standard library.
pub(crate) struct Std {
    start: Instant,
    /// The authority that is trusted, in PEM.
    pub(crate) authority: Option<String>,
    /// Bytes that are read at once.
    pub(crate) chunk: usize,
    /// How often something was written.
    pub(crate) writes: Cell<u64>,
}

pub(crate) enum Link {
    Plain(TcpStream),
    Tls(Box<StreamOwned<ClientConnection, TcpStream>>),
    /// Between the two.
    Nothing,
}

impl Default for Std {
    fn default() -> Std {
        Std {
            start: Instant::now(),
            authority: None,
            chunk: 64 * 1024,
            writes: Cell::new(0),
        }
    }
}

pub(crate) fn random() -> u64 {
    RandomState::new().build_hasher().finish()
}

impl Std {
    fn span(&self, until: Time) -> Duration {
        Duration::from_nanos(until.saturating_sub(self.now()))
    }

    fn open(&self, address: &Address, tls: bool, deadline: Time) -> Result<Link, Fault> {
        let place = address.place();
        let mut addresses = place.to_socket_addrs().map_err(network)?;
        let first = addresses
            .next()
            .ok_or_else(|| Fault::new(Kind::Network, "no address"))?;
        let stream = TcpStream::connect_timeout(&first, self.span(deadline)).map_err(network)?;
        stream.set_nodelay(true).map_err(network)?;
        let mut link = Link::Plain(stream);
        if tls {
            self.secure(&mut link, address)?;
        }
        Ok(link)
    }
}

fn network(error: std::io::Error) -> Fault {
    Fault::new(Kind::Network, error.to_string())
}

impl Wire for Std {
    type Dialing = Option<Result<Link, Fault>>;
    type Link = Link;

    fn now(&self) -> Time {
        u64::try_from(self.start.elapsed().as_nanos()).expect("a test of less than 500 years")
    }

    fn dial(&self, address: &Address, tls: bool, deadline: Time) -> Self::Dialing {
        Some(self.open(address, tls, deadline))
    }

    fn dialed(
        &self,
        dialing: &mut Self::Dialing,
        _until: Option<Time>,
    ) -> Option<Result<Link, Fault>> {
        dialing.take()
    }

    fn secure(&self, link: &mut Link, address: &Address) -> Result<(), Fault> {
        let Link::Plain(mut stream) = std::mem::replace(link, Link::Nothing) else {
            return Err(Fault::new(Kind::Network, "TLS inside of TLS"));
        };
        let mut roots = RootCertStore::empty();
        if let Some(pem) = &self.authority {
            let authority = CertificateDer::from_pem_slice(pem.as_bytes()).expect("a certificate");
            roots.add(authority).expect("an authority");
        }
        let config =
            ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
                .with_safe_default_protocol_versions()
                .expect("versions")
                .with_root_certificates(roots)
                .with_no_client_auth();
        let name = ServerName::try_from(address.host.clone()).expect("a name");
        let mut tls = ClientConnection::new(Arc::new(config), name).expect("a connection");
        stream
            .set_read_timeout(Some(Duration::from_secs(5)))
            .map_err(network)?;
        while tls.is_handshaking() {
            tls.complete_io(&mut stream).map_err(network)?;
        }
        *link = Link::Tls(Box::new(StreamOwned::new(tls, stream)));
        Ok(())
    }

    fn read(&self, link: &mut Link, until: Option<Time>) -> Incoming {
        // A read that may take no time at all is one that may take for ever.
        let span = until
            .map_or(Duration::ZERO, |until| self.span(until))
            .max(Duration::from_micros(50));
        let mut bytes = vec![0; self.chunk];
        let outcome = match link {
            Link::Plain(stream) => stream
                .set_read_timeout(Some(span))
                .and_then(|()| stream.read(&mut bytes)),
            Link::Tls(stream) => stream
                .sock
                .set_read_timeout(Some(span))
                .and_then(|()| stream.read(&mut bytes)),
            Link::Nothing => return Incoming::Ended,
        };
        match outcome {
            Ok(0) => Incoming::Ended,
            Ok(length) => {
                bytes.truncate(length);
                Incoming::Bytes(bytes, self.now())
            }
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
                Incoming::Nothing
            }
            Err(error) => Incoming::Failed(network(error)),
        }
    }

    fn write(&self, link: &mut Link, bytes: &[u8]) -> Result<(), Fault> {
        self.writes.set(self.writes.get() + 1);
        match link {
            Link::Plain(stream) => stream.write_all(bytes),
            Link::Tls(stream) => stream.write_all(bytes),
            Link::Nothing => Ok(()),
        }
        .map_err(network)
    }

    fn keep_alive(&self, _link: &mut Link, _interval: Time) {}

    fn sleep(&self, until: Time) {
        thread::sleep(self.span(until));
    }
}

/// What was measured: names and values, in their order.
#[derive(Default)]
pub(crate) struct Counts {
    pub(crate) sent: Vec<(String, u64)>,
    pub(crate) received: u64,
    pub(crate) dropped: Vec<(String, u64)>,
    pub(crate) answered: Vec<(String, Time)>,
    pub(crate) stored: Vec<String>,
    pub(crate) connected: u64,
    pub(crate) reconnected: u64,
    pub(crate) failed: Vec<Kind>,
    pub(crate) told: Vec<String>,
}

impl Meter for Counts {
    fn sent(&mut self, subject: &str, _messages: u64, bytes: u64) {
        self.sent.push((subject.to_owned(), bytes));
    }

    fn received(&mut self, _subject: &str, messages: u64, _bytes: u64) {
        self.received += messages;
    }

    fn dropped(&mut self, subject: &str, messages: u64) {
        self.dropped.push((subject.to_owned(), messages));
    }

    fn answered(&mut self, subject: &str, took: Time) {
        self.answered.push((subject.to_owned(), took));
    }

    fn stored(&mut self, subject: &str, _took: Time) {
        self.stored.push(subject.to_owned());
    }

    fn connected(&mut self, _server: &Address, _took: Time, again: bool) {
        self.connected += u64::from(!again);
        self.reconnected += u64::from(again);
    }

    fn failed(&mut self, kind: Kind) {
        self.failed.push(kind);
    }

    fn tell(&mut self, _warning: bool, line: &str) {
        self.told.push(line.to_owned());
    }
}
