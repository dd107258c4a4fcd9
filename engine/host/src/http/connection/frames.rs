//! Defines what is seen of HTTP/2 where its frames pass through the socket: when each stream was sent and answered, and when
//! the server wants no more of them.
//!
//! Streams overlap on a connection, so the instants of its bytes say nothing of any one of them. The heads of frames do.

use std::cell::{Cell, RefCell};
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, ready};
use std::time::Instant;

use rustc_hash::FxHashMap;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::net::meter::Instants;

/// What passed through a connection.
#[derive(Default)]
pub(super) struct Watch {
    /// The streams under way, by their numbers.
    streams: RefCell<FxHashMap<u32, Rc<Instants>>>,
    /// Those that were handed over whole, but may still be held back by what is between here and the socket.
    unflushed: RefCell<Vec<Rc<Instants>>>,
    /// The code of the last GOAWAY of the server.
    going_away: Cell<Option<u32>>,
    /// Whether the server has closed its side in order.
    closed: Cell<bool>,
}

impl Watch {
    /// A request is about to be sent as this stream.
    pub(super) fn open(&self, stream: u32, instants: &Rc<Instants>) {
        instants.begin_stream();
        self.streams.borrow_mut().insert(stream, instants.clone());
    }

    /// A stream is of no interest any more.
    pub(super) fn close(&self, stream: u32) {
        self.streams.borrow_mut().remove(&stream);
    }

    /// The code of the GOAWAY that the server has sent, if it has.
    pub(super) fn going_away(&self) -> Option<u32> {
        self.going_away.get()
    }

    /// Whether the server has closed its side in order.
    pub(super) fn is_closed(&self) -> bool {
        self.closed.get()
    }

    fn sent(&self, frame: &Frame, now: Instant) {
        let streams = self.streams.borrow();
        let Some(instants) = streams.get(&frame.stream) else {
            return;
        };
        if frame.carries_message() {
            instants.wrote_frame(now, frame.ends_stream);
            if frame.ends_stream {
                self.unflushed.borrow_mut().push(instants.clone());
            }
        }
    }

    /// Nothing is held back any more; when something was, it has left only now.
    fn flushed(&self, was_held_back: bool) {
        let mut unflushed = self.unflushed.borrow_mut();
        if unflushed.is_empty() {
            return;
        }
        if was_held_back {
            let now = Instant::now();
            unflushed.iter().for_each(|one| one.wrote_frame(now, true));
        }
        unflushed.clear();
    }

    /// The head of a frame has come.
    fn begun(&self, frame: &Frame, now: Instant) {
        if frame.carries_message()
            && let Some(instants) = self.streams.borrow().get(&frame.stream)
        {
            instants.read_frame(now);
        }
    }

    /// A frame has come whole.
    fn received(&self, frame: &Frame, now: Instant) {
        match frame.kind {
            RST_STREAM => {
                if let Some(instants) = self.streams.borrow().get(&frame.stream) {
                    instants.read_frame(now);
                    instants.read_last(now);
                    if frame.word(0) == REFUSED_STREAM {
                        instants.refuse();
                    }
                }
            }
            GOAWAY => self.will_go_away(frame.word(0) & LOW_31_BITS, frame.word(1)),
            _ if frame.ends_stream => {
                if let Some(instants) = self.streams.borrow().get(&frame.stream) {
                    instants.read_last(now);
                }
            }
            _ => {}
        }
    }

    /// The server has not looked at streams above the last one that it names, and will not.
    fn will_go_away(&self, last: u32, code: u32) {
        self.going_away.set(Some(code));
        let streams = self.streams.borrow();
        let beyond = streams.iter().filter(|(stream, _)| **stream > last);
        beyond.for_each(|(_, instants)| instants.refuse());
    }
}

/// The head of a frame, and how its payload begins (RFC 9113, 4.1).
#[derive(Clone, Copy, Default)]
struct Frame {
    kind: u8,
    stream: u32,
    /// Whether its sender is done with the stream.
    ends_stream: bool,
    payload: [u8; 8],
}

impl Frame {
    fn carries_message(&self) -> bool {
        matches!(self.kind, DATA | HEADERS | CONTINUATION)
    }

    /// The first or second four bytes of the payload.
    fn word(&self, index: usize) -> u32 {
        let bytes = &self.payload[index * 4..][..4];
        bytes
            .iter()
            .fold(0, |word, byte| word << 8 | u32::from(*byte))
    }
}

