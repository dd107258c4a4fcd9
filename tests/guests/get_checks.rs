//! Defines the benchmark guest: one GET of `BASE_URL` as it stands, two checks.

use brunt_sdk::prelude::*;

struct Visitor {
    url: String,
}

#[brunt_sdk::test]
impl Visitor {
    fn init() -> Result<Self> {
        let url = env_or("BASE_URL", "http://127.0.0.1:8080/get");
        Ok(Self { url })
    }

    pub fn default(&mut self) {
        let res = http::get(&self.url);
        check!(res,
            "status is 200" => |r| r.status() == 200,
            "body is not empty" => |r| r.as_ref().is_ok_and(|r| r.body_size() > 0),
        );
    }
}
