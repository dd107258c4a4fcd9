//! Defines where the lines of guests go, and how many of them.

use std::time::{Duration, Instant};

/// How important a line is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Shown only when asked for.
    Debug,
    /// What the test has to say.
    Info,
    /// Something to look at.
    Warn,
    /// Something that failed.
    Error,
}

/// Takes the lines of a run. `source` says who speaks: `console` for the test itself.
pub trait LogSink: Send + Sync {
    /// Takes one line.
    fn log(&self, level: Level, source: &str, message: &str);
}

/// Counts a VU's bytes of log in each second, and says how much of a line may pass.
pub(crate) struct LogBudget {
    second: Option<Instant>,
    left: usize,
    dropped: u64,
}

/// What a [`LogBudget`] says about one line.
pub(crate) struct Admission {
    /// How many bytes of the line pass; none when the whole line is dropped.
    pub(crate) bytes: Option<usize>,
    /// How many lines were cut or dropped in the second that has just ended.
    pub(crate) dropped_before: u64,
    /// Whether this line is the first of its second to be cut or dropped.
    pub(crate) first_loss: bool,
}

impl LogBudget {
    pub(crate) fn new() -> Self {
        Self {
            second: None,
            left: 0,
            dropped: 0,
        }
    }

    /// Admits a line of this length under a limit of bytes per second.
    pub(crate) fn admit(&mut self, length: usize, limit: usize, now: Instant) -> Admission {
        let dropped_before = self.begin_second(limit, now);
        let bytes = length.min(self.left);
        self.left -= bytes;
        self.dropped += u64::from(bytes < length);
        let first_loss = bytes < length && self.dropped == 1;
        let whole_or_part = bytes > 0 || length == 0;
        Admission {
            bytes: whole_or_part.then_some(bytes),
            dropped_before,
            first_loss,
        }
    }

    fn begin_second(&mut self, limit: usize, now: Instant) -> u64 {
        let goes_on = self
            .second
            .is_some_and(|began| now.duration_since(began) < Duration::from_secs(1));
        if goes_on {
            return 0;
        }
        self.second = Some(now);
        self.left = limit;
        std::mem::take(&mut self.dropped)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_budget_cuts_then_drops_then_tells() {
        let start = Instant::now();
        let mut budget = LogBudget::new();
        assert_eq!(budget.admit(6, 10, start).bytes, Some(6));
        assert_eq!(budget.admit(6, 10, start).bytes, Some(4));
        assert_eq!(budget.admit(6, 10, start).bytes, None);
        let later = budget.admit(3, 10, start + Duration::from_millis(1001));
        assert_eq!((later.bytes, later.dropped_before), (Some(3), 2));
    }
}
