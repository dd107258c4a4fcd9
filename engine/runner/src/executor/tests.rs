//! Defines the tests of both executors: a stand of workers with fake VUs, paused time, and a journal of what they did.

mod closed;
mod open;

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::future::Future;
use std::path::Path;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use brunt_host::{
    Data, Failure, FailureKind, Iteration, Level, LogSink, Outcome, Place, Run, RunSettings, Worker,
};
use brunt_metrics::{
    Aggregate, Breakdown, MetricId, Recorder, RecorderSettings, Registry, Routing, TagSet, Totals,
    Trend, builtin,
};
use brunt_plan::{Plan, Share, WorkerPlan};
use send_wrapper::SendWrapper;
use serde_json::Value;
use tokio::time::{Instant, sleep};

use super::{Lane, Newcomers, Work, run};
use crate::clock::Clock;
use crate::failures::{AllFailures, Failures};
use crate::live::ScenarioLive;
use crate::stop::{Stop, StopSwitch};
use crate::vus::{Pool, VirtualUser};

/// How long a run may take, on the paused clock: one that hangs is soon found out.
const PATIENCE: Duration = Duration::from_secs(24 * 3600);

/// What an iteration of a fake VU does.
#[derive(Clone, Copy)]
enum Act {
    /// Lasts for so many milliseconds.
    Last(u64),
    /// Never ends.
    Hang,
    /// Fails at once, and breaks the VU.
    Fail,
    /// Aborts the run.
    Abort,
}

/// An iteration that was started. Times are milliseconds since the scenario's start.
#[derive(Clone, Copy, Debug)]
struct Lived {
    vu: u64,
    in_test: u64,
    from: u64,
    /// Its end, when it was not cut off.
    to: Option<u64>,
}

/// What happened on the stand.
struct Journal {
    began: Instant,
    script: Box<dyn Fn(Iteration) -> Act>,
    lived: RefCell<Vec<Lived>>,
    vus: Cell<u64>,
    mended: Cell<u64>,
    mendable: Cell<bool>,
}

impl Journal {
    fn new(script: Box<dyn Fn(Iteration) -> Act>, mendable: bool) -> Self {
        Self {
            began: Instant::now(),
            script,
            lived: RefCell::default(),
            vus: Cell::new(0),
            mended: Cell::new(0),
            mendable: Cell::new(mendable),
        }
    }

    fn now(&self) -> u64 {
        // tokio's timers count milliseconds from an instant of their own.
        (self.began.elapsed() + Duration::from_micros(500)).as_millis() as u64
    }

    fn make(self: &Rc<Self>) -> FakeVu {
        self.vus.set(self.vus.get() + 1);
        FakeVu {
            journal: self.clone(),
            number: self.vus.get(),
            broken: false,
        }
    }
}

struct FakeVu {
    journal: Rc<Journal>,
    number: u64,
    broken: bool,
}

impl VirtualUser for FakeVu {
    fn enter(&mut self, place: &Arc<Place>) {
        assert_eq!(place.scenario, "s");
    }

    async fn iterate(&mut self, iteration: Iteration) -> Outcome {
        assert!(!self.broken, "a broken VU was given an iteration");
        self.broken = true;
        let index = self.journal.lived.borrow().len();
        self.journal.lived.borrow_mut().push(Lived {
            vu: self.number,
            in_test: iteration.in_test,
            from: self.journal.now(),
            to: None,
        });
        let outcome = match (self.journal.script)(iteration) {
            Act::Last(ms) => {
                sleep(Duration::from_millis(ms)).await;
                self.broken = false;
                Outcome::Completed
            }
            Act::Hang => std::future::pending().await,
            Act::Fail => Outcome::Failed(failure("on purpose")),
            Act::Abort => Outcome::Aborted,
        };
        self.journal.lived.borrow_mut()[index].to = Some(self.journal.now());
        outcome
    }

    fn interrupted(&mut self) {
        assert!(
            self.broken,
            "an iteration was interrupted that did not begin"
        );
    }

    async fn mend(&mut self) -> Result<(), Failure> {
        if self.broken && !self.journal.mendable.get() {
            return Err(failure("beyond repair"));
        }
        self.journal
            .mended
            .set(self.journal.mended.get() + u64::from(self.broken));
        self.broken = false;
        Ok(())
    }
}

fn failure(message: &str) -> Failure {
    Failure {
        kind: FailureKind::Error,
        message: message.to_owned(),
        stack: Vec::new(),
    }
}

/// Makes VUs in mid-run, each in this time.
struct Recruits {
    journal: Rc<Journal>,
    takes: Duration,
}

impl Newcomers<FakeVu> for Recruits {
    fn make(&self) -> Pin<Box<dyn Future<Output = Result<FakeVu, Failure>>>> {
        let (journal, takes) = (self.journal.clone(), self.takes);
        Box::pin(async move {
            sleep(takes).await;
            Ok(journal.make())
        })
    }
}

