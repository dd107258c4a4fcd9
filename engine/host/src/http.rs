//! Defines the measured HTTP client: one per VU, on connections of its own.
//!
//! A request goes [`client`] (redirects, timeouts) → [`hop`] (one exchange, and its samples) → [`pool`] (a connection kept or
//! dialled) → [`connection`] (hyper, driven in place) → [`meter`] (bytes and instants, at the socket).

mod failure;
mod message;
mod target;

mod client;
mod hop;
mod samples;

mod connection;
mod dial;
mod meter;
mod pool;
mod resolve;
mod socket;
mod tls;

pub(crate) use client::Client;
pub(crate) use failure::RequestFailure;
#[expect(unreachable_pub, reason = "the generated bindings re-export it")]
pub use message::{Request, Response};
pub(crate) use resolve::Resolver;
pub(crate) use samples::protocol;
pub(crate) use target::Targets;
pub(crate) use tls::TlsSettings;
