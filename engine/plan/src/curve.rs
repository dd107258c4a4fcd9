//! Defines the curve of VUs over time, and the times at which the planned number of VUs changes.

use std::sync::Arc;
use std::time::Duration;

use crate::share::Share;

/// Where a ramp is heading: `target` (VUs, or iterations per time unit) is reached after `duration`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stage {
    /// How long the way there takes; zero is a jump.
    pub duration: Duration,
    /// The value at the end of the stage.
    pub target: u64,
}

/// A number of VUs over time: a start and linear stages, one VU at a time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Curve {
    start: u64,
    stages: Arc<[Stage]>,
}

/// From `offset` (since the scenario's start) on, `planned` VUs loop, until the next step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Step {
    /// Time since the start of the scenario.
    pub offset: Duration,
    /// VUs from then on.
    pub planned: u64,
}

impl Curve {
    /// `vus` VUs for `duration`.
    pub fn constant(vus: u64, duration: Duration) -> Curve {
        Curve {
            start: vus,
            stages: Arc::new([Stage {
                duration,
                target: vus,
            }]),
        }
    }

    /// From `start` VUs through the stages.
    pub fn ramp(start: u64, stages: impl Into<Arc<[Stage]>>) -> Curve {
        Curve {
            start,
            stages: stages.into(),
        }
    }

    /// VUs at the very beginning (before any jump).
    pub fn start(&self) -> u64 {
        self.start
    }

    /// The stages, in order.
    pub fn stages(&self) -> &[Stage] {
        &self.stages
    }

    /// The length of all stages.
    pub fn duration(&self) -> Duration {
        self.stages.iter().map(|stage| stage.duration).sum()
    }

    /// The most VUs there are at any time.
    pub fn peak(&self) -> u64 {
        self.stages
            .iter()
            .map(|stage| stage.target)
            .fold(self.start, u64::max)
    }

    /// The changes of the part of the curve that `share` runs. The first step is at offset zero; offsets increase
    /// strictly; the VUs change by one, except where a stage of zero duration jumps. Holds O(1) memory.
    pub fn steps(&self, share: &Share) -> Steps {
        let local = share.scale(self.start);
        let mut raw = RawSteps {
            curve: self.clone(),
            share: share.clone(),
            stage: 0,
            stage_start: 0,
            from: self.start,
            local,
        };
        let first = Step {
            offset: Duration::ZERO,
            planned: local,
        };
        let pending = raw.next();
        Steps {
            raw,
            current: Some(first),
            pending,
            emitted: None,
        }
    }
}

/// Iterator over the steps of a curve; see [`Curve::steps`].
#[derive(Debug, Clone)]
pub struct Steps {
    raw: RawSteps,
    current: Option<Step>,
    pending: Option<Step>,
    emitted: Option<u64>,
}

impl Iterator for Steps {
    type Item = Step;

    fn next(&mut self) -> Option<Step> {
        loop {
            let mut step = self.current?;
            while let Some(later) = self.pending.filter(|later| later.offset == step.offset) {
                step = later;
                self.pending = self.raw.next();
            }
            self.current = self.pending;
            self.pending = self.raw.next();
            if self.emitted != Some(step.planned) {
                self.emitted = Some(step.planned);
                return Some(step);
            }
        }
    }
}

/// Every single change, in order of time, before changes at the same time are merged.
///
/// A stage of length `d` from `a` to `b` VUs changes the whole by one VU for the k-th time (k = 1 …|b − a|) at
/// `⌈d·k/|b − a|⌉` after its start. VU number `i` (0-based) of the whole comes when the whole reaches `i + 1` and goes when it
/// falls to `i`; only the VUs of this share are visited.
#[derive(Debug, Clone)]
struct RawSteps {
    curve: Curve,
    share: Share,
    stage: usize,
    stage_start: u64,
    from: u64,
    local: u64,
}

impl RawSteps {
    fn advance(&mut self, stage: Stage) {
        self.stage += 1;
        self.stage_start = self.stage_start.saturating_add(nanos(stage.duration));
        self.from = stage.target;
    }

    fn ramp_offset(&self, stage: Stage, reached: u64) -> Duration {
        let (changes, k) = (
            stage.target.abs_diff(self.from),
            reached.abs_diff(self.from),
        );
        let within = (u128::from(nanos(stage.duration)) * u128::from(k))
            .div_ceil(u128::from(changes.max(1)));
        Duration::from_nanos(
            self.stage_start
                .saturating_add(u64::try_from(within).unwrap_or(u64::MAX)),
        )
    }
}

