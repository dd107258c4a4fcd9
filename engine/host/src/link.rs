//! Defines what guests are linked to: the engine's interfaces, and WASI where they ask for it.

use std::time::{Duration, Instant};

use send_wrapper::SendWrapper;
use wasmtime::component::{Component, HasSelf, Linker, Resource};
use wasmtime::{Module, StoreContextMut};

use crate::attendance::attend_until;
use crate::bindings;
use crate::engine::Engine;
use crate::image::{self, Image};
use crate::interfaces::extensions;
use crate::interfaces::time::{FOREVER, Waitable};
use crate::state::VuState;

/// What a guest that waits does meanwhile.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Waits {
    /// Nothing.
    Plain,
    /// It lets its extensions attend to what comes.
    Attended,
}

/// A linker with all that this component may import.
pub(crate) fn linker(
    engine: &Engine,
    component: &Component,
    image: Option<&Image>,
    waits: Waits,
) -> wasmtime::Result<Linker<VuState>> {
    let mut linker = Linker::new(engine.wasmtime());
    if let Some(image) = image {
        let module = Module::new(engine.wasmtime(), image.module())?;
        linker.root().module(image::IMPORT, &module)?;
    }
    if imports(engine, component, "wasi:") {
        wasmtime_wasi::p2::add_to_linker_async(&mut linker)?;
    }
    if imports(engine, component, "wasi:http/") {
        wasmtime_wasi_http::p2::add_only_http_to_linker_async(&mut linker)?;
    }
    bindings::Test::add_to_linker::<_, HasSelf<VuState>>(&mut linker, |state| state)?;
    bindings::extending::link(&mut linker)?;
    bindings::scripting::Scripting::add_to_linker::<_, HasSelf<VuState>>(&mut linker, |state| {
        state
    })?;
    extensions::add_to_linker(&mut linker)?;
    if waits == Waits::Attended {
        attend(&mut linker)?;
    }
    Ok(linker)
}

/// Whether a component imports something whose name begins like this.
pub(crate) fn imports(engine: &Engine, component: &Component, what: &str) -> bool {
    let component = component.component_type();
    let mut imports = component.imports(engine.wasmtime());
    imports.any(|(name, _)| name.starts_with(what))
}

/// Puts functions that wait in the place of those that do nothing else meanwhile.
fn attend(linker: &mut Linker<VuState>) -> wasmtime::Result<()> {
    linker.allow_shadowing(true);
    linker.instance("brunt:time/clock@0.1.0")?.func_wrap_async(
        "sleep",
        |mut store: StoreContextMut<'_, VuState>, (how_long,): (u64,)| {
            Box::new(async move { sleep(&mut store, how_long).await })
        },
    )?;
    let mut waiting = linker.instance("brunt:time/waiting@0.1.0")?;
    waiting.func_wrap_async(
        "wait-any",
        |mut store: StoreContextMut<'_, VuState>, (these,): (Vec<Resource<Waitable>>,)| {
            Box::new(async move { wait_any(&mut store, these).await.map(|index| (index,)) })
        },
    )?;
    waiting.func_wrap_async(
        "[method]waitable.wait",
        |mut store: StoreContextMut<'_, VuState>, (this,): (Resource<Waitable>,)| {
            Box::new(async move { wait_any(&mut store, vec![this]).await.map(|_| ()) })
        },
    )
}

async fn sleep(store: &mut StoreContextMut<'_, VuState>, how_long: u64) -> wasmtime::Result<()> {
    store.data().refuse_in_init("time.sleep")?;
    let end = Instant::now() + Duration::from_nanos(how_long).min(FOREVER);
    attend_until(store, tokio::time::sleep_until(end.into())).await?;
    store.data_mut().usage.resume(Instant::now());
    Ok(())
}

async fn wait_any(
    store: &mut StoreContextMut<'_, VuState>,
    these: Vec<Resource<Waitable>>,
) -> wasmtime::Result<u32> {
    let first = SendWrapper::new(store.data_mut().first_of(&these)?);
    let index = attend_until(store, first).await?;
    store.data_mut().usage.resume(Instant::now());
    Ok(index)
}
