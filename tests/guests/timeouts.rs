//! Defines a guest whose request takes longer than its timeout.

use brunt_sdk::prelude::*;

#[brunt_sdk::test]
fn timeouts() {
    let begun = time::now();
    let res = Request::get(brunt_test_guests::url("/delay/5"))
        .timeout(Duration::from_millis(200))
        .send();
    let took = (time::now() - begun).as_millis();
    check!(res, "code is 1050" => |r| r.error_code() == 1050);
    check("it came in time", (200..1000).contains(&took));
}
