//! Defines the tests of printed summaries: whole texts in `testdata`, rewritten when `UPDATE_SNAPSHOTS` is set.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use brunt_runner::metrics::summary::{
    CheckSummary, GroupSummary, MetricSummary, SummarySettings, ThresholdSummary, TrendStat, Values,
};
use brunt_runner::metrics::{
    Breakdown, Contains, Kind, MetricId, Moment, Recorder, RecorderSettings, Registry, Routing,
    Thresholds, Totals, builtin,
};
use serde_json::{Value, json};

use super::*;

#[test]
fn legacy_is_what_the_guide_shows() {
    check("legacy-guide.txt", &guide(), &style(SummaryMode::Legacy));
}

#[test]
fn legacy_shows_groups_failed_checks_and_sub_metrics() {
    check("legacy.txt", &measured(), &style(SummaryMode::Legacy));
}

#[test]
fn compact() {
    check("compact.txt", &measured(), &style(SummaryMode::Compact));
}

#[test]
fn full() {
    check("full.txt", &measured(), &style(SummaryMode::Full));
}

#[test]
fn compact_in_colours_and_seconds() {
    let style = Style {
        mode: SummaryMode::Compact,
        colors: Colors::Always,
        time_unit: TimeUnit::Seconds,
    };
    check("compact-colours.txt", &measured(), &style);
}

#[test]
fn compact_follows_the_reference() {
    let text = render(&reference(), &style(SummaryMode::Compact));
    let expected = [
        "  █ THRESHOLDS",
        "    http_req_duration",
        "    ✓ 'p(95)<1500' p(95)=148.21ms",
        "  █ TOTAL RESULTS",
        "    checks_total.......................: 90      13.122179/s",
        "    checks_succeeded...................: 100.00% 90 out of 90",
        "    checks_failed......................: 0.00%   0 out of 90",
        "    ✓ status is 200",
        "    HTTP",
        "    http_req_duration..................: avg=140.36ms p(95)=148.21ms",
        "      { expected_response:true }.......: avg=140.36ms p(95)=148.21ms",
    ];
    let lines: Vec<_> = text.lines().filter(|line| !line.is_empty()).collect();
    assert_eq!(lines, expected);
}

#[test]
fn a_disabled_summary_is_empty() {
    assert_eq!(render(&measured(), &style(SummaryMode::Disabled)), "");
}

fn style(mode: SummaryMode) -> Style {
    Style {
        mode,
        colors: Colors::Never,
        time_unit: TimeUnit::Auto,
    }
}

fn check(file: &str, summary: &Summary, style: &Style) {
    let text = render(summary, style);
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("src/summary/testdata")
        .join(file);
    if std::env::var_os("UPDATE_SNAPSHOTS").is_some() {
        std::fs::write(&path, &text).expect("a writable testdata folder");
    }
    let expected = std::fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(
        text, expected,
        "{file}; set UPDATE_SNAPSHOTS=1 if this is how it should be"
    );
}

/// A run of 30 s with everything that a summary can show.
fn measured() -> Summary {
    let registry = Arc::new(Registry::new());
    let orders = registry
        .register("orders", Kind::Counter, Contains::Default)
        .expect("free");
    let thresholds = Thresholds::from_json(&promises(), &registry).expect("valid");
    let routing = Arc::new(Routing::new(
        thresholds.selectors(),
        Breakdown::ScenariosAndGroups,
    ));
    let mut recorder = Recorder::new(
        Arc::clone(&registry),
        Arc::clone(&routing),
        RecorderSettings::default(),
    );
    (0..100).for_each(|i| record_iteration(&mut recorder, orders, i));
    let mut totals = Totals::new(registry, routing);
    totals.absorb(recorder.snapshot());
    let duration = Duration::from_millis(30_100);
    let evaluation = thresholds.evaluate(&totals, duration, Moment::AtEnd);
    let trend_stats = TrendStat::defaults();
    Summary::new(
        &totals,
        &evaluation,
        SummarySettings {
            duration,
            trend_stats,
        },
    )
}

/// Thresholds that hold, that are crossed, on sub-metrics, and without data.
fn promises() -> Value {
    json!({
        "http_req_duration": ["p(95)<500", "p(99)<100"],
        "http_req_duration{name:/a}": "max<1000",
        "http_req_failed": "rate<0.1",
        "http_reqs": "rate>1",
        "dropped_iterations": "count<1",
        "orders{kind:book}": "count>10",
        "ws_sessions": "count>=0",
    })
}

