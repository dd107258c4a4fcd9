//! Defines the recorder: what a worker thread writes its samples into.
//!
//! A sample finds its aggregates by two array look-ups, tag set → metric → route. Locks (of the registry and the
//! routing) are taken only when a metric or a series is seen for the first time.

use std::sync::Arc;

use rustc_hash::{FxHashMap, FxHashSet};

use crate::aggregate::Aggregate;
use crate::builtin;
use crate::checks::{CheckId, Checks};
use crate::definition::{Definition, MetricId};
use crate::intern::{Admission, Interner};
use crate::registry::Registry;
use crate::routing::{Routing, SubMetricId};
use crate::snapshot::{Losses, RawBatch, RawSample, RawSamples, Snapshot, Warning};
use crate::tags::{TagSet, TagsId};

/// Limits of one recorder.
#[derive(Clone, Copy, Debug)]
pub struct RecorderSettings {
    /// Tag sets that are kept apart over the whole run; a process shares its limit out among its recorders.
    pub series_limit: usize,
    /// Whether single samples are kept for outputs.
    pub raw: RawSamples,
}

impl Default for RecorderSettings {
    /// 100,000 tag sets and no raw samples.
    fn default() -> Self {
        Self {
            series_limit: 100_000,
            raw: RawSamples::Discard,
        }
    }
}

/// Where one thread's samples go. Owned by that thread; everything it knows leaves it in a [`Snapshot`].
#[derive(Debug)]
pub struct Recorder {
    registry: Arc<Registry>,
    routing: Arc<Routing>,
    raw_setting: RawSamples,
    series_limit: usize,
    interner: Interner,
    /// By [`TagsId`].
    series: Vec<Series>,
    /// By route; route 0 is the empty one.
    routes: Vec<Box<[SubMetricId]>>,
    route_ids: FxHashMap<Box<[SubMetricId]>, u32>,
    /// By [`MetricId`].
    metrics: Vec<Slot>,
    /// By [`SubMetricId`].
    sub_metrics: Vec<Option<Aggregate>>,
    checks: Checks,
    groups: FxHashSet<Arc<str>>,
    fresh_groups: Vec<Arc<str>>,
    raw: Vec<RawSample>,
    losses: Losses,
    warnings: Vec<Warning>,
    warned: Vec<Warning>,
}

/// What is known of one tag set.
#[derive(Debug, Default)]
struct Series {
    /// Metric → route, as far as it is resolved.
    routes: Vec<u32>,
}

/// One metric's definition, and its aggregate once there is a sample.
#[derive(Debug)]
struct Slot {
    definition: Definition,
    aggregate: Option<Aggregate>,
}

const UNRESOLVED: u32 = u32::MAX;

impl Recorder {
    /// A recorder for metrics of `registry`, feeding the aggregates that `routing` tells.
    pub fn new(registry: Arc<Registry>, routing: Arc<Routing>, settings: RecorderSettings) -> Self {
        Self {
            registry,
            routing,
            raw_setting: settings.raw,
            series_limit: settings.series_limit,
            interner: Interner::new(settings.series_limit),
            series: Vec::new(),
            routes: vec![Box::default()],
            route_ids: FxHashMap::from_iter([(Box::default(), 0)]),
            metrics: Vec::new(),
            sub_metrics: Vec::new(),
            checks: Checks::default(),
            groups: FxHashSet::default(),
            fresh_groups: Vec::new(),
            raw: Vec::new(),
            losses: Losses::default(),
            warnings: Vec::new(),
            warned: Vec::new(),
        }
    }

    /// The number of `tags` in this recorder.
    pub fn intern(&mut self, tags: &TagSet) -> TagsId {
        match self.interner.find(tags.iter()) {
            Some(id) => id,
            None => self.admit(tags),
        }
    }

    /// The number of the set of `pairs`, in any order; allocates only when the set is new.
    pub fn intern_pairs(&mut self, pairs: &[(&str, &str)]) -> TagsId {
        match self.interner.find(pairs.iter().copied()) {
            Some(id) => id,
            None => self.intern(&TagSet::from_pairs(pairs.iter().copied())),
        }
    }

    /// The number of `tags` with `pairs` set over them.
    pub fn intern_with(&mut self, tags: TagsId, pairs: &[(&str, &str)]) -> TagsId {
        let base = self.tags(tags).cloned().unwrap_or_default();
        self.intern(&base.merged(&TagSet::from_pairs(pairs.iter().copied())))
    }

    /// The tags behind `id`, unless it comes from another recorder.
    pub fn tags(&self, id: TagsId) -> Option<&TagSet> {
        self.interner.tags(id)
    }

