//! Defines the metrics of MQTT, and the tags that they come with.

use std::cell::OnceCell;
use std::rc::Rc;
use std::time::Duration;

use brunt_sdk::prelude::{Counter, TagSet, Trend};
use rustc_hash::FxHashMap;

use crate::codec::Qos;
use crate::error::{Error, ErrorKind};
use crate::machine::{Message, Wanted};
use crate::topic::{Topic, matches};

/// How many topics are remembered with their tags; beyond that all are forgotten and made anew.
const MOST_TOPICS: usize = 1000;

struct Metrics {
    connects: Counter,
    reconnects: Counter,
    connect_duration: Trend,
    messages_sent: Counter,
    bytes_sent: Counter,
    publish_duration: Trend,
    messages_received: Counter,
    bytes_received: Counter,
    messages_dropped: Counter,
    errors: Counter,
}

thread_local! {
    static METRICS: OnceCell<Metrics> = const { OnceCell::new() };
}

/// Registers all metrics, in `init`.
pub(super) fn register() -> brunt_sdk::Result<()> {
    let metrics = Metrics {
        connects: Counter::new("mqtt_connects")?,
        reconnects: Counter::new("mqtt_reconnects")?,
        connect_duration: Trend::of_times("mqtt_connect_duration")?,
        messages_sent: Counter::new("mqtt_messages_sent")?,
        bytes_sent: Counter::of_bytes("mqtt_bytes_sent")?,
        publish_duration: Trend::of_times("mqtt_publish_duration")?,
        messages_received: Counter::new("mqtt_messages_received")?,
        bytes_received: Counter::of_bytes("mqtt_bytes_received")?,
        messages_dropped: Counter::new("mqtt_messages_dropped")?,
        errors: Counter::new("mqtt_errors")?,
    };
    METRICS.with(|slot| slot.set(metrics)).unwrap_or_default();
    Ok(())
}

fn metrics(use_them: impl FnOnce(&Metrics)) {
    METRICS.with(|slot| {
        if let Some(metrics) = slot.get() {
            use_them(metrics);
        }
    });
}

/// A topic that is published to, with its tags for each QoS.
pub(super) struct Route {
    pub(super) topic: Topic,
    tags: [OnceCell<TagSet>; 3],
}

/// A message that is on its way.
pub(super) struct Sent {
    pub(super) route: Rc<Route>,
    pub(super) qos: Qos,
    pub(super) bytes: usize,
    pub(super) since_ns: u64,
}

/// What a client measures.
pub(super) struct Meter {
    tags: Vec<(String, String)>,
    server: String,
    server_tags: OnceCell<TagSet>,
    routes: FxHashMap<Box<str>, Rc<Route>>,
    latest: Option<Rc<Route>>,
    /// The tags of messages that come with this topic and QoS.
    received: FxHashMap<(Box<str>, u8), Rc<TagSet>>,
}

impl Meter {
    pub(super) fn new(tags: Vec<(String, String)>) -> Self {
        Self {
            tags,
            server: String::new(),
            server_tags: OnceCell::new(),
            routes: FxHashMap::default(),
            latest: None,
            received: FxHashMap::default(),
        }
    }

    pub(super) fn server(&self) -> &str {
        &self.server
    }

    /// All that is measured from here on is this server's.
    pub(super) fn set_server(&mut self, server: String) {
        if server == self.server {
            return;
        }
        self.server = server;
        self.server_tags = OnceCell::new();
        self.routes.clear();
        self.latest = None;
        self.received.clear();
    }

    /// What is subscribed to has changed: topics belong to other filters.
    pub(super) fn forget_filters(&mut self) {
        self.received.clear();
    }

    /// The way to a topic.
    pub(super) fn route(&mut self, topic: &str) -> Result<Rc<Route>, Error> {
        if let Some(latest) = self
            .latest
            .as_ref()
            .filter(|route| route.topic.name() == topic)
        {
            return Ok(Rc::clone(latest));
        }
        let route = match self.routes.get(topic) {
            Some(route) => Rc::clone(route),
            None => self.new_route(topic)?,
        };
        self.latest = Some(Rc::clone(&route));
        Ok(route)
    }

    fn new_route(&mut self, topic: &str) -> Result<Rc<Route>, Error> {
        let route = Rc::new(Route {
            topic: Topic::new(topic)?,
            tags: Default::default(),
        });
        if self.routes.len() >= MOST_TOPICS {
            self.routes.clear();
        }
        self.routes.insert(topic.into(), Rc::clone(&route));
        Ok(route)
    }

