//! Defines the samples of one hop: the nine HTTP metrics, under the tags that describe it.

use std::rc::Rc;
use std::time::{Duration, Instant};

use brunt_metrics::{MetricId, Recorder, TagSet, TagsId, builtin};
use http::{Method, Version};
use rustls::ProtocolVersion;

use crate::http::connection::Answer;
use crate::http::failure::RequestFailure;
use crate::http::hop::Hop;
use crate::http::login;
use crate::http::message::{Request, Timings};
use crate::net::dial::Remote;
use crate::net::socket::TlsFacts;
use crate::settings::SystemTags;
use crate::tags::{RequestKey, TagScope};
use crate::worker::Worker;

/// How a hop ended.
pub(crate) struct HopEnd<'a> {
    pub(crate) request: &'a Request,
    pub(crate) hop: &'a Hop,
    pub(crate) result: &'a Result<Answer, RequestFailure>,
    pub(crate) timings: &'a Timings,
    pub(crate) tls: Option<&'a TlsFacts>,
    /// The statuses that the VU expects, where the request does not say.
    pub(crate) default_expected: Option<&'a [(u16, u16)]>,
    pub(crate) remote: Option<&'a Remote>,
}

/// Number of a method that is none of [`METHODS`], and is not remembered.
const OTHER_METHOD: u8 = u8::MAX;

/// Methods that a [`RequestKey`] can hold.
const METHODS: [Method; 9] = [
    Method::GET,
    Method::POST,
    Method::PUT,
    Method::PATCH,
    Method::DELETE,
    Method::HEAD,
    Method::OPTIONS,
    Method::TRACE,
    Method::CONNECT,
];

impl HopEnd<'_> {
    /// Records the hop.
    pub(crate) fn record(&self, worker: &Worker, base: &TagScope, ended: Instant) {
        let expected = self.is_expected();
        let name = self.request.name();
        let target = match name {
            Some(name) => worker.targets.borrow_mut().uid_of_name(name),
            None => self.hop.target.uid,
        };
        let time = worker.run.unix_ns(ended);
        let with_ip = self.with_ip(worker, base);
        let base = with_ip.as_deref().unwrap_or(base);
        let mut recorder = worker.recorder();
        let key = self.key(target, expected);
        let system = &worker.run.settings.system_tags;
        let build = |tags: &TagSet| self.tags(tags, system, expected);
        let tags = match key.method {
            OTHER_METHOD => {
                let tags = build(&base.tags);
                recorder.intern(&tags)
            }
            _ => base.request(key, &mut recorder, build),
        };
        let write = Write {
            recorder: &mut recorder,
            tags,
            metadata: base.metadata(),
            time,
        };
        write.samples(self.timings, expected);
    }

    /// The tags of the VU with the address of the target, where system tag `ip` is on and there is one.
    fn with_ip(&self, worker: &Worker, base: &TagScope) -> Option<Rc<TagScope>> {
        let remote = self.remote.filter(|_| worker.shows_ip)?;
        let Remote::Tcp(address) = remote else {
            return None;
        };
        let ip = address.ip().to_canonical().to_string();
        Some(worker.derived(base, &base.tags.with("ip", &ip)))
    }

    fn status(&self) -> u16 {
        self.result
            .as_ref()
            .map_or(0, |answer| answer.head.status.as_u16())
    }

    /// The error code: the failure's own, or 1000 + status for 4xx and 5xx.
    fn error_code(&self) -> u16 {
        match self.result {
            Err(failure) => failure.code,
            Ok(answer) if answer.head.status.as_u16() >= 400 => 1000 + answer.head.status.as_u16(),
            Ok(_) => 0,
        }
    }

    /// Whether the hop is not a failure; none when that is not asked. The step of a log-in that brings a challenge is none.
    fn is_expected(&self) -> Option<bool> {
        let expected = self.request.expects(self.status(), self.default_expected)?;
        let (Some(scheme), Ok(answer), 401) = (self.hop.challenged, self.result, self.status())
        else {
            return Some(expected && self.result.is_ok());
        };
        Some(expected || login::is_asked_for(scheme, answer.head.headers.map()))
    }

    fn key(&self, target: u64, expected: Option<bool>) -> RequestKey {
        RequestKey {
            target,
            method: method_number(&self.hop.method),
            status: self.status(),
            error_code: self.error_code(),
            protocol: protocol(self.version()),
            tls: tls_version(self.tls),
            ocsp: self.tls.map(TlsFacts::ocsp_status),
            expected,
        }
    }

    fn version(&self) -> Option<Version> {
        self.result.as_ref().ok().map(|answer| answer.head.version)
    }

    fn tags(&self, base: &TagSet, system: &SystemTags, expected: Option<bool>) -> TagSet {
        let url: &str = &self.hop.target.url;
        let name = self.request.name().unwrap_or(url);
        let url = self.request.name().unwrap_or(url);
        let status = self.status().to_string();
        let code = self.error_code();
        let code_text = code.to_string();
        let mut pairs = vec![
            ("method", self.hop.method.as_str()),
            ("url", url),
            ("name", name),
            ("status", status.as_str()),
        ];
        let expected = match expected {
            Some(true) => "true",
            Some(false) => "false",
            None => "",
        };
        let optional = [
            ("expected_response", expected),
            ("proto", protocol(self.version())),
            ("tls_version", tls_version(self.tls)),
            (
                "ocsp_status",
                self.tls.map_or("", |tls| tls.ocsp_status().name()),
            ),
            (
                "error",
                self.result.as_ref().err().map_or("", RequestFailure::tag),
            ),
            (
                "error_code",
                if code == 0 { "" } else { code_text.as_str() },
            ),
        ];
        pairs.extend(optional.into_iter().filter(|(_, value)| !value.is_empty()));
        pairs.retain(|(key, _)| system.has(key));
        base.merged(&TagSet::from_pairs(pairs))
    }
}

