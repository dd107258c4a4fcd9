//! Defines the options of a run and its scenarios, under k6's names.

use std::time::Duration;

use serde::Serialize;
use serde_json::{Map, json};

use crate::Json;

/// The options of a run.
///
/// What is not set here keeps its default, and what is set here gives way to the environment and the command line.
///
/// ```
/// # use brunt_sdk::prelude::*;
/// let options = Options::new()
///     .vus(10)
///     .duration("30s")
///     .threshold("http_req_duration", "p(95)<200")
///     .set("discardResponseBodies", true);
/// ```
#[derive(Debug, Default, Clone, PartialEq, Serialize)]
#[serde(transparent)]
pub struct Options {
    values: Map<String, Json>,
}

impl Options {
    /// No option set.
    pub fn new() -> Self {
        Self::default()
    }

    /// How many VUs run the function `default`.
    pub fn vus(self, vus: u64) -> Self {
        self.set("vus", vus)
    }

    /// How long they run it: `"30s"`, `"1h10m"`, or a [`Duration`].
    pub fn duration(self, duration: impl Into<Span>) -> Self {
        self.set("duration", duration.into())
    }

    /// How many iterations all VUs run together.
    pub fn iterations(self, iterations: u64) -> Self {
        self.set("iterations", iterations)
    }

    /// Adds a stage: within `duration`, the number of VUs goes in a straight line to `target`.
    pub fn stage(mut self, duration: impl Into<Span>, target: u64) -> Self {
        push(&mut self.values, "stages", stage(duration, target));
        self
    }

    /// Adds a scenario; with one, `vus`, `duration`, `iterations` and `stage` are refused by the engine.
    pub fn scenario(mut self, name: &str, scenario: Scenario) -> Self {
        insert(&mut self.values, "scenarios", name, scenario.values.into());
        self
    }

    /// Adds a threshold, the condition that a metric must meet for the run to pass: `("http_req_failed", "rate<0.01")`.
    /// The metric may select by tags: `"http_req_duration{name:login}"`.
    pub fn threshold(mut self, metric: &str, condition: &str) -> Self {
        push(
            object(&mut self.values, "thresholds"),
            metric,
            condition.into(),
        );
        self
    }

    /// Adds a threshold that ends the run when it is crossed, but not before `delay` has passed.
    pub fn threshold_abort(
        mut self,
        metric: &str,
        condition: &str,
        delay: impl Into<Span>,
    ) -> Self {
        let threshold = json!({
            "threshold": condition,
            "abortOnFail": true,
            "delayAbortEval": delay.into(),
        });
        push(object(&mut self.values, "thresholds"), metric, threshold);
        self
    }

    /// Adds a tag to every sample of the run.
    pub fn tag(mut self, name: &str, value: &str) -> Self {
        insert(&mut self.values, "tags", name, value.into());
        self
    }

    /// How long `setup` may take. Default: 60 s.
    pub fn setup_timeout(self, timeout: impl Into<Span>) -> Self {
        self.set("setupTimeout", timeout.into())
    }

    /// How long `teardown` may take. Default: 60 s.
    pub fn teardown_timeout(self, timeout: impl Into<Span>) -> Self {
        self.set("teardownTimeout", timeout.into())
    }

    /// Sets any option by k6's name for it.
    pub fn set(mut self, name: &str, value: impl Into<Json>) -> Self {
        self.values.insert(name.to_owned(), value.into());
        self
    }
}

/// A scenario: which function runs, how much of it, and when.
///
/// Made by the function named after its executor, which takes what that executor can't do without.
///
/// ```
/// # use brunt_sdk::prelude::*;
/// let browse = Scenario::ramping_vus(0)
///     .stage("30s", 50)
///     .stage("10s", 0)
///     .exec("browse")
///     .tag("team", "shop");
/// let buy = Scenario::constant_arrival_rate(50, "1m").pre_allocated_vus(20).start_time("10s");
/// let options = Options::new().scenario("browse", browse).scenario("buy", buy);
/// ```
///
/// The engine refuses what an executor doesn't know, such as `stage` with `constant_vus`, and says where it stands.
#[derive(Debug, Clone, PartialEq)]
pub struct Scenario {
    values: Map<String, Json>,
}

impl Scenario {
    /// This many VUs, each iterating as fast as it can for this long.
    pub fn constant_vus(vus: u64, duration: impl Into<Span>) -> Self {
        Self::of("constant-vus")
            .set("vus", vus)
            .set("duration", duration.into())
    }

    /// A number of VUs that follows the stages, from `start_vus` on.
    pub fn ramping_vus(start_vus: u64) -> Self {
        Self::of("ramping-vus").set("startVUs", start_vus)
    }

    /// This many iterations in all, shared by this many VUs.
    pub fn shared_iterations(vus: u64, iterations: u64) -> Self {
        Self::of("shared-iterations")
            .set("vus", vus)
            .set("iterations", iterations)
    }

