//! Defines what failures of TLS are called: an error code, and words that say what to do.

use rustls::{AlertDescription, CertificateError, Error, PeerIncompatible};

/// The code and the words for an error of TLS, in a handshake or later.
pub(crate) fn failure_of(error: &Error) -> (u16, String) {
    match error {
        Error::InvalidCertificate(fault) => certificate(fault),
        Error::AlertReceived(AlertDescription::NoApplicationProtocol) => (1600, NO_HTTP.into()),
        Error::AlertReceived(alert) => (1300, alerted(*alert)),
        Error::PeerIncompatible(
            PeerIncompatible::ServerDoesNotSupportTls12Or13
            | PeerIncompatible::ServerTlsVersionIsDisabledByOurConfig,
        ) => (1300, NO_VERSION.into()),
        Error::InvalidMessage(_) => (
            1300,
            format!("bad record ({error}); does the server speak TLS on this port?"),
        ),
        Error::DecryptError => (1300, "bad record: it can't be decrypted".into()),
        other => (1300, other.to_string()),
    }
}

/// The alert that is named in the words of an error. HTTP/2 gives the words of what it stands on, and nothing else.
pub(crate) fn alert_in(words: &str) -> Option<String> {
    let name = words.split_once("received fatal alert: ")?.1;
    let known = ALERTS
        .iter()
        .find(|alert| name.starts_with(&format!("{alert:?}")));
    Some(known.map_or_else(|| format!("TLS alert {name}"), |alert| alerted(*alert)))
}

const NO_VERSION: &str = "the server speaks none of the versions of TLS that are offered (option tlsVersion; Brunt speaks 1.2 and 1.3)";

const NO_HTTP: &str =
    "the server speaks none of the versions of HTTP that are offered (option httpVersion)";

/// The alerts with words of their own.
const ALERTS: [AlertDescription; 12] = [
    AlertDescription::CertificateRequired,
    AlertDescription::ProtocolVersion,
    AlertDescription::HandshakeFailure,
    AlertDescription::InsufficientSecurity,
    AlertDescription::UnrecognisedName,
    AlertDescription::BadCertificate,
    AlertDescription::UnsupportedCertificate,
    AlertDescription::CertificateRevoked,
    AlertDescription::CertificateExpired,
    AlertDescription::CertificateUnknown,
    AlertDescription::UnknownCA,
    AlertDescription::AccessDenied,
];

fn alerted(alert: AlertDescription) -> String {
    use AlertDescription as Alert;
    match alert {
        Alert::CertificateRequired => {
            "the server requires a client certificate, and none was shown (option tlsAuth)".into()
        }
        Alert::ProtocolVersion => NO_VERSION.into(),
        Alert::HandshakeFailure | Alert::InsufficientSecurity => format!(
            "the server refused the handshake ({alert:?}): it accepts none of the offered cipher suites, or requires a client certificate"
        ),
        Alert::UnrecognisedName => {
            "the server knows no host of this name (UnrecognisedName)".into()
        }
        Alert::BadCertificate
        | Alert::UnsupportedCertificate
        | Alert::CertificateRevoked
        | Alert::CertificateExpired
        | Alert::CertificateUnknown
        | Alert::UnknownCA
        | Alert::AccessDenied => {
            format!("the server refused the client certificate, or the lack of one: {alert:?}")
        }
        other => format!("the server sent the alert {other:?}"),
    }
}

fn certificate(fault: &CertificateError) -> (u16, String) {
    match fault {
        CertificateError::UnknownIssuer => {
            (1310, "x509: certificate signed by unknown authority".into())
        }
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            (1311, format!("x509: {fault}"))
        }
        CertificateError::Expired => (1300, "x509: certificate expired".into()),
        CertificateError::ExpiredContext { time, not_after } => {
            let days = time.as_secs().saturating_sub(not_after.as_secs()) / DAY;
            (1300, format!("x509: certificate expired {days} days ago"))
        }
        CertificateError::NotValidYet => (1300, "x509: certificate is not yet valid".into()),
        CertificateError::NotValidYetContext { time, not_before } => {
            let days = not_before.as_secs().saturating_sub(time.as_secs()) / DAY;
            (
                1300,
                format!("x509: certificate is not yet valid, but will be in {days} days"),
            )
        }
        other => (1300, format!("x509: {other}")),
    }
}

/// Seconds of a day.
const DAY: u64 = 24 * 3600;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn alerts_are_found_in_words() {
        for alert in ALERTS {
            let words = format!("connection error: {}", Error::AlertReceived(alert));
            assert_eq!(alert_in(&words), Some(alerted(alert)));
        }
        let other = Error::AlertReceived(AlertDescription::InternalError).to_string();
        assert_eq!(alert_in(&other).as_deref(), Some("TLS alert InternalError"));
        assert_eq!(alert_in("http2 error: connection reset"), None);
    }
}