/// Takes the bytes of one direction apart into frames.
#[derive(Default)]
struct Scanner {
    /// Bytes that are no frame: those that open a connection.
    preface: usize,
    head: [u8; HEAD],
    /// How much of the head has come.
    filled: usize,
    frame: Frame,
    /// The length of the frame's payload, and how much of it is still to come.
    length: usize,
    left: usize,
    /// Set between a HEADERS frame that ends its stream and the CONTINUATION that ends its headers.
    ends_with_headers: bool,
}

impl Scanner {
    /// Looks at what has passed: tells of the frames that began, and of those that are whole.
    fn scan(
        &mut self,
        mut bytes: &[u8],
        mut begun: impl FnMut(&Frame),
        mut whole: impl FnMut(&Frame),
    ) {
        let opening = self.preface.min(bytes.len());
        self.preface -= opening;
        bytes = &bytes[opening..];
        while !bytes.is_empty() {
            if self.filled < HEAD {
                let taken = (HEAD - self.filled).min(bytes.len());
                self.head[self.filled..][..taken].copy_from_slice(&bytes[..taken]);
                self.filled += taken;
                bytes = &bytes[taken..];
                if self.filled < HEAD {
                    return;
                }
                self.read_head();
                begun(&self.frame);
            }
            let taken = self.left.min(bytes.len());
            self.read_payload(&bytes[..taken]);
            bytes = &bytes[taken..];
            if self.left == 0 {
                self.filled = 0;
                whole(&self.frame);
            }
        }
    }

    fn read_head(&mut self) {
        let [a, b, c, kind, flags, d, e, f, g] = self.head;
        self.length = usize::from(a) << 16 | usize::from(b) << 8 | usize::from(c);
        self.left = self.length;
        let (ends_stream, ends_headers) = (flags & END_STREAM != 0, flags & END_HEADERS != 0);
        if kind == HEADERS {
            self.ends_with_headers = ends_stream;
        }
        self.frame = Frame {
            kind,
            stream: u32::from_be_bytes([d, e, f, g]) & LOW_31_BITS,
            ends_stream: match kind {
                DATA => ends_stream,
                HEADERS | CONTINUATION => self.ends_with_headers && ends_headers,
                _ => false,
            },
            payload: [0; 8],
        };
    }

    fn read_payload(&mut self, bytes: &[u8]) {
        let have = self.length - self.left;
        if let Some(room) = self.frame.payload.get_mut(have..) {
            let taken = room.len().min(bytes.len());
            room[..taken].copy_from_slice(&bytes[..taken]);
        }
        self.left -= bytes.len();
    }
}

/// A stream of bytes whose frames are watched.
pub(super) struct Watched<S> {
    inner: S,
    watch: Rc<Watch>,
    sent: Scanner,
    received: Scanner,
    /// Whether something that was taken may be held back.
    held_back: bool,
}

