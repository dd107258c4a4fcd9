//! Defines sockets as protocol extensions have them: TCP, TLS over it, and UDP, without anything of a protocol.
//!
//! A host goes [`open`] (slot, look-up, TCP, TLS) → [`connection`] (what the VU reads and writes) ⇄ [`driver`] (a task that moves bytes
//! between the socket and two buffers, whatever the VU does meanwhile).

mod connection;
mod driver;
mod ground;
mod inbox;
mod open;

pub(crate) use connection::Connection;
pub(crate) use ground::Ground;
pub(crate) use open::{Dial, open};
