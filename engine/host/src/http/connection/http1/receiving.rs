//! Defines how an HTTP/1.1 response is put together from what the socket gives.

use bytes::{Bytes, BytesMut};
use http::Method;

use crate::http::connection::http1::framing::Framing;
use crate::http::connection::http1::head::{self, HeadLimits, ParsedHead};
use crate::http::connection::http1::rest::Rest;
use crate::http::connection::{Answer, BodyPolicy, Unread};
use crate::http::failure::RequestFailure;
use crate::http::head::Head;

/// A response of which some has come.
pub(super) struct Receiving<'a> {
    method: &'a Method,
    policy: BodyPolicy,
    limits: HeadLimits,
    state: State,
}

enum State {
    /// What has come of the head.
    Head(Vec<u8>),
    Body(Box<Body>),
    /// Handed over.
    Over,
}

struct Body {
    head: Head,
    framing: Framing,
    keeps_alive: bool,
    size: usize,
    kept: BytesMut,
}

/// A whole response.
pub(super) struct Received {
    pub(super) answer: Answer,
    /// Whether another exchange may follow on the connection.
    pub(super) keeps_alive: bool,
}

/// The most memory that is set aside for a body because its head announces it.
const ANNOUNCED: usize = 1 << 20;

impl<'a> Receiving<'a> {
    pub(super) fn new(method: &'a Method, policy: BodyPolicy, limits: HeadLimits) -> Self {
        Self {
            method,
            policy,
            limits,
            state: State::Head(Vec::new()),
        }
    }

    /// Takes what has come: the response when that was the last of it.
    pub(super) fn take(&mut self, bytes: &[u8]) -> Result<Option<Received>, RequestFailure> {
        match &mut self.state {
            State::Head(before) if before.is_empty() => self.take_head(bytes),
            State::Head(before) => {
                let mut all = std::mem::take(before);
                all.extend_from_slice(bytes);
                self.take_head(&all)
            }
            State::Body(body) => match body.take(bytes, self.policy)? {
                None => Ok(None),
                Some(left) => Ok(self.finish(left == 0)),
            },
            State::Over => Ok(None),
        }
    }

    /// Takes the end of what comes: the response, if it may end like this.
    pub(super) fn end(&mut self) -> Result<Received, RequestFailure> {
        let until_close =
            matches!(&self.state, State::Body(body) if body.framing == Framing::UntilClose);
        let whole = until_close.then(|| self.finish(false)).flatten();
        whole.ok_or_else(|| {
            let what = match &self.state {
                State::Head(before) if before.is_empty() => "before a response came",
                State::Head(_) => "inside of the response's head",
                State::Body(_) | State::Over => "before the response was whole",
            };
            RequestFailure::new(1203, format!("the server closed the connection {what}"))
        })
    }

    fn take_head(&mut self, bytes: &[u8]) -> Result<Option<Received>, RequestFailure> {
        let Some(parsed) = head::parse(bytes, self.method, self.limits)? else {
            self.state = State::Head(bytes.to_vec());
            return Ok(None);
        };
        if self
            .policy
            .leaves_unread(parsed.status, parsed.notable.location)
        {
            return self.unread(&parsed, bytes).map(Some);
        }
        if let Some(whole) = self.whole(&parsed, bytes) {
            self.state = State::Over;
            return Ok(Some(whole));
        }
        let head = parsed.keep(&Bytes::copy_from_slice(&bytes[..parsed.end]));
        let announced = match parsed.framing {
            Framing::Length(length) if !self.policy.discard => {
                usize::try_from(length).unwrap_or(usize::MAX)
            }
            _ => 0,
        };
        let mut body = Box::new(Body {
            head,
            framing: parsed.framing,
            keeps_alive: parsed.keeps_alive,
            size: 0,
            kept: BytesMut::with_capacity(announced.min(ANNOUNCED).min(self.policy.limit)),
        });
        let left = body.take(&bytes[parsed.end..], self.policy)?;
        self.state = State::Body(body);
        Ok(left.and_then(|left| self.finish(left == 0)))
    }

    /// The response without its body, which is left to be streamed.
    fn unread(&mut self, parsed: &ParsedHead, bytes: &[u8]) -> Result<Received, RequestFailure> {
        self.state = State::Over;
        let (head, body) = bytes.split_at(parsed.end);
        let mut rest = Rest::new(parsed.framing.clone(), parsed.keeps_alive);
        rest.take(body)?;
        Ok(Received {
            answer: Answer::unread(
                parsed.keep(&Bytes::copy_from_slice(head)),
                Unread::Http1(Box::new(rest)),
            ),
            keeps_alive: false,
        })
    }

