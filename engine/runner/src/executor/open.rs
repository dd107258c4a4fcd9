//! Defines the open executor: iterations that start when they are due, whether or not earlier ones are over.
//!
//! Each worker starts its own arrivals with its own VUs. A worker that has none free asks the others: every worker's lane says how
//! many VUs are free, and takes iterations in. An iteration for which no worker has a VU is dropped, at once and for good.

use std::cell::{Cell, RefCell};
use std::future::Future;
use std::iter::Peekable;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::atomic::Ordering;
use std::time::Instant;

use brunt_host::{Failure, Iteration, Level};
use brunt_metrics::builtin;
use brunt_plan::{Arrival, ArrivalIter};
use send_wrapper::SendWrapper;
use tokio::sync::{Notify, mpsc};

use crate::clock::Clock;
use crate::executor::lane::{Lane, Lanes};
use crate::executor::{Work, milliseconds, tokio_now};
use crate::stop::Stop;
use crate::vus::VirtualUser;

/// Makes VUs in mid-run, for a scenario that needs more than it was given.
pub(crate) trait Newcomers<V> {
    /// A new VU.
    fn make(&self) -> Pin<Box<dyn Future<Output = Result<V, Failure>>>>;
}

/// Runs the part of an open load.
pub(super) async fn run<V: VirtualUser>(
    work: Rc<Work<V>>,
    clock: Clock,
    arrivals: ArrivalIter,
    pre_allocated_vus: u64,
    max_vus: u64,
    lane: Lane,
    newcomers: Option<Rc<dyn Newcomers<V>>>,
) {
    let crew = Rc::new(Crew::new(
        work.clone(),
        lane.lanes.clone(),
        lane.own,
        max_vus,
        newcomers,
    ));
    for _ in 0..pre_allocated_vus {
        let Some(vu) = work.lease().await else { break };
        crew.take_on(vu);
    }
    let mut handed_over = lane.iterations;
    let mut arrivals = arrivals.peekable();
    tokio::select! {
        () = crew.follow(&clock, &mut arrivals) => {
            // Others may still hand over iterations until the time is over.
            tokio::select! {
                () = crew.take_in(&mut handed_over) => {}
                () = work.ended() => {}
            }
        }
        () = crew.take_in(&mut handed_over) => {}
        () = work.ended() => {}
    }
    crew.catch_up(arrivals);
    crew.finish(handed_over).await;
    work.live.worker_finished();
}

/// The VUs of one worker in an open scenario.
struct Crew<V> {
    work: Rc<Work<V>>,
    lanes: Lanes,
    own: usize,
    free: RefCell<Vec<V>>,
    /// VUs of the crew, those that are being made included.
    size: Cell<u64>,
    max_vus: u64,
    newcomers: Option<Rc<dyn Newcomers<V>>>,
    /// Whether a VU is being made: one at a time.
    making: Cell<bool>,
    /// Iterations that run, and VUs that are being made.
    busy: Cell<usize>,
    idle: Notify,
    /// Tells the iterations that run that they are cut off.
    cut: Cell<bool>,
    cut_off: Notify,
}

impl<V: VirtualUser> Crew<V> {
    fn new(
        work: Rc<Work<V>>,
        lanes: Lanes,
        own: usize,
        max_vus: u64,
        newcomers: Option<Rc<dyn Newcomers<V>>>,
    ) -> Self {
        Self {
            work,
            lanes,
            own,
            free: RefCell::default(),
            size: Cell::new(0),
            max_vus,
            newcomers,
            making: Cell::new(false),
            busy: Cell::new(0),
            idle: Notify::new(),
            cut: Cell::new(false),
            cut_off: Notify::new(),
        }
    }

    /// Takes a VU into the crew.
    fn take_on(&self, vu: V) {
        self.size.set(self.size.get() + 1);
        self.work.live.vus_allocated.fetch_add(1, Ordering::Relaxed);
        self.release(vu);
    }

