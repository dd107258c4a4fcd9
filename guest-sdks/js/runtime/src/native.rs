//! Defines what the modules in `js/` are built on: the contracts, as functions that JavaScript can call.

mod chance;
mod checks;
mod ciphers;
mod crypto;
mod curves;
mod data;
mod encoding;
mod execution;
mod fs;
mod html;
mod http;
pub(crate) mod lazy;
mod metrics;
mod random;
mod raw;
mod request;
pub(crate) mod response;
mod rsa;
mod secrets;
mod text;
mod x509;

use rquickjs::module::{Declarations, Exports, ModuleDef};
use rquickjs::{
    ArrayBuffer, Coerced, Ctx, Exception, FromJs, Function, Module, Object, Result, TypedArray,
    Value,
};

use crate::bindings::brunt::log::log;
use crate::{events, extension, failure, image, origin, phase, require};

pub(crate) use execution::{begin_call, prepare_environment};

/// The module that has all natives in one object, its default export.
pub(crate) struct Natives;

impl ModuleDef for Natives {
    fn declare(declarations: &Declarations<'_>) -> Result<()> {
        declarations.declare("default")?;
        Ok(())
    }

    fn evaluate<'js>(ctx: &Ctx<'js>, exports: &Exports<'js>) -> Result<()> {
        let native = Object::new(ctx.clone())?;
        native.set("log", Function::new(ctx.clone(), write_log)?)?;
        native.set("places", Function::new(ctx.clone(), places)?)?;
        native.set("exportsOf", Function::new(ctx.clone(), exports_of)?)?;
        native.set("foreigner", Function::new(ctx.clone(), origin::foreigner)?)?;
        native.set("require", Function::new(ctx.clone(), require::of)?)?;
        native.set("sleep", Function::new(ctx.clone(), sleep)?)?;
        data::install(ctx, &native)?;
        encoding::install(ctx, &native)?;
        execution::install(ctx, &native)?;
        events::install(ctx, &native)?;
        extension::install(ctx, &native)?;
        http::install(ctx, &native)?;
        lazy::install(ctx, &native)?;
        request::install(ctx, &native)?;
        response::install(ctx, &native)?;
        checks::install(ctx, &native)?;
        metrics::install(ctx, &native)?;
        random::install(ctx, &native)?;
        exports.export("default", native)?;
        Ok(())
    }
}

/// Defines the globals of scripts.
pub(crate) fn install(ctx: &Ctx<'_>) -> Result<()> {
    let promise = Module::import(ctx, "brunt:globals")?;
    events::settle::<Value<'_>>(ctx, &promise)?;
    Ok(())
}

/// The bytes of text, of an `ArrayBuffer`, or of a typed array; none of anything else.
pub(crate) fn bytes_of<'js>(value: &Value<'js>) -> Result<Option<Vec<u8>>> {
    if let Some(text) = value.as_string() {
        return Ok(Some(text.to_string()?.into_bytes()));
    }
    let Some(object) = value.as_object() else {
        return Ok(None);
    };
    if let Some(buffer) = ArrayBuffer::from_object(object.clone()) {
        // SAFETY: they are copied before any script runs that could detach the buffer.
        return Ok(unsafe { buffer.as_bytes() }.map(<[u8]>::to_vec));
    }
    if let Ok(array) = TypedArray::<u8>::from_object(object.clone()) {
        // SAFETY: as above.
        return Ok(unsafe { array.as_bytes() }.map(<[u8]>::to_vec));
    }
    Ok(None)
}

/// The files of a summary: names and their contents.
pub(crate) fn files_of<'js>(ctx: &Ctx<'js>, value: Value<'js>) -> Result<Vec<(String, Vec<u8>)>> {
    let Some(object) = value.as_object() else {
        return Err(Exception::throw_type(
            ctx,
            "handleSummary must return an object of file names and contents",
        ));
    };
    let mut files = Vec::new();
    for pair in object.props::<String, Value<'js>>() {
        let (name, content) = pair?;
        let Some(content) = bytes_of(&content)? else {
            let words = format!(
                "handleSummary: the content of {name:?} is neither text nor an ArrayBuffer"
            );
            return Err(Exception::throw_type(ctx, &words));
        };
        files.push((name, content));
    }
    Ok(files)
}

/// Names and values of an object, as text.
pub(crate) fn pairs_of<'js>(object: &Object<'js>) -> Result<Vec<(String, String)>> {
    let pairs = object.props::<String, Coerced<String>>();
    pairs
        .map(|pair| pair.map(|(name, value)| (name, value.0)))
        .collect()
}

/// Lists of two as pairs.
pub(crate) fn pairs<T>(lists: Vec<Vec<T>>) -> Vec<(T, T)> {
    let pair = |list: Vec<T>| {
        let mut values = list.into_iter();
        Some((values.next()?, values.next()?))
    };
    lists.into_iter().filter_map(pair).collect()
}

/// Pairs as the contracts take them.
pub(crate) fn borrowed(pairs: &[(String, String)]) -> Vec<(&str, &str)> {
    pairs
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .collect()
}

/// Any value as the text that JavaScript makes of it.
pub(crate) fn text_of<'js>(ctx: &Ctx<'js>, value: Value<'js>) -> Result<String> {
    Coerced::<String>::from_js(ctx, value).map(|text| text.0)
}

/// `log(level, text)`: 0 debug, 1 info, 2 warn, 3 error.
fn write_log(level: u8, text: String) {
    let level = match level {
        0 => log::Level::Debug,
        1 => log::Level::Info,
        2 => log::Level::Warn,
        _ => log::Level::Error,
    };
    image::touch("writes to the log");
    log::log(level, &text);
}

/// `exportsOf(name)`: what a CommonJS module exports.
fn exports_of<'js>(ctx: Ctx<'js>, name: String) -> Result<Value<'js>> {
    require::exports_of(&ctx, &name)
}

/// `sleep(seconds)`
fn sleep(ctx: Ctx<'_>, seconds: f64) -> Result<()> {
    phase::refuse_in_init(&ctx, "sleep()")?;
    // Less than nothing, or no number, is no sleep.
    events::sleep(&ctx, (seconds.max(0.0) * 1e9) as u64)
}

/// `places(stack)`: the script's own places in it, a line each.
fn places(stack: String) -> String {
    failure::places(&stack)
        .iter()
        .map(|place| format!("\n    at {place}"))
        .collect()
}
