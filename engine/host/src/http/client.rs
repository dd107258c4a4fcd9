//! Defines the client of one VU: requests with their redirects, log-ins, cookies and timeouts.

mod cookies;
mod deadline;

use std::cell::{Cell, RefCell};
use std::net::IpAddr;
use std::pin::{Pin, pin};
use std::rc::{Rc, Weak};
use std::sync::Arc;
use std::time::Instant;

use brunt_metrics::TagSet;
use http::StatusCode;
use http::header::AUTHORIZATION;
use send_wrapper::SendWrapper;
use tokio::time::Sleep;

use crate::http::auth::Scheme;
use crate::http::connection::{Answer, BodyPolicy};
use crate::http::debug::DebugLog;
use crate::http::encoding;
use crate::http::failure::RequestFailure;
use crate::http::hop::{Hop, Progress};
use crate::http::jar::Jar;
use crate::http::message::{Login, Reply, Request, Response};
use crate::http::pool::{Pool, Slot};
use crate::http::quic::Endpoints;
use crate::http::redirect::Redirect;
use crate::http::samples::{HopEnd, record_unsent};
use crate::http::target::Target;
use crate::net::dial::Egress;
use crate::net::meter::Traffic;
use crate::tags::TagScope;
use crate::worker::Worker;
use deadline::{FOREVER, timed_out};

/// Ranges of statuses, ends included.
type Statuses = Rc<[(u16, u16)]>;

/// The HTTP client of one VU.
pub(crate) struct Client {
    pub(super) worker: Rc<Worker>,
    pub(super) pool: Pool,
    pub(super) traffic: Rc<Traffic>,
    /// What it speaks QUIC from.
    pub(super) endpoints: Endpoints,
    /// The VU's own cookies.
    pub(crate) jar: Rc<Jar>,
    /// The statuses that requests expect which don't say it themselves.
    pub(crate) expected: RefCell<Option<Statuses>>,
    /// The address of this machine that it connects from; the system chooses when absent.
    pub(super) local: Option<IpAddr>,
    /// The timer of the last request that ended.
    timer: Cell<Option<Pin<Box<Sleep>>>>,
    /// Itself, for what outlives a request.
    this: Weak<Self>,
    /// Where exchanges are logged, when they are.
    pub(super) debug: Option<Box<DebugLog>>,
}

/// A request that is being sent.
pub(crate) struct Sending<'a> {
    pub(crate) request: &'a Request,
    pub(super) deadline: Instant,
    pub(super) base: Rc<TagScope>,
}

impl Client {
    /// The client of the VU with this number in this process.
    pub(crate) fn new(worker: &Rc<Worker>, vu: u64) -> Rc<Self> {
        let settings = &worker.run.settings;
        Rc::new_cyclic(|this| Self {
            this: this.clone(),
            pool: Pool::new(settings.limits.connections),
            traffic: Rc::default(),
            endpoints: Endpoints::default(),
            jar: Rc::new(Jar::new(settings.limits.cookies)),
            expected: RefCell::default(),
            local: settings.http.local_ips.of_vu(vu),
            timer: Cell::new(None),
            debug: DebugLog::new(&worker.run),
            worker: worker.clone(),
        })
    }

    /// Sends a request, follows its redirects, and records every hop.
    pub(crate) async fn send(
        &self,
        request: &Request,
        base: &Rc<TagScope>,
    ) -> Result<Response, RequestFailure> {
        if let Some(rate) = &self.worker.run.rate {
            // Boxed, because few runs have a limit.
            Box::pin(rate.wait()).await;
        }
        let sending = Sending {
            request,
            deadline: Instant::now() + request.timeout.min(FOREVER),
            base: self.tagged(request, base),
        };
        let mut hop = match self.first_hop(request) {
            Ok(hop) => hop,
            Err(failure) => return Err(self.unsent(&sending, failure)),
        };
        let mut first = None;
        let mut redirects = request
            .redirects
            .unwrap_or(self.worker.run.settings.http.max_redirects);
        loop {
            if let Some(streaming) = &mut hop.policy.streaming {
                streaming.follows = redirects > 0;
            }
            let mut response = match hop.login.take() {
                None => self.timed_hop(&sending, &hop).await?,
                // Boxed, because log-ins are rare: every request would carry the room for them.
                Some(login) => Box::pin(self.logged_in(&sending, &mut hop, &login)).await?,
            };
            self.keep_cookies(request, &hop, &response);
            match Redirect::of(&response) {
                Some(redirect) if redirects > 0 => {
                    redirects -= 1;
                    let next = self.follow(request, &hop, &redirect)?;
                    let before = std::mem::replace(&mut hop, next);
                    first.get_or_insert_with(|| Box::new(before));
                }
                redirect => {
                    if redirect.is_some() && request.redirects.is_none() {
                        self.warn_of_redirects(request);
                    }
                    let sent = first.map_or(hop, |first| *first);
                    let streams = sent.policy.streaming.is_some();
                    response.sent = Some(SendWrapper::new(sent));
                    if streams {
                        response.stream_what_was_read();
                    }
                    return Ok(response);
                }
            }
        }
    }

