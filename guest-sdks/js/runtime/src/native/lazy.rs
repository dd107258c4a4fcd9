//! Defines the natives that are made only where a script imports the module that they are for: each VU has its own.

use std::marker::PhantomData;

use rquickjs::module::{Declarations, Declared, Exports, ModuleDef};
use rquickjs::{Ctx, Function, Module, Object, Result};

use super::{ciphers, crypto, curves, fs, html, rsa, secrets, text, x509};
use crate::modules;

/// Functions that one module is built on.
pub(super) trait Part {
    /// Puts them into the object that is the module's default export.
    fn install<'js>(ctx: &Ctx<'js>, native: &Object<'js>) -> Result<()>;
}

/// A module whose default export has a part's functions.
struct Lazy<P>(PhantomData<P>);

impl<P: Part> ModuleDef for Lazy<P> {
    fn declare(declarations: &Declarations<'_>) -> Result<()> {
        declarations.declare("default")?;
        Ok(())
    }

    fn evaluate<'js>(ctx: &Ctx<'js>, exports: &Exports<'js>) -> Result<()> {
        let native = Object::new(ctx.clone())?;
        P::install(ctx, &native)?;
        exports.export("default", native)?;
        Ok(())
    }
}

/// The natives of this name, as a module; none when there are none.
pub(crate) fn declare<'js>(ctx: &Ctx<'js>, name: &str) -> Option<Result<Module<'js, Declared>>> {
    let declare = match name.strip_prefix("brunt:native/")? {
        "ciphers" => Module::declare_def::<Lazy<ciphers::Ciphers>, _>,
        "crypto" => Module::declare_def::<Lazy<crypto::Digests>, _>,
        "curves" => Module::declare_def::<Lazy<curves::Curves>, _>,
        "fs" => Module::declare_def::<Lazy<fs::Files>, _>,
        "html" => Module::declare_def::<Lazy<html::Documents>, _>,
        "rsa" => Module::declare_def::<Lazy<rsa::Rsa>, _>,
        "secrets" => Module::declare_def::<Lazy<secrets::Secrets>, _>,
        "text" => Module::declare_def::<Lazy<text::Texts>, _>,
        "x509" => Module::declare_def::<Lazy<x509::Certificates>, _>,
        _ => return None,
    };
    Some(declare(ctx.clone(), name.to_owned()))
}

/// `evaluate(name)`: the exports of one of the runtime's own modules, evaluated at once.
pub(super) fn install<'js>(ctx: &Ctx<'js>, native: &Object<'js>) -> Result<()> {
    let evaluate = |ctx: Ctx<'js>, name: String| modules::evaluate_own(&ctx, &name);
    native.set("evaluate", Function::new(ctx.clone(), evaluate)?)
}
