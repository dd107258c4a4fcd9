//! Defines how a connection reads frames, and plays the script of each stream beside the others.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::io;
use std::rc::Rc;
use std::sync::Arc;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, WriteHalf, split};
use tokio::net::TcpStream;
use tokio::sync::{Mutex, Notify};
use tokio::task::spawn_local;
use tokio_rustls::TlsAcceptor;

use super::frame::{
    ACK, DATA, END_HEADERS, END_STREAM, GOAWAY, HEADERS, MAX_CONCURRENT_STREAMS, PING, RST_STREAM,
    SETTINGS, STATUS_200, WINDOW_UPDATE, frame, words,
};
use super::{Play, Shared, Stream};

/// Holds one connection to its end. A client that goes away is part of many a test.
pub(super) async fn hold(stream: TcpStream, tls: Option<TlsAcceptor>, shared: Arc<Shared>) {
    let connection = shared.seen(|seen| {
        seen.connections += 1;
        seen.connections - 1
    });
    let _ = stream.set_nodelay(true);
    let _ = match tls {
        None => converse(stream, connection, shared).await,
        Some(tls) => match tls.accept(stream).await {
            Ok(stream) => converse(stream, connection, shared).await,
            Err(error) => Err(error),
        },
    };
}

/// A connection, as the scripts of its streams see it.
struct Connection<S> {
    output: Mutex<WriteHalf<S>>,
    shared: Arc<Shared>,
    number: usize,
    /// Its streams that are open, by their numbers.
    open: RefCell<HashMap<u32, Rc<Open>>>,
    closed: Notify,
}

/// A stream that is open.
#[derive(Default)]
struct Open {
    /// Its place among all streams.
    count: usize,
    ended: Cell<bool>,
    end: Notify,
}

async fn converse<S: AsyncRead + AsyncWrite + 'static>(
    stream: S,
    number: usize,
    shared: Arc<Shared>,
) -> io::Result<()> {
    let (mut input, mut output) = split(stream);
    input.read_exact(&mut [0; PREFACE]).await?;
    let settings = shared.most_streams.map_or(Vec::new(), |most| {
        [
            &MAX_CONCURRENT_STREAMS.to_be_bytes()[..],
            &most.to_be_bytes(),
        ]
        .concat()
    });
    output.write_all(&frame(SETTINGS, 0, 0, &settings)).await?;
    output.flush().await?;
    let connection = Rc::new(Connection {
        output: Mutex::new(output),
        shared,
        number,
        open: RefCell::default(),
        closed: Notify::new(),
    });
    let read = async {
        loop {
            let mut head = [0; 9];
            input.read_exact(&mut head).await?;
            let [a, b, c, kind, flags, d, e, f, g] = head;
            let mut payload = vec![0; u32::from_be_bytes([0, a, b, c]) as usize];
            input.read_exact(&mut payload).await?;
            let stream = u32::from_be_bytes([d, e, f, g]);
            connection.read(kind, flags, stream, &payload).await?;
        }
    };
    tokio::select! {
        result = read => result,
        () = connection.closed.notified() => connection.output.lock().await.shutdown().await,
    }
}

impl<S: AsyncRead + AsyncWrite + 'static> Connection<S> {
    async fn read(
        self: &Rc<Self>,
        kind: u8,
        flags: u8,
        stream: u32,
        payload: &[u8],
    ) -> io::Result<()> {
        match kind {
            SETTINGS if flags & ACK == 0 => self.write(&frame(SETTINGS, ACK, 0, &[])).await?,
            PING if flags & ACK != 0 => self.shared.seen(|seen| seen.pongs += 1),
            HEADERS => self.begin(stream),
            DATA => self.count(stream, |seen| seen.body += payload.len()),
            RST_STREAM => {
                let code = payload
                    .iter()
                    .fold(0, |code, byte| code << 8 | u32::from(*byte));
                self.count(stream, |seen| seen.reset = Some(code));
                self.open.borrow_mut().remove(&stream);
            }
            _ => {}
        }
        let ends = matches!(kind, HEADERS | DATA) && flags & END_STREAM != 0;
        if let (true, Some(open)) = (ends, self.open.borrow().get(&stream)) {
            open.ended.set(true);
            open.end.notify_one();
        }
        Ok(())
    }

    fn begin(self: &Rc<Self>, number: u32) {
        let beside = self.open.borrow().len() + 1;
        let stream = self.shared.seen(|seen| {
            let stream = Stream {
                connection: self.number,
                number,
                count: seen.streams.len(),
                body: 0,
                reset: None,
                beside,
            };
            seen.streams.push(stream);
            stream
        });
        let open = Rc::new(Open {
            count: stream.count,
            ..Open::default()
        });
        self.open.borrow_mut().insert(number, Rc::clone(&open));
        let this = Rc::clone(self);
        spawn_local(async move {
            if let Ok(true) = this.play(stream, &open).await {
                this.open.borrow_mut().remove(&number);
            }
        });
    }

    fn count(&self, stream: u32, change: impl FnOnce(&mut Stream)) {
        if let Some(open) = self.open.borrow().get(&stream) {
            self.shared
                .seen(|seen| change(&mut seen.streams[open.count]));
        }
    }

    /// Plays the script of a stream. Tells whether the stream has ended.
    async fn play(&self, stream: Stream, open: &Open) -> io::Result<bool> {
        let number = stream.number;
        let mut ended = false;
        for play in (self.shared.script)(stream) {
            ended |= play.ends_stream();
            match play {
                Play::Wait(time) => tokio::time::sleep(time).await,
                Play::AwaitEnd if open.ended.get() => {}
                Play::AwaitEnd => open.end.notified().await,
                Play::Head { ends } => {
                    let flags = END_HEADERS | if ends { END_STREAM } else { 0 };
                    self.write(&frame(HEADERS, flags, number, &[STATUS_200]))
                        .await?;
                }
                Play::Data { bytes, ends } => {
                    let flags = if ends { END_STREAM } else { 0 };
                    self.write(&frame(DATA, flags, number, &vec![b'x'; bytes]))
                        .await?;
                }
                Play::Window(bytes) => {
                    for stream in [0, number] {
                        let bytes = bytes.to_be_bytes();
                        self.write(&frame(WINDOW_UPDATE, 0, stream, &bytes)).await?;
                    }
                }
                Play::Reset(code) => {
                    self.write(&frame(RST_STREAM, 0, number, &code.to_be_bytes()))
                        .await?;
                }
                Play::GoAway { last, code } => {
                    self.write(&frame(GOAWAY, 0, 0, &words(last, code))).await?;
                }
                Play::Ping => self.write(&frame(PING, 0, 0, &words(1, 2))).await?,
                Play::Raw(bytes) => self.write(&bytes).await?,
                Play::Close => self.closed.notify_one(),
            }
        }
        Ok(ended)
    }

    async fn write(&self, bytes: &[u8]) -> io::Result<()> {
        let mut output = self.output.lock().await;
        output.write_all(bytes).await?;
        output.flush().await
    }
}

/// The length of what a client says before its first frame.
const PREFACE: usize = 24;
