//! Defines a guest that posts JSON and checks that it comes back.

use brunt_sdk::prelude::*;

#[brunt_sdk::test]
fn post_json() -> Result<()> {
    let person = json!({ "name": "lorem", "surname": "ipsum" });
    let res = http::post(brunt_test_guests::url("/post"), person)?;
    check!(res,
        "status is 200" => |r| r.status() == 200,
        "content type is JSON" => |r| r.header("Content-Type").is_some_and(|v| v.starts_with("application/json")),
        "name comes back" => |r| r.pointer("/json/name") == "lorem",
    );
    Ok(())
}
