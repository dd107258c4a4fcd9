//! Defines how a call into a guest can end: outcomes and failures, which are data and never errors of the engine.

use std::fmt;

/// How one iteration ended.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    /// It returned.
    Completed,
    /// It returned an error, trapped, or ran into a limit. It counts as a whole iteration.
    Failed(Failure),
    /// The test aborted the run from inside of it.
    Aborted,
}

/// What a guest did instead of returning.
#[derive(Debug, Clone, PartialEq)]
pub struct Failure {
    /// Which kind of failure.
    pub kind: FailureKind,
    /// What the guest, or the engine about it, says.
    pub message: String,
    /// The guest's stack, innermost function first; empty where there is none.
    pub stack: Vec<String>,
}

/// The kinds of [`Failure`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum FailureKind {
    /// The guest returned an error: a thrown exception, in the languages that have them.
    Error,
    /// The guest trapped: a panic, an unreachable instruction, an access out of bounds.
    Trap,
    /// The guest computed for longer than the limit `cpuTime`.
    CpuTime,
    /// The guest's memory could not grow beyond the limit `memory`, and it gave up.
    Memory,
    /// The guest's calls went deeper than the limit `stack`.
    Stack,
    /// The guest held more resources than the limit `handles`.
    Handles,
    /// The guest called a function where it may not be called.
    Misuse,
    /// An extension refused to be initialised.
    Extension,
    /// The engine could not make the VU.
    Instantiation,
    /// The test aborted the run.
    Aborted,
}

impl FailureKind {
    /// The name that logs and counts use.
    pub fn name(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Trap => "trap",
            Self::CpuTime => "cpu-time limit",
            Self::Memory => "memory limit",
            Self::Stack => "stack limit",
            Self::Handles => "handles limit",
            Self::Misuse => "misuse",
            Self::Extension => "extension",
            Self::Instantiation => "instantiation",
            Self::Aborted => "aborted",
        }
    }
}

impl Failure {
    pub(crate) fn error(message: String) -> Self {
        Self {
            kind: FailureKind::Error,
            message,
            stack: Vec::new(),
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.message)?;
        for frame in &self.stack {
            write!(f, "\n    at {frame}")?;
        }
        Ok(())
    }
}
