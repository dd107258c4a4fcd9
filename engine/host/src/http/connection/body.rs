//! Defines how a response's body is read: kept, or counted and thrown away, and never more than the limit.

use bytes::{Bytes, BytesMut};
use http::Response;
use hyper::body::Incoming;

use crate::http::connection::{Answer, BodyPolicy};
use crate::http::failure::RequestFailure;

pub(super) type Frame = Option<Result<hyper::body::Frame<Bytes>, hyper::Error>>;

/// Reads a body to its end. One frame is kept as it came, without a copy.
pub(super) async fn read_body(
    response: Response<Incoming>,
    policy: BodyPolicy,
    mut next_frame: impl AsyncFnMut(&mut Incoming) -> Frame,
) -> Result<Answer, RequestFailure> {
    let (head, mut body) = response.into_parts();
    let mut kept = Kept::Nothing;
    let mut size = 0;
    while let Some(frame) = next_frame(&mut body).await {
        let frame = frame.map_err(|error| RequestFailure::exchange(&error))?;
        let Ok(bytes) = frame.into_data() else {
            continue;
        };
        size += bytes.len();
        if policy.discard {
            continue;
        }
        if size > policy.limit {
            return Err(RequestFailure::body_limit(policy.limit));
        }
        kept.push(bytes);
    }
    Ok(Answer {
        head: head.into(),
        body: kept.into_bytes(),
        body_size: size as u64,
    })
}

/// The part of a body that was read so far.
enum Kept {
    Nothing,
    One(Bytes),
    Several(BytesMut),
}

impl Kept {
    fn push(&mut self, bytes: Bytes) {
        *self = match std::mem::replace(self, Self::Nothing) {
            Self::Nothing => Self::One(bytes),
            Self::One(first) => {
                let mut all = BytesMut::with_capacity((first.len() + bytes.len()) * 2);
                all.extend_from_slice(&first);
                all.extend_from_slice(&bytes);
                Self::Several(all)
            }
            Self::Several(mut all) => {
                all.extend_from_slice(&bytes);
                Self::Several(all)
            }
        };
    }

    fn into_bytes(self) -> Bytes {
        match self {
            Self::Nothing => Bytes::new(),
            Self::One(bytes) => bytes,
            Self::Several(all) => all.freeze(),
        }
    }
}
