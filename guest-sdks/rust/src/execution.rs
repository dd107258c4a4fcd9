//! Defines who and where a VU is, what the test was given, and how to end the run.

use std::time::Duration;

use serde::de::DeserializeOwned;

use crate::bindings::brunt::execution::execution as wit;
use crate::{Error, Json, Result};

/// A variable of the test's environment: `--env`, the scenario's, and the system's when it is included.
pub fn env(name: &str) -> Option<String> {
    wit::env(name)
}

/// A variable of the test's environment, or this when it is not set.
pub fn env_or(name: &str, otherwise: &str) -> String {
    env(name).unwrap_or_else(|| otherwise.to_owned())
}

/// All variables of the test's environment.
pub fn environment() -> Vec<(String, String)> {
    wit::environment()
}

/// What `setup` returned. It is copied and read anew by each call.
///
/// Errors: `setup` returned nothing, or something that isn't a `T`.
///
/// ```no_run
/// # use brunt_sdk::prelude::*;
/// # fn f() -> Result<()> {
/// let token: String = execution::setup_data()?;
/// # Ok(()) }
/// ```
pub fn setup_data<T: DeserializeOwned>() -> Result<T> {
    let data = wit::setup_data().ok_or_else(|| Error::new("setup returned no data"))?;
    serde_json::from_slice(&data)
        .map_err(|error| Error::from(error).context("reading what setup returned"))
}

/// The run's options after all layers, in k6's shape. Traps during `init`, where they are not final.
pub fn options() -> Json {
    serde_json::from_str(&wit::options()).unwrap_or_default()
}

/// This VU's number in the whole test, from 1; 0 in `setup`, `teardown` and `handle_summary`.
pub fn vu_in_test() -> u64 {
    wit::vu_in_test()
}

/// This VU's number in this process, from 1; 0 in `setup`, `teardown` and `handle_summary`.
pub fn vu_in_instance() -> u64 {
    wit::vu_in_instance()
}

/// How many iterations this VU has begun before this one.
pub fn vu_iteration() -> u64 {
    wit::vu_iteration()
}

/// How many iterations this VU has begun before this one in this scenario.
pub fn vu_iteration_in_scenario() -> u64 {
    wit::vu_iteration_in_scenario()
}

/// The scenario's name; empty outside of iterations, as all that follows is empty or 0 there.
pub fn scenario() -> String {
    wit::scenario()
}

/// The scenario's executor, for example `constant-vus`.
pub fn executor() -> String {
    wit::executor()
}

/// When the scenario started, since 1970-01-01T00:00:00Z.
pub fn scenario_start() -> Duration {
    Duration::from_nanos(wit::scenario_start())
}

/// How much of the scenario is done, from 0 to 1.
pub fn scenario_progress() -> f64 {
    wit::scenario_progress()
}

/// This iteration's number in its scenario over the whole test, from 0: unique, also over several machines.
pub fn iteration_in_test() -> u64 {
    wit::iteration_in_test()
}

/// This iteration's number in its scenario in this process, from 0.
pub fn iteration_in_instance() -> u64 {
    wit::iteration_in_instance()
}

/// How many iterations this process has completed.
pub fn iterations_completed() -> u64 {
    wit::iterations_completed()
}

/// How many iterations this process has interrupted.
pub fn iterations_interrupted() -> u64 {
    wit::iterations_interrupted()
}

/// How many VUs of this process run iterations now.
pub fn vus_active() -> u64 {
    wit::vus_active()
}

/// How many VUs this process has initialised.
pub fn vus_initialized() -> u64 {
    wit::vus_initialized()
}

/// How long the run has gone on.
pub fn test_duration() -> Duration {
    Duration::from_nanos(wit::test_duration())
}

/// Ends the whole run with exit code 108. The iteration ends here.
pub fn abort(reason: &str) -> ! {
    wit::abort(reason);
    unreachable!("`abort` never returns")
}

/// Lets the run go on and end with exit code 110.
pub fn mark_failed(reason: &str) {
    wit::mark_failed(reason);
}
