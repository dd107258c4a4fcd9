//! Defines how many VUs a load needs over time, known before the run: per scenario, and merged for all of them.

use std::collections::VecDeque;
use std::time::Duration;

use crate::load::{Closed, Load};
use crate::scenario::Scenario;
use crate::share::Share;

/// From `offset` (since the start of the run) on, so many VUs are needed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Need {
    /// Time since the start of the run.
    pub offset: Duration,
    /// VUs that must exist before the run.
    pub planned: u64,
    /// VUs that an open load may add while it runs.
    pub unplanned: u64,
}

/// VUs over time. One entry for each change, 32 bytes each; the last one is the end of the run, with no VUs.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Requirements {
    needs: Vec<Need>,
}

impl Requirements {
    /// What one scenario needs for the part that `share` runs, including the graceful stop.
    pub(crate) fn of_scenario(scenario: &Scenario, share: &Share) -> Requirements {
        let mut needs = match &scenario.load {
            Load::Closed(closed) => closed_needs(closed, scenario.graceful_stop, share),
            Load::Open(open) => {
                let planned = share.scale(open.pre_allocated_vus);
                let unplanned = share.scale(open.max_vus).saturating_sub(planned);
                vec![Need {
                    offset: Duration::ZERO,
                    planned,
                    unplanned,
                }]
            }
        };
        needs.push(Need {
            offset: scenario.load.duration() + scenario.graceful_stop,
            ..Need::default()
        });
        needs
            .iter_mut()
            .for_each(|need| need.offset += scenario.start_time);
        Requirements { needs }
    }

    /// What all parts need together at each time.
    pub(crate) fn merge(parts: &[Requirements]) -> Requirements {
        let mut changes: Vec<(usize, Need)> = parts
            .iter()
            .enumerate()
            .flat_map(|(part, of)| of.needs.iter().map(move |need| (part, *need)))
            .collect();
        changes.sort_by_key(|(_, need)| need.offset);
        let mut current = vec![Need::default(); parts.len()];
        let (mut planned, mut unplanned) = (0, 0);
        let mut needs: Vec<Need> = Vec::new();
        for (part, need) in changes {
            planned = planned - current[part].planned + need.planned;
            unplanned = unplanned - current[part].unplanned + need.unplanned;
            current[part] = need;
            needs.pop_if(|last| last.offset == need.offset);
            needs.push(Need {
                offset: need.offset,
                planned,
                unplanned,
            });
        }
        Requirements { needs }
    }

    /// The changes, in order of time.
    pub fn needs(&self) -> &[Need] {
        &self.needs
    }

    /// The need at a time since the start of the run.
    pub fn at(&self, offset: Duration) -> Need {
        let index = self.needs.partition_point(|need| need.offset <= offset);
        index
            .checked_sub(1)
            .map(|index| self.needs[index])
            .unwrap_or_default()
    }

    /// VUs to initialise before the run: the most that are planned at any time.
    pub fn max_planned_vus(&self) -> u64 {
        self.needs
            .iter()
            .map(|need| need.planned)
            .max()
            .unwrap_or(0)
    }

    /// The most VUs there can be at any time, those added while running included.
    pub fn max_possible_vus(&self) -> u64 {
        self.needs
            .iter()
            .map(|need| need.planned + need.unplanned)
            .max()
            .unwrap_or(0)
    }

    /// The longest the run can take, graceful stop included (setup and teardown not).
    pub fn duration(&self) -> Duration {
        self.needs
            .last()
            .map(|need| need.offset)
            .unwrap_or_default()
    }
}

/// The VUs of a curve, each kept for `graceful_ramp_down` after the curve removes it, and until the graceful stop at the end.
///
/// A VU that the curve removes at `s` may be busy until `s + graceful_ramp_down`, and is the first to be used again when
/// the curve rises. So the need at `t` is the highest plan in force at any time of `[t − graceful_ramp_down, t]`.
fn closed_needs(closed: &Closed, graceful_stop: Duration, share: &Share) -> Vec<Need> {
    let end = closed.curve.duration() + graceful_stop;
    let mut lingering = Lingering::default();
    let mut planned = 0;
    for step in closed.curve.steps(share) {
        lingering.expire(step.offset, planned);
        lingering.add(planned, step.offset + closed.graceful_ramp_down);
        planned = step.planned;
        lingering.emit(step.offset, planned);
    }
    lingering.expire(end, planned);
    lingering.needs
}

/// Plans of the past whose VUs may still be busy: (VUs, until), VUs falling, times rising.
#[derive(Default)]
struct Lingering {
    past: VecDeque<(u64, Duration)>,
    needs: Vec<Need>,
}

impl Lingering {
    fn add(&mut self, vus: u64, until: Duration) {
        while self.past.back().is_some_and(|(smaller, _)| *smaller <= vus) {
            self.past.pop_back();
        }
        self.past.push_back((vus, until));
    }

