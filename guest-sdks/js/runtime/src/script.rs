//! Defines the script of this VU: its modules evaluated, its options and functions known, ready to be run.

use std::cell::RefCell;

use rquickjs::{Context, Ctx, Function, Object, Persistent, Result, Runtime, Value, qjs};
use serde_json::json;

use crate::bindings::brunt::execution::execution;
use crate::bindings::brunt::js::modules::{self as host, Kind};
use crate::{events, failure, image, modules, native, rejections, require};

/// Stack of a script, in bytes of QuickJS's own counting. Deeper calls are a `RangeError`.
const STACK: usize = 256 << 10;

/// Bytes that a VU may use before garbage in cycles is collected, and between two collections at the least.
const GARBAGE: usize = 64 << 10;

unsafe extern "C" {
    /// Freezes all that this runtime holds, and collects garbage in cycles not before there are this many bytes of it. It comes
    /// from a patch of QuickJS (`freeze.patch`).
    fn brunt_freeze(runtime: *mut qjs::JSRuntime, garbage: usize);
}

/// Exports that are no functions to run, whatever they are.
const PHASES: [&str; 4] = ["setup", "teardown", "handleSummary", "options"];

type Kept<T> = Persistent<T>;

/// A script that was evaluated.
pub(crate) struct Script {
    context: Context,
    options: String,
    functions: Vec<(String, Kept<Function<'static>>)>,
    setup: Option<Kept<Function<'static>>>,
    teardown: Option<Kept<Function<'static>>>,
    handle_summary: Option<Kept<Function<'static>>>,
    /// What `setup` returned, read anew in each VU; none before it is asked for.
    data: RefCell<Option<Kept<Value<'static>>>>,
}

/// What the script exports, before it is kept.
struct Exports<'js>(Object<'js>);

impl Script {
    /// Evaluates the script in an engine of its own.
    pub(crate) fn load() -> std::result::Result<Self, String> {
        let context = engine().map_err(|error| error.to_string())?;
        let parts = context.with(|ctx| {
            failure::words(&ctx, native::install(&ctx))?;
            image::begin();
            let exports = failure::words(&ctx, evaluate(&ctx))?;
            Parts::of(&ctx, &exports)
        });
        let parts = match parts {
            Ok(parts) => parts,
            Err(why) => {
                // Values of it are still kept in this instance, which ends here; QuickJS would abort for them.
                std::mem::forget(context);
                return Err(why);
            }
        };
        Ok(Self {
            context,
            options: parts.options,
            functions: parts.functions,
            setup: parts.setup,
            teardown: parts.teardown,
            handle_summary: parts.handle_summary,
            data: RefCell::new(None),
        })
    }

    /// Makes all that there is everlasting: nothing of it is counted or collected any more, which would write to what VUs share.
    pub(crate) fn freeze(&self) {
        self.within(|ctx| {
            // Where there is no memory for it, each VU makes its own.
            let _ = native::prepare_environment(&ctx);
            // SAFETY: the runtime is this script's, and is never freed.
            unsafe { brunt_freeze(qjs::JS_GetRuntime(ctx.as_raw().as_ptr()), GARBAGE) };
        })
    }

    /// The test as the engine wants it described.
    pub(crate) fn describe(&self) -> String {
        let names: Vec<&str> = self.functions.iter().map(|(name, _)| &**name).collect();
        let phases = [
            ("setup", &self.setup),
            ("teardown", &self.teardown),
            ("handle-summary", &self.handle_summary),
        ];
        let lifecycle = phases.iter().filter(|(_, call)| call.is_some());
        let lifecycle: Vec<&str> = lifecycle.map(|(name, _)| *name).collect();
        let rest = json!({
            "functions": names,
            "lifecycle": lifecycle,
            "sdk": { "name": "brunt (JavaScript)", "version": env!("CARGO_PKG_VERSION") },
        });
        // As the script wrote them: the engine reads them, and numbers stay what they were.
        let options = &self.options;
        format!("{{\"options\":{options},{}", &rest.to_string()[1..])
    }

    /// Runs the function with this index, with what `setup` returned.
    pub(crate) fn iterate(&self, function: u32) -> std::result::Result<(), String> {
        let Some((_, function)) = self.functions.get(function as usize) else {
            let known = self.functions.len();
            return Err(format!("there is no function {function}, only {known}"));
        };
        self.call(function, |ctx| Ok((self.data(ctx)?,)), |_, _| Ok(()))
    }

    /// Runs `setup`, and gives what it returned as JSON.
    pub(crate) fn setup(&self) -> std::result::Result<Option<Vec<u8>>, String> {
        let Some(setup) = &self.setup else {
            return Ok(None);
        };
        self.call(
            setup,
            |_| Ok(()),
            |ctx, value| {
                let json = ctx.json_stringify(value)?;
                json.map(|json| json.to_string().map(String::into_bytes))
                    .transpose()
            },
        )
    }

    /// Runs `teardown` with what `setup` returned.
    pub(crate) fn teardown(&self) -> std::result::Result<(), String> {
        let Some(teardown) = &self.teardown else {
            return Ok(());
        };
        self.call(teardown, |ctx| Ok((self.data(ctx)?,)), |_, _| Ok(()))
    }

