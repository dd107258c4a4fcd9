//! Defines `brunt new`: a project with a first test, the SDK it is written with, and the contracts; or a script.

use std::fmt::Display;
use std::fs;
use std::path::{Path, PathBuf};

use brunt_runner::{Error, ExitCode};

use crate::args::{Language, NewArgs, NewExtensionArgs};
use crate::commands::print;
use crate::commands::script::is_named_as_script;

/// Every file of a project in Rust: its place, and its text with placeholders.
const RUST_PROJECT: &[(&str, &str)] = include!(concat!(env!("OUT_DIR"), "/rust_project.rs"));

/// Every file of a project of an extension, in the same way.
const EXTENSION_PROJECT: &[(&str, &str)] =
    include!(concat!(env!("OUT_DIR"), "/extension_project.rs"));

/// Writes a project of an extension, and prints what to do with it.
pub(crate) fn extension(args: &NewExtensionArgs) -> Result<u8, Error> {
    let name = Name::of(&args.path)?;
    check_folder(&args.path, args.force)?;
    for (place, text) in EXTENSION_PROJECT {
        write(&args.path.join(place), &name.fill(text))?;
    }
    let (path, module) = (args.path.display(), name.module());
    print(&format!(
        "\
wrote {path}: a protocol extension in Rust (src/lib.rs, contract/client.wit), and tests that use it (test/)

Build it:

    cd {path}
    rustup target add wasm32-unknown-unknown
    cargo build --release --workspace

See what it is, and run the test in JavaScript; README.md has a server to try it on:

    brunt extension inspect target/wasm32-unknown-unknown/release/{module}.wasm
    brunt run --extension target/wasm32-unknown-unknown/release/{module}.wasm test/test.js
"
    ));
    Ok(0)
}

/// Writes a project, and prints what to do with it.
pub(crate) fn new(args: &NewArgs) -> Result<u8, Error> {
    let language = language(args);
    if language == Language::Js {
        return script(args);
    }
    check_language(language)?;
    let name = Name::of(&args.path)?;
    check_folder(&args.path, args.force)?;
    for (place, text) in RUST_PROJECT {
        write(&args.path.join(place), &name.fill(text))?;
    }
    print(&next_steps(&args.path, &name));
    Ok(0)
}

/// The language that was asked for, or that the name is one of.
fn language(args: &NewArgs) -> Language {
    args.language
        .unwrap_or(match is_named_as_script(&args.path) {
            true => Language::Js,
            false => Language::Rust,
        })
}

/// A first script.
const SCRIPT: &str = include_str!("../../../../guest-sdks/js/template/script.js");

/// Writes a script: one file, that needs nothing to be built.
fn script(args: &NewArgs) -> Result<u8, Error> {
    let file = match args.path.extension() {
        Some(_) => args.path.clone(),
        None => args.path.with_extension("js"),
    };
    if file.exists() && !args.force {
        let message = format!("the file '{}' is there already", file.display());
        return Err(invalid(message).hint("choose another name, or write over it with --force"));
    }
    write(&file, SCRIPT)?;
    let file = file.display();
    print(&format!(
        "\
wrote {file}: a load test in JavaScript

Run it, with something to test in another terminal:

    brunt target --port 8080
    brunt run {file}
"
    ));
    Ok(0)
}

/// Refuses languages that there is no project for yet, and says where their tests are explained.
fn check_language(language: Language) -> Result<(), Error> {
    let (name, hint) = match language {
        Language::Rust | Language::Js => return Ok(()),
        Language::C => ("C", by_hand("c", "examples/c/orders.c")),
        Language::Python => ("Python", by_hand("python", "examples/python/orders.py")),
        Language::Go => ("Go", NOT_YET.to_owned()),
    };
    Err(invalid(format!(
        "`brunt new` writes tests in Rust and JavaScript, not in {name}"
    ))
    .hint(hint))
}

const NOT_YET: &str = "this version runs tests in Rust, JavaScript, C and Python; `brunt new script.js` starts one in JavaScript";

fn by_hand(folder: &str, example: &str) -> String {
    format!(
        "in Brunt's repository, guest-sdks/{folder}/README.md says how such a test is built, and {example} is a whole one"
    )
}

/// The name of a project: one that cargo takes for a package, and rustc for a crate.
#[derive(Debug, PartialEq, Eq)]
struct Name(String);

impl Name {
    /// The last part of a path.
    fn of(path: &Path) -> Result<Name, Error> {
        let text = path.file_name().map(|name| name.to_string_lossy());
        let Some(text) = text else {
            return Err(
                invalid(format!("'{}' does not end in a name", path.display()))
                    .hint("name a folder that is to be made, for example `brunt new my-test`"),
            );
        };
        match problem(&text) {
            None => Ok(Name(text.into_owned())),
            Some(why) => {
                let hint = format!("for example `brunt new {}`", suggestion(path, &text));
                Err(invalid(format!("'{text}' can't be the name of a test: {why}")).hint(hint))
            }
        }
    }

