//! Defines what is measured: the metrics of the extension, and the tags that each destination has.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use brunt_sdk::metrics::{Counter, TagSet, Trend};
use rustc_hash::FxHashMap;

use crate::{Address, Fault, Meter, Time};

thread_local! {
    static METRICS: RefCell<Option<Rc<Metrics>>> = const { RefCell::new(None) };
}

struct Metrics {
    send_count: Counter,
    send_time: Trend,
    send_error_count: Counter,
    read_count: Counter,
    read_time: Trend,
    read_error_count: Counter,
    ack_count: Counter,
    ack_error_count: Counter,
    nack_count: Counter,
    nack_error_count: Counter,
    bytes_sent: Counter,
    bytes_received: Counter,
    connect_time: Trend,
    errors: Counter,
    /// The tags of the destinations that were met, at most [`TAGGED_MOST`].
    tags: RefCell<FxHashMap<String, Rc<TagSet>>>,
}

/// Destinations whose tags are kept. A test with more of them makes them anew each time.
const TAGGED_MOST: usize = 10_000;

/// Registers the metrics.
pub(super) fn register() -> brunt_sdk::Result<()> {
    let metrics = Metrics {
        send_count: Counter::new("stomp_send_count")?,
        send_time: Trend::of_times("stomp_send_time")?,
        send_error_count: Counter::new("stomp_send_error_count")?,
        read_count: Counter::new("stomp_read_count")?,
        read_time: Trend::of_times("stomp_read_time")?,
        read_error_count: Counter::new("stomp_read_error_count")?,
        ack_count: Counter::new("stomp_ack_count")?,
        ack_error_count: Counter::new("stomp_ack_error_count")?,
        nack_count: Counter::new("stomp_nack_count")?,
        nack_error_count: Counter::new("stomp_nack_error_count")?,
        bytes_sent: Counter::of_bytes("stomp_bytes_sent")?,
        bytes_received: Counter::of_bytes("stomp_bytes_received")?,
        connect_time: Trend::of_times("stomp_connect_time")?,
        errors: Counter::new("stomp_errors")?,
        tags: RefCell::default(),
    };
    METRICS.set(Some(Rc::new(metrics)));
    Ok(())
}

/// Counts for one client.
pub(super) struct Recorded(Option<Rc<Metrics>>);

impl Recorded {
    pub(super) fn new() -> Recorded {
        Recorded(METRICS.with_borrow(Clone::clone))
    }

    fn record(&self, destination: &str, record: impl FnOnce(&Metrics, &TagSet)) {
        if let Some(metrics) = &self.0 {
            record(metrics, &metrics.tags(destination));
        }
    }
}

impl Metrics {
    fn tags(&self, destination: &str) -> Rc<TagSet> {
        if let Some(tags) = self.tags.borrow().get(destination) {
            return tags.clone();
        }
        let tags = Rc::new(TagSet::new(&[("queue", destination)]));
        let mut known = self.tags.borrow_mut();
        if known.len() < TAGGED_MOST {
            known.insert(destination.to_owned(), tags.clone());
        }
        tags
    }
}

impl Meter for Recorded {
    fn sent(&mut self, destination: &str, bytes: u64, took: Time) {
        self.record(destination, |metrics, tags| {
            metrics.send_count.add_in(1.0, tags);
            metrics
                .send_time
                .add_time_in(Duration::from_nanos(took), tags);
            metrics.bytes_sent.add_in(bytes as f64, tags);
        });
    }

    fn not_sent(&mut self, destination: &str) {
        self.record(destination, |metrics, tags| {
            metrics.send_error_count.add_in(1.0, tags)
        });
    }

    fn taken(&mut self, destination: &str, bytes: u64, took: Time) {
        self.record(destination, |metrics, tags| {
            metrics.read_count.add_in(1.0, tags);
            metrics
                .read_time
                .add_time_in(Duration::from_nanos(took), tags);
            metrics.bytes_received.add_in(bytes as f64, tags);
        });
    }

    fn not_taken(&mut self, destination: &str) {
        self.record(destination, |metrics, tags| {
            metrics.read_error_count.add_in(1.0, tags)
        });
    }

    fn acknowledged(&mut self, destination: &str, consumed: bool, well: bool) {
        self.record(destination, |metrics, tags| {
            let counter = match (consumed, well) {
                (true, true) => &metrics.ack_count,
                (true, false) => &metrics.ack_error_count,
                (false, true) => &metrics.nack_count,
                (false, false) => &metrics.nack_error_count,
            };
            counter.add_in(1.0, tags);
        });
    }

    fn connected(&mut self, _: &Address, took: Time) {
        if let Some(metrics) = &self.0 {
            metrics.connect_time.add_time(Duration::from_nanos(took));
        }
    }

    fn failed(&mut self, fault: &Fault) {
        if let Some(metrics) = &self.0 {
            metrics
                .errors
                .add_tagged(1.0, &[("kind", fault.kind.name())]);
        }
    }
}