impl<S> Watched<S> {
    pub(super) fn new(inner: S, watch: Rc<Watch>) -> Self {
        let sent = Scanner {
            preface: PREFACE,
            ..Scanner::default()
        };
        Self {
            inner,
            watch,
            sent,
            received: Scanner::default(),
            held_back: false,
        }
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Watched<S> {
    fn wrote<'a>(&mut self, written: usize, slices: impl Iterator<Item = &'a [u8]>) {
        let (now, mut left) = (Instant::now(), written);
        for slice in slices {
            let taken = left.min(slice.len());
            let watch = &self.watch;
            self.sent
                .scan(&slice[..taken], |_| {}, |frame| watch.sent(frame, now));
            left -= taken;
        }
    }

    /// Why nothing could be written. A server that refuses says so before it closes, and that may wait to be read: a socket that
    /// can't be written to has something to read at once, if it is only its end.
    fn poll_why(&mut self, context: &mut Context<'_>, error: io::Error) -> Poll<io::Error> {
        let mut buffer = [0; 4096];
        loop {
            let mut buffer = ReadBuf::new(&mut buffer);
            match ready!(Pin::new(&mut self.inner).poll_read(context, &mut buffer)) {
                Ok(()) if !buffer.filled().is_empty() => {}
                Ok(()) => {
                    self.watch.closed.set(true);
                    return Poll::Ready(error);
                }
                Err(told) if told.kind() == io::ErrorKind::InvalidData => return Poll::Ready(told),
                Err(_) => return Poll::Ready(error),
            }
        }
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncRead for Watched<S> {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let before = buffer.filled().len();
        ready!(Pin::new(&mut this.inner).poll_read(context, buffer))?;
        let (now, watch) = (Instant::now(), &this.watch);
        let bytes = &buffer.filled()[before..];
        watch.closed.set(bytes.is_empty());
        this.received.scan(
            bytes,
            |frame| watch.begun(frame, now),
            |frame| watch.received(frame, now),
        );
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Watched<S> {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        match ready!(Pin::new(&mut this.inner).poll_write(context, bytes)) {
            Ok(written) => {
                this.wrote(written, std::iter::once(bytes));
                Poll::Ready(Ok(written))
            }
            Err(error) => this.poll_why(context, error).map(Err),
        }
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        match ready!(Pin::new(&mut this.inner).poll_write_vectored(context, slices)) {
            Ok(written) => {
                this.wrote(written, slices.iter().map(|slice| &**slice));
                Poll::Ready(Ok(written))
            }
            Err(error) => this.poll_why(context, error).map(Err),
        }
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        match Pin::new(&mut this.inner).poll_flush(context) {
            Poll::Ready(Ok(())) => {
                this.watch.flushed(std::mem::take(&mut this.held_back));
                Poll::Ready(Ok(()))
            }
            Poll::Ready(Err(error)) => this.poll_why(context, error).map(Err),
            Poll::Pending => {
                this.held_back = true;
                Poll::Pending
            }
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().inner).poll_shutdown(context)
    }
}

const DATA: u8 = 0;
const HEADERS: u8 = 1;
const RST_STREAM: u8 = 3;
const GOAWAY: u8 = 7;
const CONTINUATION: u8 = 9;

const END_STREAM: u8 = 1;
const END_HEADERS: u8 = 4;

/// The code of a server that has not looked at a stream (RFC 9113, 8.7).
const REFUSED_STREAM: u32 = 7;

/// Stream numbers have 31 bits.
const LOW_31_BITS: u32 = u32::MAX >> 1;

/// The length of a frame's head, and of what a client says before its first frame.
const HEAD: usize = 9;
const PREFACE: usize = 24;

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
        let mut bytes = vec![0, 0, payload.len() as u8, kind, flags];
        bytes.extend(stream.to_be_bytes());
        bytes.extend(payload);
        bytes
    }

    /// What is told of these bytes when they come so many at a time: streams that began, and those that ended.
    fn told(bytes: &[u8], at_once: usize) -> (Vec<u32>, Vec<u32>) {
        let mut scanner = Scanner::default();
        let (begun, ended) = (RefCell::new(Vec::new()), RefCell::new(Vec::new()));
        for bytes in bytes.chunks(at_once) {
            scanner.scan(
                bytes,
                |frame| begun.borrow_mut().push(frame.stream),
                |frame| {
                    if frame.ends_stream {
                        ended.borrow_mut().push(frame.stream);
                    }
                },
            );
        }
        (begun.into_inner(), ended.into_inner())
    }

    #[test]
    fn frames_are_found_however_their_bytes_come() {
        let bytes = [
            frame(4, 0, 0, &[0; 6]),
            frame(HEADERS, END_HEADERS, 1, b"head"),
            frame(DATA, 0, 1, b"some"),
            // Its headers go on, so the stream has not ended.
            frame(HEADERS, END_STREAM, 3, b"he"),
            frame(CONTINUATION, END_HEADERS, 3, b"ad"),
            frame(DATA, END_STREAM, 1, b""),
        ]
        .concat();
        for at_once in 1..=bytes.len() {
            assert_eq!(
                told(&bytes, at_once),
                (vec![0, 1, 1, 3, 3, 1], vec![3, 1]),
                "{at_once}"
            );
        }
    }

    #[test]
    fn streams_above_the_last_one_were_refused() {
        let watch = Watch::default();
        let all: Vec<_> = [1, 3, 5]
            .map(|stream| {
                let instants = Rc::new(Instants::default());
                watch.open(stream, &instants);
                instants
            })
            .into();
        let mut scanner = Scanner::default();
        let now = Instant::now();
        let goaway = frame(GOAWAY, 0, 0, &[0, 0, 0, 3, 0, 0, 0, 11]);
        let reset = frame(RST_STREAM, 0, 1, &[0, 0, 0, 7]);
        let mut pass =
            |bytes: &[u8]| scanner.scan(bytes, |_| {}, |frame| watch.received(frame, now));
        pass(&goaway);
        let refused = || all.iter().map(|one| one.is_refused()).collect::<Vec<_>>();
        assert_eq!(refused(), [false, false, true]);
        assert_eq!(watch.going_away(), Some(11));
        pass(&reset);
        assert_eq!(refused(), [true, false, true]);
    }
}
