//! Tests how layers become options: every option once, precedence, wiping, conflicts and the sandbox.

use std::path::PathBuf;

use brunt_host::Authorities;
use brunt_plan::{Executor, duration};
use serde_json::json;

use super::*;

fn config(options: Value) -> Layer {
    from_json(Source::Config("brunt.json".to_owned()), options)
}

fn test(options: Value) -> Layer {
    from_json(Source::Test, options)
}

fn flags(options: Value) -> Layer {
    from_json(Source::Flags, options)
}

fn from_json(source: Source, options: Value) -> Layer {
    Layer::from_json(source, &options).unwrap_or_else(|error| panic!("{options}: {error}"))
}

fn env(variables: &[(&str, &str)]) -> Layer {
    Layer::from_env(owned(variables)).unwrap_or_else(|error| panic!("{variables:?}: {error}"))
}

fn owned(variables: &[(&str, &str)]) -> Vec<(String, String)> {
    variables
        .iter()
        .map(|(name, text)| ((*name).to_owned(), (*text).to_owned()))
        .collect()
}

fn options(layers: Vec<Layer>) -> Options {
    Options::from_layers(layers).unwrap_or_else(|error| panic!("{error}"))
}

fn check_error(layers: Vec<Layer>, messages: &[&str]) {
    let error = Options::from_layers(layers)
        .map(|_| ())
        .map_err(|error| error.to_string());
    assert_eq!(error, Err(messages.join("\n")));
}

fn check_warnings(layers: Vec<Layer>, messages: &[&str]) {
    assert_eq!(options(layers).warnings, messages);
}

/// The executor, the VUs at the start and the duration of the one scenario.
fn load(options: &Options) -> (Executor, u64, String) {
    let scenario = &options.scenarios[0];
    let brunt_plan::Load::Closed(closed) = &scenario.load else {
        panic!("{} is open", scenario.name)
    };
    (
        scenario.executor,
        closed.curve.start(),
        duration::format(closed.curve.duration()),
    )
}

#[test]
fn nothing_said_is_one_iteration_and_the_defaults() {
    let options = options(vec![]);
    assert_eq!(
        load(&options),
        (Executor::PerVuIterations, 1, "10m0s".to_owned())
    );
    assert_eq!(
        (options.share.fraction(), options.rps, options.paused),
        ((1, 1), None, false)
    );
    assert_eq!(options.setup_timeout, Duration::from_secs(60));
    assert_eq!(options.handle_summary_timeout, Duration::from_secs(120));
    assert_eq!(
        (
            options.http.max_redirects,
            options.http.batch,
            options.http.batch_per_host
        ),
        (10, 20, 6)
    );
    assert_eq!(options.http.dns.ttl, Duration::from_secs(300));
    assert_eq!(
        options.summary.trend_stats,
        ["avg", "min", "med", "max", "p(90)", "p(95)"]
    );
    assert_eq!(
        (options.summary.mode, options.summary.time_unit),
        (SummaryMode::Compact, TimeUnit::Auto)
    );
    assert_eq!(
        (
            options.system_tags.len(),
            options.system_tags.contains("vu")
        ),
        (14, false)
    );
    assert_eq!(options.limits, Limits::default());
    assert_eq!(
        (
            options.metric_samples_buffer_size,
            options.include_system_env_vars
        ),
        (64, true)
    );
    assert!(options.warnings.is_empty());
}

/// The options of [`EVERYTHING`].
fn everything() -> Options {
    let everything: Value =
        serde_json::from_str(EVERYTHING).unwrap_or_else(|error| panic!("{error}"));
    for option in OPTIONS
        .iter()
        .filter(|option| !SHORTCUTS.contains(&option.name))
    {
        let pointer = format!("/{}", option.name.replace('.', "/"));
        assert!(
            everything.pointer(&pointer).is_some(),
            "{} is not tested",
            option.name
        );
    }
    options(vec![config(everything)])
}

const SHORTCUTS: [&str; 4] = ["vus", "duration", "iterations", "stages"];

