//! Defines when the iterations of an open load are due, to the nanosecond, in exact integer arithmetic.
//!
//! With rate `r` per time unit `u`, iteration `i` (0-based) of a constant rate is due at `⌊i·u/r⌋`, for all that are due
//! before the end: one that would fall exactly on the end is not part of the load. With a ramping rate, iteration `i` is
//! due at the floor of the moment when the integral of the rate reaches `i + 1`, up to and including the end.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::curve::Stage;
use crate::duration;
use crate::ramp::Ramp;
use crate::share::Share;

/// The highest rate: one arrival per nanosecond, below which two due times would no longer differ.
pub const MAX_ARRIVALS_PER_NS: u64 = 1;

/// The times at which iterations are due. Cheap to clone; O(number of stages) memory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Arrivals {
    time_unit: Duration,
    rate: Rate,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Rate {
    Constant {
        rate: u64,
        duration_ns: u64,
    },
    Ramping {
        start_rate: u64,
        stages: Arc<[Stage]>,
        ramp: Arc<Ramp>,
    },
}

/// An iteration of an open load.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Arrival {
    /// Its number in the whole, over all machines and workers, from 0.
    pub index: u64,
    /// When it is due, since the scenario's start.
    pub due: Duration,
}

impl Arrivals {
    /// `rate` iterations per time unit, for `duration`.
    ///
    /// # Errors
    /// When the time unit is zero, the rate above one per nanosecond, or a duration above 292 years.
    pub fn constant(
        rate: u64,
        time_unit: Duration,
        duration: Duration,
    ) -> Result<Arrivals, ArrivalError> {
        check(rate, time_unit, duration)?;
        Ok(Arrivals {
            time_unit,
            rate: Rate::Constant {
                rate,
                duration_ns: nanos(duration),
            },
        })
    }

    /// A rate per time unit that starts at `start_rate` and goes linearly to each stage's target in turn.
    ///
    /// # Errors
    /// As for [`constant`](Self::constant).
    pub fn ramping(
        start_rate: u64,
        time_unit: Duration,
        stages: &[Stage],
    ) -> Result<Arrivals, ArrivalError> {
        let peak = stages
            .iter()
            .map(|stage| stage.target)
            .fold(start_rate, u64::max);
        let duration = stages
            .iter()
            .try_fold(Duration::ZERO, |sum, stage| sum.checked_add(stage.duration));
        check(peak, time_unit, duration.unwrap_or(Duration::MAX))?;
        let ramp = Arc::new(Ramp::new(start_rate, nanos(time_unit), stages));
        Ok(Arrivals {
            time_unit,
            rate: Rate::Ramping {
                start_rate,
                stages: stages.into(),
                ramp,
            },
        })
    }

    /// How many iterations arrive in all.
    pub fn count(&self) -> u64 {
        match &self.rate {
            Rate::Constant { rate, duration_ns } => {
                let scaled = u128::from(*duration_ns) * u128::from(*rate);
                u64::try_from(scaled.div_ceil(self.time_unit.as_nanos())).unwrap_or(u64::MAX)
            }
            Rate::Ramping { ramp, .. } => ramp.count(),
        }
    }

    /// When iteration `index` is due; `None` if there are not that many.
    pub fn due(&self, index: u64) -> Option<Duration> {
        if index >= self.count() {
            None
        } else {
            Some(Duration::from_nanos(self.due_ns(index)))
        }
    }

    /// The arrivals of one share, in order of time. Any of them is computed on its own, so `nth` costs no more than `next`.
    pub fn of(&self, share: &Share) -> ArrivalIter {
        ArrivalIter {
            arrivals: self.clone(),
            share: share.clone(),
            next: 0,
            end: share.scale(self.count()),
        }
    }

    /// The time in which arrivals are due.
    pub fn duration(&self) -> Duration {
        match &self.rate {
            Rate::Constant { duration_ns, .. } => Duration::from_nanos(*duration_ns),
            Rate::Ramping { stages, .. } => stages.iter().map(|stage| stage.duration).sum(),
        }
    }

    /// The unit of time of the rates.
    pub fn time_unit(&self) -> Duration {
        self.time_unit
    }

    /// The highest rate, per time unit.
    pub fn peak_rate(&self) -> u64 {
        match &self.rate {
            Rate::Constant { rate, .. } => *rate,
            Rate::Ramping {
                start_rate, stages, ..
            } => stages
                .iter()
                .map(|stage| stage.target)
                .fold(*start_rate, u64::max),
        }
    }

