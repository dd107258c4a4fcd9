//! Defines an HTTP/2 connection: many streams at once, each measured for itself.
//!
//! It is driven by a task of its own, so that what several streams do at a time is written and read at once, and so that the
//! server finds somebody there while nothing is asked of it. A stream that has it for itself drives it in place, as
//! HTTP/1.1 is driven, and spares a wake-up: [`Ears`] know who listens.

mod ears;
mod upload;

use std::cell::{Cell, RefCell};
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use bytes::Bytes;
use h2::RecvStream;
use h2::client::{self, ResponseFuture, SendRequest};
use http::{Request, Response};
use http_body::Body;
use send_wrapper::SendWrapper;
use tokio::sync::Notify;

use crate::http::connection::body::{Unread, read_body};
use crate::http::connection::fields::prepare;
use crate::http::connection::frames::{Watch, Watched};
use crate::http::connection::{Answer, BodyPolicy, RequestBody};
use crate::http::failure::RequestFailure;
use crate::http::head::Head;
use crate::limits::Limits;
use crate::net::meter::Instants;
use crate::net::socket::Socket;
use ears::Ears;
use upload::Upload;

/// A use of a connection: one that is kept, or one with a place for an exchange.
pub(super) struct Http2 {
    sender: SendRequest<Bytes>,
    shared: Rc<Shared>,
    /// Who is told when its place is free again.
    place: Option<Rc<Notify>>,
}

/// What the uses of a connection share.
struct Shared {
    driver: RefCell<Option<Driver>>,
    ears: Ears,
    watch: Rc<Watch>,
    uses: Cell<usize>,
    /// How many uses have a place.
    taken: Cell<usize>,
    /// Why it ended, when that was no good end.
    fault: RefCell<Option<RequestFailure>>,
    /// The limits of heads: headers and bytes.
    limits: (usize, usize),
}

type Driver = client::Connection<Watched<Socket>, Bytes>;

/// What of an exchange is still to come after the response's head. Dropping it resets the stream, unless all has come.
pub(crate) struct Rest {
    body: RecvStream,
    /// The request, where the response began before all of it was sent.
    upload: Option<Upload>,
    stream: Stream,
}

/// A stream that is watched.
struct Stream {
    shared: Rc<Shared>,
    number: u32,
}

impl Drop for Stream {
    fn drop(&mut self) {
        self.shared.watch.close(self.number);
    }
}

impl Rest {
    /// The next part of the body, none at its end. The server may send as much again, and no more: what nobody takes holds it back.
    pub(super) async fn next(&mut self) -> Option<Result<Bytes, RequestFailure>> {
        let shared = &self.stream.shared;
        shared.data(&mut self.body, &mut self.upload).await
    }
}

impl Drop for Http2 {
    fn drop(&mut self) {
        let shared = &self.shared;
        shared.uses.set(shared.uses.get() - 1);
        if let Some(freed) = &self.place {
            shared.taken.set(shared.taken.get() - 1);
            freed.notify_waiters();
        }
        if shared.uses.get() == 0 {
            // Its task then closes it.
            shared.ears.tell();
        }
    }
}

impl Http2 {
    /// Begins to speak HTTP/2. Until the server says otherwise it takes so many streams.
    pub(super) async fn new(
        socket: Socket,
        streams: usize,
        limits: &Limits,
    ) -> Result<Self, RequestFailure> {
        let head_limit = u32::try_from(limits.response_head).unwrap_or(u32::MAX);
        let watch = Rc::new(Watch::default());
        let (sender, driver) = client::Builder::new()
            .enable_push(false)
            .initial_window_size(STREAM_WINDOW)
            .initial_connection_window_size(CONNECTION_WINDOW)
            .max_header_list_size(head_limit)
            .initial_max_send_streams(streams)
            .max_concurrent_reset_streams(GIVEN_UP)
            .handshake(Watched::new(socket, watch.clone()))
            .await
            .map_err(|error| RequestFailure::http2(&error, watch.is_closed(), None))?;
        let shared = Rc::new(Shared {
            driver: RefCell::new(Some(driver)),
            ears: Ears::new(),
            watch,
            uses: Cell::new(1),
            taken: Cell::new(0),
            fault: RefCell::default(),
            limits: (limits.response_headers, limits.response_head),
        });
        tokio::spawn(SendWrapper::new(attend(shared.clone())));
        Ok(Self {
            sender,
            shared,
            place: None,
        })
    }

