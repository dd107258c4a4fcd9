//! Defines how the body of a request is sent on a stream: as much at a time as the server has room for.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use h2::{Reason, SendStream};
use http_body::Body;

use crate::http::connection::RequestBody;
use crate::http::failure::RequestFailure;
use crate::http::upload::broken_off;

/// A body that is being sent.
pub(super) struct Upload {
    stream: SendStream<Bytes>,
    body: RequestBody,
    /// What was taken from the body, and is still to be sent.
    part: Bytes,
}

/// Why a body was not sent whole.
enum Unsent {
    /// The server does not want more of it.
    Unwanted,
    /// It broke off.
    Broken(RequestFailure),
}

impl From<h2::Error> for Unsent {
    fn from(_: h2::Error) -> Self {
        Self::Unwanted
    }
}

impl Upload {
    pub(super) fn new(stream: SendStream<Bytes>, body: RequestBody) -> Self {
        Self {
            stream,
            body,
            part: Bytes::new(),
        }
    }

    /// Goes on; ready when all is handed over, or nothing more is wanted.
    ///
    /// Errors: the body broke off, and the stream with it.
    pub(super) fn poll(&mut self, context: &mut Context<'_>) -> Poll<Result<(), RequestFailure>> {
        Poll::Ready(match ready!(self.poll_parts(context)) {
            Ok(()) | Err(Unsent::Unwanted) => Ok(()),
            Err(Unsent::Broken(failure)) => {
                self.stream.send_reset(Reason::CANCEL);
                Err(failure)
            }
        })
    }

    fn poll_parts(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Unsent>> {
        loop {
            if self.part.is_empty() {
                let Some(part) = ready!(self.next_part(context))? else {
                    self.stream.send_data(Bytes::new(), true)?;
                    return Poll::Ready(Ok(()));
                };
                self.part = part;
            }
            let room = match self.room() {
                0 => match ready!(self.stream.poll_capacity(context)) {
                    Some(room) => room?,
                    None => return Poll::Ready(Ok(())),
                },
                room => room,
            };
            let now = self.part.split_to(room.min(self.part.len()));
            let is_last = self.part.is_empty() && self.body.is_end_stream();
            self.stream.send_data(now, is_last)?;
            if is_last {
                return Poll::Ready(Ok(()));
            }
        }
    }

    /// How much of the part there is room for.
    fn room(&mut self) -> usize {
        self.stream.reserve_capacity(self.part.len());
        self.stream.capacity()
    }

    /// What comes next of the body that is not nothing. Trailers are not sent.
    fn next_part(&mut self, context: &mut Context<'_>) -> Poll<Result<Option<Bytes>, Unsent>> {
        loop {
            let frame = match ready!(Pin::new(&mut self.body).poll_frame(context)) {
                None => return Poll::Ready(Ok(None)),
                Some(frame) => frame.map_err(|error| Unsent::Broken(broken_off(&*error)))?,
            };
            if let Ok(part) = frame.into_data()
                && !part.is_empty()
            {
                return Poll::Ready(Ok(Some(part)));
            }
        }
    }
}
