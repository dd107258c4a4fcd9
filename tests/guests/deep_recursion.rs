//! Defines a hostile guest that calls itself without end.

use std::hint::black_box;

use brunt_sdk::prelude::*;

#[brunt_sdk::test]
fn deep_recursion() {
    log::info!("depth {}", deeper(1));
}

fn deeper(depth: u64) -> u64 {
    if black_box(depth) == 0 {
        return 0;
    }
    // The addition afterwards keeps this from becoming a loop.
    deeper(depth + 1) + black_box(1)
}
