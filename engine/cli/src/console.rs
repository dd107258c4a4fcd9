//! Defines the console: progress that is redrawn in place on a terminal, and lines that pass above it.

use std::io::{self, IsTerminal, Write};
use std::sync::{Arc, Mutex, PoisonError};

/// Standard output and standard error, as one screen. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Console {
    screen: Arc<Mutex<Screen>>,
    is_terminal: bool,
}

/// What is drawn now.
#[derive(Default)]
struct Screen {
    /// The progress as it was drawn last; empty when there is none.
    progress: String,
}

/// One of the two streams of a process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stream {
    Output,
    Error,
}

impl Console {
    pub(crate) fn new() -> Self {
        Self {
            screen: Arc::default(),
            is_terminal: io::stdout().is_terminal(),
        }
    }

    /// Whether progress can be redrawn.
    pub(crate) fn is_terminal(&self) -> bool {
        self.is_terminal
    }

    /// Draws progress in place of what was drawn before. Only for terminals.
    pub(crate) fn draw(&self, progress: &str) {
        let mut screen = self.screen();
        let erased = screen.erase();
        progress.clone_into(&mut screen.progress);
        write(Stream::Output, &format!("{erased}{progress}"));
    }

    /// Leaves the progress where it stands: later lines come below it.
    pub(crate) fn keep_progress(&self) {
        self.screen().progress.clear();
    }

    /// Prints whole lines, above the progress.
    pub(crate) fn print(&self, stream: Stream, text: &str) {
        let screen = self.screen();
        if screen.progress.is_empty() {
            return write(stream, text);
        }
        write(Stream::Output, &screen.erase());
        write(stream, text);
        write(Stream::Output, &screen.progress);
    }

    fn screen(&self) -> std::sync::MutexGuard<'_, Screen> {
        self.screen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Screen {
    /// What erases the progress: up to its first line, and clear from there (ECMA-48, CUU and ED).
    fn erase(&self) -> String {
        match self.progress.lines().count() {
            0 => String::new(),
            lines => format!("\x1b[{lines}A\r\x1b[J"),
        }
    }
}

/// Writes; where nobody reads any more, as in `brunt run … | head`, that is no reason to fail a test.
fn write(stream: Stream, text: &str) {
    let _ = match stream {
        Stream::Output => {
            let mut out = io::stdout().lock();
            out.write_all(text.as_bytes()).and_then(|()| out.flush())
        }
        Stream::Error => io::stderr().lock().write_all(text.as_bytes()),
    };
}
