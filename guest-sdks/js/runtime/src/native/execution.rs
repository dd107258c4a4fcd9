//! Defines who and where this VU is, for `__VU`, `__ITER`, `__ENV` and the module `k6/execution`.

use std::cell::RefCell;

use rquickjs::{Ctx, Exception, Function, Object, Persistent, Result, Value};

use crate::bindings::brunt::execution::execution as wit;
use crate::{image, phase};

/// A number that the engine tells.
type Number = fn() -> u64;

thread_local! {
    /// The environment as the script sees it, and the scenario that it was read in; none before it is asked for.
    static ENVIRONMENT: RefCell<Option<(String, Persistent<Object<'static>>)>> =
        const { RefCell::new(None) };
}

pub(super) fn install<'js>(ctx: &Ctx<'js>, native: &Object<'js>) -> Result<()> {
    native.set("environment", Function::new(ctx.clone(), environment)?)?;
    native.set("inInit", Function::new(ctx.clone(), phase::is_init)?)?;
    native.set(
        "inIteration",
        Function::new(ctx.clone(), phase::is_iteration)?,
    )?;
    native.set("options", Function::new(ctx.clone(), options)?)?;
    native.set(
        "abort",
        Function::new(ctx.clone(), |why: String| wit::abort(&why))?,
    )?;
    native.set(
        "markFailed",
        Function::new(ctx.clone(), |why: String| wit::mark_failed(&why))?,
    )?;
    native.set("scenario", Function::new(ctx.clone(), wit::scenario)?)?;
    native.set("executor", Function::new(ctx.clone(), wit::executor)?)?;
    native.set(
        "progress",
        Function::new(ctx.clone(), wit::scenario_progress)?,
    )?;
    let started = || wit::scenario_start() as f64 / 1e6;
    native.set("scenarioStart", Function::new(ctx.clone(), started)?)?;
    let duration = || {
        image::touch("reads the time");
        wit::test_duration() as f64 / 1e6
    };
    native.set("testDuration", Function::new(ctx.clone(), duration)?)?;
    let numbers: [(&str, Number); 10] = [
        ("vuInTest", wit::vu_in_test),
        ("vuInInstance", wit::vu_in_instance),
        ("vuIteration", wit::vu_iteration),
        ("vuIterationInScenario", wit::vu_iteration_in_scenario),
        ("iterationInTest", wit::iteration_in_test),
        ("iterationInInstance", wit::iteration_in_instance),
        ("iterationsCompleted", wit::iterations_completed),
        ("iterationsInterrupted", wit::iterations_interrupted),
        ("vusActive", wit::vus_active),
        ("vusInitialized", wit::vus_initialized),
    ];
    for (name, number) in numbers {
        let number = move || {
            image::touch("asks who its VU is, or how far the run is");
            number() as f64
        };
        native.set(name, Function::new(ctx.clone(), number)?)?;
    }
    Ok(())
}

/// Before each call: a VU that was moved to another scenario has its environment.
pub(crate) fn begin_call(_: &Ctx<'_>) -> Result<()> {
    ENVIRONMENT.with_borrow_mut(|kept| {
        if kept
            .as_ref()
            .is_some_and(|(scenario, _)| *scenario != wit::scenario())
        {
            *kept = None;
        }
    });
    Ok(())
}

/// `__ENV`: the same object until the VU is moved to another scenario.
fn environment<'js>(ctx: Ctx<'js>) -> Result<Object<'js>> {
    let kept = ENVIRONMENT.with_borrow(|kept| kept.as_ref().map(|(_, object)| object.clone()));
    if let Some(kept) = kept {
        return kept.restore(&ctx);
    }
    let object = Object::new(ctx.clone())?;
    for (name, value) in wit::environment() {
        object.set(name, value)?;
    }
    let kept = (wit::scenario(), Persistent::save(&ctx, object.clone()));
    ENVIRONMENT.set(Some(kept));
    Ok(object)
}

/// The options of the run, all layers merged.
fn options<'js>(ctx: Ctx<'js>) -> Result<Value<'js>> {
    if phase::is_init() {
        let words = "the options of the run are not known while the script is initialised";
        return Err(Exception::throw_message(&ctx, words));
    }
    ctx.json_parse(wit::options())
}
