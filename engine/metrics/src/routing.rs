//! Defines routing: which aggregates a series feeds beside its metric's own.
//!
//! A sub-metric is a metric and some tags; it gets every sample whose tag set contains them. Sub-metrics come from
//! the selectors of thresholds, from one built-in (`http_req_duration{expected_response:true}`) and, when a
//! breakdown is asked for, from the scenarios and groups that turn up during the run.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use rustc_hash::{FxHashMap, FxHashSet};

use crate::builtin;
use crate::definition::MetricId;
use crate::selector::Selector;
use crate::tags::TagSet;

/// Scenarios and groups that are broken down; what comes later only counts towards the totals.
const BREAKDOWN_LIMIT: usize = 100;

/// The scenario name that k6 derives when none is given; its groups are shown as the test's own.
const UNNAMED_SCENARIO: &str = "default";

/// A sub-metric's dense number in its [`Routing`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SubMetricId(pub(crate) u32);

impl SubMetricId {
    pub(crate) fn index(self) -> usize {
        self.0 as usize
    }
}

/// The part of a metric whose samples carry certain tags.
#[derive(Clone, Debug)]
pub struct SubMetric {
    /// Its dense number.
    pub id: SubMetricId,
    /// The metric it is a part of.
    pub metric: MetricId,
    /// The tags that a sample must carry.
    pub tags: TagSet,
    /// Its name, `metric{tag:value}`, as it was first written.
    pub name: Arc<str>,
    /// Why it exists.
    pub origin: Origin,
}

/// Why a sub-metric exists.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// It always does.
    BuiltIn,
    /// A threshold names it.
    Threshold,
    /// A scenario or group with these tags was seen and a breakdown was asked for.
    Breakdown,
}

/// Whether metrics are also kept per scenario and per group.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Breakdown {
    /// Only totals.
    #[default]
    Off,
    /// Per scenario and per group of a scenario, up to 100 of them.
    ScenariosAndGroups,
}

/// Which aggregates each series feeds; shared by all threads of a run.
#[derive(Debug)]
pub struct Routing {
    breakdown: Breakdown,
    breakdown_full: AtomicBool,
    /// The tags that the fixed sub-metrics name.
    named: FxHashSet<(Arc<str>, Arc<str>)>,
    table: RwLock<Table>,
}

