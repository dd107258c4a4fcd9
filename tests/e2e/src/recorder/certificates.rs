//! Defines the certificates of a server with TLS: an authority of its own, made anew for every server.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};
use rustls::ServerConfig;
use rustls::crypto::ring;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use tempfile::TempDir;
use tokio_rustls::TlsAcceptor;

/// An authority in a file, and a server's side of TLS with a certificate that it signed.
pub(crate) struct Certificates {
    config: Arc<ServerConfig>,
    ca_file: PathBuf,
    _folder: TempDir,
}

impl Certificates {
    /// For `localhost` and `127.0.0.1`, offering these protocols by ALPN.
    pub(crate) fn new(protocols: &[&str]) -> Certificates {
        Certificates::with(protocols, |_| {})
    }

    /// The same, and their time is over.
    pub(crate) fn expired(protocols: &[&str]) -> Certificates {
        Certificates::with(protocols, |params| {
            params.not_before = rcgen::date_time_ymd(2020, 1, 1);
            params.not_after = rcgen::date_time_ymd(2021, 1, 1);
        })
    }

    fn with(protocols: &[&str], change: impl FnOnce(&mut CertificateParams)) -> Certificates {
        let (issuer, ca_pem) = authority();
        let folder = TempDir::with_prefix("brunt-ca-").expect("a temporary folder");
        let ca_file = folder.path().join("ca.pem");
        fs::write(&ca_file, ca_pem).expect("the authority can be written");
        Certificates {
            config: Arc::new(config(&issuer, protocols, change)),
            ca_file,
            _folder: folder,
        }
    }

    /// The server's side of TLS.
    pub(crate) fn config(&self) -> Arc<ServerConfig> {
        Arc::clone(&self.config)
    }

    pub(super) fn acceptor(&self) -> TlsAcceptor {
        TlsAcceptor::from(Arc::clone(&self.config))
    }

    pub(crate) fn ca_file(&self) -> &Path {
        &self.ca_file
    }
}

fn authority() -> (Issuer<'static, KeyPair>, String) {
    let mut params = CertificateParams::new(Vec::new()).expect("parameters without names");
    // Another name than the server's certificate has: equal names would make that one look self-signed.
    params
        .distinguished_name
        .push(DnType::CommonName, "Brunt test authority");
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let key = KeyPair::generate().expect("a key");
    let pem = params.self_signed(&key).expect("an authority").pem();
    (Issuer::new(params, key), pem)
}

fn config(
    issuer: &Issuer<'static, KeyPair>,
    protocols: &[&str],
    change: impl FnOnce(&mut CertificateParams),
) -> ServerConfig {
    let names = vec!["localhost".to_owned(), "127.0.0.1".to_owned()];
    let key = KeyPair::generate().expect("a key");
    let mut params = CertificateParams::new(names).expect("names for a certificate");
    change(&mut params);
    let certificate = params.signed_by(&key, issuer).expect("a certificate");
    let private = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let builder = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()));
    let builder = builder
        .with_safe_default_protocol_versions()
        .expect("versions of TLS");
    let mut config = builder
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], private)
        .expect("a configuration");
    config.alpn_protocols = protocols
        .iter()
        .map(|name| name.as_bytes().to_vec())
        .collect();
    config
}
