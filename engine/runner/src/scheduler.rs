//! Defines the scheduler: the one loop that leads a run from its first VU to its last iteration.
//!
//! | while              | it waits for                                   | and then                                   |
//! | ------------------ | ---------------------------------------------- | ------------------------------------------ |
//! | VUs are made       | every worker to be ready                       | `setup` runs                               |
//! | scenarios run      | every worker to be done                        | `teardown` runs                            |
//! | at any time        | an interrupt, an abort, a threshold that says so | workers drain, or stop at once             |

use std::time::{Duration, Instant};

use brunt_host::{Ending, Failure};
use brunt_metrics::{Recorder, TagsId, builtin};
use tokio::sync::watch;
use tokio::time::{Interval, MissedTickBehavior, interval_at};

use crate::error::Error;
use crate::exit::ExitCode;
use crate::live::{Progress, ScenarioProgress};
use crate::run::Observer;
use crate::session::{Session, Workers};
use crate::stop::Stop;
use crate::worker::WorkerEvent;

/// How often progress is shown.
const PROGRESS: Duration = Duration::from_millis(100);

/// How often `vus` and `vus_max` are sampled.
const VUS: Duration = Duration::from_secs(1);

/// How often thresholds are evaluated.
const THRESHOLDS: Duration = Duration::from_secs(2);

/// When all of that happens for the first time: when VUs have had the time to begin.
const FIRST: Duration = Duration::from_millis(100);

/// How often the user has asked the run to end: 1 drains, 2 and more stop at once.
pub type Interrupts = watch::Receiver<u32>;

/// Why a run ended before its time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum AbortReason {
    Threshold(String),
    Test(String),
    Interrupted,
}

impl AbortReason {
    pub(crate) fn exit(&self) -> ExitCode {
        match self {
            Self::Threshold(_) => ExitCode::ThresholdsCrossed,
            Self::Test(_) => ExitCode::ScriptAborted,
            Self::Interrupted => ExitCode::ExternalAbort,
        }
    }

    pub(crate) fn message(&self) -> String {
        match self {
            Self::Threshold(why) => format!("test run was aborted: {why}"),
            Self::Test(why) => format!("test aborted: {why}"),
            Self::Interrupted => "test run was interrupted by the user".to_owned(),
        }
    }
}

/// Leads one run.
pub(crate) struct Scheduler<'a> {
    pub(crate) session: &'a mut Session,
    pub(crate) workers: &'a mut Workers,
    pub(crate) observer: &'a mut dyn Observer,
    pub(crate) interrupts: Interrupts,
    /// The recorder of the engine itself, for `vus` and `vus_max`.
    pub(crate) recorder: Recorder,
    pub(crate) tags: TagsId,
    pub(crate) abort: Option<AbortReason>,
}

/// What the scheduler can learn of while it waits.
enum Event {
    Worker(WorkerEvent),
    WorkersGone,
    Interrupted(u32),
    TestAborted,
    ShowProgress,
    SampleVus,
    EvaluateThresholds,
}

/// The scheduler's timers.
struct Timers {
    progress: Interval,
    vus: Interval,
    thresholds: Interval,
}

impl Timers {
    fn new() -> Self {
        let every = |period| {
            let mut interval = interval_at(tokio::time::Instant::now() + FIRST, period);
            interval.set_missed_tick_behavior(MissedTickBehavior::Skip);
            interval
        };
        Self {
            progress: every(PROGRESS),
            vus: every(VUS),
            thresholds: every(THRESHOLDS),
        }
    }
}

