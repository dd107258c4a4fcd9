//! Defines an HTTP/3 connection: many streams at once over QUIC, each measured for itself.
//!
//! What is below a stream, packets and their loss, is QUIC's and seen by nobody here: a request is sent when QUIC has taken
//! it, and answered when QUIC hands on the first frame.

use std::cell::Cell;
use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::task::{Context, Poll, ready};
use std::time::Instant;

use bytes::{Buf, Bytes};
use h3::client::{self, RequestStream, SendRequest};
use h3::error::{Code, StreamError};
use h3_quinn::{OpenStreams, RecvStream, SendStream};
use http::header::CONTENT_LENGTH;
use http::{Method, Request, StatusCode, response};
use http_body_util::BodyExt;
use send_wrapper::SendWrapper;
use tokio::sync::Notify;

use crate::http::connection::body::{Unread, read_body};
use crate::http::connection::fields::prepare;
use crate::http::connection::{Answer, BodyPolicy, RequestBody};
use crate::http::failure::RequestFailure;
use crate::http::head::Head;
use crate::http::upload::broken_off;
use crate::limits::Limits;
use crate::net::meter::Instants;

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

    /// Sends a request and reads the whole response, or its head alone where its body is to be streamed.
    pub(super) async fn exchange(
        &mut self,
        request: Request<RequestBody>,
        policy: BodyPolicy,
        instants: &Rc<Instants>,
    ) -> Result<Answer, RequestFailure> {
        let (mut head, body) = request.into_parts();
        prepare(&mut head.headers);
        let is_head = head.method == Method::HEAD;
        instants.begin_stream();
        let opened = self
            .sender
            .send_request(Request::from_parts(head, ()))
            .await;
        instants.open(Instant::now());
        let failed = |error| self.shared.failure(&error, instants);
        let (to, from) = opened.map_err(failed)?.split();
        let mut rest = Rest {
            from,
            left: None,
            upload: Some(Box::pin(upload(to, body, instants.clone()))),
            shared: self.shared.clone(),
            instants: instants.clone(),
        };
        let head = rest.head().await?;
        rest.left = told_length(&head).filter(|_| !is_head);
        let head = Head::from(head);
        if policy.leaves_unread(head.status, head.headers.notable.location) {
            return Ok(Answer::unread(head, Unread::Http3(Box::new(rest))));
        }
        read_body(head, policy, async || rest.next().await).await
    }
}

/// What sends a request's body.
type Uploading = Pin<Box<dyn Future<Output = Result<(), RequestFailure>>>>;

/// What of an exchange is still to come. Dropping it stops the stream, unless all has come; by the code 0, because h3-quinn can't stop one
/// by another while it reads.
pub(crate) struct Rest {
    from: RequestStream<RecvStream, Bytes>,
    /// How much of the body is still to come, where its head told.
    left: Option<u64>,
    /// What sends the request's body, until that is over.
    upload: Option<Uploading>,
    shared: Rc<Shared>,
    instants: Rc<Instants>,
}

impl Rest {
    /// The head of the response, after those that only say that there will be one.
    async fn head(&mut self) -> Result<response::Parts, RequestFailure> {
        let head = loop {
            let head = {
                let mut head = pin!(self.from.recv_response());
                poll_fn(|context| {
                    go_on(&mut self.upload, context)?;
                    let head = head.as_mut().poll(context);
                    head.map_err(|error| self.shared.failure(&error, &self.instants))
                })
                .await?
            };
            if !head.status().is_informational() {
                break head;
            }
        };
        self.instants.read_frame(Instant::now());
        let (headers, bytes) = self.shared.limits;
        if head.headers().len() > headers {
            return Err(RequestFailure::head_limit(headers, bytes));
        }
        Ok(head.into_parts().0)
    }

    /// The next part of the body, none at its end. The server may send as much again, and no more: what nobody takes holds it back.
    pub(super) async fn next(&mut self) -> Option<Result<Bytes, RequestFailure>> {
        let part = poll_fn(|context| self.poll_part(context)).await;
        if !matches!(part, Ok(Some(_))) {
            self.instants.read_last(Instant::now());
        }
        part.transpose()
    }

    fn poll_part(
        &mut self,
        context: &mut Context<'_>,
    ) -> Poll<Result<Option<Bytes>, RequestFailure>> {
        go_on(&mut self.upload, context)?;
        let part = ready!(self.from.poll_recv_data(context));
        let part = part.map_err(|error| self.shared.failure(&error, &self.instants))?;
        let part = part.map(|mut part| part.copy_to_bytes(part.remaining()));
        self.count(part.as_ref().map(Bytes::len))?;
        Poll::Ready(Ok(part))
    }

    /// Counts a part of the body, or its end, as HTTP/3 wants it (RFC 9114, 4.1.2) and h3 does not.
    fn count(&mut self, part: Option<usize>) -> Result<(), RequestFailure> {
        let Some(left) = &mut self.left else {
            return Ok(());
        };
        let how = match part {
            Some(length) if length as u64 > *left => "longer",
            None if *left > 0 => "shorter",
            part => {
                *left -= part.unwrap_or_default() as u64;
                return Ok(());
            }
        };
        let words = format!(
            "http3: what came on the stream is wrong: a body that is {how} than its content-length"
        );
        Err(RequestFailure::new(1681, words))
    }
}

/// The length of a body, where its head tells it and there is one.
fn told_length(head: &response::Parts) -> Option<u64> {
    if matches!(
        head.status,
        StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED
    ) {
        return None;
    }
    head.headers
        .get(CONTENT_LENGTH)?
        .to_str()
        .ok()?
        .parse()
        .ok()
}

/// Sends what can be sent of a body. Errors: the body broke off.
fn go_on(upload: &mut Option<Uploading>, context: &mut Context<'_>) -> Result<(), RequestFailure> {
    if let Some(sending) = upload
        && let Poll::Ready(sent) = sending.as_mut().poll(context)
    {
        *upload = None;
        return sent;
    }
    Ok(())
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

/// Sends a body to its end. One that the server does not want to hear to its end is left: it has answered, or says so in place
/// of that. Errors: the body broke off.
async fn upload(
    to: RequestStream<SendStream<Bytes>, Bytes>,
    mut body: RequestBody,
    instants: Rc<Instants>,
) -> Result<(), RequestFailure> {
    let mut sender = Sender { to, is_done: false };
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|error| broken_off(&*error))?;
        // Trailers are not sent.
        let Ok(part) = frame.into_data() else {
            continue;
        };
        if part.is_empty() {
            continue;
        }
        if sender.to.send_data(part).await.is_err() {
            return Ok(());
        }
        instants.wrote_frame(Instant::now(), false);
    }
    if sender.to.finish().await.is_ok() {
        sender.is_done = true;
        instants.wrote_frame(Instant::now(), true);
    }
    Ok(())
}

/// Our side of a stream. Dropping it before it is done breaks it off: QUIC would take it for done.
struct Sender {
    to: RequestStream<SendStream<Bytes>, Bytes>,
    is_done: bool,
}

impl Drop for Sender {
    fn drop(&mut self) {
        if !self.is_done {
            self.to.stop_stream(Code::H3_REQUEST_CANCELLED);
        }
    }
}
