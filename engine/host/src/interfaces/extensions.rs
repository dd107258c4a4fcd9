//! Defines the host's side of `brunt:js/extensions`: what scripts use of extensions.

use wasmtime::StoreContextMut;
use wasmtime::component::{Linker, Resource};

use crate::bridge;
use crate::interfaces::time::Waitable;
use crate::state::VuState;

type Store<'a> = StoreContextMut<'a, VuState>;

/// Offers the interface. By hand, because a call needs the whole store: it goes on into another guest.
pub(crate) fn add_to_linker(linker: &mut Linker<VuState>) -> wasmtime::Result<()> {
    let mut interface = linker.instance("brunt:js/extensions@0.1.0")?;
    interface.func_wrap("resolve", |store: Store<'_>, (specifier,): (String,)| {
        Ok((store.data().calls.bridge().resolve(&specifier),))
    })?;
    interface.func_wrap("script", |store: Store<'_>, (specifier,): (String,)| {
        let text = store.data().calls.bridge().script(&specifier);
        Ok((text.map(str::to_owned),))
    })?;
    interface.func_wrap("describe", |store: Store<'_>, (name,): (String,)| {
        Ok((store.data().calls.bridge().describe(&name),))
    })?;
    interface.func_wrap_async(
        "call",
        |mut store: Store<'_>, (number, arguments): (u32, Vec<u8>)| {
            Box::new(async move {
                let result = bridge::call(&mut store, number, &arguments).await?;
                Ok((result,))
            })
        },
    )?;
    interface.func_wrap_async("drop", |mut store: Store<'_>, (number,): (u32,)| {
        Box::new(async move { bridge::drop_kept(&mut store, number).await })
    })?;
    interface.func_wrap(
        "take-waitable",
        |mut store: Store<'_>, (number,): (u32,)| Ok((bridge::take(&mut store, number)?,)),
    )?;
    interface.func_wrap(
        "keep-waitable",
        |mut store: Store<'_>, (waitable,): (Resource<Waitable>,)| {
            Ok((bridge::keep(&mut store, &waitable)?,))
        },
    )
}
