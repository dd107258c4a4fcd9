//! Defines a session: a loaded test with its plan, its metrics and its workers, from the first VU to the last sample.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use brunt_host::{Place, Run, Test};
use brunt_metrics::{Breakdown, RawSamples, RecorderSettings, Routing, TagSet, Thresholds, Totals};
use brunt_plan::{Plan, Scenario};
use tokio::sync::{mpsc, watch};

use crate::collector::Collector;
use crate::error::Error;
use crate::executor::Lane;
use crate::exit::ExitCode;
use crate::failures::AllFailures;
use crate::live::{Portion, ScenarioLive, fraction};
use crate::load::{Loaded, say_origin};
use crate::options::{Options, SummaryMode, ThresholdOption};
use crate::output::{OutputContext, OutputSpec, Outputs};
use crate::pulse::Saturation;
use crate::settings::run_settings;
use crate::stop::StopSwitch;
use crate::worker::{self, Begin, WorkerEvent, WorkerSpec};

/// How often workers tell what they measured.
const TICK: Duration = Duration::from_secs(1);

/// How often they do when outputs want every sample, so that few are held at once.
const TICK_WITH_OUTPUTS: Duration = Duration::from_millis(100);

/// Samples that one worker holds for the outputs between two ticks.
const RAW_CAPACITY: usize = 1_000_000;

/// VUs beside those of the plan: the one that runs `setup` and `teardown`.
const MAIN_VUS: usize = 1;

/// Events of workers that may wait to be handled.
const EVENTS: usize = 256;

/// One run, prepared.
pub(crate) struct Session {
    pub(crate) run: Arc<Run>,
    pub(crate) plan: Plan,
    pub(crate) test: Test,
    pub(crate) routing: Arc<Routing>,
    pub(crate) recorder: RecorderSettings,
    pub(crate) live: Arc<[Arc<ScenarioLive>]>,
    pub(crate) functions: Arc<[u32]>,
    pub(crate) stop: StopSwitch,
    pub(crate) workers: usize,
    pub(crate) collector: Collector,
    pub(crate) saturation: Arc<Saturation>,
    tick: Duration,
}

/// The workers of a session, on their threads.
pub(crate) struct Workers {
    pub(crate) events: mpsc::Receiver<WorkerEvent>,
    begin: watch::Sender<Option<Begin>>,
    threads: Vec<JoinHandle<()>>,
}

impl Session {
    /// Plans the run, checks thresholds and functions, and opens the outputs.
    pub(crate) fn prepare(loaded: &Loaded) -> Result<Self, Error> {
        let options = &loaded.options;
        let plan = Plan::new(options.scenarios.clone(), options.share.clone())
            .map_err(|error| Error::new(ExitCode::InvalidConfig, error))?;
        let workers = worker_count(options, &plan);
        let thresholds = Arc::new(thresholds(loaded)?);
        let breakdown = match options.summary.mode {
            SummaryMode::Full => Breakdown::ScenariosAndGroups,
            _ => Breakdown::Off,
        };
        let routing = Arc::new(Routing::new(thresholds.selectors(), breakdown));
        let outputs = outputs(loaded, &routing, &thresholds)?;
        let raw = if outputs.is_empty() {
            RawSamples::Discard
        } else {
            RawSamples::Keep {
                capacity: RAW_CAPACITY,
            }
        };
        let tick = if outputs.is_empty() {
            TICK
        } else {
            TICK_WITH_OUTPUTS
        };
        let series_limit = (options.limits.series as usize / workers).max(1);
        let functions = plan
            .scenarios()
            .iter()
            .map(|scenario| loaded.function(&scenario.name, &scenario.exec));
        let totals = Totals::new(loaded.registry.clone(), routing.clone());
        let vus = usize::try_from(plan.requirements().max_possible_vus()).unwrap_or(usize::MAX);
        let test = loaded
            .test
            .with_room(&loaded.granted, vus.saturating_add(MAIN_VUS))?;
        if test.origin() != loaded.test.origin() {
            say_origin(&test, &*loaded.log);
        }
        let settings = run_settings(loaded);
        let run = Run::new(
            settings,
            loaded.data.clone(),
            loaded.registry.clone(),
            loaded.log.clone(),
            workers,
        )?;
        let run = Arc::new(run);
        run.prepare_tls();
        Ok(Self {
            functions: functions.collect::<Result<_, _>>()?,
            live: live(&plan, workers),
            run,
            recorder: RecorderSettings { series_limit, raw },
            stop: StopSwitch::new(),
            test,
            saturation: Arc::new(Saturation::new(options.busy_warning, loaded.log.clone())),
            collector: Collector::new(totals, thresholds, outputs, loaded.log.clone()),
            plan,
            routing,
            workers,
            tick,
        })
    }

