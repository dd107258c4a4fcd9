//! Defines what is said of an exception: its words, and the script's own places that led to it.

use rquickjs::{CatchResultExt, CaughtError, Coerced, Ctx, Exception, FromJs, Result, Value};

use crate::bindings::brunt::js::modules;

/// The words of an exception with its stack, for the engine to tell.
pub(crate) fn words<T>(ctx: &Ctx<'_>, result: Result<T>) -> std::result::Result<T, String> {
    result.catch(ctx).map_err(|caught| match caught {
        CaughtError::Exception(exception) => of_error(&exception),
        CaughtError::Value(value) => of_value(ctx, value),
        CaughtError::Error(error) => error.to_string(),
    })
}

/// An error's name, message and stack.
fn of_error(error: &Exception<'_>) -> String {
    let name: Option<Coerced<String>> = error.as_object().get("name").ok();
    let name = name.map_or_else(|| "Error".to_owned(), |name| name.0);
    let mut text = match error.message() {
        Some(message) if !message.is_empty() => format!("{name}: {message}"),
        _ => name,
    };
    for frame in places(&error.stack().unwrap_or_default()) {
        text.push_str("\n    at ");
        text.push_str(&frame);
    }
    text
}

/// Something thrown that is no error.
fn of_value<'js>(ctx: &Ctx<'js>, value: Value<'js>) -> String {
    if value.is_object()
        && let Ok(Some(json)) = ctx.json_stringify(value.clone())
        && let Ok(json) = json.to_string()
    {
        return format!("uncaught {json}");
    }
    let text = Coerced::<String>::from_js(ctx, value);
    format!(
        "uncaught {}",
        text.map_or_else(|_| "value".to_owned(), |text| text.0)
    )
}

/// The places of a stack that lie in the script's own files, as they were written.
pub(crate) fn places(stack: &str) -> Vec<String> {
    let frames = stack
        .lines()
        .filter_map(|line| line.trim().strip_prefix("at "));
    frames
        .filter(|frame| frame.contains("file://") || frame.contains("https://"))
        .map(as_written)
        .collect()
}

/// `name (file:line:column)`, where types may have been stripped from the file.
fn as_written(frame: &str) -> String {
    let (name, place) = match frame.strip_suffix(')').and_then(|f| f.rsplit_once(" (")) {
        Some((name, place)) => (Some(name), place),
        None => (None, frame),
    };
    let Some((file, line, column)) = parts(place) else {
        return frame.to_owned();
    };
    let (line, column) = modules::original(file, line, column);
    match name {
        Some(name) => format!("{name} ({file}:{line}:{column})"),
        None => format!("{file}:{line}:{column}"),
    }
}

fn parts(place: &str) -> Option<(&str, u32, u32)> {
    let (rest, column) = place.rsplit_once(':')?;
    let (file, line) = rest.rsplit_once(':')?;
    Some((file, line.parse().ok()?, column.parse().ok()?))
}