/// Records a request that was never sent, because it makes no sense: all metrics, and no time in any of them.
pub(crate) fn record_unsent(
    worker: &Worker,
    base: &TagScope,
    request: &Request,
    failure: &RequestFailure,
    judged: Option<bool>,
) {
    let url = request.shown_url();
    let name = request.name().unwrap_or(&url);
    let code = failure.code.to_string();
    let pairs = [
        ("method", request.method.as_str()),
        ("url", name),
        ("name", name),
        ("status", "0"),
        ("error", failure.tag()),
        ("error_code", code.as_str()),
    ];
    let system = &worker.run.settings.system_tags;
    let judged_tag = judged.map(|_| ("expected_response", "false"));
    let pairs = pairs.into_iter().chain(judged_tag);
    let pairs = pairs.filter(|(key, _)| system.has(key));
    let tags = base.tags.merged(&TagSet::from_pairs(pairs));
    let time = worker.run.unix_ns(Instant::now());
    let mut recorder = worker.recorder();
    let tags = recorder.intern(&tags);
    let write = Write {
        recorder: &mut recorder,
        tags,
        metadata: base.metadata(),
        time,
    };
    write.samples(&Timings::default(), judged);
}

fn method_number(method: &Method) -> u8 {
    METHODS
        .iter()
        .position(|known| known == method)
        .map_or(OTHER_METHOD, |index| index as u8)
}

/// Where the samples of one hop go, and what they have in common.
struct Write<'a> {
    recorder: &'a mut Recorder,
    tags: TagsId,
    metadata: Option<&'a TagSet>,
    time: u64,
}

impl Write<'_> {
    fn samples(mut self, timings: &Timings, expected: Option<bool>) {
        self.sample(builtin::HTTP_REQS, 1.0);
        if let Some(expected) = expected {
            let failed = if expected { 0.0 } else { 1.0 };
            self.sample(builtin::HTTP_REQ_FAILED, failed);
        }
        let trends = [
            (builtin::HTTP_REQ_DURATION, timings.duration()),
            (builtin::HTTP_REQ_BLOCKED, timings.blocked),
            (builtin::HTTP_REQ_CONNECTING, timings.connecting),
            (builtin::HTTP_REQ_TLS_HANDSHAKING, timings.tls_handshaking),
            (builtin::HTTP_REQ_SENDING, timings.sending),
            (builtin::HTTP_REQ_WAITING, timings.waiting),
            (builtin::HTTP_REQ_RECEIVING, timings.receiving),
        ];
        for (metric, duration) in trends {
            self.sample(metric, milliseconds(duration));
        }
    }

    fn sample(&mut self, metric: MetricId, value: f64) {
        let (tags, time, metadata) = (self.tags, self.time, self.metadata);
        self.recorder
            .record_with_metadata(metric, tags, value, time, metadata);
    }
}

pub(super) fn milliseconds(duration: Duration) -> f64 {
    // As 64 bits: making a float of 128 is a call into a library. They last for 584 years.
    duration.as_nanos() as u64 as f64 / 1e6
}

/// The tag `proto`.
pub(crate) fn protocol(version: Option<Version>) -> &'static str {
    match version {
        Some(Version::HTTP_09) => "HTTP/0.9",
        Some(Version::HTTP_10) => "HTTP/1.0",
        Some(Version::HTTP_11) => "HTTP/1.1",
        Some(Version::HTTP_2) => "HTTP/2.0",
        Some(Version::HTTP_3) => "HTTP/3.0",
        _ => "",
    }
}

/// The tag `tls_version`.
pub(crate) fn tls_version(tls: Option<&TlsFacts>) -> &'static str {
    match tls.and_then(|facts| facts.version) {
        Some(ProtocolVersion::TLSv1_2) => "tls1.2",
        Some(ProtocolVersion::TLSv1_3) => "tls1.3",
        _ => "",
    }
}
