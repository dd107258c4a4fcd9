//! Defines an HTTP/2 connection, which many exchanges use at once and a task of its own drives.

use std::cell::Cell;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::rc::Rc;

use http::Request;
use hyper::body::Body;
use hyper::client::conn::http2;
use send_wrapper::SendWrapper;

use crate::http::connection::body::read_body;
use crate::http::connection::{Answer, BodyPolicy, Io, RequestBody};
use crate::http::failure::RequestFailure;
use crate::limits::Limits;

#[derive(Clone)]
pub(super) struct Http2 {
    sender: http2::SendRequest<RequestBody>,
    pub(super) streams: Rc<Cell<usize>>,
    /// The limits of heads: headers and bytes.
    limits: (usize, usize),
}

impl Http2 {
    pub(super) async fn new(io: Io, limits: &Limits) -> Result<Self, RequestFailure> {
        let most = u32::try_from(limits.response_head).unwrap_or(u32::MAX);
        let (sender, driver) = http2::Builder::new(OnThisThread)
            .timer(hyper_util::rt::TokioTimer::new())
            .max_header_list_size(most)
            .handshake(io)
            .await
            .map_err(|error| RequestFailure::exchange(&error))?;
        tokio::spawn(SendWrapper::new(async move {
            // How the connection ended is told by the exchanges on it.
            let _ = driver.await;
        }));
        Ok(Self {
            sender,
            streams: Rc::default(),
            limits: (limits.response_headers, limits.response_head),
        })
    }

    pub(super) fn is_open(&self) -> bool {
        !self.sender.is_closed()
    }

    pub(super) async fn exchange(
        &mut self,
        request: Request<RequestBody>,
        policy: BodyPolicy,
    ) -> Result<Answer, RequestFailure> {
        let _stream = Stream::open(&self.streams);
        let failed = |error| RequestFailure::exchange(&error);
        self.sender.ready().await.map_err(failed)?;
        let response = self.sender.send_request(request).await.map_err(failed)?;
        let (headers, bytes) = self.limits;
        if response.headers().len() > headers {
            return Err(RequestFailure::head_limit(headers, bytes));
        }
        read_body(response, policy, async |body| {
            poll_fn(|context| Pin::new(&mut *body).poll_frame(context)).await
        })
        .await
    }
}

/// Counts a stream for as long as it lives.
struct Stream(Rc<Cell<usize>>);

impl Stream {
    fn open(streams: &Rc<Cell<usize>>) -> Self {
        streams.set(streams.get() + 1);
        Self(streams.clone())
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        self.0.set(self.0.get() - 1);
    }
}

/// Spawns what hyper needs for HTTP/2 on the worker's own thread.
#[derive(Clone)]
struct OnThisThread;

impl<F: Future<Output: 'static> + 'static> hyper::rt::Executor<F> for OnThisThread {
    fn execute(&self, future: F) {
        tokio::spawn(SendWrapper::new(async move {
            future.await;
        }));
    }
}
