//! Defines the bridge from scripts to extensions: what each exports, as its types say, and calls with values that are encoded.
//!
//! A script has no compile step in which an extension's interface could become bindings. So the engine reads the types of what is
//! exported, tells the runtime of scripts about them, and calls functions with values that it decodes by them.

mod calls;
mod types;
mod values;

use wasmtime::component::types::{ComponentFunc, ComponentInstance, ComponentItem};
use wasmtime::component::{Component, ComponentExportIndex, ResourceType};

use serde_json::{Value, json};

use crate::engine::Engine;
use crate::extension::{Interface, Part};

pub(crate) use calls::{Calls, call, drop_kept, keep, take};
use types::{Resources, Type};

/// All that scripts can use of a test's extensions.
#[derive(Default)]
pub(crate) struct Bridge {
    interfaces: Vec<Exported>,
    functions: Vec<Function>,
    scripts: Vec<(String, String)>,
}

/// An interface that an extension exports.
struct Exported {
    name: Interface,
    resources: Vec<String>,
    /// Its functions: the range of their numbers.
    functions: std::ops::Range<usize>,
}

/// A function of an extension.
struct Function {
    /// The extension's place among all of the test.
    extension: usize,
    index: ComponentExportIndex,
    name: String,
    parameters: Vec<(String, Type)>,
    result: Option<Type>,
}

impl Bridge {
    /// Adds what this extension, compiled as this component, exports.
    ///
    /// # Errors
    /// When a type of it can't be had in a script.
    pub(crate) fn add(
        &mut self,
        engine: &Engine,
        part: &Part,
        component: &Component,
        extension: usize,
    ) -> wasmtime::Result<()> {
        let resources = resources(engine, component);
        self.scripts.extend_from_slice(part.file.scripts());
        for name in part.file.exports() {
            let text = name.to_string();
            let Some(at) = component.get_export_index(None, &text) else {
                continue;
            };
            let ty = component.component_type();
            let item = ty
                .get_export(engine.wasmtime(), &text)
                .map(|found| found.ty);
            let Some(ComponentItem::ComponentInstance(instance)) = item else {
                continue;
            };
            let first = self.functions.len();
            for (function, item) in instance.exports(engine.wasmtime()) {
                let ComponentItem::ComponentFunc(ty) = item.ty else {
                    continue;
                };
                let index = component
                    .get_export_index(Some(&at), function)
                    .ok_or_else(|| wasmtime::Error::msg(format!("{function} is missing")))?;
                let made = Function::new(extension, index, function, &ty, &resources);
                self.functions.push(made.map_err(|why| {
                    wasmtime::Error::msg(format!("{text}: function {function}: {why}"))
                })?);
            }
            self.interfaces.push(Exported {
                name: name.clone(),
                resources: resources_of(engine, &instance),
                functions: first..self.functions.len(),
            });
        }
        Ok(())
    }

    /// The full name of what a script's import of this specifier means; none where no extension offers it.
    pub(crate) fn resolve(&self, specifier: &str) -> Option<String> {
        if self.scripts.iter().any(|(known, _)| known == specifier) {
            return Some(specifier.to_owned());
        }
        let wanted = Interface::parse(specifier)?;
        self.exported(&wanted).map(|found| found.name.to_string())
    }

    /// The text of the module that an extension ships under this specifier.
    pub(crate) fn script(&self, specifier: &str) -> Option<&str> {
        let mut scripts = self.scripts.iter();
        let (_, text) = scripts.find(|(known, _)| known == specifier)?;
        Some(text)
    }

    /// What the interface of this name has, as JSON: names of resources, and functions with their numbers and types.
    pub(crate) fn describe(&self, name: &str) -> Option<String> {
        let exported = self.exported(&Interface::parse(name)?)?;
        let functions = exported.functions.clone().map(|number| {
            let function = &self.functions[number];
            let parameters = function.parameters.iter();
            json!({
                "number": number,
                "name": function.name,
                "parameters": parameters.map(|(name, ty)| json!([name, ty.to_json()])).collect::<Vec<_>>(),
                "result": function.result.as_ref().map_or(Value::Null, Type::to_json),
            })
        });
        let described = json!({
            "resources": exported.resources,
            "functions": functions.collect::<Vec<_>>(),
        });
        Some(described.to_string())
    }

    fn exported(&self, wanted: &Interface) -> Option<&Exported> {
        let mut interfaces = self.interfaces.iter();
        interfaces.find(|exported| exported.name.fits(wanted))
    }
}

impl Function {
    fn new(
        extension: usize,
        index: ComponentExportIndex,
        name: &str,
        ty: &ComponentFunc,
        resources: &Resources,
    ) -> Result<Self, String> {
        if ty.async_() {
            return Err("it is asynchronous, which this version can't call".to_owned());
        }
        let parameters = ty
            .params()
            .map(|(name, ty)| Ok((name.to_owned(), Type::of(&ty, resources)?)));
        let result = ty.results().next();
        Ok(Self {
            extension,
            index,
            name: name.to_owned(),
            parameters: parameters.collect::<Result<_, String>>()?,
            result: result.map(|ty| Type::of(&ty, resources)).transpose()?,
        })
    }
}

/// The resources that a component imports or exports, with the names of their interfaces.
fn resources(engine: &Engine, component: &Component) -> Resources {
    let ty = component.component_type();
    let engine = engine.wasmtime();
    let mut all = Vec::new();
    for (name, item) in ty.imports(engine).chain(ty.exports(engine)) {
        if let ComponentItem::ComponentInstance(instance) = item.ty {
            for (own, item) in instance.exports(engine) {
                if let ComponentItem::Resource(resource) = item.ty {
                    add(&mut all, resource, format!("{name}#{own}"));
                }
            }
        }
    }
    all
}

/// The interface that defines a resource is listed before those that use it.
fn add(all: &mut Resources, resource: ResourceType, name: String) {
    if all.iter().all(|(known, _)| *known != resource) {
        all.push((resource, name));
    }
}

fn resources_of(engine: &Engine, instance: &ComponentInstance) -> Vec<String> {
    let exports = instance.exports(engine.wasmtime());
    exports
        .filter(|(_, item)| matches!(item.ty, ComponentItem::Resource(_)))
        .map(|(name, _)| name.to_owned())
        .collect()
}
