//! Defines one hop: one request to one URL, on a connection kept or new, with every part of it timed.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::Instant;

use bytes::Bytes;
use http::header::{AUTHORIZATION, CONNECTION, CONTENT_LENGTH, COOKIE, HOST};
use http::{HeaderMap, HeaderValue, Method, Request, Uri, Version};

use crate::http::auth::Scheme;
use crate::http::client::Client;
use crate::http::connection::{Answer, BodyPolicy, RequestBody, content_length};
use crate::http::dial::Dialler;
use crate::http::failure::RequestFailure;
use crate::http::message::{Login, Timings};
use crate::http::pool::Lease;
use crate::http::target::Target;
use crate::http::upload::{Upload, spent};
use crate::net::dial::{DialPhase, DialTimings, Remote};
use crate::net::meter::Instants;
use crate::net::socket::TlsFacts;
use crate::settings::HttpVersion;

/// How often a request is sent again that servers say they have not looked at.
const REFUSALS: u32 = 3;

/// What a hop sends.
pub(crate) struct Hop {
    pub(crate) method: Method,
    pub(crate) target: Rc<Target>,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
    /// The body in the place of `body`, where it can be sent only once.
    pub(crate) upload: Option<Rc<Upload>>,
    pub(crate) policy: BodyPolicy,
    pub(crate) version: HttpVersion,
    /// All cookies together, in the place of the header that the request itself sets.
    pub(crate) cookie: Option<HeaderValue>,
    /// The answer to a challenge, or credentials that need none.
    pub(crate) authorization: Option<HeaderValue>,
    /// A log-in that begins when the server asks for it.
    pub(crate) login: Option<Box<Login>>,
    /// Set while a 401 is a step of a log-in.
    pub(crate) challenged: Option<Scheme>,
    /// Keeps one connection over several hops.
    pub(crate) held: Option<Box<Held>>,
    /// Whether it goes to the first host of a request or below it, to which alone its secrets are sent.
    pub(crate) trusted: bool,
}

/// A connection that a log-in goes on with.
#[derive(Default)]
pub(crate) struct Held(Cell<Option<Lease>>);

/// How far a hop has come: kept outside of it, so that one that is cut off can still be accounted for.
pub(crate) struct Progress {
    began: Instant,
    connected: Cell<Option<Instant>>,
    dial: Cell<DialTimings>,
    connection: RefCell<Option<Used>>,
    /// The number that it has in the log of exchanges; 0 for none.
    number: Cell<u64>,
    /// The connection, where the body of the answer is left to be streamed.
    lease: Cell<Option<Box<Lease>>>,
}

/// The connection that a hop went over.
#[derive(Clone)]
pub(crate) struct Used {
    pub(crate) remote: Remote,
    pub(crate) tls: Option<TlsFacts>,
    instants: Rc<Instants>,
}

impl Hop {
    /// A `GET` of this target, with nothing of its own.
    pub(crate) fn new(target: Rc<Target>, policy: BodyPolicy) -> Self {
        Self {
            method: Method::GET,
            target,
            headers: HeaderMap::new(),
            body: Bytes::new(),
            upload: None,
            policy,
            version: HttpVersion::Auto,
            cookie: None,
            authorization: None,
            login: None,
            challenged: None,
            held: None,
            trusted: true,
        }
    }

    /// What samples look at, without headers and body.
    pub(crate) fn outline(&self) -> Self {
        Self {
            method: self.method.clone(),
            ..Self::new(self.target.clone(), self.policy)
        }
    }

    /// Whether its body is gone.
    fn is_spent(&self) -> bool {
        let upload = self.upload.as_ref();
        upload.is_some_and(|upload| upload.is_spent())
    }

    /// Whether sending it twice does no harm, and is possible.
    fn can_be_repeated(&self) -> bool {
        self.method.is_idempotent() && self.upload.is_none()
    }

    /// What to do with the body of the answer.
    pub(crate) fn policy(&self) -> BodyPolicy {
        let mut policy = self.policy;
        if let Some(streaming) = &mut policy.streaming {
            streaming.challenged = self.challenged.is_some();
        }
        policy
    }