    /// This many iterations for each of this many VUs.
    pub fn per_vu_iterations(vus: u64, iterations: u64) -> Self {
        Self::of("per-vu-iterations")
            .set("vus", vus)
            .set("iterations", iterations)
    }

    /// This many iterations begun per `time_unit` (one second unless set) for this long, however slow they are.
    /// Needs [`pre_allocated_vus`](Self::pre_allocated_vus).
    pub fn constant_arrival_rate(rate: u64, duration: impl Into<Span>) -> Self {
        Self::of("constant-arrival-rate")
            .set("rate", rate)
            .set("duration", duration.into())
    }

    /// A rate of iterations per `time_unit` (one second unless set) that follows the stages, from `start_rate` on.
    /// Needs [`pre_allocated_vus`](Self::pre_allocated_vus).
    pub fn ramping_arrival_rate(start_rate: u64) -> Self {
        Self::of("ramping-arrival-rate").set("startRate", start_rate)
    }

    /// The function to run. Default: `default`.
    pub fn exec(self, function: &str) -> Self {
        self.set("exec", function)
    }

    /// When to begin, from the start of the run. Default: at once.
    pub fn start_time(self, start: impl Into<Span>) -> Self {
        self.set("startTime", start.into())
    }

    /// How long iterations may go on after the end before they are interrupted. Default: 30 s.
    pub fn graceful_stop(self, time: impl Into<Span>) -> Self {
        self.set("gracefulStop", time.into())
    }

    /// Adds a variable that [`env`](crate::env) shows in this scenario only.
    pub fn env(mut self, name: &str, value: &str) -> Self {
        insert(&mut self.values, "env", name, value.into());
        self
    }

    /// Adds a tag to every sample of this scenario.
    pub fn tag(mut self, name: &str, value: &str) -> Self {
        insert(&mut self.values, "tags", name, value.into());
        self
    }

    /// Ramping executors: within `duration`, goes in a straight line to `target`.
    pub fn stage(mut self, duration: impl Into<Span>, target: u64) -> Self {
        push(&mut self.values, "stages", stage(duration, target));
        self
    }

    /// `ramping_vus`: how long an iteration may go on when its VU is taken away. Default: 30 s.
    pub fn graceful_ramp_down(self, time: impl Into<Span>) -> Self {
        self.set("gracefulRampDown", time.into())
    }

    /// Arrival rates: what the rate is per. Default: 1 s.
    pub fn time_unit(self, unit: impl Into<Span>) -> Self {
        self.set("timeUnit", unit.into())
    }

    /// Arrival rates: how many VUs stand ready from the start.
    pub fn pre_allocated_vus(self, vus: u64) -> Self {
        self.set("preAllocatedVUs", vus)
    }

    /// Arrival rates: how many VUs there may be at most. Default: as many as stand ready.
    pub fn max_vus(self, vus: u64) -> Self {
        self.set("maxVUs", vus)
    }

    /// Iteration executors: when to end even if iterations are left. Default: 10 min.
    pub fn max_duration(self, duration: impl Into<Span>) -> Self {
        self.set("maxDuration", duration.into())
    }

    /// Sets any option of a scenario by k6's name for it.
    pub fn set(mut self, name: &str, value: impl Into<Json>) -> Self {
        self.values.insert(name.to_owned(), value.into());
        self
    }

    fn of(executor: &str) -> Self {
        Self { values: Map::new() }.set("executor", executor)
    }
}

/// A length of time in an option: a text such as `"1m30s"`, which the engine reads, or a [`Duration`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Span(String);

impl From<&str> for Span {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}

impl From<String> for Span {
    fn from(text: String) -> Self {
        Self(text)
    }
}

impl From<Duration> for Span {
    fn from(duration: Duration) -> Self {
        // k6 reads fractions of a unit, so that nothing finer than a millisecond is lost.
        let whole = duration.as_millis();
        match duration.subsec_nanos() % 1_000_000 {
            0 => Self(format!("{whole}ms")),
            rest => Self(format!("{whole}.{rest:06}ms")),
        }
    }
}

impl From<Span> for Json {
    fn from(span: Span) -> Self {
        Self::String(span.0)
    }
}

/// Sets an option from the argument of an attribute, whose names are in Rust's manner: `max_redirects`.
#[doc(hidden)]
pub fn option(options: Options, name: &str, value: impl Into<Json>) -> Options {
    options.set(&camel_case(name), value)
}

fn camel_case(name: &str) -> String {
    let mut words = name.split('_');
    let mut camel = words.next().unwrap_or_default().to_owned();
    for word in words {
        let mut letters = word.chars();
        camel.extend(letters.next().map(|first| first.to_ascii_uppercase()));
        camel.push_str(letters.as_str());
    }
    camel
}

fn stage(duration: impl Into<Span>, target: u64) -> Json {
    json!({ "duration": duration.into(), "target": target })
}

fn insert(values: &mut Map<String, Json>, key: &str, name: &str, value: Json) {
    object(values, key).insert(name.to_owned(), value);
}

