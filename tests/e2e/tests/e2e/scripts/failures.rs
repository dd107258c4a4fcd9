//! Tests what is said of scripts that are wrong: where, why, and with which exit code.

use brunt_e2e::{Brunt, Ended};

/// Runs this script, and expects an exit code and words on standard error.
fn expect(text: &str, code: i32, words: &[&str]) -> Ended {
    told(Brunt::text(text).run().expect_code(code), words)
}

fn told(ended: Ended, words: &[&str]) -> Ended {
    for words in words {
        assert!(
            ended.stderr.contains(words),
            "{words:?} is expected in\n{}",
            ended.stderr
        );
    }
    ended
}

#[test]
fn a_wrong_syntax_names_file_line_and_column() {
    expect(
        "export default function () {\n  let a = ;\n}\n",
        107,
        &["failed in init", "SyntaxError: ", "script.js:2:11: "],
    );
}

#[test]
fn what_only_the_engine_of_javascript_refuses_names_its_place_too() {
    let text = "export default function () {}\nlet a = 1;\nlet a = 2;\n";
    expect(text, 107, &["SyntaxError: ", "script.js:3:"]);
}

#[test]
fn an_exception_while_the_script_is_initialised_ends_the_run() {
    expect(
        "import http from 'k6/http';\nconst none = undefined;\nnone.name;\nexport default function () {}\n",
        107,
        &[
            "failed in init",
            "TypeError: cannot read property 'name' of undefined",
            "script.js:3:1",
        ],
    );
}

#[test]
fn an_exception_ends_its_iteration_and_names_the_places_that_led_to_it() {
    let text = "function inner(x) {\n  return x.foo.bar;\n}\nexport default function () {\n  inner({});\n}\n";
    let run = Brunt::text(text).args(["--iterations", "3"]);
    let ended = told(
        run.run().expect_code(0),
        &[
            "iteration failed (error) in scenario default: TypeError: cannot read property 'bar' of undefined",
            "at inner (file://",
            "script.js:2:",
            "at default (file://",
            "script.js:5:",
            ", 3 times in all: ",
        ],
    );
    assert_eq!(ended.metric("iterations", "count"), 3.0);
}

#[test]
fn places_in_typescript_are_those_of_the_file() {
    let text = "interface A {\n  b: string;\n}\nexport default function (): void {\n  const a: A = { b: 'gone' };\n  throw new Error(a.b);\n}\n";
    let run = Brunt::new(["run", "script.ts"]).file("script.ts", text);
    told(
        run.run().expect_code(0),
        &["Error: gone", "at default (file://", "script.ts:6:"],
    );
}

