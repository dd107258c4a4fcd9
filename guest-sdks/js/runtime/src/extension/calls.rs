//! Defines calls of extensions' functions from JavaScript.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

use rquickjs::function::{Rest, This};
use rquickjs::object::Property;
use rquickjs::{Coerced, Ctx, Error, Exception, Function, IntoAtom, Object, Result, Value};

use super::read::Reader;
use super::resource;
use super::types::{self, Type};
use super::write::Writer;
use crate::bindings::brunt::js::extensions;
use crate::image;

thread_local! {
    static KNOWN: RefCell<HashMap<u32, Rc<types::Function>>> = RefCell::default();
}

pub(super) fn install<'js>(ctx: &Ctx<'js>, native: &Object<'js>) -> Result<()> {
    native.set("extensionFunction", Function::new(ctx.clone(), function)?)?;
    native.set("extensionConstruct", Function::new(ctx.clone(), construct)?)?;
    native.set("extensionMember", Function::new(ctx.clone(), member)?)
}

/// Remembers a function, so that it can be called by its number.
pub(super) fn know(function: types::Function) {
    KNOWN.with_borrow_mut(|known| known.insert(function.number, Rc::new(function)));
}

fn known(ctx: &Ctx<'_>, number: u32) -> Result<Rc<types::Function>> {
    let found = KNOWN.with_borrow(|known| known.get(&number).cloned());
    found.ok_or_else(|| Exception::throw_message(ctx, "no such function of an extension"))
}

/// `extensionFunction(number)`: the function with this number.
fn function<'js>(ctx: Ctx<'js>, number: u32) -> Result<Function<'js>> {
    let of = known(&ctx, number)?;
    let name = super::camel(&of.name);
    let call = move |ctx: Ctx<'js>, this: This<Value<'js>>, arguments: Rest<Value<'js>>| {
        let encoded = call(&ctx, &of, &this.0, &arguments)?;
        match &of.result {
            Some(ty) => outcome(&ctx, ty, &encoded),
            None => Ok(Value::new_undefined(ctx)),
        }
    };
    Function::new(ctx, call)?.with_name(name)
}

/// `extensionMember(object, name, number)`: makes the function a member of a class.
fn member<'js>(ctx: Ctx<'js>, object: Object<'js>, name: String, number: u32) -> Result<()> {
    let function = function(ctx.clone(), number)?;
    hidden(&ctx, &object, name, function)
}

/// Sets a member as those of classes are: it is not listed.
pub(super) fn hidden<'js>(
    _: &Ctx<'js>,
    object: &Object<'js>,
    name: impl IntoAtom<'js>,
    function: Function<'js>,
) -> Result<()> {
    let property = Property::from(function).writable().configurable();
    object.prop(name, property)
}

/// `extensionConstruct(number, prototype, arguments)`: a new resource.
fn construct<'js>(
    ctx: Ctx<'js>,
    number: u32,
    prototype: Object<'js>,
    arguments: Vec<Value<'js>>,
) -> Result<Value<'js>> {
    let of = known(&ctx, number)?;
    let undefined = Value::new_undefined(ctx.clone());
    let encoded = call(&ctx, &of, &undefined, &arguments)?;
    let mut reader = Reader::new(&ctx, &encoded);
    let ty = match &of.result {
        Some(Type::Result(Some(ok), err)) => match reader.byte() {
            0 => ok,
            _ => return Err(failed(&ctx, &mut reader, err.as_deref())?),
        },
        Some(ty) => ty,
        None => return Ok(undefined),
    };
    match ty {
        Type::Resource(name, _) => resource::made(&ctx, name, reader.word(), Some(prototype)),
        ty => reader.value(ty),
    }
}

/// Calls a function with what JavaScript gives it, and returns what came back, still encoded.
fn call<'js>(
    ctx: &Ctx<'js>,
    function: &types::Function,
    this: &Value<'js>,
    arguments: &[Value<'js>],
) -> Result<Vec<u8>> {
    image::touch("uses an extension");
    resource::drop_dead();
    let mut writer = Writer::new(ctx, &function.shown);
    if let Some(resource) = &function.of {
        writer.resource("this", this, resource)?;
    }
    let undefined = Value::new_undefined(ctx.clone());
    for (index, (name, ty)) in function.parameters.iter().enumerate() {
        let value = arguments.get(index).unwrap_or(&undefined);
        writer.parameter(name, value, ty)?;
    }
    Ok(extensions::call(function.number, &writer.bytes))
}

/// What a function returned; an error is thrown.
fn outcome<'js>(ctx: &Ctx<'js>, ty: &Type, encoded: &[u8]) -> Result<Value<'js>> {
    let mut reader = Reader::new(ctx, encoded);
    let Type::Result(ok, err) = ty else {
        return reader.value(ty);
    };
    match reader.byte() {
        0 => reader.optional(ok.as_deref()),
        _ => Err(failed(ctx, &mut reader, err.as_deref())?),
    }
}

/// The exception for an error that an extension returned.
fn failed<'js>(ctx: &Ctx<'js>, reader: &mut Reader<'_, 'js>, ty: Option<&Type>) -> Result<Error> {
    let payload = reader.optional(ty)?;
    let inner = match payload.as_object() {
        Some(object) if object.contains_key("tag")? && object.contains_key("val")? => {
            object.get("val")?
        }
        _ => payload.clone(),
    };
    let exception = Exception::from_message(ctx.clone(), &message(&payload, &inner)?)?;
    let object = exception.as_object();
    if let Some(inner) = inner.as_object() {
        let code: Value<'js> = inner.get("code")?;
        if !code.is_undefined() {
            object.set("code", code)?;
        }
    }
    object.set("payload", payload)?;
    Ok(exception.throw())
}

/// The words of a payload: its `message`, or what it says itself.
fn message<'js>(payload: &Value<'js>, inner: &Value<'js>) -> Result<String> {
    if let Some(text) = inner.as_string() {
        return text.to_string();
    }
    if let Some(object) = inner.as_object() {
        let message: Value<'js> = object.get("message")?;
        if let Some(text) = message.as_string() {
            return text.to_string();
        }
    }
    if let Some(object) = payload.as_object() {
        let tag: Value<'js> = object.get("tag")?;
        if let Some(tag) = tag.as_string() {
            return tag.to_string();
        }
        let json = payload.ctx().json_stringify(payload.clone())?;
        return json.map_or(Ok("it failed".to_owned()), |json| json.to_string());
    }
    match payload.is_undefined() {
        true => Ok("it failed".to_owned()),
        false => payload.get::<Coerced<String>>().map(|text| text.0),
    }
}
