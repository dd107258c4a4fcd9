//! Defines the flags of HTTP, and of the connections below it.

use super::Single;

#[derive(Debug, Default, clap::Args)]
pub(super) struct HttpFlags {
    /// The user-agent header
    #[arg(long, value_name = "TEXT")]
    user_agent: Option<String>,
    /// How many redirects a request follows
    #[arg(long, value_name = "N")]
    max_redirects: Option<String>,
    /// How many requests of one batch go out at once
    #[arg(long, value_name = "N")]
    batch: Option<String>,
    /// How many requests of one batch go out at once to one host
    #[arg(long, value_name = "N")]
    batch_per_host: Option<String>,
    /// The version of HTTP: auto, 1.1, 2 or 3
    #[arg(long, value_name = "VERSION")]
    http_version: Option<String>,
    /// Log every request and response; =full with bodies
    #[arg(long, value_name = "full", num_args = 0..=1, require_equals = true, default_missing_value = "headers")]
    http_debug: Option<String>,
    /// Do not check certificates
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    insecure_skip_tls_verify: Option<String>,
    /// Trust the authorities in this file too, certificates as PEM
    #[arg(long, value_name = "FILE")]
    ca: Option<String>,
    /// Let a failed request end its iteration
    #[arg(long, short = 'w', value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    throw: Option<String>,
    /// Open a connection for every request
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    no_connection_reuse: Option<String>,
    /// Close connections after each iteration
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    no_vu_connection_reuse: Option<String>,
    /// Read response bodies and throw them away
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    discard_response_bodies: Option<String>,
    /// How names are looked up, such as ttl=5m,select=random,policy=preferIPv4,server=10.0.0.53
    #[arg(long, value_name = "SETTINGS")]
    pub(super) dns: Option<String>,
    /// Addresses of this machine to connect from
    #[arg(long, value_name = "ADDRESSES")]
    local_ips: Option<String>,
    /// Do not connect to these addresses, such as 10.0.0.0/8; may be repeated
    #[arg(long = "blacklist-ip", value_name = "RANGE")]
    pub(super) blacklist_ips: Vec<String>,
    /// Do not connect to these hosts, such as *.example.com; may be repeated
    #[arg(long, value_name = "HOST")]
    pub(super) block_hostnames: Vec<String>,
}

impl HttpFlags {
    pub(super) fn single(&self) -> Vec<Single<'_>> {
        let unchecked = self.insecure_skip_tls_verify.as_deref();
        let no_reuse = self.no_connection_reuse.as_deref();
        let no_vu_reuse = self.no_vu_connection_reuse.as_deref();
        let discard = self.discard_response_bodies.as_deref();
        vec![
            ("userAgent", "--user-agent", self.user_agent.as_deref()),
            (
                "maxRedirects",
                "--max-redirects",
                self.max_redirects.as_deref(),
            ),
            ("batch", "--batch", self.batch.as_deref()),
            (
                "batchPerHost",
                "--batch-per-host",
                self.batch_per_host.as_deref(),
            ),
            (
                "httpVersion",
                "--http-version",
                self.http_version.as_deref(),
            ),
            ("httpDebug", "--http-debug", self.http_debug.as_deref()),
            (
                "insecureSkipTLSVerify",
                "--insecure-skip-tls-verify",
                unchecked,
            ),
            ("tlsCA", "--ca", self.ca.as_deref()),
            ("throw", "--throw", self.throw.as_deref()),
            ("noConnectionReuse", "--no-connection-reuse", no_reuse),
            (
                "noVUConnectionReuse",
                "--no-vu-connection-reuse",
                no_vu_reuse,
            ),
            (
                "discardResponseBodies",
                "--discard-response-bodies",
                discard,
            ),
            ("localIPs", "--local-ips", self.local_ips.as_deref()),
        ]
    }
}
