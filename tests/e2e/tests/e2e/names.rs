//! Tests where connections go to and come from: DNS, `hosts`, Unix sockets, `localIPs`, and what is denied of all that.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::time::Duration;

use brunt_e2e::{Answer, Brunt, NameServer, Recorder, Witness};
use serde_json::{Value, json};

use crate::samples::run_with_samples;

/// So many iterations of one VU, each with one request, that reach `http://api.test` with this DNS setting.
fn visits(iterations: u32, port: u16, dns: &NameServer, settings: &str) -> Brunt {
    Brunt::guest("get_checks")
        .base_url(&format!("http://api.test:{port}/"))
        .args(["--iterations", &iterations.to_string()])
        .args(["--dns", &format!("server={},{settings}", dns.address())])
}

/// The addresses of the server that were connected to, in order.
fn reached(server: &Witness) -> Vec<String> {
    let to = server.met().into_iter().filter_map(|met| met.to);
    to.map(|to| to.ip().to_string()).collect()
}

const THREE: &[(&str, &[&str])] = &[("api.test", &["127.0.0.1", "127.0.0.2", "127.0.0.3"])];

#[test]
fn an_answer_is_remembered_for_its_time() {
    for (ttl, most) in [("ttl=5m", 1), ("ttl=inf", 1), ("ttl=0", 4)] {
        let (server, dns) = (Witness::start(), NameServer::start(THREE, Duration::ZERO));
        let run = visits(4, server.port(), &dns, ttl).arg("--no-connection-reuse");
        let ended = run.run().expect_code(0);
        assert_eq!(ended.metric("checks", "value"), 1.0);
        assert_eq!(reached(&server).len(), 4);
        let questions = dns.questions();
        assert_eq!(questions.len(), most, "{ttl}: {questions:?}");
        assert!(
            questions
                .iter()
                .all(|question| *question == ("api.test".to_owned(), "A"))
        );
    }
}

#[test]
fn a_short_time_to_live_ends() {
    let (server, dns) = (Witness::start(), NameServer::start(THREE, Duration::ZERO));
    let run = visits(3, server.port(), &dns, "ttl=50ms").arg("--no-connection-reuse");
    run.args(["--min-iteration-duration", "100ms"])
        .run()
        .expect_code(0);
    assert_eq!(dns.questions().len(), 3);
}

#[test]
fn one_of_several_addresses_is_selected() {
    let select = |how: &str, iterations| {
        let (server, dns) = (Witness::start(), NameServer::start(THREE, Duration::ZERO));
        let run = visits(iterations, server.port(), &dns, &format!("select={how}"));
        run.arg("--no-connection-reuse").run().expect_code(0);
        reached(&server)
    };
    assert_eq!(select("first", 4), ["127.0.0.1"; 4]);
    let turns = ["127.0.0.1", "127.0.0.2", "127.0.0.3", "127.0.0.1"];
    assert_eq!(select("roundRobin", 4), turns);
    let random: BTreeSet<String> = select("random", 60).into_iter().collect();
    assert_eq!(random.len(), 3, "60 times by chance: {random:?}");
}

#[test]
fn all_workers_share_what_was_looked_up() {
    let (server, dns) = (
        Witness::start(),
        NameServer::start(THREE, Duration::from_millis(50)),
    );
    let run = visits(30, server.port(), &dns, "select=roundRobin");
    let run = run.args(["--vus", "10", "--workers", "2", "--no-connection-reuse"]);
    run.run().expect_code(0);
    assert_eq!(dns.questions().len(), 1, "{:?}", dns.questions());
    for address in ["127.0.0.1", "127.0.0.2", "127.0.0.3"] {
        let count = reached(&server).iter().filter(|to| *to == address).count();
        assert_eq!(count, 10, "{address}");
    }
}

