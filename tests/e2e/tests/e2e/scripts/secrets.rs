//! Tests secrets in scripts: where they come from, who sees them, and that the log does not.

use brunt_e2e::{Brunt, Ended, Recorder};
use serde_json::json;

const REDACTED: &str = "***SECRET_REDACTED***";

/// A script that imports secrets, and whose default function does this.
fn script(body: &str) -> Brunt {
    let start = "import secrets from 'k6/secrets';\nimport exec from 'k6/execution';\nimport http from 'k6/http';\n";
    Brunt::text(&format!(
        "{start}export default async function () {{\n{body}\n}}\n"
    ))
}

fn told(ended: &Ended, words: &[&str]) {
    for words in words {
        assert!(ended.stderr.contains(words), "{words}: {}", ended.stderr);
    }
}

fn untold(ended: &Ended, secrets: &[&str]) {
    for secret in secrets {
        assert!(!ended.stderr.contains(secret), "{}", ended.stderr);
    }
}

#[test]
fn secrets_come_from_files_and_flags() {
    let body = "const all = [await secrets.get('user'), await secrets.get('pass'), await secrets.source('flags').get('pass'), await secrets.source('default').get('user')];\n\
        http.get(`${__ENV.BASE_URL}/?${encodeURIComponent(JSON.stringify(all.map((one) => [...one])))}`);";
    let server = Recorder::start();
    let run = script(body).file(
        "kept",
        "# who comes in\n\nuser=Jo\r\npass = a=b c\nuser=Jane Doe\npass=a=b c\n",
    );
    let run = run.args(["--secret-source", "file=default,name=kept,kept"]);
    let run = run.args(["--secret-source", "mock=name=flags,pass=x"]);
    run.base_url(&server.url()).run().expect_code(0);
    let spelled = |text: &str| text.chars().map(String::from).collect::<Vec<_>>();
    let expected = json!(["Jane Doe", "a=b c", "x", "Jane Doe"].map(spelled)).to_string();
    let seen = &server.seen()[0].path;
    let asked = seen.replace("%22", "\"").replace("%20", " ");
    let asked = asked
        .replace("%5B", "[")
        .replace("%5D", "]")
        .replace("%2C", ",");
    assert_eq!(asked.replace("%3D", "="), format!("/?{expected}"));
}

#[test]
fn the_log_shows_no_secret_that_was_asked_for() {
    let body = "const token = await secrets.get('token');\n\
        console.log('it is', token, { token }, [token]);\nconsole.error(new Error(token));\nconsole.log('half of it:', token.slice(0, 4), 'and', 'untouched');\n\
        http.get(`${__ENV.BASE_URL}/${token}`, { headers: { 'x-token': token } });\n\
        http.get(`http://${token}.invalid:0/`);\nexec.test.fail(`with ${token}`);\nthrow new Error(`no ${token}`);";
    let server = Recorder::start();
    let run = script(body).args(["--secret-source", "mock=token=hush-hush,other=untouched"]);
    let run = run.args(["--http-debug=full", "--log-format", "json"]);
    let ended = run.base_url(&server.url()).run().expect_code(110);
    assert_eq!(server.seen()[0].header("x-token"), Some("hush-hush"));
    untold(&ended, &["hush-hush"]);
    let it_is = format!(r#"it is {REDACTED} {{\"token\":\"{REDACTED}\"}} [\"{REDACTED}\"]"#);
    told(
        &ended,
        &[
            &it_is,
            "half of it: hush and untouched",
            &format!("GET /{REDACTED} HTTP/1.1"),
            &format!("x-token: {REDACTED}"),
            &format!("test run was marked as failed: with {REDACTED}"),
            &format!("iteration failed (error) in scenario default: Error: no {REDACTED}"),
        ],
    );
}

#[test]
fn a_line_that_is_cut_shows_no_half_of_a_secret() {
    let body = "console.log('x'.repeat(90) + await secrets.get('token'));";
    let run = script(body).args(["--secret-source", "mock=token=hush-hush"]);
    let ended = run.args(["--limit", "logBytes=95"]).run().expect_code(0);
    told(&ended, &["xxx***SE", "limit logBytes"]);
    untold(&ended, &["hush"]);
}

#[test]
fn errors_that_end_the_run_show_no_secret() {
    for (text, code) in [
        ("throw new Error(await secrets.get('token'));\n", 107),
        (
            "export async function setup() { throw new Error(await secrets.get('token')); }\n",
            107,
        ),
        (
            "const token = await secrets.get('token');\nexport const options = { scenarios: { a: { executor: 'constant-vus', duration: '1s', exec: token } } };\n",
            104,
        ),
    ] {
        let text =
            format!("import secrets from 'k6/secrets';\n{text}export default function () {{}}\n");
        let run = Brunt::text(&text).args(["--secret-source", "mock=token=hush-hush"]);
        let ended = run.run().expect_code(code);
        told(&ended, &[REDACTED]);
        untold(&ended, &["hush"]);
    }
}

#[test]
fn the_file_of_the_console_shows_no_secret() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("console.log");
    let run = script("console.log('it is', await secrets.get('token'));");
    let run = run.args(["--secret-source", "mock=token=hush-hush"]);
    run.arg("--console-output").arg(&file).run().expect_code(0);
    let written = std::fs::read_to_string(file).expect("it was written");
    assert!(written.contains(&format!("it is {REDACTED}")), "{written}");
}

