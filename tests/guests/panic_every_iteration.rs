//! Defines a hostile guest that panics in every iteration.

use brunt_sdk::prelude::*;

#[brunt_sdk::test]
fn panic_every_iteration() {
    panic!("iteration {} panics on purpose", execution::vu_iteration());
}
