//! Defines an HTTP/3 connection: many streams at once over QUIC, each measured for itself.
//!
//! What is below a stream, packets and their loss, is QUIC's and seen by nobody here: a request is sent when QUIC has taken
//! it, and answered when QUIC hands on the first frame.

use std::cell::Cell;
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::rc::Rc;
use std::time::Instant;

use bytes::{Buf, Bytes};
use h3::client::{self, RequestStream, SendRequest};
use h3::error::StreamError;
use h3::quic;
use h3_quinn::OpenStreams;
use http::{Request, Response};
use http_body_util::BodyExt;
use send_wrapper::SendWrapper;
use tokio::sync::Notify;

use crate::http::connection::body::read_body;
use crate::http::connection::fields::prepare;
use crate::http::connection::{Answer, BodyPolicy, RequestBody};
use crate::http::failure::RequestFailure;
use crate::http::meter::Instants;
use crate::limits::Limits;

/// A use of a connection: one that is kept, or one with a place for an exchange.
pub(super) struct Http3 {
    sender: SendRequest<OpenStreams, Bytes>,
    shared: Rc<Shared>,
    /// Who is told when its exchange has ended.
    place: Option<Rc<Notify>>,
}

/// What the uses of a connection share.
struct Shared {
    quic: quinn::Connection,
    /// How many uses are for an exchange.
    taken: Cell<usize>,
    /// Whether it has ended, or takes no more requests.
    ended: Cell<bool>,
    /// The limits of heads: headers and bytes.
    limits: (usize, usize),
}

impl Drop for Http3 {
    fn drop(&mut self) {
        if let Some(freed) = &self.place {
            self.shared.taken.set(self.shared.taken.get() - 1);
            freed.notify_waiters();
        }
    }
}

impl Http3 {
    /// Begins to speak HTTP/3.
    pub(super) async fn new(
        quic: quinn::Connection,
        limits: &Limits,
    ) -> Result<Self, RequestFailure> {
        let (mut driver, sender) = client::builder()
            .max_field_section_size(limits.response_head as u64)
            .send_grease(false)
            .build(h3_quinn::Connection::new(quic.clone()))
            .await
            .map_err(|error| RequestFailure::http3_connection(&error, quic.close_reason()))?;
        let shared = Rc::new(Shared {
            quic,
            taken: Cell::new(0),
            ended: Cell::new(false),
            limits: (limits.response_headers, limits.response_head),
        });
        let ours = shared.clone();
        tokio::spawn(SendWrapper::new(async move {
            // How it ended is told by the exchanges on it.
            driver.wait_idle().await;
            ours.ended.set(true);
        }));
        Ok(Self {
            sender,
            shared,
            place: None,
        })
    }

    /// Another use, for one exchange. `freed` is told when that has ended.
    pub(super) fn share(&self, freed: &Rc<Notify>) -> Self {
        self.shared.taken.set(self.shared.taken.get() + 1);
        Self {
            sender: self.sender.clone(),
            shared: self.shared.clone(),
            place: Some(freed.clone()),
        }
    }

    pub(super) fn is_open(&self) -> bool {
        !self.shared.ended.get() && self.shared.quic.close_reason().is_none()
    }

    /// Whether nobody uses it.
    pub(super) fn is_idle(&self) -> bool {
        self.shared.taken.get() == 0
    }

    pub(super) async fn exchange(
        &mut self,
        request: Request<RequestBody>,
        policy: BodyPolicy,
        instants: &Rc<Instants>,
    ) -> Result<Answer, RequestFailure> {
        let (mut head, body) = request.into_parts();
        prepare(&mut head.headers);
        instants.begin_stream();
        let opened = self
            .sender
            .send_request(Request::from_parts(head, ()))
            .await;
        instants.open(Instant::now());
        let shared = self.shared.clone();
        let failed = |error| shared.failure(&error, instants);
        let (to, mut from) = opened.map_err(failed)?.split();
        let mut upload = pin!(upload(to, body, instants));
        let mut uploading = true;
        let mut download = pin!(async {
            let head = response(&mut from).await.map_err(failed)?;
            instants.read_frame(Instant::now());
            let (head, ()) = head.into_parts();
            let (headers, bytes) = shared.limits;
            if head.headers.len() > headers {
                return Err(RequestFailure::head_limit(headers, bytes));
            }
            let answer = read_body(head, policy, async || {
                let part = from.recv_data().await.map_err(failed).transpose()?;
                Some(part.map(|mut part| part.copy_to_bytes(part.remaining())))
            });
            let answer = answer.await;
            instants.read_last(Instant::now());
            answer
        });
        poll_fn(|context| {
            // A body that the server does not want to hear to its end is left: it has answered, or says so in place of that.
            if uploading && upload.as_mut().poll(context).is_ready() {
                uploading = false;
            }
            download.as_mut().poll(context)
        })
        .await
    }
}

impl Shared {
    /// Why an exchange failed: by what happened to the connection, where that was it.
    fn failure(&self, error: &StreamError, instants: &Instants) -> RequestFailure {
        let (failure, is_refused) = RequestFailure::http3(error, self.quic.close_reason());
        if is_refused {
            instants.refuse();
        }
        match error {
            StreamError::RemoteClosing { .. } => self.ended.set(true),
            StreamError::ConnectionError { .. } => {}
            // What was said of the stream is an answer to it.
            _ => {
                instants.read_frame(Instant::now());
                instants.read_last(Instant::now());
            }
        }
        failure
    }
}

/// The head of a response, after those that only say that there will be one.
async fn response<S: quic::RecvStream>(
    from: &mut RequestStream<S, Bytes>,
) -> Result<Response<()>, StreamError> {
    loop {
        let head = from.recv_response().await?;
        if !head.status().is_informational() {
            return Ok(head);
        }
    }
}

/// Sends a body to its end.
async fn upload<S: quic::SendStream<Bytes>>(
    mut to: RequestStream<S, Bytes>,
    mut body: RequestBody,
    instants: &Instants,
) -> Result<(), StreamError> {
    while let Some(Ok(frame)) = body.frame().await {
        if let Ok(part) = frame.into_data()
            && !part.is_empty()
        {
            to.send_data(part).await?;
            instants.wrote_frame(Instant::now(), false);
        }
    }
    to.finish().await?;
    instants.wrote_frame(Instant::now(), true);
    Ok(())
}
