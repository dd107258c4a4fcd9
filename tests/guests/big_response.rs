//! Defines a hostile guest that asks for a body of `BYTES`, 100 MiB by default: discarded, not looked at, and looked at.

use brunt_sdk::prelude::*;

#[brunt_sdk::test]
fn big_response() -> Result<()> {
    let bytes: u64 = env_or("BYTES", "104857600").parse()?;
    let url = brunt_test_guests::url(&format!("/bytes/{bytes}"));

    let discarded = Request::get(&url).discard_body(true).send();
    check!(discarded, "a discarded body is counted" => |r| r.as_ref().is_ok_and(|r| r.body_size() == bytes));
    check!(discarded, "and not kept" => |r| r.as_ref().is_ok_and(|r| r.body().is_empty()));

    match http::get(&url) {
        Ok(res) => check("it is read whole", res.body().len() as u64 == bytes),
        Err(error) => {
            log::info!("refused: {error}");
            check("it is refused as a value", error.code() >= 1000)
        }
    };
    Ok(())
}
