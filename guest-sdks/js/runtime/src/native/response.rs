//! Defines responses: an object of class `Response` in `js/http.js`, of which nothing is copied but what is asked for.

use std::cell::RefCell;
use std::ffi::c_int;

use rquickjs::class::{JsClass, Readable, Trace, Tracer};
use rquickjs::function::{Constructor, Opt};
use rquickjs::{
    ArrayBuffer, Class, Ctx, Error, Exception, Function, IntoJs, JsLifetime, Object, Persistent,
    Result, Value, qjs,
};

use super::raw::{self, Native};
use crate::bindings::brunt::http::client as wit;

/// A response.
pub(crate) struct Response(wit::Response);

// SAFETY: it holds no values of JavaScript.
unsafe impl JsLifetime<'_> for Response {
    type Changed<'to> = Response;
}

impl<'js> Trace<'js> for Response {
    fn trace<'a>(&self, _: Tracer<'a, 'js>) {}
}

impl<'js> JsClass<'js> for Response {
    const NAME: &'static str = "NativeResponse";
    type Mutable = Readable;

    fn constructor(_: &Ctx<'js>) -> Result<Option<Constructor<'js>>> {
        Ok(None)
    }
}

type This<'js> = Class<'js, Response>;

thread_local! {
    /// What responses inherit from.
    static PROTOTYPE: RefCell<Option<Persistent<Object<'static>>>> = const { RefCell::new(None) };
    /// Objects with the properties of responses, never looked at.
    static SHAPES: RefCell<Option<Persistent<Object<'static>>>> = const { RefCell::new(None) };
}

pub(super) fn install<'js>(ctx: &Ctx<'js>, native: &Object<'js>) -> Result<()> {
    native.set("responsesInherit", Function::new(ctx.clone(), inherit)?)?;
    native.set("keepShapes", Function::new(ctx.clone(), keep_shapes)?)?;
    raw::set::<Keep, 3>(ctx, native, c"keep")?;
    native.set("text", Function::new(ctx.clone(), text)?)?;
    native.set("bytes", Function::new(ctx.clone(), bytes)?)?;
    native.set("json", Function::new(ctx.clone(), json)?)?;
    native.set("headers", Function::new(ctx.clone(), headers)?)?;
    native.set("cookies", Function::new(ctx.clone(), cookies)?)?;
    native.set("timings", Function::new(ctx.clone(), timings)?)?;
    native.set("sent", Function::new(ctx.clone(), sent)?)?;
    native.set("ocsp", Function::new(ctx.clone(), ocsp)?)?;
    let url = |this: This<'_>| this.borrow().0.url();
    native.set("url", Function::new(ctx.clone(), url)?)?;
    let protocol = |this: This<'_>| this.borrow().0.protocol();
    native.set("protocol", Function::new(ctx.clone(), protocol)?)?;
    let remote = |this: This<'_>| this.borrow().0.remote().0;
    native.set("remoteIp", Function::new(ctx.clone(), remote)?)?;
    let port = |this: This<'_>| this.borrow().0.remote().1;
    native.set("remotePort", Function::new(ctx.clone(), port)?)?;
    let version = |this: This<'_>| this.borrow().0.tls_version().unwrap_or_default();
    native.set("tlsVersion", Function::new(ctx.clone(), version)?)?;
    let suite = |this: This<'_>| this.borrow().0.tls_cipher_suite().unwrap_or_default();
    native.set("tlsCipherSuite", Function::new(ctx.clone(), suite)?)
}

/// What a request brought: a response with its status, or an object with status 0 and why.
pub(crate) fn made<'js>(
    ctx: &Ctx<'js>,
    result: std::result::Result<wit::Answer, wit::RequestError>,
) -> Result<Value<'js>> {
    let prototype = PROTOTYPE.with_borrow(Clone::clone);
    let Some(prototype) = prototype else {
        return Err(Exception::throw_internal(ctx, "k6/http is not there yet"));
    };
    let prototype = prototype.restore(ctx)?;
    match result {
        Ok(answer) => {
            let response = Class::instance_proto(Response(answer.response), prototype)?;
            response.set("status", answer.status)?;
            response.into_js(ctx)
        }
        Err(error) => {
            let failed = Object::new(ctx.clone())?;
            failed.set_prototype(Some(&prototype))?;
            failed.set("status", 0)?;
            failed.set("error", error.message)?;
            failed.set("error_code", error.code)?;
            failed.into_js(ctx)
        }
    }
}

