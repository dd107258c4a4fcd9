//! Tests extensions that are joined with a test in a compiled language: calls go from guest to guest.

use super::{expect_checks, using};

#[test]
fn every_kind_of_type_goes_there_and_back() {
    let ended = using("echo").run();
    expect_checks(ended, 15.0);
}

#[test]
fn each_vu_has_instances_of_its_own() {
    let ended = using("echo")
        .args(["--vus", "3", "--iterations", "9"])
        .run();
    expect_checks(ended, 135.0);
}

#[test]
fn an_extension_is_attended_while_the_test_sleeps() {
    let ended = expect_checks(using("sleep").run(), 2.0);
    assert!(ended.metric("kinds_attended", "count") >= 4.0);
}

#[test]
fn an_extension_is_attended_while_the_test_waits() {
    expect_checks(using("wait").run(), 2.0);
}

#[test]
fn an_extension_that_waits_itself_is_not_entered_again() {
    expect_checks(using("inside").run(), 1.0);
}

#[test]
fn what_was_joined_is_compiled_once() {
    let folder = tempfile::tempdir().expect("a folder");
    for _ in 0..2 {
        let run = using("echo").env("BRUNT_CACHE_DIR", folder.path());
        expect_checks(run.run(), 15.0);
        let kept = std::fs::read_dir(folder.path()).expect("the cache");
        assert_eq!(
            kept.count(),
            1,
            "the test and both extensions are one component"
        );
    }
}
