//! Tests outputs that can't be written, fail half way, or are slower than the test.

use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::Command;
use std::thread;
use std::time::Duration;

use brunt_e2e::{Answer, Recorder};
use tempfile::TempDir;

use super::{folder, server, visits};
use crate::samples::{parse_json, read_csv};

#[test]
fn an_output_that_cannot_be_written_ends_the_run_before_any_request() {
    let (server, folder) = (server(), folder());
    let cases = [
        (
            "json=no/such/a.json",
            "error: output json: cannot write 'no/such/a.json': No such file",
        ),
        (
            "csv=no/such/a.csv.gz",
            "error: output csv: cannot write 'no/such/a.csv.gz': No such file",
        ),
        (
            "json=/",
            "error: output json: cannot write '/': Is a directory",
        ),
        (
            "csv=/dev/full",
            "error: output csv: cannot write to '/dev/full': No space left",
        ),
        (
            "csv=a.csv,timeFormat=iso",
            "'iso' is no timeFormat: there are unix, unix_milli,",
        ),
        (
            "carrier-pigeon=coop",
            "error: unknown output 'carrier-pigeon': there are json[=file] and csv[=file]",
        ),
    ];
    for (out, why) in cases {
        let ended = visits(&server, &folder, 6)
            .args(["--out", "json=fine.json", "--out", out])
            .run();
        let ended = ended.expect_code(104);
        assert!(ended.stderr.contains(why), "{out}: {}", ended.stderr);
        assert!(
            ended.summary.is_none() && !ended.stdout.contains("TOTAL RESULTS"),
            "{out}"
        );
    }
    assert_eq!((server.seen().len(), server.connections().len()), (0, 0));
}

#[test]
fn an_output_that_fails_half_way_is_told_once_and_the_run_goes_on() {
    let folder = folder();
    let server = Recorder::answering(|_| Answer::ok().after(Duration::from_millis(15)));
    let run =
        visits(&server, &folder, 400).args(["--out", "json=/dev/full", "--out", "csv=fine.csv"]);
    let ended = run.run().expect_code(0);
    let told =
        "output json (/dev/full) failed and gets no more samples, the test goes on: No space left";
    assert_eq!(ended.stderr.matches(told).count(), 1, "{}", ended.stderr);
    assert_eq!(
        ended.stderr.matches("/dev/full").count(),
        1,
        "{}",
        ended.stderr
    );
    expect_all_the_same(&server, &folder, &ended, 400);
}

#[test]
fn an_output_whose_reader_goes_away_is_told_once_and_the_run_goes_on() {
    let folder = folder();
    let pipe = folder.path().join("pipe.csv");
    let made = Command::new("mkfifo")
        .arg(&pipe)
        .status()
        .expect("mkfifo can be run");
    assert!(made.success());
    let reader = thread::spawn(move || first_line(&pipe));
    let server = Recorder::answering(|_| Answer::ok().after(Duration::from_millis(15)));
    let run =
        visits(&server, &folder, 400).args(["--out", "csv=pipe.csv", "--out", "csv=fine.csv"]);
    let ended = run.run().expect_code(0);
    let headings = reader.join().expect("the reader read");
    assert!(headings.starts_with("metric_name,timestamp,"), "{headings}");
    let told =
        "output csv (pipe.csv) failed and gets no more samples, the test goes on: Broken pipe";
    assert_eq!(ended.stderr.matches(told).count(), 1, "{}", ended.stderr);
    expect_all_the_same(&server, &folder, &ended, 400);
}

/// The size of the queue was once fixed, whatever the option said.
#[test]
fn an_output_may_hold_back_as_many_batches_as_the_option_says() {
    for (batches, is_too_few) in [("1", true), ("1000", false)] {
        let (server, folder) = (Recorder::start(), folder());
        let pipe = folder.path().join("pipe.json");
        let made = Command::new("mkfifo").arg(&pipe).status();
        assert!(made.expect("mkfifo can be run").success());
        let run = visits(&server, &folder, 600).args(["--out", "json=pipe.json", "--rps", "300"]);
        let run = run.env("K6_METRIC_SAMPLES_BUFFER_SIZE", batches).start();
        // Nobody reads while the samples come, which are more than a pipe holds.
        let mut reader = File::open(&pipe).expect("the pipe");
        server.wait_for(600);
        let mut text = String::new();
        reader.read_to_string(&mut text).expect("text");
        let ended = run.wait().expect_code(0);
        let told = "output json (pipe.json) is slower than the test";
        assert_eq!(ended.stderr.contains(told), is_too_few, "{}", ended.stderr);
        let requests = parse_json(&text).values("http_reqs").len();
        assert_eq!(requests < 600, is_too_few, "{batches}: {requests}");
    }
}

fn first_line(pipe: &Path) -> String {
    let mut line = String::new();
    let mut reader = BufReader::new(File::open(pipe).expect("the pipe can be opened"));
    reader.read_line(&mut line).expect("a line");
    line
}

/// Everything but the broken output has all requests: the target, the other output, and the summary.
fn expect_all_the_same(
    server: &Recorder,
    folder: &TempDir,
    ended: &brunt_e2e::Ended,
    count: usize,
) {
    let (_, samples) = read_csv(&folder.path().join("fine.csv"));
    assert_eq!(
        (server.seen().len(), samples.of("http_reqs").count()),
        (count, count)
    );
    assert_eq!(ended.metric("http_reqs", "count"), count as f64);
    assert!(ended.stdout.contains("TOTAL RESULTS"), "{}", ended.stdout);
}
