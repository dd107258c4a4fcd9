//! Defines an HTTP/1.1 connection, driven inside the exchange that uses it.

use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::task::{Context, Waker};

use http::Request;
use hyper::body::Body;
use hyper::client::conn::http1;

use crate::http::connection::body::read_body;
use crate::http::connection::relay::Relay;
use crate::http::connection::{Answer, BodyPolicy, Io, RequestBody};
use crate::http::failure::RequestFailure;

pub(super) struct Http1 {
    sender: http1::SendRequest<RequestBody>,
    driver: http1::Connection<Io, RequestBody>,
    /// A driver that has ended must not be polled again.
    ended: bool,
    relay: Relay,
}

impl Http1 {
    pub(super) async fn new(io: Io) -> Result<Self, RequestFailure> {
        let (sender, driver) = http1::handshake(io)
            .await
            .map_err(|error| RequestFailure::exchange(&error))?;
        Ok(Self {
            sender,
            driver,
            ended: false,
            relay: Relay::new(),
        })
    }

    pub(super) fn is_open(&self) -> bool {
        // One that is not ready still sends a body whose answer came early: it would refuse the next request.
        !self.ended && !self.sender.is_closed() && self.sender.is_ready()
    }

    /// Whether the server has not closed it while nobody looked.
    pub(super) fn is_listening(&mut self) -> bool {
        if !self.ended {
            let mut context = Context::from_waker(Waker::noop());
            self.ended = Pin::new(&mut self.driver).poll(&mut context).is_ready();
        }
        self.is_open()
    }

    pub(super) async fn exchange(
        &mut self,
        request: Request<RequestBody>,
        policy: BodyPolicy,
    ) -> Result<Answer, RequestFailure> {
        let Self {
            sender,
            driver,
            ended,
            relay,
        } = self;
        let response = {
            let mut response = pin!(relay.begin(|| sender.send_request(request)));
            poll_fn(|context| {
                let response = |context: &mut Context<'_>| response.as_mut().poll(context);
                relay.poll(context, response, |context| drive(driver, ended, context))
            })
            .await
        };
        let response = response.map_err(|error| RequestFailure::exchange(&error))?;
        read_body(response, policy, async |body| {
            poll_fn(|context| {
                let frame = |context: &mut Context<'_>| Pin::new(&mut *body).poll_frame(context);
                relay.poll(context, frame, |context| drive(driver, ended, context))
            })
            .await
        })
        .await
    }
}

/// Polls a connection for what depends on it.
fn drive(
    driver: &mut http1::Connection<Io, RequestBody>,
    ended: &mut bool,
    context: &mut Context<'_>,
) {
    if !*ended {
        // How the connection ended is told again, and better, by what depends on it.
        *ended = Pin::new(driver).poll(context).is_ready();
    }
}
