//! Defines the Rust SDK of Brunt: everything a load test in Rust is written with.
//!
//! A test is a function. This is a whole one:
//!
//! ```no_run
//! use brunt_sdk::prelude::*;
//!
//! #[brunt_sdk::test(vus = 10, duration = "30s", thresholds(http_req_duration = "p(95)<200"))]
//! fn hello() -> Result<()> {
//!     let res = http::get(format!("{}/get", env_or("BASE_URL", "http://127.0.0.1:8080")))?;
//!     check!(res, "status is 200" => |r| r.status() == 200);
//!     sleep(1);
//!     Ok(())
//! }
//! # fn main() {}
//! ```
//!
//! A test that keeps something per virtual user (VU), has several functions or more phases is a type; see
//! [`test`](macro@test). Both are compiled to `wasm32-unknown-unknown` as a `cdylib`, and `brunt run` takes the
//! resulting `.wasm` file as it is.
//!
//! Every instance of a test is one VU and runs one call at a time, so a test needs no locks and no `async`. A call
//! that waits, such as [`http::get`] or [`sleep`], suspends its own VU and nobody else. Several things at once
//! inside one VU are handles: [`http::Request::start`], [`http::all`], [`time::wait_any`].
//!
//! What a protocol is made of is in [`extension`] and [`sockets`].
//!
//! An error that ends an iteration and a panic are both counted and logged by the engine with their message; the
//! next iteration goes on, after a panic in a fresh VU.

#[doc(hidden)]
pub mod bindings;
pub mod data;
pub mod execution;
pub mod extension;
pub mod http;
pub mod log;
pub mod metrics;
pub mod options;
pub mod prelude;
pub mod random;
pub mod secrets;
pub mod sockets;
pub mod summary;
pub mod time;

mod check;
mod error;
mod lifecycle;

#[doc(hidden)]
pub mod __private {
    //! Defines what the code made by [`test`](macro@crate::test) needs; not for use by hand.
    pub use crate::bindings::exports::brunt::worlds::lifecycle::Guest;
    pub use crate::check::verdict;
    pub use crate::error::IntoOutcome;
    pub use crate::lifecycle::{
        Function, Phases, SDK_SECTION, Slot, Test, bytes_of, describe, handle_summary, init,
        iterate, sdk_section, setup, setup_bytes, summary_data, teardown,
    };
    pub use crate::options::option;
}

pub use brunt_sdk_macros::test;
pub use serde;
pub use serde_json::{self, Value as Json, json};
#[doc(hidden)]
pub use wit_bindgen;

pub use check::{check, check_tagged, group};
pub use error::{Error, Result};
pub use execution::{env, env_or};
pub use extension::Extension;
pub use options::{Options, Scenario};
pub use summary::Summary;
pub use time::sleep;
