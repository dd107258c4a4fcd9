//! Defines a test of one endpoint under a thousand URLs, measured as one by its name.

use brunt_sdk::prelude::*;

#[brunt_sdk::test(
    vus = 5,
    duration = "5s",
    thresholds("http_req_duration{name:/anything/posts/${id}}" = "p(95)<200")
)]
fn dynamic_urls() -> Result<()> {
    let base = env_or("BASE_URL", "http://127.0.0.1:8080");
    let id = random::range(1..1001);
    let res = Request::get(format!("{base}/anything/posts/{id}"))
        .name("/anything/posts/${id}")
        .send()?;
    check!(res, "status is 200" => |r| r.status() == 200);
    sleep(0.1);
    Ok(())
}
