//! Tests secrets through a guest in Rust: it gets what it asks for, and the log shows none of it.

use brunt_e2e::{Brunt, Recorder};

#[test]
fn a_test_gets_secrets_that_the_log_does_not_show() {
    let server = Recorder::start();
    let ended = Brunt::guest("secrets")
        .args(["--secret-source", "mock=default,token=geheim,other=unasked"])
        .args(["--secret-source", "mock=name=vault,password=sesam=öffne"])
        .base_url(&server.url())
        .run()
        .expect_code(0);
    let seen = server.seen();
    let bearer = Some("Bearer geheim");
    assert_eq!(seen.len(), 2);
    assert!(
        seen.iter()
            .all(|seen| seen.header("authorization") == bearer)
    );
    assert_eq!(ended.metric("checks", "passes"), 2.0);
    let hidden = "***SECRET_REDACTED***";
    for words in [
        format!("they are {hidden} and {hidden}."),
        "refused: secret source \"mock\" has no secret \"password\"".to_owned(),
        "refused: no secret source has the name \"safe\": there are mock, vault".to_owned(),
        format!("iteration failed (error) in scenario default: the password {hidden} does not"),
    ] {
        assert!(ended.stderr.contains(&words), "{words}: {}", ended.stderr);
    }
    for secret in ["geheim", "sesam", "unasked"] {
        assert!(!ended.stderr.contains(secret), "{}", ended.stderr);
    }
}

#[test]
fn a_test_without_sources_is_told_how_to_give_one() {
    let ended = Brunt::guest("secrets").run().expect_code(107);
    let words =
        "no secret source is configured: give one to the run, such as --secret-source file=PATH";
    assert!(ended.stderr.contains(words), "{}", ended.stderr);
}
