//! Defines STOMP for Brunt: the protocol as a machine without I/O, and a client that drives it.
//!
//! Only `guest` knows the engine. All else is plain Rust that is tested natively: [`Session`] takes bytes and times and gives bytes,
//! [`Client`] drives one over whatever is a [`Wire`].

pub mod address;
pub mod client;
pub mod fault;
pub mod frame;
#[cfg(target_arch = "wasm32")]
mod guest;
pub mod message;
pub mod options;
pub mod parser;
pub mod session;
pub mod subscription;
pub mod version;
pub mod wire;

pub use address::Address;
pub use client::Client;
pub use fault::{Fault, Kind};
pub use frame::Frame;
pub use message::Message;
pub use options::{Options, Time};
pub use session::Session;
pub use version::Version;
pub use wire::{Incoming, Meter, Wire};
