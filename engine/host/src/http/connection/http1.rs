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
    /// None when it has ended: dropping it tells those who still wait for it.
    driver: Option<http1::Connection<Io, RequestBody>>,
    relay: Relay,
}

impl Http1 {
    pub(super) async fn new(io: Io) -> Result<Self, RequestFailure> {
        let (sender, driver) = http1::handshake(io)
            .await
            .map_err(|error| RequestFailure::exchange(&error))?;
        Ok(Self {
            sender,
            driver: Some(driver),
            relay: Relay::new(),
        })
    }

    pub(super) fn is_open(&self) -> bool {
        // One that is not ready still sends a body whose answer came early: it would refuse the next request.
        self.driver.is_some() && !self.sender.is_closed() && self.sender.is_ready()
    }

    /// Whether the server has not closed it while nobody looked.
    pub(super) fn is_listening(&mut self) -> bool {
        drive(&mut self.driver, &mut Context::from_waker(Waker::noop()));
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
            relay,
        } = self;
        let response = {
            let mut response = pin!(relay.begin(|| sender.send_request(request)));
            poll_fn(|context| {
                let response = |context: &mut Context<'_>| response.as_mut().poll(context);
                relay.poll(context, response, |context| drive(driver, context))
            })
            .await
        };
        let response = response.map_err(|error| RequestFailure::exchange(&error))?;
        read_body(response, policy, async |body| {
            poll_fn(|context| {
                let frame = |context: &mut Context<'_>| Pin::new(&mut *body).poll_frame(context);
                relay.poll(context, frame, |context| drive(driver, context))
            })
            .await
        })
        .await
    }
}

/// Polls a connection for what depends on it.
fn drive(driver: &mut Option<http1::Connection<Io, RequestBody>>, context: &mut Context<'_>) {
    let Some(connection) = driver else { return };
    // How the connection ended is told again, and better, by what depends on it.
    if Pin::new(connection).poll(context).is_ready() {
        *driver = None;
    }
}
