//! Defines requests sent with nothing to say about them, cookie jars, and expected statuses, for the module `k6/http`.

use std::cell::Cell;

use rquickjs::class::{JsClass, Readable, Trace, Tracer};
use rquickjs::function::{Constructor, Opt};
use rquickjs::{Class, Ctx, Error, Exception, Function, JsLifetime, Object, Result, Value, qjs};

use super::raw::{self, Names, Native, Text};
use super::response;
use crate::bindings::brunt::http::client as wit;
use crate::bindings::brunt::http::cookies;
use crate::{image, phase};

/// A jar of cookies.
pub(crate) struct Jar(pub(super) cookies::CookieJar);

// SAFETY: it holds no values of JavaScript.
unsafe impl JsLifetime<'_> for Jar {
    type Changed<'to> = Jar;
}

impl<'js> Trace<'js> for Jar {
    fn trace<'a>(&self, _: Tracer<'a, 'js>) {}
}

impl<'js> JsClass<'js> for Jar {
    const NAME: &'static str = "NativeCookieJar";
    type Mutable = Readable;

    fn constructor(_: &Ctx<'js>) -> Result<Option<Constructor<'js>>> {
        Ok(None)
    }
}

pub(super) fn install<'js>(ctx: &Ctx<'js>, native: &Object<'js>) -> Result<()> {
    native.set("get", Function::new(ctx.clone(), get)?)?;
    raw::set::<Exchange, 4>(ctx, native, c"exchange")?;
    NAMES.set(NAMED.map(|name| atom(ctx, name)));
    native.set("throws", Function::new(ctx.clone(), wit::throws)?)?;
    native.set("expect", Function::new(ctx.clone(), expect)?)?;
    native.set("jar", Function::new(ctx.clone(), jar)?)?;
    native.set("jarCookies", Function::new(ctx.clone(), jar_cookies)?)?;
    native.set("jarSet", Function::new(ctx.clone(), jar_set)?)?;
    native.set("jarClear", Function::new(ctx.clone(), jar_clear)?)?;
    native.set("jarDelete", Function::new(ctx.clone(), jar_delete)?)
}

/// `get(url)`: a response, with every default.
fn get<'js>(ctx: Ctx<'js>, url: rquickjs::String<'js>) -> Result<Value<'js>> {
    phase::refuse_in_init(&ctx, "an HTTP request")?;
    let url = url.to_cstring()?;
    response::made(&ctx, wit::fetch(url.as_str()))
}

/// What can be said of a request that [`Exchange`] takes, and what can't, in `js/http.js`.
const NAMED: [&str; 10] = [
    "headers",
    "tags",
    "timeout",
    "redirects",
    "auth",
    "compression",
    "responseType",
    "responseCallback",
    "jar",
    "cookies",
];

thread_local! {
    /// [`NAMED`], as QuickJS knows them; they stay alive.
    static NAMES: Cell<[qjs::JSAtom; NAMED.len()]> = const { Cell::new([0; NAMED.len()]) };
}

fn atom(ctx: &Ctx<'_>, name: &str) -> qjs::JSAtom {
    // SAFETY: QuickJS copies the name.
    unsafe { qjs::JS_NewAtomLen(ctx.as_raw().as_ptr(), name.as_ptr().cast(), name.len() as _) }
}

/// `exchange(method, url, text, params)`: a response, where nothing is said of the request but its headers; else nothing.
struct Exchange;

impl Native<4> for Exchange {
    fn call(ctx: &Ctx<'_>, [method, url, text, params]: [qjs::JSValue; 4]) -> Result<qjs::JSValue> {
        let has_text = !is_none(text);
        // SAFETY: only the values themselves are looked at.
        let is_plain = unsafe { qjs::JS_IsString(url) && (!has_text || qjs::JS_IsString(text)) };
        if !is_plain || says_more(ctx, params)? {
            return Ok(qjs::JS_UNDEFINED);
        }
        phase::refuse_in_init(ctx, "an HTTP request")?;
        let headers = headers_of(ctx, params)?;
        let (method, url) = (Text::of_value(ctx, method)?, Text::of_value(ctx, url)?);
        let text = has_text.then(|| Text::of_value(ctx, text)).transpose()?;
        let text = text.as_ref().map(Text::as_str);
        let answer = wit::exchange(
            &method.as_str(),
            &url.as_str(),
            &super::borrowed(&headers),
            text.as_ref().map(|text| text.as_bytes()),
        );
        let response = response::made(ctx, answer)?;
        // SAFETY: it is counted once more, for the caller.
        Ok(unsafe { qjs::JS_DupValue(ctx.as_raw().as_ptr(), response.as_raw()) })
    }
}

