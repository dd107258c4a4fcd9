//! Tests TLS: what is offered, who is trusted, what is shown, and what is said when it fails.

mod clients;
mod ocsp;

use std::fs;
use std::time::Duration;

use brunt_e2e::{Answer, Authority, Brunt, Credentials, Ended, Nginx, Recorder, ServerTls};
use rustls::version::{TLS12, TLS13};
use serde_json::{Value, json};

use crate::samples::run_with_samples;

/// A run of the guest that visits these URLs once, with this authority trusted.
fn visiting(authority: &Authority, urls: &[String]) -> Brunt {
    let run = Brunt::guest("tls").test_env("URLS", &urls.join(","));
    run.arg("--ca").arg(authority.ca_file())
}

/// What the guest said of each visit.
fn visits(ended: Ended) -> Vec<Value> {
    ended.expect_code(0).logged("tls")
}

/// Visits a server of this configuration once.
fn visit(authority: &Authority, tls: ServerTls<'_>, options: &Value) -> Value {
    let server = Recorder::tls_as(tls.config(), |_| Answer::ok());
    let run = visiting(authority, &[server.url()]).config(options);
    let visits = visits(run.run());
    assert_eq!(visits.len(), 1, "{visits:?}");
    visits[0].clone()
}

fn expect_failure(visit: &Value, code: u32, words: &str) {
    let message = visit["message"].as_str().unwrap_or_default();
    assert!(
        visit["code"] == code && message.contains(words),
        "{code} with {words:?} is expected, not {visit}"
    );
}

/// An authority, and a certificate of it for this machine.
fn local() -> (Authority, Credentials) {
    let authority = Authority::new();
    let credentials = authority.issue(&["localhost", "127.0.0.1"]);
    (authority, credentials)
}

#[test]
fn the_version_and_the_suite_are_those_of_the_options() {
    let (authority, credentials) = local();
    let modern = "TLS_CHACHA20_POLY1305_SHA256";
    let older = "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384";
    let cases = [
        (json!({}), "tls1.3", None),
        (json!({ "tlsVersion": "tls1.2" }), "tls1.2", None),
        (
            json!({ "tlsVersion": { "min": "tls1.0", "max": "tls1.2" } }),
            "tls1.2",
            None,
        ),
        (json!({ "tlsVersion": { "min": "tls1.3" } }), "tls1.3", None),
        (
            json!({ "tlsCipherSuites": [modern] }),
            "tls1.3",
            Some(modern),
        ),
        (
            json!({ "tlsVersion": "tls1.2", "tlsCipherSuites": [older] }),
            "tls1.2",
            Some(older),
        ),
        // As with k6, a list without a suite of TLS 1.3 says nothing about TLS 1.3.
        (json!({ "tlsCipherSuites": [older] }), "tls1.3", None),
    ];
    for (options, version, suite) in cases {
        let visit = visit(&authority, ServerTls::new(&credentials), &options);
        assert_eq!(visit["version"], version, "{options}: {visit}");
        let agreed = visit["suite"].as_str().expect("a suite");
        assert_eq!(agreed, suite.unwrap_or(agreed), "{options}");
        assert!(agreed.starts_with("TLS_"), "{agreed}");
    }
}

#[test]
fn versions_that_do_not_meet_are_told() {
    let (authority, credentials) = local();
    let older = ServerTls::new(&credentials).version(&TLS12);
    let visited = visit(&authority, older, &json!({ "tlsVersion": "tls1.3" }));
    expect_failure(&visited, 1300, "versions of TLS");
    let newer = ServerTls::new(&credentials).version(&TLS13);
    let visited = visit(&authority, newer, &json!({ "tlsVersion": "tls1.2" }));
    expect_failure(&visited, 1300, "versions of TLS");
}

#[test]
fn nginx_with_one_version_alone_is_spoken_to() {
    let (authority, credentials) = local();
    for (theirs, ours) in [("TLSv1.2", "tls1.2"), ("TLSv1.3", "tls1.3")] {
        let rest = format!(
            "ssl_protocols {theirs}; location / {{ return 200 \"$ssl_protocol $ssl_session_reused\"; }}"
        );
        let nginx = nginx(&credentials, "ssl", &rest, &[]);
        let urls = vec![url(&nginx), url(&nginx)];
        // A connection each: no session is resumed.
        let ended = visiting(&authority, &urls)
            .arg("--no-connection-reuse")
            .run();
        for visit in visits(ended) {
            assert_eq!(visit["body"], format!("{theirs} ."), "{visit}");
            assert_eq!(
                (&visit["version"], &visit["protocol"]),
                (&json!(ours), &json!("HTTP/1.1"))
            );
            assert!(visit["handshaking_us"].as_u64() > Some(0), "{visit}");
        }
        let other = json!({ "tlsVersion": if ours == "tls1.2" { "tls1.3" } else { "tls1.2" } });
        let ended = visiting(&authority, &urls[..1]).config(&other).run();
        expect_failure(&visits(ended)[0], 1300, "versions of TLS");
    }
}

