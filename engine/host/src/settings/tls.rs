//! Defines what a run says about TLS: versions, cipher suites, certificates, and whom to trust.

use std::fmt;
use std::path::PathBuf;

/// TLS of all connections. By default TLS 1.2 and 1.3 with every suite that [`crate::CIPHER_SUITES`] names, the machine's own
/// authorities, and no client certificate.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TlsSettings {
    /// Whether certificates of servers go unchecked.
    pub insecure_skip_verify: bool,
    /// Whether TLS 1.2 is not offered.
    pub no_tls12: bool,
    /// Whether TLS 1.3 is not offered.
    pub no_tls13: bool,
    /// The cipher suites that are offered, by the names in [`crate::CIPHER_SUITES`]; empty for all. A list without any suite of
    /// TLS 1.3 is about TLS 1.2 alone.
    pub cipher_suites: Vec<String>,
    /// The certificates that are shown to servers that ask for one.
    pub client_certificates: Vec<ClientCertificate>,
    /// Authorities that are trusted beside the machine's own.
    pub authorities: Option<Authorities>,
    /// The file that the secrets of every connection are appended to, for programs that decrypt captured traffic.
    pub key_log: Option<PathBuf>,
}

/// Certificates of authorities.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Authorities {
    /// One or more, as PEM.
    Pem(String),
    /// The file that has them, as PEM.
    File(PathBuf),
}

/// A certificate with its key, for some domains.
#[derive(Clone, PartialEq, Eq)]
pub struct ClientCertificate {
    /// The certificate, and those between it and its authority, as PEM.
    pub certificate: String,
    /// Its key, as PEM: PKCS#8, PKCS#1 or SEC 1, encrypted or not.
    pub key: String,
    /// The password of the key, if it is encrypted.
    pub password: Option<String>,
    /// The hosts that it is shown to, `*.example.com` included; all when empty.
    pub domains: Vec<String>,
}

impl fmt::Debug for ClientCertificate {
    /// Without the key and its password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientCertificate")
            .field("certificate", &self.certificate)
            .field("domains", &self.domains)
            .finish_non_exhaustive()
    }
}