    /// The response, when all of it has come with its head, as most do: it is copied once, head and body together.
    fn whole(&self, parsed: &ParsedHead, bytes: &[u8]) -> Option<Received> {
        let Framing::Length(length) = parsed.framing else {
            return None;
        };
        let length = usize::try_from(length).ok()?;
        let end = parsed.end.checked_add(length)?;
        if bytes.len() < end || length > self.policy.limit {
            return None;
        }
        let kept = if self.policy.discard { parsed.end } else { end };
        let all = Bytes::copy_from_slice(&bytes[..kept]);
        Some(Received {
            keeps_alive: parsed.keeps_alive && bytes.len() == end,
            answer: Answer {
                head: parsed.keep(&all),
                body: all.slice(parsed.end..),
                body_size: length as u64,
                unread: None,
            },
        })
    }

    fn finish(&mut self, nothing_left: bool) -> Option<Received> {
        let State::Body(body) = std::mem::replace(&mut self.state, State::Over) else {
            return None;
        };
        Some(Received {
            keeps_alive: body.keeps_alive && nothing_left && body.framing != Framing::Upgraded,
            answer: Answer {
                head: body.head,
                body: body.kept.freeze(),
                body_size: body.size as u64,
                unread: None,
            },
        })
    }
}

impl Body {
    /// Takes what has come of the body. When it is over: how many bytes came after it, which nobody asked for.
    fn take(&mut self, bytes: &[u8], policy: BodyPolicy) -> Result<Option<usize>, RequestFailure> {
        let mut rest = bytes;
        while !rest.is_empty() && !self.framing.is_over() {
            let (used, piece) = self.framing.next(rest)?;
            self.size += piece.len();
            if !policy.discard {
                if self.size > policy.limit {
                    return Err(RequestFailure::body_limit(policy.limit));
                }
                self.kept.extend_from_slice(piece);
            }
            rest = &rest[used..];
        }
        Ok(self.framing.is_over().then_some(rest.len()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: HeadLimits = HeadLimits {
        headers: 100,
        bytes: 400 << 10,
    };

    const POLICY: BodyPolicy = BodyPolicy {
        discard: false,
        limit: 100,
        streaming: None,
    };

    /// What comes of a response in pieces of this size: status, body, size of the body, whether the connection stays.
    fn received(
        text: &str,
        size: usize,
        policy: BodyPolicy,
    ) -> Result<(u16, String, u64, bool), RequestFailure> {
        let mut receiving = Receiving::new(&Method::GET, policy, LIMITS);
        let mut pieces = text.as_bytes().chunks(size);
        let received = loop {
            let Some(piece) = pieces.next() else {
                break receiving.end()?;
            };
            if let Some(received) = receiving.take(piece)? {
                break received;
            }
        };
        let Received {
            answer,
            keeps_alive,
        } = received;
        let body = String::from_utf8(answer.body.to_vec()).unwrap();
        Ok((
            answer.head.status.as_u16(),
            body,
            answer.body_size,
            keeps_alive,
        ))
    }

    #[test]
    fn a_response_is_the_same_in_any_pieces() {
        let head = "HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 200 OK\r\nX: y\r\n";
        let plain = format!("{head}Content-Length: 5\r\n\r\nhello");
        let chunked =
            format!("{head}Transfer-Encoding: chunked\r\n\r\n4\r\nhell\r\n1\r\no\r\n0\r\n\r\n");
        let open = format!("{head}\r\nhello");
        for size in 1..chunked.len() {
            let whole = |stays| Ok((200, "hello".to_owned(), 5, stays));
            assert_eq!(received(&plain, size, POLICY), whole(true), "{size}");
            assert_eq!(received(&chunked, size, POLICY), whole(true), "{size}");
            assert_eq!(received(&open, size, POLICY), whole(false), "{size}");
            let discard = BodyPolicy {
                discard: true,
                limit: 1,
                streaming: None,
            };
            let counted = Ok((200, String::new(), 5, true));
            assert_eq!(received(&plain, size, discard), counted, "{size}");
            assert_eq!(received(&chunked, size, discard), counted, "{size}");
        }
    }

    #[test]
    fn more_than_a_response_closes_the_connection() {
        for text in [
            "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok and more",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\nand more",
        ] {
            let (_, body, _, keeps_alive) = received(text, text.len(), POLICY).unwrap();
            assert_eq!((body.as_str(), keeps_alive), ("ok", false));
        }
    }

    #[test]
    fn a_body_beyond_the_limit_is_a_failure() {
        let long = "x".repeat(101);
        for text in [
            format!("HTTP/1.1 200 OK\r\nContent-Length: 101\r\n\r\n{long}"),
            format!("HTTP/1.1 200 OK\r\n\r\n{long}"),
        ] {
            for size in [7, 1000] {
                let failure = received(&text, size, POLICY).unwrap_err();
                assert!(
                    failure.message.contains("limit responseBody"),
                    "{failure:?}"
                );
            }
        }
    }

    #[test]
    fn an_end_in_the_middle_is_a_failure() {
        let text = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
        for end in 0..text.len() {
            let failure = received(&text[..end], 100, POLICY).unwrap_err();
            assert_eq!(failure.code, 1203, "{end}: {failure:?}");
        }
    }
}
