//! Defines the two shapes of load that every executor is a preset of: closed (VUs loop) and open (iterations arrive).

use std::time::Duration;

use crate::arrivals::Arrivals;
use crate::curve::Curve;

/// What a scenario demands over time. Executors differ only in the data here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Load {
    /// A number of VUs over time; each begins its next iteration when the last one is over.
    Closed(Closed),
    /// Iterations that are due at given times, whoever is free to run them.
    Open(Open),
}

/// A closed load: VUs that loop.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Closed {
    /// How many VUs loop at each time; its length is the time after which no iteration starts.
    pub curve: Curve,
    /// How many iterations may be started.
    pub budget: Budget,
    /// How long a VU that the curve removes may still take to finish its iteration.
    pub graceful_ramp_down: Duration,
}

/// How many iterations the VUs of a closed load may start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Budget {
    /// As many as fit in the time.
    Unbounded,
    /// This many among all VUs, whoever comes first.
    Shared(u64),
    /// This many for each VU.
    PerVu(u64),
}

/// An open load: iterations that arrive whether or not earlier ones are over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Open {
    /// When iterations are due.
    pub arrivals: Arrivals,
    /// VUs that exist before the scenario starts.
    pub pre_allocated_vus: u64,
    /// VUs that may exist at most; at least `pre_allocated_vus`.
    pub max_vus: u64,
}

impl Load {
    /// The regular duration: afterwards no iteration starts.
    pub fn duration(&self) -> Duration {
        match self {
            Load::Closed(closed) => closed.curve.duration(),
            Load::Open(open) => open.arrivals.duration(),
        }
    }
}

impl Load {
    /// The most VUs that it uses at once, over all machines.
    pub fn max_vus(&self) -> u64 {
        match self {
            Load::Closed(closed) => closed.curve.peak(),
            Load::Open(open) => open.max_vus,
        }
    }
}

impl Closed {
    /// `vus` VUs for `duration`.
    pub(crate) fn constant(vus: u64, duration: Duration, budget: Budget) -> Closed {
        Closed {
            curve: Curve::constant(vus, duration),
            budget,
            graceful_ramp_down: Duration::ZERO,
        }
    }
}
