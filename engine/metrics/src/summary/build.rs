//! Defines how a summary is put together from the totals and the thresholds' results.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use super::stats::TrendStat;
use super::{Block, CheckSummary, GroupSummary, MetricSummary, Summary, ThresholdSummary, Values};
use crate::aggregate::Aggregate;
use crate::checks::CheckCounts;
use crate::definition::{Definition, Kind};
use crate::routing::{Origin, SubMetric};
use crate::threshold::{Evaluation, per_second};
use crate::totals::Totals;

/// Between the names in a group's path.
const SEPARATOR: &str = "::";

/// What a summary needs to know beside what was measured.
#[derive(Clone, Debug)]
pub struct SummarySettings {
    /// How long the test ran: from the first scenario's start to the last one's end.
    pub duration: Duration,
    /// What is shown of a trend.
    pub trend_stats: Vec<TrendStat>,
}

impl Summary {
    /// Everything that `totals` and `evaluation` hold.
    ///
    /// As in k6, a metric without samples appears only when a threshold names it or one of its parts; it reads 0.
    pub fn new(totals: &Totals, evaluation: &Evaluation, settings: SummarySettings) -> Self {
        let reader = Reader {
            settings: &settings,
            evaluation,
            totals,
        };
        let (scenarios, groups) = reader.blocks();
        Self {
            duration: settings.duration,
            metrics: reader.metrics(),
            thresholds: evaluation.results.clone(),
            root_group: root_group(totals),
            scenarios,
            groups,
            trend_stats: settings.trend_stats,
        }
    }
}

struct Reader<'a> {
    settings: &'a SummarySettings,
    evaluation: &'a Evaluation,
    totals: &'a Totals,
}

impl Reader<'_> {
    fn metrics(&self) -> Vec<MetricSummary> {
        let mut definitions = self.totals.registry().all();
        definitions.sort_by(|a, b| a.name.cmp(&b.name));
        let subs = self.totals.routing().sub_metrics();
        definitions
            .iter()
            .flat_map(|definition| self.with_sub_metrics(definition, &subs))
            .collect()
    }

    /// The metric and its parts, or nothing when it is not to be shown.
    fn with_sub_metrics(
        &self,
        definition: &Definition,
        subs: &[Arc<SubMetric>],
    ) -> Vec<MetricSummary> {
        let own =
            |sub: &&Arc<SubMetric>| sub.metric == definition.id && sub.origin != Origin::Breakdown;
        let parts: Vec<_> = subs
            .iter()
            .filter(own)
            .filter_map(|sub| self.sub_metric(definition, sub))
            .collect();
        let aggregate = self.totals.get(definition.id);
        let thresholds = self.thresholds(&definition.name);
        if aggregate.is_none() && thresholds.is_empty() && parts.is_empty() {
            return Vec::new();
        }
        let metric = self.metric(
            definition,
            Arc::clone(&definition.name),
            aggregate,
            thresholds,
        );
        std::iter::once(metric).chain(parts).collect()
    }

    fn sub_metric(&self, definition: &Definition, sub: &SubMetric) -> Option<MetricSummary> {
        let aggregate = self.totals.sub_metric(sub.id);
        let results = &self.evaluation.results;
        let of_sub = results
            .iter()
            .filter(|r| r.selector.metric.id == sub.metric && r.selector.tags == sub.tags);
        let thresholds: Vec<_> = of_sub
            .map(|r| ThresholdSummary {
                expression: Arc::clone(&r.expression),
                ok: r.passed,
            })
            .collect();
        if aggregate.is_none() && thresholds.is_empty() {
            return None;
        }
        let metric = self.metric(definition, Arc::clone(&sub.name), aggregate, thresholds);
        Some(MetricSummary {
            parent: Some(Arc::clone(&definition.name)),
            ..metric
        })
    }

    fn metric(
        &self,
        definition: &Definition,
        name: Arc<str>,
        aggregate: Option<&Aggregate>,
        thresholds: Vec<ThresholdSummary>,
    ) -> MetricSummary {
        let values = match aggregate {
            Some(aggregate) => self.values(aggregate),
            None => self.zeros(definition.kind),
        };
        let (kind, contains) = (definition.kind, definition.contains);
        let no_data = aggregate.is_none();
        MetricSummary {
            name,
            parent: None,
            kind,
            contains,
            values,
            no_data,
            thresholds,
        }
    }

    fn thresholds(&self, key: &str) -> Vec<ThresholdSummary> {
        let summary = |r: &crate::ThresholdResult| ThresholdSummary {
            expression: Arc::clone(&r.expression),
            ok: r.passed,
        };
        self.evaluation.of(key).map(summary).collect()
    }

    fn values(&self, aggregate: &Aggregate) -> Values {
        match aggregate {
            Aggregate::Counter { count } => {
                let rate = per_second(*count, self.settings.duration.as_secs_f64());
                Values::Counter {
                    count: *count,
                    rate,
                }
            }
            Aggregate::Gauge {
                value, min, max, ..
            } => Values::Gauge {
                value: *value,
                min: *min,
                max: *max,
            },
            Aggregate::Rate { passes, total } => Values::Rate {
                rate: *passes as f64 / (*total).max(1) as f64,
                passes: *passes,
                fails: total - passes,
            },
            Aggregate::Trend(trend) => Values::Trend(
                self.settings
                    .trend_stats
                    .iter()
                    .map(|stat| stat.read(trend))
                    .collect(),
            ),
        }
    }

    fn zeros(&self, kind: Kind) -> Values {
        match kind {
            Kind::Counter => Values::Counter {
                count: 0.0,
                rate: 0.0,
            },
            Kind::Gauge => Values::Gauge {
                value: 0.0,
                min: 0.0,
                max: 0.0,
            },
            Kind::Rate => Values::Rate {
                rate: 0.0,
                passes: 0,
                fails: 0,
            },
            Kind::Trend => Values::Trend(vec![0.0; self.settings.trend_stats.len()]),
        }
    }

    /// The blocks of scenarios, and of groups that belong to no named one.
    fn blocks(&self) -> (Vec<Block>, Vec<Block>) {
        let mut found: BTreeMap<(String, String), Vec<MetricSummary>> = BTreeMap::new();
        let subs = self.totals.routing().sub_metrics();
        for sub in subs.iter().filter(|sub| sub.origin == Origin::Breakdown) {
            let aggregate = self.totals.sub_metric(sub.id);
            let Some(definition) = self.totals.registry().get(sub.metric) else {
                continue;
            };
            if aggregate.is_some() {
                let name = Arc::clone(&definition.name);
                let place = ["scenario", "group"].map(|key| sub.tags.get(key).unwrap_or_default());
                let metrics = found
                    .entry((place[0].to_owned(), place[1].to_owned()))
                    .or_default();
                metrics.push(self.metric(&definition, name, aggregate, Vec::new()));
            }
        }
        let mut scenarios = Block::default();
        let mut groups = Block::default();
        for ((scenario, group), mut metrics) in found {
            metrics.sort_by(|a, b| a.name.cmp(&b.name));
            let named = !scenario.is_empty() && scenario != "default";
            let top = if named {
                child(&mut scenarios, &scenario)
            } else {
                &mut groups
            };
            let block = group_names(&group).fold(top, |block, name| child(block, name));
            block.checks = self.checks(&scenario, &group);
            block.metrics = metrics;
        }
        (scenarios.groups, groups.groups)
    }

    /// The checks of a group; those of a scenario are the checks of all its groups, as its metrics are.
    fn checks(&self, scenario: &str, group: &str) -> Vec<CheckSummary> {
        let checks = self.totals.checks().iter();
        let of_scenario = checks.filter(|counts| &*counts.key.scenario == scenario);
        let own = of_scenario.filter(|counts| group.is_empty() || &*counts.key.group == group);
        own.map(check_summary).collect()
    }
}

