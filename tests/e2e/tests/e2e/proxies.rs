//! Tests that requests go through the operator's proxies, and what they say when a proxy fails.

use std::net::SocketAddr;
use std::time::Duration;

use brunt_e2e::{Answer, Authority, Brunt, Proxy, Recorder, ServerTls};

use crate::samples::{Samples, run_with_samples};

/// Visits a URL so often; the environment names these proxies.
fn visit(url: &str, iterations: u32, env: &[(&str, &str)], args: &[&str]) -> Samples {
    let mut run = Brunt::guest("get_checks").base_url(url);
    for (name, value) in env {
        run = run.env(name, value);
    }
    let run = run.args(["--iterations", &iterations.to_string()]);
    let (ended, samples) = run_with_samples(run.args(args.iter().copied()));
    ended.expect_code(0);
    samples
}

fn url_of(proxy: &Proxy) -> String {
    format!("http://{}", proxy.address())
}

fn codes(samples: &Samples) -> Vec<&str> {
    samples.tag_values("http_reqs", "error_code")
}

#[test]
fn plain_requests_show_the_proxy_the_whole_url() {
    let server = Recorder::start();
    let proxy = Proxy::http(server.address(), Duration::ZERO);
    let with_user = format!("http://me:p%40ss@{}", proxy.address());
    let samples = visit(
        "http://api.test/get?a=1",
        3,
        &[("http_proxy", &with_user)],
        &[],
    );
    assert_eq!(codes(&samples), ["-"; 3]);
    let seen = server.seen();
    assert_eq!(seen.len(), 3);
    assert_eq!(seen[0].path, "http://api.test/get?a=1");
    assert_eq!(seen[0].header("host"), Some("api.test"));
    assert_eq!(
        seen[0].header("proxy-authorization"),
        Some("Basic bWU6cEBzcw==")
    );
    assert_eq!(
        proxy.asked().len(),
        1,
        "the connection to the proxy is kept"
    );
    assert_eq!(
        samples.tag_values("http_reqs", "url")[0],
        "http://api.test/get?a=1"
    );
}

#[test]
fn https_goes_through_a_tunnel_that_is_timed_and_counted() {
    let server = Recorder::tls(|_| Answer::ok());
    let proxy = Proxy::http(server.address(), Duration::from_millis(120));
    let with_user = format!("http://me:secret@{}", proxy.address());
    let args = ["--insecure-skip-tls-verify"];
    let samples = visit(
        "https://api.test:8443/get",
        2,
        &[("HTTPS_PROXY", &with_user)],
        &args,
    );
    assert_eq!(codes(&samples), ["-"; 2]);
    let asked = proxy.asked();
    assert_eq!(asked.len(), 1);
    let lines: Vec<&str> = asked[0].split("\r\n").collect();
    assert_eq!(
        lines[..2],
        ["CONNECT api.test:8443 HTTP/1.1", "Host: api.test:8443"]
    );
    assert!(
        lines.contains(&"Proxy-Authorization: Basic bWU6c2VjcmV0"),
        "{lines:?}"
    );
    let seen = server.seen();
    assert_eq!(
        (seen[0].protocol, seen[0].path.as_str()),
        ("HTTP/2.0", "/get")
    );
    assert_eq!(
        seen[0].header("proxy-authorization"),
        None,
        "it is none of the target's business"
    );
    let (blocked, connecting) = (
        samples.values("http_req_blocked"),
        samples.values("http_req_connecting"),
    );
    assert!(
        connecting[0] >= 120.0 && blocked[0] >= connecting[0],
        "{connecting:?} {blocked:?}"
    );
    assert_eq!(connecting[1], 0.0);
    let sent: f64 = samples.values("data_sent").iter().sum();
    let most_of_it = asked[0].len() + 200;
    assert!(
        sent > most_of_it as f64,
        "{sent} bytes with CONNECT and the handshake"
    );
}

/// A proxy that is spoken to in TLS was once refused.
#[test]
fn a_proxy_over_tls_passes_requests_on_and_makes_tunnels() {
    let authority = Authority::new();
    let credentials = authority.issue(&["api.test"]);
    let config = ServerTls::new(&credentials).protocols(&["h2", "http/1.1"]);
    let secure = Recorder::tls_as(config.config(), |_| Answer::ok());
    let plain = Recorder::start();
    for (variable, server, url) in [
        ("HTTPS_PROXY", &secure, "https://api.test:8443/get"),
        ("HTTP_PROXY", &plain, "http://api.test/get"),
    ] {
        let proxy = Proxy::https(server.address());
        let port = proxy.address().port();
        let address = format!("https://me:secret@localhost:{port}");
        let trust = [
            "--ca",
            proxy.ca_file().to_str().expect("a path that is text"),
        ];
        let trusted = authority.ca_file().to_str().expect("a path that is text");
        let env = [(variable, &*address), ("SSL_CERT_FILE", trusted)];
        let samples = visit(url, 2, &env, &trust);
        assert_eq!(codes(&samples), ["-"; 2], "{url}");
        let asked = proxy.asked();
        assert_eq!(asked.len(), 1, "the connection is kept");
        assert!(
            asked[0].contains("uthorization: Basic bWU6c2VjcmV0"),
            "{asked:?}"
        );
        assert_eq!(server.seen().len(), 2);
        let shaking = samples.values("http_req_tls_handshaking");
        assert!(shaking[0] > 0.0 && shaking[1] == 0.0, "{shaking:?}");
        // Who is not trusted is not asked.
        let samples = visit(url, 1, &env, &[]);
        assert_eq!(codes(&samples), ["1310"]);
        assert_eq!(proxy.asked().len(), 1);
    }
    assert_eq!(secure.seen()[0].protocol, "HTTP/2.0");
    assert_eq!(plain.seen()[0].path, "http://api.test/get");
}

