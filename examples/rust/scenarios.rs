//! Defines a test with three flows, each with its own load, start, environment and tags.

use brunt_sdk::prelude::*;

struct Shop {
    base: String,
}

#[brunt_sdk::test]
impl Shop {
    fn options() -> Options {
        Options::new()
            .scenario(
                "browsing",
                Scenario::ramping_vus(0)
                    .stage("2s", 10)
                    .stage("4s", 10)
                    .graceful_ramp_down("1s")
                    .exec("browse")
                    .tag("flow", "browse"),
            )
            .scenario(
                "buying",
                Scenario::constant_arrival_rate(20, "4s")
                    .pre_allocated_vus(10)
                    .start_time("1s")
                    .exec("buy")
                    .env("CURRENCY", "EUR")
                    .tag("flow", "buy"),
            )
            .scenario(
                "nightly",
                Scenario::shared_iterations(2, 10)
                    .max_duration("5s")
                    .exec("report"),
            )
            .threshold("http_req_duration{flow:browse}", "p(95)<300")
            .threshold("http_req_duration{scenario:buying}", "p(95)<300")
    }

    fn init() -> Result<Self> {
        let base = env_or("BASE_URL", "http://127.0.0.1:8080");
        Ok(Self { base })
    }

    pub fn browse(&mut self) -> Result<()> {
        self.visit("/get")?;
        sleep(0.5);
        Ok(())
    }

    pub fn buy(&mut self) -> Result<()> {
        let order = json!({ "item": 7, "currency": env("CURRENCY") });
        let res = http::post(format!("{}/post", self.base), order)?;
        check!(res, "paid in euros" => |r| r.pointer("/json/currency") == "EUR");
        Ok(())
    }

    pub fn report(&mut self) -> Result<()> {
        self.visit("/delay/0.2")
    }

    // Not `pub`: shared by the flows, and none itself.
    fn visit(&self, path: &str) -> Result<()> {
        let res = http::get(format!("{}{path}", self.base))?;
        check!(res, "status is 200" => |r| r.status() == 200);
        Ok(())
    }
}
