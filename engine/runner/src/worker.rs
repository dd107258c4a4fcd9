//! Defines a worker: one thread with its own VUs, connections and recorder, which runs its part of every scenario.

use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use brunt_host::{Failure, Place, Run, Test, Vu, Worker};
use brunt_metrics::{Recorder, RecorderSettings, Routing, Snapshot};
use brunt_plan::{Share, WorkerPlan};
use send_wrapper::SendWrapper;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;

use crate::clock::Clock;
use crate::executor::{self, Lane, Newcomers, Work};
use crate::failures::{AllFailures, Failures};
use crate::live::ScenarioLive;
use crate::pulse::{Pulse, Saturation};
use crate::stop::{Stop, StopSignal};
use crate::vus::{GuestVu, Pool};

/// What a worker tells the scheduler.
#[derive(Debug)]
pub(crate) enum WorkerEvent {
    /// Its VUs are initialised.
    Ready,
    /// A VU could not be initialised; the worker has ended.
    InitFailed(Failure),
    /// What it has measured since the last time.
    Measured(Box<Snapshot>),
    /// All its scenarios are over, and it has ended; with the last of what it has measured.
    Done(Box<Snapshot>),
}

/// The word to begin: when, and what each scenario is like.
#[derive(Clone)]
pub(crate) struct Begin {
    pub(crate) at: Instant,
    pub(crate) places: Arc<[Arc<Place>]>,
}

/// All that a worker needs to know.
pub(crate) struct WorkerSpec {
    pub(crate) index: usize,
    pub(crate) test: Test,
    pub(crate) run: Arc<Run>,
    pub(crate) plan: WorkerPlan,
    /// The machine's share of the test, which VUs are numbered by.
    pub(crate) share: Share,
    /// The index of each scenario's function.
    pub(crate) functions: Arc<[u32]>,
    pub(crate) live: Arc<[Arc<ScenarioLive>]>,
    /// One lane per scenario.
    pub(crate) lanes: Vec<Lane>,
    pub(crate) routing: Arc<Routing>,
    pub(crate) recorder: RecorderSettings,
    /// How often what was measured is told.
    pub(crate) tick: Duration,
    /// VUs that all workers have made so far: where the next one gets its number from.
    pub(crate) vus_made: Arc<AtomicU64>,
    /// The failures of all workers.
    pub(crate) failures: Arc<AllFailures>,
    /// Whether the workers themselves slow the test down.
    pub(crate) saturation: Arc<Saturation>,
    pub(crate) min_iteration_duration: Duration,
    pub(crate) instance_per_iteration: bool,
    pub(crate) events: mpsc::Sender<WorkerEvent>,
    pub(crate) begin: watch::Receiver<Option<Begin>>,
    pub(crate) stop: StopSignal,
}

/// Starts a worker on a thread of its own.
pub(crate) fn start(spec: WorkerSpec) -> std::io::Result<std::thread::JoinHandle<()>> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let name = format!("brunt-worker-{}", spec.index);
    std::thread::Builder::new()
        .name(name)
        .spawn(move || runtime.block_on(work(spec)))
}

/// A worker's life.
async fn work(mut spec: WorkerSpec) {
    let events = spec.events.clone();
    // When nobody listens any more the run is over, and so is this thread.
    let tell = async |event| {
        let _ = events.send(event).await;
    };
    let recorder = Recorder::new(
        spec.run.registry().clone(),
        spec.routing.clone(),
        spec.recorder,
    );
    let worker = Worker::new(spec.run.clone(), spec.index, recorder);
    let maker = Rc::new(VuMaker::new(&spec, &worker));
    let planned = spec.plan.requirements().max_planned_vus();
    let vus = match maker.make_all(planned, &spec.stop).await {
        Ok(vus) => vus,
        Err(failure) => return tell(WorkerEvent::InitFailed(failure)).await,
    };
    tell(WorkerEvent::Ready).await;
    let Some(begin) = await_begin(&mut spec.begin).await else {
        return;
    };
    let failures = Rc::new(Failures::new(spec.run.log().clone(), spec.failures.clone()));
    let mut scenarios = spawn_scenarios(
        &mut spec,
        &worker,
        &maker,
        &failures,
        &begin,
        Pool::new(vus),
    );
    let mut tick = tokio::time::interval(spec.tick);
    let mut pulse = Pulse::new(&worker, spec.index, &spec.saturation);
    loop {
        tokio::select! {
            done = scenarios.join_next() => if done.is_none() { break },
            due = pulse.due() => pulse.take(due, &worker),
            _ = tick.tick() => {
                let snapshot = worker.recorder().snapshot();
                tell(WorkerEvent::Measured(Box::new(snapshot))).await;
            }
        }
    }
    // Its VUs are gone, but not yet all that they left to be written.
    let _ = tokio::time::timeout(CLOSING, worker.sockets_closed()).await;
    failures.end();
    let snapshot = worker.recorder().snapshot();
    tell(WorkerEvent::Done(Box::new(snapshot))).await;
}

