//! Defines how a response's body is read: kept, or counted and thrown away, and never more than the limit, or left unread.

use bytes::{Bytes, BytesMut};
use http::StatusCode;

use crate::http::connection::http1::Rest as Http1Rest;
use crate::http::connection::http2::Rest as Http2Rest;
use crate::http::connection::http3::Rest as Http3Rest;
use crate::http::connection::{Answer, BodyPolicy};
use crate::http::failure::RequestFailure;
use crate::http::head::Head;
use crate::http::redirect;

/// A body that is still to be read, in the shape of the protocol that it comes by. Dropping it cancels it.
pub(crate) enum Unread {
    Http1(Box<Http1Rest>),
    Http2(Box<Http2Rest>),
    Http3(Box<Http3Rest>),
}

/// Which bodies are left unread: those of responses that end a request. What leads on is read, so that its connection is free.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Streaming {
    /// Whether a redirect would be followed.
    pub(crate) follows: bool,
    /// Whether a 401 may be a step of a log-in.
    pub(crate) challenged: bool,
}

impl BodyPolicy {
    /// Whether the body that comes with this head is to be streamed.
    pub(super) fn leaves_unread(&self, status: StatusCode, has_location: bool) -> bool {
        self.streaming.is_some_and(|streaming| {
            let leads_on = streaming.follows && has_location && redirect::leads_on(status)
                || streaming.challenged && status == StatusCode::UNAUTHORIZED;
            !leads_on
        })
    }
}

impl Answer {
    /// A response whose body is left to be streamed.
    pub(super) fn unread(head: Head, unread: Unread) -> Self {
        Self {
            head,
            body: Bytes::new(),
            body_size: 0,
            unread: Some(Box::new(unread)),
        }
    }
}

/// Reads a body to its end, part by part. One part alone is kept as it came, without a copy.
pub(super) async fn read_body(
    head: Head,
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
        head,
        body: kept.into_bytes(),
        body_size: size as u64,
        unread: None,
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
