//! Defines a test that looks for the breaking point: the rate of requests rises, however slow the answers become.

use brunt_sdk::prelude::*;

#[derive(Default)]
struct ArrivalRate;

#[brunt_sdk::test]
impl ArrivalRate {
    fn options() -> Options {
        let rising = Scenario::ramping_arrival_rate(10)
            .stage("5s", 100)
            .stage("5s", 200)
            .pre_allocated_vus(20)
            .max_vus(100);
        Options::new()
            .scenario("rising", rising)
            // An iteration for which no VU is free is not begun later, but dropped and counted.
            .threshold("dropped_iterations", "count<10")
    }

    pub fn default(&mut self) -> Result<()> {
        let base = env_or("BASE_URL", "http://127.0.0.1:8080");
        let res = http::get(format!("{base}/delay/0.05"))?;
        check!(res, "status is 200" => |r| r.status() == 200);
        Ok(())
    }
}