#[test]
fn only_the_handshake_of_a_new_connection_takes_time() {
    let (authority, credentials) = local();
    let config = ServerTls::new(&credentials).config();
    let server = Recorder::tls_as(config, |_| Answer::ok().after(Duration::from_millis(5)));
    let (ended, samples) = run_with_samples(visiting(&authority, &[server.url(), server.url()]));
    assert_eq!(visits(ended).len(), 2);
    let times = samples.values("http_req_tls_handshaking");
    assert!(times[0] > 0.0 && times[1] == 0.0, "{times:?}");
    let blocked = samples.values("http_req_blocked");
    assert!(blocked[0] >= times[0], "{blocked:?} {times:?}");
    assert_eq!(server.connections().len(), 1);
}

#[test]
fn an_authority_of_ones_own_is_trusted_beside_the_machines() {
    let (authority, credentials) = local();
    let server = Recorder::tls_as(ServerTls::new(&credentials).config(), |_| Answer::ok());
    let guest = || Brunt::guest("tls").test_env("URLS", &server.url());
    let stranger = Authority::new();
    let machine = guest().env("SSL_CERT_FILE", stranger.ca_file()).run();
    expect_failure(&visits(machine)[0], 1310, "unknown authority");
    let by_variable = guest().env("BRUNT_TLS_CA", authority.ca_file());
    let in_config = guest().config(&json!({ "tlsCA": authority.pem() }));
    for run in [by_variable, in_config] {
        let visited = visits(run.env("SSL_CERT_FILE", stranger.ca_file()).run());
        assert_eq!(visited[0]["code"], 0, "{visited:?}");
    }
    let nobody = guest()
        .env("SSL_CERT_FILE", "/dev/null")
        .env("SSL_CERT_DIR", "/dev/null");
    expect_failure(&visits(nobody.run())[0], 1310, "--ca FILE");
}

/// The first request of a run once waited for the machine's authorities to be read.
#[test]
fn authorities_are_read_before_the_first_request() {
    let (authority, credentials) = local();
    let server = Recorder::tls_as(ServerTls::new(&credentials).config(), |_| Answer::ok());
    // So many take their time.
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = folder.path().join("many.pem");
    let others = (0..20).map(|_| Authority::new().pem());
    let others: String = others.collect();
    fs::write(&file, others.repeat(500) + &authority.pem()).expect("the file can be written");
    let later =
        json!({ "scenarios": { "late": { "executor": "shared-iterations", "startTime": "3s" } } });
    let run = Brunt::guest("probe").base_url(&server.url());
    let run = run.trusting_file(&file).config(&later);
    let answer = run.run().expect_code(0).logged("answer").remove(0);
    assert_eq!(answer["status"], 200, "{answer}");
    let part = |name: &str| answer[name].as_f64().expect("a time");
    let rest = part("blocked") - part("looking_up") - part("connecting") - part("tls_handshaking");
    assert!(rest < 50.0, "{rest} ms for nothing: {answer}");
}

#[test]
fn certificates_that_do_not_hold_are_told_apart() {
    let authority = Authority::new();
    let cases = [
        (authority.issue(&["other.example"]), 1311, "other.example"),
        (
            authority.issue_for_years(&["localhost"], 2001, 2002),
            1300,
            "certificate expired",
        ),
        (
            authority.issue_for_years(&["localhost"], 2400, 2401),
            1300,
            "not yet valid",
        ),
        (
            Authority::new().issue(&["localhost"]),
            1310,
            "unknown authority",
        ),
    ];
    for (credentials, code, words) in cases {
        let visited = visit(&authority, ServerTls::new(&credentials), &json!({}));
        expect_failure(&visited, code, words);
        let unchecked = json!({ "insecureSkipTLSVerify": true });
        let visited = visit(&authority, ServerTls::new(&credentials), &unchecked);
        assert_eq!(visited["code"], 0, "{words}: {visited}");
    }
}

#[test]
fn a_server_without_tls_is_told() {
    let nginx = Nginx::start("listen ADDRESS; location / { return 200; }", &[]);
    let url = url(&nginx);
    let ended = visiting(&Authority::new(), &[url]).run();
    expect_failure(
        &visits(ended)[0],
        1300,
        "does the server speak TLS on this port?",
    );
}

