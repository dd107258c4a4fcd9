//! Tests log-ins: what the server is told, and that every exchange of one is measured.

use brunt_e2e::{Answer, Recorder, Seen};
use data_encoding::{BASE64, HEXLOWER};
use hmac::{Hmac, KeyInit, Mac};
use md5::{Digest, Md5};
use serde_json::{Value, json};

use crate::requests::steps;

fn md5(text: &str) -> String {
    HEXLOWER.encode(&Md5::digest(text))
}

/// The value of a parameter, quoted or not.
fn parameter<'a>(header: &'a str, name: &str) -> Option<&'a str> {
    let start = header.find(&format!(" {name}="))? + name.len() + 2;
    let value = &header[start..];
    match value.strip_prefix('"') {
        Some(quoted) => quoted.split('"').next(),
        None => value.split(',').next(),
    }
}

/// Whether the answer to the challenge `realm`, `nonce` proves that the client knows `me` and `you`.
fn is_right(seen: &Seen, nonce: &str) -> bool {
    let answer = seen.header("authorization").unwrap_or_default();
    let given = |name| parameter(answer, name).unwrap_or_default();
    let a1 = md5("me:realm:you");
    let a2 = md5(&format!("{}:{}", seen.method, seen.path));
    let expected = md5(&format!(
        "{a1}:{nonce}:{}:{}:auth:{a2}",
        given("nc"),
        given("cnonce")
    ));
    given("nonce") == nonce && given("uri") == seen.path && given("response") == expected
}

fn challenge(nonce: &str, more: &str) -> Answer {
    let value =
        format!("Digest realm=\"realm\", nonce=\"{nonce}\", qop=\"auth\", opaque=\"o\"{more}");
    Answer::status(401).header("WWW-Authenticate", &value)
}

fn plan(scheme: &str, path: &str, user: &str) -> Value {
    json!([{ "send": { "method": "POST", "url": path, "body": "again", scheme: [user, "you"] } }])
}

#[test]
fn a_digest_challenge_is_answered_and_both_exchanges_are_measured() {
    let server = Recorder::answering(|seen| match is_right(seen, "n1") {
        true => Answer::ok(),
        false => challenge("n1", ", algorithm=MD5"),
    });
    let (ended, samples) = steps(&server.url(), &plan("digest", "/a?b=c", "me"), &[]);
    let seen = server.seen();
    assert_eq!(seen.len(), 2);
    assert!(seen.iter().all(|seen| seen.body == b"again"));
    assert_eq!(seen[0].header("authorization"), None);
    assert_eq!(ended.logged("RESPONSE")[0]["status"], 200);
    assert_eq!(samples.tag_values("http_reqs", "status"), ["401", "200"]);
    assert_eq!(samples.values("http_req_duration").len(), 2);
    assert_eq!(samples.values("http_req_failed"), [0.0, 0.0]);
}

#[test]
fn a_stale_nonce_is_replaced_once_and_a_wrong_password_is_told() {
    let server = Recorder::answering(|seen| {
        let used = seen
            .header("authorization")
            .and_then(|answer| parameter(answer, "nonce"));
        match (used, seen.path.as_str()) {
            (Some("new"), "/stale") if is_right(seen, "new") => Answer::ok(),
            (Some("old"), "/stale") => challenge("new", ", stale=true"),
            _ => challenge("old", ""),
        }
    });
    let (_, samples) = steps(&server.url(), &plan("digest", "/stale", "me"), &[]);
    assert_eq!(
        samples.tag_values("http_reqs", "status"),
        ["401", "401", "200"]
    );
    let (ended, samples) = steps(&server.url(), &plan("digest", "/", "you"), &[]);
    assert_eq!(ended.logged("RESPONSE")[0]["status"], 401);
    assert_eq!(samples.values("http_req_failed"), [0.0, 1.0]);
}

#[test]
fn credentials_in_the_url_are_used_as_the_scheme_says() {
    let server = Recorder::answering(|seen| match is_right(seen, "n") {
        true => Answer::ok(),
        false => challenge("n", ""),
    });
    let url = server.url().replace("//", "//me:you@");
    let plans = json!([{ "send": { "url": format!("{url}/x"), "scheme": "digest" } }]);
    let (ended, samples) = steps(&server.url(), &plans, &[]);
    assert_eq!(server.seen()[0].header("authorization"), None);
    assert_eq!(ended.logged("RESPONSE")[0]["status"], 200);
    let masked = server.url().replace("//", "//****:****@") + "/x";
    assert_eq!(samples.tag_values("http_reqs", "url"), [&masked, &masked]);
}

#[test]
fn a_401_that_asks_for_something_else_is_a_failure() {
    let server = Recorder::answering(|_| {
        Answer::status(401).header("WWW-Authenticate", "Bearer realm=\"x\"")
    });
    for scheme in ["digest", "ntlm"] {
        let (_, samples) = steps(&server.url(), &plan(scheme, "/", "me"), &[]);
        assert_eq!(samples.values("http_req_failed"), [1.0], "{scheme}");
    }
}

