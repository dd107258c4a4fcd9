//! Defines a scenario: a named load with its start, its graceful stop and what it runs; and how k6's JSON is read into it.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Map, Value, json};

use crate::error::{PlanError, Problem};
use crate::executors::Executor;
use crate::fields::Fields;
use crate::load::Load;
use crate::suggest;

/// A load and how it is to be run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scenario {
    /// Letters, digits, `_` and `-`.
    pub name: String,
    /// The preset by which the load was asked for.
    pub executor: Executor,
    /// When it begins, since the start of the run.
    pub start_time: Duration,
    /// How long iterations may still run after the regular duration.
    pub graceful_stop: Duration,
    /// The exported function that one iteration calls.
    pub exec: String,
    /// Environment variables that are set, or set differently, for this scenario.
    pub env: BTreeMap<String, String>,
    /// Tags of everything that this scenario measures.
    pub tags: BTreeMap<String, String>,
    /// What load, when.
    pub load: Load,
    /// The configuration it was read from, in k6's shape.
    pub config: Map<String, Value>,
}

/// Reads the `scenarios` option: a map from name to configuration.
///
/// The scenarios come back in order of their start, those that start together in order of their names.
///
/// # Errors
/// Everything that is wrong with any of the scenarios.
pub fn parse_scenarios(scenarios: &Map<String, Value>) -> Result<Vec<Scenario>, PlanError> {
    let mut problems = Vec::new();
    let mut parsed: Vec<Scenario> = scenarios
        .iter()
        .filter_map(|(name, config)| Scenario::read(name, config, &mut problems))
        .collect();
    if scenarios.is_empty() {
        problems.push(Problem::general(
            "scenarios is empty; name at least one scenario",
        ));
    }
    parsed
        .sort_by(|left, right| (left.start_time, &left.name).cmp(&(right.start_time, &right.name)));
    PlanError::check(problems, parsed)
}

impl Scenario {
    /// The regular duration plus the graceful stop, from the scenario's start.
    pub fn max_duration(&self) -> Duration {
        self.load.duration() + self.graceful_stop
    }

    /// The scenario `default` that the options `vus`, `duration`, `iterations` and `stages` (in k6's JSON) stand for:
    /// iterations (with duration as limit) shared among VUs; a duration of looping VUs; stages of ramping VUs; VUs alone
    /// run one iteration each; nothing at all is one iteration. Other options are not looked at.
    ///
    /// # Errors
    /// When options that exclude each other are given, and whatever is wrong with the scenario that results.
    pub fn from_shortcuts(options: &Map<String, Value>) -> Result<Scenario, PlanError> {
        let config = shortcut_config(options)?;
        let mut problems = Vec::new();
        let scenario = Scenario::read("default", &config, &mut problems);
        PlanError::check(problems, ())?;
        scenario.ok_or_else(|| {
            PlanError::one(Problem::general("the shortcut options make no scenario"))
        })
    }

    fn read(name: &str, config: &Value, problems: &mut Vec<Problem>) -> Option<Scenario> {
        let Value::Object(map) = config else {
            problems.push(Problem::of_scenario(
                name,
                format!("must be an object with an executor, got {config}"),
            ));
            return None;
        };
        let mut fields = Fields::new(name, map, problems);
        check_name(name, &mut fields);
        let executor = read_executor(&mut fields)?;
        fields.reject_unknown(executor.name(), executor.keys(), &COMMON_KEYS);
        reject_browser(&mut fields);
        let (start_time, graceful_stop) = (start_time(&mut fields), graceful_stop(&mut fields));
        let (exec, env, tags) = (
            fields.text("exec"),
            fields.texts("env"),
            fields.texts("tags"),
        );
        let load = executor.load(&mut fields);
        Some(Scenario {
            name: name.to_owned(),
            executor,
            start_time: start_time?,
            graceful_stop: graceful_stop?,
            exec: exec.unwrap_or_else(|| "default".to_owned()),
            env,
            tags,
            load: load?,
            config: map.clone(),
        })
    }
}

