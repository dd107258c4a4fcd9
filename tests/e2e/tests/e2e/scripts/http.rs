//! Tests `k6/http`: what the server sees of a script's requests, and what the script sees of the responses.

use std::time::Duration;

use brunt_e2e::{Answer, Brunt, Ended, Recorder, Seen};
use serde_json::{Value, json};

use crate::samples::run_with_samples;

/// Runs the body of a default function with `http`, `check` and `base`, and gives what it logged after `seen`.
fn run(server: &Recorder, body: &str) -> (Ended, Vec<Value>) {
    let ended = script(server, body).run().expect_code(0);
    let logged = ended.logged("seen");
    (ended, logged)
}

fn script(server: &Recorder, body: &str) -> Brunt {
    let text = format!(
        "import http from 'k6/http';\nimport {{ check }} from 'k6';\nconst base = __ENV.BASE_URL;\nconst seen = (what) => console.log(`seen ${{JSON.stringify(what)}}`);\nexport default function () {{\n{body}\n}}\n"
    );
    Brunt::text(&text).base_url(&server.url())
}

/// The one thing that it logged.
fn one(server: &Recorder, body: &str) -> Value {
    let (ended, mut logged) = run(server, body);
    assert_eq!(logged.len(), 1, "{}", ended.stderr);
    logged.remove(0)
}

fn find<'a>(seen: &'a [Seen], path: &str) -> &'a Seen {
    let found = seen.iter().find(|seen| seen.path == path);
    found.unwrap_or_else(|| panic!("no request for {path}: {seen:#?}"))
}

#[test]
fn requests_of_every_kind_arrive_as_they_were_made() {
    let server = Recorder::start();
    let run = Brunt::script("requests.js").base_url(&server.url());
    let (ended, samples) = run_with_samples(run);
    ended.expect_code(0);
    let seen = server.seen();
    for (path, method, body) in [
        ("/get", "GET", &b""[..]),
        ("/head", "HEAD", b""),
        ("/text", "POST", b"plain text"),
        ("/form", "POST", b"name=lorem+ipsum&list=a&list=b"),
        ("/bytes", "PUT", &[1, 2, 255]),
        ("/view", "PATCH", &[1, 2]),
        ("/del", "DELETE", b"gone"),
        ("/nothing", "DELETE", b""),
        ("/options", "OPTIONS", b""),
        ("/request", "PROPFIND", b"any"),
    ] {
        let seen = find(&seen, path);
        assert_eq!((&*seen.method, &*seen.body), (method, body), "{path}");
    }
    for (path, header, value) in [
        ("/get", "x-one", "1"),
        ("/get", "x-two", "2"),
        ("/text", "content-type", "text/plain"),
        ("/form", "content-type", "application/x-www-form-urlencoded"),
        ("/gzip", "content-encoding", "gzip"),
        ("/cookies", "cookie", "plain=a; other=b"),
        ("/auth", "authorization", "Basic dXNlcjpzZWNyZXQ="),
        ("/jar", "cookie", "own=jar"),
        ("/vu-jar", "cookie", "vu=cookie"),
    ] {
        assert_eq!(
            find(&seen, path).header(header),
            Some(value),
            "{path} {header}"
        );
    }
    expect_multipart(find(&seen, "/multipart"));
    assert!(find(&seen, "/gzip").body.len() < 100);
    let names = samples.tag_values("http_reqs", "name");
    let grouped = format!("{}/grouped/${{}}/${{}}", server.url()).replace(&server.url(), "${}");
    assert!(
        names.contains(&&*grouped) && names.contains(&"tagged"),
        "{names:?}"
    );
    assert!(samples.tag_values("http_reqs", "kind").contains(&"own"));
}

fn expect_multipart(seen: &Seen) {
    let body = String::from_utf8_lossy(&seen.body);
    for part in [
        "name=\"field\"\r\n\r\nvalue",
        "name=\"file\"; filename=\"a.txt\"\r\nContent-Type: text/csv\r\n\r\ncontent",
    ] {
        assert!(
            body.to_lowercase().contains(&part.to_lowercase()),
            "{part:?} in {body}"
        );
    }
}

