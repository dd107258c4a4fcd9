//! Defines the steps of a scripted connection.

use std::time::Duration;

/// One thing that the server does with a connection.
#[derive(Clone, Debug)]
pub enum Step {
    /// Nothing, for this long.
    Wait(Duration),
    /// The server's side of a TLS handshake. What is read and sent before it is not encrypted.
    Handshake,
    /// Reads the head of a request, and not a byte of its body that it can help.
    ReadHead,
    /// Reads the rest of a request whose head was read, by its `content-length`.
    ReadBody,
    /// Reads a request, head and body.
    ReadRequest,
    /// Sends these bytes.
    Send(Vec<u8>),
    /// Sends these bytes so many times.
    SendTimes(Vec<u8>, usize),
    /// Sends these bytes again and again, until the client is gone.
    SendForever(Vec<u8>),
    /// Reads until the client closes the connection.
    AwaitClose,
    /// Ends the connection with a TCP reset.
    Reset,
    /// Ends the connection without saying so in TLS.
    Cut,
}

impl Step {
    /// Sends this text.
    pub fn send(text: impl AsRef<str>) -> Step {
        Step::Send(text.as_ref().as_bytes().to_vec())
    }

    /// Waits so many milliseconds.
    pub fn wait_ms(ms: u64) -> Step {
        Step::Wait(Duration::from_millis(ms))
    }

    /// Sends a whole response with this body.
    pub fn respond(body: &str) -> Step {
        let length = body.len();
        Step::send(format!(
            "HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n{body}"
        ))
    }

    /// Reads a request and sends a whole response, this often.
    pub fn serve(times: usize) -> Vec<Step> {
        let once = || [Step::ReadRequest, Step::respond("ok")];
        (0..times).flat_map(|_| once()).collect()
    }
}
