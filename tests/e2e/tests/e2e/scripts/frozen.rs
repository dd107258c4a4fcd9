//! Tests what becomes of what a script made while it was evaluated: VUs share it, and none of them may notice.

use brunt_e2e::Brunt;
use serde_json::json;

/// An exception of the script ends its iteration, and is on standard error.
const BROKEN: &str = "iteration ";

#[test]
fn what_was_evaluated_once_changes_in_each_vu_by_itself() {
    let run = Brunt::script("frozen.js").args(["--vus", "3", "--iterations", "12000", "--verbose"]);
    let ended = run.run().expect_code(0);
    let once = ended.stderr.contains("the script was evaluated once");
    assert!(once && !ended.stderr.contains(BROKEN), "{}", ended.stderr);
    assert_eq!(ended.metric("counted", "count"), 12_000.0);
    assert_eq!(ended.metric("checks", "fails"), 0.0);
}

#[test]
fn the_memory_of_a_vu_does_not_grow_with_its_iterations() {
    // The image has more than 2 MiB: less than 1 MiB is left, 26 bytes for an iteration.
    let run = Brunt::script("frozen.js").args(["--vus", "1", "--iterations", "40000"]);
    let ended = run.args(["--limit", "memory=3MiB"]).run().expect_code(0);
    assert!(!ended.stderr.contains(BROKEN), "{}", ended.stderr);
    assert_eq!(ended.metric("counted", "count"), 40_000.0);
}

#[test]
fn a_vu_collects_what_is_in_cycles_with_what_was_there_before() {
    // Each iteration leaves 64 KiB in a cycle: all of them together are more than fifty times what a VU may have.
    let script = "import { Counter } from 'k6/metrics';\nconst counted = new Counter('counted');\n\
        const first = { made: 'first' };\nexport default function () {\n\
        const one = { first, text: 'x'.repeat(65536) };\nfirst.one = one.one = one;\ncounted.add(1);\n}\n";
    let run = Brunt::text(script).args(["--vus", "1", "--iterations", "2500"]);
    let ended = run.args(["--limit", "memory=3MiB"]).run().expect_code(0);
    assert_eq!(ended.metric("counted", "count"), 2500.0, "{}", ended.stderr);
}

#[test]
fn the_environment_is_that_of_the_scenario_though_all_share_one() {
    let script = "import exec from 'k6/execution';\nconst first = __ENV.OWN;\n\
        const scenario = (env) => ({ executor: 'per-vu-iterations', vus: 2, iterations: 2, env });\n\
        export const options = { scenarios: { plain: scenario({}), own: scenario({ OWN: 'yes' }) } };\n\
        export default function () {\n__ENV.MINE = `${__ENV.MINE ?? ''}${exec.vu.iterationInScenario}`;\n\
        const { OWN, ALL, MINE } = __ENV;\n\
        console.log(`seen ${JSON.stringify({ in: exec.scenario.name, first, OWN, ALL, MINE })}`);\n}\n";
    let ended = Brunt::text(script).test_env("ALL", "all").run();
    let ended = ended.expect_code(0);
    let mut seen = ended.logged("seen");
    seen.sort_by_key(ToString::to_string);
    let own = |mine| json!({ "in": "own", "OWN": "yes", "ALL": "all", "MINE": mine });
    let plain = |mine| json!({ "in": "plain", "ALL": "all", "MINE": mine });
    // Two VUs in each scenario, and what each wrote in its first iteration is there in its second.
    let mut expected = [own("0"), own("01"), plain("0"), plain("01")]
        .into_iter()
        .flat_map(|seen| [seen.clone(), seen])
        .collect::<Vec<_>>();
    expected.sort_by_key(ToString::to_string);
    assert_eq!(seen, expected, "{}", ended.stderr);
}
