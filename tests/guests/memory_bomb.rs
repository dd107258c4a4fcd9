//! Defines a hostile guest that keeps and fills more and more memory, 16 MiB at a time.

use std::hint::black_box;

#[brunt_sdk::test]
fn memory_bomb() {
    let mut kept = Vec::new();
    loop {
        kept.push(vec![1u8; 16 << 20]);
        black_box(&kept);
    }
}
