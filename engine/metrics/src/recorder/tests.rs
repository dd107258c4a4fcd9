//! Defines the tests of the recorder: what goes in, and what the totals make of it.

use super::*;
use crate::{Breakdown, Contains, Kind, OVERFLOW, Selector, Totals};

struct Rig {
    registry: Arc<Registry>,
    routing: Arc<Routing>,
}

impl Rig {
    fn new(selectors: &[&str]) -> Self {
        let registry = Registry::new();
        let parse = |source: &&str| Selector::parse(source, &registry).expect("valid");
        let selectors: Vec<_> = selectors.iter().map(parse).collect();
        let routing = Routing::new(&selectors, Breakdown::Off);
        Self {
            registry: Arc::new(registry),
            routing: Arc::new(routing),
        }
    }

    fn recorder(&self, settings: RecorderSettings) -> Recorder {
        Recorder::new(
            Arc::clone(&self.registry),
            Arc::clone(&self.routing),
            settings,
        )
    }

    fn totals(&self, snapshots: impl IntoIterator<Item = Snapshot>) -> Totals {
        let mut totals = Totals::new(Arc::clone(&self.registry), Arc::clone(&self.routing));
        snapshots
            .into_iter()
            .for_each(|snapshot| totals.absorb(snapshot));
        totals
    }

    fn count(&self, totals: &Totals, selector: &str) -> f64 {
        let selector = Selector::parse(selector, &self.registry).expect("valid");
        match totals.select(&selector) {
            Some(Aggregate::Counter { count }) => *count,
            _ => 0.0,
        }
    }
}

#[test]
fn samples_reach_the_metric_and_its_parts() {
    let rig = Rig::new(&["http_reqs{status:200}", "http_reqs{status:200,name:a}"]);
    let (mut one, mut two) = (
        rig.recorder(Default::default()),
        rig.recorder(Default::default()),
    );
    for (recorder, n) in [(&mut one, 3), (&mut two, 4)] {
        for (status, name) in [("200", "a"), ("200", "b"), ("500", "a")] {
            let tags = recorder.intern_pairs(&[("name", name), ("status", status)]);
            (0..n).for_each(|i| recorder.record(builtin::HTTP_REQS, tags, 1.0, i));
        }
    }
    let totals = rig.totals([one.snapshot(), two.snapshot(), one.snapshot()]);
    let cases = [
        ("http_reqs", 21.0),
        ("http_reqs{status:200}", 14.0),
        ("http_reqs{name:a,status:200}", 7.0),
    ];
    for (selector, expected) in cases {
        assert_eq!(rig.count(&totals, selector), expected, "{selector}");
    }
    assert!(one.snapshot().is_empty());
}

#[test]
fn metrics_registered_later_are_learned() {
    let rig = Rig::new(&[]);
    let mut recorder = rig.recorder(Default::default());
    let tags = recorder.intern(&TagSet::empty());
    recorder.record(builtin::ITERATIONS, tags, 1.0, 1);
    let orders = rig
        .registry
        .register("orders", Kind::Counter, Contains::Default)
        .expect("free");
    recorder.record(orders, tags, 2.0, 1);
    recorder.record(MetricId(999), tags, 2.0, 1);
    recorder.record(orders, TagsId(999), 2.0, 1);
    let snapshot = recorder.snapshot();
    assert_eq!(snapshot.losses.rejected, 2);
    let totals = rig.totals([snapshot]);
    assert_eq!(rig.count(&totals, "orders"), 2.0);
}

#[test]
fn what_is_not_finite_is_reported_once_and_counted_always() {
    let rig = Rig::new(&[]);
    let mut recorder = rig.recorder(Default::default());
    let tags = recorder.intern(&TagSet::empty());
    for value in [f64::NAN, f64::INFINITY, 5.0] {
        recorder.record(builtin::HTTP_REQ_DURATION, tags, value, 1);
    }
    let snapshot = recorder.snapshot();
    assert_eq!(snapshot.losses.rejected, 2);
    let metric = Arc::from("http_req_duration");
    assert_eq!(snapshot.warnings, [Warning::NotFinite { metric }]);
    recorder.record(builtin::HTTP_REQ_DURATION, tags, f64::NAN, 1);
    let next = recorder.snapshot();
    assert_eq!((next.losses.rejected, next.warnings.len()), (1, 0));
    let totals = rig.totals([snapshot, next]);
    let trend = totals
        .get(builtin::HTTP_REQ_DURATION)
        .and_then(Aggregate::as_trend);
    assert_eq!(trend.map(|t| (t.count(), t.avg())), Some((1, 5.0)));
}

