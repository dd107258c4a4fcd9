//! Defines sockets, for protocol extensions: TCP, TLS over it, and UDP.
//!
//! Connections go where the run allows connections to go, and their bytes count in `data_sent` and `data_received`. The engine reads
//! ahead and writes what is left to write while the VU does something else; beyond the limit `socketBuffer` it stops reading, and
//! a writer waits.
//!
//! ```no_run
//! use brunt_sdk::prelude::*;
//! use brunt_sdk::sockets::{Dial, TlsOptions};
//!
//! fn greet(host: &str) -> Result<Vec<u8>> {
//!     let tls = TlsOptions::new().protocols(&["greeting"]);
//!     let mut connection = Dial::new(host, 4433).timeout(Duration::from_secs(5)).tls(&tls).connect()?;
//!     connection.send(b"HELLO\r\n")?;
//!     let answer = connection.chunk(1024)?;
//!     Ok(answer.unwrap_or_default())
//! }
//! ```

mod connection;
mod datagrams;
mod dial;
mod error;

pub use connection::{Connection, TlsFacts};
pub use datagrams::Datagrams;
pub use dial::{Dial, PendingConnection, Timings, TlsOptions};
pub use error::{Error, Result};

use crate::bindings::brunt::time::waiting::Waitable;
use crate::time::Wait;

/// Something of a socket's to wait for.
#[derive(Debug)]
pub struct Ready {
    inner: Waitable,
}

impl Wait for Ready {
    fn waitable(&self) -> &Waitable {
        &self.inner
    }
}
