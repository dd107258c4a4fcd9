//! Defines natives that scripts call most, as functions of QuickJS itself: without what rquickjs does for each call and each argument, which
//! is more than they do.

use std::borrow::Cow;
use std::ffi::{CStr, c_char, c_int};
use std::ptr::{self, NonNull};
use std::slice;

use rquickjs::{Ctx, Error, Exception, FromJs, Object, Result, Value, qjs};

/// A native with so many parameters.
pub(super) trait Native<const PARAMETERS: usize> {
    /// Calls it. The arguments are the caller's: those that are missing are `undefined`. What is given back is its own.
    fn call(ctx: &Ctx<'_>, arguments: [qjs::JSValue; PARAMETERS]) -> Result<qjs::JSValue>;
}

/// Puts a native of this name into `native`.
pub(super) fn set<'js, N: Native<PARAMETERS>, const PARAMETERS: usize>(
    ctx: &Ctx<'js>,
    native: &Object<'js>,
    name: &CStr,
) -> Result<()> {
    // SAFETY: QuickJS copies the name, and the value is the context's own.
    let function = unsafe {
        let kind = qjs::JSCFunctionEnum_JS_CFUNC_generic;
        let (call, parameters) = (enter::<N, PARAMETERS>, PARAMETERS as c_int);
        let context = ctx.as_raw().as_ptr();
        let function =
            qjs::JS_NewCFunction2(context, Some(call), name.as_ptr(), parameters, kind, 0);
        Value::from_raw(ctx.clone(), function)
    };
    native.set(name.to_string_lossy().as_ref(), function)
}

/// What QuickJS calls. What a native fails with becomes the exception that waits in the context.
unsafe extern "C" fn enter<N: Native<PARAMETERS>, const PARAMETERS: usize>(
    context: *mut qjs::JSContext,
    _: qjs::JSValue,
    _: c_int,
    arguments: *mut qjs::JSValue,
) -> qjs::JSValue {
    // SAFETY: QuickJS calls with a context, and with as many arguments as a function has parameters.
    let (ctx, arguments) = unsafe {
        let ctx = Ctx::from_raw(NonNull::new_unchecked(context));
        (ctx, *arguments.cast::<[qjs::JSValue; PARAMETERS]>())
    };
    match N::call(&ctx, arguments) {
        Ok(value) => value,
        Err(Error::Exception) => qjs::JS_EXCEPTION,
        Err(error) => {
            Exception::throw_type(&ctx, &error.to_string());
            qjs::JS_EXCEPTION
        }
    }
}

/// A value of the caller's, for as long as the call lasts.
pub(super) fn lent<'js, T: FromJs<'js>>(ctx: &Ctx<'js>, value: qjs::JSValue) -> Result<T> {
    // SAFETY: it is counted once more, for the value that is dropped.
    let value =
        unsafe { Value::from_raw(ctx.clone(), qjs::JS_DupValue(ctx.as_raw().as_ptr(), value)) };
    T::from_js(ctx, value)
}

/// Text of a value or of a name, as UTF-8.
pub(super) struct Text<'a, 'js> {
    ctx: &'a Ctx<'js>,
    start: *const c_char,
    length: usize,
}

impl<'a, 'js> Text<'a, 'js> {
    pub(super) fn of_value(ctx: &'a Ctx<'js>, value: qjs::JSValue) -> Result<Self> {
        let mut length = 0;
        // SAFETY: the value is the context's.
        let start = unsafe { qjs::JS_ToCStringLen(ctx.as_raw().as_ptr(), &mut length, value) };
        Self::checked(ctx, start, length as usize)
    }

    pub(super) fn of_name(ctx: &'a Ctx<'js>, name: qjs::JSAtom) -> Result<Self> {
        let mut length = 0;
        // SAFETY: the name is the context's.
        let start = unsafe { qjs::JS_AtomToCStringLen(ctx.as_raw().as_ptr(), &mut length, name) };
        Self::checked(ctx, start, length as usize)
    }

    fn checked(ctx: &'a Ctx<'js>, start: *const c_char, length: usize) -> Result<Self> {
        match start.is_null() {
            true => Err(Error::Exception),
            false => Ok(Self { ctx, start, length }),
        }
    }

    /// Half a character, which JavaScript allows, is replaced.
    pub(super) fn as_str(&self) -> Cow<'_, str> {
        // SAFETY: it is as long, and there until it is freed.
        let bytes = unsafe { slice::from_raw_parts(self.start.cast(), self.length) };
        // Nearly all text is whole, which is seen faster so.
        match str::from_utf8(bytes) {
            Ok(text) => Cow::Borrowed(text),
            Err(_) => String::from_utf8_lossy(bytes),
        }
    }
}

impl Drop for Text<'_, '_> {
    fn drop(&mut self) {
        // SAFETY: it was made for this context.
        unsafe { qjs::JS_FreeCString(self.ctx.as_raw().as_ptr(), self.start) };
    }
}

/// The names of an object's own properties that can be listed and are no symbols.
pub(super) struct Names<'a, 'js> {
    ctx: &'a Ctx<'js>,
    list: *mut qjs::JSPropertyEnum,
    count: u32,
}

impl<'a, 'js> Names<'a, 'js> {
    pub(super) fn of(ctx: &'a Ctx<'js>, object: qjs::JSValue) -> Result<Self> {
        let (mut list, mut count) = (ptr::null_mut(), 0);
        let flags = (qjs::JS_GPN_STRING_MASK | qjs::JS_GPN_ENUM_ONLY) as c_int;
        let context = ctx.as_raw().as_ptr();
        // SAFETY: the list is freed below.
        match unsafe { qjs::JS_GetOwnPropertyNames(context, &mut list, &mut count, object, flags) }
        {
            0 => Ok(Self { ctx, list, count }),
            _ => Err(Error::Exception),
        }
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = qjs::JSAtom> {
        let names = match self.count {
            0 => &[],
            // SAFETY: QuickJS made so many.
            count => unsafe { slice::from_raw_parts(self.list, count as usize) },
        };
        names.iter().map(|name| name.atom)
    }
}

impl Drop for Names<'_, '_> {
    fn drop(&mut self) {
        // SAFETY: the list was made for this context.
        unsafe { qjs::JS_FreePropertyEnum(self.ctx.as_raw().as_ptr(), self.list, self.count) };
    }
}