/// The shortcut options in the shape of a scenario's JSON.
fn shortcut_config(options: &Map<String, Value>) -> Result<Value, PlanError> {
    let given = |key: &str| options.get(key).filter(|value| !is_absent(value));
    let vus = given("vus").cloned().unwrap_or_else(|| json!(1));
    let config = match (given("stages"), given("iterations"), given("duration")) {
        (Some(_), Some(_), _) => return Err(excluded("iterations and stages")),
        (Some(_), None, Some(_)) => return Err(excluded("duration and stages")),
        (Some(stages), None, None) => {
            json!({ "executor": "ramping-vus", "startVUs": vus, "stages": stages })
        }
        (None, Some(iterations), Some(duration)) => json!({
            "executor": "shared-iterations", "vus": vus, "iterations": iterations, "maxDuration": duration,
        }),
        (None, Some(iterations), None) => {
            json!({ "executor": "shared-iterations", "vus": vus, "iterations": iterations })
        }
        (None, None, Some(duration)) => {
            json!({ "executor": "constant-vus", "vus": vus, "duration": duration })
        }
        (None, None, None) if given("vus").is_some() => {
            // What is wrong with `vus` is said once, of `vus`.
            let number = vus.as_f64().or_else(|| vus.as_str()?.trim().parse().ok());
            let is_count = number.is_some_and(|number: f64| number >= 1.0 && number.fract() == 0.0);
            let iterations = if is_count { vus.clone() } else { json!(1) };
            json!({ "executor": "shared-iterations", "vus": vus, "iterations": iterations })
        }
        (None, None, None) => json!({ "executor": "per-vu-iterations", "vus": 1, "iterations": 1 }),
    };
    Ok(config)
}

fn is_absent(value: &Value) -> bool {
    value.is_null() || value.as_str() == Some("") || value.as_array().is_some_and(Vec::is_empty)
}

fn excluded(options: &str) -> PlanError {
    PlanError::one(Problem::general(format!(
        "{options} can't be used together; choose one, or use scenarios"
    )))
}

const COMMON_KEYS: [&str; 7] = [
    "executor",
    "startTime",
    "gracefulStop",
    "exec",
    "env",
    "tags",
    "options",
];

const GRACEFUL_STOP: Duration = Duration::from_secs(30);

fn check_name(name: &str, fields: &mut Fields<'_>) {
    let valid = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
    if name.is_empty() || !name.bytes().all(valid) {
        fields.problem("the name of a scenario may have only letters, digits, \"_\" and \"-\", and at least one of them");
    }
}

fn read_executor(fields: &mut Fields<'_>) -> Option<Executor> {
    fields.require("executor");
    let name = fields.text("executor")?;
    let executor = Executor::from_name(&name);
    if name == "externally-controlled" {
        fields.problem("the executor externally-controlled is not supported (k6 v2 removed it too); use ramping-vus");
    } else if executor.is_none() {
        let names = Executor::ALL.map(Executor::name);
        let hint = suggest::hint(&name, names);
        fields.problem(format!(
            "unknown executor {name:?}{hint} (one of {})",
            names.join(", ")
        ));
    }
    executor
}

fn start_time(fields: &mut Fields<'_>) -> Option<Duration> {
    fields.duration_or("startTime", Duration::ZERO)
}

fn graceful_stop(fields: &mut Fields<'_>) -> Option<Duration> {
    fields.duration_or("gracefulStop", GRACEFUL_STOP)
}

