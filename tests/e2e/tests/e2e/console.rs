//! Tests option `consoleOutput`: the test's own lines go to a file.

use std::fs;

use brunt_e2e::{Brunt, Ended, Recorder};

/// A run of a guest that logs a line beginning with `answer` per iteration, in a folder of its own.
fn logging(folder: &std::path::Path, args: &[&str]) -> Ended {
    let server = Recorder::start();
    let run = Brunt::guest("probe").base_url(&server.url()).folder(folder);
    let run = run.args(["--iterations", "3"]).args(args.iter().copied());
    run.run().expect_code(0)
}

#[test]
fn lines_of_the_test_go_to_a_file_and_no_longer_to_the_log() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = folder.path().join("console.log");
    for (round, form) in ["text", "json", "raw"].into_iter().enumerate() {
        let args = ["--console-output", "console.log", "--log-format", form];
        let ended = logging(folder.path(), &args);
        assert_eq!(ended.logged("answer").len(), 0, "{}", ended.stderr);
        assert!(
            !ended.stderr.contains("has no effect yet"),
            "{}",
            ended.stderr
        );
        // It is added to, as k6 does.
        let text = fs::read_to_string(&file).expect("the file");
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines.len(), 3 * (round + 1), "{text}");
        let last = lines[lines.len() - 1];
        let start = match form {
            "text" => "INFO[",
            "json" => "{\"level\":\"info\",",
            _ => "answer {",
        };
        assert!(
            last.starts_with(start) && last.contains("answer {"),
            "{last}"
        );
    }
}

#[test]
fn the_engines_own_lines_stay_in_the_log() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let run = Brunt::guest("probe").base_url("http://127.0.0.1:1/");
    let run = run
        .folder(folder.path())
        .env("K6_CONSOLE_OUTPUT", "console.log");
    let ended = run.args(["--iterations", "1"]).run().expect_code(0);
    assert!(ended.stderr.contains("request failed"), "{}", ended.stderr);
    let text = fs::read_to_string(folder.path().join("console.log")).expect("the file");
    assert!(
        text.contains("answer {") && !text.contains("request failed"),
        "{text}"
    );
}

#[test]
fn a_file_that_cannot_be_written_is_told_before_the_run() {
    let server = Recorder::start();
    let run = Brunt::guest("probe").base_url(&server.url());
    let ended = run
        .args(["--console-output", "/no/such/folder/x"])
        .run()
        .expect_code(104);
    assert!(
        ended
            .stderr
            .contains("consoleOutput: cannot write '/no/such/folder/x'"),
        "{}",
        ended.stderr
    );
    assert_eq!(server.seen().len(), 0);
}
