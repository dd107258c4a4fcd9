//! Defines the certificates of tests: authorities made anew, what they sign, and servers that show it.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use rcgen::{
    BasicConstraints, Certificate, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa,
    Issuer, KeyPair, KeyUsagePurpose, SerialNumber, date_time_ymd,
};
use rustls::crypto::ring;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig, SupportedProtocolVersion, version};
use tempfile::TempDir;

/// An authority that nobody knows yet, with its certificate in a file.
pub struct Authority {
    issuer: Issuer<'static, KeyPair>,
    certificate: Certificate,
    ca_file: PathBuf,
    _folder: TempDir,
}

/// A certificate with its key.
pub struct Credentials {
    /// The certificate, as PEM.
    pub certificate: String,
    /// Its key, as PEM: PKCS#8.
    pub key: String,
    der: CertificateDer<'static>,
    key_der: Vec<u8>,
}

impl Authority {
    /// A new one, each time.
    #[expect(clippy::new_without_default, reason = "each is another")]
    pub fn new() -> Authority {
        let mut params = CertificateParams::new(Vec::new()).expect("parameters without names");
        // Another name than the server's certificate has: equal names would make that one look self-signed.
        params
            .distinguished_name
            .push(DnType::CommonName, authority_name());
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let key = KeyPair::generate().expect("a key");
        let certificate = params.self_signed(&key).expect("an authority");
        let folder = TempDir::with_prefix("brunt-ca-").expect("a temporary folder");
        let ca_file = folder.path().join("ca.pem");
        fs::write(&ca_file, certificate.pem()).expect("the authority can be written");
        Authority {
            issuer: Issuer::new(params, key),
            certificate,
            ca_file,
            _folder: folder,
        }
    }

    /// The file with its certificate, as PEM.
    pub fn ca_file(&self) -> &Path {
        &self.ca_file
    }

    /// Its certificate, as PEM.
    pub fn pem(&self) -> String {
        self.certificate.pem()
    }

    /// A certificate for these names, valid now.
    pub fn issue(&self, names: &[&str]) -> Credentials {
        self.sign(params(names))
    }

    /// A certificate for these names, valid from one year's first day to another's.
    pub fn issue_for_years(&self, names: &[&str], from: i32, to: i32) -> Credentials {
        let mut params = params(names);
        params.not_before = date_time_ymd(from, 1, 1);
        params.not_after = date_time_ymd(to, 1, 1);
        self.sign(params)
    }

    /// A certificate for a client, with this common name.
    pub fn issue_client(&self, name: &str) -> Credentials {
        let mut params = params(&[]);
        params.distinguished_name.push(DnType::CommonName, name);
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        self.sign(params)
    }

    fn sign(&self, params: CertificateParams) -> Credentials {
        let key = KeyPair::generate().expect("a key");
        let signed = params.signed_by(&key, &self.issuer);
        let certificate = signed.expect("a certificate");
        Credentials {
            certificate: certificate.pem(),
            key: key.serialize_pem(),
            der: certificate.der().clone(),
            key_der: key.serialize_der(),
        }
    }
}

/// Another for each authority: of two with one name it would be the signature that is wrong, not the name.
fn authority_name() -> String {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    format!("Brunt test authority {count}")
}

fn params(names: &[&str]) -> CertificateParams {
    let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
    let mut params = CertificateParams::new(names).expect("names for a certificate");
    params.serial_number = Some(SerialNumber::from(7));
    params
}

/// A server's side of TLS, built step by step: TLS 1.2 and 1.3, HTTP/1.1 alone, no client certificates, nothing stapled.
pub struct ServerTls<'a> {
    credentials: &'a Credentials,
    versions: Vec<&'static SupportedProtocolVersion>,
    protocols: Vec<Vec<u8>>,
    clients: Option<&'a Authority>,
    staple: Vec<u8>,
}

impl<'a> ServerTls<'a> {
    /// A server that shows this certificate.
    pub fn new(credentials: &'a Credentials) -> ServerTls<'a> {
        ServerTls {
            credentials,
            versions: vec![&version::TLS13, &version::TLS12],
            protocols: vec![b"http/1.1".to_vec()],
            clients: None,
            staple: Vec::new(),
        }
    }

    /// Speaks this version alone.
    pub fn version(mut self, version: &'static SupportedProtocolVersion) -> ServerTls<'a> {
        self.versions = vec![version];
        self
    }

    /// Offers these protocols by ALPN.
    pub fn protocols(mut self, protocols: &[&str]) -> ServerTls<'a> {
        let protocols = protocols.iter().map(|name| name.as_bytes().to_vec());
        self.protocols = protocols.collect();
        self
    }

    /// Requires certificates of clients, signed by this authority.
    pub fn clients_of(mut self, authority: &'a Authority) -> ServerTls<'a> {
        self.clients = Some(authority);
        self
    }

    /// Staples these bytes to its certificate.
    pub fn staple(mut self, staple: Vec<u8>) -> ServerTls<'a> {
        self.staple = staple;
        self
    }

    /// All this for [`crate::Recorder::tls_as`].
    ///
    /// # Panics
    /// When it doesn't go together.
    pub fn config(self) -> ServerConfig {
        let provider = Arc::new(ring::default_provider());
        let builder = ServerConfig::builder_with_provider(provider.clone())
            .with_protocol_versions(&self.versions)
            .expect("versions of TLS");
        let builder = match self.clients {
            None => builder.with_no_client_auth(),
            Some(authority) => {
                let mut roots = RootCertStore::empty();
                let added = roots.add(authority.certificate.der().clone());
                added.expect("an authority");
                let verifier =
                    WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider);
                builder.with_client_cert_verifier(verifier.build().expect("a verifier"))
            }
        };
        let key = PrivatePkcs8KeyDer::from(self.credentials.key_der.clone());
        let chain = vec![self.credentials.der.clone()];
        let mut config = builder
            .with_single_cert_with_ocsp(chain, PrivateKeyDer::Pkcs8(key), self.staple)
            .expect("a configuration");
        config.alpn_protocols = self.protocols;
        config
    }
}
