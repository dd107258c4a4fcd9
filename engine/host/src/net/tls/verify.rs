//! Defines how certificates of servers are checked, and how what is stapled to them is kept.

use std::cell::Cell;
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::Arc;

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{
    CryptoProvider, WebPkiSupportedAlgorithms, verify_tls12_signature, verify_tls13_signature,
};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{DigitallySignedStruct, Error, SignatureScheme};

thread_local! {
    /// What came stapled in the handshake that this thread is polling.
    static STAPLE: Cell<Option<Vec<u8>>> = const { Cell::new(None) };
}

/// Waits for a handshake, and gives what came stapled to the server's certificate too.
///
/// Only the verifier is shown the staple, and it is shared by all connections. It runs inside a poll of the handshake,
/// on its thread: what is there after the poll belongs to this handshake.
pub(crate) async fn with_staple<F: Future>(handshake: F) -> (F::Output, Option<Vec<u8>>) {
    let mut handshake = pin!(handshake);
    let mut staple = None;
    let output = poll_fn(|context| {
        let polled = handshake.as_mut().poll(context);
        staple = STAPLE.take().or(staple.take());
        polled
    })
    .await;
    (output, staple)
}

/// Checks certificates against trusted authorities, or, for option `insecureSkipTLSVerify`, not at all.
#[derive(Debug)]
pub(super) struct Verifier {
    trusted: Option<Arc<WebPkiServerVerifier>>,
    algorithms: WebPkiSupportedAlgorithms,
}

impl Verifier {
    pub(super) fn new(
        provider: &CryptoProvider,
        trusted: Option<Arc<WebPkiServerVerifier>>,
    ) -> Self {
        Self {
            trusted,
            algorithms: provider.signature_verification_algorithms,
        }
    }
}

impl Verifier {
    /// Checks a certificate, and keeps nothing of it.
    pub(super) fn check(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        staple: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        match &self.trusted {
            Some(trusted) => {
                trusted.verify_server_cert(end_entity, intermediates, name, staple, now)
            }
            None => Ok(ServerCertVerified::assertion()),
        }
    }
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        staple: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        if !staple.is_empty() {
            STAPLE.set(Some(staple.to_vec()));
        }
        self.check(end_entity, intermediates, name, staple, now)
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, certificate, signature, &self.algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, certificate, signature, &self.algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}
