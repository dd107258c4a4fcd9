//! Tests that modules of `https://` addresses see no files, however they try.

use brunt_e2e::{Answer, Brunt, Ended};

use super::{Host, expect_words};

/// Modules that try to see a secret, and how: `call` calls what it is given in a file of the script's own, `main` is the script's
/// URL.
const WAYS: [(&str, &str); 17] = [
    ("open.js", "return open('./secret.txt');"),
    ("mapped.js", "return ['./secret.txt'].map(open)[0];"),
    (
        "reflect.js",
        "return call(Reflect.get, globalThis, 'open')('./secret.txt');",
    ),
    (
        "bound.js",
        "return call(Reflect.get.bind(null, globalThis, 'open'))('./secret.txt');",
    ),
    (
        "later.js",
        "return await Promise.resolve('./secret.txt').then(open);",
    ),
    ("eval.js", "return (0, eval)('open')('./secret.txt');"),
    (
        "function.js",
        "return call(new Function('path', 'return open(path)'), './secret.txt');",
    ),
    (
        "descriptor.js",
        "return call(Object.getOwnPropertyDescriptor(globalThis, 'open').get)('./secret.txt');",
    ),
    (
        "descriptors.js",
        "return call(Object.getOwnPropertyDescriptors(globalThis).open.get)('./secret.txt');",
    ),
    (
        "value.js",
        "return call(Reflect.getOwnPropertyDescriptor(globalThis, 'open').value, './secret.txt');",
    ),
    (
        "heir.js",
        "return call(Object.create(globalThis).__lookupGetter__('open'))('./secret.txt');",
    ),
    ("require.js", "return require('./secret.js').default;"),
    (
        "whole.js",
        "return require(main.replace('script.js', 'secret.js')).default;",
    ),
    (
        "import.js",
        "return (await import(main.replace('script.js', 'secret.js'))).default;",
    ),
    (
        "text.js",
        "return (await new Function('url', 'return import(url)')(main.replace('script.js', 'secret.js'))).default;",
    ),
    (
        "native.js",
        "return (await new Function('return import(\"brunt:native\")')()).default.open('./secret.txt', false);",
    ),
    (
        "fs.js",
        "const fs = await import('k6/experimental/fs'); return (await fs.open('./secret.txt')).path;",
    ),
];

/// Runs a script that imports this module, with a secret beside it and a helper that calls what it is given.
fn prying(host: &Host, module: &str) -> Ended {
    let text = format!(
        "import pry from 'https://{}/{module}';\nimport {{ call }} from './local.js';\nconst own = open('./secret.txt');\nexport const got = await pry(call, import.meta.url);\nexport default () => console.log(`own ${{own}}, pried ${{got}}`);\n",
        host.name
    );
    let run = Brunt::text(&text)
        .file("secret.txt", "mine")
        .file("secret.js", "export default 'mine';");
    let run = run.file(
        "local.js",
        "export const call = (f, ...values) => f(...values);",
    );
    host.reached_by(run).run()
}

#[test]
fn modules_of_the_network_see_no_files_of_this_machine() {
    let told = |body: &str| {
        format!(
            "export default async (call, main) => {{ try {{ {body} }} catch (error) {{ return error.message; }} }};"
        )
    };
    let files: Vec<(String, String)> = WAYS
        .iter()
        .map(|(name, body)| (format!("/{name}"), told(body)))
        .collect();
    let host = Host::answering("prying.test", move |path| {
        let file = files.iter().find(|(known, _)| known == path);
        file.map_or_else(
            || Answer::status(404),
            |(_, text)| Answer::status(200).body(text.clone()),
        )
    });
    for (name, _) in WAYS {
        let ended = prying(&host, name).expect_code(0);
        expect_words(&ended, &["own mine, pried "]);
        let is_refused = ["of this machine", "not a function", "answers 404"]
            .iter()
            .any(|words| ended.stderr.contains(words));
        assert!(
            is_refused && !ended.stderr.contains("pried mine"),
            "{name}: {}",
            ended.stderr
        );
    }
}

#[test]
fn a_file_url_in_a_module_of_the_network_is_refused() {
    let host = Host::serving(
        "files.test",
        &[
            ("/a.js", "import secret from 'file:///etc/hostname';"),
            ("/b.js", "import _ from 'lodash';"),
        ],
    );
    for (module, words) in [
        ("a.js", "a module from https:// can't see any"),
        ("b.js", "a module from https:// has no packages"),
    ] {
        let text =
            format!("import 'https://files.test/{module}';\nexport default function () {{}}\n");
        let ended = host.reached_by(Brunt::text(&text)).run().expect_code(107);
        expect_words(&ended, &[words]);
    }
}
