//! Defines groups, tags and custom metrics, for the modules `k6`, `k6/metrics` and `k6/execution`.

use rquickjs::class::{JsClass, Readable, Trace, Tracer};
use rquickjs::function::{Constructor, Opt};
use rquickjs::{Class, Ctx, Exception, Function, JsLifetime, Object, Result};

use crate::bindings::brunt::metrics::metrics as wit;
use crate::image::{self, Remade};

/// A custom metric.
pub(crate) struct Metric(Remade<wit::Metric>);

// SAFETY: it holds no values of JavaScript.
unsafe impl JsLifetime<'_> for Metric {
    type Changed<'to> = Metric;
}

impl<'js> Trace<'js> for Metric {
    fn trace<'a>(&self, _: Tracer<'a, 'js>) {}
}

impl<'js> JsClass<'js> for Metric {
    const NAME: &'static str = "NativeMetric";
    type Mutable = Readable;

    fn constructor(_: &Ctx<'js>) -> Result<Option<Constructor<'js>>> {
        Ok(None)
    }
}

pub(super) fn install<'js>(ctx: &Ctx<'js>, native: &Object<'js>) -> Result<()> {
    native.set(
        "beginGroup",
        Function::new(ctx.clone(), |name: String| wit::begin_group(&name))?,
    )?;
    native.set("endGroup", Function::new(ctx.clone(), wit::end_group)?)?;
    let set = |name: String, value: String| image::wish(move || wit::set_tag(&name, &value));
    native.set("setTag", Function::new(ctx.clone(), set)?)?;
    let remove = |name: String| image::wish(move || wit::remove_tag(&name));
    native.set("removeTag", Function::new(ctx.clone(), remove)?)?;
    let set = |name: String, value: String| image::wish(move || wit::set_metadata(&name, &value));
    native.set("setMetadata", Function::new(ctx.clone(), set)?)?;
    let remove = |name: String| image::wish(move || wit::remove_metadata(&name));
    native.set("removeMetadata", Function::new(ctx.clone(), remove)?)?;
    native.set("metric", Function::new(ctx.clone(), register)?)?;
    native.set("add", Function::new(ctx.clone(), add)?)
}

/// `metric(name, kind, isTime)`
fn register<'js>(
    ctx: Ctx<'js>,
    name: String,
    kind: String,
    is_time: bool,
) -> Result<Class<'js, Metric>> {
    let kind = match kind.as_str() {
        "counter" => wit::Kind::Counter,
        "gauge" => wit::Kind::Gauge,
        "rate" => wit::Kind::Rate,
        _ => wit::Kind::Trend,
    };
    let unit = match is_time {
        true => wit::Unit::Time,
        false => wit::Unit::None,
    };
    let register = move || wit::Metric::register(&name, kind, unit);
    match register() {
        Ok(metric) => {
            let again = move || register().expect("what was registered can be registered again");
            Class::instance(ctx, Metric(Remade::new(metric, again)))
        }
        Err(why) => Err(Exception::throw_message(&ctx, &why)),
    }
}

/// `add(metric, value, tags?)`
fn add<'js>(metric: Class<'js, Metric>, value: f64, tags: Opt<Option<Object<'js>>>) -> Result<()> {
    let metric = &metric.borrow().0;
    match tags.0.flatten() {
        None => metric.with(|metric| metric.add(value)),
        Some(tags) => {
            let tags = super::pairs_of(&tags)?;
            metric.with(|metric| metric.add_tagged(value, &super::borrowed(&tags)));
        }
    }
    Ok(())
}
