//! Defines the six executors as presets: which keys each takes, its defaults and rules, and the load it stands for.

use std::fmt;
use std::time::Duration;

use crate::arrivals::{ArrivalError, Arrivals};
use crate::curve::{Curve, Stage};
use crate::fields::Fields;
use crate::load::{Budget, Closed, Load, Open};

/// The shortest duration of a scenario whose duration is one number.
pub const MIN_DURATION: Duration = Duration::from_secs(1);

/// The most VUs that a scenario may ask for.
pub const MAX_VUS: u64 = 100_000_000;

/// The name under which a load is asked for; for what it means see [`Load`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Executor {
    /// A number of VUs that loop for a time.
    ConstantVus,
    /// A varying number of VUs that loop.
    RampingVus,
    /// A number of iterations among some VUs.
    SharedIterations,
    /// A number of iterations for each VU.
    PerVuIterations,
    /// Iterations at a fixed rate.
    ConstantArrivalRate,
    /// Iterations at a varying rate.
    RampingArrivalRate,
}

impl Executor {
    /// All of them.
    pub const ALL: [Executor; 6] = [
        Executor::ConstantVus,
        Executor::RampingVus,
        Executor::SharedIterations,
        Executor::PerVuIterations,
        Executor::ConstantArrivalRate,
        Executor::RampingArrivalRate,
    ];

    /// k6's name, such as `constant-vus`.
    pub fn name(self) -> &'static str {
        match self {
            Executor::ConstantVus => "constant-vus",
            Executor::RampingVus => "ramping-vus",
            Executor::SharedIterations => "shared-iterations",
            Executor::PerVuIterations => "per-vu-iterations",
            Executor::ConstantArrivalRate => "constant-arrival-rate",
            Executor::RampingArrivalRate => "ramping-arrival-rate",
        }
    }

    /// The executor of a name.
    pub fn from_name(name: &str) -> Option<Executor> {
        Executor::ALL
            .into_iter()
            .find(|executor| executor.name() == name)
    }

    /// The keys that this executor takes besides those that all take.
    pub(crate) fn keys(self) -> &'static [&'static str] {
        match self {
            Executor::ConstantVus => &["vus", "duration"],
            Executor::RampingVus => &["startVUs", "stages", "gracefulRampDown"],
            Executor::SharedIterations | Executor::PerVuIterations => {
                &["vus", "iterations", "maxDuration"]
            }
            Executor::ConstantArrivalRate => {
                &["rate", "timeUnit", "duration", "preAllocatedVUs", "maxVUs"]
            }
            Executor::RampingArrivalRate => &[
                "startRate",
                "timeUnit",
                "stages",
                "preAllocatedVUs",
                "maxVUs",
            ],
        }
    }

    /// Reads the load from the executor's keys; `None` when something was wrong with them, which `fields` has noted.
    pub(crate) fn load(self, fields: &mut Fields<'_>) -> Option<Load> {
        match self {
            Executor::ConstantVus => constant_vus(fields).map(Load::Closed),
            Executor::RampingVus => ramping_vus(fields).map(Load::Closed),
            Executor::SharedIterations => shared_iterations(fields).map(Load::Closed),
            Executor::PerVuIterations => per_vu_iterations(fields).map(Load::Closed),
            Executor::ConstantArrivalRate => constant_arrival_rate(fields).map(Load::Open),
            Executor::RampingArrivalRate => ramping_arrival_rate(fields).map(Load::Open),
        }
    }
}

impl fmt::Display for Executor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

fn constant_vus(fields: &mut Fields<'_>) -> Option<Closed> {
    let vus = vus(fields, "vus");
    let duration = required_duration(fields);
    Some(Closed::constant(vus?, duration?, Budget::Unbounded))
}

fn ramping_vus(fields: &mut Fields<'_>) -> Option<Closed> {
    let start = at_most_max_vus(fields, "startVUs", Some(1));
    let stages = stages(fields, MAX_VUS);
    let graceful_ramp_down = fields.duration_or("gracefulRampDown", Duration::from_secs(30));
    let curve = Curve::ramp(start?, stages?);
    if curve.peak() == 0 {
        fields.problem("startVUs or the target of a stage must be more than 0");
        return None;
    }
    Some(Closed {
        curve,
        budget: Budget::Unbounded,
        graceful_ramp_down: graceful_ramp_down?,
    })
}

fn shared_iterations(fields: &mut Fields<'_>) -> Option<Closed> {
    let vus = vus(fields, "vus");
    let iterations = fields.count_or("iterations", 1);
    let duration = max_duration(fields);
    let (vus, iterations) = (vus?, iterations?);
    if iterations < vus {
        fields.problem(format!(
            "iterations ({iterations}) must not be fewer than vus ({vus})"
        ));
        return None;
    }
    Some(Closed::constant(vus, duration?, Budget::Shared(iterations)))
}