#[test]
fn the_policy_says_which_kind_of_address_is_asked_for() {
    let both: &[(&str, &[&str])] = &[("api.test", &["127.0.0.1", "::1"])];
    let cases: [(&str, &[&str], &str); 4] = [
        ("preferIPv4", &["A"], "0"),
        ("onlyIPv4", &["A"], "0"),
        ("preferIPv6", &["AAAA"], "1212"),
        ("onlyIPv6", &["AAAA"], "1212"),
    ];
    for (policy, kinds, code) in cases {
        // It listens on IPv4 only.
        let (server, dns) = (Witness::start(), NameServer::start(both, Duration::ZERO));
        let run = visits(1, server.port(), &dns, &format!("policy={policy}"));
        let (_, samples) = run_with_samples(run);
        let asked: Vec<&str> = dns.questions().iter().map(|question| question.1).collect();
        assert_eq!(asked, kinds, "{policy}");
        let point = samples.of("http_reqs").next().expect("a request");
        let told = if point.tag("error_code").is_empty() {
            "0"
        } else {
            point.tag("error_code")
        };
        // A machine without IPv6 can't even try.
        let is_expected = told == code || (code == "1212" && told == "1210");
        assert!(is_expected, "{policy}: {point:?}");
    }
}

#[test]
fn a_name_without_an_address_fails_with_a_code_of_its_own() {
    let dns = NameServer::start(THREE, Duration::ZERO);
    let six = NameServer::start(&[("six.test", &["::1"])], Duration::ZERO);
    for (server, host, settings, code) in [
        (&dns, "nowhere.test", "ttl=0", "1101"),
        (&dns, "broken.test", "ttl=0", "1100"),
        (&six, "six.test", "policy=onlyIPv4", "1101"),
    ] {
        let run = Brunt::guest("probe")
            .base_url(&format!("http://{host}/"))
            .args(["--dns", &format!("server={},{settings}", server.address())]);
        let (ended, samples) = run_with_samples(run);
        ended.expect_code(0);
        assert_eq!(
            samples.tag_values("http_reqs", "error_code"),
            [code],
            "{host}"
        );
    }
}

#[test]
fn a_look_up_is_timed_by_itself_and_blocks() {
    let delay = Duration::from_millis(150);
    let (server, dns) = (Witness::start(), NameServer::start(THREE, delay));
    let run = Brunt::guest("probe")
        .base_url(&format!("http://api.test:{}/", server.port()))
        .test_env("REQUESTS", "2")
        .args(["--dns", &format!("server={}", dns.address())]);
    let (ended, samples) = run_with_samples(run);
    let answers = ended.expect_code(0).logged("answer");
    let ms = |index: usize, part: &str| answers[index][part].as_f64().expect("milliseconds");
    assert!(ms(0, "looking_up") >= 150.0, "{answers:?}");
    assert!(ms(0, "blocked") >= ms(0, "looking_up") + ms(0, "connecting"));
    assert_eq!(ms(1, "looking_up"), 0.0, "{answers:?}");
    let blocked = samples.values("http_req_blocked");
    assert!(blocked[0] >= 150.0 && blocked[1] < 150.0, "{blocked:?}");
    let connecting = samples.values("http_req_connecting");
    assert!(
        connecting[0] < blocked[0] - 140.0,
        "{connecting:?} of {blocked:?}"
    );
}

/// One visit with these options of the operator's: the error code, or none.
fn code_of(url: &str, options: &Value, args: &[&str]) -> String {
    let run = Brunt::guest("get_checks").base_url(url).config(options);
    let (ended, samples) = run_with_samples(run.args(args.iter().copied()));
    ended.expect_code(0);
    let point = samples.of("http_reqs").next().expect("a request");
    point.tag("error_code").to_owned()
}

#[test]
fn hosts_lead_to_addresses_and_ports() {
    let server = Witness::start();
    let port = server.port();
    let hosts = json!({ "hosts": {
        "plain.test": "127.0.0.2",
        "*.wild.test": "127.0.0.3",
        "*.deep.wild.test": format!("127.0.0.4:{port}"),
        format!("port.test:{port}"): "127.0.0.5",
        "127.9.9.9": "127.0.0.6",
    }});
    let cases = [
        ("plain.test", "127.0.0.2"),
        ("a.wild.test", "127.0.0.3"),
        ("a.deep.wild.test", "127.0.0.4"),
        ("port.test", "127.0.0.5"),
        ("127.9.9.9", "127.0.0.6"),
    ];
    for (host, address) in cases {
        let code = code_of(&format!("http://{host}:{port}/"), &hosts, &[]);
        assert_eq!(code, "", "{host}");
        let met = server.met().pop().expect("a request");
        assert_eq!(
            met.to.map(|to| to.ip().to_string()).as_deref(),
            Some(address)
        );
        let sent = format!("Host: {host}:{port}").to_lowercase();
        assert!(met.head.to_lowercase().contains(&sent), "{}", met.head);
    }
    // The port of the target replaces that of the URL.
    assert_eq!(code_of("http://a.deep.wild.test/", &hosts, &[]), "");
}

