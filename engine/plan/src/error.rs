//! Defines the error of this crate: everything that is wrong with a load, reported at once.

use std::fmt;

/// Why a plan could not be made. All problems of all scenarios are in it; it is never empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlanError {
    problems: Vec<Problem>,
}

/// One thing that is wrong with a load.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    scenario: Option<String>,
    message: String,
}

impl PlanError {
    /// What is wrong, in the order of the input.
    pub fn problems(&self) -> &[Problem] {
        &self.problems
    }

    /// Succeeds with `value` when nothing is wrong.
    pub(crate) fn check<T>(problems: Vec<Problem>, value: T) -> Result<T, PlanError> {
        if problems.is_empty() {
            Ok(value)
        } else {
            Err(PlanError { problems })
        }
    }

    pub(crate) fn one(problem: Problem) -> PlanError {
        PlanError {
            problems: vec![problem],
        }
    }
}

impl Problem {
    pub(crate) fn of_scenario(scenario: &str, message: impl Into<String>) -> Problem {
        Problem {
            scenario: Some(scenario.to_owned()),
            message: message.into(),
        }
    }

    pub(crate) fn general(message: impl Into<String>) -> Problem {
        Problem {
            scenario: None,
            message: message.into(),
        }
    }

    /// The same problem, said of a place inside the scenario such as `stages[2]`.
    pub(crate) fn within(self, place: &str) -> Problem {
        Problem {
            message: format!("{place}: {}", self.message),
            ..self
        }
    }

    /// The name of the scenario concerned, if it is a matter of one scenario.
    pub fn scenario(&self) -> Option<&str> {
        self.scenario.as_deref()
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.scenario {
            Some(scenario) => write!(f, "scenario {scenario:?}: {}", self.message),
            None => f.write_str(&self.message),
        }
    }
}

impl fmt::Display for PlanError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, problem) in self.problems.iter().enumerate() {
            let separator = if index == 0 { "" } else { "\n" };
            write!(f, "{separator}{problem}")?;
        }
        Ok(())
    }
}

impl std::error::Error for PlanError {}