    /// Records one sample: milliseconds for times, bytes for data.
    ///
    /// A value that is not finite is counted as rejected and reported, never stored.
    pub fn record(&mut self, metric: MetricId, tags: TagsId, value: f64, time_unix_ns: u64) {
        self.record_with_metadata(metric, tags, value, time_unix_ns, None);
    }

    /// Records one sample with what describes it without being a dimension; only outputs see `metadata`.
    pub fn record_with_metadata(
        &mut self,
        metric: MetricId,
        tags: TagsId,
        value: f64,
        time_unix_ns: u64,
        metadata: Option<&TagSet>,
    ) {
        if !value.is_finite() {
            return self.reject_not_finite(metric);
        }
        if !self.aggregate(metric, tags, value, time_unix_ns) {
            self.losses.rejected += 1;
            return;
        }
        if let RawSamples::Keep { capacity } = self.raw_setting {
            let (tags, metadata) = (tags.0, metadata.cloned());
            self.keep(
                RawSample {
                    metric,
                    tags,
                    value,
                    time_unix_ns,
                    metadata,
                },
                capacity,
            );
        }
    }

    /// The number of a check in this recorder; worth keeping by the caller.
    pub fn intern_check(&mut self, scenario: &str, group: &str, name: &str) -> CheckId {
        self.note_group(group);
        self.checks.intern(scenario, group, name)
    }

    /// Records one outcome of a check: in the table of checks and as a sample of `checks` with `tags`.
    pub fn record_check(&mut self, check: CheckId, tags: TagsId, ok: bool, time_unix_ns: u64) {
        if self.checks.count(check, ok) {
            self.record(builtin::CHECKS, tags, f64::from(u8::from(ok)), time_unix_ns);
        } else {
            self.losses.rejected += 1;
        }
    }

    /// Makes a group known, so that the summary shows it even without checks: `::outer::inner`.
    pub fn note_group(&mut self, path: &str) {
        if !path.is_empty() && !self.groups.contains(path) {
            let path: Arc<str> = Arc::from(path);
            self.groups.insert(Arc::clone(&path));
            self.fresh_groups.push(path);
        }
    }

    /// How many tag sets are kept apart.
    pub fn series_count(&self) -> usize {
        self.interner.len()
    }

    /// Takes everything that was recorded since the last snapshot.
    pub fn snapshot(&mut self) -> Snapshot {
        if self.routing.is_breakdown_full() {
            self.warn(Warning::BreakdownLimit);
        }
        let metrics = self.metrics.iter_mut();
        let taken = metrics
            .filter_map(|s| Some((s.definition.id, s.aggregate.take()?)))
            .collect();
        let subs = self.sub_metrics.iter_mut().enumerate();
        Snapshot {
            metrics: taken,
            sub_metrics: subs
                .filter_map(|(index, slot)| Some((SubMetricId(index as u32), slot.take()?)))
                .collect(),
            checks: self.checks.take(),
            groups: std::mem::take(&mut self.fresh_groups),
            raw: self.take_raw(),
            warnings: std::mem::take(&mut self.warnings),
            losses: std::mem::take(&mut self.losses),
        }
    }

    /// Bytes on the heap that aggregates take.
    pub fn heap_size(&self) -> usize {
        let metrics = self
            .metrics
            .iter()
            .filter_map(|slot| slot.aggregate.as_ref());
        let all = metrics.chain(self.sub_metrics.iter().flatten());
        all.map(Aggregate::heap_size).sum()
    }

    /// Feeds every aggregate of the series; `false` when the metric or the tags are not known.
    #[inline]
    fn aggregate(&mut self, metric: MetricId, tags: TagsId, value: f64, time: u64) -> bool {
        let route = match self.known_route(metric, tags) {
            Some(route) => route,
            None => match self.resolve(metric, tags) {
                Some(route) => route,
                None => return false,
            },
        };
        let slot = &mut self.metrics[metric.index()];
        let kind = slot.definition.kind;
        feed(&mut slot.aggregate, kind, value, time);
        for sub in &self.routes[route as usize] {
            feed(&mut self.sub_metrics[sub.index()], kind, value, time);
        }
        true
    }

    #[inline]
    fn known_route(&self, metric: MetricId, tags: TagsId) -> Option<u32> {
        let route = *self.series.get(tags.index())?.routes.get(metric.index())?;
        (route != UNRESOLVED).then_some(route)
    }

