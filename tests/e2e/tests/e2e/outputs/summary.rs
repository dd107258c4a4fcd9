//! Tests the exported summary: its keys, its figures, and what is said when it can't be written.

use std::time::Duration;

use brunt_e2e::{Answer, Brunt, Recorder};
use serde_json::{Value, json};

use super::{folder, server, visits};
use crate::samples::keys;

#[test]
fn the_exported_summary_has_k6s_keys() {
    let folder = folder();
    let server = Recorder::answering(|_| Answer::ok().after(Duration::from_millis(60)));
    let options = json!({ "thresholds": {
        "http_req_failed": ["rate<0.5"],
        "http_req_duration": ["min<60000", "max<1"],
        "http_reqs{status:200}": ["count>1000"],
    } });
    let ended = visits(&server, &folder, 40)
        .config(&options)
        .run()
        .expect_code(99);
    let summary = ended.summary.expect("an exported summary");
    assert_eq!(keys(&summary), ["metrics", "root_group"]);
    let metrics = &summary["metrics"];
    let trend = ["avg", "max", "med", "min", "p(90)", "p(95)"];
    for (metric, expected) in [
        ("http_reqs", &["count", "rate"][..]),
        ("http_reqs{status:200}", &["count", "rate", "thresholds"]),
        ("iterations", &["count", "rate"]),
        ("data_sent", &["count", "rate"]),
        ("vus", &["max", "min", "value"]),
        ("vus_max", &["max", "min", "value"]),
        ("checks", &["fails", "passes", "value"]),
        (
            "http_req_failed",
            &["fails", "passes", "thresholds", "value"],
        ),
        ("http_req_waiting", &trend),
        ("iteration_duration", &trend),
        ("http_req_duration{expected_response:true}", &trend),
    ] {
        assert_eq!(keys(&metrics[metric]), expected, "{metric}");
    }
    // A threshold's value is true when it was crossed.
    assert_eq!(
        metrics["http_req_failed"]["thresholds"],
        json!({ "rate<0.5": false })
    );
    assert_eq!(
        metrics["http_req_duration"]["thresholds"],
        json!({ "min<60000": false, "max<1": true })
    );
    assert_eq!(
        metrics["http_reqs{status:200}"]["thresholds"],
        json!({ "count>1000": true })
    );
    // A rate's share is its value; what failed is what "passes" counts for failed requests.
    let failed = &metrics["http_req_failed"];
    assert_eq!(
        (&failed["value"], &failed["passes"], &failed["fails"]),
        (&json!(0), &json!(0), &json!(40))
    );
    expect_checks(&summary["root_group"]);
}

/// The checks of the test are a map by name, with the id that k6 computes: the MD5 of the path.
fn expect_checks(group: &Value) {
    assert_eq!(keys(group), ["checks", "groups", "id", "name", "path"]);
    assert_eq!((&group["name"], &group["path"]), (&json!(""), &json!("")));
    assert_eq!(group["id"], "d41d8cd98f00b204e9800998ecf8427e");
    assert_eq!(
        keys(&group["checks"]),
        ["body is not empty", "status is 200"]
    );
    let check = &group["checks"]["status is 200"];
    let expected = json!({
        "name": "status is 200", "path": "::status is 200", "id": "6210a8cd14cd70477eba5c5e4cb3fb5f",
        "passes": 40, "fails": 0,
    });
    assert_eq!(check, &expected);
}

#[test]
fn the_exported_trends_have_the_figures_asked_for() {
    let (server, folder) = (server(), folder());
    let run = visits(&server, &folder, 6).args(["--summary-trend-stats", "count,p(99.9),min"]);
    let summary = run
        .run()
        .expect_code(0)
        .summary
        .expect("an exported summary");
    let duration = &summary["metrics"]["http_req_duration"];
    assert_eq!(keys(duration), ["count", "min", "p(99.9)"]);
    assert_eq!(duration["count"], 6);
}

#[test]
fn an_exported_summary_that_cannot_be_written_is_told() {
    let (server, folder) = (server(), folder());
    let run = Brunt::new(["run", "--summary-export", "no/such/summary.json"]).folder(folder.path());
    let guest = brunt_e2e::guest("get_checks");
    let ended = run.base_url(&server.url()).arg(guest).run();
    assert!(
        ended.stderr.contains("no/such/summary.json"),
        "{}",
        ended.stderr
    );
    assert!(ended.stdout.contains("TOTAL RESULTS"), "{}", ended.stdout);
    assert_eq!(server.seen().len(), 1);
}
