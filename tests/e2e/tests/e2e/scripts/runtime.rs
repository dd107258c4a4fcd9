//! Tests what scripts have beside HTTP: checks, groups, metrics, data, execution, timers, and the phases of a run.

use brunt_e2e::{Brunt, Ended};
use serde_json::{Value, json};

use crate::samples::run_with_samples;

/// Runs it once, and gives what it logged after `seen`.
fn seen(run: Brunt) -> (Ended, Vec<Value>) {
    let ended = run.run().expect_code(0);
    let logged = ended.logged("seen");
    (ended, logged)
}

/// The script with a function `seen` that logs.
fn text(script: &str) -> Brunt {
    Brunt::text(&format!(
        "const seen = (what) => console.log(`seen ${{JSON.stringify(what)}}`);\n{script}"
    ))
}

#[test]
fn checks_count_and_tell_whether_all_passed() {
    let script = "import { check } from 'k6';\nexport default function () {\n\
        seen({ all: check(1, { yes: (v) => v === 1, value: 'true', also: true }, { kind: 'own' }), some: check(1, { yes: true, no: (v) => v === 2 }) });\n\
        check(1, { throws: () => { throw new Error('inside'); } });\n}\n";
    let (ended, samples) = run_with_samples(text(script));
    let ended = ended.expect_code(0);
    assert_eq!(
        ended.logged("seen"),
        [json!({ "all": true, "some": false })]
    );
    assert_eq!(
        (
            ended.metric("checks", "passes"),
            ended.metric("checks", "fails")
        ),
        (4.0, 2.0)
    );
    assert!(ended.stderr.contains("Error: inside"), "{}", ended.stderr);
    assert_eq!(
        samples
            .tag_values("checks", "kind")
            .iter()
            .filter(|kind| **kind == "own")
            .count(),
        3
    );
}

#[test]
fn checks_take_what_they_are_given() {
    let script = "import { check } from 'k6';\nexport default function () {\n\
        const why = (call) => { try { return call(); } catch (error) { return String(error); } };\n\
        seen({ none: check(1, {}), missing: why(() => check(1)), text: why(() => check(1, 'a')),\n\
          null: check(null, { isNull: (value) => value === null }), late: why(() => check(1, { late: () => Promise.resolve(true) })),\n\
          getter: why(() => check(1, { get got() { throw new Error('got'); } })),\n\
          inherited: check(1, Object.create({ inherited: false })), symbol: check(1, { [Symbol('s')]: false }),\n\
          half: check(1, { 'half \\ud83d': true }), plain: check(1, { one: 1, zero: 0, text: 'a' }) });\n}\n";
    let (ended, seen) = seen(text(script));
    let words = "TypeError: check() needs an object of conditions";
    let late = "TypeError: check \"late\": a condition can't be an async function";
    assert_eq!(
        seen,
        [json!({
            "none": true, "missing": words, "text": words, "null": true, "late": late, "getter": "Error: got",
            "inherited": true, "symbol": true, "half": true, "plain": false,
        })]
    );
    assert_eq!(ended.metric("checks", "passes"), 4.0);
    assert_eq!(ended.metric("checks", "fails"), 1.0);
    assert!(ended.stdout.contains("✓ half \u{fffd}"), "{}", ended.stdout);
}

#[test]
fn groups_nest_and_end_with_an_exception() {
    let script = "import { check, group } from 'k6';\nexport default function () {\n\
        seen({ value: group('outer', () => group('inner', () => { check(0, { in: true }); return 7; })) });\n\
        try { group('broken', () => { throw new Error('x'); }); } catch {}\ncheck(0, { out: true });\n}\n";
    let (ended, samples) = run_with_samples(text(script));
    assert_eq!(ended.expect_code(0).logged("seen"), [json!({ "value": 7 })]);
    assert_eq!(
        samples.tag_values("checks", "group"),
        ["::outer::inner", ""]
    );
    let ended =
        text("import { group } from 'k6';\nexport default () => group('a', async () => {});\n")
            .run();
    assert!(
        ended
            .expect_code(0)
            .stderr
            .contains("group() can't take an async function")
    );
}

