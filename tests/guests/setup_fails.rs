//! Defines a guest whose setup fails: with an error, or with a panic when `HOW` is `panic`, or never when it is `sleep`.

use brunt_sdk::prelude::*;

#[derive(Default)]
struct SetupFails;

#[brunt_sdk::test]
impl SetupFails {
    fn setup(&mut self) -> Result<()> {
        match env_or("HOW", "error").as_str() {
            "panic" => panic!("setup panics on purpose"),
            "sleep" => sleep(3600),
            _ => fail!("setup fails on purpose"),
        }
        Ok(())
    }

    pub fn default(&mut self) {}
}
