//! Tests scripts: what they import and open, and what an archive keeps of it.

use super::*;

/// A folder with these files, and the script in the first one.
fn script(files: &[(&str, &str)]) -> (tempfile::TempDir, Script) {
    let folder = tempfile::tempdir().expect("a folder");
    for (name, text) in files {
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        std::fs::write(path, text).expect("a file");
    }
    let main = folder.path().join(files[0].0);
    let script = Script::open(&main, folder.path()).expect("a script");
    (folder, script)
}

#[test]
fn modules_are_found_by_path_by_url_and_by_package() {
    let (_folder, script) = script(&[
        ("tests/a.js", ""),
        ("lib/b.js", ""),
        ("lib/c.ts", ""),
        ("node_modules/d/package.json", r#"{"main":"e.js"}"#),
        ("node_modules/d/e.js", ""),
    ]);
    for (specifier, end) in [
        ("../lib/b.js", "/lib/b.js"),
        ("../lib/c", "/lib/c.ts"),
        ("../lib/c.js", "/lib/c.ts"),
        ("d", "/node_modules/d/e.js"),
        (script.main(), "/tests/a.js"),
    ] {
        let found = script.resolve(specifier, script.main()).expect(specifier);
        assert!(
            found.starts_with("file:///") && found.ends_with(end),
            "{found}"
        );
    }
}

#[test]
fn what_is_imported_of_no_file_is_known_before_anything_runs() {
    let (_folder, script) = script(&[
        (
            "a.ts",
            "import { x } from './b.js'; export * from 'x:one/a'; import t from 'k6';",
        ),
        ("b.js", "const c = require('./c.cjs'); module.exports = c;"),
        (
            "c.cjs",
            "if (false) { require( \"x:two/b\" ) } import('x:one/a'); import(`x:three/c`);",
        ),
    ]);
    let mut found = script.foreign_imports(|name| name.starts_with("x:"));
    found.sort();
    let names: Vec<&str> = found.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["x:one/a", "x:three/c", "x:two/b"]);
    assert!(found[2].1.ends_with("/c.cjs"), "{}", found[2].1);
}

#[test]
fn what_is_not_there_or_not_shown_says_so() {
    let (_folder, script) = script(&[("a.js", "")]);
    for (specifier, words) in [
        ("./b.js", "there is no such file"),
        ("lodash", "no such package in node_modules"),
        ("http://example.com/x.js", "only https:// addresses"),
        ("/etc/passwd", "lies outside of"),
    ] {
        let error = script
            .resolve(specifier, script.main())
            .expect_err(specifier);
        assert!(error.contains(words), "{error}");
    }
    assert!(script.load("file:///etc/passwd").is_err());
}

#[test]
fn later_vus_load_only_what_the_first_one_loaded() {
    let (_folder, script) = script(&[("a.js", "1"), ("b.js", "2")]);
    let first = script.resolve("./a.js", script.main()).expect("a name");
    script.load(&first).expect("a module");
    script.seal();
    assert_eq!(script.load(&first).expect("a module").text, "1");
    let error = script
        .resolve("./b.js", script.main())
        .expect_err("too late");
    assert!(error.contains("the first VU"), "{error}");
}

#[test]
fn a_script_can_be_text() {
    let folder = tempfile::tempdir().expect("a folder");
    let text = "export const a: number = 1;".to_owned();
    let script = Script::of_text(text, folder.path()).expect("a script");
    let module = script.load(script.main()).expect("a module");
    assert_eq!(module.text.trim(), "export const a = 1;");
}

#[test]
fn a_packed_script_has_all_that_it_used_and_nothing_else() {
    let (_folder, script) = script(&[
        ("tests/a.ts", "export const a: number = 1;"),
        ("lib/b.js", "2"),
        ("lib/unused.js", "3"),
        ("node_modules/d/package.json", r#"{"main":"e.js"}"#),
        ("node_modules/d/e.js", "4"),
        ("data.csv", "1,2"),
    ]);
    let load = |script: &Script, specifier: &str| {
        let name = script.resolve(specifier, script.main())?;
        script.load(&name).map(|module| module.text.clone())
    };
    script.load(script.main()).expect("the script");
    for (specifier, text) in [("../lib/b", "2"), ("d", "4")] {
        assert_eq!(load(&script, specifier).as_deref(), Ok(text));
    }
    script.open_file("../data.csv").expect("a file");
    let packed = Script::of_archive(script.packed(serde_json::Map::new(), BTreeMap::new()));
    let main = packed.load(packed.main()).expect("the script");
    assert_eq!(main.text.trim(), "export const a = 1;");
    for (specifier, text) in [("../lib/b", "2"), ("../lib/b.js", "2"), ("d", "4")] {
        assert_eq!(load(&packed, specifier).as_deref(), Ok(text), "{specifier}");
    }
    assert_eq!(
        packed.open_file("../data.csv").as_deref(),
        Ok(&b"1,2".to_vec())
    );
    for error in [
        load(&packed, "../lib/unused.js").expect_err("not packed"),
        load(&packed, "/etc/hostname").expect_err("not packed"),
        load(&packed, "https://example.com/a.js").expect_err("not packed"),
        packed.open_file("/etc/hostname").expect_err("not packed"),
        packed.open_file("../gone.csv").expect_err("not packed"),
    ] {
        assert!(error.contains("it is not in the archive"), "{error}");
    }
}