fn per_vu_iterations(fields: &mut Fields<'_>) -> Option<Closed> {
    let vus = vus(fields, "vus");
    let iterations = positive(fields, "iterations", Some(1));
    let duration = max_duration(fields);
    Some(Closed::constant(
        vus?,
        duration?,
        Budget::PerVu(iterations?),
    ))
}

fn constant_arrival_rate(fields: &mut Fields<'_>) -> Option<Open> {
    let rate = positive(fields, "rate", None);
    let time_unit = time_unit(fields);
    let duration = required_duration(fields);
    let vus = open_vus(fields);
    let arrivals = arrivals(fields, Arrivals::constant(rate?, time_unit?, duration?));
    open(arrivals?, vus?)
}

fn ramping_arrival_rate(fields: &mut Fields<'_>) -> Option<Open> {
    let start_rate = fields.count_or("startRate", 0);
    let time_unit = time_unit(fields);
    let stages = stages(fields, i64::MAX as u64);
    let vus = open_vus(fields);
    let arrivals = arrivals(fields, Arrivals::ramping(start_rate?, time_unit?, &stages?));
    open(arrivals?, vus?)
}

fn open(arrivals: Arrivals, (pre_allocated_vus, max_vus): (u64, u64)) -> Option<Open> {
    Some(Open {
        arrivals,
        pre_allocated_vus,
        max_vus,
    })
}

fn arrivals(fields: &mut Fields<'_>, arrivals: Result<Arrivals, ArrivalError>) -> Option<Arrivals> {
    arrivals
        .map_err(|error| fields.problem(error.to_string()))
        .ok()
}

fn vus(fields: &mut Fields<'_>, key: &str) -> Option<u64> {
    let vus = at_most_max_vus(fields, key, Some(1))?;
    if vus == 0 {
        fields.problem(format!("{key} must be more than 0"));
        return None;
    }
    Some(vus)
}

/// `preAllocatedVUs` and `maxVUs`.
fn open_vus(fields: &mut Fields<'_>) -> Option<(u64, u64)> {
    let pre_allocated = at_most_max_vus(fields, "preAllocatedVUs", None);
    let max = at_most_max_vus(fields, "maxVUs", pre_allocated.or(Some(0)));
    let (pre_allocated, max) = (pre_allocated?, max?);
    if max < pre_allocated {
        fields.problem(format!(
            "maxVUs ({max}) must not be less than preAllocatedVUs ({pre_allocated})"
        ));
        return None;
    }
    if max == 0 {
        fields.problem("preAllocatedVUs or maxVUs must be more than 0");
        return None;
    }
    Some((pre_allocated, max))
}

fn at_most_max_vus(fields: &mut Fields<'_>, key: &str, default: Option<u64>) -> Option<u64> {
    let vus = count_or_required(fields, key, default)?;
    if vus > MAX_VUS {
        fields.problem(format!("{key} is above the limit of {MAX_VUS}"));
        return None;
    }
    Some(vus)
}

fn positive(fields: &mut Fields<'_>, key: &str, default: Option<u64>) -> Option<u64> {
    let count = count_or_required(fields, key, default)?;
    if count == 0 {
        fields.problem(format!("{key} must be more than 0"));
        return None;
    }
    Some(count)
}

fn count_or_required(fields: &mut Fields<'_>, key: &str, default: Option<u64>) -> Option<u64> {
    match default {
        Some(default) => fields.count_or(key, default),
        None => {
            fields.require(key);
            fields.count(key)
        }
    }
}

fn required_duration(fields: &mut Fields<'_>) -> Option<Duration> {
    fields.require("duration");
    let duration = fields.duration("duration")?;
    at_least_min_duration(fields, "duration", duration)
}

fn max_duration(fields: &mut Fields<'_>) -> Option<Duration> {
    let duration = fields.duration_or("maxDuration", Duration::from_secs(600))?;
    at_least_min_duration(fields, "maxDuration", duration)
}

fn at_least_min_duration(
    fields: &mut Fields<'_>,
    key: &str,
    duration: Duration,
) -> Option<Duration> {
    if duration < MIN_DURATION {
        let (min, got) = (
            crate::duration::format(MIN_DURATION),
            crate::duration::format(duration),
        );
        fields.problem(format!("{key} must be at least {min}, got {got}"));
        return None;
    }
    Some(duration)
}

fn time_unit(fields: &mut Fields<'_>) -> Option<Duration> {
    fields.duration_or("timeUnit", Duration::from_secs(1))
}

fn stages(fields: &mut Fields<'_>, limit: u64) -> Option<Vec<Stage>> {
    let stages = fields.stages("stages", limit)?;
    let sum = stages
        .iter()
        .try_fold(Duration::ZERO, |sum, stage| sum.checked_add(stage.duration));
    if sum.is_none_or(|sum| sum > crate::duration::MAX) {
        fields.problem("all stages together are longer than 292 years");
        return None;
    }
    Some(stages)
}