/// One iteration with one request: which scenario, group, name and outcome it has follows from its number.
fn record_iteration(recorder: &mut Recorder, orders: MetricId, i: u64) {
    let (scenario, group) = (
        ["default", "buy"][i as usize % 2],
        ["", "::front", "::front::deep"][i as usize % 3],
    );
    let name = if i.is_multiple_of(4) { "/a" } else { "/b" };
    let expected = if i % 20 == 7 { "false" } else { "true" };
    let pairs = [
        ("scenario", scenario),
        ("group", group),
        ("name", name),
        ("expected_response", expected),
    ];
    let tags = recorder.intern_pairs(&pairs);
    let ms = (i * i) as f64 / 7.0;
    for (metric, value) in [
        (builtin::HTTP_REQS, 1.0),
        (builtin::HTTP_REQ_DURATION, ms),
        (builtin::HTTP_REQ_WAITING, ms * 0.9),
        (builtin::HTTP_REQ_SENDING, 0.0123),
        (
            builtin::HTTP_REQ_FAILED,
            f64::from(u8::from(expected == "false")),
        ),
        (builtin::ITERATIONS, 1.0),
        (builtin::ITERATION_DURATION, ms + 1.0),
        (builtin::ITERATION_START_DELAY, 0.02),
        (builtin::ITERATION_DURATION_FROM_DUE, ms + 1.02),
        (builtin::DATA_SENT, 313.0),
        (builtin::DATA_RECEIVED, 12_345.0),
        (builtin::VUS, (i % 10) as f64),
        (builtin::GROUP_DURATION, ms),
    ] {
        recorder.record(metric, tags, value, i);
    }
    let book = recorder.intern_with(
        tags,
        &[("kind", if i.is_multiple_of(10) { "book" } else { "pen" })],
    );
    recorder.record(orders, book, 1.0, i);
    for (check, ok) in [
        ("status is 200", true),
        ("body is right", !i.is_multiple_of(30)),
    ] {
        let id = recorder.intern_check(scenario, group, check);
        recorder.record_check(id, tags, ok, i, None);
    }
}

/// The figures of the guide's example.
fn guide() -> Summary {
    let trends = GUIDE_TRENDS.map(|(name, stats)| trend(name, stats));
    let counters = GUIDE_COUNTERS.map(|(name, contains, count, rate)| {
        metric(
            name,
            Kind::Counter,
            contains,
            Values::Counter { count, rate },
        )
    });
    let rates = GUIDE_RATES.map(|(name, rate, passes, fails)| {
        let values = Values::Rate {
            rate,
            passes,
            fails,
        };
        metric(name, Kind::Rate, Contains::Default, values)
    });
    let gauges = ["vus", "vus_max"].map(|name| {
        let values = Values::Gauge {
            value: 50.0,
            min: 50.0,
            max: 50.0,
        };
        metric(name, Kind::Gauge, Contains::Default, values)
    });
    let mut metrics: Vec<MetricSummary> = trends.into_iter().chain(counters).collect();
    metrics.extend(rates.into_iter().chain(gauges));
    metrics.sort_by(|a, b| a.name.cmp(&b.name));
    for metric in &mut metrics {
        match &*metric.name {
            "http_req_duration" => metric.thresholds.push(promise("p(95)<50", false)),
            "http_req_duration{expected_response:true}" => {
                metric.parent = Some("http_req_duration".into());
            }
            "http_req_failed" => metric.thresholds.push(promise("rate<0.01", true)),
            _ => {}
        }
    }
    let root_group = GroupSummary {
        checks: GUIDE_CHECKS.iter().map(|name| passed(name, 1501)).collect(),
        ..GroupSummary::default()
    };
    summary(metrics, root_group, &TrendStat::defaults(), &Value::Null)
}

