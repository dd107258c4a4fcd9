//! Defines secrets, for the module `k6/secrets`.
//!
//! All VUs get the same ones, so a script that asks for one while it is initialised may still be evaluated once for all.

use rquickjs::{Ctx, Exception, Function, Object, Result};

use super::lazy::Part;
use crate::bindings::brunt::secrets::secrets as wit;

/// Functions that give secrets.
pub(super) struct Secrets;

impl Part for Secrets {
    fn install<'js>(ctx: &Ctx<'js>, native: &Object<'js>) -> Result<()> {
        native.set("get", Function::new(ctx.clone(), get)?)
    }
}

/// `get(key, source)`, the default source where it is undefined.
fn get(ctx: Ctx<'_>, key: String, source: Option<String>) -> Result<String> {
    wit::get(&key, source.as_deref()).map_err(|why| Exception::throw_message(&ctx, &why))
}
