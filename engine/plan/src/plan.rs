//! Defines the plan of a run: all scenarios and the share of them that this machine runs, and what each worker gets of it.

use std::sync::Arc;
use std::time::Duration;

use crate::arrivals::ArrivalIter;
use crate::curve::Steps;
use crate::error::{PlanError, Problem};
use crate::load::{Budget, Closed, Load};
use crate::requirements::Requirements;
use crate::scenario::Scenario;
use crate::share::Share;

/// What load, when, on this machine.
#[derive(Debug, Clone)]
pub struct Plan {
    scenarios: Vec<Arc<Scenario>>,
    share: Share,
    /// For each scenario, the machine's share of the iterations.
    iterations: Vec<Share>,
    requirements: Requirements,
}

impl Plan {
    /// A plan of the scenarios for a machine that runs `share` of them.
    ///
    /// # Errors
    /// When there is no scenario, or two have the same name.
    pub fn new(scenarios: Vec<Scenario>, share: Share) -> Result<Plan, PlanError> {
        PlanError::check(name_problems(&scenarios), ())?;
        let needs: Vec<Requirements> = scenarios
            .iter()
            .map(|scenario| Requirements::of_scenario(scenario, &share))
            .collect();
        let iterations = scenarios
            .iter()
            .map(|scenario| iteration_share(&scenario.load, &share));
        Ok(Plan {
            iterations: iterations.collect(),
            requirements: Requirements::merge(&needs),
            scenarios: scenarios.into_iter().map(Arc::new).collect(),
            share,
        })
    }

    /// The scenarios, in order of their start.
    pub fn scenarios(&self) -> &[Arc<Scenario>] {
        &self.scenarios
    }

    /// What of the whole this machine runs.
    pub fn share(&self) -> &Share {
        &self.share
    }

    /// VUs over time and the longest duration, for this machine.
    pub fn requirements(&self) -> &Requirements {
        &self.requirements
    }

    /// What worker `index` of `count` runs: a partition of the machine's share, in which VUs are dealt out evenly, and
    /// arrivals in proportion to VUs. Scenarios that overlap in time deal out their first VU to different workers.
    pub fn worker(&self, index: u64, count: u64) -> WorkerPlan {
        let count = count.max(1);
        let part = |ordinal: usize| {
            let turned = (index + count - self.rotation(ordinal) % count) % count;
            // Past the count there is no part, however it is turned.
            self.part(ordinal, if index < count { turned } else { index }, count)
        };
        let parts: Vec<Part> = (0..self.scenarios.len()).map(part).collect();
        let needs: Vec<Requirements> = parts
            .iter()
            .map(|part| Requirements::of_scenario(&part.scenario, &part.vus))
            .collect();
        WorkerPlan {
            parts,
            requirements: Requirements::merge(&needs),
        }
    }

    fn part(&self, ordinal: usize, index: u64, count: u64) -> Part {
        let scenario = Arc::clone(&self.scenarios[ordinal]);
        let cycle = match &scenario.load {
            Load::Closed(_) => u64::MAX,
            // Dealt out by VU, so that no arrival goes to a worker that has no VU.
            Load::Open(open) => {
                let pre_allocated = self.share.scale(open.pre_allocated_vus);
                if pre_allocated > 0 {
                    pre_allocated
                } else {
                    self.share.scale(open.max_vus)
                }
            }
        };
        let iterations = &self.iterations[ordinal];
        Part {
            scenario,
            vus: self.share.worker_in_cycle(index, count, cycle),
            arrivals: iterations.worker_in_cycle(index, count, cycle),
            iterations: iterations.clone(),
        }
    }

    /// By how many workers a scenario's deal is shifted: the VUs of those before it that it overlaps with.
    fn rotation(&self, ordinal: usize) -> u64 {
        let scenario = &self.scenarios[ordinal];
        let before = self.scenarios[..ordinal]
            .iter()
            .filter(|before| overlap(before, scenario));
        before
            .map(|before| self.share.scale(before.load.max_vus()))
            .sum()
    }
}

/// What one worker runs.
#[derive(Debug, Clone)]
pub struct WorkerPlan {
    parts: Vec<Part>,
    requirements: Requirements,
}

impl WorkerPlan {
    /// One part per scenario, in the order of the scenarios, those without work included.
    pub fn parts(&self) -> &[Part] {
        &self.parts
    }

    /// The VUs that this worker needs over time.
    pub fn requirements(&self) -> &Requirements {
        &self.requirements
    }
}

/// The part of a scenario that one worker runs. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Part {
    scenario: Arc<Scenario>,
    vus: Share,
    /// This worker's iterations of an open load.
    arrivals: Share,
    /// The machine's iterations.
    iterations: Share,
}

