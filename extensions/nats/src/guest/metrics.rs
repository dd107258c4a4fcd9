//! Defines what is measured, and by which tags.

use std::cell::RefCell;

use rustc_hash::FxHashMap;

use crate::options::Time;
use crate::{Address, Kind, Meter};
use brunt_sdk::bindings::brunt::log::log;
use brunt_sdk::bindings::brunt::metrics::metrics::{Kind as Keeps, Metric, TagSet, Unit};

/// The metrics of the extension, which all clients of a VU share.
struct Metrics {
    msgs_sent: Metric,
    msgs_received: Metric,
    bytes_sent: Metric,
    bytes_received: Metric,
    msgs_dropped: Metric,
    request_duration: Metric,
    publish_duration: Metric,
    connect_duration: Metric,
    reconnects: Metric,
    errors: Metric,
}

thread_local! {
    static METRICS: RefCell<Option<Metrics>> = const { RefCell::new(None) };
}

/// Registers them.
pub(super) fn register() -> Result<(), String> {
    let counter = |name| Metric::register(name, Keeps::Counter, Unit::None);
    let bytes = |name| Metric::register(name, Keeps::Counter, Unit::Data);
    let time = |name| Metric::register(name, Keeps::Trend, Unit::Time);
    let metrics = Metrics {
        msgs_sent: counter("nats_msgs_sent")?,
        msgs_received: counter("nats_msgs_received")?,
        bytes_sent: bytes("nats_bytes_sent")?,
        bytes_received: bytes("nats_bytes_received")?,
        msgs_dropped: counter("nats_msgs_dropped")?,
        request_duration: time("nats_request_duration")?,
        publish_duration: time("nats_publish_duration")?,
        connect_duration: time("nats_connect_duration")?,
        reconnects: counter("nats_reconnects")?,
        errors: counter("nats_errors")?,
    };
    METRICS.set(Some(metrics));
    Ok(())
}

/// The tags of one client, made once for each subject.
#[derive(Default)]
pub(super) struct Gauges {
    server: String,
    tags: Vec<TagSet>,
    by_subject: FxHashMap<String, usize>,
    /// The subject that was measured last, which is mostly the next one too.
    last: Option<(String, usize)>,
    alone: Option<TagSet>,
}

/// Subjects whose tags are kept; whoever uses more of them makes them anew.
const KEPT: usize = 512;

impl Gauges {
    /// The first server's, until one is connected to.
    pub(super) fn new(server: String) -> Gauges {
        Gauges {
            server,
            ..Gauges::default()
        }
    }

    fn with(&mut self, subject: &str, add: impl FnOnce(&Metrics, &TagSet)) {
        let at = match &self.last {
            Some((last, at)) if last == subject => *at,
            _ => self.find(subject),
        };
        METRICS.with_borrow(|metrics| metrics.as_ref().map(|metrics| add(metrics, &self.tags[at])));
    }

    fn find(&mut self, subject: &str) -> usize {
        let known = self.by_subject.get(subject).copied();
        let at = known.unwrap_or_else(|| self.make(subject));
        self.last = Some((subject.to_owned(), at));
        at
    }

    fn make(&mut self, subject: &str) -> usize {
        if self.tags.len() >= KEPT {
            self.tags.clear();
            self.by_subject.clear();
        }
        let tags = [("server", &*self.server), ("subject", subject)];
        self.tags.push(TagSet::new(&tags));
        let at = self.tags.len() - 1;
        self.by_subject.insert(subject.to_owned(), at);
        at
    }

    fn alone(&mut self, add: impl FnOnce(&Metrics, &TagSet)) {
        let server = &self.server;
        let tags = self
            .alone
            .get_or_insert_with(|| TagSet::new(&[("server", server.as_str())]));
        METRICS.with_borrow(|metrics| metrics.as_ref().map(|metrics| add(metrics, tags)));
    }
}

impl Meter for Gauges {
    fn sent(&mut self, subject: &str, messages: u64, bytes: u64) {
        self.with(subject, |metrics, tags| {
            metrics.msgs_sent.add_in(messages as f64, tags);
            metrics.bytes_sent.add_in(bytes as f64, tags);
        });
    }

    fn received(&mut self, subject: &str, messages: u64, bytes: u64) {
        self.with(subject, |metrics, tags| {
            metrics.msgs_received.add_in(messages as f64, tags);
            metrics.bytes_received.add_in(bytes as f64, tags);
        });
    }

    fn dropped(&mut self, subject: &str, messages: u64) {
        self.with(subject, |metrics, tags| {
            metrics.msgs_dropped.add_in(messages as f64, tags)
        });
    }

    fn answered(&mut self, subject: &str, took: Time) {
        self.with(subject, |metrics, tags| {
            metrics.request_duration.add_in(milliseconds(took), tags)
        });
    }

    fn stored(&mut self, subject: &str, took: Time) {
        self.with(subject, |metrics, tags| {
            metrics.publish_duration.add_in(milliseconds(took), tags)
        });
    }

    fn connected(&mut self, server: &Address, took: Time, again: bool) {
        let place = server.place();
        if place != self.server {
            *self = Gauges::new(place);
        }
        self.alone(|metrics, tags| {
            metrics.connect_duration.add_in(milliseconds(took), tags);
            if again {
                metrics.reconnects.add_in(1.0, tags);
            }
        });
    }

    fn failed(&mut self, kind: Kind) {
        let tags = [("server", &*self.server), ("kind", kind.name())];
        METRICS.with_borrow(|metrics| {
            if let Some(metrics) = metrics {
                metrics.errors.add_tagged(1.0, &tags);
            }
        });
    }

    fn tell(&mut self, warning: bool, line: &str) {
        let level = if warning {
            log::Level::Warn
        } else {
            log::Level::Info
        };
        log::log(level, line);
    }
}

fn milliseconds(time: Time) -> f64 {
    time as f64 / 1e6
}
