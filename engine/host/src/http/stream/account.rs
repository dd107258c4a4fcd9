//! Defines the account of a request whose body is streamed: all that its samples need, until the body has ended.

use std::rc::Rc;
use std::time::{Duration, Instant};

use http::{HeaderMap, StatusCode, Version};
use send_wrapper::SendWrapper;

use super::{Answer, BodyStream, Source, Unread};
use crate::http::client::{Client, Sending};
use crate::http::encoding::Unpacker;
use crate::http::failure::RequestFailure;
use crate::http::head::Head;
use crate::http::hop::{Hop, Progress, Used};
use crate::http::message::{Reply, Request, Response, Timings};
use crate::http::pool::Lease;
use crate::http::samples::HopEnd;
use crate::http::target::Origin;
use crate::tags::TagScope;

/// A hop that was answered and has not ended.
pub(super) struct Account {
    client: Rc<Client>,
    request: Request,
    hop: Hop,
    base: Rc<TagScope>,
    progress: Progress,
    used: Used,
    status: StatusCode,
    version: Version,
    watch: Watch,
}

/// How long a body may take.
#[derive(Clone, Copy)]
pub(super) struct Watch {
    pub(super) deadline: Option<Instant>,
    pub(super) timeout: Duration,
    pub(super) gap: Option<Duration>,
}

/// Where a connection goes whose body was read to its end.
pub(super) struct Keeper {
    client: Rc<Client>,
    origin: Origin,
}

impl Keeper {
    pub(super) fn give_back(&self, lease: Lease) {
        if !self.client.worker.run.settings.http.no_connection_reuse {
            self.client.pool.give_back(lease, &self.origin);
        }
    }
}

impl Client {
    /// The response to a hop whose body is streamed: there at once, and recorded when the body has ended.
    pub(in crate::http) fn streamed(
        &self,
        sending: &Sending<'_>,
        hop: &Hop,
        progress: Progress,
        (answer, unread): (Answer, Unread),
    ) -> Result<Response, RequestFailure> {
        let lost = || RequestFailure::new(1000, "no connection");
        let (client, used) = (self.shared().ok_or_else(lost)?, progress.used());
        let used = used.ok_or_else(lost)?;
        if let Some(debug) = &self.debug {
            debug.head(progress.number(), &answer.head);
        }
        let rare = sending.request.rare.as_ref();
        let policy = rare.and_then(|rare| rare.streaming).ok_or_else(lost)?;
        let unpacker = match policy.unpacks {
            true => Unpacker::of(answer.head.headers.map())?,
            false => None,
        };
        let source = Source {
            lease: progress.take_lease(),
            unread,
            keeper: Keeper {
                client: client.clone(),
                origin: hop.target.origin.clone(),
            },
        };
        let account = Account {
            client,
            request: sending.request.outline(),
            hop: hop.outline(),
            base: sending.base.clone(),
            used: used.clone(),
            status: answer.head.status,
            version: answer.head.version,
            watch: Watch {
                deadline: (!policy.endless).then_some(sending.deadline),
                timeout: sending.request.timeout,
                gap: policy.gap,
            },
            progress,
        };
        Ok(Response::from(Reply {
            head: answer.head,
            body: answer.body,
            body_size: 0,
            url: hop.target.url.clone(),
            remote: used.remote,
            tls: used.tls,
            timings: account.timings(),
            sent: None,
            stream: Some(SendWrapper::new(
                BodyStream::begin(account, source, unpacker).into(),
            )),
        }))
    }
}

impl Account {
    pub(super) fn buffer_limit(&self) -> usize {
        self.client.worker.run.settings.limits.stream_buffer
    }

    pub(super) fn watch(&self) -> Watch {
        self.watch
    }

    pub(super) fn timings(&self) -> Timings {
        self.progress.timings(Instant::now())
    }

    /// Records the request, as one that ends now.
    pub(super) fn close(self, failure: Option<&RequestFailure>) -> Timings {
        let ended = Instant::now();
        let timings = self.progress.timings(ended);
        let result = match failure {
            None => Ok(self.answer()),
            Some(failure) => Err(failure.clone()),
        };
        let worker = &self.client.worker;
        let default_expected = self.client.expected.borrow();
        let end = HopEnd {
            request: &self.request,
            hop: &self.hop,
            result: &result,
            timings: &timings,
            tls: self.used.tls.as_ref(),
            default_expected: default_expected.as_deref(),
            remote: Some(&self.used.remote),
        };
        end.record(worker, &self.base, ended);
        if let Err(failure) = &result {
            self.client.tell(&self.hop.target.url, failure);
            if let Some(debug) = &self.client.debug {
                debug.outcome(self.progress.number(), &result);
            }
        }
        timings
    }

    /// The answer, as far as samples look at it.
    fn answer(&self) -> Answer {
        Answer {
            head: Head {
                status: self.status,
                version: self.version,
                headers: HeaderMap::new().into(),
            },
            body: bytes::Bytes::new(),
            body_size: 0,
            unread: None,
        }
    }
}