impl Scheduler<'_> {
    /// Waits until every worker has made its VUs.
    pub(crate) async fn ready(&mut self) -> Result<(), Error> {
        let mut timers = Timers::new();
        let mut waiting = self.session.workers;
        while waiting > 0 {
            match self.next(&mut timers).await {
                Event::Worker(WorkerEvent::Ready) => waiting -= 1,
                Event::Worker(WorkerEvent::InitFailed(failure)) => {
                    return Err(init_failed(&failure));
                }
                Event::WorkersGone => return Err(workers_gone()),
                Event::Interrupted(_) => self.end(AbortReason::Interrupted, Stop::Now),
                Event::ShowProgress => self.observer.initialising(self.initialised()),
                _ => {}
            }
        }
        Ok(())
    }

    /// Lets the scenarios run to their end, or to the end that something else puts to them.
    pub(crate) async fn drive(&mut self, began: Instant) -> Result<(), Error> {
        let mut timers = Timers::new();
        let mut running = self.session.workers;
        while running > 0 {
            match self.next(&mut timers).await {
                Event::Worker(WorkerEvent::Measured(snapshot)) => {
                    self.session.collector.absorb(*snapshot)
                }
                Event::Worker(WorkerEvent::Done(snapshot)) => {
                    self.session.collector.absorb(*snapshot);
                    running -= 1;
                }
                Event::Worker(WorkerEvent::Ready) => {}
                Event::Worker(WorkerEvent::InitFailed(failure)) => {
                    return Err(init_failed(&failure));
                }
                Event::WorkersGone => return Err(workers_gone()),
                Event::Interrupted(1) => self.end(AbortReason::Interrupted, Stop::Drain),
                Event::Interrupted(_) => self.end(AbortReason::Interrupted, Stop::Now),
                Event::TestAborted => self.test_aborted(),
                Event::ShowProgress => self.show_progress(began),
                Event::SampleVus => self.sample_vus(),
                Event::EvaluateThresholds => self.evaluate_thresholds(began.elapsed()),
            }
        }
        self.show_progress(began);
        Ok(())
    }

    async fn next(&mut self, timers: &mut Timers) -> Event {
        let run = self.session.run.clone();
        tokio::select! {
            biased;
            count = interrupted(&mut self.interrupts) => Event::Interrupted(count),
            () = run.aborted() => Event::TestAborted,
            event = self.workers.events.recv() => match event {
                Some(event) => Event::Worker(event),
                None => Event::WorkersGone,
            },
            _ = timers.thresholds.tick() => Event::EvaluateThresholds,
            _ = timers.vus.tick() => Event::SampleVus,
            _ = timers.progress.tick() => Event::ShowProgress,
        }
    }

    /// Ends the run; the first reason counts.
    fn end(&mut self, reason: AbortReason, stop: Stop) {
        self.abort.get_or_insert(reason);
        self.session.stop.set(stop);
    }

    fn test_aborted(&mut self) {
        if let Some(Ending::Aborted(why)) = self.session.run.ending() {
            self.end(AbortReason::Test(why), Stop::Now);
        }
    }

    fn evaluate_thresholds(&mut self, elapsed: Duration) {
        if let Some(why) = self.session.collector.must_abort(elapsed) {
            self.end(AbortReason::Threshold(why), Stop::Now);
        }
    }

    fn initialised(&self) -> (u64, u64) {
        let made = self.session.run.total(|counters| &counters.vus_initialized);
        (made, self.session.plan.requirements().max_planned_vus())
    }

    fn sample_vus(&mut self) {
        let run = &self.session.run;
        let time = run.unix_ns(Instant::now());
        let active = run.total(|counters| &counters.vus_active);
        let made = run.total(|counters| &counters.vus_initialized);
        self.recorder
            .record(builtin::VUS, self.tags, active as f64, time);
        self.recorder
            .record(builtin::VUS_MAX, self.tags, made as f64, time);
        self.session.collector.absorb(self.recorder.snapshot());
    }

    fn show_progress(&mut self, began: Instant) {
        let now = Instant::now();
        let session = &*self.session;
        let scenarios = session.plan.scenarios().iter().zip(session.live.iter());
        let scenarios: Vec<ScenarioProgress> = scenarios
            .map(|(scenario, live)| {
                live.progress(
                    scenario,
                    session.portion(scenario),
                    now,
                    began + scenario.start_time,
                )
            })
            .collect();
        let run = &session.run;
        self.observer.progress(&Progress {
            elapsed: now.saturating_duration_since(began),
            vus_active: run.total(|counters| &counters.vus_active),
            vus: run.total(|counters| &counters.vus_initialized),
            completed: run.total(|counters| &counters.iterations_completed),
            interrupted: run.total(|counters| &counters.iterations_interrupted),
            stopping: session.stop.current() != Stop::No,
            scenarios,
        });
    }
}

/// Waits for the next interrupt; for ever, when nobody can interrupt any more.
async fn interrupted(interrupts: &mut Interrupts) -> u32 {
    match interrupts.changed().await {
        Ok(()) => *interrupts.borrow_and_update(),
        Err(_) => std::future::pending().await,
    }
}

fn init_failed(failure: &Failure) -> Error {
    Error::guest("init", failure)
}

fn workers_gone() -> Error {
    Error::new(
        ExitCode::EngineFailure,
        "a worker thread ended unexpectedly; its last words are on standard error",
    )
}
