//! Defines the check of tables whose last column names tests: every test that is named there exists, and no row goes without.
//!
//! A test is named `module::test`, or with more of the modules around it. A row without a test says that the thing is
//! **absent**.

use super::Finding;
use super::rust::{Source, line_of};
use crate::tree::File;

/// The heading of the column.
const HEADING: &str = "test";
/// What a row without tests says.
const ABSENT: &str = "**absent**";

pub(super) fn check(files: &[File], sources: &[Source]) -> Vec<Finding> {
    let tests: Vec<Test> = sources.iter().flat_map(tests_in).collect();
    let documents = files.iter().filter(|file| file.path.ends_with(".md"));
    documents.flat_map(|file| findings(file, &tests)).collect()
}

/// A test and the modules that it is in, the innermost last.
struct Test {
    modules: Vec<String>,
    name: String,
}

impl Test {
    fn is(&self, reference: &str) -> bool {
        let Some((modules, name)) = reference.rsplit_once("::") else {
            return false;
        };
        let mut own = self.modules.iter().rev();
        self.name == name
            && modules
                .rsplit("::")
                .all(|module| own.next().is_some_and(|own| own == module))
    }
}

fn tests_in(source: &Source<'_>) -> Vec<Test> {
    let modules = modules(&source.file.path);
    let functions = source.functions();
    let attributes = source.code.match_indices("#[test]");
    let tests = attributes.filter_map(|(at, _)| {
        let line = line_of(&source.code, at);
        let next = functions.iter().filter(|function| function.first > line);
        next.min_by_key(|function| function.first)
    });
    tests
        .map(|function| Test {
            modules: modules.clone(),
            name: function.name.clone(),
        })
        .collect()
}

/// The modules of a file, without those that only say that there are tests in it.
fn modules(path: &str) -> Vec<String> {
    let parts = path.trim_end_matches(".rs").split('/');
    let parts = parts.filter(|part| !["src", "tests", "mod", "lib", "main"].contains(part));
    parts.map(str::to_owned).collect()
}

fn findings(file: &File, tests: &[Test]) -> Vec<Finding> {
    let mut found = Vec::new();
    let mut inside = false;
    for (at, line) in file.text.lines().enumerate() {
        let Some(cells) = cells(line) else {
            inside = false;
            continue;
        };
        let last = cells.last().copied().unwrap_or_default();
        if last == HEADING {
            inside = true;
        } else if inside && !last.starts_with("---") {
            found.extend(problems(last, tests).map(|why| Finding::error(&file.path, at + 1, why)));
        }
    }
    found
}

/// The cells of a row of a table.
fn cells(line: &str) -> Option<Vec<&str>> {
    let row = line.trim().strip_prefix('|')?.strip_suffix('|')?;
    Some(row.split(" | ").map(str::trim).collect())
}

fn problems(cell: &str, tests: &[Test]) -> impl Iterator<Item = String> {
    let is_absent = cell.starts_with(ABSENT);
    let spans = cell.split('`').skip(1).step_by(2);
    let named: Vec<&str> = spans.filter(|_| !is_absent).collect();
    let none = named.is_empty() && !is_absent;
    let wrong = named
        .into_iter()
        .filter(|reference| !tests.iter().any(|test| test.is(reference)));
    let wrong: Vec<String> = wrong
        .map(|name| format!("there is no test `{name}`"))
        .collect();
    let none = none.then(|| format!("name a test, `module::test`, or say that it is {ABSENT}"));
    wrong.into_iter().chain(none)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TESTS: &str = "//! Tests.\n#[test]\nfn is_there() {}\nfn is_no_test() {}\n#[test]\n#[should_panic]\nfn panics() {}\n";

    fn found(rows: &str) -> Vec<String> {
        let files = [
            File::new("tests/e2e/tests/e2e/requests.rs", TESTS),
            File::new("engine/host/src/http/jar.rs", TESTS),
            File::new(
                "docs/a.md",
                &format!("# A\n\n| what | test |\n| --- | --- |\n{rows}\n\n`not::in_a_table`\n"),
            ),
        ];
        let sources: Vec<Source> = files.iter().take(2).map(Source::new).collect();
        let found = check(&files, &sources).into_iter();
        found.map(|finding| finding.to_string()).collect()
    }

    #[test]
    fn tests_that_exist_are_named_with_their_modules() {
        for row in [
            "| a | `requests::is_there` |",
            "| a | `e2e::requests::panics`, `jar::is_there` |",
            "| a | `http::jar::is_there` |",
            "| a | **absent**: `run` gives error 1000 |",
            "| `a::b` | `jar::is_there` |",
        ] {
            assert_eq!(found(row), Vec::<String>::new(), "{row}");
        }
    }

    #[test]
    fn a_wrong_name_is_an_error() {
        for name in [
            "requests::is_gone",
            "is_there",
            "pool::is_there",
            "jar::is_no_test",
        ] {
            let expected = format!("error: docs/a.md:5: there is no test `{name}`");
            assert_eq!(found(&format!("| a | `{name}` |")), [expected]);
        }
        assert_eq!(found("| a | `jar::is_there`, `jar::x` |").len(), 1);
    }

    #[test]
    fn a_row_without_a_test_says_so() {
        let found = found("| a | later |");
        assert!(found[0].contains("name a test"), "{found:?}");
    }
}
