//! Defines the smallest test: one request and one check by ten users.

use brunt_sdk::prelude::*;

#[brunt_sdk::test(vus = 10, duration = "5s")]
fn hello() -> Result<()> {
    let base = env_or("BASE_URL", "http://127.0.0.1:8080");
    let res = http::get(format!("{base}/get"))?;
    check!(res, "status is 200" => |r| r.status() == 200);
    sleep(0.5);
    Ok(())
}
