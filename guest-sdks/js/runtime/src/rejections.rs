//! Defines promises that were rejected while nobody waited for them: an iteration must not pass over them in silence.

use std::cell::RefCell;

use rquickjs::{Ctx, Persistent, Result, Runtime, Value};

/// A promise, and why it was rejected.
type Rejected = (Persistent<Value<'static>>, Persistent<Value<'static>>);

thread_local! {
    static REJECTED: RefCell<Vec<Rejected>> = const { RefCell::new(Vec::new()) };
}

/// Lets the engine of JavaScript say when a promise is rejected, and when somebody comes to wait for it after all.
pub(crate) fn watch(runtime: &Runtime) {
    runtime.set_host_promise_rejection_tracker(Some(Box::new(
        |ctx, promise, reason, is_handled| {
            let is_other = |(kept, _): &Rejected| {
                let kept = kept.clone().restore(&ctx);
                kept.is_ok_and(|kept| kept != promise)
            };
            REJECTED.with_borrow_mut(|rejected| match is_handled {
                true => rejected.retain(is_other),
                false => rejected.push((
                    Persistent::save(&ctx, promise.clone()),
                    Persistent::save(&ctx, reason),
                )),
            });
        },
    )));
}

/// Forgets those before.
pub(crate) fn clear() {
    REJECTED.with_borrow_mut(Vec::clear);
}

/// Throws why the first of them was rejected.
pub(crate) fn raise(ctx: &Ctx<'_>) -> Result<()> {
    let first = REJECTED.with_borrow_mut(|rejected| match rejected.is_empty() {
        true => None,
        false => Some(rejected.swap_remove(0)),
    });
    let Some((_, reason)) = first else {
        return Ok(());
    };
    let reason = reason.restore(ctx)?;
    Err(ctx.throw(reason))
}
