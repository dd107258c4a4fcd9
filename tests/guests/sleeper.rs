//! Defines a guest whose iterations sleep for `SLEEP_MS` milliseconds, 1000 by default.

use brunt_sdk::prelude::*;

struct Sleeper {
    pause: Duration,
}

#[brunt_sdk::test]
impl Sleeper {
    fn init() -> Result<Self> {
        let ms = env_or("SLEEP_MS", "1000").parse()?;
        let pause = Duration::from_millis(ms);
        Ok(Self { pause })
    }

    pub fn default(&mut self) {
        sleep(self.pause);
    }
}
