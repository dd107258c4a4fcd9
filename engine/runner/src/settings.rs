//! Defines how options become what VUs are told.

use std::collections::BTreeMap;

use brunt_host::{ClientCertificate, HttpSettings, Proxies, RunSettings, SystemTags, TlsSettings};

use crate::load::Loaded;
use crate::options::{HttpDebug, HttpOptions, Options, TlsOptions, TlsVersion};

/// What the VUs of a run are told.
pub(crate) fn run_settings(loaded: &Loaded) -> RunSettings {
    let options = &loaded.options;
    RunSettings {
        env: loaded.env.clone(),
        options_json: serde_json::Value::Object(options.to_json()).to_string(),
        limits: options.limits.vu.clone(),
        network: network(options),
        http: HttpSettings {
            tls: tls_settings(options, &loaded.system_env),
            rps: options.rps,
            proxies: loaded.proxies.clone(),
            ..http_settings(&options.http)
        },
        system_tags: system_tags(options),
        seed: options.seed,
        secrets: loaded.secrets.clone(),
    }
}

/// What the engine itself fetches with: how the operator lets tests connect, whatever the test says.
pub(crate) fn fetch_settings(
    granted: &Options,
    proxies: &Proxies,
    system_env: &BTreeMap<String, String>,
) -> RunSettings {
    let mut limits = granted.limits.vu.clone();
    limits.response_body = usize::try_from(granted.limits.module_size).unwrap_or(usize::MAX);
    RunSettings {
        limits,
        network: network(granted),
        http: HttpSettings {
            tls: tls_settings(granted, system_env),
            proxies: proxies.clone(),
            discard_response_bodies: false,
            ..http_settings(&granted.http)
        },
        ..RunSettings::default()
    }
}

/// Brunt's own network policy, with k6's `blacklistIPs` and `blockHostnames`.
fn network(options: &Options) -> brunt_host::NetworkPolicy {
    let mut policy = options.network.clone();
    policy
        .deny_addresses
        .extend(options.http.blacklist_ips.iter().copied());
    policy
        .deny_hosts
        .extend(options.http.block_hostnames.iter().cloned());
    policy
}

fn http_settings(options: &HttpOptions) -> HttpSettings {
    HttpSettings {
        max_redirects: options.max_redirects,
        user_agent: options.user_agent.clone(),
        discard_response_bodies: options.discard_response_bodies,
        tls: TlsSettings::default(),
        no_connection_reuse: options.no_connection_reuse,
        no_vu_connection_reuse: options.no_vu_connection_reuse,
        no_cookies_reset: options.no_cookies_reset,
        throw: options.throw,
        debug: match options.debug {
            HttpDebug::Off => None,
            HttpDebug::Heads => Some(brunt_host::HttpDebug::Heads),
            HttpDebug::Full => Some(brunt_host::HttpDebug::Full),
        },
        hosts: options.hosts.clone().into_iter().collect(),
        dns: options.dns,
        local_ips: options.local_ips.clone(),
        version: options.version,
        batch: options.batch,
        batch_per_host: options.batch_per_host,
        ..HttpSettings::default()
    }
}

/// `SSLKEYLOGFILE` is the operator's alone: a variable of this process, never one of the test.
fn tls_settings(options: &Options, system_env: &BTreeMap<String, String>) -> TlsSettings {
    let options: &TlsOptions = &options.http.tls;
    let certificates = options.auth.iter().map(|auth| ClientCertificate {
        certificate: auth.cert.clone(),
        key: auth.key.clone(),
        password: auth.password.clone(),
        domains: auth.domains.clone(),
    });
    let key_log = system_env.get("SSLKEYLOGFILE");
    TlsSettings {
        insecure_skip_verify: options.insecure_skip_verify,
        no_tls12: options.min_version > TlsVersion::Tls12,
        no_tls13: options.max_version < TlsVersion::Tls13,
        cipher_suites: options.cipher_suites.clone(),
        client_certificates: certificates.collect(),
        authorities: options.authorities.clone(),
        key_log: key_log.filter(|file| !file.is_empty()).map(Into::into),
    }
}

fn system_tags(options: &Options) -> SystemTags {
    // They were checked when they were read.
    SystemTags::from_names(options.system_tags.iter().map(String::as_str)).unwrap_or_default()
}