#[test]
fn sleep_fail_and_random_seeds() {
    let script = "import { sleep, fail, randomSeed } from 'k6';\nexport default function () {\n\
        const start = Date.now();\nsleep(0.05);\nconst slept = Date.now() - start;\n\
        randomSeed(7);\nconst a = [Math.random(), Math.random()];\nrandomSeed(7);\nconst b = [Math.random(), Math.random()];\n\
        seen({ slept: slept >= 50 && slept < 5000, same: a[0] === b[0] && a[1] === b[1], differ: a[0] !== a[1] });\nfail('enough');\n}\n";
    let (ended, seen) = seen(text(script));
    assert_eq!(
        seen,
        [json!({ "slept": true, "same": true, "differ": true })]
    );
    assert!(ended.stderr.contains("Error: enough"), "{}", ended.stderr);
}

#[test]
fn random_numbers_differ_from_vu_to_vu_unless_the_run_has_a_seed() {
    let script = "export const options = { scenarios: { a: { executor: 'per-vu-iterations', vus: 4 } } };\nexport default () => seen({ number: Math.random() });\n";
    let numbers = |run: Brunt| {
        let mut numbers: Vec<String> = seen(run)
            .1
            .iter()
            .map(|seen| seen["number"].to_string())
            .collect();
        numbers.sort_unstable();
        numbers.dedup();
        numbers
    };
    assert_eq!(numbers(text(script)).len(), 4);
    let seeded = || text(script).args(["--seed", "3"]);
    assert_eq!(numbers(seeded()), numbers(seeded()));
}

#[test]
fn custom_metrics_of_every_kind() {
    let script = "import { Counter, Gauge, Rate, Trend } from 'k6/metrics';\n\
        const orders = new Counter('orders');\nconst load = new Gauge('load');\nconst good = new Rate('good');\nconst took = new Trend('took', true);\n\
        export const options = { iterations: 2, thresholds: { orders: ['count==6'], good: ['rate==0.5'], took: ['max<=20'] } };\n\
        export default function () {\n orders.add(1);\n orders.add(2, { kind: 'large' });\n load.add(5);\n good.add(true);\n good.add(0);\n took.add(10 * (__ITER + 1));\n}\n";
    let (ended, samples) = run_with_samples(text(script));
    let ended = ended.expect_code(0);
    assert_eq!(ended.metric("orders", "count"), 6.0);
    assert_eq!(ended.metric("load", "value"), 5.0);
    assert_eq!(ended.metric("took", "max"), 20.0);
    assert_eq!(samples.kind("took"), ("trend", "time"));
    assert!(samples.tag_values("orders", "kind").contains(&"large"));
    let refused = text(
        "import { Counter } from 'k6/metrics';\nconst a = new Counter('http_reqs');\nexport default () => {};\n",
    );
    assert!(refused.run().expect_code(107).stderr.contains("http_reqs"));
}

#[test]
fn shared_arrays_are_read_only_arrays_made_once() {
    let script = "import { SharedArray } from 'k6/data';\n\
        const users = new SharedArray('users', () => { console.log('made once'); return JSON.parse(open('users.json')); });\n\
        export const options = { scenarios: { a: { executor: 'per-vu-iterations', vus: 3 } } };\n\
        export default function () {\n let refused;\n try { users[0] = 1; } catch (e) { refused = e.name; }\n let frozen;\n try { users[0].name = 'x'; } catch (e) { frozen = e.name; }\n\
        seen({ length: users.length, second: users[1].name, beyond: users[9] === undefined, names: users.map((u) => u.name), found: users.find((u) => u.name === 'c').id,\n\
        each: [...users].length, json: JSON.stringify(users), isArray: Array.isArray(users), has: 1 in users, refused, frozen, slice: users.slice(1, 2)[0].id });\n}\n";
    let users = r#"[{"name":"a","id":1},{"name":"b","id":2},{"name":"c","id":3}]"#;
    let (ended, seen) = seen(text(script).file("users.json", users));
    let expected = json!({ "length": 3, "second": "b", "beyond": true, "names": ["a", "b", "c"], "found": 3, "each": 3, "json": users,
        "isArray": true, "has": true, "refused": "TypeError", "frozen": "TypeError", "slice": 2 });
    assert_eq!(seen, vec![expected; 3]);
    assert_eq!(
        ended.stderr.matches("made once").count(),
        1,
        "{}",
        ended.stderr
    );
}

