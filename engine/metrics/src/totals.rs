//! Defines the totals: everything measured since the start, as the collector keeps it.

use std::sync::Arc;

use rustc_hash::{FxHashMap, FxHashSet};

use crate::aggregate::Aggregate;
use crate::checks::{CheckCounts, CheckKey};
use crate::definition::MetricId;
use crate::registry::Registry;
use crate::routing::{Routing, SubMetricId};
use crate::selector::Selector;
use crate::snapshot::{Losses, Snapshot};

/// Everything measured since the start of the run.
#[derive(Debug)]
pub struct Totals {
    registry: Arc<Registry>,
    routing: Arc<Routing>,
    metrics: Vec<Option<Aggregate>>,
    sub_metrics: Vec<Option<Aggregate>>,
    checks: Vec<CheckCounts>,
    check_rows: FxHashMap<Arc<CheckKey>, usize>,
    groups: Vec<Arc<str>>,
    known_groups: FxHashSet<Arc<str>>,
    losses: Losses,
}

impl Totals {
    /// Totals of nothing yet.
    pub fn new(registry: Arc<Registry>, routing: Arc<Routing>) -> Self {
        Self {
            registry,
            routing,
            metrics: Vec::new(),
            sub_metrics: Vec::new(),
            checks: Vec::new(),
            check_rows: FxHashMap::default(),
            groups: Vec::new(),
            known_groups: FxHashSet::default(),
            losses: Losses::default(),
        }
    }

    /// Adds what a recorder measured; it must share this run's registry and routing.
    ///
    /// Raw samples and warnings are not kept: take them out of the snapshot before.
    pub fn absorb(&mut self, snapshot: Snapshot) {
        for (metric, aggregate) in snapshot.metrics {
            add(&mut self.metrics, metric.index(), aggregate);
        }
        for (sub, aggregate) in snapshot.sub_metrics {
            add(&mut self.sub_metrics, sub.index(), aggregate);
        }
        snapshot
            .checks
            .into_iter()
            .for_each(|counts| self.add_check(counts));
        snapshot
            .groups
            .into_iter()
            .for_each(|path| self.add_group(path));
        self.losses.add(snapshot.losses);
    }

    /// The metric's aggregate, or `None` without a sample.
    pub fn get(&self, metric: MetricId) -> Option<&Aggregate> {
        self.metrics.get(metric.index())?.as_ref()
    }

    /// The sub-metric's aggregate, or `None` without a sample.
    pub fn sub_metric(&self, sub: SubMetricId) -> Option<&Aggregate> {
        self.sub_metrics.get(sub.index())?.as_ref()
    }

    /// The aggregate that `selector` names, or `None` without a sample or a route.
    pub fn select(&self, selector: &Selector) -> Option<&Aggregate> {
        if !selector.is_sub_metric() {
            return self.get(selector.metric.id);
        }
        self.sub_metric(self.routing.find(selector.metric.id, &selector.tags)?)
    }

    /// The checks, in the order they were first seen.
    pub fn checks(&self) -> &[CheckCounts] {
        &self.checks
    }

    /// The paths of all groups, in the order they were first seen.
    pub fn groups(&self) -> &[Arc<str>] {
        &self.groups
    }

    /// What could not be kept as it was recorded.
    pub fn losses(&self) -> Losses {
        self.losses
    }

    /// The run's metrics.
    pub fn registry(&self) -> &Registry {
        &self.registry
    }

    /// The run's routing.
    pub fn routing(&self) -> &Routing {
        &self.routing
    }

    /// Bytes on the heap that aggregates take.
    pub fn heap_size(&self) -> usize {
        let all = self.metrics.iter().chain(&self.sub_metrics).flatten();
        all.map(Aggregate::heap_size).sum()
    }

    fn add_check(&mut self, counts: CheckCounts) {
        match self.check_rows.get(&counts.key) {
            Some(&row) => {
                self.checks[row].passes += counts.passes;
                self.checks[row].fails += counts.fails;
            }
            None => {
                self.check_rows
                    .insert(Arc::clone(&counts.key), self.checks.len());
                self.checks.push(counts);
            }
        }
    }

    fn add_group(&mut self, path: Arc<str>) {
        if self.known_groups.insert(Arc::clone(&path)) {
            self.groups.push(path);
        }
    }
}

fn add(slots: &mut Vec<Option<Aggregate>>, index: usize, aggregate: Aggregate) {
    if slots.len() <= index {
        slots.resize_with(index + 1, || None);
    }
    match &mut slots[index] {
        Some(total) => total.merge(&aggregate),
        empty => *empty = Some(aggregate),
    }
}
