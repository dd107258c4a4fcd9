//! Defines how one worker runs its part of one scenario: the two executors, and what they have in common.
//!
//! A scenario's load is either closed (VUs that loop, [`closed`]) or open (iterations that arrive, [`open`]). The six named
//! executors of k6 are data for these two.

mod closed;
mod lane;
mod open;

#[cfg(test)]
mod tests;

use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::{Duration, Instant};

use brunt_host::{Iteration, Outcome, Place, Worker};
use brunt_metrics::{TagsId, builtin};
use brunt_plan::{Part, PartLoad};

use crate::clock::Clock;
use crate::failures::Failures;
use crate::live::ScenarioLive;
use crate::stop::{Stop, StopSignal};
use crate::vus::{Pool, VirtualUser};

pub(crate) use lane::Lane;
pub(crate) use open::Newcomers;

/// One scenario's part on one worker, with everything that its executor needs.
pub(crate) struct Work<V> {
    /// What has to be done.
    pub(crate) part: Part,
    /// The index of the function that iterations call.
    pub(crate) function: u32,
    /// The scenario as its VUs see it.
    pub(crate) place: Arc<Place>,
    /// When the scenario starts.
    pub(crate) start: Instant,
    /// What the outside sees of it.
    pub(crate) live: Arc<ScenarioLive>,
    /// Where its VUs come from.
    pub(crate) pool: Rc<Pool<V>>,
    /// Where samples go.
    pub(crate) worker: Rc<Worker>,
    /// Where failed iterations are told.
    pub(crate) failures: Rc<Failures>,
    /// How it is told to stop.
    pub(crate) stop: StopSignal,
    /// The least time between the starts of two iterations of a VU.
    pub(crate) min_iteration_duration: Duration,
    /// The scenario's tags in this worker's recorder.
    pub(crate) tags: TagsId,
}

/// Runs a scenario's part to its end, and gives all its VUs back.
pub(crate) async fn run<V: VirtualUser>(
    work: Rc<Work<V>>,
    clock: Clock,
    lane: Lane,
    newcomers: Option<Rc<dyn Newcomers<V>>>,
) {
    match work.part.load() {
        PartLoad::Closed {
            steps,
            budget,
            graceful_ramp_down,
            ..
        } => {
            closed::run(work.clone(), clock, steps, budget, graceful_ramp_down).await;
        }
        PartLoad::Open {
            arrivals,
            pre_allocated_vus,
            max_vus,
            ..
        } => {
            open::run(
                work.clone(),
                clock,
                arrivals,
                pre_allocated_vus,
                max_vus,
                lane,
                newcomers,
            )
            .await;
        }
    }
}

impl<V: VirtualUser> Work<V> {
    /// After this no iteration starts.
    fn end(&self) -> Instant {
        self.start + self.part.scenario().load.duration()
    }

    /// Waits until no more iterations may start: the time is over, or the run was told to stop.
    ///
    /// Not on the executor's own clock, which has one waiter at a time.
    async fn ended(&self) {
        let mut stop = self.stop.clone();
        tokio::select! {
            () = tokio::time::sleep_until(self.end().into()) => {}
            () = stop.reached(Stop::Drain) => {}
        }
    }

    /// A VU that has entered the scenario; none when no iteration may start any more and none is idle.
    async fn lease(&self) -> Option<V> {
        let mut vu = tokio::select! {
            biased;
            vu = self.pool.lease() => vu,
            () = self.ended() => return None,
        };
        vu.enter(&self.place);
        Some(vu)
    }

    /// Waits until what still runs must be cut off: the graceful stop is over, or the run was told to stop at once.
    async fn cut_off(&self) {
        let graceful_stop = self.part.scenario().graceful_stop;
        let mut stop = self.stop.clone();
        let mut drain = self.stop.clone();
        let over = tokio::time::sleep_until((self.end() + graceful_stop).into());
        let drained = async {
            drain.reached(Stop::Drain).await;
            tokio::time::sleep(graceful_stop).await;
        };
        tokio::select! {
            () = over => {}
            () = drained => {}
            () = stop.reached(Stop::Now) => {}
        }
    }

    /// The next iteration of this scenario on this machine.
    fn next_iteration(&self) -> Iteration {
        self.iteration(self.live.iterations_started.fetch_add(1, Relaxed))
    }

    /// The iteration with this number on this machine.
    fn iteration(&self, in_instance: u64) -> Iteration {
        let in_test = self.part.iteration_in_test(in_instance);
        Iteration {
            function: self.function,
            in_test,
            in_instance,
        }
    }

    /// Records an iteration that ran to its end, whatever became of it.
    fn completed(&self, vu: &V, started: Instant, ended: Instant, outcome: &Outcome) {
        if let Outcome::Failed(failure) = outcome {
            self.failures.tell(&self.part.scenario().name, failure);
        }
        if *outcome == Outcome::Aborted {
            return self.interrupted();
        }
        self.live.iterations_completed.fetch_add(1, Relaxed);
        self.worker
            .counters()
            .iterations_completed
            .fetch_add(1, Relaxed);
        let time = self.worker.run().unix_ns(ended);
        let mut recorder = self.worker.recorder();
        let tags = vu.own_tags().unwrap_or(self.tags);
        recorder.record(builtin::ITERATIONS, tags, 1.0, time);
        recorder.record(
            builtin::ITERATION_DURATION,
            tags,
            milliseconds(started, ended),
            time,
        );
    }

    /// Counts an iteration that was cut off.
    fn interrupted(&self) {
        self.live.interrupted.store(true, Relaxed);
        self.worker
            .counters()
            .iterations_interrupted
            .fetch_add(1, Relaxed);
    }

    /// Records iterations that were due and never started.
    fn dropped(&self, count: u64, at: Instant) {
        if count > 0 {
            let time = self.worker.run().unix_ns(at);
            self.worker.recorder().record(
                builtin::DROPPED_ITERATIONS,
                self.tags,
                count as f64,
                time,
            );
        }
    }

    /// Records iterations that the time was too short for. In a run that was told to stop it was not the time.
    fn out_of_time(&self, count: u64, at: Instant) {
        if self.stop.current() == Stop::No {
            self.dropped(count, at);
        }
    }

    /// A VU begins to work in this scenario.
    fn vu_begins(&self) {
        self.live.vus_active.fetch_add(1, Relaxed);
        self.worker.counters().vus_active.fetch_add(1, Relaxed);
    }

    /// A VU no longer works in this scenario.
    fn vu_ends(&self) {
        self.live.vus_active.fetch_sub(1, Relaxed);
        self.worker.counters().vus_active.fetch_sub(1, Relaxed);
    }

    /// Makes a VU usable again. One that can't be is told, and the VU stays as it is.
    async fn mend(&self, vu: &mut V) -> bool {
        match vu.mend().await {
            Ok(()) => true,
            Err(failure) => {
                self.failures.tell(&self.part.scenario().name, &failure);
                false
            }
        }
    }
}

/// Milliseconds between two instants.
fn milliseconds(from: Instant, to: Instant) -> f64 {
    to.saturating_duration_since(from).as_nanos() as f64 / 1e6
}

/// Now, on the clock that tests can pause.
fn tokio_now() -> Instant {
    tokio::time::Instant::now().into_std()
}
