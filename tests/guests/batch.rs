//! Defines a guest that sends a batch of `REQUESTS` (10 by default) to each of `URLS` in turn (`BASE_URL` by default), logs how it
//! went, and waits for another batch in the order in which it is ready.

use brunt_sdk::prelude::*;

#[brunt_sdk::test]
fn batch() -> Result<()> {
    let requests: usize = env_or("REQUESTS", "10").parse()?;
    let urls = env("URLS").unwrap_or_else(|| env_or("BASE_URL", "http://127.0.0.1:8080/"));
    let urls: Vec<&str> = urls.split(',').collect();
    let request = |index: usize| Request::get(urls[index * urls.len() / requests]);
    let results = http::batch((0..requests).map(request));
    for (index, res) in results.iter().enumerate() {
        let blocked = res
            .as_ref()
            .map_or(0.0, |res| res.timings().blocked.as_secs_f64());
        log::info!(
            "answer {}",
            json!({ "index": index, "code": res.error_code(), "status": res.status(), "blocked": blocked * 1e3 })
        );
    }

    let request = Request::get(urls[0]);
    let mut pending = http::start_batch([&request, &request, &request]);
    while let Some(index) = wait_any(&waitables(&pending)) {
        let res = pending.swap_remove(index).take();
        check("status is 200", res.status() == 200);
    }
    check(
        "no request is no batch",
        http::batch::<Request>([]).is_empty(),
    );
    Ok(())
}

fn waitables(pending: &[http::Pending]) -> Vec<&dyn Wait> {
    pending.iter().map(|one| one as &dyn Wait).collect()
}
