//! Defines the bodies of requests: whole, or streamed and held to the length that was told before.

use std::error::Error as StdError;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use http_body_util::Full;

use crate::http::failure::RequestFailure;
use crate::http::upload::{BrokenOff, SentOnce, Upload, wrong_length};

/// The body of a request.
pub(crate) enum RequestBody {
    Whole(Full<Bytes>),
    Streamed {
        body: SentOnce,
        /// How much is still to come, where that was told.
        left: Option<u64>,
    },
}

impl RequestBody {
    /// A body that is there.
    pub(crate) fn whole(bytes: Bytes) -> Self {
        Self::Whole(Full::new(bytes))
    }

    /// A body that comes while it is sent. Errors: it was sent before.
    pub(crate) fn streamed(upload: &Upload) -> Result<Self, RequestFailure> {
        Ok(Self::Streamed {
            left: upload.length(),
            body: upload.take()?,
        })
    }
}

type BoxError = Box<dyn StdError + Send + Sync>;

impl Body for RequestBody {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let (body, left) = match self.get_mut() {
            Self::Whole(body) => return Pin::new(body).poll_frame(context).map_err(Into::into),
            Self::Streamed { body, left } => (body, left),
        };
        if *left == Some(0) {
            return Poll::Ready(None);
        }
        let frame = ready!(body.as_mut().poll_frame(context));
        Poll::Ready(match (frame, left) {
            (None, Some(_)) => Some(Err(broken(wrong_length("shorter")))),
            (Some(Ok(frame)), Some(left)) => Some(counted(frame, left)),
            (frame, _) => frame,
        })
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Whole(body) => body.is_end_stream(),
            Self::Streamed { body, left } => {
                left.map_or_else(|| body.is_end_stream(), |left| left == 0)
            }
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Whole(body) => body.size_hint(),
            Self::Streamed { left, .. } => {
                left.map_or_else(SizeHint::default, SizeHint::with_exact)
            }
        }
    }
}

fn counted(frame: Frame<Bytes>, left: &mut u64) -> Result<Frame<Bytes>, BoxError> {
    let length = frame.data_ref().map_or(0, Bytes::len) as u64;
    let rest = left.checked_sub(length);
    *left = rest.ok_or_else(|| broken(wrong_length("longer")))?;
    Ok(frame)
}

fn broken(failure: RequestFailure) -> BoxError {
    Box::new(BrokenOff(failure))
}

#[cfg(test)]
mod tests {
    use std::task::Waker;

    use http_body_util::BodyExt;

    use super::*;
    use crate::http::upload::broken_off;

    fn sent(length: Option<u64>) -> Result<String, RequestFailure> {
        let body = Full::new(Bytes::from_static(b"hello")).map_err(Into::into);
        let mut body = RequestBody::streamed(&Upload::new(Box::pin(body), length))?;
        let (mut out, context) = (String::new(), &mut Context::from_waker(Waker::noop()));
        while let Poll::Ready(Some(frame)) = Pin::new(&mut body).poll_frame(context) {
            let frame = frame.map_err(|error| broken_off(&*error))?;
            out += std::str::from_utf8(&frame.into_data().expect("data")).expect("text");
        }
        assert!(body.is_end_stream());
        Ok(out)
    }

    #[test]
    fn a_length_that_was_told_is_kept() {
        assert_eq!(sent(Some(5)).as_deref(), Ok("hello"));
        assert_eq!(sent(None).as_deref(), Ok("hello"));
        for length in [4, 6] {
            assert_eq!(sent(Some(length)).unwrap_err().code, 1000);
        }
    }
}
