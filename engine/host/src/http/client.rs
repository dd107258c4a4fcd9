//! Defines the client of one VU: requests with their redirects and timeouts.

use std::cell::Cell;
use std::future::Future;
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::time::{Duration, Instant};

use brunt_metrics::{TagSet, builtin};
use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_LENGTH, CONTENT_TYPE, COOKIE, LOCATION};
use http::{HeaderMap, HeaderValue, Method, StatusCode};
use tokio::time::Sleep;

use crate::http::connection::{Answer, BodyPolicy};
use crate::http::dial::DialPhase;
use crate::http::failure::RequestFailure;
use crate::http::hop::{Hop, Progress};
use crate::http::message::{Request, Response};
use crate::http::meter::Traffic;
use crate::http::pool::Pool;
use crate::http::samples::HopEnd;
use crate::http::target::Target;
use crate::tags::TagScope;
use crate::worker::Worker;

/// The HTTP client of one VU.
pub(crate) struct Client {
    pub(super) worker: Rc<Worker>,
    pub(super) pool: Pool,
    pub(super) traffic: Rc<Traffic>,
    /// The timer of the last request that ended: setting it anew is cheaper than making one.
    timer: Cell<Option<Pin<Box<Sleep>>>>,
}

impl Client {
    pub(crate) fn new(worker: &Rc<Worker>) -> Rc<Self> {
        let settings = &worker.run.settings;
        Rc::new(Self {
            pool: Pool::new(settings.limits.connections),
            traffic: Rc::default(),
            timer: Cell::new(None),
            worker: worker.clone(),
        })
    }

    /// Sends a request, follows its redirects, and records every hop.
    pub(crate) async fn send(
        &self,
        request: &Request,
        base: &Rc<TagScope>,
    ) -> Result<Response, RequestFailure> {
        let base = self.tagged(request, base);
        let deadline = Instant::now() + request.timeout.min(FOREVER);
        let mut hop = self.first_hop(request)?;
        let mut redirects = request
            .redirects
            .unwrap_or(self.worker.run.settings.http.max_redirects);
        loop {
            let response = self.timed_hop(request, &hop, deadline, &base).await?;
            match self.redirect(&hop, &response) {
                Some(next) if redirects > 0 => {
                    redirects -= 1;
                    hop = next?;
                }
                _ => return Ok(response),
            }
        }
    }

    /// Records what was sent and received since the last time, and closes connections that are not to be kept.
    pub(crate) fn finish_iteration(&self, base: &TagScope) {
        if self.worker.run.settings.http.no_vu_connection_reuse {
            self.pool.close_idle();
        }
        let (sent, received) = self.traffic.take();
        if sent == 0 && received == 0 {
            return;
        }
        let time = self.worker.run.unix_ns(Instant::now());
        let mut recorder = self.worker.recorder();
        recorder.record(builtin::DATA_SENT, base.id, sent as f64, time);
        recorder.record(builtin::DATA_RECEIVED, base.id, received as f64, time);
    }

    /// The tags of the VU with those of the request; `name` is not among them, it stands for the URL.
    fn tagged(&self, request: &Request, base: &Rc<TagScope>) -> Rc<TagScope> {
        let own: Vec<_> = request
            .tags
            .iter()
            .filter(|(key, _)| key != "name")
            .collect();
        if own.is_empty() {
            return base.clone();
        }
        let own = TagSet::from_pairs(
            own.into_iter()
                .map(|(key, value)| (key.as_str(), value.as_str())),
        );
        self.worker.base(&base.tags.merged(&own))
    }

    fn first_hop(&self, request: &Request) -> Result<Hop, RequestFailure> {
        let settings = &self.worker.run.settings;
        Ok(Hop {
            method: request.parsed_method()?,
            target: self.target(&request.url)?,
            headers: request.header_map()?,
            body: request.body.clone(),
            policy: BodyPolicy {
                discard: request
                    .discard_body
                    .unwrap_or(settings.http.discard_response_bodies),
                limit: settings.limits.response_body,
            },
        })
    }

    fn target(&self, url: &str) -> Result<Rc<Target>, RequestFailure> {
        self.worker.targets.borrow_mut().get(url)
    }

