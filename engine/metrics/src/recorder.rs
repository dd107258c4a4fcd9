//! Defines the recorder: what a worker thread writes its samples into.
//!
//! A sample finds its aggregates by two array look-ups, tag set → metric → route. Locks (of the registry and the
//! routing) are taken only when a metric or a series is seen for the first time.

#[cfg(test)]
mod tests;

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

    /// Whether single samples are kept for outputs. Where they are not, only gauges look at the time of a sample.
    pub fn keeps_samples(&self) -> bool {
        matches!(self.raw_setting, RawSamples::Keep { .. })
    }

    /// The number of a check in this recorder; worth keeping by the caller.
    pub fn intern_check(&mut self, scenario: &str, group: &str, name: &str) -> CheckId {
        self.note_group(group);
        self.checks.intern(scenario, group, name)
    }

    /// Records one outcome of a check: in the table of checks and as a sample of `checks` with `tags` and `metadata`.
    pub fn record_check(
        &mut self,
        check: CheckId,
        tags: TagsId,
        ok: bool,
        time_unix_ns: u64,
        metadata: Option<&TagSet>,
    ) {
        if self.checks.count(check, ok) {
            let value = f64::from(u8::from(ok));
            self.record_with_metadata(builtin::CHECKS, tags, value, time_unix_ns, metadata);
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
