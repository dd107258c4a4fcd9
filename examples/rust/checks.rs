//! Defines a test that verifies what comes back: status, header and payload of a POST at a constant rate.

use brunt_sdk::prelude::*;

#[derive(Default)]
struct Checks;

#[brunt_sdk::test]
impl Checks {
    fn options() -> Options {
        // 50 iterations begin each second, however long they take, and each makes one request.
        let post = Scenario::constant_arrival_rate(50, "5s").pre_allocated_vus(50);
        Options::new().scenario("post", post)
    }

    pub fn default(&mut self) -> Result<()> {
        let base = env_or("BASE_URL", "http://127.0.0.1:8080");
        let person = json!({ "name": "lorem", "surname": "ipsum" });
        let res = http::post(format!("{base}/post"), person)?;
        check!(res,
            "Post status is 200" => |r| r.status() == 200,
            "Post Content-Type header" => |r| r.header("content-type").as_deref() == Some("application/json"),
            "Post response name" => |r| r.pointer("/json/name") == "lorem",
        );
        Ok(())
    }
}
