//! Tests what a test is told of itself: who it is, where it runs, and how far the run is.

use std::collections::{BTreeMap, BTreeSet};

use brunt_e2e::Brunt;
use serde_json::{Value, json};

use super::expect_checks;

#[test]
fn a_test_knows_who_and_where_it_is() {
    let shared = json!({ "executor": "shared-iterations", "vus": 3, "iterations": 12 });
    let ended = Brunt::guest("execution_info")
        .config(&json!({ "scenarios": { "walk": shared } }))
        .run()
        .expect_code(0);
    expect_checks(&ended, 12 * 7);
    let [setup, teardown] = ["setup", "teardown"].map(|word| ended.logged(word));
    assert_eq!((setup.len(), teardown.len()), (1, 1));
    for (info, completed) in [(&setup[0], 0), (&teardown[0], 12)] {
        let (vu, scenario, count) = (
            &info["vu_in_test"],
            &info["scenario"],
            &info["iterations_completed"],
        );
        assert_eq!(
            (vu, scenario, count),
            (&json!(0), &json!(""), &json!(completed))
        );
        assert_eq!(info["vus_initialized"], 3);
    }
    expect_iterations(&ended.logged("iteration"));
}

/// Every iteration of the test has its own number, and each VU counts its own from 0 without a gap.
fn expect_iterations(iterations: &[Value]) {
    let number = |info: &Value, key: &str| info[key].as_u64().expect("a number");
    let all: BTreeSet<u64> = iterations
        .iter()
        .map(|info| number(info, "iteration_in_test"))
        .collect();
    assert_eq!(all, (0..12).collect());
    let mut by_vu: BTreeMap<u64, Vec<u64>> = BTreeMap::new();
    for info in iterations {
        by_vu
            .entry(number(info, "vu_in_test"))
            .or_default()
            .push(number(info, "vu_iteration"));
        assert_eq!(info["vu_iteration"], info["vu_iteration_in_scenario"]);
        assert_eq!(info["iteration_in_instance"], info["iteration_in_test"]);
        assert_eq!(
            (&info["scenario"], &info["executor"]),
            (&json!("walk"), &json!("shared-iterations"))
        );
    }
    assert!(by_vu.keys().all(|vu| (1..=3).contains(vu)), "{by_vu:?}");
    for (vu, counted) in by_vu {
        assert_eq!(
            counted,
            (0..counted.len() as u64).collect::<Vec<_>>(),
            "VU {vu}"
        );
    }
}