    /// The route of a series that is seen for the first time.
    #[cold]
    fn resolve(&mut self, metric: MetricId, tags: TagsId) -> Option<u32> {
        self.learn(metric)?;
        let subs = self.routing.resolve(metric, self.interner.tags(tags)?);
        let size = subs.iter().map(|id| id.index() + 1).max().unwrap_or(0);
        if self.sub_metrics.len() < size {
            self.sub_metrics.resize_with(size, || None);
        }
        let route = self.route(subs.into());
        let series = self.series.get_mut(tags.index())?;
        if series.routes.len() <= metric.index() {
            series.routes.resize(metric.index() + 1, UNRESOLVED);
        }
        series.routes[metric.index()] = route;
        Some(route)
    }

    fn route(&mut self, subs: Box<[SubMetricId]>) -> u32 {
        if let Some(route) = self.route_ids.get(&subs) {
            return *route;
        }
        let route = self.routes.len() as u32;
        self.routes.push(subs.clone());
        self.route_ids.insert(subs, route);
        route
    }

    /// Catches up with the registry if `metric` is new here.
    fn learn(&mut self, metric: MetricId) -> Option<&Definition> {
        if self.metrics.len() <= metric.index() {
            let fresh = self.registry.since(self.metrics.len());
            let slots = fresh.into_iter().map(|definition| Slot {
                definition,
                aggregate: None,
            });
            self.metrics.extend(slots);
        }
        self.metrics
            .get(metric.index())
            .map(|slot| &slot.definition)
    }

    #[cold]
    fn admit(&mut self, tags: &TagSet) -> TagsId {
        let id = match self.interner.admit(tags, &self.routing) {
            Admission::Whole(id) => id,
            Admission::Degraded(id) => {
                self.losses.degraded += 1;
                self.warn(Warning::SeriesLimit {
                    limit: self.series_limit,
                });
                id
            }
        };
        self.series
            .resize_with(self.interner.len(), Series::default);
        if let Some(group) = tags.get("group") {
            self.note_group(group);
        }
        id
    }

    fn keep(&mut self, sample: RawSample, capacity: usize) {
        if self.raw.len() < capacity {
            self.raw.push(sample);
            return;
        }
        self.losses.raw_dropped += 1;
        self.warn(Warning::RawCapacity { capacity });
    }

    /// The kept samples, renumbered to the tag sets that they use.
    fn take_raw(&mut self) -> RawBatch {
        let room = Vec::with_capacity(self.raw.len());
        let mut samples = std::mem::replace(&mut self.raw, room);
        let mut tag_sets = Vec::new();
        let mut places: FxHashMap<u32, u32> = FxHashMap::default();
        for sample in &mut samples {
            sample.tags = *places.entry(sample.tags).or_insert_with(|| {
                tag_sets.push(
                    self.interner
                        .tags(TagsId(sample.tags))
                        .cloned()
                        .unwrap_or_default(),
                );
                tag_sets.len() as u32 - 1
            });
        }
        RawBatch { samples, tag_sets }
    }

    #[cold]
    fn reject_not_finite(&mut self, metric: MetricId) {
        self.losses.rejected += 1;
        let name = self
            .learn(metric)
            .map(|definition| Arc::clone(&definition.name));
        if let Some(metric) = name {
            self.warn(Warning::NotFinite { metric });
        }
    }

    #[cold]
    fn warn(&mut self, warning: Warning) {
        if !self.warned.contains(&warning) {
            self.warned.push(warning.clone());
            self.warnings.push(warning);
        }
    }
}