#[test]
fn the_key_log_has_the_secrets_of_every_connection() {
    let (authority, credentials) = local();
    let newer = [
        "CLIENT_HANDSHAKE_TRAFFIC_SECRET",
        "CLIENT_TRAFFIC_SECRET_0",
        "EXPORTER_SECRET",
        "SERVER_HANDSHAKE_TRAFFIC_SECRET",
        "SERVER_TRAFFIC_SECRET_0",
    ];
    let cases: [(&str, &[&str]); 2] = [("tls1.2", &["CLIENT_RANDOM"]), ("tls1.3", &newer)];
    for (version, expected) in cases {
        let server = Recorder::tls_as(ServerTls::new(&credentials).config(), |_| Answer::ok());
        let folder = tempfile::tempdir().expect("a temporary folder");
        let [file, tests_own] = ["keys.log", "test.log"].map(|name| folder.path().join(name));
        let run = visiting(&authority, &[server.url(), server.url()])
            .config(&json!({ "tlsVersion": version, "noConnectionReuse": true }))
            .test_env("SSLKEYLOGFILE", &tests_own.display().to_string());
        visits(run.env("SSLKEYLOGFILE", &file).run());
        let text = fs::read_to_string(&file).expect("a key log");
        let mut labels = Vec::new();
        for line in text.lines() {
            let words: Vec<_> = line.split(' ').collect();
            let is_hex = |word: &str| word.bytes().all(|byte| byte.is_ascii_hexdigit());
            assert!(
                words.len() == 3 && words[1..].iter().all(|word| is_hex(word)),
                "{line}"
            );
            let lengths = (words[1].len(), words[2].len());
            assert!(lengths.0 == 64 && [64, 96].contains(&lengths.1), "{line}");
            labels.push(words[0]);
        }
        labels.sort_unstable();
        let twice: Vec<_> = expected.iter().flat_map(|label| [*label, *label]).collect();
        assert_eq!(labels, twice, "{version}");
        assert!(
            !tests_own.exists(),
            "a test's variables are not the operator's"
        );
    }
}

#[test]
fn what_can_not_be_used_is_refused_before_the_run() {
    let server = Recorder::start();
    let (authority, credentials) = local();
    let other = authority.issue_client("other");
    let mixed = json!({ "cert": credentials.certificate, "key": other.key });
    let no_key = json!({ "cert": credentials.certificate, "key": "s3cret" });
    let cases = [
        (json!({ "tlsVersion": "tls1.1" }), "only tls1.2 and tls1.3"),
        (
            json!({ "tlsVersion": { "max": "tls1.0" } }),
            "only tls1.2 and tls1.3",
        ),
        (
            json!({ "tlsCipherSuites": ["TLS_RSA_WITH_RC4_128_SHA"] }),
            "there are TLS_AES_128_GCM_SHA256, ",
        ),
        (
            json!({ "tlsVersion": "tls1.2", "tlsCipherSuites": ["TLS_AES_128_GCM_SHA256"] }),
            "no suite for the versions",
        ),
        (
            json!({ "tlsAuth": [mixed] }),
            "tlsAuth[0]: cert and key do not belong together",
        ),
        (
            json!({ "tlsAuth": [no_key] }),
            "tlsAuth[0]: key: has no private key in PEM",
        ),
        (
            json!({ "tlsCA": "no/such/file.pem" }),
            "tlsCA: can't read no/such/file.pem",
        ),
        (
            json!({ "tlsCA": other.key }),
            "PRIVATE KEY is where a CERTIFICATE is expected",
        ),
    ];
    for (options, words) in cases {
        let run = Brunt::guest("get_checks").base_url(&server.url());
        let ended = run.config(&options).run().expect_code(104);
        assert!(ended.stderr.contains(words), "{words}: {}", ended.stderr);
        assert!(!ended.stderr.contains("s3cret"), "{}", ended.stderr);
    }
    let run = Brunt::guest("get_checks").base_url(&server.url());
    let ended = run
        .env("SSLKEYLOGFILE", "/no/such/folder/keys")
        .run()
        .expect_code(104);
    assert!(
        ended.stderr.contains("SSLKEYLOGFILE: can't write"),
        "{}",
        ended.stderr
    );
    assert!(server.connections().is_empty());
}

/// An nginx that shows these credentials, and answers as the rest of its configuration says.
fn nginx(credentials: &Credentials, listen: &str, rest: &str, files: &[(&str, &str)]) -> Nginx {
    let mut all = vec![("cert.pem", credentials.certificate.as_str())];
    all.push(("key.pem", credentials.key.as_str()));
    all.extend_from_slice(files);
    let server = format!(
        "listen ADDRESS {listen}; ssl_certificate FOLDER/cert.pem; ssl_certificate_key FOLDER/key.pem; {rest}"
    );
    Nginx::start(&server, &all)
}

fn url(nginx: &Nginx) -> String {
    format!("https://localhost:{}/", nginx.address().port())
}
