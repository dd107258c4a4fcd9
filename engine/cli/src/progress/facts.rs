//! Defines what stands beside a scenario's bar: VUs, time, and the load's own figure.

use std::time::Duration;

use brunt_runner::plan::{Arrivals, Budget, Closed, Load, Open};
use brunt_runner::{Progress, ScenarioProgress, ScenarioState};

use super::lines::{Bar, View, fixed, of};
use super::written;

/// What is shown of `progress` in a run that lasts `longest` at most.
pub(super) fn view(progress: &Progress, longest: Duration) -> View {
    View {
        elapsed: progress.elapsed,
        longest,
        vus_active: progress.vus_active,
        vus: progress.vus,
        completed: progress.completed,
        interrupted: progress.interrupted,
        bars: progress
            .scenarios
            .iter()
            .map(|scenario| bar(scenario, progress.elapsed))
            .collect(),
    }
}

fn bar(progress: &ScenarioProgress, run: Duration) -> Bar {
    let scenario = &progress.scenario;
    let facts = match (&scenario.load, progress.state) {
        (_, ScenarioState::Waiting) => {
            let left = scenario.start_time.saturating_sub(run);
            vec![format!("waiting {}", fixed(left, scenario.start_time))]
        }
        (Load::Open(open), _) => open_facts(open, progress),
        (Load::Closed(closed), _) => closed_facts(closed, progress),
    };
    Bar {
        name: scenario.name.clone(),
        state: progress.state,
        fraction: progress.fraction,
        facts,
    }
}

fn open_facts(open: &Open, progress: &ScenarioProgress) -> Vec<String> {
    let seconds = open.arrivals.time_unit().as_secs_f64();
    let width = format!("{:.2}", open.arrivals.peak_rate() as f64 / seconds).len();
    let start = progress
        .scenario
        .config
        .get("startRate")
        .and_then(|rate| rate.as_f64());
    let rate = rate_at(&open.arrivals, start.unwrap_or(0.0), progress.elapsed) / seconds;
    let vus = format!("{} VUs", of(progress.vus_active, progress.vus));
    vec![
        vus,
        regular_time(progress),
        format!("{rate:0width$.2} iters/s"),
    ]
}

fn closed_facts(closed: &Closed, progress: &ScenarioProgress) -> Vec<String> {
    let all = format!("{} VUs", progress.vus);
    let curve = &closed.curve;
    match closed.budget {
        Budget::Shared(iterations) => {
            let iterations = progress.iterations.unwrap_or(iterations);
            let done = of(progress.completed, iterations);
            vec![all, time_of(progress), format!("{done} shared iters")]
        }
        Budget::PerVu(iterations) => {
            let done = of(progress.completed, iterations.saturating_mul(progress.vus));
            vec![
                all,
                time_of(progress),
                format!("{done} iters, {iterations} per VU"),
            ]
        }
        Budget::Unbounded if curve.stages().iter().all(|s| s.target == curve.start()) => {
            vec![all, regular_time(progress)]
        }
        Budget::Unbounded => {
            let vus = format!("{} VUs", of(progress.vus_active, curve.peak()));
            vec![vus, regular_time(progress)]
        }
    }
}

/// The time that has passed of the regular duration, then that duration alone.
fn regular_time(progress: &ScenarioProgress) -> String {
    let duration = progress.scenario.load.duration();
    if progress.elapsed >= duration {
        written(duration)
    } else {
        time_of(progress)
    }
}

/// `05.0s/30s`
fn time_of(progress: &ScenarioProgress) -> String {
    let duration = progress.scenario.load.duration();
    format!(
        "{}/{}",
        fixed(progress.elapsed, duration),
        written(duration)
    )
}

/// Iterations per time unit at `elapsed`: on the straight line of the stage that it falls into.
fn rate_at(arrivals: &Arrivals, start: f64, elapsed: Duration) -> f64 {
    let Some(stages) = arrivals.stages() else {
        return arrivals.peak_rate() as f64;
    };
    let (mut rate, mut left) = (start, elapsed);
    for stage in stages {
        let target = stage.target as f64;
        if left < stage.duration {
            return rate + (target - rate) * left.as_secs_f64() / stage.duration.as_secs_f64();
        }
        (rate, left) = (target, left - stage.duration);
    }
    rate
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use brunt_runner::plan::parse_scenarios;
    use serde_json::{Value, json};

    use super::*;

    /// The facts of a scenario with 3 of its 10 VUs busy, `elapsed_s` seconds after its start.
    fn check(config: Value, elapsed_s: u64, state: ScenarioState, expected: &[&str]) {
        let map = json!({ "s": config });
        let scenarios = parse_scenarios(map.as_object().expect("an object")).expect("valid");
        let scenario = Arc::new(scenarios.into_iter().next().expect("one"));
        let elapsed = Duration::from_secs(elapsed_s);
        let (vus_active, vus, started, completed, fraction) = (3, 10, 9, 7, 0.5);
        let progress = ScenarioProgress {
            scenario,
            state,
            elapsed,
            fraction,
            vus_active,
            vus,
            iterations: None,
            started,
            completed,
        };
        assert_eq!(bar(&progress, elapsed).facts, expected);
    }

    #[test]
    fn every_executor_shows_its_own() {
        let running = ScenarioState::Running;
        let constant = json!({"executor": "constant-arrival-rate", "rate": 50, "duration": "30s", "preAllocatedVUs": 10});
        check(
            constant.clone(),
            5,
            running,
            &["03/10 VUs", "05.0s/30s", "50.00 iters/s"],
        );
        check(
            constant,
            30,
            ScenarioState::Done,
            &["03/10 VUs", "30s", "50.00 iters/s"],
        );
        let ramping = json!({
            "executor": "ramping-arrival-rate", "startRate": 100, "preAllocatedVUs": 10,
            "stages": [{"duration": "10s", "target": 200}, {"duration": "10s", "target": 0}],
        });
        check(
            ramping.clone(),
            5,
            running,
            &["03/10 VUs", "05.0s/20s", "150.00 iters/s"],
        );
        check(
            ramping,
            15,
            running,
            &["03/10 VUs", "15.0s/20s", "100.00 iters/s"],
        );
        let looping = json!({"executor": "constant-vus", "vus": 10, "duration": "90s"});
        check(looping, 5, running, &["10 VUs", "0m05.0s/1m30s"]);
        let ramp = json!({"executor": "ramping-vus", "startVUs": 1, "stages": [{"duration": "10s", "target": 10}]});
        check(ramp, 5, running, &["03/10 VUs", "05.0s/10s"]);
        let shared = json!({"executor": "shared-iterations", "vus": 10, "iterations": 100});
        check(
            shared,
            5,
            running,
            &["10 VUs", "00m05.0s/10m0s", "007/100 shared iters"],
        );
        let per_vu = json!({"executor": "per-vu-iterations", "vus": 10, "iterations": 5});
        check(
            per_vu,
            5,
            running,
            &["10 VUs", "00m05.0s/10m0s", "07/50 iters, 5 per VU"],
        );
        let later = json!({"executor": "constant-vus", "duration": "30s", "startTime": "20s"});
        check(later, 5, ScenarioState::Waiting, &["waiting 15.0s"]);
    }
}