    /// The target's own headers, with those of the request and of the hop over them.
    pub(crate) fn all_headers(&self) -> HeaderMap {
        let mut headers = self.target.headers.clone();
        for name in self.headers.keys() {
            headers.remove(name);
        }
        headers.extend(self.headers.clone());
        for (name, value) in [(COOKIE, &self.cookie), (AUTHORIZATION, &self.authorization)] {
            if let Some(value) = value {
                headers.insert(name, value.clone());
            }
        }
        headers
    }

    /// The body, to be sent. Errors: it can be sent once only, and was.
    pub(crate) fn request_body(&self) -> Result<RequestBody, RequestFailure> {
        Ok(match &self.upload {
            None => RequestBody::whole(self.body.clone()),
            Some(upload) => RequestBody::streamed(upload)?,
        })
    }

    /// The request itself, as this version of HTTP has it.
    pub(crate) fn request<B>(
        &self,
        version: Version,
        body: B,
    ) -> Result<Request<B>, RequestFailure> {
        let target = &self.target;
        let mut request = Request::new(body);
        *request.method_mut() = self.method.clone();
        *request.headers_mut() = self.all_headers();
        if version >= Version::HTTP_2 {
            *request.version_mut() = version;
            *request.uri_mut() = absolute(target)?;
            let headers = request.headers_mut();
            headers.remove(HOST);
            if let Some(length) = content_length(self) {
                headers.insert(CONTENT_LENGTH, length);
            }
        } else {
            *request.uri_mut() = target.uri.clone();
        }
        Ok(request)
    }
}

impl Progress {
    pub(crate) fn new() -> Self {
        Self {
            began: Instant::now(),
            connected: Cell::new(None),
            dial: Cell::default(),
            connection: RefCell::new(None),
            number: Cell::new(0),
            lease: Cell::new(None),
        }
    }

    /// Whether a connection was found or made.
    pub(crate) fn is_connected(&self) -> bool {
        self.connected.get().is_some()
    }

    /// What a hop that has no connection was waiting for.
    pub(crate) fn dial_phase(&self) -> DialPhase {
        self.dial.get().phase
    }

    pub(crate) fn number(&self) -> u64 {
        self.number.get()
    }

    /// Whether the server said that it has not looked at the request.
    fn is_refused(&self) -> bool {
        let used = self.connection.borrow();
        used.as_ref().is_some_and(|used| used.instants.is_refused())
    }

    /// The connection by which the body of the answer is still to come.
    pub(crate) fn take_lease(&self) -> Option<Lease> {
        self.lease.take().map(|lease| *lease)
    }

    pub(crate) fn used(&self) -> Option<Used> {
        self.connection.borrow().clone()
    }

    /// Where the time went, for a hop that ended, or failed, at this instant.
    pub(crate) fn timings(&self, ended: Instant) -> Timings {
        let used = self.connection.borrow();
        let opened = used.as_ref().and_then(|used| used.instants.opened());
        let connected = opened.or(self.connected.get()).unwrap_or(ended);
        let dial = self.dial.get();
        let mut timings = Timings {
            blocked: connected.saturating_duration_since(self.began),
            looking_up: dial.looking_up,
            connecting: dial.connecting,
            tls_handshaking: dial.tls_handshaking,
            ..Timings::default()
        };
        if let Some(used) = &*used {
            let exchange = used.instants.exchange(connected, ended);
            timings.sending = exchange.sending;
            timings.waiting = exchange.waiting;
            timings.receiving = exchange.receiving;
        }
        timings
    }

    fn connected(&self, lease: &Lease) {
        let connection = &lease.connection;
        connection.instants.begin();
        self.connected.set(Some(Instant::now()));
        *self.connection.borrow_mut() = Some(Used {
            remote: connection.remote.clone(),
            tls: connection.tls.clone(),
            instants: connection.instants.clone(),
        });
    }
}

/// The dialling of a hop: however it ends, cut off too, the hop knows how long it took.
struct Dialling<'a> {
    progress: &'a Progress,
    timings: DialTimings,
}

impl Drop for Dialling<'_> {
    fn drop(&mut self) {
        self.progress.dial.set(self.timings);
    }
}

