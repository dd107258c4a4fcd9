//! Tests modules of `https://` addresses: fetched once, kept, checked, and kept from files of this machine.

mod files;

use std::path::PathBuf;
use std::sync::LazyLock;
use std::time::Duration;

use brunt_e2e::{Answer, Authority, Brunt, Ended, Proxy, Recorder, ServerTls};
use serde_json::json;
use tempfile::TempDir;

/// One cache for all tests, as the runtime is compiled anew for each; every test has a host of its own in it.
static CACHE: LazyLock<TempDir> = LazyLock::new(|| tempfile::tempdir().expect("a folder"));

/// A host of modules with an authority of its own.
struct Host {
    name: &'static str,
    authority: Authority,
    server: Recorder,
}

impl Host {
    /// Serves these files, by their paths.
    fn serving(name: &'static str, files: &'static [(&'static str, &'static str)]) -> Self {
        Self::answering(name, move |path| {
            let file = files.iter().find(|(known, _)| *known == path);
            file.map_or_else(
                || Answer::status(404),
                |(_, text)| Answer::status(200).body(*text),
            )
        })
    }

    fn answering(
        name: &'static str,
        answer: impl Fn(&str) -> Answer + Send + Sync + 'static,
    ) -> Self {
        let authority = Authority::new();
        let credentials = authority.issue(&[name]);
        let config = ServerTls::new(&credentials).config();
        let server = Recorder::tls_as(config, move |seen| answer(&seen.path));
        Self {
            name,
            authority,
            server,
        }
    }

    /// A run that finds this host and trusts it.
    fn reached_by(&self, run: Brunt) -> Brunt {
        let hosts = json!({ "hosts": { self.name: self.server.address().to_string() } });
        let run = cached(run).config(&hosts);
        run.arg("--ca").arg(self.authority.ca_file())
    }

    fn paths(&self) -> Vec<String> {
        let seen = self.server.seen();
        seen.into_iter().map(|seen| seen.path).collect()
    }
}

fn cached(run: Brunt) -> Brunt {
    run.env("BRUNT_CACHE_DIR", CACHE.path())
}

fn expect_words(ended: &Ended, words: &[&str]) {
    for words in words {
        assert!(
            ended.stderr.contains(words),
            "{words:?} is expected in\n{}",
            ended.stderr
        );
    }
}

const LOGS_WORD: &str = "import { word } from 'https://kept.test/lib/index.js';\nexport default () => console.log(word);\n";

#[test]
fn a_module_is_fetched_once_and_needs_no_network_afterwards() {
    let host = Host::serving(
        "kept.test",
        &[
            (
                "/lib/index.js",
                "import { half } from './parts/half.ts';\nexport const word = half() + 'way';\n",
            ),
            (
                "/lib/parts/half.ts",
                "import end from '/end.json';\nexport function half(): string { return 'half' + end.mark; }\n",
            ),
            ("/end.json", "{\"mark\": \"-\"}"),
        ],
    );
    let run = host
        .reached_by(Brunt::text(LOGS_WORD))
        .args(["--vus", "3", "--iterations", "3"]);
    expect_words(&run.run().expect_code(0), &["half-way"]);
    assert_eq!(
        host.paths(),
        ["/lib/index.js", "/lib/parts/half.ts", "/end.json"]
    );
    drop(host);
    let ended = cached(Brunt::text(LOGS_WORD)).run().expect_code(0);
    expect_words(&ended, &["half-way"]);
}

#[test]
fn a_kept_module_is_fetched_anew_when_that_is_asked_for_or_when_it_was_changed() {
    let text =
        "import { word } from 'https://anew.test/a.js';\nexport default () => console.log(word);\n";
    let host = Host::serving("anew.test", &[("/a.js", "export const word = 'genuine';")]);
    let run = || host.reached_by(Brunt::text(text));
    expect_words(&run().run().expect_code(0), &["genuine"]);
    run().run().expect_code(0);
    assert_eq!(host.paths().len(), 1);
    run().arg("--reload-modules").run().expect_code(0);
    run()
        .env("BRUNT_RELOAD_MODULES", "true")
        .run()
        .expect_code(0);
    assert_eq!(host.paths().len(), 3);
    let file = kept("https://anew.test/a.js");
    let written = std::fs::read_to_string(&file).expect("a kept module");
    std::fs::write(&file, written.replace("'genuine'", "'forged!'")).expect("a file");
    expect_words(&run().run().expect_code(0), &["genuine"]);
    assert_eq!(host.paths().len(), 4);
    std::fs::write(&file, "").expect("a file");
    drop(host);
    let ended = cached(Brunt::text(text)).run().expect_code(107);
    expect_words(
        &ended,
        &["is not what was fetched", "anew.test: no such host"],
    );
}