/// The object under this key; whatever else was set there is replaced.
fn object<'a>(values: &'a mut Map<String, Json>, key: &str) -> &'a mut Map<String, Json> {
    let entry = values.entry(key).or_insert_with(|| json!({}));
    if !entry.is_object() {
        *entry = json!({});
    }
    match entry {
        Json::Object(object) => object,
        _ => unreachable!("made an object just above"),
    }
}

/// Appends to the array under this key; whatever else was set there is replaced.
fn push(values: &mut Map<String, Json>, key: &str, value: Json) {
    match values.get_mut(key) {
        Some(Json::Array(array)) => array.push(value),
        _ => {
            values.insert(key.to_owned(), json!([value]));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(options: Options, json: Json) {
        assert_eq!(serde_json::to_value(options).expect("JSON"), json);
    }

    #[test]
    fn names_are_k6s() {
        check(
            Options::new()
                .vus(10)
                .duration("30s")
                .iterations(5)
                .setup_timeout(Duration::from_secs(2)),
            json!({ "vus": 10, "duration": "30s", "iterations": 5, "setupTimeout": "2000ms" }),
        );
        check(
            Options::new()
                .stage("30s", 10)
                .stage("5s", 0)
                .tag("team", "shop"),
            json!({
                "stages": [{ "duration": "30s", "target": 10 }, { "duration": "5s", "target": 0 }],
                "tags": { "team": "shop" },
            }),
        );
    }

    #[test]
    fn thresholds_of_one_metric_add_up() {
        check(
            Options::new()
                .threshold("checks", "rate>0.9")
                .threshold_abort("checks", "rate>0.5", "10s"),
            json!({ "thresholds": { "checks": [
                "rate>0.9",
                { "threshold": "rate>0.5", "abortOnFail": true, "delayAbortEval": "10s" },
            ] } }),
        );
    }

    #[test]
    fn scenarios_of_every_executor() {
        check(
            Options::new()
                .scenario(
                    "a",
                    Scenario::constant_vus(2, "3s")
                        .exec("buy")
                        .env("A", "1")
                        .tag("t", "v"),
                )
                .scenario(
                    "b",
                    Scenario::ramping_vus(1)
                        .stage("3s", 2)
                        .graceful_ramp_down("1s"),
                )
                .scenario("c", Scenario::shared_iterations(2, 9).max_duration("3s"))
                .scenario(
                    "d",
                    Scenario::per_vu_iterations(2, 9)
                        .start_time("3s")
                        .graceful_stop("0s"),
                )
                .scenario(
                    "e",
                    Scenario::constant_arrival_rate(5, "3s")
                        .pre_allocated_vus(1)
                        .max_vus(2),
                )
                .scenario(
                    "f",
                    Scenario::ramping_arrival_rate(5)
                        .stage("3s", 9)
                        .time_unit("1m"),
                ),
            json!({ "scenarios": {
                "a": { "executor": "constant-vus", "vus": 2, "duration": "3s", "exec": "buy",
                       "env": { "A": "1" }, "tags": { "t": "v" } },
                "b": { "executor": "ramping-vus", "startVUs": 1,
                       "stages": [{ "duration": "3s", "target": 2 }], "gracefulRampDown": "1s" },
                "c": { "executor": "shared-iterations", "vus": 2, "iterations": 9, "maxDuration": "3s" },
                "d": { "executor": "per-vu-iterations", "vus": 2, "iterations": 9, "startTime": "3s",
                       "gracefulStop": "0s" },
                "e": { "executor": "constant-arrival-rate", "rate": 5, "duration": "3s",
                       "preAllocatedVUs": 1, "maxVUs": 2 },
                "f": { "executor": "ramping-arrival-rate", "startRate": 5,
                       "stages": [{ "duration": "3s", "target": 9 }], "timeUnit": "1m" },
            } }),
        );
    }

    #[test]
    fn what_was_set_by_hand_is_replaced_not_broken() {
        check(
            Options::new()
                .set("thresholds", 1)
                .threshold("checks", "rate>0.9"),
            json!({ "thresholds": { "checks": ["rate>0.9"] } }),
        );
        check(
            Options::new().set("stages", "x").stage("1s", 1),
            json!({ "stages": [{ "duration": "1s", "target": 1 }] }),
        );
    }

    #[test]
    fn durations_keep_their_precision() {
        assert_eq!(Span::from(Duration::from_millis(1500)).0, "1500ms");
        assert_eq!(Span::from(Duration::from_micros(1500)).0, "1.500000ms");
        assert_eq!(Span::from(Duration::from_nanos(1)).0, "0.000001ms");
    }

    #[test]
    fn attribute_names_become_k6s() {
        check(
            option(Options::new(), "max_redirects", 3),
            json!({ "maxRedirects": 3 }),
        );
        assert_eq!(camel_case("vus"), "vus");
        assert_eq!(
            camel_case("insecure_skip_TLS_verify"),
            "insecureSkipTLSVerify"
        );
        assert_eq!(camel_case("_"), "");
    }
}
