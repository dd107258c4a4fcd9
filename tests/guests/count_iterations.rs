//! Defines a guest whose iterations do nothing.

#[brunt_sdk::test]
fn count_iterations() {}
