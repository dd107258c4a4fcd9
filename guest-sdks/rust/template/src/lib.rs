//! Defines the load test {{name}}.

use brunt_sdk::prelude::*;

struct Visitor {
    base: String,
}

#[brunt_sdk::test(
    vus = 10,
    duration = "10s",
    thresholds(checks = "rate>0.99", http_req_failed = "rate<0.01")
)]
impl Visitor {
    fn init() -> Result<Self> {
        let base = env_or("BASE_URL", "http://127.0.0.1:8080");
        Ok(Self { base })
    }

    pub fn default(&mut self) -> Result<()> {
        let res = http::get(format!("{}/get", self.base))?;
        check!(res, "status is 200" => |r| r.status() == 200);
        sleep(1);
        Ok(())
    }
}
