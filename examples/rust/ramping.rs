//! Defines a test whose number of users goes up, stays, and goes down again.

use brunt_sdk::prelude::*;

#[derive(Default)]
struct Ramping;

#[brunt_sdk::test]
impl Ramping {
    fn options() -> Options {
        Options::new()
            .stage("3s", 20)
            .stage("4s", 20)
            .stage("3s", 0)
            .threshold("http_req_duration", "p(95)<500")
    }

    pub fn default(&mut self) -> Result<()> {
        let base = env_or("BASE_URL", "http://127.0.0.1:8080");
        let res = http::get(format!("{base}/get"))?;
        check!(res, "status is 200" => |r| r.status() == 200);
        // Users think for different times, which keeps them from coming all at once.
        sleep(0.5 + random::unit());
        Ok(())
    }
}
