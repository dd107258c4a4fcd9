//! Defines files and shared arrays, for `open` and the module `k6/data`.

use rquickjs::class::{JsClass, Readable, Trace, Tracer};
use rquickjs::function::Constructor;
use rquickjs::{ArrayBuffer, Class, Ctx, Exception, Function, JsLifetime, Object, Result, Value};

use crate::bindings::brunt::data::{files, shared};
use crate::image::Remade;
use crate::{image, phase};

/// A list that all VUs share; its elements are JSON.
pub(crate) struct SharedList(Remade<shared::SharedList>);

// SAFETY: it holds no values of JavaScript.
unsafe impl JsLifetime<'_> for SharedList {
    type Changed<'to> = SharedList;
}

impl<'js> Trace<'js> for SharedList {
    fn trace<'a>(&self, _: Tracer<'a, 'js>) {}
}

impl<'js> JsClass<'js> for SharedList {
    const NAME: &'static str = "NativeSharedList";
    type Mutable = Readable;

    fn constructor(_: &Ctx<'js>) -> Result<Option<Constructor<'js>>> {
        Ok(None)
    }
}

pub(super) fn install<'js>(ctx: &Ctx<'js>, native: &Object<'js>) -> Result<()> {
    native.set("open", Function::new(ctx.clone(), open)?)?;
    native.set("once", Function::new(ctx.clone(), once)?)?;
    native.set("sharedOpen", Function::new(ctx.clone(), shared_open)?)?;
    native.set("sharedCreate", Function::new(ctx.clone(), shared_create)?)?;
    native.set("sharedLength", Function::new(ctx.clone(), shared_length)?)?;
    native.set("sharedItem", Function::new(ctx.clone(), shared_item)?)
}

/// `open(path, binary)`: text, or an `ArrayBuffer`.
fn open<'js>(ctx: Ctx<'js>, path: String, binary: bool) -> Result<Value<'js>> {
    if !phase::is_init() {
        let words =
            "open is possible only while the script is initialised: call it outside of functions";
        return Err(Exception::throw_message(&ctx, words));
    }
    let path = path.strip_prefix("file://").unwrap_or(&path);
    let file = files::open(path).map_err(|why| Exception::throw_message(&ctx, &why))?;
    let bytes = file.read(0, file.size());
    if binary {
        return ArrayBuffer::new(ctx, bytes).map(ArrayBuffer::into_value);
    }
    let text = String::from_utf8_lossy(&bytes);
    rquickjs::String::from_str(ctx, &text).map(|text| text.into_value())
}

/// `sharedOpen(name)`: the list, when there is one.
fn shared_open<'js>(ctx: Ctx<'js>, name: String) -> Result<Option<Class<'js, SharedList>>> {
    let list = shared::SharedList::open(&name);
    list.map(|list| shared_list(ctx, name, list)).transpose()
}

/// `sharedCreate(name, items)`, each item JSON.
fn shared_create<'js>(
    ctx: Ctx<'js>,
    name: String,
    items: Vec<String>,
) -> Result<Class<'js, SharedList>> {
    let items: Vec<&[u8]> = items.iter().map(|item| item.as_bytes()).collect();
    match shared::SharedList::create(&name, &items) {
        Ok(list) => shared_list(ctx, name, list),
        Err(why) => Err(Exception::throw_message(&ctx, &why)),
    }
}

fn shared_list<'js>(
    ctx: Ctx<'js>,
    name: String,
    list: shared::SharedList,
) -> Result<Class<'js, SharedList>> {
    let again = move || shared::SharedList::open(&name).expect("lists stay for the whole run");
    Class::instance(ctx, SharedList(Remade::new(list, again)))
}

/// `once(make)`: what the function returns. Only one VU calls it, so that what it does is no VU's own.
fn once<'js>(make: Function<'js>) -> Result<Value<'js>> {
    image::untouched(|| make.call(()))
}

fn shared_length(list: Class<'_, SharedList>) -> f64 {
    list.borrow().0.with(shared::SharedList::length) as f64
}

/// `sharedItem(list, index)`: the element, read from its JSON; undefined beyond the end.
fn shared_item<'js>(ctx: Ctx<'js>, list: Class<'js, SharedList>, index: u32) -> Result<Value<'js>> {
    match list.borrow().0.with(|list| list.item(u64::from(index))) {
        Some(json) => ctx.json_parse(json),
        None => Ok(Value::new_undefined(ctx)),
    }
}
