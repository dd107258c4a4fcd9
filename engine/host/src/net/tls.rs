//! Defines TLS for the client: the configurations of a run, made once for all its connections.

mod credentials;
mod encrypted_key;
mod key_log;
mod suites;
mod verify;
mod wishes;

mod fault;
mod ocsp;
mod quic;

use std::fs;
use std::sync::{Arc, Once, OnceLock};

use rustls::ClientConfig;
use rustls::client::{ResolvesClientCert, Resumption, WebPkiServerVerifier};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::CertificateDer;
use rustls::{RootCertStore, SupportedProtocolVersion};

use crate::error::{Error, ErrorKind};
use crate::http::RequestFailure;
use crate::log::{Level, LogSink};
use crate::settings::{Authorities, HttpVersion, TlsSettings};
use credentials::Identity;
use key_log::KeyLogFile;
use verify::Verifier;
use wishes::OwnVerifiers;

pub(crate) use fault::{alert_in, failure_of};
pub(crate) use ocsp::{Ocsp, OcspStatus};
pub(crate) use quic::QuicTls;
pub(crate) use suites::cipher_suite_name;
pub use suites::{CIPHER_SUITES, is_cipher_suite};
pub(crate) use verify::with_staple;
pub(crate) use wishes::TlsWishes;

/// A configuration for each version of HTTP, made when the first connection needs it.
type Configs = [OnceLock<Arc<ClientConfig>>; HttpVersion::NAMES.len()];

/// The TLS of a run: what is the same for all its connections, and one configuration for each client certificate.
///
/// Sessions are not resumed: every handshake is a whole one, as in Go's client, on which k6 stands.
pub(crate) struct Tls {
    provider: Arc<CryptoProvider>,
    versions: Vec<&'static SupportedProtocolVersion>,
    insecure: bool,
    /// Authorities beside the machine's own.
    authorities: Vec<CertificateDer<'static>>,
    key_log: Option<Arc<KeyLogFile>>,
    log: Arc<dyn LogSink>,
    /// The most specific domains first.
    identities: Vec<Identity>,
    /// Made ahead by [`Tls::prepare`], or when the first connection needs it: reading the machine's authorities takes some
    /// tens of milliseconds.
    verifier: OnceLock<Result<Arc<Verifier>, String>>,
    /// What was wrong with the machine's authorities, told when the first connection needs them.
    faults: OnceLock<Vec<String>>,
    told: Once,
    anonymous: Configs,
    /// Whom the machine and the run trust; read when first needed.
    roots: OnceLock<Arc<RootCertStore>>,
    own: OwnVerifiers,
}

impl Tls {
    /// What the settings ask for.
    ///
    /// # Errors
    /// Certificates, keys or files that can't be read, and cipher suites that fit no version.
    pub(crate) fn new(settings: &TlsSettings, log: &Arc<dyn LogSink>) -> Result<Self, Error> {
        let offer = suites::offer(settings)?;
        let key_log = settings.key_log.as_deref();
        let key_log = key_log
            .map(|file| KeyLogFile::open(file, log))
            .transpose()?;
        Ok(Self {
            provider: Arc::new(offer.provider),
            versions: offer.versions,
            insecure: settings.insecure_skip_verify,
            authorities: match &settings.authorities {
                Some(authorities) => read_authorities(authorities)?,
                None => Vec::new(),
            },
            key_log: key_log.map(Arc::new),
            log: log.clone(),
            identities: credentials::identities(&settings.client_certificates)?,
            verifier: OnceLock::new(),
            faults: OnceLock::new(),
            told: Once::new(),
            anonymous: Configs::default(),
            roots: OnceLock::new(),
            own: OwnVerifiers::default(),
        })
    }

    /// Reads whom to trust, before the first connection needs it.
    pub(crate) fn prepare(&self) {
        // What is wrong is told by the first connection; runs without TLS need not know.
        let _ = self.made_verifier();
    }

    /// The configuration for a host: this version of HTTP is offered, or HTTP/2 and HTTP/1.1, in this order; and the client
    /// certificate that is for this host.
    ///
    /// # Errors
    /// When nobody is trusted: the machine has no authorities, and the run adds none.
    pub(crate) fn config(
        &self,
        host: &str,
        version: HttpVersion,
    ) -> Result<Arc<ClientConfig>, RequestFailure> {
        let verifier = self.verifier()?;
        let identity = self.identity(host);
        let made = identity.map_or(&self.anonymous, |identity| &identity.configs);
        Ok(made[version as usize]
            .get_or_init(|| Arc::new(self.new_config(verifier, identity, version)))
            .clone())
    }

