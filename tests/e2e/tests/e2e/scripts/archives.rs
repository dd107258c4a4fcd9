//! Tests archives: what they hold, and that they run where nothing else is.

use std::path::Path;

use brunt_e2e::{Brunt, Ended};
use serde_json::{Value, json};
use tempfile::TempDir;

/// A folder with a script that imports and opens, and a package.
struct Project(TempDir);

const SCRIPT: &str = "import { check } from 'k6';\nimport { half } from '../lib/half';\nimport word from 'words';\nimport data from '../lib/data.json';\nexport const options = { vus: 2, iterations: 4, thresholds: { checks: ['rate==1'] } };\nconst rows = open('../data/rows.csv').trim().split(',');\nconst bytes = open('../data/rows.csv', 'b');\nexport default function (): void {\n  check(half(4) + rows.length + data.one, { 'is five': (n: number) => n === 5 });\n  console.log(word, __ENV.WHO, bytes.byteLength);\n}\n";

impl Project {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        for (name, text) in [
            ("tests/script.ts", SCRIPT),
            (
                "lib/half.ts",
                "export const half = (n: number): number => n / 2;",
            ),
            ("lib/data.json", "{\"one\": 1}"),
            ("data/rows.csv", "a,b\n"),
            ("node_modules/words/package.json", r#"{"main": "main.js"}"#),
            (
                "node_modules/words/main.js",
                "module.exports = 'from a package';",
            ),
        ] {
            let file = folder.path().join(name);
            std::fs::create_dir_all(file.parent().expect("a folder")).expect("a folder");
            std::fs::write(file, text).expect("a file");
        }
        Self(folder)
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    /// `brunt archive tests/script.ts` with these arguments.
    fn archived(&self, args: &[&str]) -> Ended {
        let all = ["archive", "tests/script.ts"].iter().chain(args);
        let ended = Brunt::new(all.copied()).folder(self.path()).run();
        ended.expect_code(0)
    }
}

/// Runs an archive in a folder where there is nothing else.
fn run(archive: &Path) -> Brunt {
    Brunt::test(archive)
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

fn entries(archive: &Path) -> Vec<(String, Vec<u8>)> {
    let list = std::process::Command::new("tar")
        .arg("-tf")
        .arg(archive)
        .output();
    let list = String::from_utf8(list.expect("tar runs").stdout).expect("text");
    let content = |name: &str| {
        let out = std::process::Command::new("tar")
            .args(["-xOf".as_ref(), archive.as_os_str(), name.as_ref()])
            .output();
        out.expect("tar runs").stdout
    };
    list.lines()
        .map(|name| (name.to_owned(), content(name)))
        .collect()
}

#[test]
fn an_archive_runs_where_nothing_else_is() {
    let project = Project::new();
    project.archived(&["--env", "WHO=me"]);
    let elsewhere = tempfile::tempdir().expect("a folder");
    let archive = elsewhere.path().join("load.tar");
    std::fs::rename(project.path().join("archive.tar"), &archive).expect("an archive");
    drop(project);
    let ended = run(&archive).run().expect_code(0);
    assert_eq!(ended.metric("iterations", "count"), 4.0);
    assert_eq!(ended.metric("checks", "passes"), 4.0);
    expect_words(&ended, &["from a package me 4"]);
    let ended = run(&archive)
        .args(["--iterations", "1", "--vus", "1", "--env", "WHO=you"])
        .run()
        .expect_code(0);
    assert_eq!(ended.metric("iterations", "count"), 1.0);
    expect_words(&ended, &["from a package you 4"]);
}

#[test]
fn an_archive_is_laid_out_as_k6_does_it() {
    let project = Project::new();
    project.archived(&[
        "-O",
        "x.tar",
        "-e",
        "WHO=me",
        "--tag",
        "a=b",
        "--duration",
        "3s",
    ]);
    let entries = entries(&project.path().join("x.tar"));
    let names: Vec<&str> = entries.iter().map(|(name, _)| &**name).collect();
    assert_eq!(names[..2], ["metadata.json", "data"]);
    for end in [
        "/tests/script.ts",
        "/lib/half.ts",
        "/lib/data.json",
        "/data/rows.csv",
        "/words/main.js",
    ] {
        let found = names
            .iter()
            .any(|name| name.starts_with("file/") && name.ends_with(end));
        assert!(found, "{end} is expected in {names:?}");
    }
    assert_eq!(names.len(), 7, "{names:?}");
    assert_eq!(entries[1].1, SCRIPT.as_bytes());
    let metadata: Value = serde_json::from_slice(&entries[0].1).expect("JSON");
    assert_eq!(metadata["type"], "js");
    assert_eq!(metadata["env"], json!({ "WHO": "me" }));
    assert_eq!(metadata["compatibilityMode"], "extended");
    // What was said, and not what follows from it: the flag's duration in the place of the script's iterations.
    let options = json!({ "vus": 2, "duration": "3s", "tags": { "a": "b" }, "thresholds": { "checks": ["rate==1"] } });
    assert_eq!(metadata["options"], options);
    let filename = metadata["filename"].as_str().expect("a name");
    assert!(filename.starts_with("file:///") && filename.ends_with("/tests/script.ts"));
}

#[test]
fn variables_stay_at_home_when_they_are_to() {
    let project = Project::new();
    let env = |args: &[&str], variable: &str| {
        let args = ["archive", "tests/script.ts"].iter().chain(args);
        let run = Brunt::new(args.copied()).folder(project.path());
        run.env("OF_THE_SYSTEM", "1").run().expect_code(0);
        let entries = entries(&project.path().join("archive.tar"));
        let metadata: Value = serde_json::from_slice(&entries[0].1).expect("JSON");
        metadata["env"].get(variable).is_some()
    };
    assert!(env(&["-e", "WHO=me"], "WHO"));
    assert!(!env(&["-e", "WHO=me", "--exclude-env-vars"], "WHO"));
    assert!(!env(&[], "OF_THE_SYSTEM"));
    assert!(env(&["--include-system-env-vars"], "OF_THE_SYSTEM"));
}

#[test]
fn archives_of_k6_run() {
    let metadata = r#"{"type":"js","options":{"paused":null,"vus":2,"duration":null,"iterations":6,"stages":null,"scenarios":{"steady":{"executor":"per-vu-iterations","startTime":null,"gracefulStop":null,"env":null,"exec":null,"tags":null,"options":null,"vus":2,"iterations":3,"maxDuration":null}},"noSetup":null,"setupTimeout":null,"tlsCipherSuites":null,"tlsVersion":null,"tlsAuth":null,"throw":null,"thresholds":null,"blacklistIPs":null,"blockHostnames":null,"hosts":null,"ext":null,"cloud":null,"summaryTrendStats":["avg","p(95)"],"summaryTimeUnit":null,"systemTags":["status","method","name"],"tags":null,"dns":{"ttl":null,"select":null,"policy":null}},"filename":"file:///home/nobody/tests/script.js","pwd":"file:///home/nobody/tests/","env":{"WHO":"k6"},"compatibilityMode":"extended","k6version":"1.2.3","goos":"linux"}"#.replace("\"iterations\":6", "\"iterations\":null");
    let script = "import { word } from './lib/word.js';\nimport far from 'https://jslib.k6.io/far/1.0/index.js';\nconst data = JSON.parse(open('./data.json'));\nexport const options = { iterations: 1 };\nexport default () => console.log(word, far, data.n, __ENV.WHO);\n";
    let folder = tempfile::tempdir().expect("a folder");
    for (name, content) in [
        ("metadata.json", metadata.as_str()),
        ("data", script),
        (
            "file/home/nobody/tests/lib/word.js",
            "export const word = 'near';",
        ),
        ("file/home/nobody/tests/data.json", "{\"n\": 7}"),
        (
            "https/jslib.k6.io/far/1.0/index.js",
            "import { end } from './end.js'; export default 'far' + end;",
        ),
        (
            "https/jslib.k6.io/far/1.0/end.js",
            "export const end = '!';",
        ),
    ] {
        let file = folder.path().join(name);
        std::fs::create_dir_all(file.parent().expect("a folder")).expect("a folder");
        std::fs::write(file, content).expect("a file");
    }
    let packed = std::process::Command::new("tar")
        .args(["-cf", "k6.tar", "metadata.json", "data", "file", "https"])
        .current_dir(folder.path())
        .status();
    assert!(packed.expect("tar runs").success());
    let archive = folder.path().join("k6.tar");
    let ended = run(&archive).run().expect_code(0);
    assert_eq!(ended.metric("iterations", "count"), 6.0);
    expect_words(&ended, &["near far! 7 k6"]);
    let inspected = Brunt::new(["inspect".as_ref(), archive.as_os_str()])
        .arg("--execution-requirements")
        .run()
        .expect_code(0);
    let options: Value = serde_json::from_str(&inspected.stdout).expect("JSON");
    assert_eq!(options["scenarios"]["steady"]["iterations"], 3);
    assert_eq!(
        (&options["maxVUs"], &options["totalDuration"]),
        (&json!(2), &json!("10m30s"))
    );
}

#[test]
fn a_script_in_an_archive_sees_nothing_else() {
    let project = Project::new();
    let secret = project.path().join("secret.js");
    let script = "const tried = (name, f) => { try { return `${name} ${f()}`; } catch (error) { return `${name}: ${error.message}`; } };\nconst all = [tried('required', () => require('../secret.js').word), tried('opened', () => open('../secret.js')), tried('root', () => open(__ENV.SECRET)), tried('fetched', () => require('https://example.com/a.js'))];\nexport default () => console.log(all.join('\\n'));\n";
    std::fs::write(project.path().join("tests/script.ts"), script).expect("a file");
    // Made where the secret is not there yet.
    project.archived(&[]);
    std::fs::write(&secret, "exports.word = 'seen';").expect("a file");
    let archive = project.path().join("archive.tar");
    let ended = run(&archive)
        .folder(project.path())
        .test_env("SECRET", &secret.display().to_string())
        .run()
        .expect_code(0);
    assert!(!ended.stderr.contains("seen"), "{}", ended.stderr);
    assert_eq!(
        ended.stderr.matches("it is not in the archive").count(),
        4,
        "{}",
        ended.stderr
    );
}

#[test]
fn an_archive_goes_to_standard_output_and_comes_by_standard_input() {
    let project = Project::new();
    let shell = |command: &str| {
        let out = std::process::Command::new("sh")
            .args(["-c", command])
            .env("BRUNT", brunt_e2e::binary())
            .current_dir(project.path())
            .output();
        let out = out.expect("a shell runs");
        let words = String::from_utf8_lossy(&out.stderr).into_owned();
        assert!(out.status.success(), "{command}: {words}");
        words
    };
    let words = shell("\"$BRUNT\" archive -O - -e WHO=piped tests/script.ts | \"$BRUNT\" run -");
    assert!(words.contains("from a package piped 4"), "{words}");
    // A name that says nothing, and one that says something else.
    shell("\"$BRUNT\" archive -O load tests/script.ts && \"$BRUNT\" run load");
    shell("echo 'export default function () {}' > script.txt && \"$BRUNT\" run -t js script.txt");
    let piped = "echo 'export const options: { iterations: number } = { iterations: 3 };\nexport default function (): void {}' | \"$BRUNT\" inspect --execution-requirements -";
    shell(piped);
    shell(
        "echo 'export default function (): void {}' | \"$BRUNT\" archive -O stdin.tar - && \"$BRUNT\" run stdin.tar",
    );
}

#[test]
fn what_is_no_archive_says_so() {
    let project = Project::new();
    let bad = |name: &str, args: &[&str], words: &[&str]| {
        let run = Brunt::new(["run", name]).folder(project.path());
        let ended = run.args(args.iter().copied()).run().expect_code(104);
        expect_words(&ended, words);
    };
    bad(
        "gone.tar",
        &["--type", "archive"],
        &["gone.tar does not exist"],
    );
    bad(
        "tests/script.ts",
        &["-t", "archive"],
        &["this archive can't be read", "hint: an archive is what"],
    );
    project.archived(&[]);
    bad(
        "archive.tar",
        &["--limit", "archiveSize=100"],
        &["limit archiveSize reached"],
    );
    let guest = brunt_e2e::guest("get_checks");
    let ended = Brunt::new(["archive".as_ref(), guest.as_os_str()]).run();
    expect_words(
        &ended.expect_code(104),
        &["only scripts are archived", "hand on the .wasm"],
    );
    let run = Brunt::new(["run", "archive.tar"])
        .folder(project.path())
        .env("K6_TYPE", "go");
    expect_words(&run.run().expect_code(104), &["neither js nor archive"]);
}