#[test]
fn some_requests_go_without_a_proxy() {
    let server = Recorder::start();
    let proxy = Proxy::refusing("403 Forbidden");
    let through = url_of(&proxy);
    // A loopback address never goes through one.
    visit(&server.url(), 1, &[("HTTP_PROXY", &through)], &[]);
    let config = serde_json::json!({ "hosts": { "*.test": server.address().to_string() } });
    for exception in ["api.test", ".test", "*", "api.test:80"] {
        let run = Brunt::guest("get_checks")
            .base_url("http://api.test/")
            .env("HTTP_PROXY", &through)
            .env("no_proxy", exception);
        run.config(&config).run().expect_code(0);
    }
    assert_eq!(server.seen().len(), 5);
    assert!(proxy.asked().is_empty());
    // The proxy of https is not that of http; and a test can't name one.
    let run = Brunt::guest("get_checks")
        .base_url("http://api.test/")
        .env("HTTPS_PROXY", &through);
    let run = run
        .test_env("HTTP_PROXY", &through)
        .test_env("http_proxy", &through);
    run.config(&config).run().expect_code(0);
    assert_eq!((server.seen().len(), proxy.asked().len()), (6, 0));
}

#[test]
fn a_proxy_that_fails_is_told() {
    let refusing = Proxy::refusing("407 Proxy Authentication Required");
    let secure = [("HTTPS_PROXY", &*url_of(&refusing))];
    assert_eq!(
        codes(&visit("https://api.test/", 1, &secure, &[])),
        ["1000"]
    );
    let plain = [("HTTP_PROXY", &*url_of(&refusing))];
    let samples = visit("http://api.test/", 1, &plain, &[]);
    assert_eq!(samples.tag_values("http_reqs", "status"), ["407"]);
    for (variable, url) in [
        ("HTTP_PROXY", "http://api.test/"),
        ("HTTPS_PROXY", "https://api.test/"),
    ] {
        let samples = visit(url, 1, &[(variable, "127.0.0.1:1")], &[]);
        assert_eq!(codes(&samples), ["1212"], "{variable}");
    }
    let run = Brunt::guest("probe").base_url("https://api.test/");
    let ended = run.env("HTTPS_PROXY", url_of(&refusing)).run();
    let message = ended.expect_code(0).logged("answer")[0]["message"].to_string();
    assert!(
        message.contains("does not lead to api.test:443: 407 Proxy Authentication Required"),
        "{message}"
    );
    let ended = Brunt::guest("get_checks")
        .env("HTTPS_PROXY", "ftp://me:secret@proxy.test")
        .run()
        .expect_code(104);
    assert!(
        ended
            .stderr
            .contains("HTTPS_PROXY is not the address of a proxy"),
        "{}",
        ended.stderr
    );
    assert!(!ended.stderr.contains("secret"), "{}", ended.stderr);
}

#[test]
fn the_network_policy_holds_for_proxies_and_behind_them() {
    let server = Recorder::start();
    let proxy = Proxy::http(server.address(), Duration::ZERO);
    let env = [("HTTP_PROXY", &*url_of(&proxy))];
    let cases: [(&[&str], &str); 7] = [
        (&["--blacklist-ip", "127.0.0.1"], "1110"),
        (&["--block-hostnames", "127.0.0.1"], "1111"),
        (&["--block-hostnames", "api.test"], "1111"),
        (&["--deny-host", "*.test"], "1111"),
        (&["--allow-host", "other.test"], "1111"),
        (&["--allow-host", "10.0.0.0/8"], "1111"),
        (&["--allow-host", "api.test"], "-"),
    ];
    for (args, code) in cases {
        assert_eq!(
            codes(&visit("http://api.test/", 1, &env, args)),
            [code],
            "{args:?}"
        );
    }
    assert_eq!(server.seen().len(), 1);
}

#[test]
fn socks5_leads_everywhere() {
    let plain = Recorder::start();
    let secure = Recorder::tls(|_| Answer::ok());
    let through = |server: SocketAddr, user: &str, variable, url: &str| {
        let proxy = Proxy::socks5(server);
        let address = format!("socks5://{user}{}", proxy.address());
        let samples = visit(
            url,
            1,
            &[(variable, &address)],
            &["--insecure-skip-tls-verify"],
        );
        assert_eq!(codes(&samples), ["-"], "{url}");
        proxy.asked()
    };
    let asked = through(plain.address(), "", "HTTP_PROXY", "http://api.test/get");
    assert_eq!(asked, ["api.test:80"]);
    assert_eq!(plain.seen()[0].path, "/get");
    let asked = through(
        secure.address(),
        "me:secret@",
        "HTTPS_PROXY",
        "https://api.test/get",
    );
    assert_eq!(asked, ["me:secret api.test:443"]);
    assert_eq!(secure.seen().len(), 1);
}