#[test]
fn encoding_goes_both_ways() {
    let script = "import encoding, { b64encode, b64decode } from 'k6/encoding';\nexport default function () {\n\
        seen({ std: b64encode('hällo?>'), url: b64encode('hällo?>', 'url'), raw: b64encode('a', 'rawstd'), rawurl: encoding.b64encode(new Uint8Array([255]).buffer, 'rawurl'),\n\
        text: b64decode('aMOkbGxv', 'std', 's'), bytes: [...new Uint8Array(b64decode('_w', 'rawurl'))] });\n b64decode('%');\n}\n";
    let (ended, seen) = seen(text(script));
    assert_eq!(
        seen,
        [
            json!({ "std": "aMOkbGxvPz4=", "url": "aMOkbGxvPz4=", "raw": "YQ", "rawurl": "_w", "text": "hällo", "bytes": [255] })
        ]
    );
    assert!(ended.stderr.contains("b64decode: "), "{}", ended.stderr);
}

#[test]
fn a_script_knows_who_and_where_it_is() {
    let script = "import exec from 'k6/execution';\nexport const options = { scenarios: { buy: { executor: 'per-vu-iterations', vus: 1, iterations: 2, env: { PLACE: 'shop' } } } };\n\
        seen({ init: __VU, iter: typeof __ITER, env: __ENV.GIVEN });\n\
        export default function () {\n exec.vu.tags.own = 'tag';\n exec.vu.metrics.tags['other'] = 3;\n\
        seen({ name: exec.scenario.name, executor: exec.scenario.executor, started: Math.abs(Date.now() - exec.scenario.startTime) < 60000, progress: exec.scenario.progress,\n\
        inTest: exec.scenario.iterationInTest, inInstance: exec.scenario.iterationInInstance, vu: exec.vu.idInTest, id: exec.vu.idInInstance, iteration: exec.vu.iterationInInstance, inScenario: exec.vu.iterationInScenario,\n\
        completed: exec.instance.iterationsCompleted, active: exec.instance.vusActive, ready: exec.instance.vusInitialized, interrupted: exec.instance.iterationsInterrupted,\n\
        duration: exec.instance.currentTestRunDuration > 0, option: exec.test.options.scenarios.buy.executor, VU: __VU, ITER: __ITER, place: __ENV.PLACE, given: global.__ENV.GIVEN, tag: exec.vu.tags.own });\n}\n";
    let run = text(script).test_env("GIVEN", "by flag");
    let (_, seen) = seen(run);
    assert_eq!(
        seen[0],
        json!({ "init": 0, "iter": "undefined", "env": "by flag" })
    );
    let last = &seen[seen.len() - 1];
    for (key, value) in [
        ("name", json!("buy")),
        ("executor", json!("per-vu-iterations")),
        ("started", json!(true)),
        ("progress", json!(0.5)),
        ("inTest", json!(1)),
        ("inInstance", json!(1)),
        ("vu", json!(1)),
        ("id", json!(1)),
        ("iteration", json!(1)),
        ("inScenario", json!(1)),
        ("completed", json!(1)),
        ("active", json!(1)),
        ("ready", json!(1)),
        ("interrupted", json!(0)),
        ("duration", json!(true)),
        ("option", json!("per-vu-iterations")),
        ("VU", json!(1)),
        ("ITER", json!(1)),
        ("place", json!("shop")),
        ("given", json!("by flag")),
        ("tag", json!("tag")),
    ] {
        assert_eq!(last[key], value, "{key} of {last}");
    }
}

