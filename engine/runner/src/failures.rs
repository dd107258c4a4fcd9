//! Defines how failed iterations are told: each kind once per scenario in full, all of them counted.

use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::Arc;

use brunt_host::{Failure, FailureKind, Level, LogSink};

/// Failures of which one worker has told: a test whose message differs every time is cut short here.
const TOLD_IN_FULL: usize = 20;

/// The failures of the iterations of one worker.
pub(crate) struct Failures {
    log: Arc<dyn LogSink>,
    counts: RefCell<HashMap<Key, u64>>,
}

type Key = (String, FailureKind, String);

impl Failures {
    pub(crate) fn new(log: Arc<dyn LogSink>) -> Self {
        Self {
            log,
            counts: RefCell::default(),
        }
    }

    /// Tells of a failure: the first of its kind and words with the guest's stack, later ones by their count at the end.
    pub(crate) fn tell(&self, scenario: &str, failure: &Failure) {
        let mut counts = self.counts.borrow_mut();
        let key = self.key(&counts, scenario, failure);
        let count = counts.entry(key).or_insert(0);
        *count += 1;
        if *count == 1 {
            let kind = failure.kind.name();
            self.log.log(
                Level::Error,
                "brunt",
                &format!("iteration failed ({kind}) in scenario {scenario}: {failure}"),
            );
        }
    }

    /// Writes a line of the engine's own to the log.
    pub(crate) fn log(&self, level: Level, message: &str) {
        self.log.log(level, "brunt", message);
    }

    /// Tells how often the failures happened that happened more than once.
    pub(crate) fn tell_repeated(&self) {
        for ((scenario, kind, message), count) in self.counts.borrow_mut().drain() {
            if count > 1 {
                let kind = kind.name();
                let line = format!(
                    "iteration failed ({kind}) in scenario {scenario}, {count} times in all: {message}"
                );
                self.log(Level::Error, &line);
            }
        }
    }

    /// Failures beyond the first few are counted together by their kind.
    fn key(&self, counts: &HashMap<Key, u64>, scenario: &str, failure: &Failure) -> Key {
        let key = (scenario.to_owned(), failure.kind, failure.message.clone());
        if counts.len() < TOLD_IN_FULL || counts.contains_key(&key) {
            return key;
        }
        (
            scenario.to_owned(),
            failure.kind,
            "other messages".to_owned(),
        )
    }
}
