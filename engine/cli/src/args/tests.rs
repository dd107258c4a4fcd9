//! Tests the command line: every flag reaches its option, and mistakes are explained.

use std::path::Path;

use brunt_runner::options::{Options, SummaryMode};
use clap::CommandFactory;

use super::*;

fn read(line: &[&str]) -> Result<Args, clap::Error> {
    Args::read(
        std::iter::once("brunt")
            .chain(line.iter().copied())
            .map(OsString::from),
    )
}

fn run(flags: &[&str]) -> RunArgs {
    let line: Vec<&str> = ["run", "test.wasm"].iter().chain(flags).copied().collect();
    match read(&line).map(|args| args.command) {
        Ok(Command::Run(run)) => *run,
        other => panic!("{flags:?} is no run: {other:?}"),
    }
}

fn options(flags: &[&str]) -> Result<Options, OptionsError> {
    Options::from_layers(vec![run(flags).test.options.layer()?])
}

/// The options of a line of flags without spaces of their own.
fn line(flags: &str) -> Result<Options, OptionsError> {
    options(&flags.split_whitespace().collect::<Vec<_>>())
}

fn check_error(flags: &[&str], message: &str) {
    assert_eq!(
        options(flags)
            .map(|_| ())
            .map_err(|error| error.to_string()),
        Err(message.to_owned()),
        "{flags:?}"
    );
}

#[test]
fn the_definition_is_sound() {
    Args::command().debug_assert();
}

#[test]
fn load_flags_make_scenarios() -> Result<(), OptionsError> {
    let cases: [(&[&str], &str); 6] = [
        (
            &["-u", "5", "-d", "30s"],
            "5 looping VUs for 30s (gracefulStop: 30s)",
        ),
        (
            &["-u", "5", "-i", "10"],
            "10 iterations shared among 5 VUs (maxDuration: 10m0s, gracefulStop: 30s)",
        ),
        (
            &["--vus=5"],
            "5 iterations shared among 5 VUs (maxDuration: 10m0s, gracefulStop: 30s)",
        ),
        (
            &["-s", "10s:5", "--stage", "5s:0,1m:3"],
            "Up to 5 looping VUs for 1m15s over 3 stages (gracefulRampDown: 30s, gracefulStop: 30s)",
        ),
        (
            &["-u", "4", "-d", "1s", "--execution-segment", "0:1/2"],
            "2 looping VUs for 1s (gracefulStop: 30s)",
        ),
        (
            &[
                "-u",
                "4",
                "-d",
                "1s",
                "--execution-segment=1/4:1/2",
                "--execution-segment-sequence=0,1/4,1/2,1",
            ],
            "1 looping VUs for 1s (gracefulStop: 30s)",
        ),
    ];
    for (flags, description) in cases {
        let options = options(flags)?;
        assert_eq!(
            options.scenarios[0].describe(&options.share),
            description,
            "{flags:?}"
        );
    }
    Ok(())
}

#[test]
fn run_and_http_flags_reach_their_options() -> Result<(), OptionsError> {
    let options = line(
        "--workers 3 --busy-warning 50 --seed 7 --instance-per-iteration -p --no-setup --no-teardown -l \
         --include-system-env-vars=false --console-output c.log --min-iteration-duration \
         1s --rps 9 --user-agent me --max-redirects 1 --batch 2 --batch-per-host 3 \
         --http-debug=full --insecure-skip-tls-verify --ca ca.pem -w --no-connection-reuse \
         --no-vu-connection-reuse --discard-response-bodies --dns ttl=0,policy=any \
         --local-ips 10.0.0.1 --blacklist-ip 10.0.0.0/8 --block-hostnames \
         a.example,b.example",
    )?;
    assert_eq!(
        (options.workers.map(|workers| workers.get()), options.seed),
        (Some(3), Some(7))
    );
    assert_eq!(options.busy_warning, 50);
    assert!(
        options.instance_per_iteration
            && options.paused
            && options.no_setup
            && options.no_teardown
            && options.linger
    );
    assert_eq!(
        (options.include_system_env_vars, options.console_output),
        (false, Some("c.log".into()))
    );
    assert_eq!(
        (
            options.min_iteration_duration.as_secs(),
            options.rps.map(|rps| rps.get())
        ),
        (1, Some(9))
    );
    let http = &options.http;
    assert_eq!(
        (
            http.user_agent.as_str(),
            http.max_redirects,
            http.batch,
            http.batch_per_host
        ),
        ("me", 1, 2, 3)
    );
    assert!(
        http.throw
            && http.no_connection_reuse
            && http.no_vu_connection_reuse
            && http.discard_response_bodies
    );
    assert!(http.tls.insecure_skip_verify && http.dns.ttl.is_zero());
    assert!(http.tls.authorities.is_some());
    assert_eq!(
        (
            http.blacklist_ips.len(),
            http.block_hostnames.len(),
            http.local_ips.words().len()
        ),
        (1, 2, 1)
    );
    Ok(())
}