#[test]
fn tags_of_a_vu_are_on_its_samples() {
    let script = "import exec from 'k6/execution';\nimport { check } from 'k6';\nexport default function () {\n exec.vu.tags.own = 'tag';\n check(0, { a: true });\n delete exec.vu.tags.own;\n check(0, { b: true });\n}\n";
    let (ended, samples) = run_with_samples(text(script));
    ended.expect_code(0);
    let tags: Vec<&str> = samples.of("checks").map(|point| point.tag("own")).collect();
    assert_eq!(tags, ["tag", ""]);
}

#[test]
fn a_script_ends_the_run_or_marks_it() {
    let script = "import exec from 'k6/execution';\nexport const options = { iterations: 5 };\nexport default function () { exec.test.abort('no more'); }\n";
    let ended = text(script).run().expect_code(108);
    assert!(ended.stderr.contains("no more"), "{}", ended.stderr);
    let script = "import exec from 'k6/execution';\nexport default function () { exec.test.fail('not good'); }\n";
    let ended = text(script).run().expect_code(110);
    assert!(ended.stderr.contains("not good"), "{}", ended.stderr);
}

#[test]
fn setup_hands_its_data_to_every_vu_and_to_teardown() {
    let script = "export const options = { scenarios: { a: { executor: 'per-vu-iterations', vus: 2, iterations: 2 } } };\n\
        export async function setup() { await null; return { list: [1], made: __VU, no: undefined }; }\n\
        export default function (data) { data.list.push(2); seen({ at: __ITER, data }); }\n\
        export function teardown(data) { seen({ at: 'end', data }); }\n";
    let (_, seen) = seen(text(script));
    let of = |at: Value| {
        seen.iter()
            .filter(|seen| seen["at"] == at)
            .cloned()
            .collect::<Vec<_>>()
    };
    // Each VU has its own copy, and keeps it.
    assert_eq!(
        of(json!(0)),
        vec![json!({ "at": 0, "data": { "list": [1, 2], "made": 0 } }); 2]
    );
    assert_eq!(
        of(json!(1)),
        vec![json!({ "at": 1, "data": { "list": [1, 2, 2], "made": 0 } }); 2]
    );
    assert_eq!(
        of(json!("end")),
        [json!({ "at": "end", "data": { "list": [1], "made": 0 } })]
    );
    let broken =
        text("export function setup() { throw new Error('no'); }\nexport default () => {};\n");
    assert!(broken.run().expect_code(107).stderr.contains("Error: no"));
}

#[test]
fn handle_summary_writes_what_it_returns() {
    let script = "export function handleSummary(data) {\n return { stdout: `did ${data.metrics.iterations.values.count}\\n`, 'out.txt': 'written', 'out.bin': new Uint8Array([1, 2]).buffer };\n}\nexport default () => {};\n";
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("script.js"), script).expect("a file");
    let ended = Brunt::new(["run", "script.js"])
        .folder(folder.path())
        .run()
        .expect_code(0);
    assert!(ended.stdout.contains("did 1\n"), "{}", ended.stdout);
    let read = |name: &str| std::fs::read(folder.path().join(name)).expect("it was written");
    assert_eq!(
        (read("out.txt"), read("out.bin")),
        (b"written".to_vec(), vec![1, 2])
    );
    let wrong = text("export const handleSummary = () => 3;\nexport default () => {};\n").run();
    assert!(
        wrong.stderr.contains("handleSummary must return an object"),
        "{}",
        wrong.stderr
    );
}

