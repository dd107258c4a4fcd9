//! Defines a test that passes or fails: its thresholds are the service's objectives.

use brunt_sdk::prelude::*;

#[derive(Default)]
struct Thresholds;

#[brunt_sdk::test]
impl Thresholds {
    fn options() -> Options {
        Options::new()
            .scenario(
                "post",
                Scenario::constant_arrival_rate(50, "5s").pre_allocated_vus(50),
            )
            // Availability: fewer than 1 % of the requests fail; when half of them do, there is no point in going on.
            .threshold("http_req_failed", "rate<0.01")
            .threshold_abort("http_req_failed", "rate<0.5", "1s")
            // Latency: 95 % of the requests are answered within 200 ms, those that are tagged `post` too.
            .threshold("http_req_duration", "p(95)<200")
            .threshold("http_req_duration{name:post}", "p(95)<200")
            .threshold("checks", "rate>0.99")
    }

    pub fn default(&mut self) -> Result<()> {
        let base = env_or("BASE_URL", "http://127.0.0.1:8080");
        let res = Request::post(format!("{base}/post"))
            .name("post")
            .json(&json!({ "name": "lorem" }))
            .send()?;
        check!(res, "status is 200" => |r| r.status() == 200);
        Ok(())
    }
}
