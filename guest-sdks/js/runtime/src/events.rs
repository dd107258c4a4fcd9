//! Defines the event loop: promises' jobs, timers and requests under way, run until nothing is left to do.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use rquickjs::function::{Opt, Rest};
use rquickjs::promise::PromiseState;
use rquickjs::{Ctx, Exception, FromJs, Function, Object, Persistent, Promise, Result, Value};

use crate::bindings::brunt::http::client::PendingResponse;
use crate::bindings::brunt::time::clock;
use crate::bindings::brunt::time::waiting::{self, Waitable};
use crate::native::response;
use crate::{extension, phase, rejections};

/// A callback that waits for its time.
struct Timer {
    call: Persistent<Function<'static>>,
    arguments: Vec<Persistent<Value<'static>>>,
    /// Nanoseconds between two calls; none for a single one.
    every: Option<u64>,
}

/// The timers of this VU, by when they are due and their number.
#[derive(Default)]
struct Timers {
    last: u32,
    waiting: BTreeMap<(u64, u32), Timer>,
    /// The timer whose callback runs now, until it is cleared.
    running: Option<u32>,
}

/// A request under way.
struct Request {
    pending: PendingResponse,
    done: Waitable,
    /// Gets the response.
    call: Persistent<Function<'static>>,
}

/// A callback for something that an extension lets the script wait for. It stays from one iteration to the next.
struct Watch {
    waitable: Rc<Waitable>,
    call: Persistent<Function<'static>>,
    /// Whether the iteration does not end before.
    holds: bool,
}

thread_local! {
    static WATCHED: RefCell<Vec<Watch>> = const { RefCell::new(Vec::new()) };
    static TIMERS: RefCell<Timers> = RefCell::default();
    static REQUESTS: RefCell<Vec<Request>> = const { RefCell::new(Vec::new()) };
}

/// Defines `setTimeout` and the like.
pub(crate) fn install<'js>(ctx: &Ctx<'js>, native: &Object<'js>) -> Result<()> {
    native.set("setTimer", Function::new(ctx.clone(), set_timer)?)?;
    native.set("clearTimer", Function::new(ctx.clone(), clear_timer)?)
}

/// Runs everything that is left to do: an iteration ends when there is nothing any more.
pub(crate) fn drain(ctx: &Ctx<'_>) -> Result<()> {
    loop {
        while ctx.execute_pending_job() {}
        if !REQUESTS.with_borrow(Vec::is_empty) || is_watching() && is_held() {
            meet_first(ctx)?;
        } else if !TIMERS.with_borrow(|timers| timers.waiting.is_empty()) {
            fire(ctx)?;
        } else {
            return Ok(());
        }
    }
}

/// Calls this function once `waitable` is ready.
pub(crate) fn watch<'js>(ctx: &Ctx<'js>, waitable: Rc<Waitable>, call: Function<'js>, holds: bool) {
    let call = Persistent::save(ctx, call);
    WATCHED.with_borrow_mut(|watched| {
        watched.push(Watch {
            waitable,
            call,
            holds,
        })
    });
}

fn is_watching() -> bool {
    !WATCHED.with_borrow(Vec::is_empty)
}

/// Whether a timer or a callback has yet to be called before the iteration ends.
fn is_held() -> bool {
    let has_timers = !TIMERS.with_borrow(|timers| timers.waiting.is_empty());
    has_timers || WATCHED.with_borrow(|watched| watched.iter().any(|watch| watch.holds))
}

/// Sleeps, and lets callbacks for what extensions do run meanwhile.
pub(crate) fn sleep(ctx: &Ctx<'_>, nanos: u64) -> Result<()> {
    match is_watching() {
        false => {
            clock::sleep(nanos);
            Ok(())
        }
        true => wait_until(ctx, &waiting::after(nanos)),
    }
}

/// Waits until this is ready, and lets callbacks for what extensions do run meanwhile.
pub(crate) fn wait_until(ctx: &Ctx<'_>, end: &Waitable) -> Result<()> {
    loop {
        let watched: Vec<Rc<Waitable>> = watched();
        let mut all: Vec<&Waitable> = vec![end];
        all.extend(watched.iter().map(|waitable| &**waitable));
        match waiting::wait_any(&all) {
            0 => return Ok(()),
            index => call_watch(ctx, &watched[index as usize - 1])?,
        }
    }
}

fn watched() -> Vec<Rc<Waitable>> {
    WATCHED.with_borrow(|watched| watched.iter().map(|watch| watch.waitable.clone()).collect())
}

/// Calls who waits for this, which is ready.
fn call_watch(ctx: &Ctx<'_>, ready: &Rc<Waitable>) -> Result<()> {
    let watch = WATCHED.with_borrow_mut(|watched| {
        let mut all = watched.iter();
        let index = all.position(|watch| Rc::ptr_eq(&watch.waitable, ready))?;
        Some(watched.remove(index))
    });
    match watch {
        Some(watch) => watch.call.restore(ctx)?.call(()),
        None => Ok(()),
    }
}

