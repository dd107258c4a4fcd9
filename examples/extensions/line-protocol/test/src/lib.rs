//! Defines a test that stores a value by the line protocol, and reads it again.

use brunt_sdk::prelude::*;

mod line_protocol {
    brunt_sdk::import_extension!({
        path: ["../../../../wit", "../wit"],
        inline: "
            package example:store-test;

            world importing {
                import brunt:time/clock@0.1.0;
                import brunt:time/waiting@0.1.0;
                import example:line-protocol/client@0.1.0;
            }
        ",
    });
}

use line_protocol::example::line_protocol::client::Connection;

#[brunt_sdk::test(vus = 2, iterations = 10, thresholds(checks = "rate==1", line_duration = "p(95)<200"))]
fn store() -> Result<()> {
    let port = env_or("PORT", "7070").parse().unwrap_or(7070);
    let connection = Connection::open("127.0.0.1", port).map_err(Error::new)?;
    let key = format!("key-{}", execution::vu_in_test());
    connection.ask(&format!("SET {key} a value")).map_err(Error::new)?;
    let value = connection.ask(&format!("GET {key}"));
    check("the value is read again", value.as_deref() == Ok("a value"));
    check("a key that is not there is an error", connection.ask("GET nothing").is_err());
    Ok(())
}
