//! Defines who and where this VU is, for `__VU`, `__ITER`, `__ENV` and the module `k6/execution`.

use std::cell::{Cell, RefCell};

use rquickjs::{Ctx, Exception, Function, Object, Persistent, Result, Value};

use crate::bindings::brunt::execution::execution as wit;
use crate::{image, phase};

/// A number that the engine tells.
type Number = fn() -> u64;

/// The environment as a script sees it.
struct Environment {
    /// Its variables, by name and value, as the engine gave them.
    variables: Vec<(String, String)>,
    object: Persistent<Object<'static>>,
}

impl Environment {
    fn read(ctx: &Ctx<'_>) -> Result<Self> {
        let variables = wit::environment();
        let object = Object::new(ctx.clone())?;
        for (name, value) in &variables {
            object.set(name.as_str(), value.as_str())?;
        }
        Ok(Self {
            variables,
            object: Persistent::save(ctx, object),
        })
    }
}

thread_local! {
    /// The environment, and the scenario that it was read in; none before it is asked for.
    static ENVIRONMENT: RefCell<Option<(String, Environment)>> = const { RefCell::new(None) };
    /// One that no script has seen yet, which all VUs have in their image.
    static PREPARED: RefCell<Option<Environment>> = const { RefCell::new(None) };
    static DISCARDS: Cell<Option<bool>> = const { Cell::new(None) };
}

pub(super) fn install<'js>(ctx: &Ctx<'js>, native: &Object<'js>) -> Result<()> {
    native.set("environment", Function::new(ctx.clone(), environment)?)?;
    native.set("inInit", Function::new(ctx.clone(), phase::is_init)?)?;
    native.set(
        "inIteration",
        Function::new(ctx.clone(), phase::is_iteration)?,
    )?;
    native.set("options", Function::new(ctx.clone(), options)?)?;
    native.set("discardsBodies", Function::new(ctx.clone(), discards)?)?;
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
pub(crate) fn begin_call() {
    ENVIRONMENT.with_borrow_mut(|kept| {
        if kept
            .as_ref()
            .is_some_and(|(scenario, _)| *scenario != wit::scenario())
        {
            *kept = None;
        }
    });
}

/// Makes the environment that VUs will have in their first scenario, if it is the same for all.
pub(crate) fn prepare_environment(ctx: &Ctx<'_>) -> Result<()> {
    PREPARED.set(Some(Environment::read(ctx)?));
    Ok(())
}

/// `__ENV`: the same object until the VU is moved to another scenario.
fn environment<'js>(ctx: Ctx<'js>) -> Result<Object<'js>> {
    let kept = ENVIRONMENT.with_borrow(|kept| kept.as_ref().map(|(_, kept)| kept.object.clone()));
    if let Some(kept) = kept {
        return kept.restore(&ctx);
    }
    let prepared = PREPARED.take();
    let environment = match prepared.filter(|it| it.variables == wit::environment()) {
        Some(prepared) => prepared,
        None => Environment::read(&ctx)?,
    };
    let object = environment.object.clone();
    ENVIRONMENT.set(Some((wit::scenario(), environment)));
    object.restore(&ctx)
}

/// Whether requests throw bodies away that say nothing about it: the same in all of the run.
fn discards() -> bool {
    DISCARDS.get().unwrap_or_else(|| {
        let discards = gjson::get(&wit::options(), "discardResponseBodies").bool();
        DISCARDS.set(Some(discards));
        discards
    })
}

/// The options of the run, all layers merged.
fn options<'js>(ctx: Ctx<'js>) -> Result<Value<'js>> {
    if phase::is_init() {
        let words = "the options of the run are not known while the script is initialised";
        return Err(Exception::throw_message(&ctx, words));
    }
    ctx.json_parse(wit::options())
}