impl Routing {
    /// Routes to every part of a metric that `selectors` name, and to the built-in sub-metric.
    pub fn new<'a>(
        selectors: impl IntoIterator<Item = &'a Selector>,
        breakdown: Breakdown,
    ) -> Self {
        let mut table = Table::default();
        let expected = TagSet::from_pairs([("expected_response", "true")]);
        let name = "http_req_duration{expected_response:true}";
        table.add(builtin::HTTP_REQ_DURATION, expected, name, Origin::BuiltIn);
        for selector in selectors.into_iter().filter(|s| s.is_sub_metric()) {
            let tags = selector.tags.clone();
            table.add(
                selector.metric.id,
                tags,
                &selector.source,
                Origin::Threshold,
            );
        }
        let named = table
            .subs
            .iter()
            .flat_map(|sub| sub.tags.pairs().to_vec())
            .collect();
        let table = RwLock::new(table);
        Self {
            breakdown,
            breakdown_full: AtomicBool::new(false),
            named,
            table,
        }
    }

    /// Every sub-metric so far, in the order of their ids.
    pub fn sub_metrics(&self) -> Vec<Arc<SubMetric>> {
        self.read().subs.clone()
    }

    /// The sub-metric of `metric` with exactly `tags`.
    pub fn find(&self, metric: MetricId, tags: &TagSet) -> Option<SubMetricId> {
        self.read().by_key.get(&(metric, tags.clone())).copied()
    }

    /// The sub-metrics that samples of `metric` with `tags` feed.
    pub(crate) fn resolve(&self, metric: MetricId, tags: &TagSet) -> Vec<SubMetricId> {
        let mut found = self.read().fixed_matches(metric, tags);
        if self.breakdown == Breakdown::ScenariosAndGroups {
            found.extend(
                blocks(tags)
                    .into_iter()
                    .filter_map(|b| self.break_down(metric, b)),
            );
        }
        found.sort_unstable();
        found.dedup();
        found
    }

    /// Whether a sub-metric needs to tell this value of this tag from others.
    pub(crate) fn names(&self, key: &Arc<str>, value: &Arc<str>) -> bool {
        self.named.contains(&(Arc::clone(key), Arc::clone(value)))
    }

    /// Whether scenarios or groups were seen that are not broken down because there are too many.
    pub(crate) fn is_breakdown_full(&self) -> bool {
        self.breakdown_full.load(Ordering::Relaxed)
    }

    fn break_down(&self, metric: MetricId, block: TagSet) -> Option<SubMetricId> {
        if let Some(id) = self.find(metric, &block) {
            return Some(id);
        }
        let mut table = self.write();
        if !table.blocks.contains(&block) && table.blocks.len() >= BREAKDOWN_LIMIT {
            self.breakdown_full.store(true, Ordering::Relaxed);
            return None;
        }
        table.blocks.insert(block.clone());
        Some(table.add(metric, block, "", Origin::Breakdown))
    }

    fn read(&self) -> RwLockReadGuard<'_, Table> {
        self.table.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, Table> {
        self.table.write().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Default for Routing {
    fn default() -> Self {
        Self::new([], Breakdown::Off)
    }
}

#[derive(Debug, Default)]
struct Table {
    subs: Vec<Arc<SubMetric>>,
    fixed: FxHashMap<MetricId, Vec<SubMetricId>>,
    by_key: FxHashMap<(MetricId, TagSet), SubMetricId>,
    blocks: FxHashSet<TagSet>,
}

impl Table {
    fn add(&mut self, metric: MetricId, tags: TagSet, name: &str, origin: Origin) -> SubMetricId {
        if let Some(id) = self.by_key.get(&(metric, tags.clone())) {
            return *id;
        }
        let id = SubMetricId(self.subs.len() as u32);
        self.by_key.insert((metric, tags.clone()), id);
        if origin != Origin::Breakdown {
            self.fixed.entry(metric).or_default().push(id);
        }
        self.subs.push(Arc::new(SubMetric {
            id,
            metric,
            tags,
            name: Arc::from(name),
            origin,
        }));
        id
    }

    fn fixed_matches(&self, metric: MetricId, tags: &TagSet) -> Vec<SubMetricId> {
        let candidates = self
            .fixed
            .get(&metric)
            .map(Vec::as_slice)
            .unwrap_or_default();
        let fits = |id: &&SubMetricId| self.subs[id.index()].tags.is_subset_of(tags);
        candidates.iter().filter(fits).copied().collect()
    }
}

/// The tags of the blocks that a series belongs to: its scenario, and its group within that scenario.
///
/// As in k6, the scenario that was not named is no block of its own, and a group does not count towards the groups
/// around it.
fn blocks(tags: &TagSet) -> Vec<TagSet> {
    let scenario = tags.get("scenario").map(|name| ("scenario", name));
    let group = tags
        .get("group")
        .filter(|path| !path.is_empty())
        .map(|path| ("group", path));
    let mut blocks = Vec::new();
    if scenario.is_some_and(|(_, name)| name != UNNAMED_SCENARIO) {
        blocks.push(TagSet::from_pairs(scenario));
    }
    if group.is_some() {
        blocks.push(TagSet::from_pairs(scenario.into_iter().chain(group)));
    }
    blocks
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::registry::Registry;

    fn selectors(sources: &[&str]) -> Vec<Selector> {
        let registry = Registry::new();
        let parse = |source: &&str| Selector::parse(source, &registry).expect("a valid selector");
        sources.iter().map(parse).collect()
    }

    fn resolved(routing: &Routing, metric: MetricId, tags: &[(&str, &str)]) -> Vec<u32> {
        let tags = TagSet::from_pairs(tags.iter().copied());
        routing
            .resolve(metric, &tags)
            .into_iter()
            .map(|id| id.0)
            .collect()
    }

    #[test]
    fn a_series_feeds_the_sub_metrics_whose_tags_it_has() {
        let sources = [
            "http_reqs{a:1}",
            "http_reqs{a:1,b:2}",
            "http_reqs",
            "http_reqs{b:2, a:1}",
        ];
        let routing = Routing::new(&selectors(&sources), Breakdown::Off);
        assert_eq!(
            routing.sub_metrics().len(),
            3,
            "one writing of the same tags is enough"
        );
        let reqs = builtin::HTTP_REQS;
        assert_eq!(resolved(&routing, reqs, &[("a", "1")]), [1]);
        assert_eq!(
            resolved(&routing, reqs, &[("a", "1"), ("b", "2"), ("c", "3")]),
            [1, 2]
        );
        assert!(resolved(&routing, reqs, &[("a", "2")]).is_empty());
        let duration = builtin::HTTP_REQ_DURATION;
        assert_eq!(
            resolved(&routing, duration, &[("expected_response", "true")]),
            [0]
        );
    }

    #[test]
    fn a_breakdown_adds_scenarios_and_groups_as_they_turn_up() {
        let routing = Routing::new([], Breakdown::ScenariosAndGroups);
        let reqs = builtin::HTTP_REQS;
        assert_eq!(
            resolved(&routing, reqs, &[("scenario", "a"), ("group", "")]),
            [1]
        );
        assert_eq!(
            resolved(&routing, reqs, &[("scenario", "a"), ("group", "::g")]),
            [1, 2]
        );
        assert_eq!(
            resolved(&routing, reqs, &[("scenario", "default"), ("group", "::g")]),
            [3]
        );
        assert!(resolved(&routing, reqs, &[("scenario", "default")]).is_empty());
    }

    #[test]
    fn a_breakdown_has_a_limit() {
        let routing = Routing::new([], Breakdown::ScenariosAndGroups);
        for i in 0..BREAKDOWN_LIMIT {
            let name = format!("s{i}");
            assert_eq!(
                resolved(&routing, builtin::CHECKS, &[("scenario", &name)]).len(),
                1
            );
        }
        assert!(!routing.is_breakdown_full());
        assert!(resolved(&routing, builtin::CHECKS, &[("scenario", "more")]).is_empty());
        assert!(routing.is_breakdown_full());
        assert_eq!(
            resolved(&routing, builtin::VUS, &[("scenario", "s0")]).len(),
            1
        );
    }
}
