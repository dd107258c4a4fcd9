//! Tests that what `@types/k6` declares is what there is, so that a script that type-checks runs.

use std::path::PathBuf;

use brunt_e2e::{Answer, Brunt, Recorder, Types, example, script};
use serde_json::Value;

/// The modules of k6 that Brunt has and that types are declared for.
const MODULES: [&str; 13] = [
    "k6",
    "k6/crypto",
    "k6/data",
    "k6/encoding",
    "k6/execution",
    "k6/experimental/csv",
    "k6/experimental/fs",
    "k6/experimental/streams",
    "k6/html",
    "k6/http",
    "k6/metrics",
    "k6/secrets",
    "k6/timers",
];

#[test]
fn all_that_types_declare_is_there() {
    let declared = Types::installed().declared(&MODULES);
    let server = Recorder::answering(|_| Answer::ok().header("set-cookie", "a=b; Path=/"));
    let text = std::fs::read_to_string(script("types/compare.js")).expect("the script");
    let run = Brunt::text(&text)
        .file("declared.json", &declared)
        .file("rows.csv", "a,b\n1,2\n");
    let ended = run.base_url(&server.url()).run().expect_code(0);
    let differs: Vec<&str> = ended
        .stderr
        .lines()
        .filter(|line| line.contains("differs: ") || line.contains("failed"))
        .collect();
    assert_eq!(differs, Vec::<&str>::new(), "{}", ended.stderr);
    assert_eq!(ended.only("compared")["modules"], MODULES.len());
    assert_eq!(ended.metric("checks", "passes"), 1.0, "{}", ended.stderr);
}

#[test]
fn a_declaration_that_nothing_fulfils_is_told() {
    let mut declared: Value =
        serde_json::from_str(&Types::installed().declared(&MODULES)).expect("JSON");
    let http = &mut declared["k6/http"]["exports"];
    http["gett"] = serde_json::json!({ "kind": "function" });
    http["get"] = serde_json::json!({ "kind": "string" });
    http["CookieJar"]["members"]["peek"] = serde_json::json!({ "kind": "function" });
    let text = std::fs::read_to_string(script("types/compare.js")).expect("the script");
    let server = Recorder::start();
    let run = Brunt::text(&text)
        .file("declared.json", &declared.to_string())
        .file("rows.csv", "a,b\n1,2\n");
    let ended = run.base_url(&server.url()).run().expect_code(0);
    for words in [
        "differs: k6/http.gett is not exported",
        "differs: k6/http.get is function and no string",
        "differs: a k6/http.CookieJar.peek is not there",
    ] {
        assert!(ended.stderr.contains(words), "{}", ended.stderr);
    }
}

/// All scripts in the folder of this one.
fn beside(name: &str) -> Vec<PathBuf> {
    let file = script(name);
    let folder = file.parent().expect("a folder");
    let entries = std::fs::read_dir(folder).expect("it can be listed");
    let paths = entries.map(|entry| entry.expect("a file").path());
    let is_script = |path: &PathBuf| path.extension().is_some_and(|end| end == "js");
    paths.filter(is_script).collect()
}

/// The faults that have none of these words.
fn without<'a>(faults: &'a str, words: &[&str]) -> Vec<&'a str> {
    let lines = faults.lines().filter(|line| !line.starts_with(' '));
    let known = |line: &&str| words.iter().any(|word| line.contains(word));
    lines.filter(|line| !known(line)).collect()
}

#[test]
fn the_types_of_examples_are_right() {
    let files = [
        example("js/hello.js"),
        example("js/orders.ts"),
        script("../../guest-sdks/js/template/script.js"),
    ];
    assert_eq!(Types::installed().faults(&files), "");
}

#[test]
fn k6s_guide_has_no_types_but_those_of_its_answers() {
    let guide = beside("guide/checks.js");
    assert!(guide.len() > 5, "{guide:?}");
    // What `res.json()` gives is known to be JSON and no more: a script that looks into it does not type-check in k6 either.
    let json = ["TS2339: Property 'json'", "on type 'never'"];
    let faults = Types::installed().faults(&guide);
    assert_eq!(without(&faults, &json), Vec::<&str>::new());
}

#[test]
fn scripts_of_tests_use_names_that_k6_knows() {
    let faults = Types::installed().faults(&beside("same.js"));
    // Names that are not known, or not exported, and not those that Brunt has and the types lack. Other faults are mistakes
    // that the scripts make to see what becomes of them.
    let unknown = ["TS2304", "TS2305", "TS2307", "TS2614", "TS1192"];
    let lacking = [
        "'hexEncode'",
        "'WritableStream'",
        "'k6/crypto/x509'",
        "'k6/experimental/timers'",
        "'k6/experimental/webcrypto'",
        "has no default export",
    ];
    let names: Vec<&str> = without(&faults, &lacking)
        .into_iter()
        .filter(|line| unknown.iter().any(|code| line.contains(code)))
        .collect();
    assert_eq!(names, Vec::<&str>::new());
}