    /// Runs `handleSummary`, and gives its files.
    pub(crate) fn handle_summary(
        &self,
        data: &str,
    ) -> std::result::Result<Vec<(String, Vec<u8>)>, String> {
        let Some(handle) = &self.handle_summary else {
            return Err("the script exports no handleSummary".to_owned());
        };
        let data = |ctx: &Ctx<'_>| {
            let value = ctx.json_parse(data)?;
            Ok((Persistent::save(ctx, value),))
        };
        self.call(handle, data, native::files_of)
    }

    fn call<A, T>(
        &self,
        function: &Kept<Function<'static>>,
        arguments: impl FnOnce(&Ctx<'_>) -> Result<A>,
        read: impl for<'js> FnOnce(&Ctx<'js>, Value<'js>) -> Result<T>,
    ) -> std::result::Result<T, String>
    where
        A: for<'js> rquickjs::function::IntoArgs<'js>,
    {
        self.within(|ctx| {
            let outcome = (|| {
                native::begin_call();
                let function = function.clone().restore(&ctx)?;
                let value = function.call(arguments(&ctx)?)?;
                let value = events::finish(&ctx, value)?;
                read(&ctx, value)
            })();
            let outcome = failure::words(&ctx, outcome);
            if outcome.is_err() {
                events::clear();
                rejections::clear();
            }
            outcome
        })
    }

    /// Runs this in the context, as `Context::with` does but for its lock, which is a page of memory that VUs would share.
    fn within<R>(&self, run: impl FnOnce(Ctx<'_>) -> R) -> R {
        // SAFETY: there is one thread, and no call comes into a script that runs.
        run(unsafe { Ctx::from_raw(self.context.as_raw()) })
    }

    /// What `setup` returned: the same object in all iterations of this VU.
    fn data(&self, ctx: &Ctx<'_>) -> Result<Kept<Value<'static>>> {
        if let Some(data) = &*self.data.borrow() {
            return Ok(data.clone());
        }
        let value = match execution::setup_data() {
            Some(json) => ctx.json_parse(json)?,
            None => Value::new_undefined(ctx.clone()),
        };
        let data = Persistent::save(ctx, value);
        self.data.replace(Some(data.clone()));
        Ok(data)
    }
}

fn engine() -> Result<Context> {
    let runtime = Runtime::new()?;
    runtime.set_max_stack_size(STACK);
    runtime.set_loader(modules::Names, modules::Sources);
    rejections::watch(&runtime);
    Context::full(&runtime)
}

/// Evaluates the script with all that it imports.
fn evaluate<'js>(ctx: &Ctx<'js>) -> Result<Exports<'js>> {
    let name = host::main();
    let source = modules::load(ctx, &name)?;
    if source.kind == Kind::Commonjs {
        let exports = require::evaluate(ctx, &name, &source.text)?;
        return Exports::of_commonjs(ctx, exports);
    }
    let (module, promise) = modules::declare(ctx, &name, source)?.eval()?;
    events::settle::<Value<'js>>(ctx, &promise)?;
    module.namespace().map(Exports)
}

impl<'js> Exports<'js> {
    /// `module.exports = function () { … }` is the default function.
    fn of_commonjs(ctx: &Ctx<'js>, exports: Value<'js>) -> Result<Self> {
        let object = Object::new(ctx.clone())?;
        if exports.is_function() {
            object.set("default", exports)?;
        } else if let Some(exports) = exports.into_object() {
            return Ok(Self(exports));
        }
        Ok(Self(object))
    }

    fn function(&self, name: &str) -> Result<Option<Function<'js>>> {
        let value: Value<'js> = self.0.get(name)?;
        Ok(value.into_function())
    }

    /// What `iterate` can run, the default function first.
    fn functions(&self) -> Result<Vec<(String, Function<'js>)>> {
        let mut functions = Vec::new();
        for name in self.0.keys::<String>() {
            let name = name?;
            let function = match PHASES.contains(&&*name) {
                true => None,
                false => self.function(&name)?,
            };
            functions.extend(function.map(|function| (name, function)));
        }
        functions.sort_by_key(|(name, _)| name != "default");
        Ok(functions)
    }
}

/// What is kept of the exports.
struct Parts {
    options: String,
    functions: Vec<(String, Kept<Function<'static>>)>,
    setup: Option<Kept<Function<'static>>>,
    teardown: Option<Kept<Function<'static>>>,
    handle_summary: Option<Kept<Function<'static>>>,
}

impl Parts {
    fn of<'js>(ctx: &Ctx<'js>, exports: &Exports<'js>) -> std::result::Result<Self, String> {
        let functions = failure::words(ctx, exports.functions())?;
        if functions.is_empty() {
            return Err(format!(
                "{} exports no function to run: write `export default function () {{ … }}`",
                host::main()
            ));
        }
        let keep = |name| {
            let function = failure::words(ctx, exports.function(name))?;
            Ok::<_, String>(function.map(|function| Persistent::save(ctx, function)))
        };
        let functions = functions.into_iter();
        Ok(Self {
            options: options(ctx, exports)?,
            functions: functions
                .map(|(name, function)| (name, Persistent::save(ctx, function)))
                .collect(),
            setup: keep("setup")?,
            teardown: keep("teardown")?,
            handle_summary: keep("handleSummary")?,
        })
    }
}

/// The options as JSON; `{}` where the script exports none.
fn options<'js>(ctx: &Ctx<'js>, exports: &Exports<'js>) -> std::result::Result<String, String> {
    let json = failure::words(ctx, stringified(ctx, exports))?;
    match json {
        None => Ok("{}".to_owned()),
        Some(json) if json.starts_with('{') => Ok(json),
        Some(json) => Err(format!(
            "the script's options must be an object, not {json}"
        )),
    }
}

fn stringified<'js>(ctx: &Ctx<'js>, exports: &Exports<'js>) -> Result<Option<String>> {
    let options: Value<'js> = exports.0.get("options")?;
    if options.is_null() {
        return Ok(None);
    }
    let json = ctx.json_stringify(options)?;
    json.map(|json| json.to_string()).transpose()
}
