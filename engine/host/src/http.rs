//! Defines the measured HTTP client: one per VU, on connections of its own.
//!
//! A request goes [`client`] (timeouts, cookies, [`redirect`], [`login`]) → [`hop`] (one exchange, and its samples) → [`pool`] (a connection kept or
//! dialled) → [`connection`] (HTTP/1.1 driven in place, HTTP/2 shared) → [`meter`](crate::net::meter) (bytes and instants, at the socket).
//!
//! A body that is not to be held in memory goes through a buffer: [`stream`] for those of responses, [`sse`] for events in them, [`upload`]
//! for those of requests.

mod address;
mod failure;
mod head;
mod message;
mod target;

mod chance;
pub(crate) mod cookie;
mod encoding;
mod form;
mod jar;

mod auth;

mod client;
mod debug;
mod hop;
mod login;
mod patience;
mod redirect;
mod samples;
pub(crate) mod sse;
mod stream;
mod upload;

mod connection;
mod dial;
mod pool;
mod quic;
mod rate;
mod tunnel;

pub(crate) use address::Address;
pub(crate) use auth::{Credentials, Scheme};
pub(crate) use client::Client;
pub(crate) use connection::content_length;
pub(crate) use cookie::SetCookie;
pub(crate) use failure::RequestFailure;
pub use failure::{ERROR_CODES, ErrorCode};
pub(crate) use form::{FORM, Part, urlencoded};
pub(crate) use hop::Hop;
pub(crate) use jar::{Jar, Trouble as JarTrouble};
pub(crate) use message::{DEFAULT_TIMEOUT, Login, OwnCookie};
#[expect(unreachable_pub, reason = "the generated bindings re-export it")]
pub use message::{Request, Response};
pub(crate) use patience::Patience;
pub(crate) use pool::Slot;
pub(crate) use rate::RateLimit;
pub(crate) use samples::{protocol, tls_version};
pub(crate) use stream::{BodyStream, StreamPolicy};
pub(crate) use target::{Origin, Targets};
pub(crate) use upload::{Upload, Writer, upload};
