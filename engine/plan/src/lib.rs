//! Defines what load a test applies and when: scenarios, their curves and arrivals, and the share of one machine or worker.
//!
//! Everything here is arithmetic on integers: no clock is read, nothing is opened, nothing panics on input.
//! In reading order: a k6 [duration](mod@duration), a [`Scenario`] parsed from k6's JSON, its [`Load`] (closed or open), the
//! [`Curve`] of VUs and the [`Arrivals`] of iterations, the [`Share`] that one machine or worker thread runs, the
//! [`Requirements`] in VUs over time, and the [`Plan`] that puts them together.

mod arrivals;
mod curve;
mod describe;
pub mod duration;
mod error;
mod executors;
mod fields;
mod load;
mod plan;
mod ramp;
mod requirements;
mod scenario;
mod segment;
mod share;
pub mod suggest;

pub use arrivals::{Arrival, ArrivalError, ArrivalIter, Arrivals, MAX_ARRIVALS_PER_NS};
pub use curve::{Curve, Stage, Step, Steps};
pub use error::{PlanError, Problem};
pub use executors::{Executor, MAX_VUS, MIN_DURATION};
pub use load::{Budget, Closed, Load, Open};
pub use plan::{Part, PartLoad, Plan, WorkerPlan};
pub use requirements::{Need, Requirements};
pub use scenario::{Scenario, parse_scenarios};
pub use segment::{MAX_STRIPES, Segment, SegmentError, Sequence};
pub use share::Share;
