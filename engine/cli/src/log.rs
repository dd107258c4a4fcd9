//! Defines the log of a run: lines of the test and of the engine, in k6's forms.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::Path;
use std::sync::{Mutex, OnceLock};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use brunt_runner::{Error, ExitCode, Level, LogSink};
use serde_json::json;

use crate::args::{LogFormat, LogOutput, Logging};
use crate::console::{Console, Stream};

/// Writes the log of a run.
pub(crate) struct Logger {
    target: Target,
    /// Where the test's own lines go, when that is somewhere else: option `consoleOutput`.
    of_test: OnceLock<Mutex<File>>,
    format: LogFormat,
    least: Level,
    color: bool,
    began: Instant,
}

enum Target {
    Console(Console, Stream),
    File(Mutex<File>),
    Nowhere,
}

impl Logger {
    /// A log as the flags say. `console` is where progress is drawn.
    ///
    /// # Errors
    /// When the log's file can't be written.
    pub(crate) fn open(
        logging: Logging,
        console: &Console,
        verbose: bool,
        color: bool,
    ) -> Result<Self, Error> {
        let target = match logging.output {
            LogOutput::Stderr => Target::Console(console.clone(), Stream::Error),
            LogOutput::Stdout => Target::Console(console.clone(), Stream::Output),
            LogOutput::Nowhere => Target::Nowhere,
            LogOutput::File(path) => {
                let opened =
                    File::create(&path).map_err(|error| refused("--log-output", &path, &error));
                Target::File(Mutex::new(opened?))
            }
        };
        let least = if verbose { Level::Debug } else { Level::Info };
        Ok(Self {
            target,
            of_test: OnceLock::new(),
            format: logging.format,
            least,
            color,
            began: Instant::now(),
        })
    }

    /// Sends what the test logs from now on to the end of this file, in the log's form, and no longer to the log.
    ///
    /// # Errors
    /// When the file can't be written.
    pub(crate) fn send_test_to(&self, path: &Path) -> Result<(), Error> {
        let opened = OpenOptions::new().create(true).append(true).open(path);
        let file = opened.map_err(|error| refused("consoleOutput", path, &error))?;
        let _ = self.of_test.set(Mutex::new(file));
        Ok(())
    }

    fn line(&self, level: Level, source: &str, message: &str, color: bool) -> String {
        match self.format {
            LogFormat::Raw => format!("{message}\n"),
            LogFormat::Json => {
                let since = SystemTime::now()
                    .duration_since(UNIX_EPOCH)
                    .unwrap_or_default();
                let line = json!({
                    "level": long_name(level),
                    "msg": message,
                    "source": source,
                    "time_unix_ms": since.as_millis() as u64,
                });
                format!("{line}\n")
            }
            LogFormat::Text => self.text(level, source, message, color),
        }
    }

    /// `INFO[0012] message    source=console`
    fn text(&self, level: Level, source: &str, message: &str, colored: bool) -> String {
        let (name, color) = short_name(level);
        let seconds = self.began.elapsed().as_secs();
        let source = if source == "brunt" {
            String::new()
        } else {
            format!("  source={source}")
        };
        match colored {
            true => format!("\x1b[{color}m{name}\x1b[0m[{seconds:04}] {message}{source}\n"),
            false => format!("{name}[{seconds:04}] {message}{source}\n"),
        }
    }
}

impl LogSink for Logger {
    fn log(&self, level: Level, source: &str, message: &str) {
        if level < self.least {
            return;
        }
        if source == OF_TEST
            && let Some(file) = self.of_test.get()
        {
            return write(file, &self.line(level, source, message, false));
        }
        let line = self.line(level, source, message, self.color);
        match &self.target {
            Target::Console(console, stream) => console.print(*stream, &line),
            Target::File(file) => write(file, &line),
            Target::Nowhere => {}
        }
    }
}

/// Who speaks when the test does.
const OF_TEST: &str = "console";

fn write(file: &Mutex<File>, line: &str) {
    let mut file = file
        .lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner);
    // A log that can't be written any more must not end the test.
    let _ = file.write_all(line.as_bytes());
}

fn refused(option: &str, path: &Path, error: &std::io::Error) -> Error {
    let message = format!("{option}: cannot write '{}': {error}", path.display());
    Error::new(ExitCode::InvalidConfig, message)
        .hint("name a file in a folder that exists and can be written")
}

/// A level's name in four letters, and its colour (ECMA-48, SGR).
fn short_name(level: Level) -> (&'static str, u8) {
    match level {
        Level::Debug => ("DEBU", 37),
        Level::Info => ("INFO", 36),
        Level::Warn => ("WARN", 33),
        Level::Error => ("ERRO", 31),
    }
}

fn long_name(level: Level) -> &'static str {
    match level {
        Level::Debug => "debug",
        Level::Info => "info",
        Level::Warn => "warning",
        Level::Error => "error",
    }
}