    fn verifier(&self) -> Result<&Arc<Verifier>, RequestFailure> {
        let verifier = self.made_verifier();
        self.told.call_once(|| self.tell_faults());
        verifier
            .as_ref()
            .map_err(|message| RequestFailure::new(1310, message.as_str()))
    }

    /// The client certificate that is for this host.
    fn identity(&self, host: &str) -> Option<&Identity> {
        self.identities
            .iter()
            .find(|identity| identity.is_for(host))
    }

    fn new_config(
        &self,
        verifier: &Arc<Verifier>,
        identity: Option<&Identity>,
        version: HttpVersion,
    ) -> ClientConfig {
        let offered: &[&[u8]] = match version {
            HttpVersion::Auto => &[b"h2", b"http/1.1"],
            HttpVersion::Http1 => &[b"http/1.1"],
            HttpVersion::Http2 => &[b"h2"],
            HttpVersion::Http3 => &[b"h3"],
        };
        let offered = offered.iter().map(|name| name.to_vec()).collect();
        self.config_of(verifier, identity.map(Identity::resolver), offered)
    }

    fn config_of(
        &self,
        verifier: &Arc<Verifier>,
        client: Option<Arc<dyn ResolvesClientCert>>,
        protocols: Vec<Vec<u8>>,
    ) -> ClientConfig {
        let builder = ClientConfig::builder_with_provider(self.provider.clone())
            .with_protocol_versions(&self.versions)
            .expect("the versions were chosen by the suites")
            .dangerous()
            .with_custom_certificate_verifier(verifier.clone());
        let mut config = match client {
            Some(client) => builder.with_client_cert_resolver(client),
            None => builder.with_no_client_auth(),
        };
        config.alpn_protocols = protocols;
        config.resumption = Resumption::disabled();
        if let Some(key_log) = &self.key_log {
            config.key_log = key_log.clone();
        }
        config
    }

    fn tell_faults(&self) {
        for fault in self.faults.get().into_iter().flatten() {
            let message = format!("the machine's trusted authorities: {fault}");
            self.log.log(Level::Warn, "tls", &message);
        }
    }

    fn made_verifier(&self) -> &Result<Arc<Verifier>, String> {
        self.verifier.get_or_init(|| self.new_verifier())
    }

    fn new_verifier(&self) -> Result<Arc<Verifier>, String> {
        let trusted = match self.insecure {
            true => None,
            false => Some(self.trusted()?),
        };
        Ok(Arc::new(Verifier::new(&self.provider, trusted)))
    }

    fn trusted(&self) -> Result<Arc<WebPkiServerVerifier>, String> {
        verified(self.roots().clone(), &self.provider)
    }

    fn roots(&self) -> &Arc<RootCertStore> {
        self.roots.get_or_init(|| {
            let machine = rustls_native_certs::load_native_certs();
            let faults = machine.errors.iter().map(ToString::to_string);
            let _ = self.faults.set(faults.collect());
            let mut roots = RootCertStore::empty();
            roots.add_parsable_certificates(machine.certs);
            roots.add_parsable_certificates(self.authorities.iter().cloned());
            Arc::new(roots)
        })
    }
}

/// What checks certificates against these authorities.
fn verified(
    roots: Arc<RootCertStore>,
    provider: &Arc<CryptoProvider>,
) -> Result<Arc<WebPkiServerVerifier>, String> {
    let builder = WebPkiServerVerifier::builder_with_provider(roots, provider.clone());
    builder.build().map_err(|_| {
        "x509: this machine trusts no authority at all; add one with --ca FILE, or install ca-certificates".to_owned()
    })
}

/// The certificates of a file or text, each of them one that can be trusted.
fn read_authorities(authorities: &Authorities) -> Result<Vec<CertificateDer<'static>>, Error> {
    let refused = |message: String| {
        Error::new(ErrorKind::Setting, format!("tlsCA: {message}"))
            .hint("give certificates of authorities as PEM: -----BEGIN CERTIFICATE-----")
    };
    let text = match authorities {
        Authorities::Pem(text) => text.clone(),
        Authorities::File(file) => fs::read_to_string(file)
            .map_err(|error| refused(format!("can't read {}: {error}", file.display())))?,
    };
    let certificates = credentials::read_certificates(&text).map_err(refused)?;
    for (index, certificate) in certificates.iter().enumerate() {
        let added = RootCertStore::empty().add(certificate.clone());
        added.map_err(|error| refused(format!("certificate {}: {error}", index + 1)))?;
    }
    Ok(certificates)
}
