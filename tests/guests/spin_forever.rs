//! Defines a hostile guest whose iteration never ends and never asks the engine for anything.

use std::hint::black_box;

#[brunt_sdk::test]
fn spin_forever() {
    let mut turns = 0u64;
    while black_box(true) {
        turns = black_box(turns.wrapping_add(1));
    }
}
