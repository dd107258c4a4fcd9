//! Defines what failures of QUIC and HTTP/3 are called. k6 knows neither: the codes are Brunt's own, behind those of HTTP/2.

use h3::error::{Code, ConnectionError as H3Error, StreamError};
use quinn::ConnectionError;
use rustls::{AlertDescription, Error as TlsError};

use crate::http::failure::RequestFailure;
use crate::net::tls::failure_of;

impl RequestFailure {
    /// A certificate that was refused in the handshake of QUIC.
    pub(crate) fn tls(fault: &TlsError, host: &str) -> Self {
        let (code, words) = failure_of(fault);
        Self::new(code, format!("TLS handshake with {host}: {words}"))
    }

    /// A connection over QUIC that was not made, or that ended.
    pub(crate) fn quic(error: &ConnectionError) -> Self {
        match error {
            ConnectionError::ConnectionClosed(close) => match alert(close.error_code.into()) {
                Some(alert) => {
                    let (code, words) = failure_of(&TlsError::AlertReceived(alert));
                    Self::new(code, words)
                }
                None => Self::new(1682, format!("http3: the server's QUIC gave up: {close}")),
            },
            ConnectionError::TransportError(fault) => match alert(fault.code.into()) {
                Some(_) => Self::new(1300, format!("TLS over QUIC: {fault}")),
                None => Self::new(
                    1682,
                    format!("http3: the server broke the rules of QUIC: {fault}"),
                ),
            },
            ConnectionError::ApplicationClosed(close) => {
                let code = u64::from(close.error_code);
                if Code::H3_NO_ERROR == code {
                    return Self::new(1203, "the server closed the connection");
                }
                Self::new(
                    1682,
                    format!("http3: the server closed the connection: {close}"),
                )
            }
            ConnectionError::Reset => Self::new(1220, "the server has forgotten the connection"),
            ConnectionError::TimedOut => Self::new(
                1682,
                "http3: the connection is dead: nothing has come for as long as QUIC waits (30 s)",
            ),
            other => Self::new(1010, format!("QUIC: {other}")),
        }
    }

    /// A connection on which HTTP/3 could not begin.
    pub(crate) fn http3_connection(error: &H3Error, closed: Option<ConnectionError>) -> Self {
        Self::ended(&error.to_string(), closed)
    }

    fn ended(words: &str, closed: Option<ConnectionError>) -> Self {
        match closed {
            Some(reason) if reason != ConnectionError::LocallyClosed => Self::quic(&reason),
            _ => Self::new(1682, format!("http3: {words}")),
        }
    }

    /// An exchange that failed over HTTP/3, and whether the server says that it has not looked at it. `closed` is why the
    /// connection has ended, if it has.
    pub(crate) fn http3(error: &StreamError, closed: Option<ConnectionError>) -> (Self, bool) {
        match error {
            StreamError::RemoteTerminate { code, .. } => {
                let words = format!("http3: the server ended the stream: {code}");
                (Self::new(1681, words), *code == Code::H3_REQUEST_REJECTED)
            }
            StreamError::RemoteClosing { .. } => {
                let words = "http3: the server takes no more requests on this connection (GOAWAY)";
                (Self::new(1682, words), true)
            }
            StreamError::ConnectionError { .. } => (Self::ended(&error.to_string(), closed), false),
            StreamError::HeaderTooBig { .. } => (
                Self::new(1681, format!("http3: a head that is too large: {error}")),
                false,
            ),
            other => {
                let words = format!("http3: what came on the stream is wrong: {other}");
                (Self::new(1681, words), false)
            }
        }
    }
}

/// The alert of TLS that an error of QUIC stands for (RFC 9001, 4.8).
fn alert(code: u64) -> Option<AlertDescription> {
    let alert = code.checked_sub(0x100)?;
    u8::try_from(alert).ok().map(AlertDescription::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn alerts_are_those_of_tls() {
        assert_eq!(
            alert(0x100 + 116),
            Some(AlertDescription::CertificateRequired)
        );
        assert_eq!(alert(0x0a), None);
        assert_eq!(alert(0x200), None);
    }

    #[test]
    fn ends_of_connections_have_codes() {
        assert_eq!(RequestFailure::quic(&ConnectionError::Reset).code, 1220);
        assert_eq!(RequestFailure::quic(&ConnectionError::TimedOut).code, 1682);
        assert_eq!(
            RequestFailure::quic(&ConnectionError::CidsExhausted).code,
            1010
        );
    }
}