/// The figures of the reference for the newer form.
fn reference() -> Summary {
    let stats: Vec<TrendStat> = ["avg", "p(95)"]
        .map(|word| word.parse().expect(word))
        .to_vec();
    let values = || Values::Trend(vec![140.3601, 148.2101]);
    let metrics = vec![
        metric("http_req_duration", Kind::Trend, Contains::Time, values()),
        MetricSummary {
            parent: Some("http_req_duration".into()),
            ..metric(
                "http_req_duration{expected_response:true}",
                Kind::Trend,
                Contains::Time,
                values(),
            )
        },
    ];
    let checks = vec![passed("status is 200", 90)];
    let root_group = GroupSummary {
        checks,
        ..GroupSummary::default()
    };
    let mut summary = summary(
        metrics,
        root_group,
        &stats,
        &json!({"http_req_duration": "p(95)<1500"}),
    );
    summary.duration = Duration::from_secs_f64(90.0 / 13.122_179);
    for result in &mut summary.thresholds {
        (result.observed, result.no_data) = (Some(148.2101), false);
    }
    summary
}

fn summary(
    metrics: Vec<MetricSummary>,
    root_group: GroupSummary,
    stats: &[TrendStat],
    thresholds: &Value,
) -> Summary {
    let registry = Arc::new(Registry::new());
    let thresholds = Thresholds::from_json(thresholds, &registry).expect("valid");
    let totals = Totals::new(registry, Arc::default());
    let duration = Duration::from_millis(30_100);
    let evaluation = thresholds.evaluate(&totals, duration, Moment::AtEnd);
    Summary {
        duration,
        trend_stats: stats.to_vec(),
        metrics,
        thresholds: evaluation.results,
        root_group,
        scenarios: Vec::new(),
        groups: Vec::new(),
    }
}

fn trend(name: &str, stats: [f64; 6]) -> MetricSummary {
    metric(
        name,
        Kind::Trend,
        Contains::Time,
        Values::Trend(stats.to_vec()),
    )
}

fn metric(name: &str, kind: Kind, contains: Contains, values: Values) -> MetricSummary {
    MetricSummary {
        name: name.into(),
        parent: None,
        kind,
        contains,
        values,
        no_data: false,
        thresholds: Vec::new(),
    }
}

fn promise(expression: &str, ok: bool) -> ThresholdSummary {
    ThresholdSummary {
        expression: expression.into(),
        ok,
    }
}

fn passed(name: &str, passes: u64) -> CheckSummary {
    CheckSummary {
        name: name.into(),
        path: format!("::{name}").into(),
        passes,
        fails: 0,
    }
}

const GUIDE_CHECKS: [&str; 3] = [
    "Post status is 200",
    "Post Content-Type header",
    "Post response name",
];

/// Name, what it contains, count, and rate per second.
const GUIDE_COUNTERS: [(&str, Contains, f64, f64); 4] = [
    ("data_received", Contains::Data, 1_343_000.0, 44_600.0),
    ("data_sent", Contains::Data, 312_900.0, 10_390.0),
    ("http_reqs", Contains::Default, 1501.0, 49.834_813),
    ("iterations", Contains::Default, 1501.0, 49.834_813),
];

/// Name, rate, passes and fails.
const GUIDE_RATES: [(&str, f64, u64, u64); 2] =
    [("checks", 1.0, 4503, 0), ("http_req_failed", 0.0, 0, 1501)];

/// Name, then avg, min, med, max, p(90) and p(95) in milliseconds: a little more than is shown, for digits are cut off.
#[rustfmt::skip]
const GUIDE_TRENDS: [(&str, [f64; 6]); 9] = [
    ("http_req_blocked", [9.2601, 0.002_001, 0.014_001, 557.3201, 0.025_001, 0.046_001]),
    ("http_req_connecting", [3.5001, 0.0, 0.0, 113.4601, 0.0, 0.0]),
    ("http_req_duration", [105.1401, 102.0101, 103.8601, 171.5601, 112.4001, 113.1801]),
    ("http_req_duration{expected_response:true}", [105.1401, 102.0101, 103.8601, 171.5601, 112.4001, 113.1801]),
    ("http_req_receiving", [0.202_861, 0.017_001, 0.170_001, 4.6901, 0.264_001, 0.341_001]),
    ("http_req_sending", [0.097_561, 0.011_001, 0.063_001, 5.5601, 0.098_001, 0.133_001]),
    ("http_req_tls_handshaking", [4.1401, 0.0, 0.0, 169.3501, 0.0, 0.0]),
    ("http_req_waiting", [104.8401, 101.8801, 103.6001, 171.5201, 112.1801, 112.8501]),
    ("iteration_duration", [115.1801, 102.5101, 104.6601, 704.9901, 113.6801, 115.5401]),
];