#[test]
fn result_and_limit_flags_reach_their_options() -> Result<(), OptionsError> {
    let limited = line(
        "-o json=a,b.json --out csv --tag a=1,2 --tag b=3 --system-tags url,vu \
         --summary-mode legacy --summary-export s.json --summary-trend-stats avg,p(99) \
         --summary-time-unit ms --no-thresholds --limit memory=64MiB --limit cpuTime=1s \
         --allow-host *.example.com --deny-host 10.0.0.0/8 --reload-modules \
         --module-mirror https://a.example/=https://b.example/?a=1,2/",
    )?;
    assert_eq!(
        (
            limited.reload_modules,
            limited.module_mirrors["https://a.example/"].as_str()
        ),
        (true, "https://b.example/?a=1,2/")
    );
    assert_eq!(
        (
            limited.outputs.len(),
            limited.outputs[0].as_str(),
            limited.tags["a"].as_str()
        ),
        (2, "json=a,b.json", "1,2")
    );
    assert_eq!(
        (
            limited.system_tags.len(),
            limited.summary.mode,
            limited.no_thresholds
        ),
        (2, SummaryMode::Legacy, true)
    );
    assert_eq!(
        (limited.summary.trend_stats.len(), limited.summary.export),
        (2, Some("s.json".into()))
    );
    assert_eq!(
        (
            limited.limits.vu.memory,
            limited.limits.vu.cpu_time.as_secs()
        ),
        (64 << 20, 1)
    );
    assert_eq!(
        (
            limited.network.allow_hosts.len(),
            limited.network.deny_addresses.len()
        ),
        (1, 1)
    );
    assert_eq!(
        options(&["--no-summary"])?.summary.mode,
        SummaryMode::Disabled
    );
    Ok(())
}

#[test]
fn texts_that_are_wrong_are_explained() {
    check_error(
        &["-d", "30"],
        "--duration: the duration \"30\" has no unit; write for example \"30s\", \"1m30s\" or \"500ms\"",
    );
    check_error(
        &["-s", "10:5"],
        "--stage: the duration \"10\" has no unit; write for example \"30s\", \"1m30s\" or \"500ms\"",
    );
    check_error(
        &["-u", "x", "--throw=maybe"],
        "--vus: \"x\" is not a whole number\n--throw: \"maybe\" is neither true nor false",
    );
    check_error(
        &["--tag", "a"],
        "--tag: \"a\" is not of the form NAME=VALUE",
    );
    check_error(
        &["--limit", "speed=1"],
        "--limit: \"speed\" is not a limit; there are memory, stack, cpuTime, tableElements, connections, responseBody, responseHeaders, responseHead, streamBuffer, socketBuffer, sseEvent, cookies, logBytes, handles, series, moduleSize, moduleTime, archiveSize",
    );
    check_error(
        &["--dns", "fast"],
        "--dns: \"fast\" is not part of a DNS setting; write ttl=5m,select=random,policy=preferIPv4",
    );
    check_error(
        &["-i", "1", "-s", "1s:1"],
        "iterations and stages can't be used together; choose one, or use scenarios (from --stage)",
    );
    check_error(
        &["--summary-mode", "tiny"],
        "summaryMode (from --summary-mode): must be one of compact, full, legacy, disabled, got \"tiny\"",
    );
}

#[test]
fn variables_are_set_or_passed_on() -> Result<(), OptionsError> {
    let variable = |name: &str| (name == "HOME").then(|| "/home".to_owned());
    let args = run(&["-e", "A=1=2", "--env", "HOME", "-e", "ABSENT", "-e", "B="]).test;
    let env: Vec<(String, String)> = args.env(&variable)?.into_iter().collect();
    let expected = [("A", "1=2"), ("B", ""), ("HOME", "/home")]
        .map(|(name, value)| (name.to_owned(), value.to_owned()));
    assert_eq!(env, expected);
    assert!(run(&["-e", "=1"]).test.env(&variable).is_err());
    Ok(())
}