    /// The stages of a ramping rate; `None` when the rate is constant.
    pub fn stages(&self) -> Option<&[Stage]> {
        match &self.rate {
            Rate::Constant { .. } => None,
            Rate::Ramping { stages, .. } => Some(stages),
        }
    }

    fn due_ns(&self, index: u64) -> u64 {
        match &self.rate {
            Rate::Constant { rate, .. } => {
                let due =
                    u128::from(index) * self.time_unit.as_nanos() / u128::from((*rate).max(1));
                u64::try_from(due).unwrap_or(u64::MAX)
            }
            Rate::Ramping { ramp, .. } => ramp.reaches(index.saturating_add(1)),
        }
    }
}

/// Iterator over the arrivals of a share; see [`Arrivals::of`].
#[derive(Debug, Clone)]
pub struct ArrivalIter {
    arrivals: Arrivals,
    share: Share,
    next: u64,
    end: u64,
}

impl ArrivalIter {
    /// How many are still to come.
    pub fn remaining(&self) -> u64 {
        self.end - self.next
    }

    /// Leaves out the next `count` arrivals, without computing them.
    pub fn skip_ahead(&mut self, count: u64) {
        self.next = self.next.saturating_add(count).min(self.end);
    }
}

impl Iterator for ArrivalIter {
    type Item = Arrival;

    fn next(&mut self) -> Option<Arrival> {
        if self.next >= self.end {
            return None;
        }
        let index = self.share.global_index(self.next);
        self.next += 1;
        Some(Arrival {
            index,
            due: Duration::from_nanos(self.arrivals.due_ns(index)),
        })
    }

    fn nth(&mut self, count: usize) -> Option<Arrival> {
        self.skip_ahead(count as u64);
        self.next()
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let remaining = usize::try_from(self.remaining());
        (remaining.unwrap_or(usize::MAX), remaining.ok())
    }
}

/// Why arrivals can't be computed from a rate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ArrivalError {
    /// The time unit is zero.
    NoTimeUnit,
    /// The rate is above [`MAX_ARRIVALS_PER_NS`].
    TooFast,
    /// The time unit or the whole duration is above [`duration::MAX`].
    TooLong,
}

impl fmt::Display for ArrivalError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            ArrivalError::NoTimeUnit => "timeUnit must be more than 0",
            ArrivalError::TooFast => "the rate is above 1 iteration per nanosecond",
            ArrivalError::TooLong => "timeUnit and all stages together must be below 292 years",
        })
    }
}

impl std::error::Error for ArrivalError {}

fn check(peak: u64, time_unit: Duration, duration: Duration) -> Result<(), ArrivalError> {
    if time_unit.is_zero() {
        return Err(ArrivalError::NoTimeUnit);
    }
    if time_unit > duration::MAX || duration > duration::MAX {
        return Err(ArrivalError::TooLong);
    }
    if peak > nanos(time_unit).saturating_mul(MAX_ARRIVALS_PER_NS) {
        return Err(ArrivalError::TooFast);
    }
    Ok(())
}

fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn due_ns(arrivals: &Arrivals) -> Vec<u64> {
        arrivals
            .of(&Share::whole())
            .map(|arrival| arrival.due.as_nanos() as u64)
            .collect()
    }

    #[test]
    fn a_constant_rate_is_even_and_ends_before_the_end() -> Result<(), ArrivalError> {
        let fifty = Arrivals::constant(50, SECOND, 30 * SECOND)?;
        assert_eq!(fifty.count(), 1500);
        assert_eq!(fifty.due(0), Some(Duration::ZERO));
        assert_eq!(fifty.due(1499), Some(Duration::from_millis(29_980)));
        assert_eq!(fifty.due(1500), None);
        assert_eq!(
            due_ns(&Arrivals::constant(3, SECOND, SECOND)?),
            [0, 333_333_333, 666_666_666]
        );
        assert_eq!(Arrivals::constant(0, SECOND, SECOND)?.count(), 0);
        Ok(())
    }

    #[test]
    fn a_ramping_rate_follows_the_integral() -> Result<(), ArrivalError> {
        let stage = |seconds, target| Stage {
            duration: Duration::from_secs(seconds),
            target,
        };
        // From 0 to 2 per second in 4 s: the integral t²/4 reaches n at 2·√n.
        let up = Arrivals::ramping(0, SECOND, &[stage(4, 2)])?;
        assert_eq!(
            due_ns(&up),
            [2_000_000_000, 2_828_427_124, 3_464_101_615, 4_000_000_000]
        );
        // Down to 0, a pause, a jump to 1 per second.
        let pause = Arrivals::ramping(
            2,
            SECOND,
            &[stage(1, 0), stage(5, 0), stage(0, 1), stage(2, 1)],
        )?;
        assert_eq!(
            due_ns(&pause),
            [1_000_000_000, 7_000_000_000, 8_000_000_000]
        );
        assert_eq!(Arrivals::ramping(10, SECOND, &[stage(1, 10)])?.count(), 10);
        assert_eq!(Arrivals::ramping(0, SECOND, &[stage(1, 0)])?.count(), 0);
        Ok(())
    }

    #[test]
    fn refuses_what_it_cannot_compute() {
        assert_eq!(
            Arrivals::constant(1, Duration::ZERO, SECOND),
            Err(ArrivalError::NoTimeUnit)
        );
        assert_eq!(
            Arrivals::constant(2_000_000_000, SECOND, SECOND),
            Err(ArrivalError::TooFast)
        );
        assert_eq!(
            Arrivals::constant(1, SECOND, Duration::MAX),
            Err(ArrivalError::TooLong)
        );
        let endless = Stage {
            duration: Duration::MAX,
            target: 1,
        };
        assert_eq!(
            Arrivals::ramping(1, SECOND, &[endless, endless]),
            Err(ArrivalError::TooLong)
        );
    }

    #[test]
    fn extreme_rates_and_durations_stay_exact() -> Result<(), ArrivalError> {
        let year = Duration::from_secs(365 * 86_400);
        let ramp = Arrivals::ramping(
            0,
            SECOND,
            &[Stage {
                duration: 100 * year,
                target: 1_000_000_000,
            }],
        )?;
        // n arrivals after √(2·n·d/b) with d in seconds and b the final rate: 1.8·10^14 … fits neither 64 nor 128 bits squared.
        assert_eq!(ramp.count(), 1_576_800_000_000_000_000);
        assert_eq!(ramp.due(ramp.count() - 1), Some(100 * year));
        assert!(ramp.due(ramp.count() - 2) < ramp.due(ramp.count() - 1));
        Ok(())
    }

    #[test]
    fn jumps_cost_nothing() -> Result<(), ArrivalError> {
        let arrivals = Arrivals::constant(1_000_000, SECOND, 1_000_000 * SECOND)?;
        let mut iter = arrivals.of(&Share::whole().worker(1, 2));
        iter.skip_ahead(100_000_000_000);
        assert_eq!(
            iter.next(),
            Some(Arrival {
                index: 200_000_000_001,
                due: Duration::from_micros(200_000_000_001)
            })
        );
        assert_eq!(
            iter.nth(1).map(|arrival| arrival.index),
            Some(200_000_000_005)
        );
        iter.skip_ahead(u64::MAX);
        assert_eq!((iter.remaining(), iter.next()), (0, None));
        Ok(())
    }

    proptest! {
        #[test]
        fn constant_arrivals_are_monotone_and_complete(rate in 1u64..100_000, unit_ms in 1u64..100_000, millis in 1u64..3_000) {
            let arrivals = Arrivals::constant(rate, Duration::from_millis(unit_ms), Duration::from_millis(millis));
            let arrivals = arrivals.map_err(|error| TestCaseError::fail(error.to_string()))?;
            let unit = u128::from(unit_ms) * 1_000_000;
            let end = u128::from(millis) * 1_000_000;
            let last = u128::from(arrivals.count()) - 1;
            prop_assert!(last * unit / u128::from(rate) < end);
            prop_assert!((last + 1) * unit / u128::from(rate) >= end);
            let due: Vec<u64> = arrivals.of(&Share::whole()).take(500).map(|arrival| arrival.due.as_nanos() as u64).collect();
            prop_assert!(due.is_sorted());
        }

        #[test]
        fn parts_of_arrivals_make_the_whole(rate in 1u64..200, workers in 1u64..5, vus in 1u64..6) {
            let arrivals = Arrivals::constant(rate, SECOND, SECOND).map_err(|error| TestCaseError::fail(error.to_string()))?;
            let mut parts: Vec<Arrival> = (0..workers)
                .flat_map(|index| arrivals.of(&Share::whole().worker_in_cycle(index, workers, vus)))
                .collect();
            parts.sort_by_key(|arrival| arrival.index);
            prop_assert_eq!(parts, arrivals.of(&Share::whole()).collect::<Vec<_>>());
        }
    }
}
