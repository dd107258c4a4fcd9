//! Defines where an output's bytes end up: standard output, a file, or a compressed file.

use std::fs::File;
use std::io::{self, BufWriter, Stdout, Write};

use flate2::Compression;
use flate2::write::GzEncoder;

use super::OutputError;

/// A buffered destination.
pub(crate) enum Sink {
    Stdout(BufWriter<Stdout>),
    Plain(BufWriter<File>),
    Gzip(Box<GzEncoder<BufWriter<File>>>),
}

impl Sink {
    /// Opens `path`: standard output for `-`, compressed when it ends in `.gz`.
    pub(crate) fn open(output: &str, path: &str) -> Result<Self, OutputError> {
        if path == "-" {
            return Ok(Self::Stdout(BufWriter::new(io::stdout())));
        }
        let file = File::create(path).map_err(|error| {
            OutputError::new(format!(
                "output {output}: cannot write '{path}': {error}; choose a file in a folder that exists and is writable"
            ))
        })?;
        let buffered = BufWriter::new(file);
        Ok(if path.ends_with(".gz") {
            Self::Gzip(Box::new(GzEncoder::new(buffered, Compression::default())))
        } else {
            Self::Plain(buffered)
        })
    }

    /// Writes what is left, and the end mark of a compressed file.
    pub(crate) fn finish(self) -> io::Result<()> {
        match self {
            Self::Stdout(mut stdout) => stdout.flush(),
            Self::Plain(mut file) => file.flush(),
            Self::Gzip(encoder) => encoder.finish()?.flush(),
        }
    }

    fn inner(&mut self) -> &mut dyn Write {
        match self {
            Self::Stdout(stdout) => stdout,
            Self::Plain(file) => file,
            Self::Gzip(encoder) => encoder,
        }
    }
}

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.inner().write(bytes)
    }

    /// Hands on what is buffered; a compressed file is left alone, because flushing it often undoes the compression.
    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Gzip(_) => Ok(()),
            other => other.inner().flush(),
        }
    }
}

/// `name(stdout)` or `name (path)`, as k6 describes outputs.
pub(crate) fn describe(output: &str, path: &str) -> String {
    if path == "-" {
        format!("{output} (stdout)")
    } else {
        format!("{output} ({path})")
    }
}