/// Calls this function with the response of a request, when it is there.
pub(crate) fn expect<'js>(ctx: &Ctx<'js>, pending: PendingResponse, call: Function<'js>) {
    let done = pending.done();
    let call = Persistent::save(ctx, call);
    REQUESTS.with_borrow_mut(|requests| {
        requests.push(Request {
            pending,
            done,
            call,
        })
    });
}

/// Forgets the timers, and gives up the requests, after an exception.
pub(crate) fn clear() {
    REQUESTS.with_borrow_mut(Vec::clear);
    WATCHED.with_borrow_mut(|watched| watched.retain(|watch| !watch.holds));
    TIMERS.with_borrow_mut(|timers| timers.waiting.clear());
}

/// What a call came to: its value, or what the promise that it returned came to, with everything else that was left to do.
pub(crate) fn finish<'js>(ctx: &Ctx<'js>, value: Value<'js>) -> Result<Value<'js>> {
    let promise = match value.is_object() {
        true => Promise::from_value(value.clone()).ok(),
        false => None,
    };
    drain(ctx)?;
    extension::drop_dead();
    let value = match promise {
        Some(promise) if promise.state() != PromiseState::Pending => {
            promise.result().unwrap_or(Ok(value))?
        }
        _ => value,
    };
    rejections::raise(ctx)?;
    Ok(value)
}

/// The value of a promise that nothing but jobs holds up.
pub(crate) fn settle<'js, T: FromJs<'js>>(ctx: &Ctx<'js>, promise: &Promise<'js>) -> Result<T> {
    while promise.state() == PromiseState::Pending && ctx.execute_pending_job() {}
    promise.result().unwrap_or_else(|| {
        Err(Exception::throw_message(
            ctx,
            "a module waits at its top for something that never comes: await only what is done at once",
        ))
    })
}

/// Waits for the first of all requests, the timer that is due first, and what is watched, and calls who waits for it.
fn meet_first(ctx: &Ctx<'_>) -> Result<()> {
    let due = TIMERS.with_borrow(|timers| timers.waiting.keys().next().map(|(due, _)| *due));
    let timer = due.map(|due| waiting::after(due.saturating_sub(clock::now())));
    let watched = watched();
    let timers = usize::from(timer.is_some());
    let first = REQUESTS.with_borrow(|requests| {
        let mut all: Vec<&Waitable> = requests.iter().map(|request| &request.done).collect();
        all.extend(&timer);
        all.extend(watched.iter().map(|waitable| &**waitable));
        waiting::wait_any(&all) as usize
    });
    let requests = REQUESTS.with_borrow(Vec::len);
    if first >= requests + timers {
        return call_watch(ctx, &watched[first - requests - timers]);
    }
    let met = REQUESTS
        .with_borrow_mut(|requests| (first < requests.len()).then(|| requests.remove(first)));
    let Some(Request { pending, call, .. }) = met else {
        return fire(ctx);
    };
    let response = response::taken(ctx, pending.take())?;
    let call = call.restore(ctx)?;
    call.call((response,))
}

/// Waits for the timer that is due first, and calls it.
fn fire(ctx: &Ctx<'_>) -> Result<()> {
    let Some(((due, id), timer)) = TIMERS.with_borrow_mut(|timers| timers.waiting.pop_first())
    else {
        return Ok(());
    };
    let now = clock::now();
    if due > now {
        clock::sleep(due - now);
    }
    TIMERS.with_borrow_mut(|timers| timers.running = Some(id));
    let call = timer.call.clone().restore(ctx)?;
    let arguments = timer.arguments.iter();
    let arguments: Result<Vec<Value<'_>>> = arguments.map(|a| a.clone().restore(ctx)).collect();
    let outcome: Result<Value<'_>> = call.call((Rest(arguments?),));
    TIMERS.with_borrow_mut(|timers| {
        let again = timers.running.take().is_some();
        if let (true, Some(every)) = (again && outcome.is_ok(), timer.every) {
            timers.waiting.insert((clock::now() + every, id), timer);
        }
    });
    outcome.map(|_| ())
}

/// `setTimer(callback, milliseconds, repeated, ...arguments)`: its number.
fn set_timer<'js>(
    ctx: Ctx<'js>,
    call: Function<'js>,
    millis: f64,
    repeated: bool,
    arguments: Rest<Value<'js>>,
) -> Result<u32> {
    phase::refuse_in_init(&ctx, "a timer")?;
    // A wait below a nanosecond, or of nothing that is a number, is none.
    let wait = (millis.max(0.0) * 1e6) as u64;
    let arguments = arguments.0.into_iter();
    let timer = Timer {
        call: Persistent::save(&ctx, call),
        arguments: arguments.map(|a| Persistent::save(&ctx, a)).collect(),
        every: repeated.then_some(wait.max(1_000_000)),
    };
    TIMERS.with_borrow_mut(|timers| {
        timers.last += 1;
        let id = timers.last;
        timers.waiting.insert((clock::now() + wait, id), timer);
        Ok(id)
    })
}

fn clear_timer(id: Opt<f64>) {
    let id = id.0.unwrap_or(0.0) as u32;
    TIMERS.with_borrow_mut(|timers| {
        timers.waiting.retain(|(_, known), _| *known != id);
        if timers.running == Some(id) {
            timers.running = None;
        }
    });
}
