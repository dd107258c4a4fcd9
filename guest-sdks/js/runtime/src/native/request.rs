//! Defines requests with something to say about them, for the module `k6/http`.

use rquickjs::class::{JsClass, Readable, Trace, Tracer};
use rquickjs::function::{Constructor, Opt};
use rquickjs::{Class, Ctx, Exception, Function, JsLifetime, Object, Result, Value};

use super::http::Jar;
use super::response;
use crate::bindings::brunt::http::client as wit;
use crate::{events, phase};

/// A request.
pub(crate) struct Request(wit::Request);

// SAFETY: it holds no values of JavaScript.
unsafe impl JsLifetime<'_> for Request {
    type Changed<'to> = Request;
}

impl<'js> Trace<'js> for Request {
    fn trace<'a>(&self, _: Tracer<'a, 'js>) {}
}

impl<'js> JsClass<'js> for Request {
    const NAME: &'static str = "NativeRequest";
    type Mutable = Readable;

    fn constructor(_: &Ctx<'js>) -> Result<Option<Constructor<'js>>> {
        Ok(None)
    }
}

type This<'js> = Class<'js, Request>;

pub(super) fn install<'js>(ctx: &Ctx<'js>, native: &Object<'js>) -> Result<()> {
    native.set("request", Function::new(ctx.clone(), request)?)?;
    native.set("send", Function::new(ctx.clone(), send)?)?;
    native.set("batch", Function::new(ctx.clone(), batch)?)?;
    native.set("start", Function::new(ctx.clone(), start)?)?;
    native.set("setHeaders", Function::new(ctx.clone(), set_headers)?)?;
    native.set("setBody", Function::new(ctx.clone(), set_body)?)?;
    native.set("setForm", Function::new(ctx.clone(), set_form)?)?;
    native.set("addPart", Function::new(ctx.clone(), add_part)?)?;
    native.set("setTags", Function::new(ctx.clone(), set_tags)?)?;
    native.set("setCookie", Function::new(ctx.clone(), set_cookie)?)?;
    native.set("setJar", Function::new(ctx.clone(), set_jar)?)?;
    native.set("setExpected", Function::new(ctx.clone(), set_expected)?)?;
    native.set(
        "setCompression",
        Function::new(ctx.clone(), set_compression)?,
    )?;
    let timeout = |this: This<'_>, millis: f64| {
        this.borrow().0.set_timeout((millis.max(0.0) * 1e6) as u64);
    };
    native.set("setTimeout", Function::new(ctx.clone(), timeout)?)?;
    let redirects = |this: This<'_>, most: f64| this.borrow().0.set_redirects(most as u32);
    native.set("setRedirects", Function::new(ctx.clone(), redirects)?)?;
    let discard = |this: This<'_>, discard: bool| this.borrow().0.set_discard_body(discard);
    native.set("setDiscard", Function::new(ctx.clone(), discard)?)?;
    let auth = |this: This<'_>, scheme: String| this.borrow().0.set_auth_scheme(&scheme);
    native.set("setAuth", Function::new(ctx.clone(), auth)?)
}

/// `request(method, url)`
fn request<'js>(ctx: Ctx<'js>, method: String, url: String) -> Result<This<'js>> {
    phase::refuse_in_init(&ctx, "an HTTP request")?;
    Class::instance(ctx, Request(wit::Request::new(&method, &url)))
}

/// `send(request)`: a response.
fn send<'js>(ctx: Ctx<'js>, this: This<'js>) -> Result<Value<'js>> {
    let result = this.borrow().0.fetch();
    response::made(&ctx, result)
}

/// `batch(requests)`: their responses, in their order, when all are there.
fn batch<'js>(ctx: Ctx<'js>, requests: Vec<This<'js>>) -> Result<Vec<Value<'js>>> {
    let borrowed: Vec<_> = requests.iter().map(Class::borrow).collect();
    let requests: Vec<&wit::Request> = borrowed.iter().map(|request| &request.0).collect();
    let pending = wit::batch(&requests).into_iter();
    pending
        .map(|pending| response::taken(&ctx, pending.take()))
        .collect()
}

/// `start(request, callback)`: the callback gets the response.
fn start<'js>(ctx: Ctx<'js>, this: This<'js>, call: Function<'js>) {
    let pending = this.borrow().0.start();
    events::expect(&ctx, pending, call);
}

/// `setHeaders(request, {name: value})`
fn set_headers<'js>(this: This<'js>, headers: Object<'js>) -> Result<()> {
    for (name, value) in super::pairs_of(&headers)? {
        this.borrow().0.set_header(&name, &value);
    }
    Ok(())
}

/// `setBody(request, body)`: whether it was text, an `ArrayBuffer` or a typed array.
fn set_body<'js>(this: This<'js>, body: Value<'js>) -> Result<bool> {
    if let Some(text) = body.as_string() {
        let text = text.clone().to_cstring()?;
        this.borrow().0.set_body(text.as_str().as_bytes());
        return Ok(true);
    }
    match super::bytes_of(&body)? {
        Some(bytes) => {
            this.borrow().0.set_body(&bytes);
            Ok(true)
        }
        None => Ok(false),
    }
}

/// `setForm(request, [[name, value]])`
fn set_form(this: This<'_>, fields: Vec<Vec<String>>) {
    let fields = super::pairs(fields);
    this.borrow().0.set_form(&super::borrowed(&fields));
}

/// `addPart(request, name, content, filename?, type?)`
fn add_part<'js>(
    ctx: Ctx<'js>,
    this: This<'js>,
    name: String,
    content: Value<'js>,
    filename: Option<String>,
    content_type: Opt<Option<String>>,
) -> Result<()> {
    let content = match super::bytes_of(&content)? {
        Some(content) => content,
        None => super::text_of(&ctx, content)?.into_bytes(),
    };
    let content_type = content_type.0.flatten();
    this.borrow().0.add_part(
        &name,
        filename.as_deref(),
        content_type.as_deref(),
        &content,
    );
    Ok(())
}

/// `setTags(request, {name: value})`
fn set_tags<'js>(this: This<'js>, tags: Object<'js>) -> Result<()> {
    for (name, value) in super::pairs_of(&tags)? {
        this.borrow().0.set_tag(&name, &value);
    }
    Ok(())
}

/// `setCookie(request, name, value, replace)`
fn set_cookie(this: This<'_>, name: String, value: String, replace: bool) {
    this.borrow().0.set_cookie(&name, &value, replace);
}

/// `setJar(request, jar)`
fn set_jar<'js>(this: This<'js>, jar: Class<'js, Jar>) {
    this.borrow().0.set_jar(&jar.borrow().0);
}

/// `setExpected(request, [[from, to]])`
fn set_expected(this: This<'_>, ranges: Vec<Vec<u16>>) {
    this.borrow().0.set_expected_statuses(&super::pairs(ranges));
}

/// `setCompression(request, "gzip, br")`
fn set_compression(ctx: Ctx<'_>, this: This<'_>, encodings: String) -> Result<()> {
    let names: Vec<&str> = encodings.split(',').map(str::trim).collect();
    let known = ["gzip", "deflate", "br", "zstd"];
    if let Some(name) = names.iter().find(|name| !known.contains(name)) {
        let words = format!("there is no compression {name:?}: it is gzip, deflate, br or zstd");
        return Err(Exception::throw_message(&ctx, &words));
    }
    this.borrow().0.set_compression(&names);
    Ok(())
}
