//! Defines how connections are opened, and how TLS is to be spoken on them.

use std::cell::OnceCell;
use std::time::Duration;

use crate::bindings::brunt::time::waiting::Waitable;
use crate::bindings::extending::brunt::sockets::tcp as wit;
use crate::sockets::{Connection, Error, Result};
use crate::time::{Wait, nanoseconds};

/// A connection to be opened.
#[derive(Debug)]
pub struct Dial(wit::Dial);

/// A connection that is being opened. Dropping it gives it up. It can be [waited for](crate::time::wait_any).
#[derive(Debug)]
pub struct PendingConnection {
    inner: wit::PendingConnection,
    done: OnceCell<Waitable>,
}

/// How TLS is to be spoken; the run's own settings hold where nothing is said here. What is given is checked at the handshake.
#[derive(Debug)]
pub struct TlsOptions(pub(super) wit::TlsOptions);

/// Where the time of opening a connection went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timings {
    /// Looking up the host.
    pub looking_up: Duration,
    /// Connecting.
    pub connecting: Duration,
    /// The TLS handshake; nothing without TLS.
    pub tls_handshaking: Duration,
}

impl Dial {
    /// To this host (a name or an address) and port.
    pub fn new(host: &str, port: u16) -> Self {
        Self(wit::Dial::new(host, port))
    }

    /// How long looking up, connecting and the handshake may take together; 10 s otherwise.
    #[must_use]
    pub fn timeout(self, timeout: Duration) -> Self {
        self.0.set_timeout(nanoseconds(timeout));
        self
    }

    /// Speaks TLS from the start.
    #[must_use]
    pub fn tls(self, options: &TlsOptions) -> Self {
        self.0.set_tls(&options.0);
        self
    }

    /// Opens the connection. Suspends this VU until it is open. Denied (1110) in `init`.
    pub fn connect(&self) -> Result<Connection> {
        self.0.connect().map(Connection::new).map_err(Error::from)
    }

    /// Begins to open the connection, beside what the VU does.
    pub fn start(&self) -> PendingConnection {
        PendingConnection {
            inner: self.0.start(),
            done: OnceCell::new(),
        }
    }
}

impl PendingConnection {
    /// The connection. Suspends this VU until it is there.
    pub fn take(self) -> Result<Connection> {
        self.inner.take().map(Connection::new).map_err(Error::from)
    }
}

impl Wait for PendingConnection {
    fn waitable(&self) -> &Waitable {
        self.done.get_or_init(|| self.inner.done())
    }
}

impl Default for TlsOptions {
    fn default() -> Self {
        Self::new()
    }
}

impl TlsOptions {
    /// As the run has it.
    pub fn new() -> Self {
        Self(wit::TlsOptions::new())
    }

    /// The name that the server's certificate must be for; the host's otherwise.
    #[must_use]
    pub fn server_name(self, name: &str) -> Self {
        self.0.set_server_name(name);
        self
    }

    /// Trusts these authorities too: certificates in PEM.
    #[must_use]
    pub fn authorities(self, pem: &[u8]) -> Self {
        self.0.add_authorities(pem);
        self
    }

    /// Shows this certificate chain, with its key, to a server that asks for one. Both are PEM.
    #[must_use]
    pub fn client_certificate(self, chain: &[u8], key: &[u8]) -> Self {
        self.0.set_client_certificate(chain, key);
        self
    }

    /// Offers these protocols by ALPN, the best first.
    #[must_use]
    pub fn protocols(self, protocols: &[&str]) -> Self {
        self.0.set_protocols(protocols);
        self
    }

    /// Accepts any certificate.
    #[must_use]
    pub fn insecure(self, insecure: bool) -> Self {
        self.0.set_insecure(insecure);
        self
    }
}