    /// One hop under the request's deadline, and its samples.
    async fn timed_hop(
        &self,
        request: &Request,
        hop: &Hop,
        deadline: Instant,
        base: &TagScope,
    ) -> Result<Response, RequestFailure> {
        let progress = Progress::new();
        let attempt = self.by(deadline, pin!(self.hop(hop, &progress))).await;
        let ended = Instant::now();
        let result = attempt.unwrap_or_else(|| Err(timed_out(request.timeout, &progress)));
        let timings = progress.timings(ended);
        let used = progress.used();
        let end = HopEnd {
            request,
            hop,
            result: &result,
            timings: &timings,
            tls: used.as_ref().and_then(|used| used.tls),
        };
        end.record(&self.worker, base, ended);
        let answer: Answer = result?;
        let remote = used
            .map(|used| used.remote)
            .ok_or_else(|| RequestFailure::new(1000, "no connection"))?;
        Ok(Response {
            status: answer.head.status,
            version: answer.head.version,
            headers: answer.head.headers,
            body: answer.body,
            body_size: answer.body_size,
            url: hop.target.url.clone(),
            remote,
            timings,
        })
    }

    /// What a future gives, when it does so by this time.
    async fn by<F: Future>(&self, deadline: Instant, future: Pin<&mut F>) -> Option<F::Output> {
        let mut timer = match self.timer.take() {
            Some(mut timer) => {
                timer.as_mut().reset(deadline.into());
                timer
            }
            None => Box::pin(tokio::time::sleep_until(deadline.into())),
        };
        let result = tokio::select! {
            biased;
            value = future => Some(value),
            () = &mut timer => None,
        };
        self.timer.set(Some(timer));
        result
    }

    /// The hop that a response redirects to, when it does.
    fn redirect(&self, hop: &Hop, response: &Response) -> Option<Result<Hop, RequestFailure>> {
        let change = change_of(response.status)?;
        let location = response.headers.get(LOCATION)?;
        Some(self.follow(hop, location, change))
    }

    fn follow(
        &self,
        hop: &Hop,
        location: &HeaderValue,
        change: Change,
    ) -> Result<Hop, RequestFailure> {
        let location = String::from_utf8_lossy(location.as_bytes());
        let url = hop.target.parsed.join(&location).map_err(|error| {
            RequestFailure::new(
                1020,
                format!("invalid URL {location:?} in a redirect: {error}"),
            )
        })?;
        let target = self.target(url.as_str())?;
        let mut headers = hop.headers.clone();
        if target.origin.host != hop.target.origin.host {
            headers.remove(AUTHORIZATION);
            headers.remove(COOKIE);
        }
        headers.remove(http::header::HOST);
        let becomes_get =
            change == Change::Get && hop.method != Method::HEAD && hop.method != Method::GET;
        let (method, body) = match becomes_get {
            true => (Method::GET, Bytes::new()),
            false => (hop.method.clone(), hop.body.clone()),
        };
        if becomes_get {
            forget_body(&mut headers);
        }
        Ok(Hop {
            method,
            target,
            headers,
            body,
            policy: hop.policy,
        })
    }
}

/// The longest time that is waited for, so that no arithmetic overflows.
const FOREVER: Duration = Duration::from_secs(100 * 365 * 24 * 3600);

/// What becomes of the method in a redirect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Change {
    Get,
    Nothing,
}

fn change_of(status: StatusCode) -> Option<Change> {
    match status.as_u16() {
        301..=303 => Some(Change::Get),
        307 | 308 => Some(Change::Nothing),
        _ => None,
    }
}

fn forget_body(headers: &mut HeaderMap) {
    headers.remove(CONTENT_LENGTH);
    headers.remove(CONTENT_TYPE);
}

/// A timeout has the code of a dial only while TCP connects, as in k6.
fn timed_out(timeout: Duration, progress: &Progress) -> RequestFailure {
    let waiting_for = match progress.dial_phase() {
        _ if progress.is_connected() => "the response",
        DialPhase::Pool => "a connection that is free: limit connections",
        DialPhase::LookUp => "the look-up of the host",
        DialPhase::Tls => "the TLS handshake",
        DialPhase::Tcp => {
            let words = format!("dial: i/o timeout after {timeout:?}");
            return RequestFailure::new(1211, words);
        }
    };
    let words = format!("request timeout after {timeout:?}, waiting for {waiting_for}");
    RequestFailure::new(1050, words)
}