    /// Records what was sent and received since the last time, and closes connections that are not to be kept.
    pub(crate) fn finish_iteration(&self, base: &TagScope) {
        let settings = &self.worker.run.settings.http;
        if settings.no_vu_connection_reuse {
            self.pool.close_idle();
        }
        if !settings.no_cookies_reset {
            self.jar.empty();
        }
        let (sent, received) = self.endpoints.take();
        self.traffic.add(sent, received);
        self.traffic.record(&self.worker, base);
    }

    /// The tags of the VU with those of the request; `name` is not among them, it stands for the URL.
    pub(super) fn tagged(&self, request: &Request, base: &Rc<TagScope>) -> Rc<TagScope> {
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
        self.worker.derived(base, &base.tags.merged(&own))
    }

    fn first_hop(&self, request: &Request) -> Result<Hop, RequestFailure> {
        let settings = &self.worker.run.settings;
        let policy = BodyPolicy {
            discard: request
                .discard_body
                .unwrap_or(settings.http.discard_response_bodies),
            limit: settings.limits.response_body,
            streaming: request.streaming(),
        };
        let mut headers = request.header_map()?;
        let version = request.version()?.unwrap_or(settings.http.version);
        let mut hop = Hop {
            version,
            method: request.parsed_method()?,
            body: request.content(&mut headers)?,
            upload: request.upload(),
            headers,
            ..Hop::new(self.target(&request.url)?, policy)
        };
        if let Some(length) = request.own_length() {
            self.warn_of_length(request, &hop, length);
        }
        self.dress(request, &mut hop)?;
        Ok(hop)
    }

    /// Counts a request that makes no sense as one that failed at once: it must not look as if nothing had been wrong.
    fn unsent(&self, sending: &Sending<'_>, failure: RequestFailure) -> RequestFailure {
        let Sending { request, base, .. } = sending;
        let judged = request.expects(0, self.expected.borrow().as_deref());
        record_unsent(&self.worker, base, request, &failure, judged);
        self.tell(&request.shown_url(), &failure);
        failure
    }

    /// The right to one more connection, for what is no request; none when as many are open as the limit says. One that is not in use
    /// is closed for it, and one that is being closed is waited for.
    pub(crate) async fn slot(&self) -> Option<Slot> {
        self.pool.claim().await
    }

