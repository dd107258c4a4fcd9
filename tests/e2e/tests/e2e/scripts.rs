//! Tests k6 scripts: the real binary runs them, and a server sees what they do.

mod archives;
mod compiled;
mod evaluation;
mod failures;
mod frozen;
mod guide;
mod http;
mod libraries;
mod metadata;
mod modules;
mod remote;
mod runtime;
mod secrets;
mod types;

use brunt_e2e::{Answer, Brunt, Recorder};

#[test]
fn a_script_runs_as_it_stands() {
    let server = Recorder::start();
    let run = Brunt::script("thin.js").base_url(&server.url());
    let ended = run.run().expect_code(0);
    let mut seen: Vec<String> = server.seen().into_iter().map(|seen| seen.path).collect();
    seen.sort_unstable();
    assert_eq!(seen.len(), 6);
    assert_eq!(seen[0], "/get?vu=1&iteration=0");
    assert_eq!(ended.metric("http_reqs", "count"), 6.0);
    assert_eq!(ended.metric("checks", "passes"), 12.0);
    assert!(ended.metric("iteration_duration", "min") >= 20.0);
    assert!(ended.stdout.contains("✓ body is ok"), "{}", ended.stdout);
}

#[test]
fn flags_and_variables_win_over_a_scripts_options() {
    let server = Recorder::start();
    let run = Brunt::script("thin.js").base_url(&server.url());
    let ended = run.args(["--vus", "1", "--iterations", "3"]).run();
    assert_eq!(ended.expect_code(0).metric("iterations", "count"), 3.0);
}

#[test]
fn a_script_comes_by_standard_input() {
    let text = "import { check } from 'k6';\nexport default function (): void { check(1, { typed: (n: number) => n === 1 }); }\n";
    let ended = Brunt::new(["run", "-"]).stdin(text).run().expect_code(0);
    assert!(ended.stdout.contains("✓ typed"), "{}", ended.stdout);
}

#[test]
fn a_new_script_runs() {
    let folder = tempfile::tempdir().expect("a folder");
    let new = |args: &[&str]| {
        Brunt::new(std::iter::once("new").chain(args.iter().copied()))
            .folder(folder.path())
            .run()
    };
    let told = new(&["first.js"]).expect_code(0).stdout;
    assert!(told.contains("brunt run first.js"), "{told}");
    let again = new(&["--language", "javascript", "first"]).expect_code(104);
    assert!(again.stderr.contains("'first.js' is there already"));
    let server = Recorder::answering(|_| Answer::ok().header("content-type", "application/json"));
    let run = Brunt::test("first.js".as_ref())
        .folder(folder.path())
        .base_url(&server.url());
    let ended = run
        .args(["--vus", "1", "--iterations", "1"])
        .run()
        .expect_code(0);
    assert_eq!(ended.metric("checks", "passes"), 2.0);
}

#[test]
fn the_examples_run() {
    let server = Recorder::answering(|seen| {
        let sent: serde_json::Value = serde_json::from_slice(&seen.body).unwrap_or_default();
        Answer::ok().body(serde_json::json!({ "json": sent, "uuid": "7" }).to_string())
    });
    for (name, arguments) in [
        ("js/hello.js", &["--iterations", "3", "--vus", "1"][..]),
        ("js/orders.ts", &[]),
    ] {
        let run = Brunt::test(&brunt_e2e::example(name)).base_url(&server.url());
        let ended = run.args(arguments.iter().copied()).run().expect_code(0);
        assert_eq!(ended.metric("checks", "fails"), 0.0, "{name}");
        assert!(!ended.stderr.contains("failed"), "{}", ended.stderr);
    }
    assert!(
        server
            .seen()
            .iter()
            .any(|seen| seen.header("authorization") == Some("Bearer 7"))
    );
}

#[test]
fn a_scripts_options_are_inspected() {
    let script = brunt_e2e::script("thin.js");
    let ended = Brunt::new(["inspect".into(), script.into_os_string()])
        .run()
        .expect_code(0);
    let options: serde_json::Value = serde_json::from_str(&ended.stdout).expect("JSON");
    assert_eq!(options["thresholds"]["checks"][0], "rate==1");
    assert_eq!(
        options["scenarios"]["default"]["executor"],
        "shared-iterations"
    );
}