#[derive(Default)]
struct Lines(Mutex<Vec<String>>);

impl LogSink for Lines {
    fn log(&self, _: Level, _: &str, message: &str) {
        let mut lines = self.0.lock().expect("no test panics while it logs");
        lines.push(message.to_owned());
    }
}

/// One scenario on a number of workers, which all live on the test's own thread.
struct Stand {
    config: Value,
    workers: u64,
    script: Box<dyn Fn(Iteration) -> Act>,
    recruits_take: Option<Duration>,
    /// VUs that each worker has; as many as planned otherwise.
    vus: Option<u64>,
    broken_vus: bool,
    mendable: bool,
    min_iteration_duration: Duration,
    stops: Vec<(u64, Stop)>,
    exact_clock: bool,
}

/// A stand for this scenario, on one worker.
fn stand(config: Value, script: impl Fn(Iteration) -> Act + 'static) -> Stand {
    Stand {
        config,
        workers: 1,
        script: Box::new(script),
        recruits_take: None,
        vus: None,
        broken_vus: false,
        mendable: true,
        min_iteration_duration: Duration::ZERO,
        stops: Vec::new(),
        exact_clock: false,
    }
}

impl Stand {
    /// Tells the executors to stop, so many milliseconds after the start.
    fn stop(mut self, at: u64, stop: Stop) -> Self {
        self.stops.push((at, stop));
        self
    }

    /// Runs the scenario to its end.
    async fn play(mut self) -> Played {
        let plan = plan(&self.config);
        let ground = Ground::new(self.workers as usize);
        let script = std::mem::replace(&mut self.script, Box::new(|_| Act::Hang));
        let journal = Rc::new(Journal::new(script, self.mendable));
        let switch = StopSwitch::new();
        let plans = (0..self.workers).map(|index| plan.worker(index, self.workers));
        let plans: Vec<_> = plans.filter(|plan| plan.parts()[0].has_work()).collect();
        let live = Arc::new(ScenarioLive::new(plans.len() as u64));
        let lanes = Lane::for_workers(self.workers as usize);
        let mut workers = Vec::new();
        let mut tasks = Vec::new();
        for ((index, plan), lane) in plans.iter().enumerate().zip(lanes) {
            let worker = ground.worker(index);
            let work = self.work(plan, &ground, &worker, &journal, &live, &switch);
            let scenario = run(work, self.clock(), lane, self.newcomers(&journal));
            tasks.push(tokio::spawn(SendWrapper::new(scenario)));
            workers.push(worker);
        }
        let stopper = tokio::spawn(SendWrapper::new(stop_at(self.stops, journal.began, switch)));
        for task in tasks {
            let ended = tokio::time::timeout(PATIENCE, task).await;
            ended.expect("the run ends").expect("no executor panics");
        }
        stopper.abort();
        assert_eq!(live.vus_active.load(Relaxed), 0, "VUs are left over");
        ground.played(&journal, live, &workers)
    }

    /// One worker's part of the scenario.
    fn work(
        &self,
        plan: &WorkerPlan,
        ground: &Ground,
        worker: &Rc<Worker>,
        journal: &Rc<Journal>,
        live: &Arc<ScenarioLive>,
        switch: &StopSwitch,
    ) -> Rc<Work<FakeVu>> {
        let planned = plan.requirements().max_planned_vus();
        let vus = (0..self.vus.unwrap_or(planned)).map(|_| journal.make());
        let broken = self.broken_vus;
        let vus = vus.map(|vu| FakeVu { broken, ..vu });
        let tags = worker.recorder().intern(&TagSet::empty());
        Rc::new(Work {
            part: plan.parts()[0].clone(),
            function: 0,
            place: Arc::new(place()),
            start: journal.began.into_std(),
            live: live.clone(),
            pool: Pool::new(vus.collect()),
            worker: worker.clone(),
            failures: Rc::new(Failures::new(
                ground.lines.clone(),
                Arc::new(AllFailures::new(1)),
            )),
            stop: switch.signal(),
            min_iteration_duration: self.min_iteration_duration,
            tags,
        })
    }

    fn clock(&self) -> Clock {
        if self.exact_clock {
            Clock::exact()
        } else {
            Clock::tokio()
        }
    }

    fn newcomers(&self, journal: &Rc<Journal>) -> Option<Rc<dyn Newcomers<FakeVu>>> {
        let takes = self.recruits_take?;
        let journal = journal.clone();
        Some(Rc::new(Recruits { journal, takes }))
    }
}

/// What the workers of a stand share.
struct Ground {
    run: Arc<Run>,
    routing: Arc<Routing>,
    lines: Arc<Lines>,
}

