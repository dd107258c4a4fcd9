//! Defines a test that does several things at once inside one VU, as a browser does.

use brunt_sdk::prelude::*;

#[brunt_sdk::test(vus = 5, duration = "5s")]
fn concurrent_requests() -> Result<()> {
    let base = env_or("BASE_URL", "http://127.0.0.1:8080");

    // A page and what it needs, all at once; the results come in this order.
    let paths = ["/get", "/headers", "/bytes/2048"];
    for (path, res) in paths.iter().zip(http::all(
        paths.map(|path| Request::get(format!("{base}{path}"))),
    )) {
        check!(res, format!("{path} is there") => |r| r.status() == 200);
    }

    // Whichever of two mirrors answers first, but no longer than a second. The slower request is aborted.
    let near = Request::get(format!("{base}/delay/0.1"))
        .name("near")
        .start();
    let far = Request::get(format!("{base}/delay/0.3"))
        .name("far")
        .start();
    let timer = time::after(1);
    let first = match wait_any(&[&near, &far, &timer]) {
        Some(0) => near.take()?,
        Some(1) => far.take()?,
        _ => fail!("no mirror answered within a second"),
    };
    check!(first, "a mirror answered" => |r| r.status() == 200);
    Ok(())
}
