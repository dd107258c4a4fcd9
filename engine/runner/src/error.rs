//! Defines why a run could not be done, or not to its end.

use std::fmt;

use brunt_host::{Failure, Secrets};

use crate::exit::ExitCode;

/// Why there is no report of a run.
#[derive(Debug)]
pub struct Error {
    exit: ExitCode,
    message: String,
    hint: Option<String>,
}

impl Error {
    /// A failure that ends the process with this code.
    pub fn new(exit: ExitCode, message: impl fmt::Display) -> Self {
        Self {
            exit,
            message: message.to_string(),
            hint: None,
        }
    }

    /// With what the user can do about it.
    #[must_use]
    pub fn hint(mut self, hint: impl fmt::Display) -> Self {
        self.hint = Some(hint.to_string());
        self
    }

    /// How the process should end.
    pub fn exit(&self) -> ExitCode {
        self.exit
    }

    /// What the user can do about it, when something is known.
    pub fn hint_text(&self) -> Option<&str> {
        self.hint.as_deref()
    }

    /// The same without the secrets that the test was told.
    pub(crate) fn without(self, secrets: &Secrets) -> Self {
        let redacted = |text: String| secrets.redacted(&text).into_owned();
        Self {
            message: redacted(self.message),
            hint: self.hint.map(redacted),
            ..self
        }
    }

    /// A guest that failed where the run can't go on without it.
    pub(crate) fn guest(phase: &str, failure: &Failure) -> Self {
        let exit = match failure.kind {
            brunt_host::FailureKind::Aborted => ExitCode::ScriptAborted,
            brunt_host::FailureKind::Instantiation => ExitCode::EngineFailure,
            brunt_host::FailureKind::Extension => {
                return Self::new(ExitCode::InvalidConfig, failure);
            }
            _ => ExitCode::ScriptException,
        };
        Self::new(
            exit,
            format!(
                "the test failed in {phase} ({}): {failure}",
                failure.kind.name()
            ),
        )
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Error {}

impl From<brunt_host::Error> for Error {
    fn from(error: brunt_host::Error) -> Self {
        use brunt_host::ErrorKind as Kind;
        let exit = match error.kind() {
            Kind::File | Kind::NotAComponent | Kind::WrongWorld | Kind::Compile | Kind::Setting => {
                ExitCode::InvalidConfig
            }
            Kind::Description => ExitCode::ScriptException,
            _ => ExitCode::EngineFailure,
        };
        let hint = error.hint_text().map(str::to_owned);
        Self {
            exit,
            message: error.to_string(),
            hint,
        }
    }
}
