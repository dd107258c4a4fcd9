//! Defines MQTT 3.1.1 and 5 for Brunt tests: the protocol as a machine of bytes in and events out, and the extension around it.
//!
//! The machine does no I/O and reads no clock, so that its tests run natively, against bytes and against real servers. What is around it
//! is compiled for WebAssembly alone.

pub mod codec;
mod error;
pub mod machine;
mod reason;
mod server;
mod topic;

#[cfg(target_arch = "wasm32")]
mod guest;

pub use error::{Error, ErrorKind};
pub use reason::{greeting_words, words};
pub use server::{Login, Server};
pub use topic::{Topic, check_filter, has_wildcards, is_shared, matches};
