//! Defines a guest that starts three requests and a timer, and takes them in the order in which they are ready.

use brunt_sdk::prelude::*;

#[brunt_sdk::test]
fn concurrent() -> Result<()> {
    let begun = time::now();
    let slow = start("/delay/0.6");
    let fast = start("/delay/0.1");
    let middle = start("/delay/0.3");
    let timer = time::after(0.2);

    check(
        "the fast one is first",
        wait_any(&[&slow, &fast, &middle, &timer]) == Some(1),
    );
    check("fast is 200", fast.take().status() == 200);
    check(
        "the timer is second",
        wait_any(&[&slow, &middle, &timer]) == Some(2),
    );
    check("a timer stays ready", timer.ready());
    check("the slow one is not ready", !slow.ready());
    check(
        "the middle one is third",
        wait_any(&[&slow, &middle]) == Some(1),
    );
    check("middle is 200", middle.take().status() == 200);
    check("slow is 200", slow.take().status() == 200);

    let took = (time::now() - begun).as_secs_f64();
    check("they ran at the same time", (0.6..0.95).contains(&took));

    drop(start("/delay/30"));
    let all =
        http::all(["/get", "/get", "/get"].map(|path| Request::get(brunt_test_guests::url(path))));
    check(
        "all are 200",
        all.len() == 3 && all.iter().all(|res| res.status() == 200),
    );
    Ok(())
}

fn start(path: &str) -> http::Pending {
    Request::get(brunt_test_guests::url(path)).start()
}