/// `options` holds nothing but k6's `browser`, and there is no browser.
fn reject_browser(fields: &mut Fields<'_>) {
    let Some(options) = fields.map("options") else {
        return;
    };
    for key in options.keys() {
        if key == "browser" {
            fields.problem(
                "options.browser asks for a browser, and Brunt has none; run browser tests with k6",
            );
        } else {
            fields.problem(format!("unknown key \"options.{key}\""));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::load::{Budget, Closed, Open};

    fn parse(name: &str, config: Value) -> Result<Vec<Scenario>, PlanError> {
        parse_scenarios(&Map::from_iter([(name.to_owned(), config)]))
    }

    fn check_load(config: Value, check: impl Fn(&Load) -> bool) {
        let parsed = parse("s", config.clone());
        assert!(
            parsed
                .as_ref()
                .is_ok_and(|scenarios| check(&scenarios[0].load)),
            "{config}: {parsed:?}"
        );
    }

    fn check_error(config: Value, messages: &[&str]) {
        let error = parse("s", config.clone())
            .map(|_| ())
            .map_err(|error| error.to_string());
        let expected: Vec<String> = messages
            .iter()
            .map(|message| format!("scenario \"s\": {message}"))
            .collect();
        assert_eq!(error, Err(expected.join("\n")), "{config}");
    }

    fn is_closed(vus: u64, seconds: u64, budget: Budget) -> impl Fn(&Load) -> bool {
        move |load| {
            *load == Load::Closed(Closed::constant(vus, Duration::from_secs(seconds), budget))
        }
    }

    fn is_open(count: u64, pre_allocated: u64, max: u64) -> impl Fn(&Load) -> bool {
        move |load| match load {
            Load::Open(Open {
                arrivals,
                pre_allocated_vus,
                max_vus,
            }) => (arrivals.count(), *pre_allocated_vus, *max_vus) == (count, pre_allocated, max),
            Load::Closed(_) => false,
        }
    }

    #[test]
    fn reads_every_executor_with_its_defaults() {
        check_load(
            json!({"executor": "constant-vus", "duration": "30s"}),
            is_closed(1, 30, Budget::Unbounded),
        );
        check_load(
            json!({"executor": "constant-vus", "vus": "5", "duration": 2000}),
            is_closed(5, 2, Budget::Unbounded),
        );
        check_load(
            json!({"executor": "shared-iterations"}),
            is_closed(1, 600, Budget::Shared(1)),
        );
        check_load(
            json!({"executor": "per-vu-iterations", "vus": 3, "iterations": 7.0, "maxDuration": "1m", "exec": null}),
            is_closed(3, 60, Budget::PerVu(7)),
        );
        check_load(
            json!({"executor": "ramping-vus", "stages": [{"duration": "1m", "target": 10}, {"duration": 0, "target": 0}]}),
            |load| match load {
                Load::Closed(Closed {
                    curve,
                    budget: Budget::Unbounded,
                    graceful_ramp_down,
                }) => {
                    (curve.start(), curve.peak(), curve.stages().len()) == (1, 10, 2)
                        && *graceful_ramp_down == Duration::from_secs(30)
                }
                _ => false,
            },
        );
        check_load(
            json!({"executor": "constant-arrival-rate", "rate": 50, "duration": "30s", "preAllocatedVUs": 4}),
            is_open(1500, 4, 4),
        );
        check_load(
            json!({"executor": "ramping-arrival-rate", "timeUnit": "1m", "preAllocatedVUs": 4, "maxVUs": 9,
                   "stages": [{"duration": "1m", "target": 60}]}),
            is_open(30, 4, 9),
        );
    }

    #[test]
    fn reads_what_all_executors_share() -> Result<(), PlanError> {
        let scenarios = parse(
            "api-1",
            json!({
                "executor": "constant-vus", "duration": "1s", "startTime": "10s", "gracefulStop": "0s", "exec": "api",
                "env": {"A": "1"}, "tags": {"kind": "api"},
            }),
        )?;
        let scenario = &scenarios[0];
        assert_eq!(
            (scenario.start_time, scenario.graceful_stop),
            (Duration::from_secs(10), Duration::ZERO)
        );
        assert_eq!(
            (
                scenario.exec.as_str(),
                scenario.env["A"].as_str(),
                scenario.tags["kind"].as_str()
            ),
            ("api", "1", "api")
        );
        assert_eq!(scenario.max_duration(), Duration::from_secs(1));
        Ok(())
    }

    #[test]
    fn sorts_by_start_and_name() -> Result<(), PlanError> {
        let config =
            |start| json!({"executor": "constant-vus", "duration": "1s", "startTime": start});
        let map = Map::from_iter(
            [("c", "0s"), ("b", "5s"), ("a", "5s")]
                .map(|(name, start)| (name.to_owned(), config(start))),
        );
        let names: Vec<String> = parse_scenarios(&map)?
            .into_iter()
            .map(|scenario| scenario.name)
            .collect();
        assert_eq!(names, ["c", "a", "b"]);
        Ok(())
    }

    #[test]
    fn says_everything_that_is_wrong() {
        check_error(json!({}), &["executor is missing"]);
        check_error(json!(5), &["must be an object with an executor, got 5"]);
        check_error(
            json!({"executor": "constant-vu"}),
            &[
                "unknown executor \"constant-vu\"; did you mean \"constant-vus\"? (one of constant-vus, ramping-vus, shared-iterations, per-vu-iterations, constant-arrival-rate, ramping-arrival-rate)",
            ],
        );
        check_error(
            json!({"executor": "externally-controlled"}),
            &[
                "the executor externally-controlled is not supported (k6 v2 removed it too); use ramping-vus",
            ],
        );
        check_error(
            json!({"executor": "constant-vus", "duraton": "1s", "vus": 0, "gracefulStop": "x"}),
            &[
                "unknown key \"duraton\" for executor constant-vus; did you mean \"duration\"?",
                "gracefulStop: \"x\" is not a duration; write for example \"30s\", \"1m30s\" or \"500ms\"",
                "vus must be more than 0",
                "duration is missing",
            ],
        );
        check_error(
            json!({"executor": "constant-vus", "vus": 1.5, "duration": "500ms"}),
            &[
                "vus must be a whole number, got 1.5",
                "duration must be at least 1s, got 500ms",
            ],
        );
        check_error(
            json!({"executor": "constant-vus", "vus": -1, "duration": "1s", "env": {"A": 1}, "exec": 3}),
            &[
                "exec must be text, got 3",
                "env.A must be text, got 1; put it in quotes",
                "vus must not be negative, got -1",
            ],
        );
    }

    #[test]
    fn every_executor_has_its_rules() {
        check_error(
            json!({"executor": "shared-iterations", "vus": 10, "iterations": 5}),
            &["iterations (5) must not be fewer than vus (10)"],
        );
        check_error(
            json!({"executor": "per-vu-iterations", "iterations": 0, "maxDuration": 10}),
            &[
                "iterations must be more than 0",
                "maxDuration must be at least 1s, got 10ms",
            ],
        );
        check_error(
            json!({"executor": "constant-arrival-rate", "rate": 0, "maxVUs": 1}),
            &[
                "rate must be more than 0",
                "duration is missing",
                "preAllocatedVUs is missing",
            ],
        );
        check_error(
            json!({"executor": "constant-arrival-rate", "rate": 1, "duration": "1s", "preAllocatedVUs": 5, "maxVUs": 4}),
            &["maxVUs (4) must not be less than preAllocatedVUs (5)"],
        );
        check_error(
            json!({"executor": "constant-arrival-rate", "rate": 1, "timeUnit": 0, "duration": "1s", "preAllocatedVUs": 5}),
            &["timeUnit must be more than 0"],
        );
        check_error(
            json!({"executor": "ramping-vus", "stages": []}),
            &["stages needs at least one stage, such as { duration: \"30s\", target: 10 }"],
        );
        check_error(
            json!({"executor": "ramping-vus", "startVUs": 0, "stages": [{"duration": "1s", "target": 0}]}),
            &["startVUs or the target of a stage must be more than 0"],
        );
        check_error(
            json!({"executor": "ramping-vus", "stages": [{"duration": "1s"}, 7, {"durations": "1s", "target": 100_000_001}]}),
            &[
                "stages[0]: target is missing",
                "stages[1] must be an object with duration and target, got 7",
                "stages[2]: unknown key \"durations\"; did you mean \"duration\"?",
                "stages[2]: duration is missing",
                "stages[2]: target is above the limit of 100000000",
            ],
        );
        check_error(
            json!({"executor": "constant-vus", "duration": "1s", "options": {"browser": {"type": "chromium"}}}),
            &["options.browser asks for a browser, and Brunt has none; run browser tests with k6"],
        );
    }

    #[test]
    fn names_are_checked() {
        for (name, valid) in [("a_B-9", true), ("", false), ("a b", false), ("ü", false)] {
            assert_eq!(
                parse(name, json!({"executor": "shared-iterations"})).is_ok(),
                valid,
                "{name}"
            );
        }
        assert!(parse_scenarios(&Map::new()).is_err());
    }

    fn from_shortcuts(options: Value) -> Result<Scenario, PlanError> {
        options.as_object().map_or_else(
            || Scenario::from_shortcuts(&Map::new()),
            Scenario::from_shortcuts,
        )
    }

    #[test]
    fn shortcuts_stand_for_scenarios() -> Result<(), PlanError> {
        let cases = [
            (json!({}), Executor::PerVuIterations, 1, 600),
            (
                json!({"vus": null, "stages": []}),
                Executor::PerVuIterations,
                1,
                600,
            ),
            (json!({"vus": 4}), Executor::SharedIterations, 4, 600),
            (json!({"duration": "9s"}), Executor::ConstantVus, 1, 9),
            (
                json!({"iterations": 8, "vus": 2}),
                Executor::SharedIterations,
                2,
                600,
            ),
            (
                json!({"iterations": 8, "duration": 7000}),
                Executor::SharedIterations,
                1,
                7,
            ),
            (
                json!({"stages": [{"duration": "5s", "target": 3}], "vus": 2}),
                Executor::RampingVus,
                2,
                5,
            ),
        ];
        for (options, executor, start, seconds) in cases {
            let scenario = from_shortcuts(options.clone())?;
            let Load::Closed(closed) = &scenario.load else {
                panic!("{options} is not closed")
            };
            let got = (
                scenario.executor,
                closed.curve.start(),
                closed.curve.duration(),
            );
            assert_eq!(
                got,
                (executor, start, Duration::from_secs(seconds)),
                "{options}"
            );
            assert_eq!(scenario.name, "default");
        }
        Ok(())
    }

    #[test]
    fn shortcuts_that_exclude_each_other_are_refused() {
        let stages = json!([{"duration": "5s", "target": 3}]);
        let cases = [
            (
                json!({"stages": stages, "iterations": 1}),
                "iterations and stages can't be used together; choose one, or use scenarios",
            ),
            (
                json!({"stages": stages, "duration": "1s"}),
                "duration and stages can't be used together; choose one, or use scenarios",
            ),
            (
                json!({"iterations": 1, "vus": 2}),
                "scenario \"default\": iterations (1) must not be fewer than vus (2)",
            ),
            (
                json!({"vus": 0}),
                "scenario \"default\": vus must be more than 0",
            ),
        ];
        for (options, message) in cases {
            assert_eq!(
                from_shortcuts(options).map_err(|error| error.to_string()),
                Err(message.to_owned())
            );
        }
    }
}