/// A part's load, ready to run. Offsets and due times count from the scenario's start.
#[derive(Debug, Clone)]
pub enum PartLoad {
    /// VUs that loop.
    Closed {
        /// The VUs of this worker over time.
        steps: Steps,
        /// What the VUs may start. A shared budget is the machine's, for one counter that all its workers take from: the
        /// k-th iteration taken (0-based) has the number `Part::iteration_in_test(k)`.
        budget: Budget,
        /// After this no iteration starts.
        duration: Duration,
        /// How long a VU that a step removes may still take to finish its iteration.
        graceful_ramp_down: Duration,
    },
    /// Iterations that arrive.
    Open {
        /// This worker's iterations, with their numbers in the test.
        arrivals: ArrivalIter,
        /// VUs of this worker from the start.
        pre_allocated_vus: u64,
        /// VUs of this worker at most.
        max_vus: u64,
        /// After this no iteration starts.
        duration: Duration,
    },
}

impl Part {
    /// The scenario.
    pub fn scenario(&self) -> &Arc<Scenario> {
        &self.scenario
    }

    /// Which VUs are this worker's.
    pub fn share(&self) -> &Share {
        &self.vus
    }

    /// Whether this worker ever has a VU for the scenario.
    pub fn has_work(&self) -> bool {
        self.max_vus() > 0
    }

    /// The most VUs that this worker uses for the scenario at once.
    pub fn max_vus(&self) -> u64 {
        self.vus.scale(self.scenario.load.max_vus())
    }

    /// The number in the whole test of the k-th iteration (0-based) that this machine starts, for closed loads.
    pub fn iteration_in_test(&self, k: u64) -> u64 {
        self.iterations.global_index(k)
    }

    /// What this worker has to do.
    pub fn load(&self) -> PartLoad {
        match &self.scenario.load {
            Load::Closed(closed) => PartLoad::Closed {
                steps: closed.curve.steps(&self.vus),
                budget: match closed.budget {
                    Budget::Shared(iterations) => Budget::Shared(self.iterations.scale(iterations)),
                    other => other,
                },
                duration: closed.curve.duration(),
                graceful_ramp_down: closed.graceful_ramp_down,
            },
            Load::Open(open) => PartLoad::Open {
                arrivals: open.arrivals.of(&self.arrivals),
                pre_allocated_vus: self.vus.scale(open.pre_allocated_vus),
                max_vus: self.vus.scale(open.max_vus),
                duration: open.arrivals.duration(),
            },
        }
    }
}

fn name_problems(scenarios: &[Scenario]) -> Vec<Problem> {
    if scenarios.is_empty() {
        return vec![Problem::general("there is no scenario to run")];
    }
    let repeated = |(index, scenario): (usize, &Scenario)| {
        let before = scenarios[..index]
            .iter()
            .any(|before| before.name == scenario.name);
        before.then(|| Problem::of_scenario(&scenario.name, "the name is used twice"))
    };
    scenarios.iter().enumerate().filter_map(repeated).collect()
}

fn overlap(left: &Scenario, right: &Scenario) -> bool {
    let end = |scenario: &Scenario| scenario.start_time + scenario.max_duration();
    left.start_time < end(right) && right.start_time < end(left)
}

