//! Defines a guest that follows redirects, stops at the first, and gives up after too many.

use brunt_sdk::prelude::*;

#[brunt_sdk::test]
fn redirects() -> Result<()> {
    let followed = http::get(brunt_test_guests::url("/redirect/3"))?;
    check("three are followed", followed.status() == 200);
    check("the last URL answered", followed.url().ends_with("/get"));

    let first = Request::get(brunt_test_guests::url("/redirect/3"))
        .redirects(0)
        .send()?;
    check(
        "the redirect itself is there",
        (300..400).contains(&first.status()),
    );
    check("it has a location", first.header("location").is_some());

    let few = Request::get(brunt_test_guests::url("/redirect/3"))
        .redirects(2)
        .send();
    check(
        "after too many the last redirect is there",
        (300..400).contains(&few.status()),
    );
    Ok(())
}
