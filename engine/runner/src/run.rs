//! Defines one whole run: prepare, initialise, set up, run the scenarios, tear down, sum up.

use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

use brunt_host::{Ending, Level, Place, Vu, Worker};
use brunt_metrics::summary::{
    HandleSummaryContext, Summary, SummarySettings, TimeUnit as SummaryTimeUnit, TrendStat,
};
use brunt_metrics::{Evaluation, Recorder, TagSet};
use serde_json::Value;

use crate::error::Error;
use crate::exit::ExitCode;
use crate::live::Progress;
use crate::load::Loaded;
use crate::options::TimeUnit;
use crate::scheduler::{AbortReason, Interrupts, Scheduler};
use crate::session::Session;
use crate::worker::{Begin, CLOSING};

/// Watches a run while it goes on.
pub trait Observer {
    /// The run is planned: what it will do can be shown.
    fn planned(&mut self, plan: &brunt_plan::Plan);

    /// VUs are being initialised: how many are, of how many.
    fn initialising(&mut self, vus: (u64, u64));

    /// A setup or teardown is under way.
    fn phase(&mut self, phase: &str);

    /// The scenarios run; called ten times a second, and once when they are over.
    fn progress(&mut self, progress: &Progress);
}

/// What the surroundings of a run are like, for `handle-summary`.
#[derive(Debug, Clone, Copy, Default)]
pub struct Terminal {
    /// Whether colours are unwanted.
    pub no_color: bool,
    /// Whether standard output is a terminal.
    pub stdout: bool,
    /// Whether standard error is a terminal.
    pub stderr: bool,
}

/// Files that a test wants written: paths, `stdout` or `stderr`, and contents.
pub type Files = Vec<(String, Vec<u8>)>;

/// What a run came to.
#[derive(Debug)]
pub struct Report {
    /// The end-of-test data.
    pub summary: Summary,
    /// How the process should end.
    pub exit: ExitCode,
    /// Why the exit code is what it is, in one line for each reason.
    pub reasons: Vec<String>,
    /// What the test made of the summary, when it makes something of it: paths, `stdout` or `stderr`, and contents.
    pub handled: Option<Files>,
}

/// Runs a loaded test from its first VU to its summary.
///
/// Interrupts are counted by the sender of `interrupts`: one drains, two stop at once. One is enough before the first iteration.
///
/// # Errors
/// When there is nothing to report: options that are not valid, a test that can't be initialised or set up, an engine that failed.
pub async fn run(
    loaded: &Loaded,
    observer: &mut dyn Observer,
    interrupts: Interrupts,
    terminal: Terminal,
) -> Result<Report, Error> {
    let report = lead(loaded, observer, interrupts, terminal).await;
    report.map_err(|error| error.without(&loaded.secrets))
}

/// One run, phase by phase.
async fn lead(
    loaded: &Loaded,
    observer: &mut dyn Observer,
    interrupts: Interrupts,
    terminal: Terminal,
) -> Result<Report, Error> {
    let mut hurry = interrupts.clone();
    let mut session = Session::prepare(loaded)?;
    observer.planned(&session.plan);
    let mut workers = session.start_workers(loaded)?;
    let stage = Stage::new(loaded, &session);
    let mut scheduler = stage.scheduler(&mut session, &mut workers, observer, interrupts);
    scheduler.ready().await?;
    let mut main = stage.main_vu(scheduler.session).await?;
    tokio::select! {
        biased;
        () = interrupted(&mut hurry, 1) => return Err(interrupted_early()),
        set_up = stage.setup(loaded, &mut main, scheduler.session, scheduler.observer) => set_up?,
    }
    let began = Instant::now();
    scheduler.begin(loaded, began);
    scheduler.drive(began).await?;
    let (duration, abort) = (began.elapsed(), scheduler.abort.take());
    let teardown = tokio::select! {
        biased;
        () = interrupted(&mut hurry, 2) => Ok(()),
        torn_down = stage.teardown(loaded, &mut main, observer) => torn_down,
    };
    session.collector.absorb(stage.worker.recorder().snapshot());
    session.collector.finish_outputs();
    workers.join();
    session.saturation.tell_end();
    let (summary, evaluation) = session
        .collector
        .summary(summary_settings(loaded, duration)?);
    let handled = stage
        .handle_summary(loaded, &mut main, &summary, terminal)
        .await;
    drop(main);
    let _ = tokio::time::timeout(CLOSING, stage.worker.sockets_closed()).await;
    let (handled, late) = match handled {
        Ok(files) => (files, Ok(())),
        Err(error) => (None, Err(error)),
    };
    let verdict = Verdict::new(&session, abort, [teardown, late], &evaluation);
    Ok(Report {
        summary,
        exit: verdict.exit,
        reasons: verdict.reasons,
        handled,
    })
}

