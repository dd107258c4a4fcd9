//! Defines how failed iterations are told: each kind once per scenario in full, all of them counted.

use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use brunt_host::{Failure, FailureKind, Level, LogSink};

/// Failures of which one worker has told: a test whose message differs every time is cut short here.
const TOLD_IN_FULL: usize = 20;

/// The failures of all workers, for what is told once in a run: a worker comes here with the first of a kind, and at
/// its end.
pub(crate) struct AllFailures(Mutex<Together>);

struct Together {
    /// How often the workers that have ended met each; 0 for what was told in full since.
    counts: HashMap<Key, u64>,
    /// Workers that have not ended.
    workers: usize,
}

/// The failures of the iterations of one worker.
pub(crate) struct Failures {
    log: Arc<dyn LogSink>,
    all: Arc<AllFailures>,
    counts: RefCell<HashMap<Key, u64>>,
}

type Key = (String, FailureKind, String);

impl AllFailures {
    /// None yet, of so many workers.
    pub(crate) fn new(workers: usize) -> Self {
        Self(Mutex::new(Together {
            counts: HashMap::new(),
            workers,
        }))
    }

    /// Whether no worker has told of it; from now on one has.
    fn is_new(&self, key: &Key) -> bool {
        let mut together = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let new = !together.counts.contains_key(key);
        together.counts.entry(key.clone()).or_insert(0);
        new
    }

    /// Takes in what a worker counted; gives the sums to the last one.
    fn end(&self, counts: HashMap<Key, u64>) -> HashMap<Key, u64> {
        let mut together = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for (key, count) in counts {
            *together.counts.entry(key).or_insert(0) += count;
        }
        together.workers = together.workers.saturating_sub(1);
        match together.workers {
            0 => std::mem::take(&mut together.counts),
            _ => HashMap::new(),
        }
    }
}

impl Failures {
    pub(crate) fn new(log: Arc<dyn LogSink>, all: Arc<AllFailures>) -> Self {
        Self {
            log,
            all,
            counts: RefCell::default(),
        }
    }

    /// Tells of a failure: the first of its kind and words with the guest's stack, later ones by their count at the end.
    pub(crate) fn tell(&self, scenario: &str, failure: &Failure) {
        let mut counts = self.counts.borrow_mut();
        let key = self.key(&counts, scenario, failure);
        if let Some(count) = counts.get_mut(&key) {
            *count += 1;
            return;
        }
        if self.all.is_new(&key) {
            let kind = failure.kind.name();
            let line = format!("iteration failed ({kind}) in scenario {scenario}: {failure}");
            self.log(Level::Error, &line);
        }
        counts.insert(key, 1);
    }

    /// Writes a line of the engine's own to the log.
    pub(crate) fn log(&self, level: Level, message: &str) {
        self.log.log(level, "brunt", message);
    }

    /// Ends this worker's part. The last one tells how often the failures happened that happened more than once.
    pub(crate) fn end(&self) {
        let all = self.all.end(self.counts.take());
        let mut repeated: Vec<_> = all.into_iter().filter(|(_, count)| *count > 1).collect();
        repeated.sort_unstable_by(|a, b| (&a.0.0, &a.0.2).cmp(&(&b.0.0, &b.0.2)));
        for ((scenario, kind, message), count) in repeated {
            let kind = kind.name();
            let line = format!(
                "iteration failed ({kind}) in scenario {scenario}, {count} times in all: {message}"
            );
            self.log(Level::Error, &line);
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

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Default)]
    struct Lines(Mutex<Vec<String>>);

    impl LogSink for Lines {
        fn log(&self, _: Level, _: &str, message: &str) {
            let mut lines = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            lines.push(message.to_owned());
        }
    }

    #[test]
    fn what_two_workers_meet_is_told_once() {
        let (lines, all) = (Arc::new(Lines::default()), Arc::new(AllFailures::new(2)));
        let [one, two] = [(); 2].map(|()| Failures::new(lines.clone(), all.clone()));
        let failure = Failure {
            kind: FailureKind::Error,
            message: "no price".to_owned(),
            stack: Vec::new(),
        };
        for worker in [&one, &two, &two] {
            worker.tell("buy", &failure);
        }
        one.end();
        two.end();
        let told = lines.0.lock().expect("no test panicked here").clone();
        let expected = [
            "iteration failed (error) in scenario buy: no price",
            "iteration failed (error) in scenario buy, 3 times in all: no price",
        ];
        assert_eq!(told, expected);
    }
}