#[test]
fn reads_every_option_from_json() {
    let options = everything();
    let without_effect = |warning: &&String| warning.contains("has no effect yet");
    let others = options
        .warnings
        .iter()
        .filter(|warning| !without_effect(warning));
    assert_eq!(others.collect::<Vec<_>>(), [""; 0]);
    assert_eq!(
        options
            .scenarios
            .iter()
            .map(|scenario| scenario.name.as_str())
            .collect::<Vec<_>>(),
        ["a", "b"]
    );
    assert_eq!(options.share.fraction(), (1, 2));
    assert!(
        options.paused
            && options.no_setup
            && options.no_teardown
            && options.linger
            && options.no_thresholds
    );
    let seconds = |duration: Duration| duration.as_secs();
    assert_eq!(
        [
            seconds(options.setup_timeout),
            seconds(options.teardown_timeout)
        ],
        [1, 2]
    );
    assert_eq!(
        [
            seconds(options.handle_summary_timeout),
            seconds(options.min_iteration_duration)
        ],
        [3, 4]
    );
    assert_eq!(
        (
            options.rps.map(NonZeroU64::get),
            options.tags["team"].as_str()
        ),
        (Some(7), "api")
    );
    assert_eq!(
        options
            .system_tags
            .iter()
            .map(String::as_str)
            .collect::<Vec<_>>(),
        ["url", "vu"]
    );
}

#[test]
fn reads_every_option_of_results_from_json() {
    let options = everything();
    let abort = ThresholdOption {
        threshold: "rate>0.5".to_owned(),
        abort_on_fail: true,
        delay_abort_eval: Duration::from_secs(10),
    };
    assert_eq!(
        (
            options.thresholds[0].0.as_str(),
            &options.thresholds[0].1[1]
        ),
        ("checks", &abort)
    );
    assert_eq!(options.thresholds[1].1[0].threshold, "count>1");
    assert_eq!(options.summary.trend_stats, ["count", "p(99.9)"]);
    assert_eq!(
        (options.summary.mode, options.summary.time_unit),
        (SummaryMode::Full, TimeUnit::Milliseconds)
    );
    assert_eq!(
        (options.summary.export, options.console_output),
        (Some("s.json".into()), Some("c.log".into()))
    );
    assert_eq!(
        (options.metric_samples_buffer_size, options.outputs),
        (5, vec!["json=x.json".to_owned()])
    );
    assert_eq!(
        options.extensions,
        ["a.wasm", "b,c.wasm"].map(PathBuf::from)
    );
    assert_eq!(
        (options.workers.map(NonZeroUsize::get), options.seed),
        (Some(3), Some(42))
    );
    assert_eq!(options.busy_warning, 80);
    assert!(options.instance_per_iteration && !options.include_system_env_vars);
    assert_eq!(
        (
            options.reload_modules,
            options.module_mirrors["https://a.example/"].as_str()
        ),
        (true, "https://b.example/a/")
    );
}

#[test]
fn reads_every_limit_from_json() {
    let options = everything();
    let vu = &options.limits.vu;
    assert_eq!(
        (vu.memory, vu.cpu_time, options.limits.series, vu.handles),
        (64 << 20, Duration::from_secs(1), 10, 11)
    );
    assert_eq!(
        (
            vu.connections,
            vu.table_elements,
            vu.stack,
            vu.response_body,
            vu.cookies,
            vu.log_bytes
        ),
        (12, 13, 512 << 10, 1024, 2048, 1000)
    );
    assert_eq!((vu.stream_buffer, vu.sse_event), (9 << 10, 10 << 10));
    let run = &options.limits;
    assert_eq!(
        (run.module_size, run.module_time, run.archive_size),
        (11 << 10, Duration::from_secs(2), 12 << 10)
    );
    assert_eq!(
        (
            options.network.allow_hosts.len(),
            options.network.deny_addresses.len()
        ),
        (1, 1)
    );
}

