//! Defines what a server staples to its certificate: whether its authority still stands by it (OCSP, RFC 6960).

use x509_cert::der::Decode;
use x509_cert::ext::pkix::CrlReason;
use x509_ocsp::{
    BasicOcspResponse, CertStatus, OcspGeneralizedTime, OcspResponse, OcspResponseStatus,
};

/// The state of a certificate, by k6's names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum OcspStatus {
    Good,
    Revoked,
    Unknown,
    ServerFailed,
}

/// A stapled response. Times are seconds since 1970. Its signature is not checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Ocsp {
    pub(crate) status: OcspStatus,
    pub(crate) revocation_reason: Option<&'static str>,
    pub(crate) produced_at: Option<u64>,
    pub(crate) this_update: Option<u64>,
    pub(crate) next_update: Option<u64>,
    pub(crate) revoked_at: Option<u64>,
}

impl OcspStatus {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::Revoked => "revoked",
            Self::Unknown => "unknown",
            Self::ServerFailed => "server_failed",
        }
    }
}

impl Ocsp {
    /// Reads a response; of several certificates in it the first counts. What can't be read says that nothing is known.
    pub(crate) fn read(staple: &[u8]) -> Self {
        let nothing = Self::of(OcspStatus::Unknown);
        let Ok(response) = OcspResponse::from_der(staple) else {
            return nothing;
        };
        if response.response_status != OcspResponseStatus::Successful {
            return Self::of(OcspStatus::ServerFailed);
        }
        let basic = response.response_bytes.as_ref();
        basic
            .and_then(|bytes| BasicOcspResponse::from_der(bytes.response.as_bytes()).ok())
            .and_then(|basic| Self::of_first(&basic))
            .unwrap_or(nothing)
    }

    fn of(status: OcspStatus) -> Self {
        Self {
            status,
            revocation_reason: None,
            produced_at: None,
            this_update: None,
            next_update: None,
            revoked_at: None,
        }
    }

    fn of_first(basic: &BasicOcspResponse) -> Option<Self> {
        let data = &basic.tbs_response_data;
        let first = data.responses.first()?;
        let (status, revoked) = match &first.cert_status {
            CertStatus::Good(_) => (OcspStatus::Good, None),
            CertStatus::Revoked(info) => (OcspStatus::Revoked, Some(info)),
            CertStatus::Unknown(_) => (OcspStatus::Unknown, None),
        };
        let reason = |reason: Option<CrlReason>| reason.map_or("unspecified", reason_name);
        Some(Self {
            status,
            revocation_reason: revoked.map(|info| reason(info.revocation_reason)),
            produced_at: Some(seconds(&data.produced_at)),
            this_update: Some(seconds(&first.this_update)),
            next_update: first.next_update.as_ref().map(seconds),
            revoked_at: revoked.map(|info| seconds(&info.revocation_time)),
        })
    }
}

fn seconds(time: &OcspGeneralizedTime) -> u64 {
    time.0.to_unix_duration().as_secs()
}

fn reason_name(reason: CrlReason) -> &'static str {
    match reason {
        CrlReason::Unspecified => "unspecified",
        CrlReason::KeyCompromise => "key_compromise",
        CrlReason::CaCompromise => "ca_compromise",
        CrlReason::AffiliationChanged => "affiliation_changed",
        CrlReason::Superseded => "superseded",
        CrlReason::CessationOfOperation => "cessation_of_operation",
        CrlReason::CertificateHold => "certificate_hold",
        CrlReason::RemoveFromCRL => "remove_from_crl",
        CrlReason::PrivilegeWithdrawn => "privilege_withdrawn",
        CrlReason::AaCompromise => "aa_compromise",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_good_response_has_a_status_all_the_same() {
        // OCSPResponse { responseStatus tryLater }
        let later = Ocsp::read(&[0x30, 0x03, 0x0a, 0x01, 0x03]);
        assert_eq!(later, Ocsp::of(OcspStatus::ServerFailed));
        assert_eq!(Ocsp::read(b"nonsense").status.name(), "unknown");
        // Successful, and nothing in it.
        assert_eq!(
            Ocsp::read(&[0x30, 0x03, 0x0a, 0x01, 0x00]).status,
            OcspStatus::Unknown
        );
    }
}
