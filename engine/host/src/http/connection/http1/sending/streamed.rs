//! Defines how a body is written that comes while it is sent: of a length that was told before, or in chunks.

use std::io::Write;
use std::task::{Context, Poll, ready};

use crate::http::failure::RequestFailure;
use crate::http::upload::{SentOnce, Upload, broken_off, wrong_length};

/// A body that is being sent.
pub(super) struct Streamed {
    body: SentOnce,
    /// How much is still to come, where that was told; else it is sent in chunks.
    left: Option<u64>,
}

impl Streamed {
    /// A body of which nothing was sent. Errors: it was sent before.
    pub(super) fn new(upload: &Upload) -> Result<Self, RequestFailure> {
        Ok(Self {
            left: upload.length(),
            body: upload.take()?,
        })
    }

    /// Writes the next piece into `out`, and tells whether it was the last one.
    pub(super) fn poll_next(
        &mut self,
        context: &mut Context<'_>,
        out: &mut Vec<u8>,
    ) -> Poll<Result<bool, RequestFailure>> {
        if self.left == Some(0) {
            return Poll::Ready(Ok(true));
        }
        loop {
            let frame = match ready!(self.body.as_mut().poll_frame(context)) {
                None => return Poll::Ready(self.end(out).map(|()| true)),
                Some(Ok(frame)) => frame,
                Some(Err(error)) => return Poll::Ready(Err(broken_off(&*error))),
            };
            // Trailers are not sent.
            let Ok(bytes) = frame.into_data() else {
                continue;
            };
            if !bytes.is_empty() {
                return Poll::Ready(self.piece(&bytes, out).map(|()| false));
            }
        }
    }

    fn piece(&mut self, bytes: &[u8], out: &mut Vec<u8>) -> Result<(), RequestFailure> {
        let Some(left) = &mut self.left else {
            // Writing to memory does not fail.
            let _ = write!(out, "{:x}\r\n", bytes.len());
            out.extend_from_slice(bytes);
            out.extend_from_slice(b"\r\n");
            return Ok(());
        };
        let rest = left.checked_sub(bytes.len() as u64);
        *left = rest.ok_or_else(|| wrong_length("longer"))?;
        out.extend_from_slice(bytes);
        Ok(())
    }

    fn end(&mut self, out: &mut Vec<u8>) -> Result<(), RequestFailure> {
        match self.left {
            None => out.extend_from_slice(b"0\r\n\r\n"),
            Some(0) => {}
            Some(_) => return Err(wrong_length("shorter")),
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::task::Waker;

    use bytes::Bytes;
    use http_body_util::{BodyExt, Full};

    use super::*;

    fn sent(length: Option<u64>) -> Result<String, RequestFailure> {
        let body = Full::new(Bytes::from_static(b"hello")).map_err(Into::into);
        let mut streamed = Streamed::new(&Upload::new(Box::pin(body), length))?;
        let (mut out, context) = (Vec::new(), &mut Context::from_waker(Waker::noop()));
        while let Poll::Ready(is_over) = streamed.poll_next(context, &mut out) {
            if is_over? {
                break;
            }
        }
        Ok(String::from_utf8(out).expect("text"))
    }

    #[test]
    fn a_length_is_kept_and_without_one_there_are_chunks() {
        assert_eq!(sent(Some(5)).as_deref(), Ok("hello"));
        assert_eq!(sent(None).as_deref(), Ok("5\r\nhello\r\n0\r\n\r\n"));
        for length in [4, 6] {
            assert_eq!(sent(Some(length)).unwrap_err().code, 1000);
        }
    }
}
