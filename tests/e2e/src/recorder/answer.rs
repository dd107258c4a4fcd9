//! Defines the answers of a script, faults included.

use std::time::Duration;

/// What the server does with a request.
#[derive(Clone, Debug)]
pub struct Answer {
    pub(super) delay: Duration,
    pub(super) kind: Kind,
}

#[derive(Clone, Debug)]
pub(super) enum Kind {
    Respond(Response),
    /// Ends the connection in order, without a word.
    Close,
    /// Ends the connection with a TCP reset.
    Reset,
    /// Sends these bytes in place of a response, then ends the connection.
    Raw(Vec<u8>),
    /// Keeps the connection and says nothing.
    Never,
}

#[derive(Clone, Debug)]
pub(super) struct Response {
    pub(super) status: u16,
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: Vec<u8>,
    /// In how many pieces the body is sent, with so long after each.
    pub(super) pieces: (usize, Duration),
    /// Whether the stream is reset after that.
    pub(super) breaks_off: bool,
}

impl Answer {
    /// 200 with the body `ok`.
    pub fn ok() -> Answer {
        Answer::status(200).body("ok")
    }

    /// This status with an empty body.
    pub fn status(status: u16) -> Answer {
        Answer::of(Kind::Respond(Response {
            status,
            headers: Vec::new(),
            body: Vec::new(),
            pieces: (1, Duration::ZERO),
            breaks_off: false,
        }))
    }

    /// Ends the connection in order, without a word. Over HTTP/2 and HTTP/3: the stream alone.
    pub fn close() -> Answer {
        Answer::of(Kind::Close)
    }

    /// Ends the connection with a TCP reset. Over HTTP/2 or TLS: like [`Answer::close`];
    /// over HTTP/3 the stream is rejected.
    pub fn reset() -> Answer {
        Answer::of(Kind::Reset)
    }

    /// Sends something that is not HTTP, then ends the connection. Over HTTP/2: like [`Answer::close`].
    pub fn malformed() -> Answer {
        Answer::raw("HTTP/9.9 ???\r\nno colon\r\n\r\n")
    }

    /// Sends the head of a response and less of a body than it promises, then ends the connection.
    pub fn cut_off() -> Answer {
        Answer::raw("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nonly this")
    }

    /// Sends these bytes as they stand, then ends the connection.
    pub fn raw(bytes: impl Into<Vec<u8>>) -> Answer {
        Answer::of(Kind::Raw(bytes.into()))
    }

    /// Keeps the connection and never answers.
    pub fn never() -> Answer {
        Answer::of(Kind::Never)
    }

    /// Waits so long before it does anything.
    pub fn after(mut self, delay: Duration) -> Answer {
        self.delay = delay;
        self
    }

    /// Sets the body of a response; nothing for faults.
    pub fn body(mut self, body: impl Into<Vec<u8>>) -> Answer {
        if let Kind::Respond(response) = &mut self.kind {
            response.body = body.into();
        }
        self
    }

    /// Sets a body of so many bytes; nothing for faults.
    pub fn body_size(self, bytes: usize) -> Answer {
        self.body(vec![b'x'; bytes])
    }

    /// Sends the body in so many pieces, with a pause after each; over HTTP/3 alone.
    pub fn in_pieces(mut self, pieces: usize, pause: Duration) -> Answer {
        if let Kind::Respond(response) = &mut self.kind {
            response.pieces = (pieces, pause);
        }
        self
    }

    /// Resets the stream in place of its end; over HTTP/3 alone.
    pub fn broken_off(mut self) -> Answer {
        if let Kind::Respond(response) = &mut self.kind {
            response.breaks_off = true;
        }
        self
    }

    /// Adds a header to a response; nothing for faults.
    pub fn header(mut self, name: &str, value: &str) -> Answer {
        if let Kind::Respond(response) = &mut self.kind {
            response.headers.push((name.to_owned(), value.to_owned()));
        }
        self
    }

    fn of(kind: Kind) -> Answer {
        Answer {
            delay: Duration::ZERO,
            kind,
        }
    }
}