#[test]
fn a_secret_that_is_not_there_is_a_promise_that_is_rejected() {
    let body = "const ask = (promise) => promise.catch((error) => console.log(`${error}`));\n\
        await ask(secrets.get('none'));\nawait ask(secrets.source('vault').get('token'));\nawait ask(secrets.get(''));\nawait ask(secrets.get());\nawait secrets.get('gone');";
    let run = script(body).args(["--secret-source", "mock=name=one,token=x"]);
    let run = run.args(["--secret-source", "mock=name=two,default,token=y"]);
    told(
        &run.run().expect_code(0),
        &[
            "Error: secret source \"two\" has no secret \"none\"",
            "Error: no secret source has the name \"vault\": there are one, two",
            "TypeError: secrets.get() needs the name of a secret",
            "iteration failed (error) in scenario default: Error: secret source \"two\" has no secret \"gone\"",
        ],
    );
    let run = script("await secrets.get('token');");
    let sources = [
        "--secret-source",
        "mock=name=one,token=x",
        "--secret-source",
        "mock=name=two,token=y",
    ];
    let ended = run.args(sources).run().expect_code(0);
    told(
        &ended,
        &["no secret source is the default one: name one of one, two"],
    );
    let ended = script("await secrets.get('token');").run().expect_code(0);
    told(
        &ended,
        &["no secret source is configured: give one to the run"],
    );
}

#[test]
fn a_source_can_be_a_variable_that_no_script_sees() {
    let body = "console.log(`seen ${JSON.stringify({ length: (await secrets.get('token')).length, names: Object.keys(__ENV).filter((name) => name.includes('SECRET')) })}`);";
    for name in ["K6_SECRET_SOURCE", "BRUNT_SECRET_SOURCE"] {
        let run = script(body)
            .env(name, "mock=token=four")
            .env("K6_SECRET_SOURCE_URL_KEY", "x");
        let ended = run.run().expect_code(0);
        assert_eq!(ended.only("seen"), json!({ "length": 4, "names": [] }));
        let run = script(body).env(name, "mock=token=four");
        let run = run.args(["--secret-source", "mock=token=flags"]);
        assert_eq!(run.run().expect_code(0).only("seen")["length"], 5);
    }
}

#[test]
fn a_source_that_is_written_wrong_ends_the_run_before_it_begins() {
    for (source, words) in [
        ("hush", "a secret source is none"),
        ("mock=hush", "secret source mock: part 1 is not KEY=VALUE"),
        (
            "file=no-such-file",
            "secret source file: cannot read 'no-such-file'",
        ),
        (
            "url=https://127.0.0.1/{key}",
            "secrets from URLs are not in this version of brunt",
        ),
    ] {
        let run = script("").args(["--secret-source", source]);
        let ended = run.run().expect_code(104);
        told(&ended, &[words]);
        untold(&ended, &["hush"]);
    }
}
