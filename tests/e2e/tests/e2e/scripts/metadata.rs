//! Tests metadata that scripts put on samples: outputs show it, and it makes no series.

use std::collections::BTreeSet;

use brunt_e2e::{Brunt, Recorder};
use serde_json::json;

use crate::samples::{Point, run_with_samples};

#[test]
fn it_is_on_the_samples_of_outputs_and_makes_no_series() {
    let script = "import exec from 'k6/execution';\nimport http from 'k6/http';\nimport { check, group } from 'k6';\nimport { Counter } from 'k6/metrics';\n\
        const orders = new Counter('orders');\nexec.vu.metrics.metadata.host = 'one';\n\
        export const options = { vus: 2, iterations: 40 };\nexport default function () {\n\
        exec.vu.metrics.metadata.trace = `${__VU}-${__ITER}`;\n exec.vu.metrics.metadata.number = 7;\n\
        http.get(__ENV.BASE_URL, { tags: { own: 'tag' } });\n group('in', () => { orders.add(1); orders.add(1, { kind: 'large' }); check(0, { yes: true }); check(0, { no: true }, { kind: 'own' }); });\n\
        console.log(`seen ${JSON.stringify({ number: exec.vu.metrics.metadata.number, keys: Object.keys(exec.vu.metrics.metadata) })}`);\n\
        delete exec.vu.metrics.metadata.number;\n orders.add(5);\n}\n";
    let server = Recorder::start();
    let run = Brunt::text(script).args([
        "--limit",
        "series=20",
        "--system-tags",
        "status,group,check",
    ]);
    let (ended, samples) = run_with_samples(run.base_url(&server.url()));
    let ended = ended.expect_code(0);
    for seen in ended.logged("seen") {
        assert_eq!(seen["number"], "7");
        assert_eq!(seen["keys"], json!(["host", "trace", "number"]));
    }
    for (metric, each) in [
        ("http_reqs", 1),
        ("http_req_waiting", 1),
        ("orders", 3),
        ("checks", 2),
        ("group_duration", 1),
    ] {
        let points: Vec<&Point> = samples.of(metric).collect();
        assert_eq!(points.len(), 40 * each, "{metric}");
        let traces: BTreeSet<&str> = points.iter().map(|p| &*p.metadata["trace"]).collect();
        assert_eq!(traces.len(), 40, "{metric}");
        for point in points {
            assert_eq!(point.metadata["host"], "one", "{metric}");
            assert_eq!(
                point.metadata.contains_key("number"),
                point.value != 5.0,
                "{point:?}"
            );
        }
    }
    // Every sample had other metadata, and 20 series were enough.
    let degraded = ended.stderr.contains("combinations of tag values");
    assert!(!degraded, "{}", ended.stderr);
}

#[test]
fn it_is_a_text_a_number_or_a_boolean() {
    let script = "import exec from 'k6/execution';\nexport default () => { exec.vu.metrics.metadata.a = {}; };\n";
    let ended = Brunt::text(script).run().expect_code(0);
    let words = "TypeError: metadata a: a value is a string, a number or a boolean";
    assert!(ended.stderr.contains(words), "{}", ended.stderr);
}
