//! Defines what was measured: metric definitions, samples, aggregates, thresholds and the end-of-test summary.
//!
//! Nothing here reads a clock, does I/O or waits. The caller brings the time of every sample; each worker thread
//! owns a [`Recorder`], the collector owns the [`Totals`], and a [`Snapshot`] is what travels between them.
//!
//! A *series* is a metric with one tag set. Aggregates are kept per *route* (the metric itself, and each sub-metric
//! such as `http_req_duration{expected_response:true}`), never per series, so memory does not grow with series.

mod definition;
mod registry;

pub mod builtin;

mod tags;

mod aggregate;
mod bands;
mod trend;

mod selector;

mod routing;

mod checks;
mod intern;
mod recorder;
mod snapshot;

mod totals;

mod threshold;

pub mod summary;

pub use aggregate::Aggregate;
pub use checks::{CheckCounts, CheckId, CheckKey};
pub use definition::{Contains, Definition, Kind, MetricId};
pub use recorder::{Recorder, RecorderSettings};
pub use registry::{Registry, RegistryError};
pub use routing::{Breakdown, Origin, Routing, SubMetric, SubMetricId};
pub use selector::{Selector, SelectorError};
pub use snapshot::{Losses, RawBatch, RawSample, RawSamples, Snapshot, Warning};
pub use tags::{OVERFLOW, TagSet, TagsId};
pub use threshold::{
    Evaluation, Expression, Method, Moment, Operator, Threshold, ThresholdError, ThresholdResult,
    ThresholdSource, Thresholds,
};
pub use totals::Totals;
pub use trend::Trend;
