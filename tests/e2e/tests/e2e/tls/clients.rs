//! Tests client certificates: who is shown which, and what is said when one is missing or refused.

use brunt_e2e::{Authority, Credentials, ServerTls};
use rustls::version::{TLS12, TLS13};
use serde_json::{Value, json};

use super::{expect_failure, local, nginx, url, visit, visiting, visits};

#[test]
fn a_client_certificate_that_is_required_and_missing_is_told() {
    let (authority, credentials) = local();
    let versions = [(&TLS12, "http/1.1"), (&TLS12, "h2"), (&TLS13, "http/1.1")];
    // In TLS 1.3 the client is done before it is refused: it has begun to write over HTTP/2.
    let again = [(&TLS13, "h2"); 5];
    for (version, protocol) in versions.into_iter().chain(again) {
        let tls = ServerTls::new(&credentials).version(version);
        let tls = tls.protocols(&[protocol]).clients_of(&authority);
        let visited = visit(&authority, tls, &json!({}));
        expect_failure(&visited, 1300, "client certificate");
    }
}

#[test]
fn a_client_certificate_of_a_stranger_is_refused() {
    let (authority, credentials) = local();
    let stranger = Authority::new().issue_client("stranger");
    let options = json!({ "tlsAuth": [auth(&stranger, &[])] });
    let tls = ServerTls::new(&credentials).clients_of(&authority);
    expect_failure(
        &visit(&authority, tls, &options),
        1300,
        "client certificate",
    );
    let friend = authority.issue_client("friend");
    let options = json!({ "tlsAuth": [auth(&friend, &[])] });
    let tls = ServerTls::new(&credentials).clients_of(&authority);
    assert_eq!(visit(&authority, tls, &options)["code"], 0);
}

#[test]
fn client_certificates_are_chosen_by_the_most_specific_domain() {
    let authority = Authority::new();
    let names = ["api.brunt.test", "www.brunt.test", "other.test"];
    let credentials = authority.issue(&names);
    let rest = "ssl_client_certificate FOLDER/ca.pem; ssl_verify_client optional; \
                location / { return 200 \"$ssl_client_verify $ssl_client_s_dn\"; }";
    let nginx = nginx(&credentials, "ssl", rest, &[("ca.pem", &authority.pem())]);
    let [wide, narrow] = ["wide", "narrow"].map(|name| authority.issue_client(name));
    let hosts: serde_json::Map<_, _> = names
        .map(|name| (name.to_owned(), json!("127.0.0.1")))
        .into_iter()
        .collect();
    let tls_auth = [
        auth(&wide, &["*.brunt.test"]),
        auth(&narrow, &["API.brunt.test"]),
    ];
    let options = json!({ "hosts": hosts, "tlsAuth": tls_auth });
    let port = nginx.address().port();
    let urls = names.map(|name| format!("https://{name}:{port}/"));
    let visited = visits(visiting(&authority, &urls).config(&options).run());
    let bodies: Vec<_> = visited
        .iter()
        .filter_map(|visit| visit["body"].as_str())
        .collect();
    assert!(
        bodies[0].starts_with("SUCCESS") && bodies[0].contains("CN=narrow"),
        "{bodies:?}"
    );
    assert!(
        bodies[1].starts_with("SUCCESS") && bodies[1].contains("CN=wide"),
        "{bodies:?}"
    );
    assert_eq!(bodies[2], "NONE ");
}

#[test]
fn nginx_that_requires_a_client_certificate_gets_it() {
    let (authority, credentials) = local();
    let rest = "ssl_protocols TLSv1.2 TLSv1.3; ssl_client_certificate FOLDER/ca.pem; ssl_verify_client on; location / { return 200 $ssl_client_verify; }";
    let nginx = nginx(
        &credentials,
        "ssl http2",
        rest,
        &[("ca.pem", &authority.pem())],
    );
    let client = authority.issue_client("client");
    for version in ["tls1.2", "tls1.3"] {
        let options = json!({ "tlsVersion": version, "tlsAuth": [auth(&client, &["localhost"])] });
        let ended = visiting(&authority, &[url(&nginx)]).config(&options).run();
        let visited = visits(ended);
        assert_eq!(
            (&visited[0]["body"], &visited[0]["version"]),
            (&json!("SUCCESS"), &json!(version))
        );
    }
}

/// An entry of `tlsAuth`.
fn auth(credentials: &Credentials, domains: &[&str]) -> Value {
    json!({ "cert": credentials.certificate, "key": credentials.key, "domains": domains })
}
