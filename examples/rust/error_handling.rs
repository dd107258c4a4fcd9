//! Defines a test that keeps its head when the service does not: what fails is counted, and nothing builds on it.

use brunt_sdk::prelude::*;

struct ErrorHandling {
    base: String,
    unreachable: Counter,
}

#[brunt_sdk::test(vus = 5, duration = "5s", thresholds(unreachable = "count==0"))]
impl ErrorHandling {
    fn init() -> Result<Self> {
        Ok(Self {
            base: env_or("BASE_URL", "http://127.0.0.1:8080"),
            unreachable: Counter::new("unreachable")?,
        })
    }

    pub fn default(&mut self) -> Result<()> {
        let created = self.create();
        // A check of a `Result` fails when there was no response: its status is 0.
        check!(created, "Post status is 200" => |r| r.status() == 200);

        match created {
            Ok(res) if res.status() == 200 => self.rename(&res)?,
            Ok(res) => log::warn!("not created: {} {}", res.status(), res.text()),
            Err(error) => {
                let code = error.code().to_string();
                self.unreachable.add_tagged(1.0, &[("code", &code)]);
            }
        }
        sleep(0.5);
        Ok(())
    }

    fn create(&self) -> http::Result {
        Request::post(format!("{}/post", self.base))
            .json(&json!({ "name": "lorem" }))
            .timeout(Duration::from_secs(2))
            .send()
    }

    // What fails here ends the iteration: it is counted, logged with its message, and the next one begins.
    fn rename(&self, created: &Response) -> Result<()> {
        let name = created.pointer("/json/name");
        let Some(name) = name.as_str() else {
            fail!("the response has no name: {}", created.text());
        };
        let new = json!({ "name": format!("{name} the second") });
        let res = http::patch(format!("{}/patch", self.base), new)?;
        check!(res, "Patch status is 200" => |r| r.status() == 200);
        Ok(())
    }
}
