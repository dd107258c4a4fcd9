//! Defines WASI 0.2 as guests get it: no files, no sockets, no environment, and standard output and error in the run's log.

mod http;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use bytes::Bytes;
use tokio::io::AsyncWrite;
use wasmtime_wasi::cli::{IsTerminal, StdoutStream};
use wasmtime_wasi::p2::{OutputStream, Pollable, StreamResult};
use wasmtime_wasi::{WasiCtx, async_trait};

use crate::log::{Level, LogBudget};
use crate::run::Run;

pub(crate) use http::WasiHttp;

/// What a line may be long before it is logged in pieces.
const LINE: usize = 4096;

/// What one write may bring.
const CHUNK: usize = 64 << 10;

/// WASI for one VU.
pub(crate) fn context(run: &Arc<Run>) -> Box<WasiCtx> {
    let mut builder = WasiCtx::builder();
    builder.stdout(LogStream::new(run, Level::Info));
    builder.stderr(LogStream::new(run, Level::Error));
    Box::new(builder.build())
}

/// A stream whose lines go to the run's log, within the limit `logBytes`.
#[derive(Clone)]
struct LogStream {
    run: Arc<Run>,
    level: Level,
    lines: Arc<Mutex<Lines>>,
}

struct Lines {
    unfinished: Vec<u8>,
    budget: LogBudget,
}

impl LogStream {
    fn new(run: &Arc<Run>, level: Level) -> Self {
        let lines = Lines {
            unfinished: Vec::new(),
            budget: LogBudget::new(),
        };
        Self {
            run: run.clone(),
            level,
            lines: Arc::new(Mutex::new(lines)),
        }
    }

    /// Takes bytes, and logs every line that is complete.
    fn take(&self, bytes: &[u8]) {
        let mut lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        for byte in bytes {
            if *byte != b'\n' {
                lines.unfinished.push(*byte);
            }
            if *byte == b'\n' || lines.unfinished.len() >= LINE {
                self.finish_line(&mut lines);
            }
        }
    }

    fn finish_line(&self, lines: &mut Lines) {
        let line = std::mem::take(&mut lines.unfinished);
        let limit = self.run.settings.limits.log_bytes;
        let admission = lines.budget.admit(line.len(), limit, Instant::now());
        if admission.bytes == Some(line.len()) {
            self.run
                .log
                .log(self.level, "console", &String::from_utf8_lossy(&line));
        }
        if admission.first_loss {
            let notice = format!(
                "lines of standard output or error were dropped: limit logBytes is {limit} per second"
            );
            self.run.log.log(Level::Warn, "brunt", &notice);
        }
    }
}

impl IsTerminal for LogStream {
    fn is_terminal(&self) -> bool {
        false
    }
}

impl StdoutStream for LogStream {
    fn p2_stream(&self) -> Box<dyn OutputStream> {
        Box::new(self.clone())
    }

    /// Only asked for by versions of WASI that are not linked.
    fn async_stream(&self) -> Box<dyn AsyncWrite + Send + Sync> {
        Box::new(tokio::io::sink())
    }
}

impl OutputStream for LogStream {
    fn write(&mut self, bytes: Bytes) -> StreamResult<()> {
        self.take(&bytes);
        Ok(())
    }

    fn flush(&mut self) -> StreamResult<()> {
        Ok(())
    }

    fn check_write(&mut self) -> StreamResult<usize> {
        Ok(CHUNK)
    }
}

#[async_trait]
impl Pollable for LogStream {
    async fn ready(&mut self) {}
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::Data;
    use crate::log::LogSink;
    use crate::settings::RunSettings;

    #[derive(Default)]
    struct Kept(Mutex<Vec<String>>);

    impl LogSink for Kept {
        fn log(&self, _: Level, _: &str, message: &str) {
            self.0.lock().unwrap().push(message.to_owned());
        }
    }

    #[test]
    fn lines_are_logged_when_they_are_complete() {
        let kept = Arc::new(Kept::default());
        let registry = Arc::new(brunt_metrics::Registry::new());
        let run = Run::new(
            RunSettings::default(),
            Arc::new(Data::default()),
            registry,
            kept.clone(),
            1,
        )
        .expect("default settings");
        let stream = LogStream::new(&Arc::new(run), Level::Info);
        stream.take(b"one\ntw");
        stream.take(b"o\nthree");
        assert_eq!(*kept.0.lock().unwrap(), ["one", "two"]);
    }
}
