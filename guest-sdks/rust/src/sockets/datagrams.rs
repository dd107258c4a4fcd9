//! Defines datagrams: UDP.

use std::cell::OnceCell;
use std::time::Duration;

use crate::bindings::brunt::time::waiting::Waitable;
use crate::bindings::extending::brunt::sockets::udp as wit;
use crate::sockets::{Error, Result};
use crate::time::{Wait, nanoseconds};

/// A socket that exchanges datagrams with one other side. It can be [waited for](crate::time::wait_any): it is ready when
/// [`Datagrams::receive`] would not suspend.
#[derive(Debug)]
pub struct Datagrams {
    inner: wit::Datagrams,
    readable: OnceCell<Waitable>,
}

impl Datagrams {
    /// For this host (a name or an address) and port. Suspends this VU while the name is looked up. Denied (1110) in `init`.
    pub fn open(host: &str, port: u16) -> Result<Self> {
        let inner = wit::Datagrams::open(host, port)?;
        Ok(Self {
            inner,
            readable: OnceCell::new(),
        })
    }

    /// Sends one datagram. Errors: 1000 for one that is too long, 1201.
    pub fn send(&mut self, bytes: &[u8]) -> Result<()> {
        self.inner.send(bytes).map_err(Error::from)
    }

    /// The next datagram. Suspends this VU until there is one. Errors: 1202, 1212 (nobody listens there), 1050.
    pub fn receive(&mut self) -> Result<Vec<u8>> {
        self.readable.take();
        self.inner.receive().map_err(Error::from)
    }

    /// When the datagram that was received last came, on the clock of [`time::now`](crate::time::now).
    pub fn arrival(&self) -> Duration {
        Duration::from_nanos(self.inner.arrival())
    }

    /// How long one [`Datagrams::receive`] may wait; for ever otherwise.
    pub fn set_timeout(&mut self, timeout: Option<Duration>) {
        self.inner.set_timeout(timeout.map(nanoseconds));
    }

    /// Datagrams that came and were dropped, because nobody had taken those before.
    pub fn dropped(&self) -> u64 {
        self.inner.dropped()
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

impl Wait for Datagrams {
    fn waitable(&self) -> &Waitable {
        self.readable.get_or_init(|| self.inner.readable())
    }
}
