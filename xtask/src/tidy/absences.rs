//! Defines the check of what must not be there: `plan` and `metrics` read no clock and do no I/O.

use super::Finding;
use super::rust::{Source, line_of, words};

const PURE: &[&str] = &["engine/plan/src/", "engine/metrics/src/"];

/// Words of the standard library and of the stack that read a clock, do I/O or wait.
const FORBIDDEN: &[(&str, &str)] = &[
    ("Instant", "a clock"),
    ("SystemTime", "a clock"),
    ("tokio", "waiting"),
    ("fs", "files"),
    ("net", "a network"),
];

pub(super) fn check(sources: &[Source]) -> Vec<Finding> {
    let is_test = |path: &str| path.ends_with("/tests.rs") || path.contains("/tests/");
    let pure = sources.iter().filter(|source| {
        PURE.iter()
            .any(|folder| source.file.path.starts_with(folder))
    });
    pure.filter(|source| !is_test(&source.file.path))
        .flat_map(findings)
        .collect()
}

fn findings(source: &Source) -> Vec<Finding> {
    let code = source.code_before_tests();
    let mut findings = Vec::new();
    for word in words(code) {
        let Some((name, what)) = FORBIDDEN.iter().find(|(name, _)| *name == word.text) else {
            continue;
        };
        if is_short(name) && !is_path(code, word.start, name.len()) {
            continue;
        }
        let message = format!(
            "`{name}`: this crate knows no {}, its callers pass values in",
            what.trim_start_matches("a ")
        );
        findings.push(Finding::error(
            &source.file.path,
            line_of(code, word.start),
            message,
        ));
    }
    findings
}

/// Short words may also be names of variables: they count only inside paths.
fn is_short(name: &str) -> bool {
    name.len() < 5
}

fn is_path(code: &str, start: usize, length: usize) -> bool {
    let before = code[..start].trim_end();
    let statement = before.rsplit(';').next().unwrap_or_default().trim_start();
    let in_use =
        statement.starts_with("use std::{") && (before.ends_with('{') || before.ends_with(','));
    before.ends_with("std::") || in_use || code[start + length..].starts_with("::")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tree::File;

    fn count(path: &str, text: &str) -> usize {
        let file = File::new(path, text);
        check(&[Source::new(&file)]).len()
    }

    #[test]
    fn clocks_and_files_are_found_in_pure_crates() {
        let plan = "engine/plan/src/lib.rs";
        assert_eq!(count(plan, "use std::time::{Duration, Instant};"), 1);
        assert_eq!(count(plan, "let x = std::fs::read(y);"), 1);
        assert_eq!(count(plan, "use std::{fmt, net};"), 1);
        assert_eq!(count(plan, "use tokio::time;"), 1);
    }

    #[test]
    fn words_in_comments_tests_and_other_crates_are_fine() {
        let plan = "engine/plan/src/lib.rs";
        assert_eq!(count(plan, "// Instant\nlet net = 3; let fs = net;"), 0);
        assert_eq!(
            count(plan, "fn a() {}\n#[cfg(test)]\nmod tests { use std::fs; }"),
            0
        );
        assert_eq!(
            count("engine/runner/src/lib.rs", "use std::time::Instant;"),
            0
        );
    }
}