/// The same for a request that was under way.
pub(crate) fn taken<'js>(
    ctx: &Ctx<'js>,
    result: std::result::Result<wit::Response, wit::RequestError>,
) -> Result<Value<'js>> {
    let answer = result.map(|response| wit::Answer {
        status: response.status(),
        body_size: response.body_size(),
        response,
    });
    made(ctx, answer)
}

/// `responsesInherit(prototype)`
fn inherit<'js>(ctx: Ctx<'js>, prototype: Object<'js>) {
    PROTOTYPE.set(Some(Persistent::save(&ctx, prototype)));
}

/// `keepShapes(objects)`
fn keep_shapes<'js>(ctx: Ctx<'js>, objects: Object<'js>) {
    SHAPES.set(Some(Persistent::save(&ctx, objects)));
}

/// `keep(object, name, value)`: sets a property of the object itself, whatever it inherits, and gives its value.
struct Keep;

impl Native<3> for Keep {
    fn call(ctx: &Ctx<'_>, [object, name, value]: [qjs::JSValue; 3]) -> Result<qjs::JSValue> {
        let context = ctx.as_raw().as_ptr();
        // SAFETY: they are values of this context; the property has a count of its own, as has what is given back.
        unsafe {
            let name = qjs::JS_ValueToAtom(context, name);
            if name == NO_NAME {
                return Err(Error::Exception);
            }
            let own = qjs::JS_DupValue(context, value);
            let flags = (qjs::JS_PROP_C_W_E | qjs::JS_PROP_THROW) as c_int;
            let kept = qjs::JS_DefinePropertyValue(context, object, name, own, flags);
            qjs::JS_FreeAtom(context, name);
            match kept {
                0.. => Ok(qjs::JS_DupValue(context, value)),
                _ => Err(Error::Exception),
            }
        }
    }
}

/// What QuickJS gives where a value can't be a name.
const NO_NAME: qjs::JSAtom = 0;

/// `text(response)`
fn text(this: This<'_>) -> String {
    this.borrow().0.text()
}

/// `bytes(response)`: an `ArrayBuffer`.
fn bytes<'js>(ctx: Ctx<'js>, this: This<'js>) -> Result<ArrayBuffer<'js>> {
    ArrayBuffer::new(ctx, this.borrow().0.body())
}

/// `json(response, selector?)`: the body read as JSON, or what a selector of gjson finds in it, which is nothing in a body that is no
/// JSON.
fn json<'js>(ctx: Ctx<'js>, this: This<'js>, selector: Opt<Option<String>>) -> Result<Value<'js>> {
    let text = this.borrow().0.text();
    let Some(selector) = selector.0.flatten() else {
        return ctx.json_parse(text);
    };
    if !gjson::valid(&text) {
        return Ok(Value::new_undefined(ctx));
    }
    let found = gjson::get(&text, &selector);
    match found.kind() {
        _ if !found.exists() => Ok(Value::new_undefined(ctx)),
        gjson::Kind::String => found.str().into_js(&ctx),
        _ => ctx.json_parse(found.json()),
    }
}

/// `headers(response)`: names as Go writes them; several values are joined.
fn headers<'js>(ctx: Ctx<'js>, this: This<'js>) -> Result<Object<'js>> {
    let mut headers = this.borrow().0.headers();
    let object = Object::new(ctx)?;
    for at in 0..headers.len() {
        let (before, rest) = headers.split_at_mut(at);
        let Some(((name, value), others)) = rest.split_first_mut() else {
            break;
        };
        if before.iter().any(|(known, _)| known == name) {
            continue;
        }
        for (_, other) in others.iter().filter(|(other, _)| other == name) {
            value.push_str(", ");
            value.push_str(other);
        }
        // Those before are compared as they came.
        object.set(canonical(name), value.as_str())?;
    }
    Ok(object)
}

/// `content-type` as `Content-Type`.
fn canonical(name: &str) -> String {
    let mut letters = name.as_bytes().to_vec();
    let mut starts = true;
    for letter in &mut letters {
        if starts {
            letter.make_ascii_uppercase();
        }
        starts = *letter == b'-';
    }
    String::from_utf8(letters).expect("text is text in other letters of ASCII, too")
}

