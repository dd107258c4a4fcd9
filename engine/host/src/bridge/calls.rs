//! Defines calls over the bridge, and the resources that a script holds of its extensions.

use std::sync::Arc;
use std::time::Instant;

use wasmtime::StoreContextMut;
use wasmtime::component::{Func, Instance, Resource, ResourceAny, ResourceTableError, Val};

use super::values::{Handles, Reader, write};
use super::{Bridge, Function};
use crate::attendance::InExtension;
use crate::interfaces::time::Waitable;
use crate::state::{Misuse, VuState};

/// One VU's side of the bridge.
#[derive(Default)]
pub(crate) struct Calls {
    bridge: Arc<Bridge>,
    /// The instances of the extensions, with their names.
    instances: Vec<(Arc<str>, Instance)>,
    /// The functions that were called before.
    functions: Vec<Option<Func>>,
    kept: Kept,
}

/// The resources that a script holds, by their numbers.
#[derive(Default)]
struct Kept {
    places: Vec<Option<ResourceAny>>,
    free: Vec<u32>,
    most: usize,
}

impl Calls {
    /// The bridge of a VU that may hold so many resources.
    pub(crate) fn new(bridge: Arc<Bridge>, most: usize) -> Self {
        Self {
            functions: vec![None; bridge.functions.len()],
            bridge,
            instances: Vec::new(),
            kept: Kept {
                most,
                ..Kept::default()
            },
        }
    }

    pub(crate) fn add(&mut self, name: Arc<str>, instance: Instance) {
        self.instances.push((name, instance));
    }

    pub(crate) fn bridge(&self) -> &Bridge {
        &self.bridge
    }
}

impl Handles for Kept {
    fn resource(&mut self, number: u32, owned: bool) -> wasmtime::Result<ResourceAny> {
        match owned {
            true => self.take(number),
            false => {
                let place = self.places.get(number as usize);
                place.copied().flatten().ok_or_else(|| unknown(number))
            }
        }
    }

    fn number(&mut self, resource: ResourceAny) -> wasmtime::Result<u32> {
        if let Some(number) = self.free.pop() {
            self.places[number as usize] = Some(resource);
            return Ok(number);
        }
        if self.places.len() >= self.most {
            return Err(ResourceTableError::Full.into());
        }
        self.places.push(Some(resource));
        Ok(self.places.len() as u32 - 1)
    }
}

impl Kept {
    fn take(&mut self, number: u32) -> wasmtime::Result<ResourceAny> {
        let place = self.places.get_mut(number as usize);
        let taken = place
            .and_then(Option::take)
            .ok_or_else(|| unknown(number))?;
        self.free.push(number);
        Ok(taken)
    }
}

/// Calls the function with this number, and gives its encoded result.
pub(crate) async fn call(
    store: &mut StoreContextMut<'_, VuState>,
    number: u32,
    arguments: &[u8],
) -> wasmtime::Result<Vec<u8>> {
    let bridge = store.data().calls.bridge.clone();
    let Some(function) = bridge.functions.get(number as usize) else {
        return Err(Misuse(format!("extensions.call: there is no function {number}")).into());
    };
    let name = store.data().calls.instances[function.extension].0.clone();
    let func = found(store, number as usize, function)?;
    let mut reader = Reader {
        bytes: arguments,
        handles: &mut store.data_mut().calls.kept,
    };
    let parameters = function.parameters.iter();
    let values = parameters.map(|(_, ty)| reader.value(ty));
    let values = values.collect::<wasmtime::Result<Vec<Val>>>()?;
    let mut results = vec![Val::Bool(false); usize::from(function.result.is_some())];
    let was_busy = std::mem::replace(&mut store.data_mut().attendance.busy, true);
    let called = func.call_async(&mut *store, &values, &mut results).await;
    called.map_err(|error| error.context(InExtension(name)))?;
    store.data_mut().attendance.busy = was_busy;
    let mut encoded = Vec::new();
    if let (Some(value), Some(ty)) = (results.first(), &function.result) {
        write(&mut encoded, value, ty, &mut store.data_mut().calls.kept)?;
    }
    Ok(encoded)
}

fn found(
    store: &mut StoreContextMut<'_, VuState>,
    number: usize,
    function: &Function,
) -> wasmtime::Result<Func> {
    let calls = &store.data().calls;
    if let Some(known) = calls.functions[number] {
        return Ok(known);
    }
    let instance = calls.instances[function.extension].1;
    let func = instance
        .get_func(&mut *store, function.index)
        .ok_or_else(|| wasmtime::Error::msg(format!("{} is no function", function.name)))?;
    store.data_mut().calls.functions[number] = Some(func);
    Ok(func)
}

/// Ends the resource with this number.
pub(crate) async fn drop_kept(
    store: &mut StoreContextMut<'_, VuState>,
    number: u32,
) -> wasmtime::Result<()> {
    let resource = store.data_mut().calls.kept.take(number)?;
    let was_busy = std::mem::replace(&mut store.data_mut().attendance.busy, true);
    resource.resource_drop_async(&mut *store).await?;
    store.data_mut().attendance.busy = was_busy;
    store.data_mut().usage.resume(Instant::now());
    Ok(())
}

/// The resource with this number, which is something to wait for, as the runtime's own.
pub(crate) fn take(
    store: &mut StoreContextMut<'_, VuState>,
    number: u32,
) -> wasmtime::Result<Resource<Waitable>> {
    let resource = store.data_mut().calls.kept.take(number)?;
    resource.try_into_resource(store)
}

/// A number for the same thing to wait for as this one of the runtime's, to be given to an extension.
pub(crate) fn keep(
    store: &mut StoreContextMut<'_, VuState>,
    waitable: &Resource<Waitable>,
) -> wasmtime::Result<u32> {
    let same = store.data().table.get(waitable)?.clone();
    let same = store.data_mut().table.push(same)?;
    let resource = same.try_into_resource_any(&mut *store)?;
    store.data_mut().calls.kept.number(resource)
}

fn unknown(number: u32) -> wasmtime::Error {
    Misuse(format!("extensions: no resource has the number {number}")).into()
}
