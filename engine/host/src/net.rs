//! Defines connections as far as HTTP and sockets share them: how they are dialled, secured and counted.
//!
//! A host goes [`resolve`] (DNS) → [`dial`] (policy, TCP) → [`tls`] → [`socket`] (one byte stream), and [`meter`] counts what passes.

pub(crate) mod dial;
pub(crate) mod meter;
pub(crate) mod resolve;
pub(crate) mod socket;
pub(crate) mod tls;

pub(crate) use dial::Remote;
pub(crate) use resolve::{Names, Resolver};
pub use tls::{CIPHER_SUITES, is_cipher_suite};
pub(crate) use tls::{OcspStatus, Tls, TlsWishes, cipher_suite_name};
