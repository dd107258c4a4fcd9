//! Defines a metric's identity: its dense id, its name, how it aggregates and what its values mean.

use std::fmt;
use std::sync::Arc;

use serde::Serialize;

/// A metric's dense number: the index of its definition in the [`Registry`](crate::Registry).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct MetricId(pub u32);

impl MetricId {
    pub(crate) fn index(self) -> usize {
        self.0 as usize
    }
}

/// How a metric's samples are put together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// Samples are added up.
    Counter,
    /// The latest sample counts, with the smallest and the largest seen.
    Gauge,
    /// The share of samples that are not zero.
    Rate,
    /// The distribution of the samples: average, extremes, percentiles.
    Trend,
}

/// What a metric's values mean, which decides how they are printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Contains {
    /// Plain numbers.
    Default,
    /// Milliseconds.
    Time,
    /// Bytes.
    Data,
}

/// What a metric is; its samples and aggregates are other types.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Definition {
    /// The metric's dense number.
    pub id: MetricId,
    /// The metric's name, unique in its registry.
    pub name: Arc<str>,
    /// How its samples are put together.
    pub kind: Kind,
    /// What its values mean.
    pub contains: Contains,
}

impl Kind {
    /// The name used in options, outputs and messages: `counter`, `gauge`, `rate` or `trend`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Counter => "counter",
            Self::Gauge => "gauge",
            Self::Rate => "rate",
            Self::Trend => "trend",
        }
    }
}

impl Contains {
    /// The name used in outputs and messages: `default`, `time` or `data`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Default => "default",
            Self::Time => "time",
            Self::Data => "data",
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Display for Contains {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
