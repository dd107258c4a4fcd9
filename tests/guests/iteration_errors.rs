//! Defines a guest of which every second iteration fails with an error, whose message has its cause.

use brunt_sdk::prelude::*;

#[brunt_sdk::test]
fn iteration_errors() -> Result<()> {
    if execution::vu_iteration() % 2 == 1 {
        let number = "seven".parse::<u32>();
        return number
            .map(drop)
            .map_err(|error| Error::from(error).context("reading the price"));
    }
    Ok(())
}