#[test]
fn hosts_lead_to_a_unix_socket_where_the_operator_says_so() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("app.sock");
    let server = Witness::on_socket(&path);
    let socket = format!("unix:{}", path.display());
    let hosts = json!({ "hosts": { "app.test": socket } });
    assert_eq!(code_of("http://app.test/hello", &hosts, &[]), "");
    assert_eq!(
        code_of("http://app.test/", &hosts, &["--allow-host", &socket]),
        ""
    );
    assert_eq!(
        code_of("http://app.test/", &hosts, &["--allow-host", "app.test"]),
        ""
    );
    assert_eq!(
        code_of("http://app.test/", &hosts, &["--allow-host", "10.0.0.1"]),
        "1110"
    );
    assert_eq!(
        code_of("http://app.test/", &hosts, &["--deny-host", &socket]),
        "1110"
    );
    let met = server.met();
    assert_eq!(met.len(), 3);
    assert!(
        met[0].head.starts_with("GET /hello HTTP/1.1\r\n"),
        "{}",
        met[0].head
    );
    let nowhere = json!({ "hosts": { "app.test": format!("{socket}.not") } });
    assert_eq!(code_of("http://app.test/", &nowhere, &[]), "1210");
}

#[test]
fn what_is_denied_is_denied_after_dns_and_redirects_too() {
    let server = Recorder::answering(|seen| match seen.path.as_str() {
        "/redirect" => Answer::status(302).header("Location", "http://other.test:1/"),
        _ => Answer::ok(),
    });
    let port = server.address().port();
    let names: &[(&str, &[&str])] = &[
        ("api.test", &["127.0.0.1"]),
        ("other.test", &["127.0.0.7"]),
        ("other.deep.test", &["127.0.0.7"]),
    ];
    let dns = NameServer::start(names, Duration::ZERO);
    let with_dns = json!({ "dns": { "server": dns.address().to_string() } });
    let cases: [(&str, &[&str], &[&str]); 4] = [
        ("api.test", &["--blacklist-ip", "127.0.0.0/8"], &["1110"]),
        ("api.test", &["--block-hostnames", "*.test"], &["1111"]),
        (
            "api.test/redirect",
            &["--blacklist-ip", "127.0.0.7"],
            &["-", "1110"],
        ),
        (
            "api.test/redirect",
            &["--block-hostnames", "other.test"],
            &["-", "1111"],
        ),
    ];
    for (target, args, codes) in cases {
        let (host, path) = target.split_once('/').unwrap_or((target, ""));
        let run = Brunt::guest("get_checks").base_url(&format!("http://{host}:{port}/{path}"));
        let (_, samples) = run_with_samples(run.config(&with_dns).args(args.iter().copied()));
        assert_eq!(
            samples.tag_values("http_reqs", "error_code"),
            codes,
            "{args:?}"
        );
    }
}

#[test]
fn each_vu_connects_from_an_address_of_its_own() {
    let server = Witness::start();
    let each_two = json!({ "executor": "per-vu-iterations", "vus": 4, "iterations": 2 });
    let config = json!({ "scenarios": { "s": each_two } });
    let run = Brunt::guest("get_checks")
        .base_url(&format!("http://127.0.0.1:{}/", server.port()))
        .config(&config)
        .args([
            "--local-ips",
            "127.0.0.11,127.0.0.12-127.0.0.13",
            "--workers",
            "2",
        ]);
    run.run().expect_code(0);
    let met = server.met();
    let from = |ip: &str| {
        let ip: IpAddr = ip.parse().expect("an address");
        met.iter()
            .filter(|met| met.from.is_some_and(|from| from.ip() == ip))
            .count()
    };
    // Four VUs take three addresses in turn.
    let counts = ["127.0.0.11", "127.0.0.12", "127.0.0.13"].map(from);
    assert_eq!(counts, [4, 2, 2]);
    let connections: BTreeSet<usize> = met.iter().map(|met| met.connection).collect();
    assert_eq!(connections.len(), 4, "connections are kept over iterations");
}

