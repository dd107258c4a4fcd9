//! Defines what can be seen of a run while it goes on: per scenario, in atomics that workers write and others read.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use brunt_plan::{Budget, Load, Scenario, Share};

/// One scenario, as seen from outside of its executors.
#[derive(Debug, Default)]
pub(crate) struct ScenarioLive {
    /// Iterations that were started: also where each gets its number from, and what a shared budget is taken from.
    pub(crate) iterations_started: AtomicU64,
    /// Iterations that ran to their end.
    pub(crate) iterations_completed: AtomicU64,
    /// VUs that work in this scenario now.
    pub(crate) vus_active: AtomicU64,
    /// VUs that may work in it, those added in mid-run included.
    pub(crate) vus_allocated: AtomicU64,
    /// Workers that have not finished with it.
    pub(crate) workers_left: AtomicU64,
    /// Whether some iterations were cut off.
    pub(crate) interrupted: AtomicBool,
    /// Whether the user was told that there are too few VUs.
    pub(crate) warned_of_vus: AtomicBool,
}

/// Where a scenario is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ScenarioState {
    /// Its start time has not come.
    Waiting,
    /// It starts iterations.
    Running,
    /// It starts no more, and waits for those that run.
    Stopping,
    /// It is over.
    Done,
    /// It is over, and iterations were cut off.
    Interrupted,
}

/// A run while it goes on, as progress lines show it.
#[derive(Debug, Clone)]
pub struct Progress {
    /// Time since the first scenario began.
    pub elapsed: Duration,
    /// VUs that run iterations now.
    pub vus_active: u64,
    /// VUs that are initialised.
    pub vus: u64,
    /// Iterations that ran to their end.
    pub completed: u64,
    /// Iterations that were cut off.
    pub interrupted: u64,
    /// Whether the run was told to stop.
    pub stopping: bool,
    /// Each scenario, in order of their start.
    pub scenarios: Vec<ScenarioProgress>,
}

/// One scenario of a [`Progress`].
#[derive(Debug, Clone)]
pub struct ScenarioProgress {
    /// Its name, executor and load.
    pub scenario: Arc<Scenario>,
    /// Where it is in its life.
    pub state: ScenarioState,
    /// Time since it started; none while it waits.
    pub elapsed: Duration,
    /// How much of it is done, from 0 to 1.
    pub fraction: f64,
    /// VUs that work in it now.
    pub vus_active: u64,
    /// VUs that may work in it.
    pub vus: u64,
    /// Iterations that this machine has to run, where they are counted.
    pub iterations: Option<u64>,
    /// Iterations that were started.
    pub started: u64,
    /// Iterations that ran to their end.
    pub completed: u64,
}

impl ScenarioLive {
    /// For a scenario that this many workers have a part of.
    pub(crate) fn new(workers: u64) -> Self {
        Self {
            workers_left: AtomicU64::new(workers),
            ..Self::default()
        }
    }

    /// Its state at `now`, where it was to start at `start` and to start iterations for `duration`.
    pub(crate) fn state(&self, now: Instant, start: Instant, duration: Duration) -> ScenarioState {
        if self.workers_left.load(Ordering::Acquire) == 0 {
            return match self.interrupted.load(Ordering::Relaxed) {
                true => ScenarioState::Interrupted,
                false => ScenarioState::Done,
            };
        }
        match now.checked_duration_since(start) {
            None => ScenarioState::Waiting,
            Some(passed) if passed < duration => ScenarioState::Running,
            Some(_) => ScenarioState::Stopping,
        }
    }

    /// One worker has finished; whether it was the last.
    pub(crate) fn worker_finished(&self) -> bool {
        self.workers_left.fetch_sub(1, Ordering::AcqRel) == 1
    }

    /// How it stands at `now`.
    pub(crate) fn progress(
        &self,
        scenario: &Arc<Scenario>,
        portion: Portion,
        now: Instant,
        start: Instant,
    ) -> ScenarioProgress {
        let duration = scenario.load.duration();
        let state = self.state(now, start, duration);
        let elapsed = now.saturating_duration_since(start).min(duration);
        let started = self.iterations_started.load(Ordering::Relaxed);
        let completed = self.iterations_completed.load(Ordering::Relaxed);
        let fraction = match state {
            ScenarioState::Done => 1.0,
            _ => fraction(scenario, portion, completed, elapsed),
        };
        let allocated = self.vus_allocated.load(Ordering::Relaxed);
        let vus = if allocated == 0 {
            portion.max_vus
        } else {
            allocated
        };
        let vus_active = self.vus_active.load(Ordering::Relaxed);
        ScenarioProgress {
            scenario: scenario.clone(),
            state,
            elapsed,
            fraction,
            vus_active,
            vus,
            iterations: portion.iterations,
            started,
            completed,
        }
    }
}

/// What one machine does of a scenario.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Portion {
    pub(crate) max_vus: u64,
    /// Where iterations are counted.
    pub(crate) iterations: Option<u64>,
}

impl Portion {
    pub(crate) fn new(scenario: &Scenario, share: &Share) -> Self {
        let max_vus = share.scale(scenario.load.max_vus());
        let budget = match &scenario.load {
            Load::Closed(closed) => closed.budget,
            Load::Open(_) => Budget::Unbounded,
        };
        let iterations = match budget {
            Budget::Unbounded => None,
            Budget::Shared(iterations) => Some(share.scale(iterations)),
            Budget::PerVu(iterations) => Some(iterations.saturating_mul(max_vus)),
        };
        Self {
            max_vus,
            iterations,
        }
    }
}

/// How much of a scenario is done: of its iterations where they are counted, else of its time.
pub(crate) fn fraction(
    scenario: &Scenario,
    portion: Portion,
    completed: u64,
    elapsed: Duration,
) -> f64 {
    let whole = match portion.iterations {
        Some(iterations) => return (completed as f64 / iterations.max(1) as f64).min(1.0),
        None => scenario.load.duration().as_secs_f64(),
    };
    (elapsed.as_secs_f64() / whole.max(f64::MIN_POSITIVE)).min(1.0)
}

#[cfg(test)]
mod tests {
    use brunt_plan::parse_scenarios;
    use serde_json::json;

    use super::*;

    /// The bar of a machine that had done all of its third once stood at 33 %.
    #[test]
    fn a_machine_is_done_with_its_own_share() {
        let config = json!({ "s": {"executor": "shared-iterations", "vus": 3, "iterations": 9} });
        let scenarios = parse_scenarios(config.as_object().unwrap()).unwrap();
        let share = Share::segment(&"0:1/3".parse().unwrap(), None).unwrap();
        let portion = Portion::new(&scenarios[0], &share);
        assert_eq!((portion.max_vus, portion.iterations), (1, Some(3)));
        let done = |completed| fraction(&scenarios[0], portion, completed, Duration::ZERO);
        assert_eq!((done(0), done(3)), (0.0, 1.0));
    }
}
