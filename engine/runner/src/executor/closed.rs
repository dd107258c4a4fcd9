//! Defines the closed executor: VUs that loop, as many as the curve says at each time.
//!
//! Each VU of the curve is a slot with a task of its own, which the executor gives orders:
//!
//! | order     | a slot that loops                        | a slot that rests       |
//! | --------- | ---------------------------------------- | ----------------------- |
//! | `Run`     | goes on, also when it was about to stop  | leases a VU and loops   |
//! | `StopBy`  | ends its iteration, or is cut off then   | rests                   |
//! | `End`     | ends its iteration                       | is gone                 |
//! | `CutOff`  | is cut off                               | is gone                 |

use std::cell::Cell;
use std::future::poll_fn;
use std::pin::pin;
use std::rc::Rc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::{Duration, Instant};

use brunt_host::{Iteration, Outcome};
use brunt_plan::{Budget, Steps};
use send_wrapper::SendWrapper;
use tokio::sync::Notify;
use tokio::task::JoinHandle;

use crate::clock::Clock;
use crate::executor::{Work, tokio_now};
use crate::stop::Stop;
use crate::vus::VirtualUser;

/// Runs the part of a closed load.
pub(super) async fn run<V: VirtualUser>(
    work: Rc<Work<V>>,
    clock: Clock,
    steps: Steps,
    budget: Budget,
    graceful_ramp_down: Duration,
) {
    let mut slots = Slots {
        work: work.clone(),
        budget,
        slots: Vec::new(),
    };
    let loops = async {
        slots.follow(&clock, steps, graceful_ramp_down).await;
        slots.finished().await;
    };
    tokio::select! {
        () = loops => {}
        () = work.ended() => {}
    }
    slots.end().await;
    if work.live.worker_finished() {
        drop_shared_rest(&work, budget, clock.now());
    }
}

/// Iterations of a shared budget that nobody started, told by the last worker.
fn drop_shared_rest<V: VirtualUser>(work: &Work<V>, budget: Budget, at: Instant) {
    if let Budget::Shared(iterations) = budget {
        let started = work.live.iterations_started.load(Relaxed);
        work.out_of_time(iterations.saturating_sub(started), at);
    }
}

/// What a slot has been told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Order {
    Run,
    StopBy(Instant),
    End,
    CutOff,
}

/// The order of one slot, and word of its changes.
struct Orders {
    current: Cell<Order>,
    changed: Notify,
}

impl Orders {
    fn give(&self, order: Order) {
        self.current.set(order);
        self.changed.notify_waiters();
    }

    async fn wait_for(&self, wanted: impl Fn(Order) -> bool) -> Order {
        loop {
            let changed = self.changed.notified();
            if wanted(self.current.get()) {
                return self.current.get();
            }
            changed.await;
        }
    }
}

impl Orders {
    /// Waits until the iteration of this slot must be cut off. Cheap to poll: every iteration that waits polls it, too.
    async fn cut_off(&self) {
        loop {
            let changed = self.changed.notified();
            match self.current.get() {
                Order::CutOff => return,
                Order::Run | Order::End => changed.await,
                Order::StopBy(time) => tokio::select! {
                    () = tokio::time::sleep_until(time.into()) => return,
                    () = changed => {}
                },
            }
        }
    }
}

/// The slots of a part, the longest running first.
struct Slots<V> {
    work: Rc<Work<V>>,
    budget: Budget,
    slots: Vec<(Rc<Orders>, JoinHandle<()>)>,
}

impl<V: VirtualUser> Slots<V> {
    /// Follows the steps of the curve to the last.
    async fn follow(&mut self, clock: &Clock, steps: Steps, graceful_ramp_down: Duration) {
        for step in steps {
            clock.sleep_until(self.work.start + step.offset).await;
            self.set_planned(step.planned as usize, clock.now() + graceful_ramp_down);
        }
    }

    /// Makes the first `planned` slots run, and the others stop by that time.
    fn set_planned(&mut self, planned: usize, stop_by: Instant) {
        for (index, (orders, _)) in self.slots.iter().enumerate() {
            match orders.current.get() {
                Order::StopBy(_) if index < planned => orders.give(Order::Run),
                Order::Run if index >= planned => orders.give(Order::StopBy(stop_by)),
                _ => {}
            }
        }
        while self.slots.len() < planned {
            let orders = Rc::new(Orders {
                current: Cell::new(Order::Run),
                changed: Notify::new(),
            });
            let (work, budget) = (self.work.clone(), self.budget);
            let slot = Slot {
                work,
                orders: orders.clone(),
                budget,
                left: per_vu(budget),
            };
            self.slots
                .push((orders, tokio::spawn(SendWrapper::new(slot.live()))));
        }
    }

    /// Waits until every slot has used up its budget.
    async fn finished(&mut self) {
        if self.budget == Budget::Unbounded {
            std::future::pending::<()>().await;
        }
        self.joined().await;
    }

