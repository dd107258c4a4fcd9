//! Defines a guest whose request is refused (`CLOSED_URL`, by default port 1 here): the error is a value.

use brunt_sdk::prelude::*;

#[brunt_sdk::test]
fn failing_requests() {
    let res = http::get(env_or("CLOSED_URL", "http://127.0.0.1:1/"));
    check!(res,
        "status is 0" => |r| r.status() == 0,
        "code is 1212" => |r| r.error_code() == 1212,
        "the message says something" => |r| r.as_ref().is_err_and(|e| !e.message().is_empty()),
    );
    let invalid = http::get("not a URL");
    check!(invalid, "an invalid URL is 1020" => |r| r.error_code() == 1020);
    let unspeakable = Request::post("http://127.0.0.1:1/").body(bad_body()).send();
    check!(unspeakable, "a body that is no JSON is 1000" => |r| r.error_code() == 1000);
}

fn bad_body() -> Body<'static> {
    Body::json(&std::collections::BTreeMap::from([((1, 2), 3)]))
}
