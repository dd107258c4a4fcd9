//! Defines a UDP socket for QUIC whose bytes are counted, and which needs little memory.
//!
//! quinn's own socket lets the system put many packets together, and has room for all of them: two megabytes for each VU that
//! speaks HTTP/3. This one takes them one by one.

use std::future::Future;
use std::io::{self, IoSliceMut};
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll, ready};

use quinn::udp::{RecvMeta, Transmit};
use quinn::{AsyncUdpSocket, UdpPoller};
use tokio::io::ReadBuf;
use tokio::net::UdpSocket;

/// Bytes that passed through a socket since they were last taken. QUIC wants it fit for several threads.
#[derive(Debug, Default)]
pub(super) struct Passed {
    sent: AtomicU64,
    received: AtomicU64,
}

impl Passed {
    /// Sent and received bytes; both start from 0 again.
    pub(super) fn take(&self) -> (u64, u64) {
        let take = |count: &AtomicU64| count.swap(0, Ordering::Relaxed);
        (take(&self.sent), take(&self.received))
    }
}

/// A socket, and what passed through it.
#[derive(Debug)]
pub(super) struct CountedSocket {
    inner: UdpSocket,
    passed: Arc<Passed>,
}

impl CountedSocket {
    pub(super) fn new(socket: std::net::UdpSocket, passed: Arc<Passed>) -> io::Result<Self> {
        socket.set_nonblocking(true)?;
        let inner = UdpSocket::from_std(socket)?;
        Ok(Self { inner, passed })
    }

    fn received(&self, address: SocketAddr, bytes: usize) -> RecvMeta {
        self.passed
            .received
            .fetch_add(bytes as u64, Ordering::Relaxed);
        RecvMeta {
            addr: address,
            len: bytes,
            stride: bytes,
            ..RecvMeta::default()
        }
    }
}

impl AsyncUdpSocket for CountedSocket {
    fn create_io_poller(self: Arc<Self>) -> Pin<Box<dyn UdpPoller>> {
        Box::pin(Writable {
            socket: self,
            waiting: None,
        })
    }

    fn try_send(&self, transmit: &Transmit<'_>) -> io::Result<()> {
        let bytes = transmit.contents.len() as u64;
        self.inner
            .try_send_to(transmit.contents, transmit.destination)?;
        self.passed.sent.fetch_add(bytes, Ordering::Relaxed);
        Ok(())
    }

    fn poll_recv(
        &self,
        context: &mut Context<'_>,
        buffers: &mut [IoSliceMut<'_>],
        meta: &mut [RecvMeta],
    ) -> Poll<io::Result<usize>> {
        let mut places = buffers.iter_mut().zip(meta.iter_mut());
        let Some((buffer, first)) = places.next() else {
            return Poll::Ready(Ok(0));
        };
        let mut buffer = ReadBuf::new(buffer);
        let address = ready!(self.inner.poll_recv_from(context, &mut buffer))?;
        *first = self.received(address, buffer.filled().len());
        let mut count = 1;
        // What else there is by now; an error is told the next time.
        for (buffer, meta) in places {
            let Ok((bytes, address)) = self.inner.try_recv_from(buffer) else {
                break;
            };
            *meta = self.received(address, bytes);
            count += 1;
        }
        Poll::Ready(Ok(count))
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.inner.local_addr()
    }
}

/// Waits until a socket takes more, for one of the connections that go through it.
struct Writable {
    socket: Arc<CountedSocket>,
    waiting: Option<Pin<Box<Waiting>>>,
}

type Waiting = dyn Future<Output = io::Result<()>> + Send + Sync;

impl UdpPoller for Writable {
    fn poll_writable(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let socket = &this.socket;
        let waiting = this.waiting.get_or_insert_with(|| {
            let socket = socket.clone();
            Box::pin(async move { socket.inner.writable().await })
        });
        let result = ready!(waiting.as_mut().poll(context));
        this.waiting = None;
        Poll::Ready(result)
    }
}

impl std::fmt::Debug for Writable {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.socket.fmt(f)
    }
}
