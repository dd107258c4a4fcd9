//! Defines the byte stream below HTTP: TCP or a Unix socket, or TLS over it.

use std::io::{self, IoSlice};
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use rustls::{CipherSuite, ProtocolVersion};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpStream, UnixStream};
use tokio_rustls::client::TlsStream;

use crate::net::meter::Counted;
use crate::net::tls::{Ocsp, OcspStatus};

/// The byte stream of a connection.
pub(crate) enum Socket {
    Plain(Wire),
    Tls(Box<TlsStream<Wire>>, TlsFacts),
}

/// What leaves the process, its bytes counted.
pub(crate) enum Wire {
    Tcp(Counted<TcpStream>),
    Unix(Counted<UnixStream>),
    /// TLS to a proxy, for what goes through it.
    Tls(Box<TlsStream<Wire>>),
}

/// What was agreed on in a TLS handshake.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TlsFacts {
    pub(crate) version: Option<ProtocolVersion>,
    pub(crate) cipher: Option<CipherSuite>,
    pub(crate) http2: bool,
    /// What the server stapled to its certificate, if it did.
    pub(crate) ocsp: Option<Arc<Ocsp>>,
}

impl TlsFacts {
    /// The tag `ocsp_status`: nothing stapled is nothing known.
    pub(crate) fn ocsp_status(&self) -> OcspStatus {
        let ocsp = self.ocsp.as_ref();
        ocsp.map_or(OcspStatus::Unknown, |ocsp| ocsp.status)
    }
}

trait ByteStream: AsyncRead + AsyncWrite + Unpin {}
impl<S: AsyncRead + AsyncWrite + Unpin> ByteStream for S {}

impl Socket {
    fn stream(&mut self) -> Pin<&mut dyn ByteStream> {
        match self {
            Self::Plain(stream) => stream.stream(),
            Self::Tls(stream, _) => Pin::new(&mut **stream),
        }
    }

    /// Reads are many: they are not sent through a table of functions.
    fn read(
        &mut self,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match self {
            Self::Plain(stream) => stream.read(context, buffer),
            Self::Tls(stream, _) => Pin::new(&mut **stream).poll_read(context, buffer),
        }
    }

    fn is_vectored(&self) -> bool {
        match self {
            Self::Plain(stream) => stream.is_vectored(),
            Self::Tls(stream, _) => stream.is_write_vectored(),
        }
    }
}

impl Wire {
    /// Address and port of this side and of the other; of a Unix socket its path.
    pub(crate) fn addresses(&self) -> (String, String) {
        let shown = |address: io::Result<SocketAddr>| {
            address.map_or_else(|_| String::new(), |address| address.to_string())
        };
        match self {
            Self::Tcp(stream) => {
                let stream = stream.inner();
                (shown(stream.local_addr()), shown(stream.peer_addr()))
            }
            Self::Unix(stream) => {
                let path = stream.inner().peer_addr().ok();
                let path = path.as_ref().and_then(|address| address.as_pathname());
                let path = path.map_or_else(String::new, |path| path.display().to_string());
                ("unix".to_owned(), path)
            }
            Self::Tls(stream) => stream.get_ref().0.addresses(),
        }
    }

    fn stream(&mut self) -> Pin<&mut dyn ByteStream> {
        match self {
            Self::Tcp(stream) => Pin::new(stream),
            Self::Unix(stream) => Pin::new(stream),
            Self::Tls(stream) => Pin::new(&mut **stream),
        }
    }

    fn read(
        &mut self,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match self {
            Self::Tcp(stream) => Pin::new(stream).poll_read(context, buffer),
            Self::Unix(stream) => Pin::new(stream).poll_read(context, buffer),
            Self::Tls(stream) => Pin::new(&mut **stream).poll_read(context, buffer),
        }
    }

    fn is_vectored(&self) -> bool {
        match self {
            Self::Tcp(stream) => stream.is_write_vectored(),
            Self::Unix(stream) => stream.is_write_vectored(),
            Self::Tls(stream) => stream.is_write_vectored(),
        }
    }
}

/// Implements tokio's stream traits for an enum of streams.
macro_rules! one_of_streams {
    ($type:ident) => {
        impl AsyncRead for $type {
            fn poll_read(
                self: Pin<&mut Self>,
                context: &mut Context<'_>,
                buffer: &mut ReadBuf<'_>,
            ) -> Poll<io::Result<()>> {
                self.get_mut().read(context, buffer)
            }
        }

        impl AsyncWrite for $type {
            fn poll_write(
                self: Pin<&mut Self>,
                context: &mut Context<'_>,
                bytes: &[u8],
            ) -> Poll<io::Result<usize>> {
                self.get_mut().stream().poll_write(context, bytes)
            }

            fn poll_write_vectored(
                self: Pin<&mut Self>,
                context: &mut Context<'_>,
                slices: &[IoSlice<'_>],
            ) -> Poll<io::Result<usize>> {
                self.get_mut().stream().poll_write_vectored(context, slices)
            }

            fn is_write_vectored(&self) -> bool {
                self.is_vectored()
            }

            fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
                self.get_mut().stream().poll_flush(context)
            }

            fn poll_shutdown(
                self: Pin<&mut Self>,
                context: &mut Context<'_>,
            ) -> Poll<io::Result<()>> {
                self.get_mut().stream().poll_shutdown(context)
            }
        }
    };
}

one_of_streams!(Socket);
one_of_streams!(Wire);
