//! Defines the snapshot: what one recorder measured since its last one, on its way to the collector.

use std::fmt;
use std::sync::Arc;

use crate::aggregate::Aggregate;
use crate::checks::CheckCounts;
use crate::definition::MetricId;
use crate::routing::SubMetricId;
use crate::tags::TagSet;

/// What one recorder measured since its last snapshot. Absorbed by [`Totals`](crate::Totals).
#[derive(Debug, Default)]
pub struct Snapshot {
    pub(crate) metrics: Vec<(MetricId, Aggregate)>,
    pub(crate) sub_metrics: Vec<(SubMetricId, Aggregate)>,
    pub(crate) checks: Vec<CheckCounts>,
    pub(crate) groups: Vec<Arc<str>>,
    /// The samples themselves; empty unless the recorder keeps them.
    pub raw: RawBatch,
    /// Conditions that arose for the first time in this recorder.
    pub warnings: Vec<Warning>,
    /// What could not be kept as it was recorded.
    pub losses: Losses,
}

/// Whether single samples are kept for outputs, beside the aggregates.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RawSamples {
    /// No sample is ever stored.
    #[default]
    Discard,
    /// Samples are stored until the next snapshot.
    Keep {
        /// How many, at most; what does not fit is counted in [`Losses::raw_dropped`].
        capacity: usize,
    },
}

/// Samples with the tag sets they refer to: complete in itself, whichever recorder it came from.
#[derive(Clone, Debug, Default)]
pub struct RawBatch {
    /// The samples in the order of their recording.
    pub samples: Vec<RawSample>,
    /// The tag sets that the samples' `tags` point into.
    pub tag_sets: Vec<TagSet>,
}

/// One value as it was measured.
#[derive(Clone, Debug)]
pub struct RawSample {
    /// The metric.
    pub metric: MetricId,
    /// The tag set's index in [`RawBatch::tag_sets`].
    pub tags: u32,
    /// The value; milliseconds for times, bytes for data.
    pub value: f64,
    /// Nanoseconds since the Unix epoch.
    pub time_unix_ns: u64,
    /// What describes the sample without being a dimension, such as `vu` and `iter`.
    pub metadata: Option<TagSet>,
}

/// Counts of what could not be kept as it was recorded. No total is affected by `degraded` and `raw_dropped`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Losses {
    /// Look-ups of tag sets that were answered with a coarser set because of the series limit.
    pub degraded: u64,
    /// Samples that were not finite numbers, or whose metric, tags or check are not known to the recorder.
    pub rejected: u64,
    /// Samples that were aggregated but had no room among the raw ones.
    pub raw_dropped: u64,
}

/// A condition that the user should know of; reported once per recorder.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Warning {
    /// There are more tag sets than the limit.
    SeriesLimit {
        /// The limit of this recorder.
        limit: usize,
    },
    /// A sample was not a finite number.
    NotFinite {
        /// The metric it was meant for.
        metric: Arc<str>,
    },
    /// There are more scenarios and groups than are broken down.
    BreakdownLimit,
    /// Raw samples came faster than they were taken.
    RawCapacity {
        /// The capacity of this recorder.
        capacity: usize,
    },
}

impl Snapshot {
    /// Whether nothing was recorded.
    pub fn is_empty(&self) -> bool {
        self.metrics.is_empty()
            && self.checks.is_empty()
            && self.groups.is_empty()
            && self.losses == Losses::default()
    }
}

impl RawBatch {
    /// The samples with their tags.
    pub fn iter(&self) -> impl Iterator<Item = (&RawSample, &TagSet)> {
        let tags = |sample: &RawSample| self.tag_sets.get(sample.tags as usize);
        self.samples
            .iter()
            .filter_map(move |sample| Some((sample, tags(sample)?)))
    }

    /// Whether there are no samples.
    pub fn is_empty(&self) -> bool {
        self.samples.is_empty()
    }
}

impl Losses {
    /// Adds `other`.
    pub fn add(&mut self, other: Losses) {
        self.degraded += other.degraded;
        self.rejected += other.rejected;
        self.raw_dropped += other.raw_dropped;
    }
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::SeriesLimit { limit } => write!(
                f,
                "a worker met more than {limit} combinations of tag values: further ones are counted with \
                 '__overflow__' for their url, name and custom tags (totals stay complete); give requests a \
                 'name' tag that does not hold ids"
            ),
            Self::NotFinite { metric } => {
                write!(f, "a value for metric '{metric}' was not a finite number and was not counted")
            }
            Self::BreakdownLimit => f.write_str(
                "there are more scenarios and groups than the summary breaks down: the later ones count \
                 towards the totals only",
            ),
            Self::RawCapacity { capacity } => write!(
                f,
                "more than {capacity} samples came between two flushes: further ones are missing from the \
                 outputs (the summary stays complete)"
            ),
        }
    }
}
