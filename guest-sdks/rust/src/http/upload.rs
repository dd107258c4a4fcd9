//! Defines request bodies that are written while they are sent.

use std::cell::OnceCell;
use std::io::{self, Write};

use crate::bindings::brunt::http::client as wit;
use crate::bindings::brunt::time::waiting::{Waitable, after};
use crate::http::{Error, Pending, Result};
use crate::time::Wait;

/// A request under way whose body is written piece by piece, with [`Upload::write`] or as a [`Write`]. Dropping it breaks
/// the request off.
///
/// Such a body is gone once it was sent: a redirect or log-in that has to repeat it fails with code 1000.
///
/// It can be [waited for](crate::time::wait_any): it is ready when there is room for more.
///
/// ```no_run
/// # use brunt_sdk::prelude::*;
/// # fn f() -> Result<()> {
/// let mut upload = Request::post("http://127.0.0.1:8080/post").upload(None);
/// for _ in 0..1000 {
///     upload.write(&[b'x'; 10_000])?;
/// }
/// let res = upload.finish()?;
/// # Ok(()) }
/// ```
#[derive(Debug)]
pub struct Upload {
    /// None when there was nothing to send.
    writer: Option<wit::BodyWriter>,
    pending: Pending,
    ready: OnceCell<Waitable>,
}

impl Upload {
    pub(super) fn new(
        started: Result<(wit::BodyWriter, wit::PendingResponse)>,
        throw: Option<bool>,
    ) -> Self {
        let (writer, pending) = match started {
            Ok((writer, pending)) => (Some(writer), Ok(pending)),
            Err(error) => (None, Err(error)),
        };
        Self {
            writer,
            pending: Pending::new(pending, throw),
            ready: OnceCell::new(),
        }
    }

    /// Writes bytes. Suspends this VU while too many wait to be sent: limit `streamBuffer`.
    ///
    /// Errors: what the request failed with; code 1201 when the response came already, which [`Upload::finish`] then
    /// gives; code 1000 beyond the length that was given.
    pub fn write(&mut self, bytes: &[u8]) -> Result<()> {
        self.ready.take();
        match &self.writer {
            None => Ok(()),
            Some(writer) => writer
                .write(bytes)
                .map_err(|error| Error::new(error.code, error.message)),
        }
    }

    /// Ends the body, and suspends this VU until the whole response is there.
    ///
    /// Errors: those of a request; code 1000 when less was written than the length that was given.
    pub fn finish(self) -> Result {
        // Where it fails, the response says why, or was there before the body was whole.
        if let Some(writer) = &self.writer {
            let _ = writer.finish();
        }
        self.pending.take()
    }

    /// Breaks the body off, and gives what came of the request: an error, unless the response was there before.
    pub fn abandon(self) -> Result {
        drop(self.writer);
        self.pending.take()
    }
}

/// Errors are of kind [`Other`](io::ErrorKind::Other), and hold an [`http::Error`](Error).
impl Write for Upload {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        Upload::write(self, bytes).map_err(io::Error::other)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Wait for Upload {
    fn waitable(&self) -> &Waitable {
        self.ready.get_or_init(|| match &self.writer {
            Some(writer) => writer.ready(),
            None => after(0),
        })
    }
}
