//! Defines `cargo xtask tidy`: the house style and the shape of the workspace, checked like any other test.

mod absences;
mod crates;
mod functions;
mod generated;
mod lengths;
mod markdown;
mod markers;
mod module_docs;
mod named_tests;
mod names;
mod rust;
mod tested_guests;

use std::fmt;
use std::path::Path;

use anyhow::{Result, bail};

use crate::tree::{self, File};

/// Whether stale generated tables are an error or are written anew.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Mode {
    Check,
    Fix,
}

/// Checks the whole tree and prints every finding.
///
/// # Errors
/// When anything but a warning was found, or a file can't be read or written.
pub(crate) fn run(root: &Path, mode: Mode) -> Result<()> {
    if mode == Mode::Fix {
        generated::fix(root, &tree::read(root, EXTENSIONS)?)?;
    }
    let files = tree::read(root, EXTENSIONS)?;
    let findings = check(&files, &|path| root.join(path).exists());
    for finding in &findings {
        println!("{finding}");
    }
    let errors = findings
        .iter()
        .filter(|finding| finding.level == Level::Error)
        .count();
    let warnings = findings.len() - errors;
    println!(
        "tidy: {} files, {errors} errors, {warnings} warnings",
        files.len()
    );
    if errors > 0 {
        bail!("the tree is not tidy: {errors} errors");
    }
    Ok(())
}

/// All findings in these files; `exists` tells whether a path relative to the root is there.
fn check(files: &[File], exists: &dyn Fn(&str) -> bool) -> Vec<Finding> {
    let sources: Vec<rust::Source> = files
        .iter()
        .filter(|file| file.path.ends_with(".rs"))
        .map(rust::Source::new)
        .collect();
    let mut findings = Vec::new();
    findings.extend(module_docs::check(&sources));
    findings.extend(crates::check(files));
    findings.extend(absences::check(&sources));
    findings.extend(markers::check(files, &sources));
    findings.extend(names::check(&sources));
    findings.extend(functions::check(&sources, functions::ALLOWED));
    findings.extend(lengths::check(&sources));
    findings.extend(markdown::check(files, exists));
    findings.extend(generated::check(files));
    findings.extend(tested_guests::check(files));
    findings.extend(named_tests::check(files, &sources));
    findings.sort();
    findings
}

const EXTENSIONS: &[&str] = &[".rs", ".md", ".toml", ".wit", ".py", ".c", ".js", ".ts"];

#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
enum Level {
    Warning,
    Error,
}

/// One thing to mend, and where.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
struct Finding {
    level: Level,
    path: String,
    /// From 1; 0 for the file as a whole.
    line: usize,
    message: String,
}

impl Finding {
    fn error(path: &str, line: usize, message: impl Into<String>) -> Finding {
        Finding {
            level: Level::Error,
            path: path.to_owned(),
            line,
            message: message.into(),
        }
    }

    fn warning(path: &str, line: usize, message: impl Into<String>) -> Finding {
        Finding {
            level: Level::Warning,
            ..Finding::error(path, line, message)
        }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let level = match self.level {
            Level::Warning => "warning",
            Level::Error => "error",
        };
        match self.line {
            0 => write!(f, "{level}: {}: {}", self.path, self.message),
            line => write!(f, "{level}: {}:{line}: {}", self.path, self.message),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tidy_tree_has_no_findings() {
        let files = [
            File::new(
                "xtask/src/main.rs",
                "//! Defines nothing much.\n\nfn main() {}\n",
            ),
            File::new(
                "README.md",
                "# Title\n\nSee [the code](xtask/src/main.rs).\n",
            ),
        ];
        assert_eq!(
            check(&files, &|path| path == "xtask/src/main.rs"),
            Vec::new()
        );
    }

    #[test]
    fn a_finding_names_its_place() {
        let shown = Finding::error("a/b.rs", 7, "wrong").to_string();
        assert_eq!(shown, "error: a/b.rs:7: wrong");
        assert_eq!(
            Finding::warning("a.rs", 0, "long").to_string(),
            "warning: a.rs: long"
        );
    }
}
