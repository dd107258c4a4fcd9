//! Defines bodies that are read while they come.

use std::cell::OnceCell;
use std::io::{self, Read};
use std::ops::Deref;

use crate::bindings::brunt::http::client as wit;
use crate::bindings::brunt::time::waiting::{Waitable, after};
use crate::http::{Error, Response, Result, response};
use crate::time::Wait;

/// A response whose body is read while it comes: piece by piece with [`Stream::chunk`], or as a [`Read`].
///
/// Status, headers and all else that a [`Response`] knows are known already; its `body` is empty. The engine reads ahead,
/// as far as the limit `streamBuffer`. The request is measured when the body has ended, failed or was dropped.
///
/// It can be [waited for](crate::time::wait_any): it is ready when [`Stream::chunk`] would not suspend.
#[derive(Debug)]
pub struct Stream {
    response: Response,
    /// None when the response came without.
    body: Option<wit::BodyStream>,
    ready: OnceCell<Waitable>,
    throw: Option<bool>,
}

impl Stream {
    /// The next bytes, as soon as there are any, at most `most`; none at the end. Suspends this VU until then.
    ///
    /// Errors: the body breaks off, takes longer than the request may, or can't be decompressed.
    pub fn chunk(&mut self, most: usize) -> Result<Option<Vec<u8>>> {
        self.ready.take();
        let Some(body) = &self.body else {
            return Ok(None);
        };
        body.read(most as u64)
            .map_err(|error| Error::new(error.code, error.message).raised(self.throw))
    }

    /// Reads to the end and throws it away. Gives the number of bytes. Errors: those of [`Stream::chunk`].
    pub fn drain(&mut self) -> Result<u64> {
        let mut size = 0;
        while let Some(bytes) = self.chunk(CHUNK)? {
            size += bytes.len() as u64;
        }
        Ok(size)
    }

    /// How many bytes of the body have come so far, decompressed.
    pub fn body_size(&self) -> u64 {
        self.response.size_now()
    }

    /// The response.
    pub fn response(&self) -> &Response {
        &self.response
    }
}

/// What is read at once where nobody says how much.
const CHUNK: usize = 64 << 10;

impl Deref for Stream {
    type Target = Response;

    fn deref(&self) -> &Response {
        &self.response
    }
}

/// Errors are of kind [`Other`](io::ErrorKind::Other), and hold an [`http::Error`](Error).
impl Read for Stream {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let bytes = self.chunk(buffer.len()).map_err(io::Error::other)?;
        let bytes = bytes.unwrap_or_default();
        buffer[..bytes.len()].copy_from_slice(&bytes);
        Ok(bytes.len())
    }
}

impl Wait for Stream {
    fn waitable(&self) -> &Waitable {
        self.ready.get_or_init(|| match &self.body {
            Some(body) => body.ready(),
            None => after(0),
        })
    }
}

/// Wraps what the contract returns; failures are raised as `throw` says, or else the option.
pub(super) fn opened(
    result: std::result::Result<wit::Response, wit::RequestError>,
    throw: Option<bool>,
) -> Result<Stream> {
    let response = response::result_of(result, throw)?;
    let body = response.take_body();
    Ok(Stream {
        response,
        body,
        ready: OnceCell::new(),
        throw,
    })
}
