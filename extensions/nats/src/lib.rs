//! Defines NATS for Brunt: the protocol as a machine without I/O, a client that drives it, and JetStream on top.
//!
//! Only `guest` knows the engine. All else is plain Rust that is tested natively: [`Session`] takes bytes and times and
//! gives bytes, [`Client`] drives one over whatever is a [`Wire`].

pub mod address;
pub mod client;
pub mod command;
pub mod credentials;
pub mod fault;
mod greeting;
#[cfg(target_arch = "wasm32")]
mod guest;
mod headers;
pub mod info;
pub mod jetstream;
pub mod message;
pub mod options;
pub mod parser;
mod servers;
pub mod session;
pub mod subject;
pub mod subscription;
pub mod wire;

pub use address::Address;
pub use client::Client;
pub use command::Outgoing;
pub use credentials::{Credentials, NKey};
pub use fault::{Fault, Kind};
pub use message::Message;
pub use options::Options;
pub use session::Session;
pub use wire::{Incoming, Meter, Wire};
