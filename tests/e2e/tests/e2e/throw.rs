//! Tests option `throw`: a failed request that the test does not look at makes its iteration fail.

use brunt_e2e::{Brunt, Ended, Recorder};

/// Flags, variables, and whether the failure is raised.
type Case = (
    &'static [&'static str],
    &'static [(&'static str, &'static str)],
    bool,
);

/// Two iterations whose request is refused, with these flags and variables.
fn refused(args: &[&str], env: &[(&str, &str)]) -> Ended {
    let mut run = Brunt::guest("throwing").args(["--iterations", "2"]);
    for (name, value) in env {
        run = run.test_env(name, value);
    }
    let ended = run.args(args.iter().copied()).run().expect_code(0);
    assert_eq!(ended.metric("iterations", "count"), 2.0);
    assert_eq!(ended.metric("http_req_failed", "value"), 1.0);
    ended
}

/// Whether the iteration was told as failed, with the words of the request's error.
fn was_raised(ended: &Ended) -> bool {
    let raised = |line: &str| line.starts_with("ERRO") && line.contains("(code 1212)");
    ended.stderr.lines().any(raised)
}

#[test]
fn with_throw_a_failure_that_nobody_looks_at_ends_in_an_error() {
    let cases: [Case; 6] = [
        (&[], &[], false),
        (&["--throw"], &[], true),
        (&["--throw"], &[("HANDLED", "1")], false),
        (&["--throw"], &[("THROW", "false")], false),
        (&[], &[("THROW", "true")], true),
        (&[], &[("THROW", "true"), ("HANDLED", "1")], false),
    ];
    for (args, env, raised) in cases {
        let ended = refused(args, env);
        assert_eq!(
            was_raised(&ended),
            raised,
            "{args:?} {env:?}: {}",
            ended.stderr
        );
        assert!(
            !ended.stderr.contains("has no effect yet"),
            "{}",
            ended.stderr
        );
    }
}

#[test]
fn the_vu_goes_on_after_a_failure_was_raised() {
    let ended = refused(&[], &[("THROW", "true"), ("HANDLED", "1")]);
    let handled = ended.logged("handled");
    assert_eq!(
        (&handled[0]["code"], &handled[1]["iteration"]),
        (&1212.into(), &2.into())
    );
    let server = Recorder::start();
    let run = Brunt::guest("throwing").base_url(&server.url());
    let ended = run
        .args(["--iterations", "2", "--throw"])
        .run()
        .expect_code(0);
    assert!(!ended.stderr.contains("ERRO"), "{}", ended.stderr);
    assert_eq!(ended.metric("checks", "value"), 1.0);
}
