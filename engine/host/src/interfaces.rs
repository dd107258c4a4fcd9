//! Defines the capabilities that guests import: one file per WIT package, each the host's side of its interfaces.

pub(crate) mod data;
pub(crate) mod execution;
pub(crate) mod extensions;
pub(crate) mod http;
pub(crate) mod js;
pub(crate) mod log;
pub(crate) mod metrics;
pub(crate) mod random;
pub(crate) mod secrets;
pub(crate) mod sockets;
pub(crate) mod time;
pub(crate) mod wasi;