/// The file in which this address is kept.
fn kept(url: &str) -> PathBuf {
    let folder = CACHE.path().join("modules");
    let files = std::fs::read_dir(folder).expect("a folder of modules");
    let mut files = files.map(|file| file.expect("a file").path());
    let of_url = |file: &PathBuf| {
        let text = std::fs::read_to_string(file).unwrap_or_default();
        text.starts_with(&format!("{{\"url\":\"{url}\""))
    };
    files.find(of_url).expect("the module is kept")
}

#[test]
fn a_module_that_can_not_be_had_is_told_with_who_wants_it_and_what_to_do() {
    let text = "import http from 'k6/http';\n  import { a } from 'https://nowhere.test/a.js';\nexport default function () {}\n";
    let ended = cached(Brunt::text(text)).run().expect_code(107);
    expect_words(
        &ended,
        &[
            "\"https://nowhere.test/a.js\", imported by file://",
            "script.js:2:21, can't be had",
            "nowhere.test: no such host",
            "hint: put a copy beside the script",
            "or run it once where the address can be reached",
        ],
    );
    let host = Host::serving(
        "broken.test",
        &[("/a.js", "import './gone.js';"), ("/b.js", "let = ;")],
    );
    for (module, words) in [
        (
            "a.js",
            "\"https://broken.test/gone.js\", imported by https://broken.test/a.js:1:8, can't be had: the server answers 404 Not Found",
        ),
        ("b.js", "https://broken.test/b.js:1:"),
    ] {
        let text =
            format!("import 'https://broken.test/{module}';\nexport default function () {{}}\n");
        let ended = host.reached_by(Brunt::text(&text)).run().expect_code(107);
        expect_words(&ended, &[words]);
    }
    let text = "import 'http://broken.test/a.js';\nexport default function () {}\n";
    let ended = host.reached_by(Brunt::text(text)).run().expect_code(107);
    expect_words(&ended, &["only https:// addresses are fetched"]);
}

#[test]
fn places_in_modules_of_the_network_are_told() {
    let host = Host::serving(
        "places.test",
        &[(
            "/deep.ts",
            "interface Unused {\n  a: string;\n}\nexport function deep(): void {\n  throw new Error('deep down');\n}\n",
        )],
    );
    let text =
        "import { deep } from 'https://places.test/deep.ts';\nexport default () => deep();\n";
    let ended = host.reached_by(Brunt::text(text)).run().expect_code(0);
    expect_words(
        &ended,
        &[
            "deep down",
            "https://places.test/deep.ts:5:",
            "script.js:2:",
        ],
    );
}

#[test]
fn redirects_are_followed_to_https_and_imports_go_by_where_they_led() {
    let host = Host::answering("moved.test", |path| match path {
        "/latest" => Answer::status(302).header("location", "/v2/index.js"),
        "/v2/index.js" => Answer::status(200).body("export { word } from './word.js';"),
        "/v2/word.js" => Answer::status(200).body("export const word = 'second';"),
        "/plain" => Answer::status(301).header("location", "http://moved.test/v2/word.js"),
        _ => Answer::status(302).header("location", path),
    });
    let run = |module: &str| {
        let text = format!(
            "import {{ word }} from 'https://moved.test/{module}';\nexport default () => console.log(word);\n"
        );
        host.reached_by(Brunt::text(&text)).run()
    };
    expect_words(&run("latest").expect_code(0), &["second"]);
    expect_words(&run("latest").expect_code(0), &["second"]);
    assert_eq!(host.paths(), ["/latest", "/v2/index.js", "/v2/word.js"]);
    expect_words(
        &run("plain").expect_code(107),
        &["redirects to \"http://moved.test/v2/word.js\""],
    );
    expect_words(&run("round").expect_code(107), &["more than 10 redirects"]);
}