impl Client {
    /// Runs a hop. A connection that was kept and turns out to be closed is replaced, once, where that is safe. What a server
    /// says it has not looked at is sent again, a few times.
    pub(crate) async fn hop(
        &self,
        hop: &Hop,
        progress: &Progress,
    ) -> Result<Answer, RequestFailure> {
        if hop.is_spent() {
            return Err(spent());
        }
        let keep = !self.worker.run.settings.http.no_connection_reuse;
        let mut held = hop.held.as_ref().and_then(|held| held.take());
        let mut refusals = 0;
        loop {
            let kept = || keep.then(|| self.kept(hop)).flatten();
            let (lease, was_kept) = match held.take().or_else(kept) {
                Some(lease) => (lease, true),
                // Boxed, because dialling is rare and its state is large: every request would carry the room for it.
                None => (Box::pin(self.open(hop, progress, keep)).await?, false),
            };
            match self.try_hop(hop, lease, progress, keep).await {
                Err(_) if progress.is_refused() && !hop.is_spent() && refusals < REFUSALS => {
                    refusals += 1;
                }
                Err(_) if was_kept && !progress.is_refused() && is_repeatable(hop, progress) => {
                    return self.on_new(hop, progress, keep).await;
                }
                result => return result,
            }
        }
    }

    /// Runs a hop once more, on a connection of its own making.
    async fn on_new(
        &self,
        hop: &Hop,
        progress: &Progress,
        keep: bool,
    ) -> Result<Answer, RequestFailure> {
        let opened = Box::pin(self.open(hop, progress, keep)).await?;
        Box::pin(self.try_hop(hop, opened, progress, keep)).await
    }

    /// A connection that was kept. What may not be sent twice gets one on which the server is known to listen.
    fn kept(&self, hop: &Hop) -> Option<Lease> {
        loop {
            let mut lease = self.pool.reuse(&hop.target.origin, hop.version)?;
            if hop.can_be_repeated() || lease.connection.is_listening() {
                return Some(lease);
            }
        }
    }

    async fn open(
        &self,
        hop: &Hop,
        progress: &Progress,
        keep: bool,
    ) -> Result<Lease, RequestFailure> {
        let timings = DialTimings::default();
        let mut dialling = Dialling { progress, timings };
        let timings = &mut dialling.timings;
        let dialler = Dialler {
            egress: self.egress(),
            version: hop.version,
            endpoints: &self.endpoints,
        };
        let origin = &hop.target.origin;
        self.pool.open(&dialler, origin, keep, timings).await
    }

    async fn try_hop(
        &self,
        hop: &Hop,
        mut lease: Lease,
        progress: &Progress,
        keep: bool,
    ) -> Result<Answer, RequestFailure> {
        progress.connected(&lease);
        // A log-in that needs its connection again lets go of it by itself.
        let close = !keep && hop.held.is_none() && !lease.connection.is_shared();
        if let Some(debug) = &self.debug {
            let mut request = hop.request(lease.connection.version(), ())?;
            if close {
                let close = HeaderValue::from_static("close");
                request.headers_mut().insert(CONNECTION, close);
            }
            progress.number.set(debug.request(&request, hop));
        }
        let answer = lease.connection.exchange(hop, close).await?;
        if answer.unread.is_some() {
            progress.lease.set(Some(Box::new(lease)));
            return Ok(answer);
        }
        match &hop.held {
            Some(held) => held.0.set(Some(lease)),
            None if keep => self.pool.give_back(lease, &hop.target.origin),
            None => {}
        }
        Ok(answer)
    }

    /// Lets go of the connection that a log-in held.
    pub(crate) fn release(&self, hop: &mut Hop) {
        let held = hop.held.take().and_then(|held| held.take());
        if let (Some(lease), false) = (held, self.worker.run.settings.http.no_connection_reuse) {
            self.pool.give_back(lease, &hop.target.origin);
        }
    }
}

impl Held {
    /// The connection, if it is still open.
    fn take(&self) -> Option<Lease> {
        self.0.take().filter(|lease| lease.connection.is_open())
    }
}

fn absolute(target: &Target) -> Result<Uri, RequestFailure> {
    target
        .absolute_uri()
        .map_err(|error| RequestFailure::new(1020, error.to_string()))
}

/// Whether the hop may be sent again: nothing of an answer came, and sending it twice does no harm.
fn is_repeatable(hop: &Hop, progress: &Progress) -> bool {
    let answered = progress.used().is_some_and(|used| used.instants.has_read());
    !answered && hop.can_be_repeated()
}