fn is_none(value: qjs::JSValue) -> bool {
    // SAFETY: only the value itself is looked at.
    unsafe { qjs::JS_IsUndefined(value) || qjs::JS_IsNull(value) }
}

/// Whether parameters name more than headers.
fn says_more(ctx: &Ctx<'_>, params: qjs::JSValue) -> Result<bool> {
    // SAFETY: only the value itself is looked at.
    if !unsafe { qjs::JS_IsObject(params) } {
        return Ok(false);
    }
    let [_, others @ ..] = NAMES.get();
    let says_more = Names::of(ctx, params)?
        .iter()
        .any(|name| others.contains(&name));
    Ok(says_more)
}

fn headers_of(ctx: &Ctx<'_>, params: qjs::JSValue) -> Result<Vec<(String, String)>> {
    // SAFETY: the name stays alive, and the value is owned.
    let headers = unsafe {
        if !qjs::JS_IsObject(params) {
            return Ok(Vec::new());
        }
        let headers = qjs::JS_GetProperty(ctx.as_raw().as_ptr(), params, NAMES.get()[0]);
        if qjs::JS_IsException(headers) {
            return Err(Error::Exception);
        }
        Value::from_raw(ctx.clone(), headers)
    };
    if headers.is_undefined() || headers.is_null() {
        return Ok(Vec::new());
    }
    match headers.as_object() {
        Some(headers) => super::pairs_of(headers),
        None => Err(Exception::throw_type(
            ctx,
            "headers takes an object of names and values",
        )),
    }
}

/// `expect(ranges)`: what is no failure in all requests that say nothing else; `null` is the default again, no range none.
fn expect(ranges: Option<Vec<Vec<u16>>>) {
    let ranges = ranges.map(super::pairs);
    image::wish(move || wit::set_default_expected_statuses(ranges.as_deref()));
}

/// `jar(own)`: the VU's jar, or a new one.
fn jar<'js>(ctx: Ctx<'js>, new: bool) -> Result<Class<'js, Jar>> {
    image::touch("has a jar of cookies");
    let jar = match new {
        true => cookies::CookieJar::new(),
        false => cookies::CookieJar::vu_jar(),
    };
    Class::instance(ctx, Jar(jar))
}

/// `jarCookies(jar, url)`: names and the values of each.
fn jar_cookies<'js>(ctx: Ctx<'js>, jar: Class<'js, Jar>, url: String) -> Result<Object<'js>> {
    let found = jar.borrow().0.cookies_for(&url);
    let object = Object::new(ctx.clone())?;
    for (name, value) in told(&ctx, found)? {
        let values: Option<Vec<String>> = object.get(name.as_str())?;
        let mut values = values.unwrap_or_default();
        values.push(value);
        object.set(name, values)?;
    }
    Ok(object)
}

/// `jarSet(jar, url, name, value, attributes)`
fn jar_set<'js>(
    ctx: Ctx<'js>,
    jar: Class<'js, Jar>,
    url: String,
    name: String,
    value: String,
    attributes: Opt<Option<Object<'js>>>,
) -> Result<()> {
    let attributes = attributes.0.flatten();
    let attributes = attributes.map_or(Ok(Vec::new()), |given| super::pairs_of(&given))?;
    let set = jar
        .borrow()
        .0
        .set(&url, &name, &value, &super::borrowed(&attributes));
    told(&ctx, set)
}

/// `jarClear(jar, url)`
fn jar_clear<'js>(ctx: Ctx<'js>, jar: Class<'js, Jar>, url: String) -> Result<()> {
    told(&ctx, jar.borrow().0.clear(&url))
}

/// `jarDelete(jar, url, name)`
fn jar_delete<'js>(ctx: Ctx<'js>, jar: Class<'js, Jar>, url: String, name: String) -> Result<()> {
    told(&ctx, jar.borrow().0.delete(&url, &name))
}

fn told<T>(ctx: &Ctx<'_>, result: std::result::Result<T, String>) -> Result<T> {
    result.map_err(|why| Exception::throw_message(ctx, &why))
}