    /// The name as rustc writes it in the names of files.
    fn module(&self) -> String {
        self.0.replace('-', "_")
    }

    /// The name as one of a WIT package: words in small letters, each of which begins with one.
    fn package(&self) -> String {
        let name = self.0.to_ascii_lowercase();
        let words = name.split(['-', '_']).filter(|word| !word.is_empty());
        let words = words.map(
            |word| match word.starts_with(|c: char| c.is_ascii_digit()) {
                true => format!("n{word}"),
                false => word.to_owned(),
            },
        );
        words.collect::<Vec<_>>().join("-")
    }

    /// A text of the template with the name in its place.
    fn fill(&self, text: &str) -> String {
        let package = self.package();
        text.replace("{{name}}", &self.0)
            .replace("{{module}}", &self.module())
            .replace("{{package}}", &package)
            .replace("{{wit}}", &package.replace('-', "_"))
    }
}

/// Why this can't be the name of a package.
fn problem(name: &str) -> Option<&'static str> {
    let is_allowed = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    if !name.starts_with(|c: char| c.is_ascii_alphabetic()) {
        Some("it has to begin with a letter from a to z")
    } else if !name.chars().all(is_allowed) {
        Some("it may have letters from a to z, digits, - and _ only")
    } else if name.len() > MOST_LETTERS {
        Some("it is longer than 64 letters")
    } else if TAKEN.contains(&name.replace('-', "_").as_str()) {
        Some("Rust or a library has taken it")
    } else {
        None
    }
}

/// Package registries take no longer names.
const MOST_LETTERS: usize = 64;

/// Keywords, libraries that every crate has, and those that the project depends on; `-` as `_`.
const TAKEN: &[&str] = &[
    "abstract",
    "alloc",
    "as",
    "async",
    "await",
    "become",
    "box",
    "break",
    "brunt_sdk",
    "brunt_sdk_macros",
    "const",
    "continue",
    "core",
    "crate",
    "do",
    "dyn",
    "else",
    "enum",
    "extern",
    "false",
    "final",
    "fn",
    "for",
    "gen",
    "if",
    "impl",
    "in",
    "let",
    "loop",
    "macro",
    "match",
    "mod",
    "move",
    "mut",
    "override",
    "priv",
    "proc_macro",
    "pub",
    "ref",
    "return",
    "self",
    "serde",
    "serde_json",
    "static",
    "std",
    "struct",
    "super",
    "test",
    "trait",
    "true",
    "try",
    "type",
    "typeof",
    "unsafe",
    "unsized",
    "use",
    "virtual",
    "where",
    "while",
    "wit_bindgen",
    "yield",
];

/// The same path with a name that is one.
fn suggestion(path: &Path, name: &str) -> String {
    let kept = |c: char| {
        if c.is_ascii_alphanumeric() || c == '_' {
            c
        } else {
            '-'
        }
    };
    let text: String = name.chars().map(kept).take(MOST_LETTERS / 2).collect();
    let text = text.trim_matches('-');
    let named = match problem(text) {
        None => text.to_owned(),
        Some(_) if text.is_empty() => "my-test".to_owned(),
        Some(_) => format!("my-{text}"),
    };
    path.with_file_name(named).display().to_string()
}

/// Refuses what is there already, unless that is an empty folder.
fn check_folder(path: &Path, force: bool) -> Result<(), Error> {
    let Ok(metadata) = fs::metadata(path) else {
        return Ok(());
    };
    if !metadata.is_dir() {
        let hint = "choose another name, or move the file away";
        return Err(invalid(format!("'{}' is a file", path.display())).hint(hint));
    }
    let mut entries = fs::read_dir(path).map_err(|error| cannot("list", path, &error))?;
    if force || entries.next().is_none() {
        return Ok(());
    }
    Err(
        invalid(format!("the folder '{}' is there already", path.display()))
            .hint("choose another name, or write over its files with --force"),
    )
}

fn write(path: &Path, text: &str) -> Result<(), Error> {
    let folder = path.parent().map_or_else(PathBuf::new, Path::to_path_buf);
    fs::create_dir_all(&folder).map_err(|error| cannot("make the folder", &folder, &error))?;
    fs::write(path, text).map_err(|error| cannot("write", path, &error))
}

fn cannot(what: &str, path: &Path, error: &std::io::Error) -> Error {
    invalid(format!("cannot {what} '{}': {error}", path.display()))
        .hint("name a folder that you may write to")
}

fn invalid(message: impl Display) -> Error {
    Error::new(ExitCode::InvalidConfig, message)
}