#[test]
fn a_local_address_that_does_not_fit_is_told() {
    for ips in ["::1", "192.0.2.1"] {
        let code = code_of("http://127.0.0.1:1/", &json!({ "localIPs": [ips] }), &[]);
        assert_eq!(code, "1210", "{ips}");
    }
    let run = Brunt::guest("get_checks").args(["--local-ips", "10.0.0.9-10.0.0.1"]);
    let ended = run.run().expect_code(104);
    assert!(
        ended.stderr.contains("is not an address; write 10.0.0.1"),
        "{}",
        ended.stderr
    );
}

#[test]
fn a_connection_that_is_not_kept_says_so() {
    let server = Witness::start();
    let url = format!("http://127.0.0.1:{}/", server.port());
    let run = |args: &[&str]| {
        let run = Brunt::guest("get_checks")
            .base_url(&url)
            .args(args.iter().copied());
        run.run().expect_code(0);
        server.met().pop().expect("a request").head.to_lowercase()
    };
    assert!(run(&["--no-connection-reuse"]).contains("connection: close"));
    assert!(!run(&["--no-vu-connection-reuse"]).contains("connection:"));
    let secure = Recorder::tls(|_| Answer::ok());
    let run = Brunt::guest("get_checks")
        .base_url(&secure.url())
        .trusting(&secure);
    run.args(["--iterations", "3", "--no-connection-reuse"])
        .run()
        .expect_code(0);
    assert_eq!(secure.connections().len(), 3, "HTTP/2 is not kept either");
}

#[test]
fn numbers_and_addresses_are_tags_when_asked_for() {
    let server = Recorder::start();
    let each_two = json!({ "executor": "per-vu-iterations", "vus": 2, "iterations": 2 });
    let config = json!({ "scenarios": { "s": each_two } });
    let run = Brunt::guest("get_checks")
        .base_url(&server.url())
        .config(&config);
    let (ended, samples) = run_with_samples(run.args(["--system-tags", "vu,iter,ip,status"]));
    ended.expect_code(0);
    let expected: BTreeSet<(&str, &str)> = [("1", "0"), ("1", "1"), ("2", "0"), ("2", "1")].into();
    for metric in [
        "http_reqs",
        "iterations",
        "iteration_duration",
        "checks",
        "data_sent",
    ] {
        let points = samples
            .of(metric)
            .map(|point| (point.tag("vu"), point.tag("iter")));
        assert_eq!(points.collect::<BTreeSet<_>>(), expected, "{metric}");
    }
    assert_eq!(samples.tag_values("http_reqs", "ip"), ["127.0.0.1"; 4]);
    assert_eq!(samples.tag_values("http_reqs", "url"), ["-"; 4]);
    let run = Brunt::guest("get_checks").base_url(&server.url());
    let (_, samples) = run_with_samples(run);
    for tag in ["vu", "iter", "ip"] {
        assert_eq!(samples.tag_values("http_reqs", tag), ["-"], "{tag}");
    }
}

#[test]
fn settings_of_names_that_are_wrong_are_told() {
    for (options, words) in [
        (
            json!({ "dns": { "server": "nowhere" } }),
            "is not the address of a server",
        ),
        (
            json!({ "hosts": { "a.*.test": "127.0.0.1" } }),
            "is not a host name",
        ),
        (
            json!({ "hosts": { "a.test": "unix:app.sock" } }),
            "is not absolute",
        ),
        (json!({ "blockHostnames": ["a b"] }), "is not a host name"),
    ] {
        let ended = Brunt::guest("get_checks")
            .config(&options)
            .run()
            .expect_code(104);
        assert!(ended.stderr.contains(words), "{words}: {}", ended.stderr);
    }
}
