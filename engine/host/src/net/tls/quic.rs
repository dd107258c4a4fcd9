//! Defines TLS for one connection over QUIC, whose handshake runs where nobody can ask: what is to be known of it is kept here.

use std::sync::{Arc, Mutex, PoisonError};

use quinn::crypto::rustls::QuicClientConfig;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, Error, SignatureScheme};

use crate::http::RequestFailure;
use crate::net::tls::{Tls, Verifier};
use crate::settings::HttpVersion;

/// TLS for one connection.
pub(crate) struct QuicTls {
    config: Arc<QuicClientConfig>,
    witness: Arc<Witness>,
}

/// Checks certificates as they are checked elsewhere, and keeps what it saw.
#[derive(Debug)]
struct Witness {
    verifier: Arc<Verifier>,
    staple: Mutex<Option<Vec<u8>>>,
    fault: Mutex<Option<Error>>,
}

impl Tls {
    /// TLS for one connection to this host.
    ///
    /// # Errors
    /// When nobody is trusted, or the options leave out what QUIC needs.
    pub(crate) fn for_quic(&self, host: &str) -> Result<QuicTls, RequestFailure> {
        let needs = |what: &str| RequestFailure::new(1300, format!("HTTP/3 needs {what}"));
        if !self.versions.contains(&&rustls::version::TLS13) {
            return Err(needs("TLS 1.3 (option tlsVersion)"));
        }
        let witness = Arc::new(Witness {
            verifier: self.verifier()?.clone(),
            staple: Mutex::default(),
            fault: Mutex::default(),
        });
        let mut config = ClientConfig::clone(&*self.config(host, HttpVersion::Http3)?);
        config.dangerous().set_certificate_verifier(witness.clone());
        let config = QuicClientConfig::try_from(config)
            .map_err(|_| needs("TLS_AES_128_GCM_SHA256 (option tlsCipherSuites)"))?;
        Ok(QuicTls {
            config: Arc::new(config),
            witness,
        })
    }
}

impl QuicTls {
    /// What quinn wants to know.
    pub(crate) fn client_config(&self) -> quinn::ClientConfig {
        quinn::ClientConfig::new(self.config.clone())
    }

    /// What came stapled to the server's certificate.
    pub(crate) fn staple(&self) -> Option<Vec<u8>> {
        take(&self.witness.staple)
    }

    /// Why the server's certificate was refused, if it was.
    pub(crate) fn fault(&self) -> Option<Error> {
        take(&self.witness.fault)
    }
}

fn keep<T>(slot: &Mutex<Option<T>>, what: T) {
    *slot.lock().unwrap_or_else(PoisonError::into_inner) = Some(what);
}

fn take<T>(slot: &Mutex<Option<T>>) -> Option<T> {
    slot.lock().unwrap_or_else(PoisonError::into_inner).take()
}

impl ServerCertVerifier for Witness {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        staple: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        if !staple.is_empty() {
            keep(&self.staple, staple.to_vec());
        }
        let verdict = self
            .verifier
            .check(end_entity, intermediates, name, staple, now);
        if let Err(fault) = &verdict {
            keep(&self.fault, fault.clone());
        }
        verdict
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.verifier
            .verify_tls12_signature(message, certificate, signature)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.verifier
            .verify_tls13_signature(message, certificate, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.verifier.supported_verify_schemes()
    }
}
