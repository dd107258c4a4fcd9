//! Defines the rest of an HTTP/1.1 response whose body is streamed, and of a request that is still being sent.

use std::task::{Context, Poll};

use bytes::{Bytes, BytesMut};
use tokio::io::AsyncWrite;

use crate::http::connection::http1::framing::Framing;
use crate::http::connection::http1::sending::Sending;
use crate::http::failure::RequestFailure;

/// What of an exchange is still to come after the response's head.
pub(crate) struct Rest {
    framing: Framing,
    keeps_alive: bool,
    /// What has come of the body and was not handed over.
    came: BytesMut,
    /// The request, where the response began before all of it was sent.
    sending: Option<Sending>,
}

impl Rest {
    pub(super) fn new(framing: Framing, keeps_alive: bool) -> Self {
        Self {
            keeps_alive: keeps_alive && framing != Framing::Upgraded,
            framing,
            came: BytesMut::new(),
            sending: None,
        }
    }

    /// The head is handed over: whether the request asked to `close` the connection, and itself, unless sending it failed.
    pub(super) fn go_on(&mut self, close: bool, sending: Option<Sending>) {
        self.keeps_alive &= !close && sending.is_some();
        self.sending = sending.filter(|sending| !sending.is_done());
    }

    /// Takes what has come.
    pub(super) fn take(&mut self, bytes: &[u8]) -> Result<(), RequestFailure> {
        let mut left = bytes;
        while !left.is_empty() && !self.framing.is_over() {
            let (used, piece) = self.framing.next(left)?;
            self.came.extend_from_slice(piece);
            left = &left[used..];
        }
        // What nobody asked for.
        self.keeps_alive &= left.is_empty();
        Ok(())
    }

    /// Takes the end of what comes.
    pub(super) fn end(&mut self) -> Result<(), RequestFailure> {
        if self.framing != Framing::UntilClose {
            let words = "the server closed the connection before the response was whole";
            return Err(RequestFailure::new(1203, words));
        }
        self.framing = Framing::Length(0);
        self.keeps_alive = false;
        Ok(())
    }

    /// What has come and was not handed over, if anything.
    pub(super) fn next(&mut self) -> Option<Bytes> {
        (!self.came.is_empty()).then(|| self.came.split().freeze())
    }

    /// Whether no more of the body comes.
    pub(super) fn is_over(&self) -> bool {
        self.framing.is_over()
    }

    /// Whether another exchange may follow when it is over.
    pub(super) fn leaves_open(&self) -> bool {
        self.keeps_alive && self.sending.is_none()
    }

    /// Goes on with sending the request.
    pub(super) fn poll_send<W: AsyncWrite + Unpin>(
        &mut self,
        socket: &mut W,
        context: &mut Context<'_>,
    ) {
        let Some(sending) = &mut self.sending else {
            return;
        };
        if let Poll::Ready(result) = sending.poll(socket, context) {
            self.keeps_alive &= result.is_ok();
            self.sending = None;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What comes of a body in pieces of this size, and whether the connection stays open.
    fn read(mut rest: Rest, text: &str, size: usize) -> (String, bool) {
        let mut body = Vec::new();
        for piece in text.as_bytes().chunks(size) {
            rest.take(piece).expect("a well-formed body");
            body.extend(rest.next().unwrap_or_default());
        }
        if !rest.is_over() {
            rest.end().expect("an end");
        }
        (String::from_utf8(body).expect("text"), rest.leaves_open())
    }

    #[test]
    fn a_body_is_the_same_in_any_pieces() {
        let chunked = "4\r\nhell\r\n1\r\no\r\n0\r\n\r\n";
        for size in 1..chunked.len() {
            let sized = read(Rest::new(Framing::Length(5), true), "hello", size);
            assert_eq!(sized, ("hello".to_owned(), true));
            let rest = Rest::new(Framing::chunked(), true);
            assert_eq!(read(rest, chunked, size), ("hello".to_owned(), true));
            let open = read(Rest::new(Framing::UntilClose, true), "hello", size);
            assert_eq!(open, ("hello".to_owned(), false));
        }
        let more = read(Rest::new(Framing::Length(2), true), "ok and more", 4);
        assert_eq!(more, ("ok".to_owned(), false));
    }

    #[test]
    fn an_end_in_the_middle_is_a_failure() {
        let mut rest = Rest::new(Framing::Length(5), true);
        rest.take(b"hell").expect("a part");
        assert_eq!(rest.end().map_err(|failure| failure.code), Err(1203));
    }
}