    /// Starts the workers, which begin to initialise their VUs.
    pub(crate) fn start_workers(&self, loaded: &Loaded) -> Result<Workers, Error> {
        let (sender, events) = mpsc::channel(EVENTS);
        let (begin, begun) = watch::channel(None);
        let mut lanes = self.lanes();
        let test = &self.test;
        let vus_made = Arc::new(AtomicU64::new(0));
        let failures = Arc::new(AllFailures::new(self.workers));
        let threads = (0..self.workers).map(|index| {
            worker::start(WorkerSpec {
                index,
                test: test.clone(),
                run: self.run.clone(),
                plan: self.plan.worker(index as u64, self.workers as u64),
                share: self.plan.share().clone(),
                functions: self.functions.clone(),
                live: self.live.clone(),
                lanes: std::mem::take(&mut lanes[index]),
                routing: self.routing.clone(),
                recorder: self.recorder,
                tick: self.tick,
                vus_made: vus_made.clone(),
                failures: failures.clone(),
                saturation: self.saturation.clone(),
                min_iteration_duration: loaded.options.min_iteration_duration,
                instance_per_iteration: loaded.options.instance_per_iteration,
                events: sender.clone(),
                begin: begun.clone(),
                stop: self.stop.signal(),
            })
        });
        let threads = threads.collect::<std::io::Result<_>>().map_err(|error| {
            Error::new(
                ExitCode::EngineFailure,
                format!("a worker thread did not start: {error}"),
            )
        })?;
        Ok(Workers {
            events,
            begin,
            threads,
        })
    }

    /// What every scenario is like for its VUs, when the run begins at this time.
    pub(crate) fn places(&self, options: &Options, at: Instant) -> Arc<[Arc<Place>]> {
        let scenarios = self.plan.scenarios().iter().zip(self.live.iter());
        let place = |(scenario, live): (&Arc<Scenario>, &Arc<ScenarioLive>)| {
            let start = at + scenario.start_time;
            let portion = self.portion(scenario);
            let (live, of) = (live.clone(), scenario.clone());
            let progress = move || {
                let completed = live
                    .iterations_completed
                    .load(std::sync::atomic::Ordering::Relaxed);
                fraction(
                    &of,
                    portion,
                    completed,
                    Instant::now().saturating_duration_since(start),
                )
            };
            Arc::new(Place {
                scenario: scenario.name.clone(),
                executor: scenario.executor.name().to_owned(),
                tags: scenario_tags(options, scenario),
                env: scenario.env.clone(),
                started_unix_ns: self.run.unix_ns(start),
                progress: Box::new(progress),
            })
        };
        scenarios.map(place).collect()
    }

    /// What this machine does of a scenario.
    pub(crate) fn portion(&self, scenario: &Scenario) -> Portion {
        Portion::new(scenario, self.plan.share())
    }

    /// For each worker, one lane per scenario.
    fn lanes(&self) -> Vec<Vec<Lane>> {
        let mut of_workers: Vec<Vec<Lane>> = (0..self.workers).map(|_| Vec::new()).collect();
        for _ in self.plan.scenarios() {
            for (worker, lane) in Lane::for_workers(self.workers).into_iter().enumerate() {
                of_workers[worker].push(lane);
            }
        }
        of_workers
    }
}

