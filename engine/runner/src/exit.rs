//! Defines the exit codes of a run, which are k6's.

/// How a run ended, as a process tells it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ExitCode {
    /// All went well.
    Success,
    /// A threshold was crossed.
    ThresholdsCrossed,
    /// `setup` did not end in time.
    SetupTimeout,
    /// `teardown` did not end in time.
    TeardownTimeout,
    /// `handle-summary` did not end in time.
    GenericTimeout,
    /// Options, arguments or files are not valid.
    InvalidConfig,
    /// The user interrupted the run.
    ExternalAbort,
    /// The embedded server could not listen.
    CannotListen,
    /// The test failed while it was initialised or set up.
    ScriptException,
    /// The test aborted the run.
    ScriptAborted,
    /// The engine failed.
    EngineFailure,
    /// The test marked the run as failed.
    MarkedFailed,
}

/// All exit codes, their numbers and what they mean.
pub const EXIT_CODES: [(ExitCode, u8, &str); 12] = [
    (
        ExitCode::Success,
        0,
        "the run ended as planned, and every threshold held",
    ),
    (ExitCode::ThresholdsCrossed, 99, "a threshold was crossed"),
    (
        ExitCode::SetupTimeout,
        100,
        "`setup` did not end within `setupTimeout`",
    ),
    (
        ExitCode::TeardownTimeout,
        101,
        "`teardown` did not end within `teardownTimeout`",
    ),
    (
        ExitCode::GenericTimeout,
        102,
        "`handle-summary` did not end within `handleSummaryTimeout`",
    ),
    (
        ExitCode::InvalidConfig,
        104,
        "an option, an argument, a file or the test's world is not valid",
    ),
    (ExitCode::ExternalAbort, 105, "the user interrupted the run"),
    (
        ExitCode::CannotListen,
        106,
        "an embedded server could not listen on its port",
    ),
    (
        ExitCode::ScriptException,
        107,
        "the test failed in `init`, `setup` or `teardown`",
    ),
    (ExitCode::ScriptAborted, 108, "the test aborted the run"),
    (
        ExitCode::EngineFailure,
        109,
        "the engine failed: a bug, or a machine out of resources",
    ),
    (
        ExitCode::MarkedFailed,
        110,
        "the test marked the run as failed",
    ),
];

impl ExitCode {
    /// The number that the process ends with.
    pub fn number(self) -> u8 {
        EXIT_CODES
            .iter()
            .find(|(code, ..)| *code == self)
            .map_or(1, |(_, number, _)| *number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_different() {
        for (index, (code, number, _)) in EXIT_CODES.iter().enumerate() {
            assert_eq!(code.number(), *number);
            assert!(
                EXIT_CODES[..index]
                    .iter()
                    .all(|(_, other, _)| other != number)
            );
        }
    }
}
