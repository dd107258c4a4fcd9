//! Defines a hostile guest that traps in every iteration without a word.

#[brunt_sdk::test]
fn trap_unreachable() {
    #[cfg(target_arch = "wasm32")]
    core::arch::wasm32::unreachable();
}