#[test]
fn reads_every_option_of_http_from_json() {
    let http = everything().http;
    assert_eq!(
        (
            http.max_redirects,
            http.user_agent.as_str(),
            http.batch,
            http.batch_per_host
        ),
        (1, "me", 2, 3)
    );
    assert!(
        http.throw
            && http.no_connection_reuse
            && http.no_vu_connection_reuse
            && http.no_cookies_reset
    );
    assert!(
        http.discard_response_bodies
            && http.tls.insecure_skip_verify
            && http.debug == HttpDebug::Full
    );
    assert_eq!(
        (http.tls.min_version, http.tls.max_version),
        (TlsVersion::Tls12, TlsVersion::Tls13)
    );
    assert_eq!(
        (
            http.tls.cipher_suites.as_slice(),
            http.tls.auth[0].domains.as_slice()
        ),
        (
            &["TLS_AES_256_GCM_SHA384".to_owned()][..],
            &["*.example.com".to_owned()][..]
        )
    );
    assert_eq!(
        http.hosts["a.example"],
        HostTarget::Address([127, 0, 0, 1].into())
    );
    assert!(
        matches!(http.hosts["b.example:80"], HostTarget::Socket(address) if address.port() == 8080)
    );
    assert_eq!(
        (
            http.blacklist_ips.len(),
            http.block_hostnames.len(),
            http.local_ips.words().len()
        ),
        (1, 1, 1)
    );
    assert_eq!(
        (http.dns.ttl, http.dns.select, http.dns.policy),
        (Duration::MAX, DnsSelect::RoundRobin, DnsPolicy::OnlyIpv6)
    );
}