#[test]
fn logging_and_config_come_from_flags_or_variables() -> Result<(), OptionsError> {
    let none = |_: &str| None;
    let global = |line: &[&str]| {
        read(line)
            .map(|args| args.global)
            .unwrap_or_else(|error| panic!("{error}"))
    };
    let plain = global(&["version"]);
    assert_eq!(
        plain.logging(&none)?,
        Logging {
            output: LogOutput::Stderr,
            format: LogFormat::Text
        }
    );
    let variable = |name: &str| match name {
        "K6_LOG_OUTPUT" => Some("stdout".to_owned()),
        "BRUNT_LOG_OUTPUT" => Some("none".to_owned()),
        "K6_LOG_FORMAT" => Some("json".to_owned()),
        "K6_CONFIG" => Some("k6.json".to_owned()),
        "NO_COLOR" => Some(String::new()),
        _ => None,
    };
    assert_eq!(
        plain.logging(&variable)?,
        Logging {
            output: LogOutput::Nowhere,
            format: LogFormat::Json
        }
    );
    assert!(plain.is_colorless(&variable) && !plain.is_colorless(&none));
    let file = global(&[
        "version",
        "--log-output",
        "file=a.log",
        "--log-format",
        "raw",
    ]);
    assert_eq!(
        file.logging(&variable)?,
        Logging {
            output: LogOutput::File("a.log".into()),
            format: LogFormat::Raw
        }
    );
    assert!(
        global(&["version", "--log-output", "syslog"])
            .logging(&none)
            .is_err()
    );
    assert_eq!(run(&[]).test.config(&variable), Some("k6.json".into()));
    assert_eq!(
        run(&["-c", "c.json"]).test.config(&variable),
        Some("c.json".into())
    );
    Ok(())
}

#[test]
fn commands_are_read() {
    assert!(
        matches!(read(&["inspect", "t.wasm", "--execution-requirements"]).map(|args| args.command), Ok(Command::Inspect(inspect)) if inspect.execution_requirements)
    );
    assert!(
        matches!(read(&["archive", "t.js", "-O", "-", "--exclude-env-vars"]).map(|args| args.command), Ok(Command::Archive(archive)) if archive.archive_out == Path::new("-") && archive.exclude_env_vars)
    );
    assert!(
        matches!(read(&["archive", "t.js"]).map(|args| args.command), Ok(Command::Archive(archive)) if archive.archive_out == Path::new("archive.tar"))
    );
    assert!(
        matches!(read(&["new", "t", "-l", "js", "-f"]).map(|args| args.command), Ok(Command::New(new)) if new.language == Some(Language::Js) && new.force)
    );
    assert!(
        matches!(read(&["version", "--json"]).map(|args| args.command), Ok(Command::Version(version)) if version.json)
    );
    assert!(matches!(
        read(&["completions", "bash"]).map(|args| args.command),
        Ok(Command::Completions { .. })
    ));
    assert!(matches!(
        read(&["target", "--port", "0"]).map(|args| args.command),
        Ok(Command::Target(_))
    ));
    let args = read(&["run", "t.wasm", "-q", "-v", "--no-color", "--no-progress"]);
    assert!(
        args.is_ok_and(|args| args.global.quiet && args.global.verbose && args.global.no_color)
    );
}

#[test]
fn flags_of_k6_that_have_no_effect_are_read() {
    run(&["--no-usage-report", "--compatibility-mode=base"]);
    let wrong = ["run", "a.js", "--compatibility-mode=es5"];
    let error = read(&wrong).unwrap_err().to_string();
    assert!(
        error.contains("extended") && error.contains("base"),
        "{error}"
    );
}

#[test]
fn commands_of_k6_that_are_gone_get_a_hint() {
    for command in [
        "login", "cloud", "pause", "resume", "scale", "status", "convert",
    ] {
        let message = read(&[command])
            .map(|_| ())
            .map_err(|error| error.to_string());
        assert!(
            message.is_err_and(|message| message.contains("hint: ")),
            "{command}"
        );
    }
    let unknown = read(&["rum", "t.wasm"])
        .map(|_| ())
        .map_err(|error| error.to_string());
    assert!(unknown.is_err_and(|message| message.contains("run")));
}
