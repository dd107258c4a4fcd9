//! Tests what scripts compute: digests, certificates, HTML. The scripts hold the values that must come out.

use brunt_e2e::{Brunt, Ended};

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
