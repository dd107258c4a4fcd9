//! Tests how extensions are found, checked and told of.

use std::fs;
use std::path::Path;

use brunt_e2e::{Brunt, Ended, guest};
use serde_json::{Value, json};

use super::{expect_checks, expect_said, script, using};

const SCRIPT: &str = "import { check } from 'k6'; import { echoU64 } from 'sample:kinds/kinds';
    export default function () { check(echoU64(7), { same: (n) => n === 7 }); }";

/// A folder with copies of these guests under other names.
fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    for (name, of) in files {
        fs::copy(guest(of), folder.path().join(name)).expect("a copy");
    }
    folder
}

#[test]
fn an_extension_is_found_by_what_is_imported() {
    let folder = folder(&[
        ("a.wasm", "extension_kinds"),
        ("b.wasm", "extension_store"),
        ("c.wasm", "get_checks"),
        ("test.wasm", "extension_user"),
    ]);
    // In the folder of the test.
    expect_checks(Brunt::test(&folder.path().join("test.wasm")).run(), 15.0);
    // In a folder of the path.
    let run = Brunt::text(SCRIPT).env("BRUNT_EXTENSION_PATH", folder.path());
    expect_checks(run.run(), 1.0);
}

#[test]
fn an_extension_is_found_in_the_users_folder() {
    let home = tempfile::tempdir().expect("a folder");
    let own = home.path().join("brunt/extensions");
    fs::create_dir_all(&own).expect("a folder");
    fs::copy(guest("extension_kinds"), own.join("kinds.wasm")).expect("a copy");
    let run = Brunt::text(SCRIPT).env("XDG_DATA_HOME", home.path());
    expect_checks(run.run(), 1.0);
}

#[test]
fn extensions_are_named_in_a_config_file_and_the_environment() {
    let file = guest("extension_kinds");
    let run = Brunt::text(SCRIPT).config(&json!({ "extensions": [file] }));
    expect_checks(run.run(), 1.0);
    let run = Brunt::text(SCRIPT).env("BRUNT_EXTENSIONS", &file);
    expect_checks(run.run(), 1.0);
}

#[test]
fn a_test_can_not_name_extensions_itself() {
    let text = format!("export const options = {{ extensions: ['x.wasm'] }}; {SCRIPT}");
    let ended = script(&text).run().expect_code(0);
    expect_said(&ended, "only whoever runs the test may set it");
}

fn refused(run: Brunt, words: &[&str]) -> Ended {
    let ended = run.run().expect_code(104);
    for words in words {
        expect_said(&ended, words);
    }
    ended
}

#[test]
fn a_missing_extension_is_told_with_what_to_do() {
    let folder = folder(&[("test.wasm", "extension_user")]);
    refused(
        Brunt::test(&folder.path().join("test.wasm")),
        &[
            "imports sample:",
            "no extension offers",
            "hint:",
            "--extension FILE.wasm",
        ],
    );
    refused(
        Brunt::text("import x from 'k6/x/nothing'; export default function () {}"),
        &[
            "imports k6/x/nothing, which no extension offers",
            "script.js",
        ],
    );
    refused(
        Brunt::text(SCRIPT).arg("--extension").arg("no.wasm"),
        &["extension no.wasm does not exist", "hint:"],
    );
}

#[test]
fn two_that_offer_the_same_are_told_apart_by_name() {
    let folder = folder(&[("a.wasm", "extension_kinds"), ("b.wasm", "extension_kinds")]);
    let copies = || Brunt::text(SCRIPT).env("BRUNT_EXTENSION_PATH", folder.path());
    expect_checks(copies().run(), 1.0);
    // A section of its own makes one another.
    let other = folder.path().join("b.wasm");
    let mut bytes = fs::read(&other).expect("a file");
    bytes.extend([0, 2, 1, b'x']);
    fs::write(&other, bytes).expect("a file");
    let path = || Brunt::text(SCRIPT).env("BRUNT_EXTENSION_PATH", folder.path());
    refused(
        path(),
        &[
            "two extensions offer",
            "a.wasm",
            "b.wasm",
            "hint:",
            "--extension",
        ],
    );
    let named = path().arg("--extension").arg(folder.path().join("b.wasm"));
    expect_checks(named.run(), 1.0);
    let both = ["a.wasm", "b.wasm"].map(|name| folder.path().join(name));
    let run = both.iter().fold(Brunt::text(SCRIPT), |run, file| {
        run.arg("--extension").arg(file)
    });
    refused(run, &["two extensions offer"]);
}

#[test]
fn another_track_of_versions_is_told() {
    let text = SCRIPT.replace("kinds/kinds", "kinds/kinds@0.2.0");
    refused(
        script(&text),
        &[
            "sample:kinds/kinds@0.2.0",
            "sample:kinds/kinds@0.1.0",
            "another track of versions",
        ],
    );
    let text = SCRIPT.replace("kinds/kinds", "kinds/kinds@0.1.7");
    expect_checks(script(&text).run(), 1.0);
}

#[test]
fn what_is_no_extension_is_told() {
    let run = |file: &Path| Brunt::text(SCRIPT).arg("--extension").arg(file);
    refused(
        run(&guest("get_checks")),
        &[
            "is not an extension",
            "brunt:worlds/extension-lifecycle@0.1.0",
            "it is a test",
        ],
    );
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("text.wasm");
    fs::write(&file, "no wasm").expect("a file");
    refused(run(&file), &["is not a WebAssembly file"]);
}

#[test]
fn an_extension_that_can_not_begin_ends_the_run() {
    for run in [using("echo"), script(SCRIPT)] {
        let words = "extension sample:kinds could not be initialised: it was told to fail";
        refused(run.test_env("INIT_FAILS", "yes"), &[words]);
    }
}

#[test]
fn extensions_are_listed() {
    let folder = folder(&[
        ("a.wasm", "extension_kinds"),
        ("b.wasm", "extension_store"),
        ("c.wasm", "sleeper"),
    ]);
    let list = |args: &[&str]| {
        let all = ["extension", "list"].iter().chain(args);
        let run = Brunt::new(all.copied()).env("BRUNT_EXTENSION_PATH", folder.path());
        run.run().expect_code(0).stdout
    };
    let text = list(&[]);
    for words in [
        "sample:kinds",
        "0.1.0",
        "a.wasm",
        "sample:store/store@0.1.0",
        "k6/x/store",
    ] {
        assert!(text.contains(words), "{words}: {text}");
    }
    assert!(!text.contains("c.wasm"), "a test is no extension: {text}");
    let json: Value = serde_json::from_str(&list(&["--json"])).expect("JSON");
    assert_eq!(json[0]["name"], "sample:kinds");
    assert_eq!(json[1]["scripts"], json!(["k6/x/store"]));
}

#[test]
fn an_extension_is_inspected() {
    let file = guest("extension_kinds");
    let inspect = |args: &[&str]| {
        let all = ["extension", "inspect"].iter().chain(args);
        Brunt::new(all.copied())
            .arg(&file)
            .run()
            .expect_code(0)
            .stdout
    };
    let text = inspect(&[]);
    for words in [
        "interface kinds",
        "resource counter",
        "sum-of: static func(these: list<borrow<counter>>) -> counter;",
        "Everything that can be in an extension's API",
        "import brunt:metrics/metrics@0.1.0",
    ] {
        assert!(text.contains(words), "{words}: {text}");
    }
    let json: Value = serde_json::from_str(&inspect(&["--json"])).expect("JSON");
    assert_eq!(json["version"], "0.1.0");
    assert_eq!(json["exports"], json!(["sample:kinds/kinds@0.1.0"]));
}