#[test]
fn a_response_tells_all_that_is_known() {
    let server = Recorder::answering(|_| {
        Answer::status(201)
            .header("content-type", "application/json")
            .header("x-many", "1")
            .header("x-many", "2")
            .header("set-cookie", "id=7; Path=/; HttpOnly; Max-Age=60")
            .body(r#"{"users": [{"name": "lorem"}, {"name": "dolor"}], "zero": 0}"#)
    });
    let body = "const r = http.post(`${base}/all`, 'sent', { headers: { 'X-Sent': 'yes' } });\n\
        seen({ status: r.status, text: r.status_text, url: r.url, proto: r.proto, ip: r.remote_ip, port: r.remote_port,\n\
        error: r.error, code: r.error_code, type: r.headers['Content-Type'], many: r.headers['X-Many'], cookie: r.cookies.id[0],\n\
        json: r.json().zero, first: r.json('users.0.name'), all: r.json('users.#.name'), none: r.json('nothing') === undefined,\n\
        length: r.body.length, tls: r.tls_version, ocsp: r.ocsp.status, method: r.request.method, sent: r.request.body,\n\
        header: r.request.headers['X-Sent'], keys: Object.keys(r.timings).length, sum: Math.abs(r.timings.duration - r.timings.sending - r.timings.waiting - r.timings.receiving) < 1e-6,\n\
        same: r.json() === r.json(), whole: JSON.parse(JSON.stringify(r)).status, isResponse: r instanceof http.Response });";
    let seen = one(&server, body);
    let address = server.address();
    for (key, value) in [
        ("status", json!(201)),
        ("text", json!("201 Created")),
        ("url", json!(format!("http://{address}/all"))),
        ("proto", json!("HTTP/1.1")),
        ("ip", json!("127.0.0.1")),
        ("port", json!(address.port())),
        ("error", json!("")),
        ("code", json!(0)),
        ("type", json!("application/json")),
        ("many", json!("1, 2")),
        ("json", json!(0)),
        ("first", json!("lorem")),
        ("all", json!(["lorem", "dolor"])),
        ("none", json!(true)),
        ("length", json!(60)),
        ("tls", json!("")),
        ("ocsp", json!("")),
        ("method", json!("POST")),
        ("sent", json!("sent")),
        ("header", json!(["yes"])),
        ("keys", json!(8)),
        ("sum", json!(true)),
        ("same", json!(true)),
        ("whole", json!(201)),
        ("isResponse", json!(true)),
    ] {
        assert_eq!(seen[key], value, "{key}");
    }
    let cookie = &seen["cookie"];
    assert_eq!(
        (&cookie["value"], &cookie["http_only"], &cookie["max_age"]),
        (&json!("7"), &json!(true), &json!(60))
    );
}

#[test]
fn a_request_that_brings_no_response_is_a_response_of_status_0() {
    let server = Recorder::start();
    let body = "const r = http.get('http://127.0.0.1:1/', { tags: { a: 'b' } });\nlet said;\n\
        try { r.json(); } catch (e) { said = e.message; }\n\
        seen({ status: r.status, body: r.body, error: r.error, code: r.error_code, said, url: r.url, duration: r.timings.duration });\n\
        seen({ status: http.get('http://127.0.0.1:1/').status });";
    let (ended, seen) = run(&server, body);
    assert_eq!(
        (&seen[0]["status"], &seen[0]["body"], &seen[0]["code"]),
        (&json!(0), &Value::Null, &json!(1212))
    );
    assert!(
        seen[0]["error"]
            .as_str()
            .is_some_and(|error| error.contains("refused")),
        "{seen:?}"
    );
    assert!(
        seen[0]["said"]
            .as_str()
            .is_some_and(|said| said.contains("the body is null")),
        "{seen:?}"
    );
    assert_eq!(seen[0]["url"], "http://127.0.0.1:1/");
    assert_eq!(ended.metric("http_req_failed", "passes"), 2.0);
}

#[test]
fn a_status_of_an_error_has_a_code_and_no_error() {
    let server = Recorder::answering(|_| Answer::status(404).body("none"));
    let seen = one(
        &server,
        "const r = http.get(base);\nseen({ code: r.error_code, error: r.error, body: r.body });",
    );
    assert_eq!(seen, json!({ "code": 1404, "error": "", "body": "none" }));
}

#[test]
fn failed_requests_throw_where_they_are_told_to() {
    let server = Recorder::start();
    let body = "try { http.get('http://127.0.0.1:1/', { throw: true }); } catch (e) { seen({ said: e.message }); }\n\
        http.get('http://127.0.0.1:1/');\nseen({ said: 'went on' });";
    let (_, seen) = run(&server, body);
    assert!(
        seen[0]["said"]
            .as_str()
            .is_some_and(|said| said.contains("refused")),
        "{seen:?}"
    );
    assert_eq!(seen[1]["said"], "went on");
    let ended = script(
        &server,
        "http.get('http://127.0.0.1:1/');\nseen({ said: 'went on' });",
    );
    let ended = ended.arg("--throw").run().expect_code(0);
    assert!(
        ended.stderr.contains("iteration failed (error)") && ended.logged("seen").is_empty(),
        "{}",
        ended.stderr
    );
}

#[test]
fn bodies_are_given_as_the_script_wants_them() {
    let server = Recorder::answering(|_| Answer::ok().body([0xc3, 0xa4, 0x01]));
    let body = "const binary = http.get(base, { responseType: 'binary' }).body;\n\
        seen({ text: http.get(base).body, binary: [...new Uint8Array(binary)], none: http.get(base, { responseType: 'none' }).body });\n\
        seen({ said: http.get(base, { responseType: 'blob' }).error });";
    let (_, seen) = run(&server, body);
    assert_eq!(
        seen[0],
        json!({ "text": "ä\u{1}", "binary": [195, 164, 1], "none": null })
    );
    assert!(
        seen[1]["said"]
            .as_str()
            .is_some_and(|said| said.contains("text, binary or none"))
    );
    let body = "seen({ plain: http.get(base).body, asked: http.get(base, { responseType: 'text' }).body });";
    let ended = script(&server, body)
        .arg("--discard-response-bodies")
        .run()
        .expect_code(0);
    assert_eq!(
        ended.logged("seen"),
        [json!({ "plain": null, "asked": "ä\u{1}" })]
    );
}

#[test]
fn requests_are_under_way_at_once() {
    let server = Recorder::answering(|seen| match &*seen.path {
        "/slow" => Answer::ok().after(Duration::from_millis(300)),
        _ => Answer::ok().after(Duration::from_millis(150)),
    });
    let text = "import http from 'k6/http';\nconst base = __ENV.BASE_URL;\nexport default async function () {\n\
        const order = [];\n  setTimeout(() => order.push('timer'), 20);\n\
        const ask = async (path) => { const r = await http.asyncRequest('get', base + path, null, { tags: { a: 'b' } }); order.push(path); return r.status; };\n\
        const all = await Promise.all([ask('/slow'), ask('/quick')]);\n\
        let said;\n  try { await http.asyncRequest('GET', 'http://127.0.0.1:1/', null, { throw: true }); } catch (e) { said = e.message; }\n\
        console.log(`seen ${JSON.stringify({ all, order, said: said.includes('refused') })}`);\n\
        http.asyncRequest('POST', `${base}/last`, 'nobody waits');\n}\n";
    let ended = Brunt::text(text)
        .base_url(&server.url())
        .run()
        .expect_code(0);
    let expected =
        json!({ "all": [200, 200], "order": ["timer", "/quick", "/slow"], "said": true });
    assert_eq!(ended.logged("seen"), [expected]);
    let seen = server.seen();
    let apart = seen[0].at.max(seen[1].at) - seen[0].at.min(seen[1].at);
    assert!(apart < Duration::from_millis(140), "{apart:?}");
    assert_eq!(seen[2].body, b"nobody waits");
}

#[test]
fn batches_are_arrays_or_objects_of_requests() {
    let server = Recorder::answering(|seen| {
        let body = format!("{} {}", seen.method, seen.path);
        Answer::ok().body(body).after(Duration::from_millis(100))
    });
    let body = "const list = http.batch([`${base}/a`, ['POST', `${base}/b`, 'body', { tags: { name: 'b' } }], { url: `${base}/c` }, http.url`${base}/${4}`]);\n\
        const named = http.batch({ one: `${base}/d`, two: { method: 'PUT', url: `${base}/e`, body: { f: 1 } } });\n\
        seen({ list: list.map((r) => r.body), one: named.one.body, two: named.two.body, failed: http.batch(['http://127.0.0.1:1/'])[0].status });\n\
        seen({ said: http.batch([{}])[0].error });";
    let (ended, seen) = run(&server, body);
    let list = json!(["GET /a", "POST /b", "GET /c", "GET /4"]);
    assert_eq!(
        seen[0],
        json!({ "list": list, "one": "GET /d", "two": "PUT /e", "failed": 0 })
    );
    assert!(
        seen[1]["said"]
            .as_str()
            .is_some_and(|said| said.contains("a request is a URL")),
        "{seen:?}"
    );
    assert!(ended.metric("iteration_duration", "max") < 550.0);
    let sent = server.seen();
    assert_eq!(find(&sent, "/b").body, b"body");
    assert_eq!(find(&sent, "/e").body, b"f=1");
    let first: Vec<_> = sent[..4].iter().map(|seen| seen.at).collect();
    let apart = *first.iter().max().expect("four") - *first.iter().min().expect("four");
    assert!(apart < Duration::from_millis(90), "{apart:?}");
}

#[test]
fn expected_statuses_decide_what_failed() {
    let server = Recorder::answering(|_| Answer::status(404));
    let body = "const expected = http.expectedStatuses(404, { min: 500, max: 599 });\n\
        http.get(base, { responseCallback: expected });\nhttp.get(base, { responseCallback: null });\n\
        http.get(base);\nhttp.setResponseCallback(expected);\nhttp.get(base);";
    let (ended, _) = run(&server, body);
    assert_eq!(ended.metric("http_reqs", "count"), 4.0);
    assert_eq!(ended.metric("http_req_failed", "passes"), 1.0);
    assert_eq!(ended.metric("http_req_failed", "fails"), 2.0);
}

#[test]
fn redirects_and_timeouts_are_the_parameters() {
    let server = Recorder::answering(|seen| match &*seen.path {
        "/from" => Answer::status(302).header("location", "/to"),
        "/slow" => Answer::ok().after(Duration::from_secs(5)),
        _ => Answer::ok(),
    });
    let body = "const slow = http.get(`${base}/slow`, { timeout: '100ms' });\n\
        seen({ followed: http.get(`${base}/from`).url.endsWith('/to'), kept: http.get(`${base}/from`, { redirects: 0 }).status, slow: slow.error_code,\n\
        number: http.get(`${base}/slow`, { timeout: 100 }).error_code });";
    assert_eq!(
        one(&server, body),
        json!({ "followed": true, "kept": 302, "slow": 1050, "number": 1050 })
    );
}

#[test]
fn a_request_that_is_described_wrongly_is_told_and_not_sent() {
    let server = Recorder::start();
    let body = "const wrong = http.get(base, { timeout: 'soon' });\n\
        const [ok, batched, nothing] = http.batch([base, ['GET', base, null, { responseType: 'tree' }], 5]);\n\
        const thrown = (() => { try { http.get(base, { timeout: {}, throw: true }); } catch (e) { return e.message; } })();\n\
        http.asyncRequest('GET', base, null, { jar: 1 }).then((late) => seen({\n\
            wrong: [wrong.status, wrong.error, wrong.error_code, wrong.body], ok: ok.status, batched: batched.error,\n\
            nothing: nothing.status, thrown, late: late.error }));";
    let (ended, seen) = run(&server, body);
    let duration = "is no duration, as 500, \"500ms\" or \"1m30s\" are";
    let wrong = format!("timeout: \"soon\" {duration}");
    assert_eq!(
        seen[0],
        json!({
            "wrong": [0, wrong, 0, null], "ok": 200, "batched": "responseType is text, binary or none, not \"tree\"",
            "nothing": 0, "thrown": format!("timeout: {{}} {duration}"),
            "late": "jar takes what http.cookieJar() or new http.CookieJar() makes",
        })
    );
    assert!(ended.stderr.contains(&wrong), "{}", ended.stderr);
    assert_eq!(server.wait_for(1).len(), 1);
    assert_eq!(ended.metric("http_reqs", "count"), 1.0);
}

#[test]
fn jars_keep_and_forget_cookies() {
    let server = Recorder::answering(|_| Answer::ok().header("set-cookie", "from=server"));
    let body = "const jar = http.cookieJar();\njar.set(base, 'a', '1');\nhttp.get(base);\nconst kept = jar.cookiesForURL(base);\n\
        jar.delete(base, 'a');\nconst left = jar.cookiesForURL(base);\njar.clear(base);\nseen({ kept, left, cleared: jar.cookiesForURL(base) });";
    assert_eq!(
        one(&server, body),
        json!({ "kept": { "a": ["1"], "from": ["server"] }, "left": { "from": ["server"] }, "cleared": {} })
    );
}

#[test]
fn a_body_that_is_no_json_says_so() {
    let server = Recorder::answering(|_| Answer::ok().body("<html>"));
    let ended = script(&server, "http.get(base).json()").run();
    let ended = ended.expect_code(0);
    assert!(ended.stderr.contains("SyntaxError: "), "{}", ended.stderr);
    let found = "seen({ found: String(http.get(base).json('a.b')) })";
    assert_eq!(one(&server, found), json!({ "found": "undefined" }));
}

#[test]
fn many_responses_leave_no_handles_behind() {
    let server = Recorder::start();
    let body = "for (let i = 0; i < 200; i++) { const r = http.get(base); r.self = r.body; }";
    let ended = script(&server, body)
        .args(["--limit", "handles=20"])
        .run()
        .expect_code(0);
    assert!(
        !ended.stderr.contains("iteration failed"),
        "{}",
        ended.stderr
    );
    assert_eq!(ended.metric("http_reqs", "count"), 200.0);
}
