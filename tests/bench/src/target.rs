//! Defines the targets of the HTTP measurements: an nginx of our own, one worker, no log, a body of a few bytes.

use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;

use anyhow::{Context, Result};
use brunt_e2e::{Authority, Nginx};
use tempfile::TempDir;

/// A running target.
pub(crate) struct Target {
    nginx: Nginx,
    scheme: &'static str,
    folder: TempDir,
}

/// What a target speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Speaks {
    Http,
    /// HTTP/1.1 over TLS 1.3; each handshake is a whole one.
    Https,
    /// HTTP/2 over TLS 1.3.
    Http2,
}

impl Target {
    /// Starts it on a free port of 127.0.0.1.
    ///
    /// # Errors
    /// When there can be no temporary folder.
    pub(crate) fn start(speaks: Speaks) -> Result<Target> {
        Self::with_workers(speaks, 1)
    }

    /// The same for more connections at once than the kernel lets wait for one listener (`net.core.somaxconn`, 4,096 as a
    /// rule): those beyond it would be dialled again a second later. Each of four workers has a listener of its own.
    ///
    /// # Errors
    /// When there can be no temporary folder.
    pub(crate) fn of_many(speaks: Speaks) -> Result<Target> {
        Self::with_workers(speaks, 4)
    }

    fn with_workers(speaks: Speaks, workers: usize) -> Result<Target> {
        let folder = TempDir::with_prefix("brunt-bench-")?;
        let credentials = Authority::new().issue(&["127.0.0.1", "localhost"]);
        let files = [
            ("server.pem", credentials.certificate.as_str()),
            ("server.key", credentials.key.as_str()),
        ];
        let status = status_socket(&folder);
        let server = configuration(speaks, workers, &status.display().to_string());
        Ok(Target {
            nginx: Nginx::with_workers(workers, &server, &files),
            scheme: if speaks == Speaks::Http {
                "http"
            } else {
                "https"
            },
            folder,
        })
    }

    /// The URL of something that answers all methods with a few bytes; below it is `post`.
    pub(crate) fn url(&self) -> String {
        format!("{}://{}/", self.scheme, self.nginx.address())
    }

    /// How many connections it keeps that wait for their next request.
    ///
    /// # Errors
    /// When it does not say.
    pub(crate) fn waiting(&self) -> Result<usize> {
        self.status(read_waiting)
    }

    /// How many requests it has seen, those of this question too.
    ///
    /// # Errors
    /// When it does not say.
    pub(crate) fn requests(&self) -> Result<usize> {
        self.status(read_requests)
    }

    fn status(&self, read: fn(&str) -> Option<usize>) -> Result<usize> {
        let mut stream = UnixStream::connect(status_socket(&self.folder))
            .context("can't ask nginx for its status")?;
        stream.write_all(b"GET /status HTTP/1.0\r\n\r\n")?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        read(&answer).with_context(|| format!("nginx says of its status: {answer}"))
    }
}

fn status_socket(folder: &TempDir) -> PathBuf {
    folder.path().join("status.sock")
}

/// `Reading: 0 Writing: 1 Waiting: 50`
fn read_waiting(status: &str) -> Option<usize> {
    let (_, waiting) = status.split_once("Waiting:")?;
    waiting.split_whitespace().next()?.parse().ok()
}

/// ` 9 9 12`, of which the last is meant, below `server accepts handled requests`
fn read_requests(status: &str) -> Option<usize> {
    let (_, counts) = status.split_once("requests")?;
    counts.split_whitespace().nth(2)?.parse().ok()
}

/// The answer to a post is what the guest `post_json` checks.
fn configuration(speaks: Speaks, workers: usize, status: &str) -> String {
    let own = if workers > 1 { "reuseport" } else { "" };
    let listen = match speaks {
        Speaks::Http => "",
        Speaks::Https => "ssl",
        Speaks::Http2 => "ssl http2",
    };
    let tls = match speaks {
        Speaks::Http => "",
        Speaks::Https | Speaks::Http2 => {
            "ssl_certificate FOLDER/server.pem;\nssl_certificate_key FOLDER/server.key;\nssl_protocols TLSv1.3;\n\
             ssl_session_cache off;\nssl_session_tickets off;\n"
        }
    };
    format!(
        "listen ADDRESS {listen} {own} backlog=16384;\nlisten unix:{status};\n{tls}keepalive_requests 1000000000;\n\
         keepalive_timeout 600s;\nlocation / {{ return 200 \"hello\\n\"; }}\n\
         location /post {{ default_type application/json; return 200 '{POSTED}'; }}\n\
         location /status {{ stub_status; }}\n"
    )
}

const POSTED: &str = r#"{"json": {"name": "lorem", "surname": "ipsum"}}"#;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_status_is_read() {
        let status = "Active connections: 3 \nserver accepts handled requests\n 9 9 12 \nReading: 0 Writing: 1 Waiting: 2 \n";
        assert_eq!(read_waiting(status), Some(2));
        assert_eq!(read_requests(status), Some(12));
        assert_eq!((read_waiting("404"), read_requests("404")), (None, None));
    }

    #[test]
    fn only_a_target_with_tls_has_a_certificate() {
        let plain = configuration(Speaks::Http, 1, "s");
        assert!(
            !plain.contains("ssl") && plain.contains("listen unix:s;"),
            "{plain}"
        );
        let http2 = configuration(Speaks::Http2, 4, "s");
        assert!(
            http2.contains("listen ADDRESS ssl http2 reuseport ") && http2.contains("server.key"),
            "{http2}"
        );
    }
}
