//! Defines the evaluation of thresholds, during the run and at its end.
//!
//! Without a sample, k6's rules hold: during the run the threshold is passed over; at the end a counter, a gauge
//! and a trend read 0 and are compared like that, and a rate, which has no value then, passes. Such a result says
//! that there was [no data](ThresholdResult::no_data), so that whoever shows it can say so.

use std::sync::Arc;
use std::time::Duration;

use super::{Method, Threshold, Thresholds};
use crate::definition::Kind;
use crate::selector::Selector;
use crate::totals::Totals;

/// When thresholds are evaluated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moment {
    /// While iterations are running.
    DuringRun,
    /// When everything has been measured.
    AtEnd,
}

/// What became of all thresholds.
#[derive(Clone, Debug, Default)]
pub struct Evaluation {
    /// One per threshold, in the order they were written.
    pub results: Vec<ThresholdResult>,
}

/// What became of one threshold.
#[derive(Clone, Debug)]
pub struct ThresholdResult {
    /// The metric or sub-metric.
    pub selector: Selector,
    /// The expression as it was written.
    pub expression: Arc<str>,
    /// What was read.
    pub method: Method,
    /// The reading, unless there is none.
    pub observed: Option<f64>,
    /// Whether the promise is kept so far.
    pub passed: bool,
    /// Whether the metric has no sample.
    pub no_data: bool,
    /// Whether the run must end because of this.
    pub aborts: bool,
}

impl Thresholds {
    /// Compares the totals after `elapsed` of the run with every promise.
    pub fn evaluate(&self, totals: &Totals, elapsed: Duration, moment: Moment) -> Evaluation {
        let results = self
            .iter()
            .map(|t| evaluate_one(t, totals, elapsed, moment))
            .collect();
        Evaluation { results }
    }
}

impl Evaluation {
    /// The thresholds that are crossed.
    pub fn crossed(&self) -> impl Iterator<Item = &ThresholdResult> {
        self.results.iter().filter(|result| !result.passed)
    }

    /// Whether every promise is kept.
    pub fn passed(&self) -> bool {
        self.crossed().next().is_none()
    }

    /// The first threshold that ends the run.
    pub fn abort(&self) -> Option<&ThresholdResult> {
        self.results.iter().find(|result| result.aborts)
    }

    /// The results under the key `source`, as it was written.
    pub fn of<'a>(&'a self, source: &'a str) -> impl Iterator<Item = &'a ThresholdResult> {
        self.results
            .iter()
            .filter(move |result| &*result.selector.source == source)
    }
}

fn evaluate_one(
    threshold: &Threshold,
    totals: &Totals,
    elapsed: Duration,
    moment: Moment,
) -> ThresholdResult {
    let expression = &threshold.expression;
    let aggregate = totals.select(&threshold.selector);
    let observed = match (aggregate, moment) {
        (Some(aggregate), _) => expression.method.read(aggregate, elapsed.as_secs_f64()),
        (None, Moment::AtEnd) if threshold.selector.metric.kind != Kind::Rate => Some(0.0),
        (None, _) => None,
    };
    let passed = observed.is_none_or(|value| expression.holds(value));
    let due = threshold.delay_abort.is_none_or(|delay| delay < elapsed);
    ThresholdResult {
        selector: threshold.selector.clone(),
        expression: Arc::clone(&expression.source),
        method: expression.method,
        observed,
        passed,
        no_data: aggregate.is_none(),
        aborts: !passed && threshold.abort_on_fail && due,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::{Breakdown, Recorder, RecorderSettings, Registry, Routing, builtin};

    /// 10 requests of 10 to 100 ms, 3 of them failed, half of them to `/a`.
    fn evaluate(option: &Value, elapsed_s: u64, moment: Moment) -> Evaluation {
        let registry = Arc::new(Registry::new());
        let thresholds = Thresholds::from_json(option, &registry).expect("valid");
        let routing = Arc::new(Routing::new(thresholds.selectors(), Breakdown::Off));
        let settings = RecorderSettings::default();
        let mut recorder = Recorder::new(Arc::clone(&registry), Arc::clone(&routing), settings);
        for i in 0..10u64 {
            let tags = recorder.intern_pairs(&[("name", if i % 2 == 0 { "/a" } else { "/b" })]);
            recorder.record(builtin::HTTP_REQS, tags, 1.0, i);
            recorder.record(
                builtin::HTTP_REQ_FAILED,
                tags,
                f64::from(u8::from(i < 3)),
                i,
            );
            recorder.record(builtin::HTTP_REQ_DURATION, tags, (i + 1) as f64 * 10.0, i);
            recorder.record(builtin::VUS, tags, i as f64, i);
        }
        let mut totals = Totals::new(registry, routing);
        totals.absorb(recorder.snapshot());
        thresholds.evaluate(&totals, Duration::from_secs(elapsed_s), moment)
    }

    fn check(metric: &str, expression: &str, observed: Option<f64>, passed: bool) {
        let evaluation = evaluate(&json!({ metric: expression }), 5, Moment::AtEnd);
        let result = &evaluation.results[0];
        let near = match (result.observed, observed) {
            (Some(a), Some(b)) => (a - b).abs() < 1e-9,
            (a, b) => a == b,
        };
        assert!(near, "{metric} {expression}: {:?}", result.observed);
        assert_eq!(result.passed, passed, "{metric} {expression}");
    }

    #[test]
    fn every_method_is_read() {
        check("http_reqs", "count==10", Some(10.0), true);
        check("http_reqs", "rate<2", Some(2.0), false);
        check("http_req_failed", "rate<=0.3", Some(0.3), true);
        check("vus", "value>8", Some(9.0), true);
        check("http_req_duration", "avg<55", Some(55.0), false);
        check("http_req_duration", "min>=10", Some(10.0), true);
        check("http_req_duration", "med==55", Some(55.0), true);
        check("http_req_duration", "max<=100", Some(100.0), true);
        check("http_req_duration", "p(90)<91.1", Some(91.0), true);
        check("http_req_duration{name:/a}", "max<100", Some(90.0), true);
        check("http_reqs{name:/b}", "count>5", Some(5.0), false);
    }

    #[test]
    fn no_data_is_visible_and_follows_k6() {
        check("dropped_iterations", "count<1", Some(0.0), true);
        check("iterations", "count>0", Some(0.0), false);
        check("iteration_duration", "p(95)<1", Some(0.0), true);
        check("checks", "rate>0.99", None, true);
        check("http_reqs{name:/c}", "count>0", Some(0.0), false);
        let at_end = evaluate(&json!({"checks": "rate>0.99"}), 5, Moment::AtEnd);
        assert!(at_end.results[0].no_data);
        let during = evaluate(&json!({"iterations": "count>0"}), 5, Moment::DuringRun);
        assert!(during.passed() && during.results[0].no_data);
    }

    #[test]
    fn aborting_waits_for_its_delay() {
        let option = json!({"http_reqs": {"threshold": "count>10", "abortOnFail": true, "delayAbortEval": "5s"}});
        for (elapsed, aborts) in [(4, false), (5, false), (6, true)] {
            let evaluation = evaluate(&option, elapsed, Moment::DuringRun);
            assert_eq!(evaluation.abort().is_some(), aborts, "{elapsed}");
            assert_eq!(evaluation.crossed().count(), 1);
        }
    }
}
