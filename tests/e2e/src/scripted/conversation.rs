//! Defines how a connection follows its script, on a thread of its own.

use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::Arc;
use std::time::Duration;

use rustls::{ServerConnection, StreamOwned};
use socket2::SockRef;

use super::{Shared, Step};

/// Holds one conversation to its end.
pub(super) fn hold(stream: TcpStream, connection: usize, shared: &Arc<Shared>) {
    let _ = stream.set_nodelay(true);
    // No step waits for longer than this for a client that says nothing: the server may have been told to end.
    let _ = stream.set_read_timeout(Some(TURN));
    let _ = stream.set_write_timeout(Some(TURN));
    let counted = Counted {
        stream,
        connection,
        shared: Arc::clone(shared),
    };
    let mut conversation = Conversation {
        line: Some(Line::Plain(counted)),
        input: Vec::new(),
        body: 0,
    };
    let steps = (shared.script)(connection as u64);
    let closing = match conversation.follow(&steps, shared) {
        Ok(closing) => closing,
        // A client that goes away is part of many a test.
        Err(_) => Closing::Cut,
    };
    conversation.close(closing);
    shared.count(connection, |passed| passed.ended = true);
}

/// How a connection ends.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Closing {
    InOrder,
    Cut,
    Reset,
}

struct Conversation {
    /// Always there but during a handshake.
    line: Option<Line>,
    /// What was read and not yet looked at.
    input: Vec<u8>,
    /// The length of the body of the last request.
    body: usize,
}

/// What is spoken on.
enum Line {
    Plain(Counted),
    Tls(Box<StreamOwned<ServerConnection, Counted>>),
}

impl Conversation {
    fn follow(&mut self, steps: &[Step], shared: &Shared) -> io::Result<Closing> {
        for step in steps {
            match step {
                Step::Wait(time) => shared.wait(*time),
                Step::Handshake => self.handshake(shared)?,
                Step::ReadHead => self.read_head()?,
                Step::ReadBody => self.read_body()?,
                Step::ReadRequest => {
                    self.read_head()?;
                    self.read_body()?;
                }
                Step::Send(bytes) => self.send(bytes)?,
                Step::SendTimes(bytes, times) => {
                    for _ in 0..*times {
                        self.send(bytes)?;
                    }
                }
                Step::SendForever(bytes) => loop {
                    self.send(bytes)?;
                },
                Step::AwaitClose => while self.read_more()? > 0 {},
                Step::Reset => return Ok(Closing::Reset),
                Step::Cut => return Ok(Closing::Cut),
            }
        }
        Ok(Closing::InOrder)
    }

    fn handshake(&mut self, shared: &Shared) -> io::Result<()> {
        let config = shared.tls.clone().expect("a server with TLS");
        let mut session = ServerConnection::new(config).map_err(io::Error::other)?;
        let Some(Line::Plain(mut socket)) = self.line.take() else {
            return Err(io::Error::other("a second handshake"));
        };
        while session.is_handshaking() {
            if let Err(error) = session.complete_io(&mut socket) {
                self.line = Some(Line::Plain(socket));
                return Err(error);
            }
        }
        self.line = Some(Line::Tls(Box::new(StreamOwned::new(session, socket))));
        Ok(())
    }

    /// Reads to the end of a head, and keeps the length of the body that follows.
    fn read_head(&mut self) -> io::Result<()> {
        let end = loop {
            let found = self.input.windows(4).position(|four| four == b"\r\n\r\n");
            match found {
                Some(end) => break end + 4,
                None if self.read_more()? == 0 => return Err(io::ErrorKind::UnexpectedEof.into()),
                None => {}
            }
        };
        let head = String::from_utf8_lossy(&self.input[..end]).to_ascii_lowercase();
        self.input.drain(..end);
        let length = head
            .lines()
            .find_map(|line| line.strip_prefix("content-length:"));
        self.body = length.map_or(0, |length| length.trim().parse().unwrap_or(0));
        Ok(())
    }

    fn read_body(&mut self) -> io::Result<()> {
        while self.input.len() < self.body {
            if self.read_more()? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
        self.input.drain(..self.body);
        Ok(())
    }

    /// Reads what there is; 0 at the end of the connection.
    fn read_more(&mut self) -> io::Result<usize> {
        let mut buffer = [0; 16 << 10];
        let read = match self.line.as_mut() {
            Some(Line::Plain(socket)) => socket.read(&mut buffer)?,
            Some(Line::Tls(stream)) => stream.read(&mut buffer)?,
            None => 0,
        };
        self.input.extend_from_slice(&buffer[..read]);
        Ok(read)
    }

    fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        match self.line.as_mut() {
            Some(Line::Plain(socket)) => socket.write_all(bytes),
            Some(Line::Tls(stream)) => {
                stream.write_all(bytes)?;
                stream.flush()
            }
            None => Ok(()),
        }
    }

    fn close(mut self, closing: Closing) {
        let in_order = closing == Closing::InOrder;
        let socket = match self.line.take() {
            Some(Line::Plain(socket)) => socket,
            Some(Line::Tls(mut stream)) => {
                if in_order {
                    stream.conn.send_close_notify();
                    let _ = stream.flush();
                }
                stream.sock
            }
            None => return,
        };
        if closing == Closing::Reset {
            // With a linger time of zero, closing sends a reset.
            let _ = SockRef::from(&socket.stream).set_linger(Some(Duration::ZERO));
            return;
        }
        socket.leave();
    }
}

/// A socket whose bytes are counted.
struct Counted {
    stream: TcpStream,
    connection: usize,
    shared: Arc<Shared>,
}

impl Counted {
    /// Ends the server's side, then reads what the client still sends: else the system would send a reset.
    fn leave(mut self) {
        let _ = self.stream.shutdown(Shutdown::Write);
        let mut rest = [0; 16 << 10];
        while self.read(&mut rest).is_ok_and(|read| read > 0) {}
    }

    /// Does something again while it only took too long, until the server ends.
    fn patiently<T>(&self, mut act: impl FnMut() -> io::Result<T>) -> io::Result<T> {
        loop {
            match act() {
                Err(error) if is_late(&error) && !self.shared.is_stopped() => {}
                result => return result,
            }
        }
    }
}

fn is_late(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut | io::ErrorKind::Interrupted
    )
}

impl Read for Counted {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.patiently(|| (&self.stream).read(buffer))?;
        let count = |passed: &mut super::Passed| passed.received += read as u64;
        self.shared.count(self.connection, count);
        Ok(read)
    }
}

impl Write for Counted {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let sent = self.patiently(|| (&self.stream).write(bytes))?;
        let count = |passed: &mut super::Passed| passed.sent += sent as u64;
        self.shared.count(self.connection, count);
        Ok(sent)
    }

    fn flush(&mut self) -> io::Result<()> {
        (&self.stream).flush()
    }
}

const TURN: Duration = Duration::from_millis(100);