/// Waits until the user has asked the run to end so many times.
async fn interrupted(interrupts: &mut Interrupts, times: u32) {
    if interrupts.wait_for(|count| *count >= times).await.is_err() {
        // Nobody can interrupt any more.
        std::future::pending().await
    }
}

fn interrupted_early() -> Error {
    let message = "test run was interrupted by the user before its first iteration";
    Error::new(ExitCode::ExternalAbort, message)
}

/// What runs on the scheduler's own thread: the VU for the phases around the scenarios, and its recorder.
struct Stage {
    worker: Rc<Worker>,
}

impl Stage {
    fn new(loaded: &Loaded, session: &Session) -> Self {
        let recorder = Recorder::new(
            loaded.registry.clone(),
            session.routing.clone(),
            session.recorder,
        );
        Self {
            worker: Worker::new(session.run.clone(), 0, recorder),
        }
    }

    fn scheduler<'a>(
        &self,
        session: &'a mut Session,
        workers: &'a mut crate::session::Workers,
        observer: &'a mut dyn Observer,
        interrupts: Interrupts,
    ) -> Scheduler<'a> {
        let mut recorder = Recorder::new(
            session.run.registry().clone(),
            session.routing.clone(),
            session.recorder,
        );
        let tags = recorder.intern(&TagSet::empty());
        Scheduler {
            session,
            workers,
            observer,
            interrupts,
            recorder,
            tags,
            abort: None,
        }
    }

    async fn main_vu(&self, session: &Session) -> Result<Vu, Error> {
        Vu::new(&session.test, &self.worker, 0, 0)
            .await
            .map_err(|failure| Error::guest("init", &failure))
    }

    /// Runs `setup` and keeps what it returns.
    async fn setup(
        &self,
        loaded: &Loaded,
        main: &mut Vu,
        session: &Session,
        observer: &mut dyn Observer,
    ) -> Result<(), Error> {
        if loaded.options.no_setup || !loaded.description.has_phase("setup") {
            session.run.keep_setup_data(None);
            return Ok(());
        }
        observer.phase("setup");
        main.enter(phase_place(loaded, "::setup"));
        let limit = loaded.options.setup_timeout;
        let result = tokio::time::timeout(limit, main.setup())
            .await
            .map_err(|_| {
                Error::new(
                    ExitCode::SetupTimeout,
                    format!("setup did not end within {limit:?}"),
                )
                .hint("raise the option setupTimeout")
            })?;
        let data = result.map_err(|failure| Error::guest("setup", &failure))?;
        main.finish_iteration();
        session.run.keep_setup_data(data);
        Ok(())
    }

    /// Runs `teardown`, also when the run was aborted.
    async fn teardown(
        &self,
        loaded: &Loaded,
        main: &mut Vu,
        observer: &mut dyn Observer,
    ) -> Result<(), Error> {
        if loaded.options.no_teardown || !loaded.description.has_phase("teardown") {
            return Ok(());
        }
        observer.phase("teardown");
        main.enter(phase_place(loaded, "::teardown"));
        let limit = loaded.options.teardown_timeout;
        let result = tokio::time::timeout(limit, main.teardown())
            .await
            .map_err(|_| {
                Error::new(
                    ExitCode::TeardownTimeout,
                    format!("teardown did not end within {limit:?}"),
                )
            })?;
        main.finish_iteration();
        result.map_err(|failure| Error::guest("teardown", &failure))
    }

    /// Lets the test make something of the summary. One that fails at it, or takes too long, leaves the engine's own.
    async fn handle_summary(
        &self,
        loaded: &Loaded,
        main: &mut Vu,
        summary: &Summary,
        terminal: Terminal,
    ) -> Result<Option<Files>, Error> {
        if !loaded.description.has_phase("handle-summary") {
            return Ok(None);
        }
        let setup_data = self
            .worker
            .run()
            .setup_data()
            .and_then(|data| serde_json::from_slice::<Value>(data).ok());
        let context = HandleSummaryContext {
            summary_time_unit: time_unit(loaded.options.summary.time_unit),
            no_color: terminal.no_color,
            stdout_is_tty: terminal.stdout,
            stderr_is_tty: terminal.stderr,
            setup_data,
        };
        let data = summary.to_handle_summary(&context).to_string();
        let limit = loaded.options.handle_summary_timeout;
        match tokio::time::timeout(limit, main.handle_summary(&data)).await {
            Ok(Ok(files)) => Ok(Some(files)),
            Ok(Err(failure)) => {
                let why = format!("handle-summary failed ({}): {failure}", failure.kind.name());
                loaded.log.log(Level::Error, "brunt", &why);
                Ok(None)
            }
            Err(_) => Err(Error::new(
                ExitCode::GenericTimeout,
                format!("handle-summary did not end within {limit:?}"),
            )),
        }
    }
}

