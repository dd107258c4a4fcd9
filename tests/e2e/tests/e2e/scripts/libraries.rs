//! Tests what scripts compute: digests, certificates, HTML. The scripts hold the values that must come out.

use brunt_e2e::{Answer, Brunt, Ended, Recorder, Seen};

/// Every check of the script must pass, and it must have made so many.
fn all_pass(run: Brunt, checks: f64) -> Ended {
    let ended = run.run().expect_code(0);
    let failed = ended.metric("checks", "fails");
    assert_eq!(failed, 0.0, "{}", ended.stderr);
    assert_eq!(ended.metric("checks", "passes"), checks, "{}", ended.stderr);
    ended
}

#[test]
fn digests_are_those_of_the_specifications() {
    all_pass(Brunt::script("crypto.js"), 55.0);
}

#[test]
fn certificates_are_read() {
    all_pass(Brunt::script("x509.js"), 17.0);
}

#[test]
fn web_cryptography_agrees_with_openssl() {
    all_pass(Brunt::script("webcrypto.js"), 80.0);
}

#[test]
fn text_is_encoded_and_timers_fire() {
    all_pass(Brunt::script("text.js"), 15.0);
}

#[test]
fn files_and_rows_are_read_by_each_vu() {
    all_pass(Brunt::script("files.js"), 3.0 * 37.0);
}

#[test]
fn streams_are_read_and_written() {
    all_pass(Brunt::script("streams.js"), 30.0);
}

#[test]
fn html_is_read_by_selectors() {
    all_pass(Brunt::script("html.js"), 63.0);
}

#[test]
fn links_are_clicked_and_forms_are_submitted() {
    const PAGE: &str = "<html><title>The page</title><a href='next'>n</a><a id=up href='../up?x=1'>u</a><a id=bare>b</a>\
        <form method=post action='/send?a=b'><input name=user value=joe><input type=submit name=go value=Go></form>\
        <form id=search action='find?old=1'><input name=q><input name=page value=1></form>\
        <form id=plain method=post><input name=list value=x><button type=submit name=b value=1></button>\
        <button id=second type=submit name=b value=2></button></form>";
    let server = Recorder::answering(|_: &Seen| Answer::ok().body(PAGE));
    let run = Brunt::script("pages.js").base_url(&server.url());
    all_pass(run, 8.0);
    let seen = server.seen();
    let told: Vec<String> = seen
        .iter()
        .map(|seen| {
            let body = String::from_utf8_lossy(&seen.body);
            format!("{} {} {body}", seen.method, seen.path)
                .trim()
                .to_owned()
        })
        .collect();
    assert_eq!(
        told,
        [
            "GET /folder/page",
            "GET /folder/next",
            "GET /up?x=1",
            "POST /send?a=b user=joe&go=Go",
            "GET /folder/find?page=1&q=two+words",
            "POST /folder/page list=1&list=2&b=2",
            "GET /folder/page",
        ]
    );
    assert_eq!(seen[2].header("x-mark"), Some("clicked"));
    let form = Some("application/x-www-form-urlencoded");
    assert_eq!(seen[3].header("content-type"), form);
}
