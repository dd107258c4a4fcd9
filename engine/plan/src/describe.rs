//! Defines how scenarios and a plan are described in words, as k6's run header does.

use crate::duration::format;
use crate::executors::Executor;
use crate::load::{Budget, Closed, Load, Open};
use crate::plan::Plan;
use crate::scenario::Scenario;
use crate::share::Share;

impl Plan {
    /// Such as `1 scenario, 50 max VUs, 1m0s max duration (incl. graceful stop)`.
    pub fn describe(&self) -> String {
        let plural = if self.scenarios().len() == 1 { "" } else { "s" };
        format!(
            "{} scenario{plural}, {} max VUs, {} max duration (incl. graceful stop)",
            self.scenarios().len(),
            self.requirements().max_possible_vus(),
            format(self.requirements().duration()),
        )
    }

    /// The machine's part of the whole in per cent, such as `33.33`.
    pub fn percent(&self) -> String {
        let (part, whole) = self.share().fraction();
        format!("{:.2}", 100.0 * part as f64 / whole as f64)
    }
}

impl Scenario {
    /// Such as `50 looping VUs for 30s (gracefulStop: 30s)`, in the numbers of one machine's share.
    pub fn describe(&self, share: &Share) -> String {
        let (load, mut facts) = match &self.load {
            Load::Closed(closed) => describe_closed(closed, self.executor, share),
            Load::Open(open) => describe_open(open, share),
        };
        if self.exec != "default" {
            facts.push(format!("exec: {}", self.exec));
        }
        if !self.start_time.is_zero() {
            facts.push(format!("startTime: {}", format(self.start_time)));
        }
        if !self.graceful_stop.is_zero() {
            facts.push(format!("gracefulStop: {}", format(self.graceful_stop)));
        }
        if facts.is_empty() {
            load
        } else {
            format!("{load} ({})", facts.join(", "))
        }
    }
}

fn describe_closed(closed: &Closed, executor: Executor, share: &Share) -> (String, Vec<String>) {
    let (curve, duration) = (&closed.curve, format(closed.curve.duration()));
    let vus = share.scale(curve.peak());
    match closed.budget {
        Budget::Shared(iterations) => {
            let iterations = share.in_proportion_to(curve.peak()).scale(iterations);
            (
                format!("{iterations} iterations shared among {vus} VUs"),
                vec![format!("maxDuration: {duration}")],
            )
        }
        Budget::PerVu(iterations) => (
            format!("{iterations} iterations for each of {vus} VUs"),
            vec![format!("maxDuration: {duration}")],
        ),
        Budget::Unbounded if executor == Executor::RampingVus => {
            let stages = curve.stages().len();
            let load = format!("Up to {vus} looping VUs for {duration} over {stages} stages");
            (
                load,
                vec![format!(
                    "gracefulRampDown: {}",
                    format(closed.graceful_ramp_down)
                )],
            )
        }
        Budget::Unbounded => (format!("{vus} looping VUs for {duration}"), vec![]),
    }
}

fn describe_open(open: &Open, share: &Share) -> (String, Vec<String>) {
    let (rate, duration) = (
        peak_per_second(open, share),
        format(open.arrivals.duration()),
    );
    let load = match open.arrivals.stages() {
        Some(stages) => format!(
            "Up to {rate:.2} iterations/s for {duration} over {} stages",
            stages.len()
        ),
        None => format!("{rate:.2} iterations/s for {duration}"),
    };
    let (pre_allocated, max) = (
        share.scale(open.pre_allocated_vus),
        share.scale(open.max_vus),
    );
    let vus = if pre_allocated == max {
        max.to_string()
    } else {
        format!("{pre_allocated}-{max}")
    };
    (load, vec![format!("maxVUs: {vus}")])
}

fn peak_per_second(open: &Open, share: &Share) -> f64 {
    let (part, whole) = share.in_proportion_to(open.max_vus).fraction();
    let per_unit = open.arrivals.peak_rate() as f64 * part as f64 / whole as f64;
    per_unit / open.arrivals.time_unit().as_secs_f64()
}