impl Ground {
    fn new(workers: usize) -> Self {
        let lines = Arc::new(Lines::default());
        let data = Arc::new(Data::new(Path::new(".")));
        let registry = Arc::new(Registry::new());
        let settings = RunSettings::default();
        let run = Run::new(settings, data, registry, lines.clone(), workers);
        Self {
            run: Arc::new(run.expect("default settings")),
            routing: Arc::new(Routing::new([], Breakdown::Off)),
            lines,
        }
    }

    fn worker(&self, index: usize) -> Rc<Worker> {
        let (registry, routing) = (self.run.registry().clone(), self.routing.clone());
        let recorder = Recorder::new(registry, routing, RecorderSettings::default());
        Worker::new(self.run.clone(), index, recorder)
    }

    fn played(&self, journal: &Journal, live: Arc<ScenarioLive>, workers: &[Rc<Worker>]) -> Played {
        let mut totals = Totals::new(self.run.registry().clone(), self.routing.clone());
        for worker in workers {
            totals.absorb(worker.recorder().snapshot());
        }
        let lines = self.lines.0.lock().expect("nobody logs any more");
        Played {
            took: journal.now(),
            lived: journal.lived.take(),
            vus: journal.vus.get(),
            mended: journal.mended.get(),
            totals,
            live,
            interrupted: self.run.total(|counters| &counters.iterations_interrupted),
            lines: lines.clone(),
        }
    }
}

fn plan(config: &Value) -> Plan {
    let scenarios = serde_json::json!({ "s": config });
    let scenarios = brunt_plan::parse_scenarios(scenarios.as_object().expect("an object"));
    Plan::new(scenarios.expect("a scenario"), Share::whole()).expect("a plan")
}

/// Turns the switch when it is time.
async fn stop_at(stops: Vec<(u64, Stop)>, began: Instant, switch: StopSwitch) {
    for (at, stop) in stops {
        tokio::time::sleep_until(began + Duration::from_millis(at)).await;
        switch.set(stop);
    }
    // Those who listen must not see the switch go.
    std::future::pending::<()>().await;
}

fn place() -> Place {
    Place {
        scenario: "s".to_owned(),
        executor: "e".to_owned(),
        tags: TagSet::empty(),
        env: BTreeMap::new(),
        started_unix_ns: 0,
        progress: Box::new(|| 0.0),
    }
}

/// What became of a stand.
struct Played {
    /// Milliseconds until all executors were done.
    took: u64,
    lived: Vec<Lived>,
    /// VUs that were made, before and during the run.
    vus: u64,
    mended: u64,
    totals: Totals,
    live: Arc<ScenarioLive>,
    interrupted: u64,
    lines: Vec<String>,
}

impl Played {
    fn count(&self, metric: MetricId) -> u64 {
        match self.totals.get(metric) {
            Some(Aggregate::Counter { count }) => *count as u64,
            None => 0,
            Some(other) => panic!("{other:?} is no counter"),
        }
    }

    fn trend(&self, metric: MetricId) -> &Trend {
        let aggregate = self.totals.get(metric).and_then(Aggregate::as_trend);
        aggregate.expect("there are samples")
    }

    /// When iterations started, in order.
    fn starts(&self) -> Vec<u64> {
        let mut starts: Vec<u64> = self.lived.iter().map(|lived| lived.from).collect();
        starts.sort_unstable();
        starts
    }

    /// When the iterations of one VU started.
    fn starts_of(&self, vu: u64) -> Vec<u64> {
        let of_vu = self.lived.iter().filter(|lived| lived.vu == vu);
        of_vu.map(|lived| lived.from).collect()
    }

    /// The numbers of all iterations, in order.
    fn numbers(&self) -> Vec<u64> {
        let mut numbers: Vec<u64> = self.lived.iter().map(|lived| lived.in_test).collect();
        numbers.sort_unstable();
        numbers
    }

    /// Iterations that ran at this time.
    fn running_at(&self, ms: u64) -> usize {
        let runs = |lived: &&Lived| lived.from <= ms && lived.to.is_some_and(|to| to > ms);
        self.lived.iter().filter(runs).count()
    }

    /// Checks the counts of iterations: completed, interrupted and dropped.
    fn expect(&self, completed: u64, interrupted: u64, dropped: u64) {
        let counted = self.live.iterations_completed.load(Relaxed);
        let told = self.count(builtin::ITERATIONS);
        assert_eq!(counted, told, "completed: counters and metric");
        let dropped_told = self.count(builtin::DROPPED_ITERATIONS);
        assert_eq!(
            (told, self.interrupted, dropped_told),
            (completed, interrupted, dropped),
            "completed, interrupted, dropped: {:?}",
            self.lived
        );
        assert_eq!(self.live.interrupted.load(Relaxed), interrupted > 0);
    }
}
