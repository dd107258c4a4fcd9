//! Tests what is said about input that makes no sense: what was wrong, where, and what to do, with exit code 104.

use std::fs;
use std::net::TcpListener;
use std::path::Path;

use brunt_e2e::{Brunt, guest};
use serde_json::{Value, json};

/// Runs it, and checks that it ends with this code, says all of these words on standard error, and runs nothing.
fn expect_refused(run: Brunt, code: i32, words: &[&str]) {
    let ended = run.run().expect_code(code);
    for words in words {
        assert!(ended.stderr.contains(words), "{words}: {}", ended.stderr);
    }
    assert!(!ended.stderr.contains("panicked"), "{}", ended.stderr);
    assert!(!ended.stdout.contains("running ("), "{}", ended.stdout);
}

fn counting() -> Brunt {
    Brunt::guest("count_iterations")
}

#[test]
fn a_file_that_is_no_test() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let whole = fs::read(guest("count_iterations")).expect("the guest can be read");
    let wrong_world = [
        "does not export brunt:worlds/lifecycle@0.1.0",
        "hint: a test targets world brunt:worlds/test@0.1.0",
    ];
    let no_wasm = ["is not a WebAssembly file", "hint: brunt runs WebAssembly"];
    let cases: [(&str, &[u8], &[&str]); 5] = [
        ("text.wasm", b"this is no WebAssembly", &no_wasm),
        ("empty.wasm", b"", &no_wasm),
        ("component.wasm", b"\0asm\x0d\0\x01\0", &wrong_world),
        ("module.wasm", b"\0asm\x01\0\0\0", &wrong_world),
        (
            "cut.wasm",
            &whole[..whole.len() / 2],
            &["cut.wasm", "hint: is the file whole?"],
        ),
    ];
    for (name, content, words) in cases {
        let file = folder.path().join(name);
        fs::write(&file, content).expect("the file can be written");
        expect_refused(Brunt::test(&file), 104, words);
    }
    let missing = folder.path().join("missing.wasm");
    let words = ["missing.wasm does not exist", "hint: give the path"];
    expect_refused(Brunt::test(&missing), 104, &words);
    expect_refused(Brunt::test(folder.path()), 104, &["can't be read"]);
}

#[test]
fn a_scenario_that_makes_no_sense() {
    let config = |scenario: Value| json!({ "scenarios": { "s": scenario } });
    let cases: [(Value, &[&str]); 6] = [
        (
            json!({ "executor": "constant-vu", "duration": "1s" }),
            &[
                "scenario \"s\"",
                "unknown executor \"constant-vu\"",
                "did you mean \"constant-vus\"?",
            ],
        ),
        (
            json!({ "executor": "constant-vus", "vuss": 1, "duration": "1s" }),
            &[
                "unknown key \"vuss\"",
                "did you mean \"vus\"?",
                "config.json",
            ],
        ),
        (
            json!({ "executor": "constant-vus", "vus": 1, "duration": "1s", "exec": "nope" }),
            &["scenario s executes \"nope\"", "hint: it has: default"],
        ),
        (
            json!({ "executor": "constant-vus", "vus": 1 }),
            &["duration"],
        ),
        (
            json!({ "executor": "constant-arrival-rate", "rate": 0, "duration": "1s", "preAllocatedVUs": 1 }),
            &["rate"],
        ),
        (json!({ "vus": 1 }), &["executor"]),
    ];
    for (scenario, words) in cases {
        expect_refused(counting().config(&config(scenario)), 104, words);
    }
}

/// What clap has to say once had a word of its own: `tip:`.
#[test]
fn a_flag_that_makes_no_sense_is_answered_with_a_hint() {
    let run = || Brunt::new(["run", "test.wasm"]);
    expect_refused(
        run().arg("--vuss=1"),
        104,
        &["unexpected argument '--vuss'", "\nhint: "],
    );
    let ended = run().arg("--vuss=1").run();
    assert!(!ended.stderr.contains("tip:"), "{}", ended.stderr);
    expect_refused(
        Brunt::new(["inspct"]),
        104,
        &["unrecognized subcommand 'inspct'", "\nhint: "],
    );
    let help = Brunt::new(["run", "--help"]).run().expect_code(0);
    assert!(help.stdout.contains("Usage: brunt run"), "{}", help.stdout);
}

/// `vus` alone also says how many iterations there are, and once was refused for both.
#[test]
fn a_wrong_number_of_vus_is_told_once() {
    for vus in [json!(0), json!(-1), json!(1.5), json!("many"), json!({})] {
        let ended = counting().config(&json!({ "vus": vus })).run();
        let ended = ended.expect_code(104);
        let problems = ended.stderr.matches("config.json").count();
        assert_eq!(problems, 1, "{vus}: {}", ended.stderr);
        assert!(ended.stderr.contains("vus "), "{}", ended.stderr);
    }
    let ended = counting().config(&json!({ "vus": 3.0 })).run();
    assert_eq!(ended.expect_code(0).metric("iterations", "count"), 3.0);
}

