//! Tests redirects: what becomes of methods, bodies and secrets, and where a chain ends.

use brunt_e2e::{Answer, Recorder};
use serde_json::json;

use crate::requests::{only, steps};

#[test]
fn credentials_are_shown_to_the_first_host_alone() {
    let other = Recorder::start();
    let port = other.address().port();
    let server = Recorder::answering(move |seen| match seen.path.as_str() {
        "/away" => {
            Answer::status(307).header("Location", &format!("http://localhost:{port}/there"))
        }
        "/near" => Answer::status(307).header("Location", "/home"),
        _ => Answer::ok(),
    });
    let secrets = json!([["X-Plain", "1"], ["Proxy-Authorization", "secret"]]);
    let plan = |url: &str| {
        json!({ "send": { "method": "POST", "url": url, "body": "again", "basic": ["me", "you"],
                          "cookies": [["id", "7", false]], "headers": secrets } })
    };
    let inside = server.url().replace("//", "//us%65r:pass@");
    let plans = json!([plan("/away"), plan("/near"), { "send": { "url": format!("{inside}/in/url") } },
                       { "send": { "url": format!("{inside}/x"), "scheme": "kerberos" } }]);
    let (ended, samples) = steps(&server.url(), &plans, &[]);
    let basic = Some("Basic bWU6eW91");
    let seen = server.seen();
    for seen in &seen[..3] {
        assert_eq!(seen.header("authorization"), basic, "{}", seen.path);
        assert_eq!(
            (seen.header("cookie"), seen.body.as_slice()),
            (Some("id=7"), &b"again"[..])
        );
    }
    assert_eq!(
        seen[2].header("referer"),
        Some(format!("{}/near", server.url()).as_str())
    );
    assert_eq!(seen[3].header("authorization"), Some("Basic dXNlcjpwYXNz"));
    let away = &other.seen()[0];
    assert_eq!(
        (away.method.as_str(), away.body.as_slice()),
        ("POST", &b"again"[..])
    );
    for secret in ["authorization", "cookie", "proxy-authorization"] {
        assert_eq!(away.header(secret), None, "{secret}");
    }
    assert_eq!(away.header("x-plain"), Some("1"));
    let urls = samples.tag_values("http_reqs", "url");
    let masked = server.url().replace("//", "//****:****@") + "/in/url";
    assert!(urls.contains(&masked.as_str()), "{urls:?}");
    assert!(!ended.stderr.contains("pass@"), "{}", ended.stderr);
    let error = only(&ended, "ERROR");
    assert_eq!(
        error["message"],
        "unknown auth scheme \"kerberos\", use basic, digest or ntlm"
    );
}

#[test]
fn redirects_change_methods_and_bodies_as_go_does() {
    let server = Recorder::answering(|seen| {
        let status = seen.path[1..].parse().ok();
        status.map_or_else(Answer::ok, |status| {
            Answer::status(status).header("Location", "../end?x")
        })
    });
    let cases = [
        ("POST", 301, "GET"),
        ("PUT", 302, "GET"),
        ("DELETE", 303, "GET"),
        ("HEAD", 302, "HEAD"),
        ("POST", 307, "POST"),
        ("PATCH", 308, "PATCH"),
        ("GET", 303, "GET"),
    ];
    for (method, status, then) in cases {
        let headers = json!([["Content-Type", "text/x"], ["Host", "other.example"]]);
        let plans = json!([{ "send": { "method": method, "url": format!("/{status}"), "body": "b", "headers": headers } }]);
        let before = server.seen().len();
        let (ended, _) = steps(&server.url(), &plans, &[]);
        let end = &server.seen()[before + 1];
        assert_eq!(
            (end.method.as_str(), end.path.as_str()),
            (then, "/end?x"),
            "{method} {status}"
        );
        let keeps = status > 303;
        assert_eq!(end.body.is_empty(), !keeps, "{method} {status}");
        assert_eq!(end.header("content-type").is_some(), keeps);
        assert_eq!(end.header("host"), Some("other.example"));
        let response = only(&ended, "RESPONSE");
        assert_eq!(response["url"], format!("{}/end?x", server.url()));
        assert_eq!(
            response["sent"]["url"],
            format!("{}/{status}", server.url())
        );
        assert_eq!(response["sent"]["method"], method);
    }
}

#[test]
fn a_redirect_to_nowhere_is_a_response_and_an_endless_one_ends() {
    let server = Recorder::answering(|seen| match seen.path.as_str() {
        "/nowhere" => Answer::status(302),
        "/nonsense" => Answer::status(302).header("Location", "http://["),
        "/ftp" => Answer::status(302).header("Location", "ftp://host/"),
        _ => Answer::status(302).header("Location", "/endless"),
    });
    let plans = json!([
        { "send": { "url": "/nowhere" } },
        { "send": { "url": "/nonsense" } },
        { "send": { "url": "/ftp" } },
        { "send": { "url": "/endless", "redirects": 1 } },
    ]);
    let (ended, _) = steps(&server.url(), &plans, &[]);
    let statuses: Vec<_> = ended
        .logged("RESPONSE")
        .iter()
        .map(|r| r["status"].clone())
        .collect();
    assert_eq!(statuses, [302, 302]);
    let codes: Vec<_> = ended
        .logged("ERROR")
        .iter()
        .map(|e| e["code"].clone())
        .collect();
    assert_eq!(codes, [1020, 1020]);
    assert!(!ended.stderr.contains("stopped after"), "{}", ended.stderr);

    let plans = json!([{ "send": { "url": "/endless" } }, { "send": { "url": "/endless" } }]);
    let (ended, _) = steps(&server.url(), &plans, &["--max-redirects", "3"]);
    assert_eq!(ended.logged("RESPONSE")[0]["status"], 302);
    assert_eq!(ended.metric("http_reqs", "count"), 8.0);
    let warning = format!("{}/endless: stopped after 3 redirects", server.url());
    assert_eq!(
        ended.stderr.matches(&warning).count(),
        1,
        "{}",
        ended.stderr
    );
}
