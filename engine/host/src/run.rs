//! Defines what the VUs of one run share: settings, data, metrics, counters, and how the run is told to end.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::thread;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use brunt_metrics::Registry;
use tokio::sync::Notify;

use crate::data::Data;
use crate::error::Error;
use crate::evaluation::{Awaited, Evaluation};
use crate::http::RateLimit;
use crate::log::{Level, LogSink};
use crate::net::{Names, Tls};
use crate::settings::RunSettings;

/// How a test itself asked the run to end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ending {
    /// At once, with exit code 108.
    Aborted(String),
    /// As planned, with exit code 110.
    MarkedFailed(String),
}

/// One run, as its VUs on all threads see it.
pub struct Run {
    pub(crate) settings: RunSettings,
    pub(crate) data: Arc<Data>,
    pub(crate) registry: Arc<Registry>,
    pub(crate) log: Arc<dyn LogSink>,
    pub(crate) tls: Tls,
    pub(crate) names: Names,
    pub(crate) rate: Option<RateLimit>,
    pub(crate) evaluation: Awaited,
    setup_data: OnceLock<Option<Vec<u8>>>,
    ending: Mutex<Option<Ending>>,
    aborted: Notify,
    /// What the run was warned of.
    warned: Mutex<BTreeSet<&'static str>>,
    counters: Box<[Counters]>,
    began: Instant,
    began_unix_ns: u64,
    test_began: OnceLock<Instant>,
    exchanges: AtomicU64,
    failures_told: Mutex<BTreeSet<u16>>,
}

/// What one worker counts; each on cache lines of its own, so that workers never wait for each other.
#[derive(Default)]
#[repr(align(128))]
pub struct Counters {
    /// Iterations that ran to their end.
    pub iterations_completed: AtomicU64,
    /// Iterations that the engine cut off.
    pub iterations_interrupted: AtomicU64,
    /// VUs that run an iteration or wait for their next one.
    pub vus_active: AtomicU64,
    /// VUs that are ready to run.
    pub vus_initialized: AtomicU64,
}

/// Which number of [`Counters`] is meant.
pub type Counter = fn(&Counters) -> &AtomicU64;

impl Run {
    /// A run of this many workers.
    ///
    /// # Errors
    /// Settings of TLS that are not valid: [`crate::ErrorKind::Setting`].
    pub fn new(
        settings: RunSettings,
        data: Arc<Data>,
        registry: Arc<Registry>,
        log: Arc<dyn LogSink>,
        workers: usize,
    ) -> Result<Self, Error> {
        let tls = Tls::new(&settings.http.tls, &log)?;
        let began = Instant::now();
        let rate = settings.http.rps.map(|rps| RateLimit::new(rps, began));
        Ok(Self {
            settings,
            data,
            registry,
            log,
            tls,
            names: Names::default(),
            rate,
            evaluation: Awaited::default(),
            setup_data: OnceLock::new(),
            ending: Mutex::new(None),
            aborted: Notify::new(),
            warned: Mutex::default(),
            counters: (0..workers.max(1)).map(|_| Counters::default()).collect(),
            began,
            began_unix_ns: unix_ns(SystemTime::now()),
            test_began: OnceLock::new(),
            exchanges: AtomicU64::new(0),
            failures_told: Mutex::default(),
        })
    }

    /// The same, in which the next instance of a script says how often the script has to be evaluated. Other tests are not
    /// asked.
    #[must_use]
    pub fn awaiting_evaluation(mut self) -> Self {
        if self.data.modules().is_some() {
            self.evaluation = Awaited::new();
        }
        self
    }

    /// What that instance said; to be asked once.
    pub fn evaluation(&self) -> Evaluation {
        self.evaluation.take()
    }

    /// Reads, on a thread of its own, whom TLS trusts, which takes tens of milliseconds: the first request must not wait
    /// for it. Where there can be no such thread it does.
    pub fn prepare_tls(self: &Arc<Self>) {
        let run = self.clone();
        let thread = thread::Builder::new().name("brunt-authorities".to_owned());
        let _ = thread.spawn(move || run.tls.prepare());
    }

    /// Where the metrics of this run are defined.
    pub fn registry(&self) -> &Arc<Registry> {
        &self.registry
    }

    /// Where the lines of this run's log go.
    pub fn log(&self) -> &Arc<dyn LogSink> {
        &self.log
    }

    /// Keeps what `setup` returned, for every VU to read. Only the first call counts.
    pub fn keep_setup_data(&self, data: Option<Vec<u8>>) {
        let _ = self.setup_data.set(data);
    }

    /// What `setup` returned.
    pub fn setup_data(&self) -> Option<&[u8]> {
        self.setup_data.get().and_then(|data| data.as_deref())
    }

    /// How the test asked the run to end, when it did.
    pub fn ending(&self) -> Option<Ending> {
        self.ending
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Logs a warning, unless one about the same thing was logged before.
    pub(crate) fn warn_once(&self, about: &'static str, message: &str) {
        let mut warned = self.warned.lock().unwrap_or_else(PoisonError::into_inner);
        if warned.insert(about) {
            self.log.log(Level::Warn, "brunt", message);
        }
    }

    /// Waits until the test aborts the run.
    pub async fn aborted(&self) {
        self.aborted.notified().await;
    }

    /// The counters of one worker.
    pub fn counters(&self, worker: usize) -> &Counters {
        &self.counters[worker % self.counters.len()]
    }

    /// The sum of one counter over all workers.
    pub fn total(&self, counter: Counter) -> u64 {
        self.counters
            .iter()
            .map(|counters| counter(counters).load(Ordering::Relaxed))
            .sum()
    }

    /// Says that the first scenario begins now. Only the first call counts.
    pub fn begin_test(&self, now: Instant) {
        let _ = self.test_began.set(now);
    }

    /// Nanoseconds since 1970 at this instant.
    pub fn unix_ns(&self, at: Instant) -> u64 {
        self.began_unix_ns + at.saturating_duration_since(self.began).as_nanos() as u64
    }

    pub(crate) fn since_start(&self, at: Instant) -> u64 {
        at.saturating_duration_since(self.began).as_nanos() as u64
    }

    pub(crate) fn test_duration(&self, now: Instant) -> u64 {
        self.test_began.get().map_or(0, |began| {
            now.saturating_duration_since(*began).as_nanos() as u64
        })
    }

    /// A number for an exchange that is logged, from 1.
    pub(crate) fn next_exchange(&self) -> u64 {
        self.exchanges.fetch_add(1, Ordering::Relaxed) + 1
    }

    /// Says why a request failed, once per error code.
    pub(crate) fn tell_failed_request(&self, code: u16, why: impl FnOnce() -> String) {
        let mut told = self
            .failures_told
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if told.insert(code) {
            drop(told);
            self.log.log(Level::Warn, "brunt", &why());
        }
    }

    /// Keeps the first abort; an abort wins over a mark.
    pub(crate) fn end(&self, ending: Ending) {
        let mut current = self.ending.lock().unwrap_or_else(PoisonError::into_inner);
        let abort = matches!(ending, Ending::Aborted(_));
        if current.is_none() || (abort && !matches!(*current, Some(Ending::Aborted(_)))) {
            *current = Some(ending);
        }
        if abort {
            self.aborted.notify_one();
        }
    }
}

fn unix_ns(time: SystemTime) -> u64 {
    time.duration_since(UNIX_EPOCH)
        .map_or(0, |since| since.as_nanos() as u64)
}