#[test]
fn anything_can_be_thrown() {
    expect(
        "export default () => { throw 'text'; };",
        0,
        &["uncaught text"],
    );
    expect(
        "export default () => { throw { a: 1 }; };",
        0,
        &[r#"uncaught {"a":1}"#],
    );
}

#[test]
fn a_module_that_is_not_there_is_named_with_those_that_are() {
    let known = "it has k6, k6/crypto, k6/crypto/x509, k6/data, k6/encoding, k6/execution, ";
    let text = "import x from 'k6/net/grpc';\nexport default function () {}";
    expect(text, 107, &["there is no module \"k6/net/grpc\"", known]);
    let text = "import x from 'brunt:native';\nexport default function () {}";
    expect(text, 107, &["\"brunt:native\""]);
}

#[test]
fn what_a_module_does_not_export_is_named() {
    let text = "import { checks } from 'k6';\nexport default function () {}";
    expect(text, 107, &["SyntaxError", "checks"]);
}

#[test]
fn a_script_needs_something_to_run() {
    expect(
        "export const options = {};",
        107,
        &["exports no function to run", "export default function"],
    );
    let text = "export const options = { scenarios: { a: { executor: 'shared-iterations', exec: 'buy' } } };\nexport function sell() {}";
    expect(text, 104, &[r#"executes "buy""#, "hint: it has: sell"]);
    expect(
        "export const options = 3; export default () => {};",
        107,
        &["must be an object, not 3"],
    );
    expect(
        "export const options = { vus: 'many' }; export default () => {};",
        104,
        &["vus"],
    );
}

#[test]
fn a_script_that_is_not_there_is_a_clear_error() {
    let ended = Brunt::new(["run", "no_such_script.js"]).run();
    told(
        ended.expect_code(104),
        &[
            "no_such_script.js does not exist",
            "hint: give the path of a script",
        ],
    );
}

#[test]
fn an_endless_loop_is_cut_off() {
    let run = Brunt::text("export default function () {\n  for (;;) {}\n}\n");
    let run = run.args(["--limit", "cpuTime=200ms", "--iterations", "2"]);
    let ended = told(
        run.run().expect_code(0),
        &["iteration failed (cpu-time limit) in scenario default: limit cpuTime reached"],
    );
    assert_eq!(ended.metric("iterations", "count"), 2.0);
    assert!(
        !ended.stderr.contains("JS_CallInternal"),
        "{}",
        ended.stderr
    );
}

#[test]
fn endless_recursion_is_an_exception_that_a_script_can_catch() {
    let text = "const f = (n) => f(n + 1) + 1;\nexport default function () {\n  try { f(0); } catch (e) { console.log(`caught ${e.name}`); }\n  f(0);\n}\n";
    expect(
        text,
        0,
        &[
            "caught RangeError",
            "RangeError: Maximum call stack size exceeded",
            "script.js:1:",
        ],
    );
}

#[test]
fn deep_json_is_an_exception_too() {
    let text = "export default function () {\n  try { JSON.parse('['.repeat(1e6)); } catch (e) { console.log(`caught ${e.name}`); }\n}\n";
    expect(text, 0, &["caught "]);
}

#[test]
fn memory_that_runs_out_ends_the_iteration_and_no_more() {
    let text = "import exec from 'k6/execution';\nexport default function () {\n  if (exec.vu.iterationInInstance > 0) { console.log('still here'); return; }\n  const all = [];\n  for (;;) all.push(new Array(1000).fill(1.5));\n}\n";
    let run = Brunt::text(text).args(["--limit", "memory=32MiB", "--iterations", "2"]);
    told(
        run.run().expect_code(0),
        &["iteration failed", "memory", "still here"],
    );
}

#[test]
fn what_is_not_for_init_says_where_it_belongs() {
    for (call, what) in [
        ("http.get('http://127.0.0.1:1/')", "an HTTP request"),
        ("http.post('http://127.0.0.1:1/', 'a')", "an HTTP request"),
        ("sleep(1)", "sleep()"),
        ("setTimeout(() => {}, 1)", "a timer"),
    ] {
        let text = format!(
            "import http from 'k6/http';\nimport {{ sleep }} from 'k6';\n{call};\nexport default function () {{}}\n"
        );
        let words = format!("{what} is not possible while the script is initialised");
        expect(&text, 107, &[&words, "script.js:3:"]);
    }
}

#[test]
fn what_is_for_init_alone_says_so() {
    for (call, words) in [
        (
            "open('script.js')",
            "open is possible only while the script is initialised",
        ),
        (
            "new Counter('a')",
            "metrics can only be made while the script is initialised",
        ),
        (
            "new SharedArray('a', () => [])",
            "a SharedArray can only be made while the script is initialised",
        ),
    ] {
        let text = format!(
            "import {{ Counter }} from 'k6/metrics';\nimport {{ SharedArray }} from 'k6/data';\nexport default function () {{\n  {call};\n}}\n"
        );
        expect(&text, 0, &[words, "script.js:4:"]);
    }
}

#[test]
fn a_regular_expression_that_never_ends_is_cut_off_and_others_go_on() {
    let text = "export const options = { scenarios: { a: { executor: 'per-vu-iterations', vus: 2, iterations: 2 } } };\n\
        export default function () {\n  if (__VU === 1 && __ITER === 0) /^(a+)+$/.test('a'.repeat(64) + 'b');\n  console.log('done');\n}\n";
    let run = Brunt::text(text).args(["--limit", "cpuTime=200ms"]);
    let ended = told(
        run.run().expect_code(0),
        &["iteration failed (cpu-time limit) in scenario a: limit cpuTime reached"],
    );
    assert_eq!(ended.metric("iterations", "count"), 4.0);
    assert_eq!(ended.stderr.matches(" done").count(), 3, "{}", ended.stderr);
}

#[test]
fn a_value_that_is_no_number_is_told_and_not_counted() {
    let text = "import { Counter, Rate, Trend } from 'k6/metrics';\nconst took = new Trend('took');\nconst count = new Counter('count');\nconst good = new Rate('good');\n\
        export const options = { iterations: 2 };\nexport default function () {\n\
        console.log(`seen ${JSON.stringify({ added: [took.add(NaN), took.add('ten'), took.add(undefined), took.add(1 / 0), took.add(3)] })}`);\n\
        count.add(NaN);\n count.add(2);\n good.add('no number');\n good.add(true);\n}\n";
    let ended = Brunt::text(text).run().expect_code(0);
    for metric in ["took", "count", "good"] {
        let told = format!("a value for metric '{metric}' was not a finite number");
        assert_eq!(ended.stderr.matches(&told).count(), 1, "{}", ended.stderr);
    }
    assert!(
        !ended.stderr.contains("iteration failed"),
        "{}",
        ended.stderr
    );
    let figures = [
        ("took", "min"),
        ("took", "max"),
        ("count", "count"),
        ("good", "passes"),
    ];
    let figures = figures.map(|(metric, figure)| ended.metric(metric, figure));
    assert_eq!(figures, [3.0, 3.0, 4.0, 2.0]);
    let added = serde_json::json!({ "added": [false, false, false, false, true] });
    assert_eq!(ended.logged("seen"), vec![added; 2]);
    let ended = Brunt::text(text).arg("--throw").run().expect_code(0);
    let words = "iteration failed (error) in scenario default: TypeError: 'NaN' is an invalid value for metric 'took'";
    told(ended, &[words]);
}

#[test]
fn an_async_function_is_refused_by_check_and_group() {
    for (call, words) in [
        (
            "check(0, { before: true, late: async () => { console.log('was called'); } })",
            "TypeError: check \"late\": a condition can't be an async function",
        ),
        (
            "check(0, { before: true, late: () => Promise.resolve(true) })",
            "TypeError: check \"late\": a condition can't be an async function",
        ),
        (
            "group('late', async () => { console.log('was called'); })",
            "TypeError: group() can't take an async function",
        ),
    ] {
        let text = format!(
            "import {{ check, group }} from 'k6';\nexport default function () {{\n  check(0, {{ first: true }});\n  {call};\n}}\n"
        );
        let ended = expect(&text, 0, &[words, "script.js:4:"]);
        assert!(!ended.stderr.contains("was called"), "{}", ended.stderr);
        assert_eq!(ended.metric("checks", "fails"), 0.0);
    }
}
