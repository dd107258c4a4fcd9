//! Defines which of the engine's calls the script is in: some of what it can do depends on it.

use std::cell::Cell;

use rquickjs::{Ctx, Error, Exception, Result};

/// A call of the engine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Phase {
    Init,
    Setup,
    Iteration,
    Teardown,
    Summary,
}

thread_local! {
    static PHASE: Cell<Phase> = const { Cell::new(Phase::Init) };
}

pub(crate) fn enter(phase: Phase) {
    PHASE.set(phase);
}

pub(crate) fn is_init() -> bool {
    PHASE.get() == Phase::Init
}

pub(crate) fn is_iteration() -> bool {
    PHASE.get() == Phase::Iteration
}

/// An exception where the script is still being initialised.
pub(crate) fn refuse_in_init(ctx: &Ctx<'_>, what: &str) -> Result<()> {
    if is_init() {
        return Err(refused(
            ctx,
            &format!(
                "{what} is not possible while the script is initialised: do it in the default function, or in setup"
            ),
        ));
    }
    Ok(())
}

fn refused(ctx: &Ctx<'_>, words: &str) -> Error {
    Exception::throw_message(ctx, words)
}