#[test]
fn beyond_the_series_limit_totals_stay_complete() {
    let rig = Rig::new(&["http_reqs{status:500}", "http_reqs{user:7777}"]);
    let mut recorder = rig.recorder(RecorderSettings {
        series_limit: 50,
        raw: RawSamples::Discard,
    });
    for i in 0..10_000u32 {
        let (user, status) = (i.to_string(), if i % 4 == 0 { "500" } else { "200" });
        let tags = recorder.intern_pairs(&[("user", &user), ("status", status)]);
        recorder.record(builtin::HTTP_REQS, tags, 1.0, 1);
    }
    assert_eq!(recorder.series_count(), 50 + 3);
    let snapshot = recorder.snapshot();
    assert_eq!(
        snapshot.losses,
        Losses {
            degraded: 9_950,
            ..Losses::default()
        }
    );
    assert_eq!(snapshot.warnings, [Warning::SeriesLimit { limit: 50 }]);
    let totals = rig.totals([snapshot]);
    assert_eq!(rig.count(&totals, "http_reqs"), 10_000.0);
    assert_eq!(rig.count(&totals, "http_reqs{status:500}"), 2_500.0);
    assert_eq!(rig.count(&totals, "http_reqs{user:7777}"), 1.0);
}

#[test]
fn raw_samples_carry_their_tags_and_are_never_lost_silently() {
    let rig = Rig::new(&[]);
    let raw = RawSamples::Keep { capacity: 3 };
    let mut recorder = rig.recorder(RecorderSettings {
        raw,
        ..Default::default()
    });
    for i in 0..5u64 {
        let tags = recorder.intern_pairs(&[("n", if i == 1 { "odd" } else { "even" })]);
        let metadata = TagSet::from_pairs([("vu", "1")]);
        recorder.record_with_metadata(builtin::HTTP_REQS, tags, i as f64, i, Some(&metadata));
    }
    let snapshot = recorder.snapshot();
    let read: Vec<_> = snapshot
        .raw
        .iter()
        .map(|(s, tags)| (s.value, tags.get("n")))
        .collect();
    assert_eq!(
        read,
        [(0.0, Some("even")), (1.0, Some("odd")), (2.0, Some("even"))]
    );
    assert_eq!(
        snapshot.raw.samples[0].metadata,
        Some(TagSet::from_pairs([("vu", "1")]))
    );
    assert_eq!(snapshot.losses.raw_dropped, 2);
    assert_eq!(snapshot.warnings, [Warning::RawCapacity { capacity: 3 }]);
    assert!(recorder.snapshot().raw.is_empty());
}

#[test]
fn checks_are_counted_in_both_places() {
    let rig = Rig::new(&[]);
    let mut recorder = rig.recorder(Default::default());
    let tags = recorder.intern_pairs(&[("check", "ok"), ("group", "::g")]);
    let check = recorder.intern_check("s", "::g", "ok");
    for ok in [true, true, false] {
        recorder.record_check(check, tags, ok, 1, None);
    }
    let totals = rig.totals([recorder.snapshot()]);
    let Some(Aggregate::Rate {
        passes: 2,
        total: 3,
    }) = totals.get(builtin::CHECKS)
    else {
        panic!("{:?}", totals.get(builtin::CHECKS));
    };
    let counts: Vec<_> = totals
        .checks()
        .iter()
        .map(|c| (c.passes, c.fails))
        .collect();
    assert_eq!(counts, [(2, 1)]);
    assert_eq!(totals.groups(), [Arc::from("::g")]);
}

#[test]
fn memory_of_a_busy_http_test_stays_low() {
    let rig = Rig::new(&[]);
    let mut recorder = rig.recorder(Default::default());
    let tags = recorder.intern_pairs(&[("expected_response", "true"), ("name", OVERFLOW)]);
    let trends: Vec<_> = rig
        .registry
        .all()
        .into_iter()
        .filter(|d| d.kind == Kind::Trend)
        .collect();
    for trend in trends.iter().take(12) {
        (0..1000).for_each(|i| recorder.record(trend.id, tags, f64::from(i) * 60.0, 1));
    }
    assert!(recorder.heap_size() < 1_600_000, "{}", recorder.heap_size());
}

/// `cargo test --release -p brunt-metrics -- --ignored --nocapture cost_of`
#[test]
#[ignore = "a measurement"]
fn cost_of_one_sample() {
    const SAMPLES: u32 = 10_000_000;
    let rig = Rig::new(&[]);
    let mut recorder = rig.recorder(Default::default());
    let pairs = [
        ("method", "GET"),
        ("name", "http://localhost/a"),
        ("expected_response", "true"),
    ];
    let tags = recorder.intern_pairs(&pairs);
    for metric in [
        builtin::HTTP_REQS,
        builtin::HTTP_REQ_SENDING,
        builtin::HTTP_REQ_DURATION,
    ] {
        let start = std::time::Instant::now();
        (0..SAMPLES)
            .for_each(|i| recorder.record(metric, tags, f64::from(i % 5000) / 7.0, u64::from(i)));
        println!("{metric:?}: {:?} per sample", start.elapsed() / SAMPLES);
    }
    let start = std::time::Instant::now();
    let same = (0..SAMPLES).filter(|_| recorder.intern_pairs(std::hint::black_box(&pairs)) == tags);
    println!(
        "{} look-ups of 3 tags: {:?} each",
        same.count(),
        start.elapsed() / SAMPLES
    );
}
