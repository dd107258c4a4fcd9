//! Defines the benchmark guest with more to do: a POST of JSON made for it, whose answer is parsed and checked three times.

use brunt_sdk::prelude::*;

struct Poster {
    url: String,
}

#[brunt_sdk::test]
impl Poster {
    fn init() -> Result<Self> {
        let url = brunt_test_guests::url("/post");
        Ok(Self { url })
    }

    pub fn default(&mut self) -> Result<()> {
        let person = json!({ "name": "lorem", "surname": "ipsum" });
        let res = http::post(&self.url, person)?;
        check!(res,
            "status is 200" => |r| r.status() == 200,
            "content type is JSON" => |r| r.header("Content-Type").is_some_and(|v| v.starts_with("application/json")),
            "name comes back" => |r| r.pointer("/json/name") == "lorem",
        );
        Ok(())
    }
}