    /// Another use, with a place for one exchange. [`Http2::room`] has to be asked first.
    pub(super) fn share(&self, freed: &Rc<Notify>) -> Self {
        let shared = &self.shared;
        shared.uses.set(shared.uses.get() + 1);
        shared.taken.set(shared.taken.get() + 1);
        Self {
            sender: self.sender.clone(),
            shared: shared.clone(),
            place: Some(freed.clone()),
        }
    }

    pub(super) fn is_open(&self) -> bool {
        let shared = &self.shared;
        shared.watch.going_away().is_none() && shared.driver.borrow().is_some()
    }

    /// Whether the server is not known to have gone, after a look at what it sent meanwhile.
    pub(super) fn is_listening(&self) -> bool {
        self.shared.drive();
        self.is_open()
    }

    /// Whether nobody uses it.
    pub(super) fn is_idle(&self) -> bool {
        self.shared.taken.get() == 0
    }

    /// How many streams the server takes at once.
    pub(super) fn most_streams(&self) -> usize {
        self.sender.current_max_send_streams()
    }

    /// Whether there is a place for one more exchange.
    pub(super) fn has_room(&self) -> bool {
        self.shared.taken.get() < self.most_streams()
    }

    /// Sends a request and reads the whole response, or its head alone where its body is to be streamed.
    pub(super) async fn exchange(
        &mut self,
        request: Request<RequestBody>,
        policy: BodyPolicy,
        instants: &Rc<Instants>,
    ) -> Result<Answer, RequestFailure> {
        let shared = self.shared.clone();
        let _turn = Turn::begin(&shared);
        let sender = &mut self.sender;
        poll_fn(|context| sender.poll_ready(context))
            .await
            .map_err(|error| shared.failure(&error))?;
        let (number, response, mut upload) = shared.begin(sender, request, instants)?;
        let stream = Stream {
            shared: shared.clone(),
            number,
        };
        let response = shared.response(response, &mut upload).await?;
        let (head, body) = response.into_parts();
        let (headers, bytes) = shared.limits;
        if head.headers.len() > headers {
            return Err(RequestFailure::head_limit(headers, bytes));
        }
        let head = Head::from(head);
        let mut rest = Rest {
            body,
            upload,
            stream,
        };
        if policy.leaves_unread(head.status, head.headers.notable.location) {
            return Ok(Answer::unread(head, Unread::Http2(Box::new(rest))));
        }
        let answer = read_body(head, policy, async || rest.next().await).await?;
        if shared.ears.is_in_place() {
            // A stream that has ended well tells the connection, which has nothing to do about it.
            shared.ears.unheard(|| drop(rest));
        }
        Ok(answer)
    }
}

impl Shared {
    /// Sends the head of a request. What is to be read of the answer, and what is left to be sent, come back.
    fn begin(
        &self,
        sender: &mut SendRequest<Bytes>,
        request: Request<RequestBody>,
        instants: &Rc<Instants>,
    ) -> Result<(u32, ResponseFuture, Option<Upload>), RequestFailure> {
        let (mut head, body) = request.into_parts();
        prepare(&mut head.headers);
        let ends = body.is_end_stream();
        let begun = self
            .ears
            .quietly(|| sender.send_request(Request::from_parts(head, ()), ends));
        let (response, stream) = begun.map_err(|error| self.failure(&error))?;
        if !self.ears.is_in_place() {
            self.ears.tell();
        }
        let number = stream.stream_id().as_u32();
        self.watch.open(number, instants);
        Ok((number, response, (!ends).then(|| Upload::new(stream, body))))
    }

    async fn response(
        &self,
        mut response: ResponseFuture,
        upload: &mut Option<Upload>,
    ) -> Result<Response<RecvStream>, RequestFailure> {
        self.attended(|context| {
            go_on(upload, context)?;
            let response = Pin::new(&mut response).poll(context);
            response.map_err(|error| self.failure(&error))
        })
        .await
    }

