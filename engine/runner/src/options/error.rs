//! Defines the error of options: everything that is wrong with them, reported at once.

use std::fmt;

/// Why the options can't be used. All problems are in it, one line each; it is never empty. It ends a run with exit code 104.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OptionsError {
    problems: Vec<String>,
}

impl OptionsError {
    /// What is wrong, each in one sentence that names the option and where it was set.
    pub fn problems(&self) -> &[String] {
        &self.problems
    }

    /// An error of one problem.
    pub fn one(problem: impl Into<String>) -> OptionsError {
        OptionsError {
            problems: vec![problem.into()],
        }
    }

    /// Succeeds with `value` when nothing is wrong.
    pub fn check<T>(problems: Vec<String>, value: T) -> Result<T, OptionsError> {
        if problems.is_empty() {
            Ok(value)
        } else {
            Err(OptionsError { problems })
        }
    }
}

impl fmt::Display for OptionsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.problems.join("\n"))
    }
}

impl std::error::Error for OptionsError {}
