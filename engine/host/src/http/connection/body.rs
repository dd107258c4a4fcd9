//! Defines how a response's body is read: kept, or counted and thrown away, and never more than the limit.

use bytes::{Bytes, BytesMut};
use http::response;

use crate::http::connection::{Answer, BodyPolicy};
use crate::http::failure::RequestFailure;

/// Reads a body to its end, part by part. One part alone is kept as it came, without a copy.
pub(super) async fn read_body(
    head: response::Parts,
    policy: BodyPolicy,
    mut next: impl AsyncFnMut() -> Option<Result<Bytes, RequestFailure>>,
) -> Result<Answer, RequestFailure> {
    let mut kept = Kept::Nothing;
    let mut size = 0;
    while let Some(bytes) = next().await {
        let bytes = bytes?;
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