fn child<'a>(block: &'a mut Block, name: &str) -> &'a mut Block {
    let at = block
        .groups
        .iter()
        .position(|group| &*group.name == name)
        .unwrap_or_else(|| {
            block.groups.push(Block {
                name: Arc::from(name),
                ..Block::default()
            });
            block.groups.len() - 1
        });
    &mut block.groups[at]
}

fn root_group(totals: &Totals) -> GroupSummary {
    let mut root = GroupSummary::default();
    for path in totals.groups() {
        group_at(&mut root, path);
    }
    for counts in totals.checks() {
        let group = group_at(&mut root, &counts.key.group);
        match group
            .checks
            .iter_mut()
            .find(|check| check.name == counts.key.name)
        {
            Some(check) => {
                check.passes += counts.passes;
                check.fails += counts.fails;
            }
            None => group.checks.push(check_summary(counts)),
        }
    }
    root
}

/// The group at `path`, made with the groups around it if it does not exist.
fn group_at<'a>(root: &'a mut GroupSummary, path: &str) -> &'a mut GroupSummary {
    group_names(path).fold(root, |group, name| {
        let at = group
            .groups
            .iter()
            .position(|g| &*g.name == name)
            .unwrap_or_else(|| {
                let path = Arc::from(format!("{}{SEPARATOR}{name}", group.path));
                group.groups.push(GroupSummary {
                    name: Arc::from(name),
                    path,
                    ..Default::default()
                });
                group.groups.len() - 1
            });
        &mut group.groups[at]
    })
}

fn group_names(path: &str) -> impl Iterator<Item = &str> {
    path.split(SEPARATOR).filter(|name| !name.is_empty())
}

fn check_summary(counts: &CheckCounts) -> CheckSummary {
    let key = &counts.key;
    CheckSummary {
        name: Arc::clone(&key.name),
        path: Arc::from(format!("{}{SEPARATOR}{}", key.group, key.name)),
        passes: counts.passes,
        fails: counts.fails,
    }
}
