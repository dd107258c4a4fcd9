//! Defines open connections.

use std::cell::OnceCell;
use std::io::{self, Read, Write};
use std::time::Duration;

use crate::bindings::brunt::time::waiting::Waitable;
use crate::bindings::extending::brunt::sockets::tcp as wit;
use crate::sockets::{Dial, Error, Ready, Result, Timings, TlsOptions};
use crate::time::{Wait, nanoseconds};

/// An open connection. Dropping it closes it, behind what was left to be written.
///
/// [`Connection::chunk`] and [`Connection::send`] are the direct way; it is [`Read`] and [`Write`] as well. It can be
/// [waited for](crate::time::wait_any): it is ready when reading would not suspend.
#[derive(Debug)]
pub struct Connection {
    inner: wit::Connection,
    readable: OnceCell<Waitable>,
}

/// What was agreed on in a TLS handshake.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlsFacts {
    /// `tls1.2` or `tls1.3`.
    pub version: String,
    /// The cipher suite, by its IANA name.
    pub cipher_suite: String,
    /// The protocol that was chosen by ALPN.
    pub protocol: Option<String>,
}

impl Connection {
    pub(super) fn new(inner: wit::Connection) -> Self {
        Self {
            inner,
            readable: OnceCell::new(),
        }
    }

    /// Opens a connection without TLS, within 10 seconds. Suspends this VU until it is open.
    pub fn open(host: &str, port: u16) -> Result<Self> {
        Dial::new(host, port).connect()
    }

    /// The next bytes, as soon as there are any, at most `most`; none when the other side has ended its stream. Suspends this VU
    /// until then. After a timeout (1050) it can be read again.
    pub fn chunk(&mut self, most: usize) -> Result<Option<Vec<u8>>> {
        self.readable.take();
        let most = u32::try_from(most).unwrap_or(u32::MAX);
        self.inner.read(most).map_err(Error::from)
    }

    /// Bytes that have come and were not read. Never suspends.
    pub fn available(&self) -> u64 {
        self.inner.available()
    }

    /// When the bytes that were read last came from the network, on the clock of [`time::now`](crate::time::now).
    pub fn arrival(&self) -> Duration {
        Duration::from_nanos(self.inner.arrival())
    }

    /// Leaves bytes to be written, all of them; they are on their way when the VU next waits for something, at the latest. Suspends
    /// this VU while more than the limit `socketBuffer` waits.
    pub fn send(&mut self, bytes: &[u8]) -> Result<()> {
        match self.inner.write_now(bytes)? {
            true => Ok(()),
            // Only here is the call one that can suspend, which costs more.
            false => self.inner.write(bytes).map_err(Error::from),
        }
    }

    /// Something to wait for: ready when [`Connection::send`] would not suspend. A new one is needed after each.
    pub fn writable(&self) -> Ready {
        Ready {
            inner: self.inner.writable(),
        }
    }

    /// Suspends this VU until all that was left to be written is the operating system's.
    pub fn flush(&mut self) -> Result<()> {
        self.inner.flush().map_err(Error::from)
    }

    /// Ends this side of the stream, behind all that was left to be written. What the other side sends can still be read.
    pub fn finish(&mut self) {
        self.inner.finish();
    }

    /// How long one read may wait; for ever otherwise.
    pub fn set_read_timeout(&mut self, timeout: Option<Duration>) {
        self.inner.set_read_timeout(timeout.map(nanoseconds));
    }

    /// How long one write or flush may wait; for ever otherwise.
    pub fn set_write_timeout(&mut self, timeout: Option<Duration>) {
        self.inner.set_write_timeout(timeout.map(nanoseconds));
    }

    /// Writes these bytes whenever nothing else was written for so long, whatever the VU does meanwhile. No time or no bytes end it.
    pub fn set_heart_beat(&mut self, interval: Duration, bytes: &[u8]) {
        self.inner.set_heart_beat(nanoseconds(interval), bytes);
    }

    /// When anything last came from the network, read or not; when it was opened, if nothing did.
    pub fn last_heard(&self) -> Duration {
        Duration::from_nanos(self.inner.last_heard())
    }

    /// Speaks TLS from here on. Suspends this VU during the handshake.
    pub fn start_tls(&mut self, options: &TlsOptions) -> Result<()> {
        self.inner.start_tls(&options.0).map_err(Error::from)
    }

    /// Where the time of opening it went.
    pub fn timings(&self) -> Timings {
        let timings = self.inner.timings();
        Timings {
            looking_up: Duration::from_nanos(timings.looking_up),
            connecting: Duration::from_nanos(timings.connecting),
            tls_handshaking: Duration::from_nanos(timings.tls_handshaking),
        }
    }

    /// What was agreed on by TLS; none without.
    pub fn tls(&self) -> Option<TlsFacts> {
        self.inner.tls().map(|facts| TlsFacts {
            version: facts.version,
            cipher_suite: facts.cipher_suite,
            protocol: facts.protocol,
        })
    }

    /// Address and port of this side.
    pub fn local_address(&self) -> String {
        self.inner.local_address()
    }

    /// Address and port of the other side.
    pub fn remote_address(&self) -> String {
        self.inner.remote_address()
    }
}

impl Wait for Connection {
    fn waitable(&self) -> &Waitable {
        self.readable.get_or_init(|| self.inner.readable())
    }
}

/// Errors hold a [`sockets::Error`](Error).
impl Read for Connection {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let bytes = self.chunk(buffer.len())?.unwrap_or_default();
        buffer[..bytes.len()].copy_from_slice(&bytes);
        Ok(bytes.len())
    }
}

/// Errors hold a [`sockets::Error`](Error).
impl Write for Connection {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.send(bytes)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(Connection::flush(self)?)
    }
}
