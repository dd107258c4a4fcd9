//! Defines a guest whose request to `BASE_URL` is refused: `HANDLED` looks at the error, `THROW` says for this request whether it
//! is to be looked at, `STATE` counts iterations in the VU.

use brunt_sdk::prelude::*;

struct Throwing {
    iterations: u32,
}

#[brunt_sdk::test]
impl Throwing {
    fn init() -> Result<Self> {
        Ok(Self { iterations: 0 })
    }

    pub fn default(&mut self) -> Result<()> {
        self.iterations += 1;
        let mut request = Request::get(env_or("BASE_URL", "http://127.0.0.1:1/"));
        if let Some(throw) = env("THROW") {
            request = request.throw(throw.parse()?);
        }
        let res = request.send();
        check!(res, "status is 200" => |r| r.status() == 200);
        if env("HANDLED").is_some() {
            log::info!(
                "handled {}",
                json!({ "code": res.error_code(), "iteration": self.iterations })
            );
        }
        Ok(())
    }
}
