//! Defines where the log goes and in what form, as flags and variables say it.

use std::path::PathBuf;

use brunt_runner::options::OptionsError;

/// Where the log goes and in what form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Logging {
    /// Where it goes.
    pub(crate) output: LogOutput,
    /// Its form.
    pub(crate) format: LogFormat,
}

/// Where the log goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum LogOutput {
    /// `stderr`, the default.
    Stderr,
    /// `stdout`.
    Stdout,
    /// `none`.
    Nowhere,
    /// `file=PATH`.
    File(PathBuf),
}

/// The form of the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LogFormat {
    /// `text`: time, level, message and fields; the default.
    Text,
    /// `raw`: the message alone.
    Raw,
    /// `json`: one object per line.
    Json,
}

impl Logging {
    pub(super) fn read(
        output: Option<&str>,
        format: Option<&str>,
    ) -> Result<Logging, OptionsError> {
        Ok(Logging {
            output: output.map_or(Ok(LogOutput::Stderr), read_output)?,
            format: format.map_or(Ok(LogFormat::Text), read_format)?,
        })
    }
}

fn read_output(text: &str) -> Result<LogOutput, OptionsError> {
    match text.split_once('=') {
        None if text == "stderr" => Ok(LogOutput::Stderr),
        None if text == "stdout" => Ok(LogOutput::Stdout),
        None if text == "none" => Ok(LogOutput::Nowhere),
        Some(("file", path)) if !path.is_empty() => Ok(LogOutput::File(path.into())),
        Some(("loki", _)) => {
            wrong("--log-output: Loki is not supported; write to a file and let an agent send it")
        }
        _ => wrong(format!(
            "--log-output: {text:?} is not an output; use stderr, stdout, none or file=PATH"
        )),
    }
}

fn read_format(text: &str) -> Result<LogFormat, OptionsError> {
    match text {
        "text" => Ok(LogFormat::Text),
        "raw" => Ok(LogFormat::Raw),
        "json" => Ok(LogFormat::Json),
        _ => wrong(format!(
            "--log-format: {text:?} is not a form of the log; use text, raw or json"
        )),
    }
}

fn wrong<T>(message: impl Into<String>) -> Result<T, OptionsError> {
    Err(OptionsError::one(message))
}
