//! Defines a UDP socket that exchanges datagrams with one other side: a task takes what comes, as far as the limit allows.

use std::cell::Cell;
use std::collections::VecDeque;
use std::convert::Infallible;
use std::future::{Future, poll_fn};
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::rc::{Rc, Weak};
use std::time::{Duration, Instant};

use tokio::io::Interest;
use tokio::net::UdpSocket;
use tokio::task::AbortHandle;

use super::driver::with_scratch;
use super::ground::{Account, Ground};
use super::open::host_of;
use super::within;
use crate::arrivals::Arrivals;
use crate::http::{RequestFailure, Slot};
use crate::net::Remote;
use crate::net::dial::DialTimings;
use crate::net::meter::Traffic;
use crate::pipe::{Pipe, Queue};
use crate::signal::Signal;

type Result<T> = std::result::Result<T, RequestFailure>;

/// A socket. Dropping it closes it.
pub(crate) struct Datagrams {
    shared: Rc<Shared>,
    task: AbortHandle,
    traffic: Rc<Traffic>,
    timeout: Cell<Option<Duration>>,
    arrived: Rc<Cell<Option<Instant>>>,
    local: String,
    remote: String,
    _slot: Slot,
}

/// What the VU and the task share.
struct Shared {
    socket: UdpSocket,
    inbox: Pipe<Inbox, RequestFailure>,
    dropped: Cell<u64>,
    arrivals: Weak<Arrivals>,
}

/// What has come and was not taken: datagrams, and what went wrong in between.
#[derive(Default)]
struct Inbox {
    pieces: VecDeque<(Result<Vec<u8>>, Instant)>,
    bytes: usize,
}

/// What a datagram takes beside its bytes.
const PIECE: usize = 64;

impl Queue for Inbox {
    fn held(&self) -> usize {
        self.bytes + self.pieces.len() * PIECE
    }
}

impl Inbox {
    fn push(&mut self, piece: Result<Vec<u8>>, came: Instant) {
        self.bytes += piece.as_ref().map_or(0, Vec::len);
        self.pieces.push_back((piece, came));
    }

    fn take(&mut self) -> Option<(Result<Vec<u8>>, Instant)> {
        let (piece, came) = self.pieces.pop_front()?;
        self.bytes -= piece.as_ref().map_or(0, Vec::len);
        Some((piece, came))
    }
}

impl Datagrams {
    /// A socket for this host and port.
    ///
    /// # Errors
    /// What went wrong, under the codes of `brunt:sockets`.
    pub(crate) async fn open(host: &str, port: u16, ground: &Ground) -> Result<Self> {
        let host = host_of(host)?;
        let slot = ground.slot().await?;
        let egress = ground.egress();
        let mut timings = DialTimings::default();
        let found = egress.locate(&host, port, &mut timings).await?;
        let Remote::Tcp(address) = found else {
            let words = format!("{host}:{port}: datagrams do not go over a Unix socket");
            return Err(RequestFailure::new(1000, words));
        };
        let socket = bound(address, egress.local).await?;
        let shown = |address: io::Result<SocketAddr>| {
            address.map_or_else(|_| String::new(), |address| address.to_string())
        };
        let (local, remote) = (shown(socket.local_addr()), address.to_string());
        let shared = Rc::new(Shared {
            socket,
            inbox: Pipe::new(ground.buffer_limit()),
            dropped: Cell::default(),
            arrivals: ground.arrivals(),
        });
        let traffic = egress.traffic.clone();
        let taking = take_in(shared.clone(), traffic.clone(), ground.account());
        let task = ground.drive(taking);
        Ok(Self {
            shared,
            task,
            traffic,
            timeout: Cell::default(),
            arrived: Rc::default(),
            local,
            remote,
            _slot: slot,
        })
    }

    /// Sends one datagram at once; none when the system has no room for it now.
    pub(crate) fn send_now(&self, bytes: &[u8]) -> Option<Result<()>> {
        self.shared.send_now(bytes, &self.traffic)
    }

    /// Sends one datagram as soon as there is room for it.
    pub(crate) fn send(&self, bytes: Vec<u8>) -> impl Future<Output = Result<()>> + use<> {
        let (shared, traffic) = (self.shared.clone(), self.traffic.clone());
        async move {
            loop {
                let writable = shared.socket.writable().await;
                writable.map_err(|error| failure("send", 1201, &error))?;
                if let Some(result) = shared.send_now(&bytes, &traffic) {
                    return result;
                }
            }
        }
    }

    /// The next datagram where `receive` would not wait.
    pub(crate) fn receive_now(&self) -> Option<Result<Vec<u8>>> {
        self.shared.take(&self.arrived)
    }

    /// The next datagram.
    pub(crate) fn receive(&self) -> impl Future<Output = Result<Vec<u8>>> + use<> {
        let (shared, arrived) = (self.shared.clone(), self.arrived.clone());
        within(self.timeout.get(), "receive", async move {
            loop {
                if let Some(result) = shared.take(&arrived) {
                    return result;
                }
                poll_fn(|context| shared.inbox.poll_readable(context)).await;
            }
        })
    }

    /// Set when `receive` would not wait.
    pub(crate) fn readable(&self) -> Rc<Signal> {
        self.shared.inbox.readable()
    }