    fn release(&self, vu: V) {
        self.free.borrow_mut().push(vu);
        self.lanes[self.own].free.fetch_add(1, Ordering::AcqRel);
    }

    /// Starts every arrival of this worker when it is due. What is left when this is dropped was not started.
    async fn follow(self: &Rc<Self>, clock: &Clock, arrivals: &mut Peekable<ArrivalIter>) {
        while let Some(&arrival) = arrivals.peek() {
            let due = self.work.start + arrival.due;
            if due > clock.now() {
                clock.sleep_until(due).await;
            } else {
                // Behind: what is under way must go on, too.
                tokio::task::coop::consume_budget().await;
            }
            arrivals.next();
            self.arrive(arrival);
        }
    }

    /// Ends an account that must be complete when the time is over: what was due by then and not yet looked at, be it at the last
    /// instant, starts if there is a free VU, and is dropped otherwise.
    fn catch_up(self: &Rc<Self>, mut arrivals: Peekable<ArrivalIter>) {
        if self.work.stop.current() != Stop::No {
            return;
        }
        while arrivals.peek().is_some() && self.lanes[self.own].reserve() {
            arrivals
                .next()
                .into_iter()
                .for_each(|arrival| self.start(arrival));
        }
        self.work
            .dropped(arrivals.size_hint().0 as u64, tokio_now());
    }

    /// Starts what other workers hand over.
    async fn take_in(self: &Rc<Self>, handed_over: &mut mpsc::UnboundedReceiver<Arrival>) {
        while let Some(arrival) = handed_over.recv().await {
            self.start(arrival);
        }
    }

    /// Starts an iteration with a VU of this worker, or of another, or drops it. Does neither in a run that was told to stop.
    fn arrive(self: &Rc<Self>, arrival: Arrival) {
        if self.work.stop.current() != Stop::No {
            return;
        }
        if self.lanes[self.own].reserve() {
            return self.start(arrival);
        }
        let others = self
            .lanes
            .iter()
            .enumerate()
            .filter(|(index, _)| *index != self.own);
        for (_, lane) in others {
            if lane.reserve() && lane.iterations.send(arrival).is_ok() {
                return;
            }
        }
        self.work.dropped(1, tokio_now());
        self.grow();
    }

    /// Starts an iteration on a VU that was reserved for it.
    fn start(self: &Rc<Self>, arrival: Arrival) {
        // A reservation counts a VU that is in this list.
        let Some(vu) = self.free.borrow_mut().pop() else {
            return;
        };
        self.begin();
        let crew = self.clone();
        tokio::spawn(SendWrapper::new(async move {
            crew.employ(vu, arrival).await;
            crew.end();
        }));
    }

    /// Runs one iteration, unless it comes too late, and makes the VU free again, if it can still be used.
    async fn employ(&self, mut vu: V, arrival: Arrival) {
        // A VU that another scenario left behind broken is mended here, one that breaks below at once.
        if self.cut.get() || !self.work.mend(&mut vu).await {
            self.work.dropped(1, tokio_now());
        } else {
            self.iterate(&mut vu, arrival).await;
        }
        if self.cut.get() || self.work.mend(&mut vu).await {
            self.release(vu);
        } else {
            self.dismiss(vu);
        }
    }

    /// Lets a VU go that can't be mended; another may come in its place.
    fn dismiss(&self, vu: V) {
        self.size.set(self.size.get() - 1);
        self.work.live.vus_allocated.fetch_sub(1, Ordering::Relaxed);
        self.work.pool.give_back(vu);
    }

