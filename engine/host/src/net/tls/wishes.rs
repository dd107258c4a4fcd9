//! Defines TLS as one connection wants it, where that is other than the run's own.

use std::sync::{Arc, Mutex, PoisonError};

use rustc_hash::FxHashMap;
use rustls::ClientConfig;
use rustls::RootCertStore;
use rustls::client::ResolvesClientCert;

use super::verify::Verifier;
use super::{Tls, credentials, verified};
use crate::http::RequestFailure;

/// What a connection wants to be other than the run has it.
#[derive(Debug, Clone, Default)]
pub(crate) struct TlsWishes {
    /// The name that the certificate must be for; the host's where there is none.
    pub(crate) server_name: Option<String>,
    /// Certificates of authorities beside the run's, in PEM.
    pub(crate) authorities: Vec<Vec<u8>>,
    /// A certificate chain and its key, in PEM.
    pub(crate) client: Option<(Vec<u8>, Vec<u8>)>,
    /// What ALPN offers.
    pub(crate) protocols: Vec<String>,
    /// Whether any certificate is accepted; as the run has it when absent.
    pub(crate) insecure: Option<bool>,
}

/// The verifiers that were made for authorities of connections' own: reading them takes longer than a handshake.
#[derive(Default)]
pub(super) struct OwnVerifiers(Mutex<FxHashMap<Vec<Vec<u8>>, Arc<Verifier>>>);

/// Sets of authorities that are remembered before it starts anew.
const REMEMBERED: usize = 64;

impl TlsWishes {
    /// The name that a server at this host is to have.
    pub(crate) fn name<'a>(&'a self, host: &'a str) -> &'a str {
        self.server_name.as_deref().unwrap_or(host)
    }
}

impl Tls {
    /// The configuration for a connection to this host that wants these things.
    ///
    /// # Errors
    /// Code 1300: what was given is no certificate or key, or the two don't belong together. Code 1310: nobody is trusted.
    pub(crate) fn wished(
        &self,
        host: &str,
        wishes: &TlsWishes,
    ) -> Result<Arc<ClientConfig>, RequestFailure> {
        let verifier = self.wished_verifier(wishes)?;
        let client: Option<Arc<dyn ResolvesClientCert>> = match &wishes.client {
            Some((chain, key)) => {
                Some(credentials::own(&text(chain), &text(key)).map_err(|why| {
                    RequestFailure::new(1300, format!("TLS: the client certificate: {why}"))
                })?)
            }
            None => self.identity(host).map(|identity| identity.resolver()),
        };
        let protocols = wishes.protocols.iter();
        let protocols = protocols.map(|name| name.as_bytes().to_vec()).collect();
        Ok(Arc::new(self.config_of(&verifier, client, protocols)))
    }

    fn wished_verifier(&self, wishes: &TlsWishes) -> Result<Arc<Verifier>, RequestFailure> {
        let insecure = wishes.insecure.unwrap_or(self.insecure);
        if insecure == self.insecure && (insecure || wishes.authorities.is_empty()) {
            return self.verifier().cloned();
        }
        if insecure {
            return Ok(Arc::new(Verifier::new(&self.provider, None)));
        }
        let mut known = self.own.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(verifier) = known.get(&wishes.authorities) {
            return Ok(verifier.clone());
        }
        let verifier = Arc::new(self.own_verifier(&wishes.authorities)?);
        if known.len() >= REMEMBERED {
            known.clear();
        }
        known.insert(wishes.authorities.clone(), verifier.clone());
        Ok(verifier)
    }

    fn own_verifier(&self, authorities: &[Vec<u8>]) -> Result<Verifier, RequestFailure> {
        let mut roots = RootCertStore::clone(self.roots());
        for pem in authorities {
            let refused = |why: String| {
                RequestFailure::new(1300, format!("TLS: the certificates of authorities: {why}"))
            };
            for certificate in credentials::read_certificates(&text(pem)).map_err(refused)? {
                roots
                    .add(certificate)
                    .map_err(|error| refused(error.to_string()))?;
            }
        }
        let trusted = verified(Arc::new(roots), &self.provider)
            .map_err(|why| RequestFailure::new(1310, why))?;
        Ok(Verifier::new(&self.provider, Some(trusted)))
    }
}

fn text(pem: &[u8]) -> std::borrow::Cow<'_, str> {
    String::from_utf8_lossy(pem)
}
