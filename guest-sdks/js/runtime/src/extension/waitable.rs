//! Defines things to wait for, as objects, and the functions of `brunt:events`.

use std::rc::Rc;

use rquickjs::class::{JsClass, Readable, Trace, Tracer};
use rquickjs::function::{Constructor, Opt, This};
use rquickjs::{Class, Ctx, Exception, Function, JsLifetime, Object, Result, Value};

use crate::bindings::brunt::time::waiting;
use crate::{events, phase};

/// Something that becomes ready once.
pub(crate) struct Waitable(pub(super) Rc<waiting::Waitable>);

// SAFETY: it holds no values of JavaScript.
unsafe impl JsLifetime<'_> for Waitable {
    type Changed<'to> = Waitable;
}

impl<'js> Trace<'js> for Waitable {
    fn trace<'a>(&self, _: Tracer<'a, 'js>) {}
}

impl<'js> JsClass<'js> for Waitable {
    const NAME: &'static str = "Waitable";
    type Mutable = Readable;

    fn prototype(ctx: &Ctx<'js>) -> Result<Option<Object<'js>>> {
        let prototype = Object::new(ctx.clone())?;
        prototype.set("ready", Function::new(ctx.clone(), ready)?)?;
        prototype.set("wait", Function::new(ctx.clone(), wait)?)?;
        Ok(Some(prototype))
    }

    fn constructor(_: &Ctx<'js>) -> Result<Option<Constructor<'js>>> {
        Ok(None)
    }
}

pub(super) fn install<'js>(ctx: &Ctx<'js>, native: &Object<'js>) -> Result<()> {
    native.set("when", Function::new(ctx.clone(), when)?)
}

/// `ready()`: whether it is ready now.
fn ready<'js>(this: This<Class<'js, Waitable>>) -> bool {
    this.0.borrow().0.ready()
}

/// `wait()`: waits until it is ready, and lets callbacks of others run meanwhile.
fn wait<'js>(ctx: Ctx<'js>, this: This<Class<'js, Waitable>>) -> Result<()> {
    phase::refuse_in_init(&ctx, "waiting")?;
    let waitable = this.0.borrow().0.clone();
    events::wait_until(&ctx, &waitable)
}

/// `when(waitable, callback, hold)`: its number, by which it can be forgotten.
fn when<'js>(
    ctx: Ctx<'js>,
    waitable: Value<'js>,
    callback: Value<'js>,
    hold: Opt<bool>,
) -> Result<()> {
    let Ok(waitable) = Class::<Waitable>::from_value(&waitable) else {
        let words = format!(
            "when(): the first argument must be a waitable of an extension, not {}",
            super::write::shown(&waitable)
        );
        return Err(Exception::throw_type(&ctx, &words));
    };
    let Some(callback) = callback.as_function() else {
        let words = format!(
            "when(): the second argument must be a function, not {}",
            super::write::shown(&callback)
        );
        return Err(Exception::throw_type(&ctx, &words));
    };
    let waitable = waitable.borrow().0.clone();
    events::watch(&ctx, waitable, callback.clone(), hold.0.unwrap_or(false));
    Ok(())
}