/// `cookies(response)`: names, and for each all that were set, as k6 shows them.
fn cookies<'js>(ctx: Ctx<'js>, this: This<'js>) -> Result<Object<'js>> {
    let object = Object::new(ctx.clone())?;
    for cookie in this.borrow().0.cookies() {
        let shown = Object::new(ctx.clone())?;
        shown.set("name", cookie.name.as_str())?;
        shown.set("value", cookie.value)?;
        shown.set("domain", cookie.domain)?;
        shown.set("path", cookie.path)?;
        shown.set("http_only", cookie.http_only)?;
        shown.set("secure", cookie.secure)?;
        shown.set("max_age", cookie.max_age.unwrap_or(0) as f64)?;
        shown.set("expires", cookie.expires.unwrap_or(0) as f64 * 1000.0)?;
        let values: Option<Vec<Object<'js>>> = object.get(cookie.name.as_str())?;
        let mut values = values.unwrap_or_default();
        values.push(shown);
        object.set(cookie.name, values)?;
    }
    Ok(object)
}

/// `timings(response)`, in milliseconds.
fn timings<'js>(ctx: Ctx<'js>, this: This<'js>) -> Result<Object<'js>> {
    let timings = this.borrow().0.timings();
    let millis = |nanos: u64| nanos as f64 / 1e6;
    let object = Object::new(ctx)?;
    let total = timings.sending + timings.waiting + timings.receiving;
    object.set("duration", millis(total))?;
    object.set("blocked", millis(timings.blocked))?;
    object.set("looking_up", millis(timings.looking_up))?;
    object.set("connecting", millis(timings.connecting))?;
    object.set("tls_handshaking", millis(timings.tls_handshaking))?;
    object.set("sending", millis(timings.sending))?;
    object.set("waiting", millis(timings.waiting))?;
    object.set("receiving", millis(timings.receiving))?;
    Ok(object)
}

/// `sent(response)`: the request as it was sent.
fn sent<'js>(ctx: Ctx<'js>, this: This<'js>) -> Result<Object<'js>> {
    let response = &this.borrow().0;
    let (headers, cookies) = (Object::new(ctx.clone())?, Object::new(ctx.clone())?);
    // Where a request goes is no header to k6.
    let sent = response.sent_headers().into_iter();
    for (name, value) in sent.filter(|(name, _)| name != "host") {
        push(&headers, &canonical(&name), value)?;
    }
    for (name, value) in response.sent_cookies() {
        let shown = Object::new(ctx.clone())?;
        shown.set("name", name.as_str())?;
        shown.set("value", value)?;
        shown.set("replace", false)?;
        push(&cookies, &name, shown)?;
    }
    let object = Object::new(ctx)?;
    object.set("method", response.sent_method())?;
    object.set("url", response.sent_url())?;
    object.set("headers", headers)?;
    let body = response.sent_body();
    object.set("body", String::from_utf8_lossy(&body).into_owned())?;
    object.set("cookies", cookies)?;
    Ok(object)
}

/// Adds a value to the list of this name.
fn push<'js>(object: &Object<'js>, name: &str, value: impl IntoJs<'js>) -> Result<()> {
    let value = value.into_js(object.ctx())?;
    let values: Option<Vec<Value<'js>>> = object.get(name)?;
    let mut values = values.unwrap_or_default();
    values.push(value);
    object.set(name, values)
}

/// `ocsp(response)`: what the server stapled.
fn ocsp<'js>(ctx: Ctx<'js>, this: This<'js>) -> Result<Object<'js>> {
    let object = Object::new(ctx)?;
    let none = wit::OcspStaple {
        status: String::new(),
        revocation_reason: None,
        produced_at: None,
        this_update: None,
        next_update: None,
        revoked_at: None,
    };
    let staple = this.borrow().0.ocsp().unwrap_or(none);
    let millis = |seconds: Option<u64>| seconds.map_or(0.0, |seconds| seconds as f64 * 1000.0);
    object.set("status", staple.status)?;
    object.set(
        "revocation_reason",
        staple.revocation_reason.unwrap_or_default(),
    )?;
    object.set("produced_at", millis(staple.produced_at))?;
    object.set("this_update", millis(staple.this_update))?;
    object.set("next_update", millis(staple.next_update))?;
    object.set("revoked_at", millis(staple.revoked_at))?;
    Ok(object)
}
