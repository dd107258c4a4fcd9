//! Defines the tests of the summary's data: what it holds, and the two shapes of JSON.

use serde_json::{Value, json};

use super::*;
use crate::threshold::Moment;
use crate::{
    Breakdown, Recorder, RecorderSettings, Registry, Routing, Thresholds, Totals, builtin,
};

/// Ten seconds with 4 requests of 10 to 40 ms in group `::g` of scenario `s`, one failed, and a check.
fn summary(breakdown: Breakdown) -> Summary {
    let registry = Arc::new(Registry::new());
    let option = json!({
        "http_req_duration": ["p(95)<200", "max<20"],
        "http_req_duration{ name:a }": "avg<100",
        "dropped_iterations": "count<1",
    });
    let thresholds = Thresholds::from_json(&option, &registry).expect("valid");
    let routing = Arc::new(Routing::new(thresholds.selectors(), breakdown));
    let settings = RecorderSettings::default();
    let mut recorder = Recorder::new(Arc::clone(&registry), Arc::clone(&routing), settings);
    let tags = recorder.intern_pairs(&[("scenario", "s"), ("group", "::g"), ("name", "a")]);
    let check = recorder.intern_check("s", "::g", "is ok");
    for i in 1..=4u64 {
        recorder.record(builtin::HTTP_REQS, tags, 1.0, i);
        recorder.record(
            builtin::HTTP_REQ_FAILED,
            tags,
            f64::from(u8::from(i == 1)),
            i,
        );
        recorder.record(builtin::HTTP_REQ_DURATION, tags, i as f64 * 10.0, i);
        recorder.record(builtin::VUS, tags, i as f64, i);
        recorder.record_check(check, tags, i != 2, i, None);
    }
    recorder.note_group("::g::empty");
    let mut totals = Totals::new(registry, routing);
    totals.absorb(recorder.snapshot());
    let duration = Duration::from_secs(10);
    let evaluation = thresholds.evaluate(&totals, duration, Moment::AtEnd);
    let trend_stats = ["avg", "p(50)", "count"]
        .map(|word| word.parse().expect(word))
        .to_vec();
    Summary::new(
        &totals,
        &evaluation,
        SummarySettings {
            duration,
            trend_stats,
        },
    )
}

fn check(data: &Value, pointer: &str, expected: Value) {
    assert_eq!(data.pointer(pointer), Some(&expected), "{pointer}");
}

#[test]
fn metrics_without_samples_appear_only_with_thresholds() {
    let summary = summary(Breakdown::Off);
    let names: Vec<_> = summary.metrics.iter().map(|metric| &*metric.name).collect();
    let expected = [
        "checks",
        "dropped_iterations",
        "http_req_duration",
        "http_req_duration{ name:a }",
        "http_req_failed",
        "http_reqs",
        "vus",
    ];
    assert_eq!(names, expected);
    let empty: Vec<_> = summary
        .metrics
        .iter()
        .filter(|m| m.no_data)
        .map(|m| &*m.name)
        .collect();
    assert_eq!(empty, ["dropped_iterations"]);
    assert!(summary.scenarios.is_empty() && summary.groups.is_empty());
}

#[test]
fn handle_summary_has_k6s_shape() {
    let context = HandleSummaryContext {
        summary_time_unit: Some(TimeUnit::Milliseconds),
        stdout_is_tty: true,
        setup_data: Some(json!({"token": 1})),
        ..HandleSummaryContext::default()
    };
    let data = summary(Breakdown::Off).to_handle_summary(&context);
    let options = json!({"summaryTrendStats": ["avg", "p(50)", "count"], "summaryTimeUnit": "ms", "noColor": false});
    check(&data, "/options", options);
    let state = json!({"isStdOutTTY": true, "isStdErrTTY": false, "testRunDurationMs": 10_000.0});
    check(&data, "/state", state);
    check(&data, "/setup_data", json!({"token": 1}));
    let duration = json!({
        "type": "trend", "contains": "time",
        "values": {"avg": 25, "p(50)": 25, "count": 4},
        "thresholds": {"p(95)<200": {"ok": true}, "max<20": {"ok": false}},
    });
    check(&data, "/metrics/http_req_duration", duration);
    let failed = json!({"type": "rate", "contains": "default", "values": {"rate": 0.25, "passes": 1, "fails": 3}});
    check(&data, "/metrics/http_req_failed", failed);
    let vus =
        json!({"type": "gauge", "contains": "default", "values": {"value": 4, "min": 1, "max": 4}});
    check(&data, "/metrics/vus", vus);
    check(
        &data,
        "/metrics/http_reqs/values",
        json!({"count": 4, "rate": 0.4}),
    );
    check(
        &data,
        "/metrics/http_req_duration{ name:a }/thresholds",
        json!({"avg<100": {"ok": true}}),
    );
    let root = json!({
        "name": "", "path": "", "id": "d41d8cd98f00b204e9800998ecf8427e", "checks": [],
        "groups": [{
            "name": "g", "path": "::g", "id": json::id("::g"),
            "groups": [{
                "name": "empty", "path": "::g::empty", "id": json::id("::g::empty"), "groups": [], "checks": [],
            }],
            "checks": [{"name": "is ok", "path": "::g::is ok", "id": json::id("::g::is ok"), "passes": 3, "fails": 1}],
        }],
    });
    check(&data, "/root_group", root);
}

#[test]
fn the_export_has_k6s_quirks() {
    let data = summary(Breakdown::Off).to_export();
    let duration = json!({
        "avg": 25, "p(50)": 25, "count": 4,
        "thresholds": {"p(95)<200": false, "max<20": true},
    });
    check(&data, "/metrics/http_req_duration", duration);
    check(
        &data,
        "/metrics/http_req_failed",
        json!({"passes": 1, "fails": 3, "value": 0.25}),
    );
    check(
        &data,
        "/metrics/http_reqs",
        json!({"count": 4, "rate": 0.4}),
    );
    check(&data, "/root_group/groups/g/checks/is ok/passes", json!(3));
    check(&data, "/root_group/groups/g/groups/empty/groups", json!({}));
}

#[test]
fn a_breakdown_gives_blocks() {
    let summary = summary(Breakdown::ScenariosAndGroups);
    let [scenario] = summary.scenarios.as_slice() else {
        panic!("{:?}", summary.scenarios)
    };
    let [group] = scenario.groups.as_slice() else {
        panic!("{:?}", scenario.groups)
    };
    assert_eq!((&*scenario.name, &*group.name), ("s", "g"));
    for block in [scenario, group] {
        let reqs = block
            .metrics
            .iter()
            .find(|m| &*m.name == "http_reqs")
            .map(|m| &m.values);
        assert_eq!(
            reqs,
            Some(&Values::Counter {
                count: 4.0,
                rate: 0.4
            })
        );
        assert_eq!(
            block
                .checks
                .iter()
                .map(|c| (c.passes, c.fails))
                .collect::<Vec<_>>(),
            [(3, 1)]
        );
    }
    let names: Vec<_> = summary.metrics.iter().map(|metric| &*metric.name).collect();
    assert!(
        !names.contains(&""),
        "parts of the breakdown are no sub-metrics: {names:?}"
    );
}
