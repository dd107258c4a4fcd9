//! Tests how often a script is evaluated: once for all VUs where that is the same, by each of them where it is not.

use brunt_e2e::{Answer, Brunt, Recorder};
use serde_json::json;

/// Three VUs with twelve iterations, all together.
fn three_vus(script: &str) -> Brunt {
    Brunt::text(script).args(["--vus", "3", "--iterations", "12", "--verbose"])
}

const ONCE: &str = "the script was evaluated once: every VU starts from its memory";

#[test]
fn vus_start_from_one_evaluation_and_go_on_by_themselves() {
    let server = Recorder::answering(|_| Answer::status(404));
    let script = "import http from 'k6/http';\nimport exec from 'k6/execution';\n\
        import { Counter, Trend } from 'k6/metrics';\nimport { SharedArray } from 'k6/data';\n\
        const counter = new Counter('counted');\nconst trend = new Trend('measured');\n\
        const list = new SharedArray('list', () => [{ at: Date.now(), r: Math.random() }, { name: 'second' }]);\n\
        http.setResponseCallback(http.expectedStatuses(404));\nlet mine = 0;\n\
        export const options = { scenarios: { s: { executor: 'per-vu-iterations', vus: 3, iterations: 1 } } };\n\
        export default function () {\nmine += 1;\ncounter.add(2);\ntrend.add(mine);\n\
        const { status } = http.get(__ENV.BASE_URL);\n\
        const seen = [mine, exec.vu.iterationInInstance, list.length, list[1].name, status];\n\
        console.log(`seen ${JSON.stringify({ vu: __VU, seen })}`);\n}\n";
    let run = Brunt::text(script).arg("--verbose").base_url(&server.url());
    let ended = run.run().expect_code(0);
    assert!(ended.stderr.contains(ONCE), "{}", ended.stderr);
    let mut seen = ended.logged("seen");
    seen.sort_by_key(|seen| seen["vu"].as_u64());
    let expected = [1, 2, 3].map(|vu| json!({ "vu": vu, "seen": [1, 0, 2, "second", 404] }));
    assert_eq!(seen, expected, "{}", ended.stderr);
    assert_eq!(ended.metric("counted", "count"), 6.0);
    assert_eq!(ended.metric("measured", "max"), 1.0);
    // What the script asked for while it was evaluated holds in every VU.
    assert_eq!(ended.metric("http_req_failed", "passes"), 0.0);
}

#[test]
fn what_differs_between_vus_is_evaluated_by_each() {
    for (init, reason) in [
        ("const mine = __VU;", "asks who its VU is"),
        ("const mine = Math.random();", "asks for random numbers"),
        (
            "const mine = crypto.randomUUID();",
            "asks for random numbers",
        ),
        ("const mine = Date.now();", "reads the time"),
        ("const mine = 1; console.log('hi');", "writes to the log"),
        (
            "import http from 'k6/http'; const mine = typeof new http.CookieJar();",
            "has a jar of cookies",
        ),
    ] {
        let script = format!(
            "{init}\nexport default () => console.log(`seen ${{JSON.stringify({{ mine }})}}`);\n"
        );
        let ended = three_vus(&script).run().expect_code(0);
        let told = format!("every VU evaluates the script by itself, because it {reason}");
        assert!(ended.stderr.contains(&told), "{init}: {}", ended.stderr);
        assert_eq!(ended.logged("seen").len(), 12, "{}", ended.stderr);
    }
    let script = "const mine = __VU;\n\
        export default () => console.log(`seen ${JSON.stringify({ own: mine === __VU })}`);\n";
    let ended = three_vus(script).run().expect_code(0);
    assert_eq!(ended.logged("seen"), vec![json!({ "own": true }); 12]);
}

#[test]
fn a_secret_is_the_same_for_all_vus_and_the_script_is_evaluated_once() {
    let script = "import secrets from 'k6/secrets';\nconst token = await secrets.get('token');\n\
        export default async () => console.log(`seen ${JSON.stringify({ same: token === await secrets.get('token'), length: token.length })} ${token}`);\n";
    let run = three_vus(script).args(["--secret-source", "mock=token=hush"]);
    let ended = run.run().expect_code(0);
    assert!(ended.stderr.contains(ONCE), "{}", ended.stderr);
    let line = "seen {\"same\":true,\"length\":4} ***SECRET_REDACTED***";
    assert_eq!(ended.stderr.matches(line).count(), 12, "{}", ended.stderr);
    assert!(!ended.stderr.contains("hush"), "{}", ended.stderr);
}

#[test]
fn the_runtime_is_compiled_for_scripts_and_for_itself() {
    // Both come from the same bytes, and each must find its own in the cache.
    for _ in 0..2 {
        let script = Brunt::text("export default function () {}\n");
        script.run().expect_code(0);
        let ended = Brunt::guest("js/runtime").run().expect_code(107);
        let told = ended
            .stderr
            .contains("this test was started without a script");
        assert!(told, "{}", ended.stderr);
    }
}

#[test]
fn a_runtime_that_is_no_test_says_what_it_lacks() {
    let module = b"\0asm\x01\0\0\0";
    let memory = b"\x05\x03\x01\0\x01";
    for (bytes, words) in [
        (module.to_vec(), "has no memory that can be divided from it"),
        (
            [&module[..], memory].concat(),
            "is not a Brunt test: it does not export",
        ),
    ] {
        let file = tempfile::NamedTempFile::new().expect("a file can be made");
        std::fs::write(file.path(), bytes).expect("the file can be written");
        let script = Brunt::text("export default function () {}\n");
        let ended = script.env("BRUNT_JS_RUNTIME", file.path()).run();
        let ended = ended.expect_code(104);
        assert!(ended.stderr.contains(words), "{}", ended.stderr);
        assert!(ended.stderr.contains("hint:"), "{}", ended.stderr);
    }
}
