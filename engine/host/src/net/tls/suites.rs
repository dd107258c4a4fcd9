//! Defines the cipher suites that can be offered, by Go's names, and what a run offers.

use rustls::crypto::{CryptoProvider, ring};
use rustls::version::{TLS12, TLS13};
use rustls::{CipherSuite, SupportedCipherSuite, SupportedProtocolVersion};

use crate::error::{Error, ErrorKind};
use crate::settings::TlsSettings;

/// The names of all suites that can be offered; the first three are TLS 1.3's.
pub const CIPHER_SUITES: [&str; 9] = [
    "TLS_AES_128_GCM_SHA256",
    "TLS_AES_256_GCM_SHA384",
    "TLS_CHACHA20_POLY1305_SHA256",
    "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256",
    "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384",
    "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256",
    "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
    "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384",
    "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256",
];

/// The same suites, in the same order.
const SUITES: [CipherSuite; 9] = [
    CipherSuite::TLS13_AES_128_GCM_SHA256,
    CipherSuite::TLS13_AES_256_GCM_SHA384,
    CipherSuite::TLS13_CHACHA20_POLY1305_SHA256,
    CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
    CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
    CipherSuite::TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,
    CipherSuite::TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
    CipherSuite::TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
    CipherSuite::TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
];

/// Whether a suite of this name can be offered: one of [`CIPHER_SUITES`], or k6's shorter names of those with `CHACHA20`.
pub fn is_cipher_suite(name: &str) -> bool {
    find(name).is_some()
}

/// The name of a suite that was agreed on.
pub(crate) fn cipher_suite_name(suite: CipherSuite) -> Option<&'static str> {
    let index = SUITES.iter().position(|known| *known == suite)?;
    Some(CIPHER_SUITES[index])
}

/// What a run offers to servers.
pub(super) struct Offer {
    pub(super) provider: CryptoProvider,
    pub(super) versions: Vec<&'static SupportedProtocolVersion>,
}

/// Suites as the settings list them, for the versions that they allow.
pub(super) fn offer(settings: &TlsSettings) -> Result<Offer, Error> {
    let mut provider = ring::default_provider();
    let listed = listed(&settings.cipher_suites)?;
    if !listed.is_empty() {
        provider.cipher_suites = chosen(&provider.cipher_suites, &listed);
    }
    let allowed = |suite: &SupportedCipherSuite| match is_tls13(suite) {
        true => !settings.no_tls13,
        false => !settings.no_tls12,
    };
    provider.cipher_suites.retain(allowed);
    let has = |tls13| {
        provider
            .cipher_suites
            .iter()
            .any(|suite| is_tls13(suite) == tls13)
    };
    let versions: Vec<_> = [(&TLS13, has(true)), (&TLS12, has(false))]
        .into_iter()
        .filter_map(|(version, has)| has.then_some(version))
        .collect();
    if versions.is_empty() {
        let message = "tlsCipherSuites has no suite for the versions in tlsVersion";
        return Err(Error::new(ErrorKind::Setting, message)
            .hint("TLS_AES_* and TLS_CHACHA20_* are TLS 1.3's, TLS_ECDHE_* are TLS 1.2's"));
    }
    Ok(Offer { provider, versions })
}

fn find(name: &str) -> Option<CipherSuite> {
    let short =
        |known: &&str| known.strip_suffix("_SHA256") == Some(name) && name.contains("CHACHA20");
    let index = CIPHER_SUITES
        .iter()
        .position(|known| *known == name || short(known))?;
    Some(SUITES[index])
}

fn listed(names: &[String]) -> Result<Vec<CipherSuite>, Error> {
    let unknown = |name: &String| {
        Error::new(
            ErrorKind::Setting,
            format!("tlsCipherSuites: {name:?} is not a suite that can be offered"),
        )
    };
    names
        .iter()
        .map(|name| find(name).ok_or_else(|| unknown(name)))
        .collect()
}

/// Those of a list, in its order. As in Go, a list that is silent about TLS 1.3 is about TLS 1.2 alone.
fn chosen(all: &[SupportedCipherSuite], listed: &[CipherSuite]) -> Vec<SupportedCipherSuite> {
    let find = |suite: &CipherSuite| all.iter().copied().find(|known| known.suite() == *suite);
    let listed: Vec<SupportedCipherSuite> = listed.iter().filter_map(find).collect();
    if listed.iter().any(is_tls13) {
        return listed;
    }
    all.iter().copied().filter(is_tls13).chain(listed).collect()
}

fn is_tls13(suite: &SupportedCipherSuite) -> bool {
    suite.tls13().is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn offered(settings: &TlsSettings) -> (Vec<&'static str>, usize) {
        let offer = offer(settings).unwrap_or_else(|_| panic!("suites for a version"));
        let suites = offer.provider.cipher_suites.iter();
        let names = suites.filter_map(|suite| cipher_suite_name(suite.suite()));
        (names.collect(), offer.versions.len())
    }

    #[test]
    fn everything_is_offered_by_default_and_has_a_name() {
        let (names, versions) = offered(&TlsSettings::default());
        assert_eq!((names.len(), versions), (CIPHER_SUITES.len(), 2));
    }

    #[test]
    fn a_list_for_tls12_leaves_tls13_alone() {
        let name = "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305";
        let settings = TlsSettings {
            cipher_suites: vec![name.into()],
            ..TlsSettings::default()
        };
        let (names, versions) = offered(&settings);
        assert_eq!((names.len(), versions), (4, 2));
        assert_eq!(names[3], format!("{name}_SHA256"));
        let settings = TlsSettings {
            no_tls13: true,
            ..settings
        };
        assert_eq!(offered(&settings), (vec![names[3]], 1));
        let settings = TlsSettings {
            no_tls12: true,
            no_tls13: false,
            cipher_suites: vec![name.into(), CIPHER_SUITES[1].into()],
            ..settings
        };
        assert_eq!(offered(&settings), (vec![CIPHER_SUITES[1]], 1));
    }

    #[test]
    fn suites_that_fit_no_version_are_refused() {
        let settings = TlsSettings {
            no_tls13: true,
            cipher_suites: vec![CIPHER_SUITES[0].into()],
            ..TlsSettings::default()
        };
        assert!(offer(&settings).is_err());
    }
}