const VARIABLES: [(&str, &str); 21] = [
    ("K6_STAGES", "10s:5,1m:0"),
    ("K6_VUS", "3"),
    ("K6_NO_SETUP", "true"),
    ("K6_SETUP_TIMEOUT", "1500"),
    ("K6_TAGS", "a=1,b:2"),
    ("K6_SYSTEM_TAGS", "url,method"),
    ("K6_USER_AGENT", "me"),
    ("K6_THRESHOLDS", r#"{"checks":["rate>0.9"]}"#),
    ("K6_HOSTS", r#"{"a":"127.0.0.1"}"#),
    ("K6_BLACKLIST_IPS", "10.0.0.0/8,192.168.0.0/16"),
    ("K6_BLOCK_HOSTNAMES", "a.example"),
    ("K6_DNS", "ttl=0,select=first,policy=any"),
    ("K6_SUMMARY_TREND_STATS", "avg,p(99)"),
    ("K6_OUT", "json=a,csv=b"),
    ("K6_RPS", ""),
    ("HOME", "/"),
    ("K6_UNRELATED", "x"),
    ("BRUNT_LIMIT_MEMORY", "1MiB"),
    ("BRUNT_LIMIT_CPU_TIME", "250"),
    ("BRUNT_NETWORK_ALLOW", "example.com"),
    ("BRUNT_WORKERS", "2"),
];

#[test]
fn reads_every_kind_of_variable() {
    let options = options(vec![env(&VARIABLES)]);
    assert_eq!(
        load(&options),
        (Executor::RampingVus, 3, "1m10s".to_owned())
    );
    assert_eq!(
        (options.no_setup, options.setup_timeout),
        (true, Duration::from_millis(1500))
    );
    assert_eq!(
        (
            options.tags["a"].as_str(),
            options.tags["b"].as_str(),
            options.system_tags.len()
        ),
        ("1", "2", 2)
    );
    assert_eq!(
        (
            options.thresholds.len(),
            options.http.hosts.len(),
            options.http.blacklist_ips.len()
        ),
        (1, 1, 2)
    );
    assert_eq!(
        (options.http.dns.ttl, options.http.dns.select),
        (Duration::ZERO, DnsSelect::First)
    );
    assert_eq!(
        (
            options.outputs.len(),
            options.summary.trend_stats.len(),
            options.rps
        ),
        (2, 2, None)
    );
    assert_eq!(
        (options.limits.vu.memory, options.limits.vu.cpu_time),
        (1 << 20, Duration::from_millis(250))
    );
    assert_eq!(
        (
            options.network.allow_hosts,
            options.workers.map(NonZeroUsize::get)
        ),
        (vec!["example.com".to_owned()], Some(2))
    );
}

#[test]
fn our_variables_come_before_k6s() {
    let both = env(&[("K6_USER_AGENT", "theirs"), ("BRUNT_USER_AGENT", "ours")]);
    assert_eq!(options(vec![both]).http.user_agent, "ours");
    let foreign = env(&[("K6_LIMIT_MEMORY", "1MiB"), ("K6_SEED", "x")]);
    assert_eq!(options(vec![foreign]).limits, Limits::default());
}

#[test]
fn wrong_variables_are_named() {
    let wrong = Layer::from_env(owned(&[
        ("K6_VUS", "many"),
        ("BRUNT_THROW", "yes"),
        ("K6_STAGES", "10s"),
        ("K6_DNS", "ttl"),
    ]));
    let expected = "K6_VUS: \"many\" is not a whole number\n\
        K6_STAGES: \"10s\" is not a stage; write duration:target, such as 10s:5\n\
        BRUNT_THROW: \"yes\" is neither true nor false\n\
        K6_DNS: \"ttl\" is not part of a DNS setting; write ttl=5m,select=random,policy=preferIPv4";
    assert_eq!(
        wrong.map(|_| ()).map_err(|error| error.to_string()),
        Err(expected.to_owned())
    );
}

#[test]
fn higher_layers_win_in_any_order() {
    let layers = || {
        vec![
            config(
                json!({"userAgent": "config", "batch": 1, "rps": 1, "throw": true, "tags": {"a": "config", "b": "config"}}),
            ),
            test(json!({"userAgent": "test", "batch": 2, "rps": 2, "tags": {"a": "test"}})),
            env(&[("K6_USER_AGENT", "env"), ("K6_BATCH", "3")]),
            flags(json!({"userAgent": "flags"})),
        ]
    };
    let mut reversed = layers();
    reversed.reverse();
    for options in [options(layers()), options(reversed)] {
        assert_eq!(
            (
                options.http.user_agent.as_str(),
                options.http.batch,
                options.http.throw
            ),
            ("flags", 3, true)
        );
        assert_eq!(
            (options.rps.map(NonZeroU64::get), options.tags.len()),
            (Some(2), 1)
        );
    }
}

#[test]
fn execution_options_wipe_those_below() {
    let scenarios =
        || test(json!({"scenarios": {"s": {"executor": "constant-vus", "duration": "9s"}}}));
    let cases = [
        (
            vec![
                test(json!({"duration": "5s", "vus": 4})),
                flags(json!({"iterations": 8})),
            ],
            (Executor::SharedIterations, 4, "10m0s"),
        ),
        (
            vec![test(json!({"duration": "5s"})), flags(json!({"vus": 2}))],
            (Executor::ConstantVus, 2, "5s"),
        ),
        (
            vec![scenarios(), flags(json!({"duration": "2s"}))],
            (Executor::ConstantVus, 1, "2s"),
        ),
        (
            vec![
                config(json!({"stages": [{"duration": "1s", "target": 1}]})),
                scenarios(),
            ],
            (Executor::ConstantVus, 1, "9s"),
        ),
        (
            vec![scenarios(), flags(json!({"stages": []}))],
            (Executor::PerVuIterations, 1, "10m0s"),
        ),
        (
            vec![flags(json!({"vus": 6}))],
            (Executor::SharedIterations, 6, "10m0s"),
        ),
        (
            vec![flags(json!({"iterations": 6, "duration": "3s"}))],
            (Executor::SharedIterations, 1, "3s"),
        ),
    ];
    for (layers, (executor, vus, duration)) in cases {
        assert_eq!(load(&options(layers)), (executor, vus, duration.to_owned()));
    }
    check_warnings(
        vec![scenarios(), flags(json!({"duration": "2s"}))],
        &["duration from the command line replaces scenarios from the test's options"],
    );
    check_warnings(
        vec![
            test(json!({"duration": "5s"})),
            flags(json!({"duration": "2s"})),
        ],
        &[],
    );
    check_warnings(
        vec![scenarios(), flags(json!({"vus": 2}))],
        &["vus from the command line has no effect, as scenarios say how many VUs they use"],
    );
}

#[test]
fn execution_options_of_one_layer_may_conflict() {
    let stages = json!([{"duration": "1s", "target": 1}]);
    let scenarios = json!({"s": {"executor": "shared-iterations"}});
    check_error(
        vec![test(json!({"iterations": 1, "stages": stages}))],
        &[
            "iterations and stages can't be used together; choose one, or use scenarios (from the test's options)",
        ],
    );
    check_error(
        vec![test(json!({"duration": "1s", "stages": stages}))],
        &[
            "duration and stages can't be used together; choose one, or use scenarios (from the test's options)",
        ],
    );
    check_error(
        vec![config(
            json!({"iterations": 1, "duration": "1s", "stages": stages, "scenarios": scenarios}),
        )],
        &[
            "iterations (from config file brunt.json): can't be used together with scenarios (from config file brunt.json); choose one",
            "duration (from config file brunt.json): can't be used together with scenarios (from config file brunt.json); choose one",
            "stages (from config file brunt.json): can't be used together with scenarios (from config file brunt.json); choose one",
        ],
    );
    options(vec![
        test(json!({"iterations": 1, "stages": stages})),
        flags(json!({"duration": "1s"})),
    ]);
}

#[test]
fn everything_wrong_is_said_at_once() {
    check_error(
        vec![test(json!({
            "vus": 0, "duration": "1s", "executionSegment": "2:3", "setupTimeout": "soon", "tags": {"a": 1}, "throw": "yes", "batch": -1,
            "systemTags": ["methd"], "summaryTrendStats": ["p(101)"], "summaryTimeUnit": "h", "httpDebug": "all",
            "tlsVersion": {"min": "tls1.3", "max": "tls1.2"}, "tlsAuth": [{"cert": "x"}], "hosts": {"a": "b"},
            "blacklistIPs": ["x"], "blockHostnames": ["a*b"], "dns": {"policy": "no"}, "thresholds": {"checks": [{"treshold": "x"}]},
            "limits": {"memory": "much"}, "network": {"deny": ["http://x"]},
        }))],
        &[
            "executionSegment (from the test's options): execution segment 2:3 ends after 1",
            "scenario \"default\": vus must be more than 0 (from the test's options)",
            "setupTimeout (from the test's options): \"soon\" is not a duration; write for example \"30s\", \"1m30s\" or \"500ms\"",
            "thresholds (from the test's options): checks: unknown key \"treshold\"; did you mean \"threshold\"?",
            "tags (from the test's options): a must be text, got 1",
            "systemTags (from the test's options): \"methd\" is not a system tag; did you mean \"method\"?",
            "batch (from the test's options): must be a whole number, not negative, got -1",
            "httpDebug (from the test's options): must be \"headers\" or \"full\", got \"all\"",
            "throw (from the test's options): must be true or false, got \"yes\"",
            "tlsVersion (from the test's options): min tls1.3 is above max tls1.2",
            "tlsAuth (from the test's options): [0]: key must be the text of a PEM private key",
            "hosts (from the test's options): \"a\" leads to \"b\", which is not an address; write 127.0.0.1, 127.0.0.1:8080, [::1]:8080 or unix:/run/app.sock",
            "blacklistIPs (from the test's options): \"x\" is not an address range; write 10.0.0.0/8",
            "blockHostnames (from the test's options): \"a*b\" is not a host name; write example.com or *.example.com",
            "dns.policy (from the test's options): must be one of preferIPv4, preferIPv6, onlyIPv4, onlyIPv6, any, got \"no\"",
            "summaryTrendStats (from the test's options): \"p(101)\" is not a statistic; use avg, min, med, max, count or p(N) with N from 0 to 100",
            "summaryTimeUnit (from the test's options): must be one of s, ms, us, got \"h\"",
            "limits.memory (from the test's options): \"much\" is not a size; write for example 64MiB",
            "network.deny: `http://x` is neither a host name (`example.com`, `*.example.com`) nor an address range (`10.0.0.0/8`) nor a Unix socket (`unix:/run/app.sock`)",
        ],
    );
    assert!(Layer::from_json(Source::Test, &json!([])).is_err());
    assert!(Layer::from_json(Source::Test, &json!({"dns": "ttl=1"})).is_err());
}

#[test]
fn tls_that_is_not_spoken_is_refused() {
    let from = "(from the test's options)";
    let suites = brunt_host::CIPHER_SUITES.join(", ");
    check_error(
        vec![test(json!({
            "tlsVersion": "tls1.1", "tlsCipherSuites": ["TLS_RSA_WITH_RC4_128_SHA"], "tlsCA": "/etc/secret",
            "tlsAuth": [{"cert": "c", "key": "k", "domains": ["a*b"]}],
        }))],
        &[
            &format!("tlsVersion {from}: tls1.1 is not spoken: only tls1.2 and tls1.3 are"),
            &format!(
                "tlsCipherSuites {from}: \"TLS_RSA_WITH_RC4_128_SHA\" can't be offered; there are {suites}"
            ),
            &format!(
                "tlsAuth {from}: [0]: domains: \"a*b\" is not a host name; write example.com or *.example.com"
            ),
            &format!("tlsCA {from}: a test must give the certificates themselves, as PEM"),
        ],
    );
    let pem = "-----BEGIN CERTIFICATE-----";
    let by_test = options(vec![test(json!({"tlsCA": pem}))]).http.tls;
    assert_eq!(by_test.authorities, Some(Authorities::Pem(pem.into())));
    let by_operator = options(vec![
        test(json!({"tlsCA": pem})),
        flags(json!({"tlsCA": "f"})),
    ]);
    let authorities = by_operator.http.tls.authorities;
    assert_eq!(authorities, Some(Authorities::File("f".into())));
}

#[test]
fn unknown_and_foreign_options_are_warned_of() {
    check_warnings(
        vec![test(
            json!({"duraton": "1s", "cloud": {}, "workers": 9, "limits": {"memroy": 1}, "ext": null}),
        )],
        &[
            "unknown option \"duraton\" in the test's options is ignored; did you mean \"duration\"?",
            "cloud in the test's options has no effect in Brunt",
            "workers in the test's options is ignored: only whoever runs the test may set it",
            "unknown option \"limits.memroy\" in the test's options is ignored; did you mean \"limits.memory\"?",
        ],
    );
}

#[test]
fn options_without_effect_are_warned_of() {
    check_warnings(
        vec![test(json!({"paused": true}))],
        &["option paused has no effect yet: the run starts at once"],
    );
    check_warnings(
        vec![test(json!({
            "paused": false, "batch": 1, "tlsVersion": {"min": "tls1.2"}, "systemTags": ["url", "vu"],
        }))],
        &[],
    );
}

/// Every row of the table is reached, and by nothing but its own option.
#[test]
fn each_option_without_effect_is_warned_of_once() {
    let given = json!({ "paused": true });
    let warnings = options(vec![flags(given)]).warnings;
    let named = warnings
        .iter()
        .filter_map(|warning| warning.split(' ').nth(1));
    let table: Vec<&str> = WITHOUT_EFFECT.iter().map(|row| row.name).collect();
    assert_eq!(named.collect::<Vec<_>>(), table);
}

#[test]
fn what_a_test_sees_while_it_loads_is_the_operators_choice() {
    let granted = flags(json!({"includeSystemEnvVars": false, "seed": 7, "vus": 3})).grants();
    let granted = options(vec![granted]);
    assert_eq!(
        (granted.include_system_env_vars, granted.seed),
        (false, Some(7))
    );
    assert_eq!(load(&granted).1, 1);
}

#[test]
fn a_test_may_lower_limits_but_not_raise_them() {
    let asked =
        || test(json!({"limits": {"memory": "64MiB", "connections": 1000, "series": 200_000}}));
    let defaults = options(vec![asked()]);
    assert_eq!(
        (
            defaults.limits.vu.memory,
            defaults.limits.vu.connections,
            defaults.limits.series
        ),
        (64 << 20, 100, 100_000)
    );
    assert_eq!(
        defaults.warnings,
        [
            "the test asks for limits.connections 1000, but is granted 100; whoever runs it can raise that with --limit connections=…",
            "the test asks for limits.series 200000, but is granted 100000; whoever runs it can raise that with --limit series=…",
        ]
    );
    let granted = options(vec![
        config(json!({"limits": {"connections": 5000}})),
        asked(),
        flags(json!({"limits": {"memory": "32MiB"}})),
    ]);
    assert_eq!(
        (granted.limits.vu.memory, granted.limits.vu.connections),
        (32 << 20, 1000)
    );
    check_error(
        vec![flags(json!({"limits": {"handles": 0}}))],
        &["limits.handles (from the command line): must be more than 0"],
    );
}

#[test]
fn a_test_may_narrow_the_network_but_not_widen_it() {
    let asked = || {
        test(
            json!({"network": {"allow": ["api.example.com", "other.org"], "deny": ["10.0.0.0/8"]}}),
        )
    };
    let alone = options(vec![asked()]);
    assert_eq!(
        (
            alone.network.allow_hosts.len(),
            alone.network.deny_addresses.len()
        ),
        (2, 1)
    );
    check_error(
        vec![
            asked(),
            flags(json!({"network": {"allow": ["*.example.com"]}})),
        ],
        &[
            "network.allow (from the test's options): \"other.org\" is not granted; whoever runs the test can grant it with --allow-host other.org",
        ],
    );
    let granted = options(vec![
        test(json!({"network": {"allow": ["api.example.com"], "deny": ["a.api.example.com"]}})),
        env(&[
            ("BRUNT_NETWORK_ALLOW", "*.example.com"),
            ("BRUNT_NETWORK_DENY", "b.example.com"),
        ]),
    ]);
    assert_eq!(granted.network.allow_hosts, ["api.example.com"]);
    assert_eq!(
        granted.network.deny_hosts,
        ["b.example.com", "a.api.example.com"]
    );
    // No allowance of the test's may turn a closed network into an open one.
    let emptied = options(vec![
        test(json!({"network": {"allow": []}})),
        flags(json!({"network": {"allow": ["a.org"]}})),
    ]);
    assert_eq!(emptied.network.allow_hosts, ["a.org"]);
}

#[test]
fn a_test_may_not_rename_its_way_out() {
    let hosts = || json!({"hosts": {"example.com": "169.254.169.254:80", "b.org": "10.1.2.3"}});
    let granted = || flags(json!({"network": {"allow": ["example.com", "10.0.0.0/8"]}}));
    check_error(
        vec![test(hosts()), granted()],
        &[
            "hosts (from the test's options): \"example.com\" leads to 169.254.169.254, which is not granted; whoever runs the test can grant it with --allow-host 169.254.169.254",
        ],
    );
    assert_eq!(
        options(vec![config(hosts()), granted()]).http.hosts.len(),
        2
    );
    assert_eq!(options(vec![test(hosts())]).http.hosts.len(), 2);
    let overridden = vec![
        test(hosts()),
        env(&[("K6_HOSTS", r#"{"example.com":"192.0.2.1"}"#)]),
        granted(),
    ];
    assert_eq!(options(overridden).http.hosts.len(), 1);
}

#[test]
fn a_test_reaches_no_unix_socket_by_itself() {
    let hosts = || json!({"hosts": {"example.com": "unix:/run/app.sock"}});
    let refused = &[
        "hosts (from the test's options): \"example.com\" leads to unix:/run/app.sock, which is not granted; whoever runs the test can grant it with --allow-host unix:/run/app.sock",
    ];
    check_error(vec![test(hosts())], refused);
    let granting =
        |rule: &str| flags(json!({"network": {"allow": [rule, "example.com", "0.0.0.0/0"]}}));
    check_error(vec![test(hosts()), granting("unix:/run")], refused);
    let granted = options(vec![test(hosts()), granting("unix:/run/app.sock")]);
    assert_eq!(granted.network.allow_sockets.len(), 1);
    assert_eq!(options(vec![flags(hosts())]).http.hosts.len(), 1);
    let narrowed = json!({"network": {"allow": ["unix:/run/other.sock"]}});
    check_error(
        vec![test(narrowed), granting("unix:/run/app.sock")],
        &[
            "network.allow (from the test's options): \"unix:/run/other.sock\" is not granted; whoever runs the test can grant it with --allow-host unix:/run/other.sock",
        ],
    );
}

#[test]
fn the_result_is_readable_as_options_again() {
    let first = options(vec![test(
        json!({"vus": 2, "duration": "5s", "dns": {"select": "first"}, "thresholds": {"checks": ["rate>0.9"]}}),
    )]);
    let json = Value::Object(first.to_json());
    assert_eq!(json["scenarios"]["default"]["executor"], "constant-vus");
    let second = options(vec![config(json.clone())]);
    assert_eq!(
        (Value::Object(second.to_json()), second.warnings.len()),
        (json, 0)
    );
}

#[test]
fn everything_is_printed_but_keys() {
    let first = everything();
    let json = Value::Object(first.to_operator_json());
    for option in OPTIONS
        .iter()
        .filter(|option| !SHORTCUTS.contains(&option.name))
    {
        let pointer = format!("/{}", option.name.replace('.', "/"));
        let printed = json.pointer(&pointer).is_some();
        assert_eq!(printed, option.name != "tlsAuth", "{}", option.name);
    }
    let second = options(vec![config(json.clone())]);
    assert_eq!(Value::Object(second.to_operator_json()), json);
}

#[test]
fn mirrors_are_starts_of_addresses() {
    for (from, to) in [
        ("https://a.example", "https://b.example"),
        ("http://a.example/", "https://b.example/"),
        ("https://a.example/", "https:///"),
        ("https://a.example/x", "https://b.example/x/"),
    ] {
        let mirrors = config(json!({ "moduleMirrors": { from: to } }));
        let error = Options::from_layers(vec![mirrors]).expect_err(from);
        assert!(error.to_string().contains("moduleMirrors"), "{error}");
    }
}

#[test]
fn an_archive_keeps_what_was_said_that_a_test_may_say() {
    let own = json!({ "vus": 2, "iterations": 4, "dns": { "ttl": "1s" }, "limits": { "memory": "1MiB" } });
    let test = Layer::from_json(Source::Test, &own).expect("options");
    let mut flags = Layer::new(Source::Flags);
    for (name, value) in [
        ("duration", json!("3s")),
        ("out", json!(["json"])),
        ("limits.stack", json!("1MiB")),
        ("network.allow", json!(["a.example"])),
        ("tags", json!({ "a": "b" })),
    ] {
        flags.set_from(name, value, "a flag");
    }
    let kept = Options::consolidated(vec![flags, test]).expect("options");
    let expected = json!({ "vus": 2, "duration": "3s", "tags": { "a": "b" }, "dns": { "ttl": "1s" }, "limits": { "memory": "1MiB" } });
    assert_eq!(Value::Object(kept), expected);
}

const EVERYTHING: &str = r#"{
    "scenarios": {"a": {"executor": "shared-iterations"}, "b": {"executor": "constant-vus", "duration": "5s"}},
    "executionSegment": "0:1/2", "executionSegmentSequence": "0,1/2,1",
    "paused": true, "noSetup": true, "noTeardown": true,
    "setupTimeout": "1s", "teardownTimeout": 2000, "handleSummaryTimeout": "3s", "minIterationDuration": "4s",
    "rps": 7, "tags": {"team": "api"}, "systemTags": ["url", "vu"],
    "thresholds": {"checks": ["rate>0.9", {"threshold": "rate>0.5", "abortOnFail": true, "delayAbortEval": "10s"}], "http_reqs": "count>1"},
    "maxRedirects": 1, "userAgent": "me", "batch": 2, "batchPerHost": 3, "httpVersion": "1.1", "httpDebug": "full",
    "insecureSkipTLSVerify": true, "tlsCipherSuites": ["TLS_AES_256_GCM_SHA384"], "tlsVersion": {"min": "tls1.2", "max": "tls1.3"},
    "tlsAuth": [{"cert": "C", "key": "K", "password": null, "domains": ["*.example.com"]}], "tlsCA": "ca.pem",
    "throw": true, "noConnectionReuse": true, "noVUConnectionReuse": true, "noCookiesReset": true,
    "discardResponseBodies": true, "hosts": {"a.example": "127.0.0.1", "b.example:80": "[::1]:8080"},
    "blacklistIPs": ["10.0.0.0/8"], "blockHostnames": ["*.evil.example"], "localIPs": ["10.0.0.1-10.0.0.9"],
    "dns": {"ttl": "inf", "select": "roundRobin", "policy": "onlyIPv6", "server": "127.0.0.1:5353"},
    "summaryTrendStats": ["count", "p(99.9)"], "summaryTimeUnit": "ms", "metricSamplesBufferSize": 5,
    "summaryMode": "full", "summaryExport": "s.json", "noThresholds": true, "out": ["json=x.json"], "linger": true,
    "consoleOutput": "c.log", "includeSystemEnvVars": false, "reloadModules": true, "extensions": ["a.wasm", "b,c.wasm"],
    "moduleMirrors": {"https://a.example/": "https://b.example/a/"}, "workers": 3, "busyWarning": 80, "seed": 42, "instancePerIteration": true,
    "limits": {"memory": "64MiB", "cpuTime": "1s", "series": 10, "handles": 11, "connections": 12, "tableElements": 13,
               "stack": "512KiB", "responseBody": 1024, "responseHeaders": 99, "responseHead": "8KiB", "streamBuffer": "9KiB", "socketBuffer": "11KiB", "sseEvent": "10KiB", "cookies": 2048, "logBytes": "1KB",
               "moduleSize": "11KiB", "moduleTime": "2s", "archiveSize": "12KiB"},
    "network": {"allow": ["example.com", "10.0.0.0/8"], "deny": ["10.1.0.0/16"]}
}"#;
