//! Defines a test with all phases: it logs in once, works, cleans up, and writes its own summary.

use brunt_sdk::prelude::*;

#[derive(Serialize, Deserialize)]
struct Session {
    token: String,
}

struct Lifecycle {
    base: String,
}

#[brunt_sdk::test(vus = 3, iterations = 12, setup_timeout = "10s")]
impl Lifecycle {
    fn init() -> Result<Self> {
        let base = env_or("BASE_URL", "http://127.0.0.1:8080");
        Ok(Self { base })
    }

    // Once, before the load. What it returns is there for every VU.
    fn setup(&mut self) -> Result<Session> {
        let res = http::post(
            format!("{}/post", self.base),
            Body::form(&[("user", "lorem")]),
        )?;
        if res.status() != 200 {
            fail!("could not log in: {}", res.status());
        }
        let token = format!("token-{}", res.body_size());
        Ok(Session { token })
    }

    pub fn default(&mut self) -> Result<()> {
        let session: Session = execution::setup_data()?;
        let res = Request::get(format!("{}/headers", self.base))
            .header("authorization", format!("Bearer {}", session.token))
            .send()?;
        check!(res,
            "status is 200" => |r| r.status() == 200,
            "the token arrived" => |r| r.text().contains(&session.token),
        );
        sleep(0.2);
        Ok(())
    }

    // Once, after the load, also when the run was aborted.
    fn teardown(&mut self) -> Result<()> {
        let session: Session = execution::setup_data()?;
        http::delete(format!("{}/delete?token={}", self.base, session.token))?;
        Ok(())
    }

    // Once, at the very end, in the place of the engine's own summary.
    fn handle_summary(&mut self, data: Json) -> Result<Summary> {
        let requests = &data["metrics"]["http_reqs"]["values"]["count"];
        let p95 = &data["metrics"]["http_req_duration"]["values"]["p(95)"];
        Ok(Summary::new()
            .stdout(format!("{requests} requests, 95 % within {p95} ms\n"))
            .file("summary.json", format!("{data:#}\n")))
    }
}