    /// The next part of a body. The server may send as much again.
    async fn data(
        &self,
        body: &mut RecvStream,
        upload: &mut Option<Upload>,
    ) -> Option<Result<Bytes, RequestFailure>> {
        let bytes = self
            .attended(|context| {
                go_on(upload, context)?;
                let bytes = body.poll_data(context);
                bytes.map_err(|error| self.failure(&error))
            })
            .await?;
        Some(bytes.and_then(|bytes| {
            let mut release = || body.flow_control().release_capacity(bytes.len());
            let released = match self.ears.is_in_place() {
                true => self.ears.quietly(release),
                false => release(),
            };
            released.map_err(|error| self.failure(&error))?;
            Ok(bytes)
        }))
    }

    /// Waits for something that the connection brings, which is driven for it where nobody else needs that.
    async fn attended<T>(&self, mut poll: impl FnMut(&mut Context<'_>) -> Poll<T>) -> T {
        poll_fn(|context| {
            if !self.ears.is_in_place() {
                return poll(context);
            }
            self.ears.listen(context.waker());
            let own = &mut self.ears.of_stream();
            if let Poll::Ready(value) = self.ears.quietly(|| poll(own)) {
                return Poll::Ready(value);
            }
            self.drive();
            let result = self.ears.quietly(|| poll(own));
            if result.is_pending() {
                self.ears.tell_if_due();
            }
            result
        })
        .await
    }

    /// Writes and reads what can be, without waiting.
    fn drive(&self) {
        let mut place = self.driver.borrow_mut();
        let Some(driver) = place.as_mut() else { return };
        self.ears.attend();
        let own = &mut self.ears.of_connection();
        let Poll::Ready(end) = self.ears.quietly(|| Pin::new(driver).poll(own)) else {
            return;
        };
        if let Err(error) = end {
            *self.fault.borrow_mut() = Some(self.told(&error));
        }
        // Dropping it tells the streams that are left.
        *place = None;
        self.ears.dismiss();
    }

    /// Why an exchange failed: by what happened to the connection, where it was no more than a victim of that.
    fn failure(&self, error: &h2::Error) -> RequestFailure {
        let is_victim = error.is_io() || error.is_go_away();
        let fault = self.fault.borrow().clone();
        fault
            .filter(|_| is_victim)
            .unwrap_or_else(|| self.told(error))
    }

    fn told(&self, error: &h2::Error) -> RequestFailure {
        RequestFailure::http2(error, self.watch.is_closed(), self.watch.going_away())
    }
}

/// Drives a connection until it ends, but for the times when a stream does.
async fn attend(shared: Rc<Shared>) {
    poll_fn(|context| {
        shared.ears.attended_by(context.waker());
        if !shared.ears.is_in_place() {
            shared.drive();
            shared.ears.tell_if_due();
        }
        match *shared.driver.borrow() {
            Some(_) => Poll::Pending,
            None => Poll::Ready(()),
        }
    })
    .await;
}

/// An exchange under way. The first of a connection drives it, until there is another.
struct Turn<'a>(&'a Shared);

impl<'a> Turn<'a> {
    fn begin(shared: &'a Shared) -> Self {
        if shared.taken.get() <= 1 {
            shared.ears.take_over();
        } else {
            shared.ears.hand_back();
        }
        Self(shared)
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        self.0.ears.leave();
    }
}

/// Sends what can be sent of a body. One that the server does not want to hear to its end is left: it has answered, or
/// says so in place of the answer. Errors: the body broke off.
fn go_on(upload: &mut Option<Upload>, context: &mut Context<'_>) -> Result<(), RequestFailure> {
    if let Some(sending) = upload
        && let Poll::Ready(sent) = sending.poll(context)
    {
        *upload = None;
        return sent;
    }
    Ok(())
}

/// How much a server may send that was not read yet, on one stream and on all of a connection. Bodies are read as they come, but
/// for those that are streamed to a guest that takes its time: as many as 255 of them leave room for the others.
const STREAM_WINDOW: u32 = 4 << 20;
const CONNECTION_WINDOW: u32 = 1 << 30;

/// Streams that were given up and whose last frames may still come.
const GIVEN_UP: usize = 1024;
