//! Defines a hostile guest whose init never ends.

use std::hint::black_box;

use brunt_sdk::prelude::*;

struct SpinInInit;

#[brunt_sdk::test]
impl SpinInInit {
    fn init() -> Result<Self> {
        while black_box(true) {}
        Ok(Self)
    }

    pub fn default(&mut self) {}
}
