//! Defines client certificates: read from PEM, and chosen by the host that they are for.

use std::sync::Arc;

use pem::Pem;
use rustls::client::ResolvesClientCert;
use rustls::crypto::ring::sign::any_supported_type;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::{CertifiedKey, SingleCertAndKey};

use super::{Configs, encrypted_key};
use crate::error::{Error, ErrorKind};
use crate::settings::ClientCertificate;

/// A client certificate for one domain, or for all.
pub(super) struct Identity {
    domain: Domain,
    credentials: Arc<SingleCertAndKey>,
    /// The configurations with it.
    pub(super) configs: Configs,
}

/// The hosts that a certificate is for.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Domain {
    /// This one.
    Host(String),
    /// All below it: `.example.com`.
    Below(String),
    /// All.
    Any,
}

/// The client certificates of a run by domain, the most specific first; of equal ones, in the order given.
pub(super) fn identities(certificates: &[ClientCertificate]) -> Result<Vec<Identity>, Error> {
    let mut identities = Vec::new();
    for (index, certificate) in certificates.iter().enumerate() {
        let read = read(certificate).map_err(|message| {
            Error::new(ErrorKind::Setting, format!("tlsAuth[{index}]: {message}"))
        })?;
        let credentials = Arc::new(SingleCertAndKey::from(read));
        identities.extend(domains(certificate).into_iter().map(|domain| Identity {
            domain,
            credentials: credentials.clone(),
            configs: Configs::default(),
        }));
    }
    identities.sort_by_key(|identity| identity.domain.breadth());
    Ok(identities)
}

/// All certificates of a text; at least one.
pub(super) fn read_certificates(text: &str) -> Result<Vec<CertificateDer<'static>>, String> {
    let blocks = blocks(text, "certificate")?;
    let wrong = blocks.iter().find(|block| block.tag() != "CERTIFICATE");
    match wrong {
        Some(block) => Err(format!(
            "{} is where a CERTIFICATE is expected",
            block.tag()
        )),
        None => Ok(blocks
            .into_iter()
            .map(|block| CertificateDer::from(block.into_contents()))
            .collect()),
    }
}

/// A client certificate of a connection's own: a chain and its key.
pub(super) fn own(chain: &str, key: &str) -> Result<Arc<SingleCertAndKey>, String> {
    let certificate = ClientCertificate {
        certificate: chain.to_owned(),
        key: key.to_owned(),
        password: None,
        domains: Vec::new(),
    };
    Ok(Arc::new(read(&certificate)?.into()))
}

impl Identity {
    pub(super) fn is_for(&self, host: &str) -> bool {
        self.domain.matches(host)
    }

    pub(super) fn resolver(&self) -> Arc<dyn ResolvesClientCert> {
        self.credentials.clone()
    }
}

impl Domain {
    fn new(text: &str) -> Self {
        let text = text.to_ascii_lowercase();
        match text.strip_prefix('*') {
            Some(suffix) => Self::Below(suffix.to_owned()),
            None => Self::Host(text),
        }
    }

    /// Whether a host in lower case, as URLs have it, is meant.
    fn matches(&self, host: &str) -> bool {
        match self {
            Self::Host(name) => name == host,
            Self::Below(suffix) => host.len() > suffix.len() && host.ends_with(suffix.as_str()),
            Self::Any => true,
        }
    }

    /// Grows with how many hosts are meant.
    fn breadth(&self) -> usize {
        match self {
            Self::Host(_) => 0,
            Self::Below(suffix) => usize::MAX - 1 - suffix.len(),
            Self::Any => usize::MAX,
        }
    }
}

fn domains(certificate: &ClientCertificate) -> Vec<Domain> {
    match certificate.domains.as_slice() {
        [] => vec![Domain::Any],
        domains => domains.iter().map(|text| Domain::new(text)).collect(),
    }
}

/// The messages show nothing of the key.
fn read(certificate: &ClientCertificate) -> Result<CertifiedKey, String> {
    let chain = read_certificates(&certificate.certificate)
        .map_err(|message| format!("cert: {message}"))?;
    let key = read_key(&certificate.key, certificate.password.as_deref())
        .map_err(|message| format!("key: {message}"))?;
    let key = any_supported_type(&key).map_err(|_| {
        "key: is not one that can sign here; use RSA of 2048 bits or more, ECDSA on P-256 or P-384, or Ed25519"
    })?;
    let certified = CertifiedKey::new(chain, key);
    match certified.keys_match() {
        Ok(()) | Err(rustls::Error::InconsistentKeys(rustls::InconsistentKeys::Unknown)) => {
            Ok(certified)
        }
        Err(rustls::Error::InconsistentKeys(_)) => {
            Err("cert and key do not belong together".to_owned())
        }
        Err(_) => Err("cert: is not a certificate that can be read".to_owned()),
    }
}