impl Workers {
    /// Gives the word to begin.
    pub(crate) fn begin(&self, begin: Begin) {
        // Without a worker there is nobody to tell, and the scheduler will notice.
        let _ = self.begin.send(Some(begin));
    }

    /// Waits for the threads to end. Those that were never told to begin end at once.
    pub(crate) fn join(self) {
        drop((self.events, self.begin));
        for thread in self.threads {
            // A worker that panicked has said so on standard error, and its missing events have ended the run.
            let _ = thread.join();
        }
    }
}

/// The tags that all samples of a scenario have.
fn scenario_tags(options: &Options, scenario: &Scenario) -> TagSet {
    let has = |name: &str| options.system_tags.contains(name);
    let mut tags = TagSet::from_pairs(
        options
            .tags
            .iter()
            .map(|(key, value)| (key.as_str(), value.as_str())),
    );
    for (key, value) in &scenario.tags {
        tags = tags.with(key, value);
    }
    if has("scenario") {
        tags = tags.with("scenario", &scenario.name);
    }
    if has("group") {
        tags.with("group", "")
    } else {
        tags
    }
}

/// As many workers as the machine has processors, or the option says, and not more than there are VUs.
fn worker_count(options: &Options, plan: &Plan) -> usize {
    let processors = || std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let wanted = options
        .workers
        .map_or_else(processors, std::num::NonZero::get);
    let vus = usize::try_from(plan.requirements().max_possible_vus()).unwrap_or(usize::MAX);
    wanted.min(vus).max(1)
}

fn live(plan: &Plan, workers: usize) -> Arc<[Arc<ScenarioLive>]> {
    let of_workers: Vec<_> = (0..workers)
        .map(|index| plan.worker(index as u64, workers as u64))
        .collect();
    (0..plan.scenarios().len())
        .map(|scenario| {
            let parts = of_workers
                .iter()
                .filter(|worker| worker.parts()[scenario].has_work());
            Arc::new(ScenarioLive::new(parts.count() as u64))
        })
        .collect()
}

fn thresholds(loaded: &Loaded) -> Result<Thresholds, Error> {
    let options = &loaded.options;
    if options.no_thresholds {
        return Ok(Thresholds::default());
    }
    let sources = options.thresholds.iter().flat_map(|(metric, thresholds)| {
        thresholds
            .iter()
            .map(move |threshold| (metric.as_str(), source(threshold)))
    });
    Thresholds::parse(sources, &loaded.registry)
        .map_err(|error| Error::new(ExitCode::InvalidConfig, error))
}

fn source(option: &ThresholdOption) -> brunt_metrics::ThresholdSource {
    brunt_metrics::ThresholdSource {
        expression: option.threshold.clone(),
        abort_on_fail: option.abort_on_fail,
        delay_abort: (!option.delay_abort_eval.is_zero()).then_some(option.delay_abort_eval),
    }
}

fn outputs(
    loaded: &Loaded,
    routing: &Arc<Routing>,
    thresholds: &Arc<Thresholds>,
) -> Result<Outputs, Error> {
    let invalid =
        |error: &dyn std::fmt::Display| Error::new(ExitCode::InvalidConfig, error.to_string());
    let specs = loaded
        .options
        .outputs
        .iter()
        .map(|spec| spec.parse::<OutputSpec>());
    let specs = specs
        .collect::<Result<Vec<_>, _>>()
        .map_err(|error| invalid(&error))?;
    let context = OutputContext {
        registry: loaded.registry.clone(),
        routing: routing.clone(),
        thresholds: thresholds.clone(),
        system_tags: loaded.options.system_tags.iter().cloned().collect(),
        env: loaded.system_env.clone(),
        queue: loaded.options.metric_samples_buffer_size,
    };
    Outputs::open(&specs, &context).map_err(|error| invalid(&error))
}