impl Scheduler<'_> {
    /// Gives the word to begin.
    fn begin(&mut self, loaded: &Loaded, began: Instant) {
        self.session.run.begin_test(began);
        let places = self.session.places(&loaded.options, began);
        self.workers.begin(Begin { at: began, places });
    }
}

/// Where `setup` and `teardown` happen: in no scenario, and in a group of their own.
fn phase_place(loaded: &Loaded, group: &str) -> Arc<Place> {
    let tags = loaded.options.tags.iter();
    let tags = TagSet::from_pairs(tags.map(|(key, value)| (key.as_str(), value.as_str())));
    Arc::new(Place {
        scenario: String::new(),
        executor: String::new(),
        tags: tags.with("group", group),
        env: Default::default(),
        started_unix_ns: 0,
        progress: Box::new(|| 0.0),
    })
}

fn summary_settings(loaded: &Loaded, duration: Duration) -> Result<SummarySettings, Error> {
    let stats = loaded
        .options
        .summary
        .trend_stats
        .iter()
        .map(|word| word.parse::<TrendStat>());
    let trend_stats = stats.collect::<Result<_, _>>().map_err(|error| {
        Error::new(
            ExitCode::InvalidConfig,
            format!("summaryTrendStats: {error}"),
        )
    })?;
    Ok(SummarySettings {
        duration,
        trend_stats,
    })
}

fn time_unit(unit: TimeUnit) -> Option<SummaryTimeUnit> {
    match unit {
        TimeUnit::Auto => None,
        TimeUnit::Seconds => Some(SummaryTimeUnit::Seconds),
        TimeUnit::Milliseconds => Some(SummaryTimeUnit::Milliseconds),
        TimeUnit::Microseconds => Some(SummaryTimeUnit::Microseconds),
    }
}

/// How the process should end, and why.
struct Verdict {
    exit: ExitCode,
    reasons: Vec<String>,
}

impl Verdict {
    /// An abort decides first, then thresholds, then what the test says, then what its last phases came to.
    fn new(
        session: &Session,
        abort: Option<AbortReason>,
        phases: [Result<(), Error>; 2],
        evaluation: &Evaluation,
    ) -> Self {
        let mut verdict = Self {
            exit: ExitCode::Success,
            reasons: Vec::new(),
        };
        if let Some(reason) = abort {
            verdict.add(reason.exit(), reason.message());
        }
        let crossed: Vec<&str> = evaluation
            .crossed()
            .map(|result| &*result.selector.source)
            .collect();
        if !crossed.is_empty() {
            verdict.add(ExitCode::ThresholdsCrossed, crossed_message(crossed));
        }
        if let Some(Ending::MarkedFailed(why)) = session.run.ending() {
            verdict.add(
                ExitCode::MarkedFailed,
                format!("test run was marked as failed: {why}"),
            );
        }
        for error in phases.into_iter().filter_map(Result::err) {
            verdict.add(error.exit(), error.to_string());
        }
        verdict
    }

    fn add(&mut self, exit: ExitCode, reason: String) {
        if self.exit == ExitCode::Success {
            self.exit = exit;
        }
        self.reasons.push(reason);
    }
}

fn crossed_message(mut metrics: Vec<&str>) -> String {
    metrics.dedup();
    format!(
        "thresholds on metrics '{}' have been crossed",
        metrics.join(", ")
    )
}