#[test]
fn the_limits_of_modules_hold() {
    let host = Host::answering("limits.test", |path| match path {
        "/large.js" => Answer::status(200).body(format!("//{}", "x".repeat(5000))),
        _ => Answer::never(),
    });
    let run = |module: &str, limit: &str| {
        let text =
            format!("import 'https://limits.test/{module}';\nexport default function () {{}}\n");
        host.reached_by(Brunt::text(&text))
            .args(["--limit", limit])
            .run()
    };
    let ended = run("large.js", "moduleSize=4KiB").expect_code(107);
    expect_words(&ended, &["limit moduleSize reached"]);
    let ended = run("late.js", "moduleTime=300ms").expect_code(107);
    expect_words(&ended, &["limit moduleTime is 300ms"]);
}

#[test]
fn the_network_policy_counts_for_modules_too() {
    let host = Host::serving("denied.test", &[("/a.js", "export default 1;")]);
    let text = "import 'https://denied.test/a.js';\nexport default function () {}\n";
    let run = |rule: &[&str]| {
        host.reached_by(Brunt::text(text))
            .args(rule.iter().copied())
            .run()
    };
    expect_words(
        &run(&["--deny-host", "denied.test"]).expect_code(107),
        &["denied by this run's network policy"],
    );
    expect_words(
        &run(&["--allow-host", "other.test"]).expect_code(107),
        &["denied by this run's network policy"],
    );
    assert!(host.paths().is_empty());
    run(&["--allow-host", "denied.test"]).expect_code(0);
}

#[test]
fn modules_come_through_proxies_and_from_mirrors() {
    let host = Host::serving(
        "mirror.test",
        &[
            (
                "/jslib/utils/1.0/index.js",
                "export { word } from './word.js';",
            ),
            (
                "/jslib/utils/1.0/word.js",
                "export const word = 'mirrored';",
            ),
        ],
    );
    let proxy = Proxy::http(host.server.address(), Duration::ZERO);
    let text = "import { word } from 'https://upstream.test/utils/1.0/index.js';\nconst url = import.meta.resolve('https://upstream.test/x.js');\nexport default () => console.log(word, url);\n";
    let run = cached(Brunt::text(text)).env("HTTPS_PROXY", format!("http://{}", proxy.address()));
    let run = run.arg("--ca").arg(host.authority.ca_file());
    let run = run.args([
        "--module-mirror",
        "https://upstream.test/=https://mirror.test/jslib/",
    ]);
    expect_words(
        &run.run().expect_code(0),
        &["mirrored https://upstream.test/x.js"],
    );
    assert_eq!(
        host.paths(),
        ["/jslib/utils/1.0/index.js", "/jslib/utils/1.0/word.js"]
    );
    assert!(
        proxy
            .asked()
            .iter()
            .all(|asked| asked.contains("mirror.test:443")),
        "{:?}",
        proxy.asked()
    );
    expect_words(
        &cached(Brunt::text(text)).run().expect_code(0),
        &["mirrored"],
    );
    let run = cached(Brunt::text(text)).args([
        "--module-mirror",
        "https://upstream.test=https://mirror.test",
    ]);
    expect_words(&run.run().expect_code(104), &["is no start of addresses"]);
}

#[test]
fn modules_of_the_network_use_k6_and_each_other() {
    let host = Host::serving(
        "uses.test",
        &[
            (
                "/esm.js",
                "import { check } from 'k6';\nimport exec from 'k6/execution';\nimport { SeekMode } from 'k6/experimental/fs';\nexport const checked = () => check(exec.vu.idInTest, { 'is a vu': (id) => id > SeekMode.Start });\n",
            ),
            (
                "/common.cjs",
                "const { half } = require('./half.cjs');\nexports.whole = () => half * 2;\nexports.where = __filename;\n",
            ),
            ("/half.cjs", "exports.half = 21;\n"),
        ],
    );
    let text = "import { checked } from 'https://uses.test/esm.js';\nconst { whole, where } = require('https://uses.test/common.cjs');\nexport default () => { checked(); console.log(whole(), where); };\n";
    let ended = host.reached_by(Brunt::text(text)).run().expect_code(0);
    expect_words(&ended, &["42 https://uses.test/common.cjs"]);
    assert_eq!(ended.metric("checks", "passes"), 1.0);
}