    /// Tells every slot to end, waits for it, and cuts off what takes too long.
    async fn end(&mut self) {
        self.order_all(Order::End);
        let work = self.work.clone();
        let in_time = tokio::select! {
            () = self.joined() => true,
            () = work.cut_off() => false,
        };
        if !in_time {
            self.order_all(Order::CutOff);
            self.joined().await;
        }
    }

    fn order_all(&self, order: Order) {
        self.slots.iter().for_each(|(orders, _)| orders.give(order));
    }

    /// Waits until every slot is gone. May be dropped and called again.
    async fn joined(&mut self) {
        for (_, task) in &mut self.slots {
            if !task.is_finished() {
                let _ = task.await;
            }
        }
    }
}

fn per_vu(budget: Budget) -> u64 {
    match budget {
        Budget::PerVu(iterations) => iterations,
        Budget::Unbounded | Budget::Shared(_) => u64::MAX,
    }
}

/// How long a VU may go from iteration to iteration before it gives way to the others of its worker.
const TURN: Duration = Duration::from_millis(1);

/// The same future; `waited` tells whether it ever had to wait.
async fn noting_waits<T>(future: impl Future<Output = T>, waited: &mut bool) -> T {
    let mut future = pin!(future);
    poll_fn(|context| {
        let poll = future.as_mut().poll(context);
        *waited |= poll.is_pending();
        poll
    })
    .await
}

/// One VU of the curve.
struct Slot<V> {
    work: Rc<Work<V>>,
    orders: Rc<Orders>,
    budget: Budget,
    /// Iterations that this VU may still start.
    left: u64,
}

/// Why a slot stops looping.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Rest {
    Ordered,
    Over,
}

impl<V: VirtualUser> Slot<V> {
    /// Loops when ordered to and rests when not, until it is over.
    async fn live(mut self) {
        while self
            .orders
            .wait_for(|order| !matches!(order, Order::StopBy(_)))
            .await
            == Order::Run
        {
            let Some(mut vu) = self.work.lease().await else {
                break;
            };
            self.work.vu_begins();
            let rest = self.run(&mut vu).await;
            self.work.vu_ends();
            self.work.pool.give_back(vu);
            if rest == Rest::Over {
                break;
            }
        }
        if matches!(self.budget, Budget::PerVu(_)) {
            self.work.out_of_time(self.left, tokio_now());
        }
    }

    /// Runs iteration after iteration.
    async fn run(&mut self, vu: &mut V) -> Rest {
        let orders = self.orders.clone();
        let mut cut_off = pin!(orders.cut_off());
        let end = self.work.end();
        let mut now = tokio_now();
        let mut turn = now;
        loop {
            if now >= end {
                return Rest::Over;
            }
            if self.orders.current.get() != Order::Run {
                return Rest::Ordered;
            }
            if !self.work.mend(vu).await {
                return Rest::Over;
            }
            let Some(iteration) = self.claim() else {
                return Rest::Over;
            };
            // Iterations that never have to wait, or that end in a trap, would keep other VUs' timers from being looked at.
            if now.saturating_duration_since(turn) >= TURN {
                tokio::task::yield_now().await;
                turn = tokio_now();
            }
            let started = tokio_now();
            let mut waited = false;
            let outcome = tokio::select! {
                biased;
                outcome = noting_waits(vu.iterate(iteration), &mut waited) => outcome,
                () = &mut cut_off => {
                    vu.interrupted();
                    self.work.interrupted();
                    return Rest::Ordered;
                }
            };
            now = tokio_now();
            if waited {
                turn = now;
            }
            self.work.completed(vu, started, now, &outcome);
            if outcome == Outcome::Aborted {
                return Rest::Over;
            }
            now = tokio::select! {
                biased;
                now = self.pace(started, now) => now,
                () = &mut cut_off => return Rest::Ordered,
            };
        }
    }

    /// Takes an iteration from the budget, when there is one left.
    fn claim(&mut self) -> Option<Iteration> {
        if let Budget::Shared(iterations) = self.budget {
            let next = |started: u64| (started < iterations).then_some(started + 1);
            let number = self
                .work
                .live
                .iterations_started
                .fetch_update(Relaxed, Relaxed, next)
                .ok()?;
            return Some(self.work.iteration(number));
        }
        self.left = self.left.checked_sub(1)?;
        Some(self.work.next_iteration())
    }

    /// Waits until an iteration has lasted for the least time, or no more may start; gives the time then.
    async fn pace(&self, started: Instant, ended: Instant) -> Instant {
        let earliest = started + self.work.min_iteration_duration;
        if earliest <= ended {
            return ended;
        }
        let mut stop = self.work.stop.clone();
        tokio::select! {
            () = tokio::time::sleep_until(earliest.min(self.work.end()).into()) => {}
            () = stop.reached(Stop::Drain) => {}
        }
        tokio_now()
    }
}
