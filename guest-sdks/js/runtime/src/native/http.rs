//! Defines requests sent with nothing to say about them, cookie jars, and expected statuses, for the module `k6/http`.

use rquickjs::class::{JsClass, Readable, Trace, Tracer};
use rquickjs::function::{Constructor, Opt};
use rquickjs::{Class, Ctx, Exception, Function, JsLifetime, Object, Result, Value};

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
    native.set("exchange", Function::new(ctx.clone(), exchange)?)?;
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

/// `exchange(method, url, text?, headers?)`: a response of a request with these, and every default beside.
fn exchange<'js>(
    ctx: Ctx<'js>,
    method: rquickjs::String<'js>,
    url: rquickjs::String<'js>,
    text: Option<rquickjs::String<'js>>,
    headers: Option<Object<'js>>,
) -> Result<Value<'js>> {
    phase::refuse_in_init(&ctx, "an HTTP request")?;
    let headers = headers.map_or(Ok(Vec::new()), |given| super::pairs_of(&given))?;
    let (method, url) = (method.to_cstring()?, url.to_cstring()?);
    let text = text.map(rquickjs::String::to_cstring).transpose()?;
    let answer = wit::exchange(
        method.as_str(),
        url.as_str(),
        &super::borrowed(&headers),
        text.as_ref().map(|text| text.as_str().as_bytes()),
    );
    response::made(&ctx, answer)
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