#[test]
fn an_iteration_ends_when_its_timers_and_promises_have() {
    let script = "import { check } from 'k6';\nexport default async function () {\n const order = [];\n\
        setTimeout((word) => order.push(word), 30, 'timer');\n const never = setTimeout(() => order.push('cleared'), 1);\n clearTimeout(never);\n\
        let n = 0;\n const each = setInterval(() => { order.push(++n); if (n === 2) clearInterval(each); }, 5);\n\
        Promise.resolve().then(() => order.push('job'));\n await new Promise((done) => setTimeout(done, 60));\n\
        setTimeout(() => seen({ order }), 10);\n}\n";
    let (ended, seen) = seen(text(script));
    assert_eq!(seen, [json!({ "order": ["job", 1, 2, "timer"] })]);
    assert!(ended.metric("iteration_duration", "min") >= 70.0);
    let ended =
        text("export default async () => { await null; throw new TypeError('late'); };\n").run();
    assert!(ended.expect_code(0).stderr.contains("TypeError: late"));
    let ended = text(
        "export default () => { setTimeout(() => { throw new Error('in a timer'); }, 1); };\n",
    )
    .run();
    assert!(
        ended
            .expect_code(0)
            .stderr
            .contains("iteration failed (error) in scenario default: Error: in a timer")
    );
    let script = "import { setTimeout } from 'k6/timers';\nexport default () => { setTimeout(() => seen({ by: 'module' }), 1); };\n";
    assert_eq!(
        text(script).run().expect_code(0).logged("seen"),
        [json!({ "by": "module" })]
    );
}

#[test]
fn a_promise_that_is_rejected_with_nobody_waiting_fails_the_iteration() {
    let script = "export default function () {\n  (async () => { await null; throw new Error('unseen'); })();\n}\n";
    let ended = text(script).run().expect_code(0);
    for words in ["iteration failed (error)", "Error: unseen", "script.js:3:"] {
        assert!(ended.stderr.contains(words), "{}", ended.stderr);
    }
    let script = "export default async function () {\n  const late = Promise.reject(new Error('x'));\n  await null;\n  await late.catch(() => {});\n}\n";
    let ended = text(script).run().expect_code(0);
    assert!(!ended.stderr.contains("failed"), "{}", ended.stderr);
}

#[test]
fn the_console_writes_values_by_level() {
    let script = "export default function () {\n console.log('a', 1, { b: [2] }, null, undefined, true);\n console.warn('careful');\n console.error(new Error('told'));\n console.debug('hidden');\n}\n";
    let ended = text(script).run().expect_code(0);
    for words in [
        r#"INFO[0000] a 1 {"b":[2]} null undefined true"#,
        "WARN[0000] careful",
        "ERRO[0000] Error: told",
    ] {
        assert!(ended.stderr.contains(words), "{words} in {}", ended.stderr);
    }
    assert!(!ended.stderr.contains("hidden"), "{}", ended.stderr);
}

#[test]
fn files_are_opened_as_text_and_as_bytes() {
    let script = "const text = open('./data/a.txt');\nconst bytes = open('data/a.txt', 'b');\nexport default () => seen({ text, bytes: bytes.byteLength, is: bytes instanceof ArrayBuffer });\n";
    let (_, seen) = seen(text(script).file("data/a.txt", "ä"));
    assert_eq!(seen, [json!({ "text": "ä", "bytes": 2, "is": true })]);
}

#[test]
fn scenarios_run_the_functions_that_they_name() {
    let script = "export const options = { scenarios: { one: { executor: 'shared-iterations', exec: 'first', env: { WHO: 'one' } }, two: { executor: 'shared-iterations', exec: 'second', startTime: '1s', env: { WHO: 'two' } } } };\n\
        export function first() { seen({ fn: 'first', who: __ENV.WHO }); }\nexport const second = () => seen({ fn: 'second', who: __ENV.WHO });\n";
    let (_, seen) = seen(text(script));
    assert_eq!(
        seen,
        [
            json!({ "fn": "first", "who": "one" }),
            json!({ "fn": "second", "who": "two" })
        ]
    );
}