/// What to type next, in lines that can be copied.
fn next_steps(path: &Path, name: &Name) -> String {
    let (path, module) = (path.display(), name.module());
    format!(
        "\
wrote {path}: a load test in Rust (src/lib.rs), its SDK (brunt-sdk/) and its contracts (wit/)

Build it:

    cd {path}
    rustup target add wasm32-unknown-unknown
    cargo build --release

(README.md has another way, for where rustup can't download.)

Run it, with something to test in another terminal:

    brunt target --port 8080
    brunt run target/wasm32-unknown-unknown/release/{module}.wasm
"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_that_cargo_takes() {
        let name = |path: &str| Name::of(Path::new(path)).map(|name| name.0);
        for (path, expected) in [
            ("my-test", "my-test"),
            ("load/a_1", "a_1"),
            ("/tmp/Shop/", "Shop"),
        ] {
            assert_eq!(name(path).ok().as_deref(), Some(expected), "{path}");
        }
        let refused = [
            ("1st", "hint: for example `brunt new my-1st`"),
            ("a/my test", "hint: for example `brunt new a/my-test`"),
            ("ärger", "hint: for example `brunt new rger`"),
            ("-", "hint: for example `brunt new my-test`"),
            ("fn", "hint: for example `brunt new my-fn`"),
            ("brunt-sdk", "hint: for example `brunt new my-brunt-sdk`"),
            ("..", "hint: name a folder"),
        ];
        for (path, hint) in refused {
            let error = name(path).map_or_else(|error| error, |name| panic!("{name} is taken"));
            assert_eq!(error.exit(), ExitCode::InvalidConfig);
            let told = format!("hint: {}", error.hint_text().unwrap_or_default());
            assert!(told.starts_with(hint), "{path}: {told}");
        }
    }

    #[test]
    fn every_suggestion_is_a_name() {
        for text in ["-", "9", "a b", "self", "test", "é", "--x", &"x".repeat(99)] {
            let suggested = suggestion(Path::new(text), text);
            assert_eq!(problem(&suggested), None, "{text} → {suggested}");
        }
    }

    #[test]
    fn placeholders_are_filled() {
        let name = Name("my-test".to_owned());
        assert_eq!(
            name.fill("{{name}}: {{module}}.wasm {{x}}"),
            "my-test: my_test.wasm {{x}}"
        );
        assert_eq!(
            Name("My_new-2".to_owned()).fill("{{package}} {{wit}}"),
            "my-new-n2 my_new_n2"
        );
        for (place, text) in RUST_PROJECT
            .iter()
            .filter(|(place, _)| !place.contains('/'))
        {
            let filled = name.fill(text);
            assert!(!filled.contains("{{"), "{place} has an unknown placeholder");
        }
    }

    #[test]
    fn everything_that_the_project_refers_to_is_in_it() {
        let text = |place: &str| RUST_PROJECT.iter().find(|(found, _)| *found == place);
        let text = |place: &str| {
            text(place)
                .unwrap_or_else(|| panic!("{place} is missing"))
                .1
        };
        let sdk = dependency(text("Cargo.toml"), "brunt-sdk");
        assert_eq!(sdk, "brunt-sdk/rust");
        let macros = dependency(text(&format!("{sdk}/Cargo.toml")), "brunt-sdk-macros");
        text(&format!("{sdk}/{macros}/Cargo.toml"));
        text(&format!("{sdk}/{macros}/src/lib.rs"));
        text("src/lib.rs");
        text(".cargo/config.toml");
        text(".gitignore");
        text("wit/worlds.wit");
        assert!(text(&format!("{sdk}/src/bindings.rs")).contains("path: \"../../wit\""));
        for (place, module) in modules(text(&format!("{sdk}/src/lib.rs"))) {
            let found = [place, format!("{module}/mod.rs")]
                .map(|place| format!("{sdk}/src/{place}"))
                .iter()
                .any(|place| RUST_PROJECT.iter().any(|(found, _)| found == place));
            assert!(found, "the SDK's module {module} is missing");
        }
    }

    #[test]
    fn the_manifests_take_nothing_from_a_workspace() {
        let manifests = RUST_PROJECT
            .iter()
            .filter(|(place, _)| place.ends_with("Cargo.toml"));
        for (place, text) in manifests {
            assert!(!text.contains("workspace = true"), "{place} inherits");
        }
    }

    /// The path that a manifest gives for a dependency.
    fn dependency<'a>(manifest: &'a str, name: &str) -> &'a str {
        let start = format!("{name} = {{ path = \"");
        let line = manifest.lines().find_map(|line| line.strip_prefix(&start));
        line.and_then(|rest| rest.split('"').next())
            .unwrap_or_default()
    }

    /// The modules that a library declares: their files, and their names.
    fn modules(library: &str) -> Vec<(String, &str)> {
        let declared = library.lines().filter_map(|line| {
            line.trim_start_matches("pub ")
                .strip_prefix("mod ")?
                .strip_suffix(';')
        });
        declared.map(|name| (format!("{name}.rs"), name)).collect()
    }
}
