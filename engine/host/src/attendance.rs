//! Defines attendance: while a test sleeps or waits, its extensions do what has come due for them.
//!
//! An extension is attended only where the test itself waits. One that waits in a function of its own is in the middle of
//! a call, and would be entered a second time: its instance knows nothing of that, and its memory would be in two states at
//! once. So each wait asks the stack who waits, once something is due.

use std::future::{Future, poll_fn};
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

use send_wrapper::SendWrapper;
use wasmtime::{StoreContextMut, WasmBacktrace};

use crate::arrivals::Arrivals;
use crate::extension::{Attend, of_mark};
use crate::interfaces::time::FOREVER;
use crate::state::VuState;

/// The extensions of one VU, and when each wants to be attended.
#[derive(Default)]
pub(crate) struct Attendance {
    extensions: Vec<Attended>,
    /// Set while one of them is called, by the engine or by a script: none is attended then.
    pub(crate) busy: bool,
}

struct Attended {
    name: Arc<str>,
    attend: Attend,
    /// What had come when it was attended last; none before the first time.
    seen: Option<u64>,
    /// When it wants to be attended, whatever comes.
    next: Option<Instant>,
}

/// That something failed in an extension: which one. Wraps the error that says what.
#[derive(Debug, Clone)]
pub(crate) struct InExtension(pub(crate) Arc<str>);

impl std::fmt::Display for InExtension {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "in extension {}", self.0)
    }
}

impl std::error::Error for InExtension {}

impl Attendance {
    /// Attends one more extension from now on.
    pub(crate) fn add(&mut self, name: Arc<str>, attend: Attend) {
        self.extensions.push(Attended {
            name,
            attend,
            seen: None,
            next: None,
        });
    }

    /// Whether there is anything to attend, and nobody in the middle of a call that the engine knows of.
    fn is_open(&self) -> bool {
        !self.busy && !self.extensions.is_empty()
    }

    /// The first that is due: it was never attended, something came, or its time has come.
    fn due(&self, arrived: u64, now: Instant) -> Option<usize> {
        let is_due = |extension: &Attended| {
            extension.seen.is_none_or(|seen| arrived > seen)
                || extension.next.is_some_and(|next| next <= now)
        };
        self.extensions.iter().position(is_due)
    }

    /// What had come when the one that saw least was attended.
    fn seen(&self) -> u64 {
        let seen = self.extensions.iter().map(|extension| extension.seen);
        seen.min().flatten().unwrap_or_default()
    }

    fn next(&self) -> Option<Instant> {
        self.extensions.iter().filter_map(|one| one.next).min()
    }
}

/// Waits for `until`, and attends the extensions of this VU meanwhile.
pub(crate) async fn attend_until<T>(
    store: &mut StoreContextMut<'_, VuState>,
    until: impl Future<Output = T>,
) -> wasmtime::Result<T> {
    let mut until = SendWrapper::new(Box::pin(until));
    if !store.data().attendance.is_open() {
        return Ok(until.await);
    }
    let mut asked = false;
    loop {
        let first = SendWrapper::new(first_of(&mut until, store.data())).await;
        if let Some(value) = first {
            return Ok(value);
        }
        if !std::mem::replace(&mut asked, true) && is_called_by_extension(store) {
            return Ok(until.await);
        }
        attend_due(store).await?;
    }
}

/// What is waited for, or none once an extension is due.
async fn first_of<T>(until: &mut (impl Future<Output = T> + Unpin), state: &VuState) -> Option<T> {
    let arrivals = state.local.arrivals.clone();
    let attendance = &state.attendance;
    let due = async {
        if attendance.due(arrivals.count(), Instant::now()).is_none() {
            due(&arrivals, attendance.seen(), attendance.next()).await;
        }
    };
    tokio::select! {
        biased;
        value = until => Some(value),
        () = due => None,
    }
}

async fn due(arrivals: &Rc<Arrivals>, seen: u64, next: Option<Instant>) {
    let arrived = poll_fn(|context| arrivals.poll_beyond(seen, context));
    let time = next.unwrap_or_else(|| Instant::now() + FOREVER);
    tokio::select! {
        biased;
        () = arrived => {}
        () = tokio::time::sleep_until(time.into()) => {}
    }
}

/// Attends every extension that is due.
async fn attend_due(store: &mut StoreContextMut<'_, VuState>) -> wasmtime::Result<()> {
    store.data_mut().attendance.busy = true;
    store.data_mut().usage.resume(Instant::now());
    let arrived = store.data().local.arrivals.count();
    let now = Instant::now();
    while let Some(index) = store.data().attendance.due(arrived, now) {
        let extension = &mut store.data_mut().attendance.extensions[index];
        extension.seen = Some(arrived);
        extension.next = None;
        let (attend, name) = (extension.attend, extension.name.clone());
        let called = attend.call_async(&mut *store, ()).await;
        let (wish,) = called.map_err(|error| error.context(InExtension(name)))?;
        let wish =
            wish.map(|wish| Instant::now() + LEAST.max(Duration::from_nanos(wish)).min(FOREVER));
        store.data_mut().attendance.extensions[index].next = wish;
    }
    store.data_mut().attendance.busy = false;
    Ok(())
}

/// The least time between two attendances that an extension can ask for: one that asks for none would keep its VU from
/// ever noticing what it waits for.
const LEAST: Duration = Duration::from_micros(100);

/// Whether code of an extension is on the stack of who waits.
fn is_called_by_extension(store: &StoreContextMut<'_, VuState>) -> bool {
    let trace = WasmBacktrace::force_capture(store);
    let mut modules = trace
        .frames()
        .iter()
        .filter_map(|frame| frame.module().name());
    modules.any(|name| of_mark(name).is_some())
}