    /// When what was received last came.
    pub(crate) fn arrived(&self) -> Option<Instant> {
        self.arrived.get()
    }

    pub(crate) fn set_timeout(&self, timeout: Option<Duration>) {
        self.timeout.set(timeout);
    }

    /// Datagrams that came when there was no room for them.
    pub(crate) fn dropped(&self) -> u64 {
        self.shared.dropped.get()
    }

    pub(crate) fn local_address(&self) -> &str {
        &self.local
    }

    pub(crate) fn remote_address(&self) -> &str {
        &self.remote
    }
}

impl Drop for Datagrams {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Shared {
    fn send_now(&self, bytes: &[u8], traffic: &Traffic) -> Option<Result<()>> {
        loop {
            return Some(match self.socket.try_send(bytes) {
                Ok(sent) => {
                    traffic.add(sent as u64, 0);
                    Ok(())
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return None,
                // That is about one that was sent before: this one was not sent, and the refusal is for who receives.
                Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => {
                    self.note(Err(refused()));
                    continue;
                }
                Err(error) if is_too_long(&error) => {
                    let words = format!("send: {} bytes are too many for a datagram", bytes.len());
                    Err(RequestFailure::new(1000, words))
                }
                Err(error) => Err(failure("send", 1201, &error)),
            });
        }
    }

    fn take(&self, arrived: &Cell<Option<Instant>>) -> Option<Result<Vec<u8>>> {
        if let Some((piece, came)) = self.inbox.change(Inbox::take) {
            arrived.set(Some(came));
            return Some(piece);
        }
        self.inbox.ended().map(Err)
    }

    /// Takes all that has come. Errors: the socket is of no more use.
    fn take_all(&self, traffic: &Traffic) -> io::Result<()> {
        loop {
            let received: io::Result<Vec<u8>> = with_scratch(usize::MAX, |scratch| {
                let length = self.socket.try_recv(scratch.initialize_unfilled())?;
                Ok(scratch.initialized()[..length].to_vec())
            });
            match received {
                Ok(bytes) => {
                    traffic.add(0, bytes.len() as u64);
                    self.note(Ok(bytes));
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(()),
                Err(error) => self.note_error(error)?,
            }
        }
    }

    /// What the system says of a socket that is neither readable nor writable for it.
    fn take_error(&self) -> io::Result<()> {
        let none = || io::Error::from(io::ErrorKind::WouldBlock);
        let error = self.socket.try_io(Interest::ERROR, || {
            self.socket.take_error()?.ok_or_else(none)
        });
        match error {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(()),
            Ok(error) | Err(error) => self.note_error(error),
        }
    }

    fn note_error(&self, error: io::Error) -> io::Result<()> {
        match error.kind() {
            io::ErrorKind::ConnectionRefused => {
                self.note(Err(refused()));
                Ok(())
            }
            _ => Err(error),
        }
    }

    /// Keeps what came, where there is room.
    fn note(&self, piece: Result<Vec<u8>>) {
        let length = piece.as_ref().map_or(0, Vec::len);
        match self.inbox.room() >= length + PIECE {
            true => self.inbox.change(|inbox| inbox.push(piece, Instant::now())),
            false => self.dropped.set(self.dropped.get() + 1),
        }
        if let Some(arrivals) = self.arrivals.upgrade() {
            arrivals.note();
        }
    }
}

/// Takes what comes for as long as the socket is open.
async fn take_in(shared: Rc<Shared>, traffic: Rc<Traffic>, _account: Account) {
    let taking = async {
        loop {
            shared
                .socket
                .ready(Interest::READABLE | Interest::ERROR)
                .await?;
            shared.take_all(&traffic)?;
            shared.take_error()?;
        }
    };
    let ended: io::Result<Infallible> = taking.await;
    let Err(error) = ended;
    shared.inbox.end(failure("receive", 1202, &error));
}

async fn bound(address: SocketAddr, local: Option<IpAddr>) -> Result<UdpSocket> {
    let any = match address.is_ipv4() {
        true => IpAddr::V4(Ipv4Addr::UNSPECIFIED),
        false => IpAddr::V6(Ipv6Addr::UNSPECIFIED),
    };
    let local = local.unwrap_or(any);
    if local.is_ipv4() != address.is_ipv4() {
        let words = format!(
            "dial {address}: it can't be reached from {local} (localIPs), which is of another kind"
        );
        return Err(RequestFailure::new(1210, words));
    }
    let opened = async {
        let socket = UdpSocket::bind(SocketAddr::new(local, 0)).await?;
        socket.connect(address).await?;
        Ok(socket)
    };
    let failed = |error: io::Error| RequestFailure::new(1010, format!("UDP to {address}: {error}"));
    opened.await.map_err(failed)
}

fn refused() -> RequestFailure {
    RequestFailure::new(1212, "receive: nobody listens there (connection refused)")
}

/// The system's number for a message that is too long.
const EMSGSIZE: i32 = 90;

fn is_too_long(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::FileTooLarge || error.raw_os_error() == Some(EMSGSIZE)
}

fn failure(doing: &str, code: u16, error: &io::Error) -> RequestFailure {
    RequestFailure::new(code, format!("{doing}: {error}"))
}