    /// So many messages are the server's.
    pub(super) fn sent(&self, route: &Route, qos: Qos, count: usize, bytes: usize) {
        let tags = self.route_tags(route, qos);
        metrics(|metrics| {
            metrics.messages_sent.add_in(count as f64, tags);
            metrics.bytes_sent.add_in(bytes as f64, tags);
        });
    }

    /// A message was acknowledged after this time.
    pub(super) fn acknowledged(&self, route: &Route, qos: Qos, took_ns: u64) {
        let tags = self.route_tags(route, qos);
        let took = Duration::from_nanos(took_ns);
        metrics(|metrics| metrics.publish_duration.add_time_in(took, tags));
    }

    fn route_tags<'a>(&self, route: &'a Route, qos: Qos) -> &'a TagSet {
        route.tags[qos as usize].get_or_init(|| self.topic_tags(route.topic.name(), qos))
    }

    /// Messages came: those next to each other with the same tags are counted at once.
    pub(super) fn received<'a>(
        &mut self,
        messages: impl Iterator<Item = &'a Message>,
        wanted: &[Wanted],
    ) {
        let mut run: Option<(&Message, Rc<TagSet>, usize, usize)> = None;
        for message in messages {
            match &mut run {
                Some((first, _, count, bytes))
                    if first.topic == message.topic && first.qos == message.qos =>
                {
                    *count += 1;
                    *bytes += message.payload.len();
                }
                _ => {
                    let tags = self.received_tags(&message.topic, message.qos, wanted);
                    let next = Some((message, tags, 1, message.payload.len()));
                    came(std::mem::replace(&mut run, next));
                }
            }
        }
        came(run);
    }

    pub(super) fn dropped(&mut self, topic: &str, wanted: &[Wanted]) {
        let tags = self.received_tags(topic, Qos::AtMostOnce, wanted);
        metrics(|metrics| metrics.messages_dropped.add_in(1.0, &tags));
    }

    pub(super) fn connected(&self, took_ns: u64, again: bool) {
        let tags = self.server_tags.get_or_init(|| self.tag_set(&[]));
        metrics(|metrics| {
            metrics.connects.add_in(1.0, tags);
            if again {
                metrics.reconnects.add_in(1.0, tags);
            }
            metrics
                .connect_duration
                .add_time_in(Duration::from_nanos(took_ns), tags);
        });
    }

    pub(super) fn failed(&self, method: &str, error: &Error) {
        let tags = self.tag_set(&[("method", method), ("kind", kind_name(error.kind))]);
        metrics(|metrics| metrics.errors.add_in(1.0, &tags));
    }

    fn received_tags(&mut self, topic: &str, qos: Qos, wanted: &[Wanted]) -> Rc<TagSet> {
        let key = (Box::from(topic), qos as u8);
        if let Some(tags) = self.received.get(&key) {
            return Rc::clone(tags);
        }
        // What comes for a session that was kept may be subscribed to by nobody in this run.
        let filter = wanted.iter().find(|one| matches(&one.filter, topic));
        let name = filter.map_or(topic, |one| one.filter.as_str());
        let tags = Rc::new(self.topic_tags(name, qos));
        if self.received.len() >= MOST_TOPICS {
            self.received.clear();
        }
        self.received.insert(key, Rc::clone(&tags));
        tags
    }

    fn topic_tags(&self, topic: &str, qos: Qos) -> TagSet {
        let qos = ["0", "1", "2"][qos as usize];
        self.tag_set(&[("topic", topic), ("qos", qos)])
    }

    fn tag_set(&self, more: &[(&str, &str)]) -> TagSet {
        let own = self
            .tags
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()));
        let mut tags = vec![("server", self.server.as_str())];
        tags.extend(own);
        tags.extend_from_slice(more);
        TagSet::new(&tags)
    }
}

fn came(run: Option<(&Message, Rc<TagSet>, usize, usize)>) {
    if let Some((_, tags, count, bytes)) = run {
        metrics(|metrics| {
            metrics.messages_received.add_in(count as f64, &tags);
            metrics.bytes_received.add_in(bytes as f64, &tags);
        });
    }
}

fn kind_name(kind: ErrorKind) -> &'static str {
    match kind {
        ErrorKind::Options => "options",
        ErrorKind::Connection => "connection",
        ErrorKind::Refused => "refused",
        ErrorKind::Protocol => "protocol",
        ErrorKind::Timeout => "timeout",
        ErrorKind::NotConnected => "not-connected",
        ErrorKind::Limit => "limit",
    }
}
