//! Defines resources of extensions as objects: each has a number, until it is ended or given away.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::rc::Rc;

use rquickjs::class::{JsClass, Readable, Trace, Tracer};
use rquickjs::function::{Constructor, This};
use rquickjs::{Class, Ctx, Exception, Function, JsLifetime, Object, Persistent, Result, Value};

use super::names::pascal;
use crate::bindings::brunt::js::extensions;

/// A resource that the script holds.
pub(crate) struct Resource {
    /// Its resource's full name.
    name: Rc<str>,
    number: Cell<Option<u32>>,
}

thread_local! {
    /// The prototypes of the classes of resources, by their full names.
    static CLASSES: RefCell<HashMap<Rc<str>, Persistent<Object<'static>>>> = RefCell::default();
    /// Resources whose objects are gone.
    static DEAD: RefCell<Vec<u32>> = const { RefCell::new(Vec::new()) };
}

// SAFETY: it holds no values of JavaScript.
unsafe impl JsLifetime<'_> for Resource {
    type Changed<'to> = Resource;
}

impl<'js> Trace<'js> for Resource {
    fn trace<'a>(&self, _: Tracer<'a, 'js>) {}
}

impl<'js> JsClass<'js> for Resource {
    const NAME: &'static str = "ExtensionResource";
    type Mutable = Readable;

    fn constructor(_: &Ctx<'js>) -> Result<Option<Constructor<'js>>> {
        Ok(None)
    }
}

impl Drop for Resource {
    fn drop(&mut self) {
        // Not at once: this is the middle of a collection.
        DEAD.with_borrow_mut(|dead| dead.extend(self.number.take()));
    }
}

pub(super) fn install<'js>(ctx: &Ctx<'js>, native: &Object<'js>) -> Result<()> {
    native.set("extensionClass", Function::new(ctx.clone(), class)?)
}

/// `extensionClass(name, prototype)`: how a resource is shown.
fn class<'js>(ctx: Ctx<'js>, name: String, prototype: Object<'js>) -> Result<()> {
    let dispose = Function::new(ctx.clone(), dispose)?.with_name("dispose")?;
    super::calls::hidden(&ctx, &prototype, "dispose", dispose.clone())?;
    let symbol: Value<'js> = ctx
        .globals()
        .get::<_, Object<'js>>("Symbol")?
        .get("dispose")?;
    if symbol.is_symbol() {
        super::calls::hidden(&ctx, &prototype, symbol, dispose)?;
    }
    let kept = Persistent::save(&ctx, prototype);
    CLASSES.with_borrow_mut(|classes| classes.insert(name.into(), kept));
    Ok(())
}

/// `dispose()`: ends the resource. A second time does nothing.
fn dispose(this: This<Value<'_>>) {
    let resource = Class::<Resource>::from_value(&this.0);
    if let Ok(resource) = resource
        && let Some(number) = resource.borrow().number.take()
    {
        extensions::drop(number);
    }
}

/// Ends the resources whose objects are gone.
pub(crate) fn drop_dead() {
    let dead = DEAD.with_borrow_mut(std::mem::take);
    dead.into_iter().for_each(extensions::drop);
}

/// An object for the resource with this number, with the prototype of its class or of one derived from it.
pub(super) fn made<'js>(
    ctx: &Ctx<'js>,
    name: &str,
    number: u32,
    prototype: Option<Object<'js>>,
) -> Result<Value<'js>> {
    let known = CLASSES.with_borrow(|classes| {
        let (name, class) = classes.get_key_value(name)?;
        Some((name.clone(), class.clone()))
    });
    let (name, class) = match known {
        Some((name, class)) => (name, class.restore(ctx)?),
        None => (name.into(), Object::new(ctx.clone())?),
    };
    let resource = Resource {
        name,
        number: Cell::new(Some(number)),
    };
    let made = Class::instance_proto(resource, prototype.unwrap_or(class))?;
    Ok(made.into_value())
}

/// The number of the resource of this name that an object is; taken from it where it is given away.
pub(super) fn number<'js>(
    ctx: &Ctx<'js>,
    value: &Value<'js>,
    name: &str,
    gives_away: bool,
    place: &dyn Fn() -> String,
) -> Result<u32> {
    let class = || pascal(name.rsplit('#').next().unwrap_or(name));
    let resource = Class::<Resource>::from_value(value).ok();
    let resource = resource.filter(|resource| *resource.borrow().name == *name);
    let Some(resource) = resource else {
        let words = format!(
            "{} must be a {}, not {}",
            place(),
            class(),
            super::write::shown(value)
        );
        return Err(Exception::throw_type(ctx, &words));
    };
    let resource = resource.borrow();
    let number = match gives_away {
        true => resource.number.take(),
        false => resource.number.get(),
    };
    number.ok_or_else(|| {
        let words = format!(
            "{}: this {} was disposed of or given away",
            place(),
            class()
        );
        Exception::throw_type(ctx, &words)
    })
}
