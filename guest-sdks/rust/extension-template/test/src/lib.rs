//! Defines a load test that uses the extension {{name}}.

use brunt_sdk::prelude::*;
use lines::my::{{wit}}::client::Client;

mod lines {
    #![allow(missing_docs, unreachable_pub, clippy::all)]
    brunt_sdk::import_extension!({
        path: ["../wit", "../contract"],
        world: "my:{{package}}/importing",
    });
}

#[brunt_sdk::test(vus = 5, duration = "5s", thresholds(checks = "rate>0.99"))]
fn ask() -> Result<()> {
    let host = env_or("HOST", "127.0.0.1");
    let port = env_or("PORT", "7777").parse()?;
    let client = Client::connect(&host, port).map_err(|failure| Error::new(failure.message))?;
    for number in 0..10 {
        let line = format!("line {number}");
        let response = client.request(&line).map_err(|failure| Error::new(failure.message))?;
        check("the line came back", response == line);
    }
    sleep(1);
    Ok(())
}
