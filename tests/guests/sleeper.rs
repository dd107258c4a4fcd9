//! Defines a guest whose iterations sleep for `SLEEP_MS` milliseconds, 1000 by default, after a GET of `BASE_URL` if it is set.

use brunt_sdk::prelude::*;

struct Sleeper {
    url: Option<String>,
    pause: Duration,
}

#[brunt_sdk::test]
impl Sleeper {
    fn init() -> Result<Self> {
        let ms = env_or("SLEEP_MS", "1000").parse()?;
        let pause = Duration::from_millis(ms);
        let url = env("BASE_URL");
        Ok(Self { url, pause })
    }

    pub fn default(&mut self) -> Result<()> {
        if let Some(url) = &self.url {
            http::get(url)?;
        }
        sleep(self.pause);
        Ok(())
    }
}
