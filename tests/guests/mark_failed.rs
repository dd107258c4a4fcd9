//! Defines a guest that marks the run as failed once, and goes on.

use brunt_sdk::prelude::*;

#[brunt_sdk::test]
fn mark_failed() {
    if execution::iteration_in_test() == 1 {
        execution::mark_failed("the second iteration says so");
    }
    check("iterations go on", true);
}