#[cfg(test)]
mod tests {
    use serde_json::{Map, Value, json};

    use super::*;
    use crate::error::PlanError;
    use crate::scenario::parse_scenarios;
    use crate::segment::{Segment, SegmentError};

    fn plan(config: Value, share: Share) -> Result<Plan, PlanError> {
        Plan::new(
            parse_scenarios(&Map::from_iter([("s".to_owned(), config)]))?,
            share,
        )
    }

    fn check(config: Value, expected: &str) {
        let described =
            plan(config, Share::whole()).map(|plan| plan.scenarios()[0].describe(plan.share()));
        assert_eq!(described.as_deref(), Ok(expected));
    }

    #[test]
    fn scenarios_read_as_in_k6() {
        check(
            json!({"executor": "constant-vus", "vus": 50, "duration": "30s"}),
            "50 looping VUs for 30s (gracefulStop: 30s)",
        );
        check(
            json!({"executor": "ramping-vus", "startVUs": 0, "stages": [
                {"duration": "30s", "target": 20}, {"duration": "1m", "target": 20}, {"duration": "30s", "target": 0}]}),
            "Up to 20 looping VUs for 2m0s over 3 stages (gracefulRampDown: 30s, gracefulStop: 30s)",
        );
        check(
            json!({"executor": "ramping-vus", "gracefulRampDown": "0s", "stages": [{"duration": "30s", "target": 1}]}),
            "Up to 1 looping VUs for 30s over 1 stages (gracefulRampDown: 0s, gracefulStop: 30s)",
        );
        check(
            json!({"executor": "shared-iterations", "vus": 10, "iterations": 200}),
            "200 iterations shared among 10 VUs (maxDuration: 10m0s, gracefulStop: 30s)",
        );
        check(
            json!({"executor": "per-vu-iterations", "vus": 10, "iterations": 5, "gracefulStop": "0s"}),
            "5 iterations for each of 10 VUs (maxDuration: 10m0s)",
        );
        check(
            json!({"executor": "constant-arrival-rate", "rate": 50, "duration": "30s", "preAllocatedVUs": 50}),
            "50.00 iterations/s for 30s (maxVUs: 50, gracefulStop: 30s)",
        );
        check(
            json!({"executor": "ramping-arrival-rate", "preAllocatedVUs": 10, "maxVUs": 50, "stages": [
                {"duration": "30s", "target": 200}, {"duration": "30s", "target": 0}]}),
            "Up to 200.00 iterations/s for 1m0s over 2 stages (maxVUs: 10-50, gracefulStop: 30s)",
        );
        check(
            json!({"executor": "constant-vus", "duration": "3s", "gracefulStop": 0, "exec": "api", "startTime": "10s"}),
            "1 looping VUs for 3s (exec: api, startTime: 10s)",
        );
        check(
            json!({"executor": "constant-vus", "duration": "3s", "gracefulStop": 0}),
            "1 looping VUs for 3s",
        );
    }

    #[test]
    fn a_plan_is_one_line() -> Result<(), PlanError> {
        let plan = plan(
            json!({"executor": "constant-vus", "vus": 50, "duration": "30s"}),
            Share::whole(),
        )?;
        assert_eq!(
            plan.describe(),
            "1 scenario, 50 max VUs, 1m0s max duration (incl. graceful stop)"
        );
        assert_eq!(plan.percent(), "100.00");
        Ok(())
    }

    #[test]
    fn a_segment_is_described_in_its_own_numbers() -> Result<(), SegmentError> {
        let share = Share::segment(&"0:1/4".parse::<Segment>()?, None)?;
        let open = json!({"executor": "constant-arrival-rate", "rate": 10, "duration": "30s", "preAllocatedVUs": 8});
        let described = plan(open, share)
            .map(|plan| (plan.scenarios()[0].describe(plan.share()), plan.percent()));
        let expected = "2.50 iterations/s for 30s (maxVUs: 2, gracefulStop: 30s)";
        assert_eq!(described, Ok((expected.to_owned(), "25.00".to_owned())));
        Ok(())
    }
}