impl Iterator for RawSteps {
    type Item = Step;

    fn next(&mut self) -> Option<Step> {
        loop {
            let stage = *self.curve.stages.get(self.stage)?;
            let target = self.share.scale(stage.target);
            if self.local == target {
                self.advance(stage);
                continue;
            }
            let offset = if stage.duration.is_zero() {
                self.local = target;
                Duration::from_nanos(self.stage_start)
            } else if self.local < target {
                let vu = self.share.global_index(self.local);
                self.local += 1;
                self.ramp_offset(stage, vu.saturating_add(1))
            } else {
                self.local -= 1;
                let vu = self.share.global_index(self.local);
                self.ramp_offset(stage, vu)
            };
            return Some(Step {
                offset,
                planned: self.local,
            });
        }
    }
}

fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::segment::Segment;

    fn stage(millis: u64, target: u64) -> Stage {
        Stage {
            duration: Duration::from_millis(millis),
            target,
        }
    }

    fn check(start: u64, stages: &[Stage], share: &Share, expected: &[(u64, u64)]) {
        let steps: Vec<(u64, u64)> = Curve::ramp(start, stages)
            .steps(share)
            .map(|step| (step.offset.as_millis() as u64, step.planned))
            .collect();
        assert_eq!(steps, expected, "{start} {stages:?}");
    }

    #[test]
    fn ramps_one_vu_at_a_time_and_jumps() {
        let whole = Share::whole();
        check(3, &[stage(10_000, 3)], &whole, &[(0, 3)]);
        check(
            4,
            &[stage(2_000, 6), stage(2_000, 4)],
            &whole,
            &[(0, 4), (1_000, 5), (2_000, 6), (3_000, 5), (4_000, 4)],
        );
        check(
            1,
            &[
                stage(0, 5),
                stage(1_000, 5),
                stage(0, 0),
                stage(1_000, 0),
                stage(1_000, 1),
            ],
            &whole,
            &[(0, 5), (1_000, 0), (3_000, 1)],
        );
        check(
            2,
            &[stage(500, 2), stage(0, 9), stage(0, 2), stage(500, 2)],
            &whole,
            &[(0, 2)],
        );
    }

    #[test]
    fn a_segment_takes_its_stripes() -> Result<(), crate::SegmentError> {
        let first = Share::segment(&"0:1/2".parse::<Segment>()?, None)?;
        let second = Share::segment(&"1/2:1".parse::<Segment>()?, None)?;
        check(
            0,
            &[stage(4_000, 4)],
            &first,
            &[(0, 0), (1_000, 1), (3_000, 2)],
        );
        check(
            0,
            &[stage(4_000, 4)],
            &second,
            &[(0, 0), (2_000, 1), (4_000, 2)],
        );
        Ok(())
    }

    fn planned_at(steps: &[Step], offset: Duration) -> u64 {
        let index = steps.partition_point(|step| step.offset <= offset);
        steps[index - 1].planned
    }

    fn stages() -> impl Strategy<Value = Vec<Stage>> {
        prop::collection::vec((0u64..3_000, 0u64..40), 1..6).prop_map(|stages| {
            stages
                .into_iter()
                .map(|(millis, target)| stage(millis, target))
                .collect()
        })
    }

    proptest! {
        #[test]
        fn steps_change_by_one_unless_a_stage_jumps(start in 0u64..40, stages in stages()) {
            let stages: Vec<Stage> = stages.into_iter().filter(|stage| !stage.duration.is_zero()).collect();
            let whole = Share::whole();
            let steps: Vec<Step> = Curve::ramp(start, stages).steps(&whole).collect();
            prop_assert_eq!(steps[0], Step { offset: Duration::ZERO, planned: start });
            for pair in steps.windows(2) {
                prop_assert!(pair[0].offset < pair[1].offset);
                prop_assert_eq!(pair[0].planned.abs_diff(pair[1].planned), 1);
            }
        }

        #[test]
        fn worker_curves_add_up_to_the_whole(start in 0u64..40, stages in stages(), workers in 1u64..5) {
            let curve = Curve::ramp(start, stages);
            let whole: Vec<Step> = curve.steps(&Share::whole()).collect();
            let parts: Vec<Vec<Step>> =
                (0..workers).map(|index| curve.steps(&Share::whole().worker(index, workers)).collect()).collect();
            for step in &whole {
                let sum: u64 = parts.iter().map(|part| planned_at(part, step.offset)).sum();
                prop_assert_eq!(sum, step.planned);
            }
        }
    }
}