#[test]
fn a_threshold_that_makes_no_sense() {
    let cases: [(&str, &str, &[&str]); 4] = [
        (
            "http_req_duratoin",
            "p(95)<1",
            &[
                "no metric is called 'http_req_duratoin'",
                "did you mean 'http_req_duration'?",
            ],
        ),
        (
            "http_req_duration",
            "p95<1",
            &["invalid threshold \"p95<1\"", "p(N)"],
        ),
        (
            "http_reqs",
            "p(95)<1",
            &["'p(95)' does not exist for a counter"],
        ),
        ("http_reqs{status", "count>1", &["http_reqs{status"]),
    ];
    for (metric, threshold, words) in cases {
        let config = json!({ "thresholds": { metric: [threshold] } });
        expect_refused(counting().config(&config), 104, words);
    }
}

#[test]
fn a_flag_that_makes_no_sense() {
    let cases: [(&[&str], &[&str]); 12] = [
        (
            &["--vus", "nope"],
            &["--vus: \"nope\" is not a whole number"],
        ),
        (&["--vus", "0", "--duration", "1s"], &["vus"]),
        (&["--duration", "10"], &["--duration", "has no unit", "30s"]),
        (
            &["--iterations", "2", "--stage", "1s:1"],
            &["iterations and stages can't be used together"],
        ),
        (
            &["--summary-mode", "x"],
            &["must be one of compact, full, legacy, disabled"],
        ),
        (
            &["--out", "nope=x"],
            &["unknown output 'nope'", "json[=file]"],
        ),
        (
            &["--limit", "nope=1"],
            &["\"nope\" is not a limit", "cpuTime"],
        ),
        (&["--limit", "memory=1"], &["memory", "hint: "]),
        (&["--execution-segment", "3:1"], &["ends before it starts"]),
        (&["--tag", "novalue"], &["--tag", "NAME=VALUE"]),
        (&["--nope"], &["unexpected argument '--nope'"]),
        (
            &["--log-output", "nope"],
            &["use stderr, stdout, none or file=PATH"],
        ),
    ];
    for (args, words) in cases {
        expect_refused(counting().args(args.iter().copied()), 104, words);
    }
}

#[test]
fn a_variable_or_a_config_file_that_makes_no_sense() {
    let words = ["K6_VUS: \"many\" is not a whole number"];
    expect_refused(counting().env("K6_VUS", "many"), 104, &words);
    let words = [
        "config file nope.json",
        "hint: a config file holds options as JSON",
    ];
    let run = counting().args(["--config", "nope.json"]);
    expect_refused(run, 104, &words);
    let folder = tempfile::tempdir().expect("a temporary folder");
    fs::write(folder.path().join("bad.json"), "{bad").expect("the file can be written");
    let run = counting()
        .folder(folder.path())
        .args(["--config", "bad.json"]);
    expect_refused(run, 104, &["config file bad.json", "line 1"]);
}

#[test]
fn an_option_that_is_not_known_is_warned_about() {
    let config = json!({ "durration": "1s" });
    let ended = counting().config(&config).run().expect_code(0);
    let warning = "unknown option \"durration\"";
    assert!(ended.stderr.contains(warning), "{}", ended.stderr);
    assert!(ended.stderr.contains("did you mean \"duration\"?"));
}

#[test]
fn a_command_that_there_is_not() {
    expect_refused(Brunt::new(["frobnicate"]), 104, &["frobnicate"]);
    expect_refused(Brunt::new(["pause"]), 104, &["'pause'", "hint: "]);
    expect_refused(Brunt::new(["run"]), 104, &["<TEST>"]);
    let words = ["missing.wasm does not exist", "hint: "];
    expect_refused(Brunt::new(["inspect", "missing.wasm"]), 104, &words);
}

#[test]
fn a_port_that_another_program_listens_on() {
    let other = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let port = other.local_addr().expect("an address").port().to_string();
    let words = [
        "can't listen on 127.0.0.1:",
        "hint: another program listens there",
    ];
    expect_refused(Brunt::new(["target", "--port", &port]), 106, &words);
}

#[test]
fn a_summary_that_cannot_be_written() {
    let run = Brunt::new([
        Path::new("run").as_os_str(),
        guest("count_iterations").as_os_str(),
    ]);
    let ended = run
        .args(["--summary-export", "no/such/folder/s.json"])
        .run();
    assert!(ended.code != Some(0), "{ended:?}");
    assert!(
        ended.stderr.contains("no/such/folder/s.json"),
        "{}",
        ended.stderr
    );
}
