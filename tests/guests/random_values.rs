//! Defines a guest that logs random values, for a test that compares VUs and seeds.

use brunt_sdk::prelude::*;

#[brunt_sdk::test]
fn random_values() {
    let vu = execution::vu_in_test();
    log::info!(
        "random {vu} {:016x} {:016x}",
        random::next(),
        random::next()
    );
    check("a fraction is one", (0.0..1.0).contains(&random::unit()));
    check("a range holds", (5..8).contains(&random::range(5..8)));
    check("a pick is one of them", random::pick(&[1, 2, 3]).is_some());
    check(
        "bytes are as many as asked",
        random::bytes(100_000).len() == 100_000,
    );
    check(
        "bytes are not all alike",
        random::bytes(32) != random::bytes(32),
    );
}
