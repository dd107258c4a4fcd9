//! Defines a guest that ends the whole run in its iteration number `ABORT_AT`, by default 3.

use brunt_sdk::prelude::*;

#[brunt_sdk::test]
fn abort() -> Result<()> {
    let at: u64 = env_or("ABORT_AT", "3").parse()?;
    if execution::iteration_in_test() >= at {
        execution::abort("enough is enough");
    }
    sleep(0.05);
    Ok(())
}