/// A machine's share of the iterations of a load that counts them: in proportion to its VUs, so that none go to a machine
/// that has no VU for them.
pub(crate) fn iteration_share(load: &Load, share: &Share) -> Share {
    match load {
        Load::Open(open) => share.in_proportion_to(open.max_vus),
        Load::Closed(Closed {
            curve,
            budget: Budget::Shared(_),
            ..
        }) => share.in_proportion_to(curve.peak()),
        Load::Closed(_) => share.clone(),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;
    use crate::scenario::parse_scenarios;
    use crate::segment::Segment;

    fn plan(scenarios: Value, share: Share) -> Result<Plan, PlanError> {
        let Value::Object(map) = scenarios else {
            return Err(PlanError::one(Problem::general("not a map")));
        };
        Plan::new(parse_scenarios(&map)?, share)
    }

    fn check_requirements(
        scenarios: Value,
        planned: u64,
        possible: u64,
        seconds: u64,
    ) -> Result<(), PlanError> {
        let plan = plan(scenarios, Share::whole())?;
        let needs = plan.requirements();
        let got = (
            needs.max_planned_vus(),
            needs.max_possible_vus(),
            needs.duration().as_secs(),
        );
        assert_eq!(got, (planned, possible, seconds));
        Ok(())
    }

    #[test]
    fn scenarios_that_do_not_overlap_use_the_same_vus() -> Result<(), PlanError> {
        let vus = |vus, start| json!({"executor": "constant-vus", "vus": vus, "duration": "10s", "startTime": start, "gracefulStop": "5s"});
        check_requirements(json!({"a": vus(10, "0s"), "b": vus(20, "15s")}), 20, 20, 30)?;
        check_requirements(json!({"a": vus(10, "0s"), "b": vus(20, "14s")}), 30, 30, 29)?;
        let open = json!({"executor": "constant-arrival-rate", "rate": 1, "duration": "10s", "preAllocatedVUs": 5, "maxVUs": 8});
        check_requirements(json!({"a": vus(10, "0s"), "b": open}), 15, 18, 40)
    }

    #[test]
    fn repeated_and_absent_scenarios_are_refused() -> Result<(), PlanError> {
        let scenario = Scenario::from_shortcuts(&serde_json::Map::new())?;
        assert!(Plan::new(vec![], Share::whole()).is_err());
        assert!(Plan::new(vec![scenario.clone(), scenario], Share::whole()).is_err());
        Ok(())
    }

    #[test]
    fn concurrent_small_scenarios_go_to_different_workers() -> Result<(), PlanError> {
        let one = |start| json!({"executor": "shared-iterations", "startTime": start, "maxDuration": "1s", "gracefulStop": "0s"});
        let plan = plan(
            json!({"a": one("0s"), "b": one("0s"), "c": one("5s")}),
            Share::whole(),
        )?;
        let work: Vec<Vec<bool>> = (0..2)
            .map(|index| {
                plan.worker(index, 2)
                    .parts()
                    .iter()
                    .map(Part::has_work)
                    .collect()
            })
            .collect();
        assert_eq!(work, [[true, false, true], [false, true, false]]);
        assert!(!plan.worker(2, 2).parts().iter().any(Part::has_work));
        Ok(())
    }

    #[test]
    fn no_arrival_goes_to_a_worker_without_vus() -> Result<(), PlanError> {
        let open = json!({"executor": "constant-arrival-rate", "rate": 9, "duration": "1s", "preAllocatedVUs": 1, "maxVUs": 7});
        let plan = plan(json!({"a": open}), Share::whole())?;
        let parts: Vec<(u64, u64, usize)> = (0..2)
            .filter_map(|index| match plan.worker(index, 2).parts()[0].load() {
                PartLoad::Open {
                    arrivals,
                    pre_allocated_vus,
                    max_vus,
                    ..
                } => Some((pre_allocated_vus, max_vus, arrivals.count())),
                PartLoad::Closed { .. } => None,
            })
            .collect();
        assert_eq!(parts, [(1, 7, 9), (0, 0, 0)]);
        Ok(())
    }

    #[test]
    fn a_shared_budget_is_the_machines() -> Result<(), Box<dyn std::error::Error>> {
        let share = Share::segment(&"1/2:1".parse::<Segment>()?, None)?;
        let plan = plan(
            json!({"a": {"executor": "shared-iterations", "vus": 4, "iterations": 10}}),
            share,
        )?;
        for index in 0..2 {
            let worker = plan.worker(index, 2);
            let PartLoad::Closed {
                budget, mut steps, ..
            } = worker.parts()[0].load()
            else {
                panic!("not closed")
            };
            assert_eq!(budget, Budget::Shared(5));
            assert_eq!(steps.next().map(|step| step.planned), Some(1));
            assert_eq!(worker.parts()[0].iteration_in_test(4), 9);
        }
        Ok(())
    }

    proptest! {
        #[test]
        fn workers_together_make_the_machine(
            vus in 1u64..12, pre in 0u64..5, extra in 1u64..9, rate in 1u64..60, workers in 1u64..5,
        ) {
            let scenarios = json!({
                "closed": {"executor": "constant-vus", "vus": vus, "duration": "1s"},
                "open": {"executor": "constant-arrival-rate", "rate": rate, "duration": "1s", "preAllocatedVUs": pre, "maxVUs": pre + extra},
            });
            let plan = plan(scenarios, Share::whole()).map_err(|error| TestCaseError::fail(error.to_string()))?;
            let (mut closed, mut open, mut due) = (0, 0, Vec::new());
            for index in 0..workers {
                for part in plan.worker(index, workers).parts() {
                    match part.load() {
                        PartLoad::Closed { .. } => closed += part.max_vus(),
                        PartLoad::Open { arrivals, max_vus, .. } => {
                            prop_assert!(max_vus > 0 || arrivals.remaining() == 0);
                            open += max_vus;
                            due.extend(arrivals.map(|arrival| arrival.index));
                        }
                    }
                }
            }
            due.sort_unstable();
            prop_assert_eq!((closed, open), (vus, pre + extra));
            prop_assert_eq!(due, (0..rate).collect::<Vec<_>>());
        }
    }
}
