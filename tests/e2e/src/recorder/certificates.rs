//! Defines a server's side of TLS with an authority of its own, made anew for every server.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use rustls::ServerConfig;
use tokio_rustls::TlsAcceptor;

use crate::{Authority, Credentials, ServerTls};

/// A server's side of TLS, and the authority that signed its certificate unless the test made that.
pub(crate) struct Certificates {
    config: Arc<ServerConfig>,
    authority: Option<Authority>,
}

/// The URL of a server at this address: `http://127.0.0.1:PORT`, or `https://localhost:PORT` with TLS.
pub(crate) fn url(certificates: Option<&Certificates>, address: SocketAddr) -> String {
    match certificates {
        None => format!("http://{address}"),
        Some(_) => format!("https://localhost:{}", address.port()),
    }
}

/// The file with the authority of a server that must speak TLS.
pub(crate) fn ca_file(certificates: Option<&Certificates>) -> &Path {
    certificates
        .expect("this server does without TLS")
        .ca_file()
}

impl Certificates {
    /// For `localhost` and `127.0.0.1`, offering these protocols by ALPN.
    pub(crate) fn new(protocols: &[&str]) -> Certificates {
        Certificates::signed(protocols, |authority| authority.issue(&NAMES))
    }

    /// The same, and their time is over.
    pub(crate) fn expired(protocols: &[&str]) -> Certificates {
        Certificates::signed(protocols, |authority| {
            authority.issue_for_years(&NAMES, 2020, 2021)
        })
    }

    /// As the test has it.
    pub(super) fn of(config: ServerConfig) -> Certificates {
        Certificates {
            config: Arc::new(config),
            authority: None,
        }
    }

    fn signed(protocols: &[&str], sign: impl FnOnce(&Authority) -> Credentials) -> Certificates {
        let authority = Authority::new();
        let credentials = sign(&authority);
        Certificates {
            config: Arc::new(ServerTls::new(&credentials).protocols(protocols).config()),
            authority: Some(authority),
        }
    }

    /// The server's side of TLS.
    pub(crate) fn config(&self) -> Arc<ServerConfig> {
        Arc::clone(&self.config)
    }

    pub(crate) fn acceptor(&self) -> TlsAcceptor {
        TlsAcceptor::from(Arc::clone(&self.config))
    }

    /// The file with the authority, as PEM.
    ///
    /// # Panics
    /// When the test has it.
    pub(crate) fn ca_file(&self) -> &Path {
        let authority = self.authority.as_ref();
        authority.expect("the test has the authority").ca_file()
    }
}

const NAMES: [&str; 2] = ["localhost", "127.0.0.1"];
