//! Tests modules of scripts: ECMAScript, CommonJS, TypeScript, JSON, packages, and what they may see.

use brunt_e2e::Brunt;

/// Runs it once, and expects this line in its log.
fn expect_line(run: Brunt, line: &str) {
    let ended = run.run().expect_code(0);
    assert!(
        ended.stderr.contains(line),
        "{line:?} is expected in\n{}",
        ended.stderr
    );
}

#[test]
fn a_script_imports_files_of_every_kind() {
    let text = "import { one } from './lib/one.js';\nimport two, { half } from './lib/two.cjs';\nimport { three } from './lib/three.ts';\nimport data from './lib/data.json';\nexport default function () {\n  console.log('sum', one, two.whole, half, three(), data.list[1]);\n}\n";
    let run = Brunt::text(text)
        .file(
            "lib/one.js",
            "import { zero } from './zero.js';\nexport const one = zero + 1;",
        )
        .file("lib/zero.js", "export const zero = 0;")
        .file(
            "lib/two.cjs",
            "const zero = require('./zero.js').zero;\nexports.whole = zero + 2;\nexports.half = 1;",
        )
        .file(
            "lib/three.ts",
            "export function three(): number { return 3; }",
        )
        .file("lib/data.json", r#"{"list": [4, 5]}"#);
    expect_line(run, "sum 1 2 1 3 5");
}

#[test]
fn a_script_can_be_commonjs() {
    let text = "const { check } = require('k6');\nconst { double } = require('./double');\nmodule.exports.options = { iterations: 2 };\nmodule.exports.default = function () {\n  check(double(2), { doubled: (four) => four === 4 });\n};\n";
    let run = Brunt::text(text).file("double.js", "module.exports = { double: (n) => n * 2 };");
    let ended = run.run().expect_code(0);
    assert_eq!(ended.metric("checks", "passes"), 2.0);
}

#[test]
fn packages_are_found_in_node_modules() {
    let text = "import { word } from 'words';\nimport { sign } from 'words/signs';\nexport default () => console.log(word + sign);\n";
    let run = Brunt::text(text)
        .file(
            "node_modules/words/package.json",
            r#"{"exports": {".": "./main.js", "./signs": "./lib/signs.js"}, "type": "module"}"#,
        )
        .file("node_modules/words/main.js", "export const word = 'hello';")
        .file(
            "node_modules/words/lib/signs.js",
            "export const sign = '!';",
        );
    expect_line(run, "hello!");
}

#[test]
fn typescript_runs_as_it_stands() {
    let text = "import { check } from 'k6';\nenum Size { Small = 1, Large }\ntype Order = { size: Size };\nexport const options = { iterations: 1 };\nexport default function (): void {\n  const order = { size: Size.Large } as Order;\n  check(order, { large: (o: Order) => o.size === 2 });\n}\n";
    let mut run = Brunt::test("script.ts".as_ref()).file("script.ts", text);
    run = run.args(["--quiet"]);
    assert_eq!(run.run().expect_code(0).metric("checks", "passes"), 1.0);
}

#[test]
fn a_module_knows_its_own_address() {
    let text = "import { where } from './lib/where.js';\nconst data = open(import.meta.resolve('./lib/data.txt'));\nexport default () => console.log(where.endsWith('/lib/where.js'), import.meta.url.startsWith('file:///'), data);\n";
    let run = Brunt::text(text)
        .file("lib/where.js", "export const where = import.meta.url;")
        .file("lib/data.txt", "text");
    expect_line(run, "true true text");
}

#[test]
fn what_is_above_the_folder_of_the_run_is_not_seen() {
    let text = "import x from '../secret.js';\nexport default function () {}";
    let run = Brunt::new(["run", "tests/script.js"]);
    let run = run
        .file("tests/script.js", text)
        .file("secret.js", "export default 'seen';");
    let ended = run.run();
    // The run was started beside the secret: it is shown.
    ended.expect_code(0);
    let outer = tempfile::tempdir().expect("a folder");
    let inner = outer.path().join("tests");
    std::fs::create_dir(&inner).expect("a folder");
    std::fs::write(outer.path().join("secret.js"), "export default 1;").expect("a file");
    for (text, words) in [
        (text, "lies outside of"),
        (
            "const a = open('../secret.js');\nexport default function () {}",
            "leaves the test's folder",
        ),
        (
            "const a = open('/etc/passwd');\nexport default function () {}",
            "leaves the test's folder",
        ),
        (
            "import a from '/etc/hostname';\nexport default function () {}",
            "lies outside of",
        ),
    ] {
        std::fs::write(inner.join("script.js"), text).expect("a file");
        let ended = Brunt::new(["run", "script.js"])
            .folder(&inner)
            .run()
            .expect_code(107);
        assert!(ended.stderr.contains(words), "{}", ended.stderr);
    }
}

#[test]
fn a_file_that_is_missing_is_named_with_who_wants_it() {
    let ended = Brunt::text("import './gone.js';\nexport default function () {}")
        .run()
        .expect_code(107);
    for words in [
        "\"./gone.js\", imported by file://",
        "script.js, was not found: there is no such file",
    ] {
        assert!(ended.stderr.contains(words), "{}", ended.stderr);
    }
    let ended = Brunt::text("const a = open('gone.csv');\nexport default function () {}")
        .run()
        .expect_code(107);
    for words in ["gone.csv: No such file", "script.js:1:"] {
        assert!(ended.stderr.contains(words), "{}", ended.stderr);
    }
}

#[test]
fn later_vus_open_only_what_the_first_one_opened() {
    let text = "if (__VU > 0) open('late.txt');\nexport default function () {}";
    let ended = Brunt::text(text).file("late.txt", "late").run();
    assert!(
        ended.stderr.contains("was not opened by the first VU"),
        "{}",
        ended.stderr
    );
}
