//! Defines an HTTP/1.1 connection, driven inside the exchange that uses it.

use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::task::{Context, Poll};

use http::Request;
use hyper::body::Body;
use hyper::client::conn::http1;

use crate::http::connection::body::read_body;
use crate::http::connection::{Answer, BodyPolicy, Io, RequestBody};
use crate::http::failure::RequestFailure;

pub(super) struct Http1 {
    sender: http1::SendRequest<RequestBody>,
    driver: http1::Connection<Io, RequestBody>,
    /// A driver that has ended must not be polled again.
    ended: bool,
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
        })
    }

    pub(super) fn is_open(&self) -> bool {
        !self.ended && !self.sender.is_closed()
    }

    pub(super) async fn exchange(
        &mut self,
        request: Request<RequestBody>,
        policy: BodyPolicy,
    ) -> Result<Answer, RequestFailure> {
        let response = {
            let mut response = pin!(self.sender.send_request(request));
            let (driver, ended) = (&mut self.driver, &mut self.ended);
            poll_fn(|context| {
                drive(driver, ended, context, |context| {
                    response.as_mut().poll(context)
                })
            })
            .await
        };
        let response = response.map_err(|error| RequestFailure::exchange(&error))?;
        let (driver, ended) = (&mut self.driver, &mut self.ended);
        read_body(response, policy, async |body| {
            poll_fn(|context| {
                drive(driver, ended, context, |context| {
                    Pin::new(&mut *body).poll_frame(context)
                })
            })
            .await
        })
        .await
    }
}

/// Polls something that depends on a connection, and the connection with it.
fn drive<T>(
    driver: &mut http1::Connection<Io, RequestBody>,
    ended: &mut bool,
    context: &mut Context<'_>,
    mut poll: impl FnMut(&mut Context<'_>) -> Poll<T>,
) -> Poll<T> {
    if let Poll::Ready(value) = poll(context) {
        return Poll::Ready(value);
    }
    if *ended {
        return Poll::Pending;
    }
    // How the connection ended is told again, and better, by what depends on it.
    *ended = Pin::new(driver).poll(context).is_ready();
    poll(context)
}
