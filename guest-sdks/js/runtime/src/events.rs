//! Defines the event loop: promises' jobs, timers and requests under way, run until nothing is left to do.

use std::cell::RefCell;
use std::collections::BTreeMap;

use rquickjs::function::{Opt, Rest};
use rquickjs::promise::PromiseState;
use rquickjs::{Ctx, Exception, FromJs, Function, Object, Persistent, Promise, Result, Value};

use crate::bindings::brunt::http::client::PendingResponse;
use crate::bindings::brunt::time::clock;
use crate::bindings::brunt::time::waiting::{self, Waitable};
use crate::native::response;
use crate::{phase, rejections};

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

thread_local! {
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
        if !REQUESTS.with_borrow(Vec::is_empty) {
            meet_first(ctx)?;
        } else if !TIMERS.with_borrow(|timers| timers.waiting.is_empty()) {
            fire(ctx)?;
        } else {
            return Ok(());
        }
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
    TIMERS.with_borrow_mut(|timers| timers.waiting.clear());
}

/// What a call came to: its value, or what the promise that it returned came to, with everything else that was left to do.
pub(crate) fn finish<'js>(ctx: &Ctx<'js>, value: Value<'js>) -> Result<Value<'js>> {
    let promise = match value.is_object() {
        true => Promise::from_value(value.clone()).ok(),
        false => None,
    };
    drain(ctx)?;
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

/// Waits for the first of all requests and the timer that is due first, and calls who waits for it.
fn meet_first(ctx: &Ctx<'_>) -> Result<()> {
    let due = TIMERS.with_borrow(|timers| timers.waiting.keys().next().map(|(due, _)| *due));
    let timer = due.map(|due| waiting::after(due.saturating_sub(clock::now())));
    let first = REQUESTS.with_borrow(|requests| {
        let mut all: Vec<&Waitable> = requests.iter().map(|request| &request.done).collect();
        all.extend(&timer);
        waiting::wait_any(&all) as usize
    });
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