    /// What its connections begin with.
    pub(crate) fn egress(&self) -> Egress<'_> {
        Egress {
            worker: &self.worker,
            local: self.local,
            traffic: &self.traffic,
        }
    }

    pub(super) fn tell(&self, url: &str, failure: &RequestFailure) {
        let RequestFailure { code, message } = failure;
        self.worker.tell_failed_request(*code, || {
            format!("request failed: {url}: {message} (error_code {code}; others like it are only counted)")
        });
    }

    /// Gives a hop what depends on where it goes: cookies and credentials.
    pub(crate) fn dress(&self, request: &Request, hop: &mut Hop) -> Result<(), RequestFailure> {
        hop.cookie = self.cookies(request, hop)?;
        match login_for(request, hop)? {
            Some(login) if login.scheme == Scheme::Basic => {
                hop.authorization = Some(login.credentials.basic());
            }
            login => hop.login = login.map(Box::new),
        }
        Ok(())
    }

    /// Bytes that a jar of cookies has room for.
    pub(crate) fn most_cookies(&self) -> usize {
        self.worker.run.settings.limits.cookies
    }

    /// Itself, unless its VU is gone.
    pub(super) fn shared(&self) -> Option<Rc<Self>> {
        self.this.upgrade()
    }

    pub(crate) fn unix_seconds(&self) -> i64 {
        let seconds = self.worker.run.unix_ns(Instant::now()) / 1_000_000_000;
        i64::try_from(seconds).unwrap_or(i64::MAX)
    }

    fn warn_of_redirects(&self, request: &Request) {
        let most = self.worker.run.settings.http.max_redirects;
        let url = self.target(&request.url).map(|target| target.url.clone());
        let url = url.unwrap_or_default();
        let message = format!(
            "{url}: stopped after {most} redirects, the last one is the response \
             (hint: set the option maxRedirects, or the redirects of the request)"
        );
        self.worker.run.warn_once("maxRedirects", &message);
    }

    /// Host and port of a request's URL, if that is one.
    pub(crate) fn host_of(&self, request: &Request) -> Option<(Arc<str>, u16)> {
        let target = self.target(&request.url).ok()?;
        Some((target.origin.host.clone(), target.origin.port))
    }

    fn warn_of_length(&self, request: &Request, hop: &Hop, given: &str) {
        let length = hop.body.len();
        if given.trim().parse() == Ok(length) {
            return;
        }
        let message = format!(
            "{} {}: the content-length {given:?} is not that of the body, {length}, which is sent instead",
            request.method, hop.target.url
        );
        self.worker.run.warn_once("content-length", &message);
    }

    pub(super) fn target(&self, url: &str) -> Result<Rc<Target>, RequestFailure> {
        self.worker.targets.borrow_mut().get(url)
    }

    /// One hop under the request's deadline, and its samples.
    pub(super) async fn timed_hop(
        &self,
        sending: &Sending<'_>,
        hop: &Hop,
    ) -> Result<Response, RequestFailure> {
        let request = sending.request;
        let progress = Progress::new();
        let attempt = {
            let running = pin!(self.hop(hop, &progress));
            match request.patience() {
                None => {
                    let done = self.by(sending.deadline, running).await;
                    done.ok_or(request.timeout)
                }
                // Boxed, because few requests have it.
                Some(patience) => Box::pin(patience.with(running, &progress)).await,
            }
        };
        let ended = Instant::now();
        let mut result = attempt
            .unwrap_or_else(|took| Err(timed_out(took, &progress)))
            .and_then(|answer| decoded(answer, hop.policy));
        if let Ok(Answer { unread, .. }) = &mut result
            && let Some(unread) = unread.take()
        {
            let opened = result.map(|answer| (answer, *unread))?;
            return self.streamed(sending, hop, progress, opened);
        }
        let timings = progress.timings(ended);
        let used = progress.used();
        let default_expected = self.expected.borrow();
        let end = HopEnd {
            request,
            hop,
            result: &result,
            timings: &timings,
            tls: used.as_ref().and_then(|used| used.tls.as_ref()),
            default_expected: default_expected.as_deref(),
            remote: used.as_ref().map(|used| &used.remote),
        };
        end.record(&self.worker, &sending.base, ended);
        drop(default_expected);
        if let Err(failure) = &result {
            self.tell(&hop.target.url, failure);
        }
        if let Some(debug) = &self.debug {
            debug.outcome(progress.number(), &result);
        }
        let answer: Answer = result?;
        let used = used.ok_or_else(|| RequestFailure::new(1000, "no connection"))?;
        Ok(Response::from(Reply {
            head: answer.head,
            body: answer.body,
            body_size: answer.body_size,
            url: hop.target.url.clone(),
            remote: used.remote,
            tls: used.tls,
            timings,
            sent: None,
            stream: None,
        }))
    }
}

/// The credentials that a hop shows, or may have to show: the request's own to its first host, else those in the URL.
fn login_for(request: &Request, hop: &Hop) -> Result<Option<Login>, RequestFailure> {
    let rare = request.rare.as_deref();
    let in_url = hop.target.credentials.as_deref();
    if rare.is_none() && in_url.is_none() {
        return Ok(None);
    }
    let scheme = match rare.and_then(|rare| rare.auth_scheme.as_deref()) {
        None => Scheme::Basic,
        Some(name) => Scheme::named(name).ok_or_else(|| {
            let message = format!("unknown auth scheme {name:?}, use basic, digest or ntlm");
            RequestFailure::new(1000, message)
        })?,
    };
    if hop.headers.contains_key(AUTHORIZATION) {
        return Ok(None);
    }
    let own = rare.and_then(|rare| rare.login.clone());
    Ok(own.filter(|_| hop.trusted).or_else(|| {
        in_url.map(|credentials| Login {
            scheme,
            credentials: credentials.clone(),
        })
    }))
}

/// An answer with its body decompressed, unless that was thrown away. One that changes the protocol is none.
fn decoded(mut answer: Answer, policy: BodyPolicy) -> Result<Answer, RequestFailure> {
    if answer.head.status == StatusCode::SWITCHING_PROTOCOLS {
        let words = "the server answered 101 and speaks another protocol than HTTP";
        return Err(RequestFailure::new(1000, words));
    }
    if !answer.head.headers.notable.content_encoding {
        return Ok(answer);
    }
    if let Some(body) = encoding::decoded(answer.head.headers.map(), &answer.body, policy.limit)? {
        answer.body_size = body.len() as u64;
        answer.body = body;
    }
    Ok(answer)
}
