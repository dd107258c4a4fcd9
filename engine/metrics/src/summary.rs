//! Defines the end-of-test summary as data; how it is printed is for others to say.

mod build;
mod export;
mod json;
mod stats;

#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use crate::definition::{Contains, Kind};
use crate::threshold::ThresholdResult;

pub use build::SummarySettings;
pub use json::{HandleSummaryContext, TimeUnit};
pub use stats::{TrendStat, TrendStatError};

/// Everything that is known at the end of a test.
#[derive(Clone, Debug)]
pub struct Summary {
    /// How long the test ran.
    pub duration: Duration,
    /// What is shown of a trend, in this order.
    pub trend_stats: Vec<TrendStat>,
    /// Metrics with samples or thresholds, sorted by name; a sub-metric follows its metric.
    pub metrics: Vec<MetricSummary>,
    /// What became of every threshold, in the order they were written.
    pub thresholds: Vec<ThresholdResult>,
    /// The tree of groups with their checks; its root has no name.
    pub root_group: GroupSummary,
    /// One per scenario, when a breakdown was asked for.
    pub scenarios: Vec<Block>,
    /// One per group outside of named scenarios, when a breakdown was asked for.
    pub groups: Vec<Block>,
}

/// One metric or sub-metric.
#[derive(Clone, Debug)]
pub struct MetricSummary {
    /// The name; with its tags, as they were written, for a sub-metric.
    pub name: Arc<str>,
    /// The metric that this is a part of.
    pub parent: Option<Arc<str>>,
    /// How samples are put together.
    pub kind: Kind,
    /// What the values mean.
    pub contains: Contains,
    /// The readings.
    pub values: Values,
    /// Whether there are no samples, so that every reading is 0.
    pub no_data: bool,
    /// Its thresholds.
    pub thresholds: Vec<ThresholdSummary>,
}

/// One threshold of one metric.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ThresholdSummary {
    /// The expression as it was written.
    pub expression: Arc<str>,
    /// Whether the promise was kept.
    pub ok: bool,
}

/// A metric's readings, by its kind.
#[derive(Clone, Debug, PartialEq)]
pub enum Values {
    /// The sum, and the sum per second of the test.
    Counter {
        /// The sum.
        count: f64,
        /// The sum per second.
        rate: f64,
    },
    /// The latest value and the extremes.
    Gauge {
        /// The latest value.
        value: f64,
        /// The smallest value.
        min: f64,
        /// The largest value.
        max: f64,
    },
    /// Samples that were not zero, and those that were.
    Rate {
        /// `passes` among all, 0 to 1.
        rate: f64,
        /// Samples that were not zero.
        passes: u64,
        /// Samples that were zero.
        fails: u64,
    },
    /// The readings of [`Summary::trend_stats`], in that order.
    Trend(Vec<f64>),
}

/// A group, its checks and the groups in it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GroupSummary {
    /// The group's own name.
    pub name: Arc<str>,
    /// `::outer::inner`; empty for the root.
    pub path: Arc<str>,
    /// Its checks over all scenarios, in the order they were first seen.
    pub checks: Vec<CheckSummary>,
    /// The groups in it, in the order they were first seen.
    pub groups: Vec<GroupSummary>,
}

/// One check of one group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckSummary {
    /// The check's name.
    pub name: Arc<str>,
    /// The group's path, `::` and the name.
    pub path: Arc<str>,
    /// How often it passed.
    pub passes: u64,
    /// How often it failed.
    pub fails: u64,
}

/// What one scenario, or one group of it, measured.
#[derive(Clone, Debug, Default)]
pub struct Block {
    /// The scenario's or the group's own name.
    pub name: Arc<str>,
    /// Its metrics, sorted by name.
    pub metrics: Vec<MetricSummary>,
    /// Its checks.
    pub checks: Vec<CheckSummary>,
    /// The groups in it.
    pub groups: Vec<Block>,
}

impl Summary {
    /// The metric or sub-metric of that name.
    pub fn metric(&self, name: &str) -> Option<&MetricSummary> {
        self.metrics.iter().find(|metric| &*metric.name == name)
    }
}
