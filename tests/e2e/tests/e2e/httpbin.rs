//! Tests the client against a server of somebody else's: httpbin judges log-ins, bodies and cookies in its own way.

use brunt_e2e::{Brunt, Ended, Httpbin};
use serde_json::{Value, json};

use crate::requests::steps;

/// The bodies of the responses, read as JSON.
fn bodies(ended: &Ended) -> Vec<Value> {
    let responses = ended.logged("RESPONSE").into_iter();
    responses
        .map(|response| {
            let text = response["body"].as_str().unwrap_or_default();
            serde_json::from_str(text).unwrap_or_default()
        })
        .collect()
}

fn statuses(ended: &Ended) -> Vec<Value> {
    let responses = ended.logged("RESPONSE").into_iter();
    responses
        .map(|response| response["status"].clone())
        .collect()
}

#[test]
fn httpbin_lets_us_in() {
    let server = Httpbin::start();
    let login =
        |scheme: &str, path: &str| json!({ "send": { "url": path, scheme: ["me", "you"] } });
    let inside = server.url().replace("//", "//me:you@");
    let plans = json!([
        login("basic", "/basic-auth/me/you"),
        login("digest", "/digest-auth/auth/me/you"),
        login("digest", "/digest-auth/auth/me/you/SHA-256"),
        login("digest", "/digest-auth/auth-int/me/you/MD5"),
        { "send": { "url": format!("{inside}/digest-auth/auth/me/you"), "scheme": "digest" } },
        { "send": { "url": format!("{inside}/basic-auth/me/you") } },
        login("basic", "/basic-auth/me/other"),
        login("digest", "/digest-auth/auth/me/other"),
    ]);
    let (ended, samples) = steps(server.url(), &plans, &[]);
    assert_eq!(statuses(&ended), [200, 200, 200, 200, 200, 200, 401, 401]);
    assert!(
        bodies(&ended)[..6]
            .iter()
            .all(|body| body["authenticated"] == true)
    );
    let failed: f64 = samples.values("http_req_failed").iter().sum();
    assert_eq!((samples.values("http_reqs").len(), failed), (13, 2.0));
}

#[test]
fn httpbin_is_understood_whatever_its_encoding() {
    let server = Httpbin::start();
    let names = [
        ("gzip", "gzipped"),
        ("deflate", "deflated"),
        ("brotli", "brotli"),
    ];
    let plans = names.map(|(path, _)| json!({ "send": { "url": format!("/{path}") } }));
    let (ended, _) = steps(server.url(), &json!(plans), &[]);
    for ((path, flag), body) in names.iter().zip(bodies(&ended)) {
        assert_eq!(body[flag], true, "{path}: {}", ended.stderr);
    }
}

#[test]
fn httpbin_gives_back_what_was_sent() {
    let server = Httpbin::start();
    let parts = json!([
        ["title", null, null, "a cat"],
        ["photo", "cat.png", "image/png", "PNG"]
    ]);
    let plans = json!([
        { "send": { "method": "POST", "url": "/post", "form": [["a b", "1&2"], ["x", "ü"]] } },
        { "send": { "method": "POST", "url": "/post", "parts": parts } },
        { "send": { "url": "/cookies/set?id=7&theme=dark" } },
        { "send": { "url": "/cookies", "cookies": [["theme", "light", true]] } },
        { "send": { "url": "/cookies/delete?id" } },
        { "send": { "url": "/redirect-to?url=/anything&status_code=307", "method": "PUT", "body": "kept" } },
        { "send": { "url": "/relative-redirect/3" } },
        { "send": { "url": "/absolute-redirect/2" } },
    ]);
    let (ended, _) = steps(server.url(), &plans, &[]);
    let bodies = bodies(&ended);
    assert_eq!(bodies[0]["form"], json!({ "a b": "1&2", "x": "ü" }));
    assert_eq!(bodies[1]["form"], json!({ "title": "a cat" }));
    assert_eq!(bodies[1]["files"], json!({ "photo": "PNG" }));
    assert_eq!(bodies[2]["cookies"], json!({ "id": "7", "theme": "dark" }));
    assert_eq!(bodies[3]["cookies"], json!({ "id": "7", "theme": "light" }));
    assert_eq!(bodies[4]["cookies"], json!({ "theme": "dark" }));
    assert_eq!(
        (&bodies[5]["method"], &bodies[5]["data"]),
        (&json!("PUT"), &json!("kept"))
    );
    assert_eq!(statuses(&ended), [200; 8]);
}

#[test]
fn the_example_of_a_session_runs() {
    let server = Httpbin::start();
    let ended = Brunt::guest("session")
        .base_url(server.url())
        .args(["--iterations", "2"])
        .run()
        .expect_code(0);
    assert_eq!(ended.metric("checks", "value"), 1.0, "{}", ended.stdout);
    assert_eq!(ended.metric("http_req_failed", "value"), 0.0);
}