    /// Runs one iteration, until it is cut off.
    async fn iterate(&self, vu: &mut V, arrival: Arrival) {
        let work = &self.work;
        work.vu_begins();
        let started = tokio_now();
        let in_instance = work.live.iterations_started.fetch_add(1, Ordering::Relaxed);
        let iteration = Iteration {
            function: work.function,
            in_test: arrival.index,
            in_instance,
        };
        let cut_off = self.cut_off.notified();
        let outcome = tokio::select! {
            biased;
            outcome = vu.iterate(iteration) => Some(outcome),
            () = cut_off => None,
        };
        let ended = tokio_now();
        match outcome {
            Some(outcome) => {
                work.completed(vu, started, ended, &outcome);
                self.record_delay(vu, arrival, started, ended);
            }
            None => {
                vu.interrupted();
                work.interrupted();
            }
        }
        work.vu_ends();
    }

    /// The open model's own metrics: how late the iteration started, and how long it took from when it was due.
    fn record_delay(&self, vu: &V, arrival: Arrival, started: Instant, ended: Instant) {
        let due = self.work.start + arrival.due;
        let time = self.work.worker.run().unix_ns(ended);
        let mut recorder = self.work.worker.recorder();
        let tags = vu.own_tags().unwrap_or(self.work.tags);
        recorder.record(
            builtin::ITERATION_START_DELAY,
            tags,
            milliseconds(due, started),
            time,
        );
        recorder.record(
            builtin::ITERATION_DURATION_FROM_DUE,
            tags,
            milliseconds(due, ended),
            time,
        );
    }

    /// Makes one more VU, when there may be more and none is being made.
    fn grow(self: &Rc<Self>) {
        if self.making.get() {
            return;
        }
        let Some(newcomers) = self
            .newcomers
            .as_ref()
            .filter(|_| self.size.get() < self.max_vus)
        else {
            return self.warn_of_vus();
        };
        self.making.set(true);
        self.begin();
        let (crew, make) = (self.clone(), newcomers.make());
        tokio::spawn(SendWrapper::new(async move {
            match make.await {
                Ok(mut vu) => {
                    vu.enter(&crew.work.place);
                    crew.take_on(vu);
                }
                Err(failure) => crew
                    .work
                    .failures
                    .tell(&crew.work.part.scenario().name, &failure),
            }
            crew.making.set(false);
            crew.end();
        }));
    }

    fn warn_of_vus(&self) {
        if self.work.live.warned_of_vus.swap(true, Ordering::Relaxed) {
            return;
        }
        let active = self.work.live.vus_allocated.load(Ordering::Relaxed);
        let name = &self.work.part.scenario().name;
        self.work.failures.log(
            Level::Warn,
            &format!("Insufficient VUs, reached {active} active VUs and cannot initialize more (scenario {name})"),
        );
    }

    /// Waits for the iterations that run, until they are cut off; then gives all VUs back.
    async fn finish(self: &Rc<Self>, handed_over: mpsc::UnboundedReceiver<Arrival>) {
        self.refuse(handed_over);
        tokio::select! {
            () = self.all_idle() => {}
            () = self.work.cut_off() => {
                self.cut.set(true);
                self.cut_off.notify_waiters();
                self.all_idle().await;
            }
        }
        // Nobody reserves any more: what is free leaves the lane.
        while self.lanes[self.own].reserve() {}
        for vu in self.free.borrow_mut().drain(..) {
            self.work.pool.give_back(vu);
        }
    }

    /// Lets nobody hand over any more, and drops what was handed over too late.
    fn refuse(&self, mut handed_over: mpsc::UnboundedReceiver<Arrival>) {
        handed_over.close();
        while handed_over.try_recv().is_ok() {
            self.lanes[self.own].free.fetch_add(1, Ordering::AcqRel);
            self.work.dropped(1, tokio_now());
        }
    }

    fn begin(&self) {
        self.busy.set(self.busy.get() + 1);
    }

    fn end(&self) {
        self.busy.set(self.busy.get() - 1);
        if self.busy.get() == 0 {
            self.idle.notify_waiters();
        }
    }

    async fn all_idle(&self) {
        loop {
            let idle = self.idle.notified();
            if self.busy.get() == 0 {
                return;
            }
            idle.await;
        }
    }
}
