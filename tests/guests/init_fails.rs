//! Defines a guest whose init fails: with an error, or with a panic when `HOW` is `panic`.

use brunt_sdk::prelude::*;

struct InitFails;

#[brunt_sdk::test]
impl InitFails {
    fn init() -> Result<Self> {
        if env_or("HOW", "error") == "panic" {
            panic!("init panics on purpose");
        }
        fail!("init fails on purpose")
    }

    pub fn default(&mut self) {}
}