/// A log-in by NTLM once ended where the server offered only `Basic`.
#[test]
fn ntlm_falls_back_to_basic_where_nothing_better_is_offered() {
    let server = Recorder::answering(|seen| match seen.header("authorization") {
        Some("Basic bWU6eW91") => Answer::ok(),
        _ => Answer::status(401).header("WWW-Authenticate", "Basic realm=\"x\""),
    });
    let (ended, samples) = steps(&server.url(), &plan("ntlm", "/", "me"), &[]);
    assert_eq!(ended.logged("RESPONSE")[0]["status"], 200);
    assert_eq!(samples.tag_values("http_reqs", "status"), ["401", "200"]);
    assert_eq!(samples.values("http_req_failed"), [0.0, 0.0]);
    let seen = server.seen();
    assert_eq!(seen[0].header("authorization"), None);
    assert_eq!(seen[1].body, b"again");
    // A wrong password is a failure, and is not tried again.
    let (ended, samples) = steps(&server.url(), &plan("ntlm", "/", "you"), &[]);
    assert_eq!(ended.logged("RESPONSE")[0]["status"], 401);
    assert_eq!(samples.values("http_req_failed"), [0.0, 1.0]);
}

/// The message of type 2: a target `Server`, the nonce 01 23 … ef, and the domain `Domain` as target information.
fn ntlm_challenge() -> String {
    let utf16 =
        |text: &str| -> Vec<u8> { text.encode_utf16().flat_map(u16::to_le_bytes).collect() };
    let information = [&[2, 0, 12, 0][..], &utf16("Domain"), &[0; 4]].concat();
    let message = [
        &b"NTLMSSP\0\x02\0\0\0"[..],
        &[12, 0, 12, 0, 48, 0, 0, 0],
        &0x0088_8205_u32.to_le_bytes(),
        &NONCE,
        &[0; 8],
        &[20, 0, 20, 0, 60, 0, 0, 0],
        &utf16("Server"),
        &information,
    ]
    .concat();
    format!("NTLM {}", BASE64.encode(&message))
}

const NONCE: [u8; 8] = [0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef];

/// What MS-NLMP 4.2.4.1.1 derives from the user `User`, the domain `Domain` and the password `Password`.
const KEY: &str = "0c868a403bfd7a93a3001ef22ef02e3f";

/// Whether a message of type 3 proves to know the password.
fn is_proof(message: &[u8]) -> bool {
    if message[8] != 3 {
        return false;
    }
    let at = |index| u16::from_le_bytes([message[index], message[index + 1]]) as usize;
    let response = &message[at(24)..at(24) + at(20)];
    let key = HEXLOWER.decode(KEY.as_bytes()).expect("hexadecimal");
    let mut mac = Hmac::<Md5>::new_from_slice(&key).expect("a key");
    mac.update(&NONCE);
    mac.update(&response[16..]);
    mac.verify_slice(&response[..16]).is_ok()
}

#[test]
fn ntlm_logs_one_connection_in() {
    let known = std::sync::Mutex::new(Vec::new());
    let server = Recorder::answering(move |seen| {
        let mut known = known.lock().expect("no panic");
        let header = seen
            .header("authorization")
            .and_then(|header| header.strip_prefix("NTLM "));
        let message = header.map(|text| BASE64.decode(text.as_bytes()).expect("base 64"));
        match message
            .as_deref()
            .map(|message| (message[8], is_proof(message)))
        {
            Some((1, _)) => Answer::status(401).header("WWW-Authenticate", &ntlm_challenge()),
            Some((3, true)) => {
                known.push(seen.connection);
                Answer::ok()
            }
            None if known.contains(&seen.connection) => Answer::ok(),
            _ => Answer::status(401)
                .header("WWW-Authenticate", "Negotiate")
                .header("WWW-Authenticate", "NTLM"),
        }
    });
    let login = json!({ "method": "POST", "url": "/", "body": "again", "ntlm": ["Domain\\User", "Password"] });
    let wrong = json!({ "url": "/", "ntlm": ["Domain\\User", "wrong"] });
    let plans = json!([{ "send": login }, { "send": login }]);
    let (ended, samples) = steps(&server.url(), &plans, &[]);
    let statuses: Vec<_> = ended
        .logged("RESPONSE")
        .iter()
        .map(|r| r["status"].clone())
        .collect();
    assert_eq!(statuses, [200, 200]);
    let seen = server.seen();
    assert!(
        seen.iter()
            .all(|seen| seen.body == b"again" && seen.connection == 0)
    );
    // Three exchanges log the connection in; what comes after needs none.
    assert_eq!(
        samples.tag_values("http_reqs", "status"),
        ["401", "401", "200", "200"]
    );
    assert_eq!(samples.values("http_req_failed"), [0.0; 4]);
    let (ended, samples) = steps(
        &server.url(),
        &json!([{ "send": wrong }]),
        &["--no-connection-reuse"],
    );
    assert_eq!(ended.logged("RESPONSE")[0]["status"], 401);
    assert_eq!(samples.values("http_req_failed"), [0.0, 0.0, 1.0]);
    assert_eq!(server.connections().len(), 2);
}
