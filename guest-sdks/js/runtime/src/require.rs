//! Defines CommonJS: `require`, and modules that are a function's body.

use std::cell::RefCell;
use std::collections::HashMap;

use rquickjs::context::EvalOptions;
use rquickjs::function::{Opt, This};
use rquickjs::{Ctx, Function, Module, Object, Persistent, Result, Value};

use crate::bindings::brunt::js::modules::{self as host, Kind};
use crate::{events, extension, modules, phase};

thread_local! {
    /// `module` of every CommonJS module that was evaluated, or is being evaluated.
    static LOADED: RefCell<HashMap<String, Persistent<Object<'static>>>> = RefCell::default();
}

/// A `require` that sees what this module sees; without one, what the script itself sees.
pub(crate) fn of<'js>(ctx: Ctx<'js>, referrer: Opt<String>) -> Result<Function<'js>> {
    requirer(&ctx, referrer.0)
}

/// What `exports` of a CommonJS module came to.
pub(crate) fn exports_of<'js>(ctx: &Ctx<'js>, name: &str) -> Result<Value<'js>> {
    let loaded = LOADED.with_borrow(|loaded| loaded.get(name).cloned());
    match loaded {
        Some(module) => module.restore(ctx)?.get("exports"),
        None => Ok(Value::new_undefined(ctx.clone())),
    }
}

/// Evaluates a CommonJS module, and gives the text of an ECMAScript module with the same exports.
pub(crate) fn as_module(ctx: &Ctx<'_>, name: &str, text: &str) -> Result<String> {
    let exports = evaluate(ctx, name, text)?;
    let quoted = serde_json::Value::from(name).to_string();
    let mut module =
        format!("const exports = globalThis[Symbol.for('brunt.exports')]({quoted});\n");
    module.push_str("export default exports;\n");
    let Some(object) = exports.as_object() else {
        return Ok(module);
    };
    for key in object.keys::<String>() {
        let key = key?;
        if is_name(&key) {
            // Renamed, as an export may be called what no variable can be called.
            module.push_str(&format!(
                "const _{key} = exports.{key}; export {{ _{key} as {key} }};\n"
            ));
        }
    }
    Ok(module)
}

/// Evaluates a CommonJS module that was not evaluated before, and gives its exports.
pub(crate) fn evaluate<'js>(ctx: &Ctx<'js>, name: &str, text: &str) -> Result<Value<'js>> {
    if LOADED.with_borrow(|loaded| loaded.contains_key(name)) {
        return exports_of(ctx, name);
    }
    let module = Object::new(ctx.clone())?;
    let exports = Object::new(ctx.clone())?;
    module.set("id", name)?;
    module.set("exports", exports.clone())?;
    let kept = Persistent::save(ctx, module.clone());
    LOADED.with_borrow_mut(|loaded| loaded.insert(name.to_owned(), kept));
    let outcome = run(ctx, name, text, &module, exports);
    if outcome.is_err() {
        LOADED.with_borrow_mut(|loaded| loaded.remove(name));
    }
    outcome?;
    module.get("exports")
}

fn run<'js>(
    ctx: &Ctx<'js>,
    name: &str,
    text: &str,
    module: &Object<'js>,
    exports: Object<'js>,
) -> Result<()> {
    let mut options = EvalOptions::default();
    options.strict = false;
    options.filename = Some(name.to_owned());
    // On the first line of the text, so that no line of it is counted wrong.
    let wrapped =
        format!("(function (exports, require, module, __filename, __dirname) {{{text}\n}})");
    let body: Function<'js> = ctx.eval_with_options(wrapped, options)?;
    let require = requirer(ctx, Some(name.to_owned()))?;
    let path = name.strip_prefix("file://").unwrap_or(name);
    let folder = path.rsplit_once('/').map_or("/", |(folder, _)| folder);
    let this = This(exports.clone());
    body.call::<_, ()>((this, exports, require, module.clone(), path, folder))
}

/// A `require` for the module of this name; the global one asks for the script's name when it is called.
fn requirer<'js>(ctx: &Ctx<'js>, referrer: Option<String>) -> Result<Function<'js>> {
    let require = move |ctx: Ctx<'js>, specifier: String| {
        let referrer = referrer.clone().unwrap_or_else(host::main);
        required(&ctx, &referrer, &specifier)
    };
    Function::new(ctx.clone(), require)
}

fn required<'js>(ctx: &Ctx<'js>, referrer: &str, specifier: &str) -> Result<Value<'js>> {
    let name = modules::resolve(ctx, referrer, specifier)?;
    if modules::is_own(&name) {
        let namespace = import(ctx, &name)?;
        let default: Value<'js> = namespace.get("default")?;
        return Ok(match default.is_undefined() {
            true => namespace.into_value(),
            false => default,
        });
    }
    if extension::is_module(&name) {
        return import(ctx, &name).map(Object::into_value);
    }
    if LOADED.with_borrow(|loaded| loaded.contains_key(&name)) {
        return exports_of(ctx, &name);
    }
    if !phase::is_init() {
        return import(ctx, &name).map(Object::into_value);
    }
    let source = modules::load(ctx, &name)?;
    match source.kind {
        Kind::Commonjs => evaluate(ctx, &name, &source.text),
        Kind::Json => ctx.json_parse(source.text),
        Kind::Module => import(ctx, &name).map(Object::into_value),
    }
}

/// The namespace of an ECMAScript module, evaluated now.
fn import<'js>(ctx: &Ctx<'js>, name: &str) -> Result<Object<'js>> {
    let promise = Module::import(ctx, name)?;
    events::settle(ctx, &promise)
}

/// Whether this can stand after a dot.
fn is_name(key: &str) -> bool {
    let letter = |c: char| c.is_ascii_alphabetic() || c == '_' || c == '$';
    key != "default"
        && key.starts_with(letter)
        && key.chars().all(|c| letter(c) || c.is_ascii_digit())
}