/// How long the sockets of VUs that are gone are waited for; each of them takes less.
pub(crate) const CLOSING: Duration = Duration::from_secs(3);

async fn await_begin(begin: &mut watch::Receiver<Option<Begin>>) -> Option<Begin> {
    let begun = begin.wait_for(Option::is_some).await.ok()?;
    begun.clone()
}

/// Starts every scenario that this worker has a part of, each at its time.
fn spawn_scenarios(
    spec: &mut WorkerSpec,
    worker: &Rc<Worker>,
    maker: &Rc<VuMaker>,
    failures: &Rc<Failures>,
    begin: &Begin,
    pool: Rc<Pool<GuestVu>>,
) -> JoinSet<()> {
    let mut scenarios = JoinSet::new();
    let lanes = std::mem::take(&mut spec.lanes);
    let parts = spec.plan.parts().iter().cloned().zip(lanes).enumerate();
    for (index, (part, lane)) in parts.filter(|(_, (part, _))| part.has_work()) {
        let place = begin.places[index].clone();
        let tags = worker.recorder().intern(&place.tags);
        let work = Work {
            start: begin.at + part.scenario().start_time,
            part,
            function: spec.functions[index],
            place,
            live: spec.live[index].clone(),
            pool: pool.clone(),
            worker: worker.clone(),
            failures: failures.clone(),
            stop: spec.stop.clone(),
            min_iteration_duration: spec.min_iteration_duration,
            tags,
        };
        let newcomers: Rc<dyn Newcomers<GuestVu>> = Rc::new(maker.clone());
        scenarios.spawn(SendWrapper::new(scenario(work, lane, newcomers)));
    }
    scenarios
}

/// One scenario's part, from its start time on.
async fn scenario(work: Work<GuestVu>, lane: Lane, newcomers: Rc<dyn Newcomers<GuestVu>>) {
    let clock = Clock::exact();
    let mut stop = work.stop.clone();
    tokio::select! {
        () = clock.sleep_until(work.start) => {}
        () = stop.reached(Stop::Drain) => {
            work.live.worker_finished();
            return;
        }
    }
    executor::run(Rc::new(work), clock, lane, Some(newcomers)).await;
}

/// Makes the VUs of one worker.
struct VuMaker {
    test: Test,
    worker: Rc<Worker>,
    share: Share,
    made: Arc<AtomicU64>,
    instance_per_iteration: bool,
}

impl VuMaker {
    fn new(spec: &WorkerSpec, worker: &Rc<Worker>) -> Self {
        Self {
            test: spec.test.clone(),
            worker: worker.clone(),
            share: spec.share.clone(),
            made: spec.vus_made.clone(),
            instance_per_iteration: spec.instance_per_iteration,
        }
    }

    async fn make_all(&self, count: u64, stop: &StopSignal) -> Result<Vec<GuestVu>, Failure> {
        let mut vus = Vec::with_capacity(count as usize);
        while (vus.len() as u64) < count && stop.current() == Stop::No {
            vus.push(self.make_one().await?);
        }
        Ok(vus)
    }

    async fn make_one(&self) -> Result<GuestVu, Failure> {
        let made = self.made.fetch_add(1, Ordering::Relaxed);
        let in_test = self.share.global_index(made).saturating_add(1);
        let vu = Vu::new(&self.test, &self.worker, in_test, made + 1).await?;
        self.worker
            .counters()
            .vus_initialized
            .fetch_add(1, Ordering::Relaxed);
        Ok(GuestVu::new(vu, self.instance_per_iteration))
    }
}

impl Newcomers<GuestVu> for Rc<VuMaker> {
    fn make(&self) -> Pin<Box<dyn Future<Output = Result<GuestVu, Failure>>>> {
        let maker = self.clone();
        Box::pin(async move { maker.make_one().await })
    }
}