/// The first private key of a text; what else is there, such as the parameters of a curve, doesn't count.
fn read_key(text: &str, password: Option<&str>) -> Result<PrivateKeyDer<'static>, String> {
    let blocks = blocks(text, "private key")?;
    let found = blocks
        .into_iter()
        .find(|block| block.tag().ends_with("PRIVATE KEY"));
    let block = found.ok_or("has no private key")?;
    let is_encrypted = block.headers().get("DEK-Info").is_some();
    let tag = block.tag().to_owned();
    let contents = match (tag.as_str(), is_encrypted) {
        ("ENCRYPTED PRIVATE KEY", _) => {
            encrypted_key::decrypt_pkcs8(block.contents(), needed(password)?)?
        }
        (_, true) => encrypted_key::decrypt_legacy(&block, needed(password)?)?,
        (_, false) => block.into_contents(),
    };
    match tag.as_str() {
        "PRIVATE KEY" | "ENCRYPTED PRIVATE KEY" => Ok(PrivateKeyDer::Pkcs8(contents.into())),
        "RSA PRIVATE KEY" => Ok(PrivateKeyDer::Pkcs1(contents.into())),
        "EC PRIVATE KEY" => Ok(PrivateKeyDer::Sec1(contents.into())),
        other => Err(format!(
            "{other} is a kind that is not read; use PRIVATE KEY (PKCS#8), RSA PRIVATE KEY or EC PRIVATE KEY"
        )),
    }
}

fn needed(password: Option<&str>) -> Result<&str, String> {
    password
        .filter(|password| !password.is_empty())
        .ok_or_else(|| "is encrypted, and there is no password for it".to_owned())
}

/// The blocks of a text; at least one.
fn blocks(text: &str, what: &str) -> Result<Vec<Pem>, String> {
    let blocks = pem::parse_many(text).unwrap_or_default();
    if blocks.is_empty() {
        return Err(format!(
            "has no {what} in PEM, which begins with -----BEGIN"
        ));
    }
    Ok(blocks)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_most_specific_domain_comes_first() {
        let mut domains = ["*.com", "*.example.com", "api.example.com"].map(Domain::new);
        domains.reverse();
        let mut all = vec![Domain::Any];
        all.extend(domains);
        all.sort_by_key(Domain::breadth);
        let first = |host: &str| all.iter().position(|domain| domain.matches(host));
        assert_eq!(first("api.example.com"), Some(0));
        assert_eq!(first("a.b.example.com"), Some(1));
        assert_eq!(first("example.com"), Some(2));
        assert_eq!(first("127.0.0.1"), Some(3));
    }

    /// What OpenSSL wrote; those that are encrypted have the password `open-sesame`.
    macro_rules! file {
        ($name:literal) => {
            include_str!(concat!("testdata/", $name, ".pem"))
        };
    }

    fn read_file(cert: &str, key: &str, password: Option<&str>) -> Result<(), String> {
        let certificate = ClientCertificate {
            certificate: cert.into(),
            key: key.into(),
            password: password.map(str::to_owned),
            domains: Vec::new(),
        };
        read(&certificate).map(drop)
    }

    #[test]
    fn keys_of_all_kinds_are_read() {
        let (rsa, ec) = (file!("rsa.cert"), file!("ec.cert"));
        let open = [
            (rsa, file!("rsa.pkcs1")),
            (rsa, file!("rsa.pkcs8")),
            (ec, file!("ec.sec1")),
        ];
        for (cert, key) in open {
            assert_eq!(read_file(cert, key, None), Ok(()));
        }
        let sealed = [
            file!("ec.aes128"),
            file!("ec.aes256"),
            file!("ec.des3"),
            file!("ec.pbes2"),
            file!("ec.pbes2-des3"),
            file!("ec.scrypt"),
        ];
        for key in sealed {
            let error = |password| read_file(ec, key, password).err().unwrap_or_default();
            assert_eq!(error(Some("open-sesame")), "", "{key}");
            assert!(error(None).contains("there is no password"), "{key}");
            assert!(error(Some("")).contains("there is no password"), "{key}");
            // A legacy key opened wrongly may look whole, and is then no key.
            let wrong = error(Some("wrong"));
            assert!(
                wrong.contains("password is wrong") || wrong.contains("can sign"),
                "{wrong}"
            );
        }
    }

    #[test]
    fn keys_that_are_not_read_say_what_is() {
        let ec = file!("ec.cert");
        let error = |key, password| read_file(ec, key, password).err().unwrap_or_default();
        let camellia = error(file!("ec.camellia"), Some("open-sesame"));
        assert!(
            camellia.contains("CAMELLIA-128-CBC; AES-128-CBC"),
            "{camellia}"
        );
        let pbes1 = error(file!("ec.pbes1"), Some("open-sesame"));
        assert!(pbes1.contains("openssl pkcs8 -topk8"), "{pbes1}");
        let other = error(file!("rsa.pkcs1"), None);
        assert!(other.contains("do not belong together"), "{other}");
    }

    #[test]
    fn what_is_no_pem_is_said_without_showing_it() {
        let certificate = |cert: &str, key: &str| ClientCertificate {
            certificate: cert.into(),
            key: key.into(),
            password: None,
            domains: Vec::new(),
        };
        const EMPTY: &str = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
        let dsa = EMPTY.replace("CERTIFICATE", "DSA PRIVATE KEY");
        let cases = [
            ("s3cret", "s3cret", "cert: has no certificate in PEM"),
            (&dsa, "s3cret", "cert: DSA PRIVATE KEY is where"),
            (EMPTY, "s3cret", "key: has no private key in PEM"),
            (EMPTY, EMPTY, "key: has no private key"),
            (EMPTY, &dsa, "key: DSA PRIVATE KEY is a kind"),
        ];
        for (cert, key, message) in cases {
            let error = read(&certificate(cert, key)).err().unwrap_or_default();
            assert!(error.starts_with(message), "{error}");
            assert!(!error.contains("s3cret"), "{error}");
        }
    }
}
