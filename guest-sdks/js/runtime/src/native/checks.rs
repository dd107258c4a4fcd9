//! Defines `check` of the module `k6`, which scripts call most after requests.

use std::cell::Cell;

use rquickjs::{Ctx, Error, Exception, Object, Result, Value, qjs};

use super::raw::{self, Names, Native, Text};
use crate::bindings::brunt::metrics::metrics as wit;

thread_local! {
    /// QuickJS's class of async functions.
    static ASYNC: Cell<qjs::JSClassID> = const { Cell::new(0) };
}

pub(super) fn install<'js>(ctx: &Ctx<'js>, native: &Object<'js>) -> Result<()> {
    let example: Value<'js> = ctx.eval("(async () => {})")?;
    // SAFETY: it is a value of this context.
    ASYNC.set(unsafe { qjs::JS_GetClassID(example.as_raw()) });
    raw::set::<Check, 3>(ctx, native, c"check")
}

/// `check(value, conditions, tags?)`: whether all conditions hold, each of which is counted.
struct Check;

impl Native<3> for Check {
    fn call(ctx: &Ctx<'_>, [value, conditions, tags]: [qjs::JSValue; 3]) -> Result<qjs::JSValue> {
        match Checks::new(ctx, conditions, tags)?.all_hold(value)? {
            true => Ok(qjs::JS_TRUE),
            false => Ok(qjs::JS_FALSE),
        }
    }
}

/// The conditions of one call.
struct Checks<'a, 'js> {
    ctx: &'a Ctx<'js>,
    conditions: qjs::JSValue,
    tags: Option<Vec<(String, String)>>,
}

impl<'a, 'js> Checks<'a, 'js> {
    fn new(ctx: &'a Ctx<'js>, conditions: qjs::JSValue, tags: qjs::JSValue) -> Result<Self> {
        // SAFETY: they are values of this context.
        let (is_object, has_tags) = unsafe {
            let none = qjs::JS_IsUndefined(tags) || qjs::JS_IsNull(tags);
            (qjs::JS_IsObject(conditions), !none)
        };
        if !is_object {
            return Err(Exception::throw_type(
                ctx,
                "check() needs an object of conditions",
            ));
        }
        let tags = match has_tags {
            true => Some(super::pairs_of(&raw::lent(ctx, tags)?)?),
            false => None,
        };
        Ok(Self {
            ctx,
            conditions,
            tags,
        })
    }

    fn all_hold(&self, value: qjs::JSValue) -> Result<bool> {
        let mut all = true;
        for name in Names::of(self.ctx, self.conditions)?.iter() {
            all &= self.holds(name, value)?;
        }
        Ok(all)
    }

    /// Whether the condition of this name holds, which is counted: one that throws does not, and what it throws goes on.
    fn holds(&self, name: qjs::JSAtom, mut value: qjs::JSValue) -> Result<bool> {
        let context = self.ctx.as_raw().as_ptr();
        // SAFETY: all values are of this context, and what is not lent is freed.
        let condition = unsafe { qjs::JS_GetProperty(context, self.conditions, name) };
        let result = unsafe {
            if qjs::JS_IsException(condition) {
                return Err(Error::Exception);
            } else if !qjs::JS_IsFunction(context, condition) {
                condition
            } else if qjs::JS_GetClassID(condition) == ASYNC.get() {
                qjs::JS_FreeValue(context, condition);
                return Err(self.is_async(name));
            } else {
                let result = qjs::JS_Call(context, condition, qjs::JS_UNDEFINED, 1, &raw mut value);
                qjs::JS_FreeValue(context, condition);
                result
            }
        };
        // SAFETY: as above.
        unsafe {
            if qjs::JS_IsException(result) {
                self.count(name, false)?;
                return Err(Error::Exception);
            }
            let is_promise = qjs::JS_IsPromise(result);
            let passed = qjs::JS_ToBool(context, result) > 0;
            qjs::JS_FreeValue(context, result);
            if is_promise {
                return Err(self.is_async(name));
            }
            self.count(name, passed)
        }
    }

    fn count(&self, name: qjs::JSAtom, passed: bool) -> Result<bool> {
        let name = Text::of_name(self.ctx, name)?;
        Ok(match &self.tags {
            None => wit::check(&name.as_str(), passed),
            Some(tags) => wit::check_tagged(&name.as_str(), passed, &super::borrowed(tags)),
        })
    }

    fn is_async(&self, name: qjs::JSAtom) -> Error {
        match Text::of_name(self.ctx, name) {
            Err(error) => error,
            Ok(name) => {
                let words = format!(
                    "check {:?}: a condition can't be an async function",
                    name.as_str()
                );
                Exception::throw_type(self.ctx, &words)
            }
        }
    }
}