    /// Lets go of everything whose time is over by `now`, while `planned` was in force.
    fn expire(&mut self, now: Duration, planned: u64) {
        while let Some((_, until)) = self
            .past
            .front()
            .copied()
            .filter(|(_, until)| *until <= now)
        {
            self.past.pop_front();
            self.emit(until, planned);
        }
    }

    /// Notes the need from `offset` on; at the end of the run it goes without saying.
    fn emit(&mut self, offset: Duration, planned: u64) {
        let lingering = self.past.front().map_or(0, |(vus, _)| *vus);
        let need = Need {
            offset,
            planned: planned.max(lingering),
            unplanned: 0,
        };
        self.needs.pop_if(|last| last.offset == offset);
        if self
            .needs
            .last()
            .is_none_or(|last| last.planned != need.planned)
        {
            self.needs.push(need);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::ops::Range;

    use proptest::prelude::*;

    use super::*;
    use crate::curve::{Curve, Stage, Step};
    use crate::load::Budget;

    fn ramp(start: u64, stages: &[(u64, u64)], graceful_ramp_down: u64) -> Closed {
        let stages: Vec<Stage> = stages
            .iter()
            .map(|(seconds, target)| Stage {
                duration: Duration::from_secs(*seconds),
                target: *target,
            })
            .collect();
        Closed {
            curve: Curve::ramp(start, stages),
            budget: Budget::Unbounded,
            graceful_ramp_down: Duration::from_secs(graceful_ramp_down),
        }
    }

    fn check(closed: &Closed, graceful_stop: u64, expected: &[(u64, u64)]) {
        let needs: Vec<(u64, u64)> =
            closed_needs(closed, Duration::from_secs(graceful_stop), &Share::whole())
                .iter()
                .map(|need| (need.offset.as_secs(), need.planned))
                .collect();
        assert_eq!(needs, expected);
    }

    #[test]
    fn removed_vus_linger_and_are_used_again() {
        check(&ramp(2, &[(5, 2)], 30), 30, &[(0, 2)]);
        check(&ramp(3, &[(0, 1), (10, 1)], 4), 5, &[(0, 1)]);
        check(
            &ramp(2, &[(2, 2), (2, 0), (20, 0)], 3),
            30,
            &[(0, 2), (6, 1), (7, 0)],
        );
        check(
            &ramp(4, &[(2, 2), (2, 4), (2, 2), (5, 2)], 3),
            0,
            &[(0, 4), (8, 3), (9, 2)],
        );
    }

    /// Runs each VU of the curve with iterations of the given lengths and returns the times at which they were busy.
    fn simulate(
        closed: &Closed,
        graceful_stop: Duration,
        lengths: &[Duration],
    ) -> Vec<Range<Duration>> {
        let steps: Vec<Step> = closed.curve.steps(&Share::whole()).collect();
        let end = closed.curve.duration();
        let mut lengths = lengths.iter().cycle().copied();
        let mut busy = Vec::new();
        for vu in 0..closed.curve.peak() {
            let mut now = Duration::ZERO;
            while now < end {
                let coming = steps.partition_point(|step| step.offset <= now);
                if steps[coming - 1].planned <= vu {
                    now = steps[coming..]
                        .iter()
                        .find(|step| step.planned > vu)
                        .map_or(end, |step| step.offset);
                    continue;
                }
                let removed = steps[coming..].iter().find(|step| step.planned <= vu);
                let limit = removed.map_or(end + graceful_stop, |step| {
                    step.offset + closed.graceful_ramp_down
                });
                let until = lengths
                    .next()
                    .map_or(end, |length| now + length)
                    .min(limit)
                    .min(end + graceful_stop);
                busy.push(now..until);
                now = until;
            }
        }
        busy
    }

    proptest! {
        #[test]
        fn the_need_covers_every_simulated_run(
            start in 0u64..6,
            stages in prop::collection::vec((0u64..300, 0u64..6), 1..5),
            grace_ms in 0u64..200,
            stop_ms in 0u64..200,
            lengths in prop::collection::vec(1u64..400, 1..20),
        ) {
            let stages: Vec<Stage> = stages
                .into_iter()
                .map(|(ms, target)| Stage { duration: Duration::from_millis(ms), target })
                .collect();
            let closed = Closed {
                curve: Curve::ramp(start, stages),
                budget: Budget::Unbounded,
                graceful_ramp_down: Duration::from_millis(grace_ms),
            };
            let needs = Requirements { needs: closed_needs(&closed, Duration::from_millis(stop_ms), &Share::whole()) };
            let lengths: Vec<Duration> = lengths.into_iter().map(Duration::from_millis).collect();
            let busy = simulate(&closed, Duration::from_millis(stop_ms), &lengths);
            // The number of busy VUs rises only when an iteration starts.
            for moment in busy.iter().map(|busy| busy.start) {
                let count = busy.iter().filter(|busy| busy.contains(&moment)).count() as u64;
                let need = needs.at(moment).planned;
                prop_assert!(count <= need, "{count} VUs at {moment:?}, {need} planned");
            }
        }
    }
}