#[inline]
fn feed(slot: &mut Option<Aggregate>, kind: crate::Kind, value: f64, time: u64) {
    match slot {
        Some(aggregate) => aggregate.record(value, time),
        None => *slot = Some(Aggregate::first(kind, value, time)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Breakdown, Contains, Kind, OVERFLOW, Selector, Totals};

    struct Rig {
        registry: Arc<Registry>,
        routing: Arc<Routing>,
    }

    impl Rig {
        fn new(selectors: &[&str]) -> Self {
            let registry = Registry::new();
            let parse = |source: &&str| Selector::parse(source, &registry).expect("valid");
            let selectors: Vec<_> = selectors.iter().map(parse).collect();
            let routing = Routing::new(&selectors, Breakdown::Off);
            Self {
                registry: Arc::new(registry),
                routing: Arc::new(routing),
            }
        }

        fn recorder(&self, settings: RecorderSettings) -> Recorder {
            Recorder::new(
                Arc::clone(&self.registry),
                Arc::clone(&self.routing),
                settings,
            )
        }

        fn totals(&self, snapshots: impl IntoIterator<Item = Snapshot>) -> Totals {
            let mut totals = Totals::new(Arc::clone(&self.registry), Arc::clone(&self.routing));
            snapshots
                .into_iter()
                .for_each(|snapshot| totals.absorb(snapshot));
            totals
        }

        fn count(&self, totals: &Totals, selector: &str) -> f64 {
            let selector = Selector::parse(selector, &self.registry).expect("valid");
            match totals.select(&selector) {
                Some(Aggregate::Counter { count }) => *count,
                _ => 0.0,
            }
        }
    }

    #[test]
    fn samples_reach_the_metric_and_its_parts() {
        let rig = Rig::new(&["http_reqs{status:200}", "http_reqs{status:200,name:a}"]);
        let (mut one, mut two) = (
            rig.recorder(Default::default()),
            rig.recorder(Default::default()),
        );
        for (recorder, n) in [(&mut one, 3), (&mut two, 4)] {
            for (status, name) in [("200", "a"), ("200", "b"), ("500", "a")] {
                let tags = recorder.intern_pairs(&[("name", name), ("status", status)]);
                (0..n).for_each(|i| recorder.record(builtin::HTTP_REQS, tags, 1.0, i));
            }
        }
        let totals = rig.totals([one.snapshot(), two.snapshot(), one.snapshot()]);
        let cases = [
            ("http_reqs", 21.0),
            ("http_reqs{status:200}", 14.0),
            ("http_reqs{name:a,status:200}", 7.0),
        ];
        for (selector, expected) in cases {
            assert_eq!(rig.count(&totals, selector), expected, "{selector}");
        }
        assert!(one.snapshot().is_empty());
    }

    #[test]
    fn metrics_registered_later_are_learned() {
        let rig = Rig::new(&[]);
        let mut recorder = rig.recorder(Default::default());
        let tags = recorder.intern(&TagSet::empty());
        recorder.record(builtin::ITERATIONS, tags, 1.0, 1);
        let orders = rig
            .registry
            .register("orders", Kind::Counter, Contains::Default)
            .expect("free");
        recorder.record(orders, tags, 2.0, 1);
        recorder.record(MetricId(999), tags, 2.0, 1);
        recorder.record(orders, TagsId(999), 2.0, 1);
        let snapshot = recorder.snapshot();
        assert_eq!(snapshot.losses.rejected, 2);
        let totals = rig.totals([snapshot]);
        assert_eq!(rig.count(&totals, "orders"), 2.0);
    }

    #[test]
    fn what_is_not_finite_is_reported_once_and_counted_always() {
        let rig = Rig::new(&[]);
        let mut recorder = rig.recorder(Default::default());
        let tags = recorder.intern(&TagSet::empty());
        for value in [f64::NAN, f64::INFINITY, 5.0] {
            recorder.record(builtin::HTTP_REQ_DURATION, tags, value, 1);
        }
        let snapshot = recorder.snapshot();
        assert_eq!(snapshot.losses.rejected, 2);
        let metric = Arc::from("http_req_duration");
        assert_eq!(snapshot.warnings, [Warning::NotFinite { metric }]);
        recorder.record(builtin::HTTP_REQ_DURATION, tags, f64::NAN, 1);
        let next = recorder.snapshot();
        assert_eq!((next.losses.rejected, next.warnings.len()), (1, 0));
        let totals = rig.totals([snapshot, next]);
        let trend = totals
            .get(builtin::HTTP_REQ_DURATION)
            .and_then(Aggregate::as_trend);
        assert_eq!(trend.map(|t| (t.count(), t.avg())), Some((1, 5.0)));
    }

    #[test]
    fn beyond_the_series_limit_totals_stay_complete() {
        let rig = Rig::new(&["http_reqs{status:500}", "http_reqs{user:7777}"]);
        let mut recorder = rig.recorder(RecorderSettings {
            series_limit: 50,
            raw: RawSamples::Discard,
        });
        for i in 0..10_000u32 {
            let (user, status) = (i.to_string(), if i % 4 == 0 { "500" } else { "200" });
            let tags = recorder.intern_pairs(&[("user", &user), ("status", status)]);
            recorder.record(builtin::HTTP_REQS, tags, 1.0, 1);
        }
        assert_eq!(recorder.series_count(), 50 + 3);
        let snapshot = recorder.snapshot();
        assert_eq!(
            snapshot.losses,
            Losses {
                degraded: 9_950,
                ..Losses::default()
            }
        );
        assert_eq!(snapshot.warnings, [Warning::SeriesLimit { limit: 50 }]);
        let totals = rig.totals([snapshot]);
        assert_eq!(rig.count(&totals, "http_reqs"), 10_000.0);
        assert_eq!(rig.count(&totals, "http_reqs{status:500}"), 2_500.0);
        assert_eq!(rig.count(&totals, "http_reqs{user:7777}"), 1.0);
    }

    #[test]
    fn raw_samples_carry_their_tags_and_are_never_lost_silently() {
        let rig = Rig::new(&[]);
        let raw = RawSamples::Keep { capacity: 3 };
        let mut recorder = rig.recorder(RecorderSettings {
            raw,
            ..Default::default()
        });
        for i in 0..5u64 {
            let tags = recorder.intern_pairs(&[("n", if i == 1 { "odd" } else { "even" })]);
            let metadata = TagSet::from_pairs([("vu", "1")]);
            recorder.record_with_metadata(builtin::HTTP_REQS, tags, i as f64, i, Some(&metadata));
        }
        let snapshot = recorder.snapshot();
        let read: Vec<_> = snapshot
            .raw
            .iter()
            .map(|(s, tags)| (s.value, tags.get("n")))
            .collect();
        assert_eq!(
            read,
            [(0.0, Some("even")), (1.0, Some("odd")), (2.0, Some("even"))]
        );
        assert_eq!(
            snapshot.raw.samples[0].metadata,
            Some(TagSet::from_pairs([("vu", "1")]))
        );
        assert_eq!(snapshot.losses.raw_dropped, 2);
        assert_eq!(snapshot.warnings, [Warning::RawCapacity { capacity: 3 }]);
        assert!(recorder.snapshot().raw.is_empty());
    }

    #[test]
    fn checks_are_counted_in_both_places() {
        let rig = Rig::new(&[]);
        let mut recorder = rig.recorder(Default::default());
        let tags = recorder.intern_pairs(&[("check", "ok"), ("group", "::g")]);
        let check = recorder.intern_check("s", "::g", "ok");
        for ok in [true, true, false] {
            recorder.record_check(check, tags, ok, 1);
        }
        let totals = rig.totals([recorder.snapshot()]);
        let Some(Aggregate::Rate {
            passes: 2,
            total: 3,
        }) = totals.get(builtin::CHECKS)
        else {
            panic!("{:?}", totals.get(builtin::CHECKS));
        };
        let counts: Vec<_> = totals
            .checks()
            .iter()
            .map(|c| (c.passes, c.fails))
            .collect();
        assert_eq!(counts, [(2, 1)]);
        assert_eq!(totals.groups(), [Arc::from("::g")]);
    }

    #[test]
    fn memory_of_a_busy_http_test_stays_low() {
        let rig = Rig::new(&[]);
        let mut recorder = rig.recorder(Default::default());
        let tags = recorder.intern_pairs(&[("expected_response", "true"), ("name", OVERFLOW)]);
        let trends: Vec<_> = rig
            .registry
            .all()
            .into_iter()
            .filter(|d| d.kind == Kind::Trend)
            .collect();
        for trend in trends.iter().take(12) {
            (0..1000).for_each(|i| recorder.record(trend.id, tags, f64::from(i) * 60.0, 1));
        }
        assert!(recorder.heap_size() < 1_600_000, "{}", recorder.heap_size());
    }

    /// `cargo test --release -p brunt-metrics -- --ignored --nocapture cost_of`
    #[test]
    #[ignore = "a measurement"]
    fn cost_of_one_sample() {
        const SAMPLES: u32 = 10_000_000;
        let rig = Rig::new(&[]);
        let mut recorder = rig.recorder(Default::default());
        let pairs = [
            ("method", "GET"),
            ("name", "http://localhost/a"),
            ("expected_response", "true"),
        ];
        let tags = recorder.intern_pairs(&pairs);
        for metric in [
            builtin::HTTP_REQS,
            builtin::HTTP_REQ_SENDING,
            builtin::HTTP_REQ_DURATION,
        ] {
            let start = std::time::Instant::now();
            (0..SAMPLES).for_each(|i| {
                recorder.record(metric, tags, f64::from(i % 5000) / 7.0, u64::from(i))
            });
            println!("{metric:?}: {:?} per sample", start.elapsed() / SAMPLES);
        }
        let start = std::time::Instant::now();
        let same =
            (0..SAMPLES).filter(|_| recorder.intern_pairs(std::hint::black_box(&pairs)) == tags);
        println!(
            "{} look-ups of 3 tags: {:?} each",
            same.count(),
            start.elapsed() / SAMPLES
        );
    }
}
