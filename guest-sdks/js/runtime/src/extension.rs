//! Defines extensions as modules: their interfaces, made from the types that the engine tells, and the modules that they ship.

mod calls;
mod names;
mod read;
mod resource;
mod types;
mod waitable;
mod write;

use std::collections::BTreeSet;

use rquickjs::module::Declared;
use rquickjs::{Ctx, Exception, Module, Object, Result};
use serde_json::Value as Json;

use crate::bindings::brunt::js::extensions;
use names::{camel, pascal};
use types::{Function, Interface, Kind};

pub(crate) use resource::drop_dead;

/// What the full names of interfaces begin with, as modules.
const INTERFACE: &str = "extension:";

/// What the specifiers of modules that extensions ship for k6's scripts begin with.
const FOREIGN: &str = "k6/x/";

pub(crate) fn install<'js>(ctx: &Ctx<'js>, native: &Object<'js>) -> Result<()> {
    calls::install(ctx, native)?;
    resource::install(ctx, native)?;
    waitable::install(ctx, native)
}

/// The full name of what a specifier means among the extensions; none where it is nothing of theirs.
pub(crate) fn resolve(specifier: &str) -> Option<String> {
    let is_interface = specifier.contains(':') && !specifier.contains("//");
    if !is_interface && !specifier.starts_with(FOREIGN) {
        return None;
    }
    let name = extensions::resolve(specifier)?;
    Some(match is_interface && extensions::script(&name).is_none() {
        true => format!("{INTERFACE}{name}"),
        false => name,
    })
}

/// Whether this is the full name of one of the extensions' modules.
pub(crate) fn is_module(name: &str) -> bool {
    name.starts_with(INTERFACE) || extensions::script(name).is_some()
}

/// Whether this is a module that was made of an interface.
pub(crate) fn is_interface(name: &str) -> bool {
    name.starts_with(INTERFACE)
}

/// What to say of a specifier that looks like an extension's.
pub(crate) fn missing(specifier: &str) -> String {
    format!(
        "no extension offers \"{specifier}\": name the file of the extension with --extension FILE.wasm; `brunt extension list` \
         shows those that are found"
    )
}

/// Whether a specifier looks like an extension's.
pub(crate) fn is_like_one(specifier: &str) -> bool {
    let interface = specifier.split_once(':').map(|(_, rest)| rest);
    let is_interface = interface.is_some_and(|rest| !rest.starts_with('/') && rest.contains('/'));
    is_interface || specifier.starts_with(FOREIGN)
}

/// The module of this full name; none where it is no extension's.
pub(crate) fn declare<'js>(ctx: &Ctx<'js>, name: &str) -> Option<Result<Module<'js, Declared>>> {
    if let Some(interface) = name.strip_prefix(INTERFACE) {
        let text = text_of(interface);
        return Some(match text {
            Ok(text) => Module::declare(ctx.clone(), name, text),
            Err(why) => Err(Exception::throw_message(ctx, &why)),
        });
    }
    let is_foreign = name.starts_with(FOREIGN) || name.contains(':') && !name.contains("//");
    let text = is_foreign.then(|| extensions::script(name)).flatten()?;
    Some(Module::declare(ctx.clone(), name, text))
}

/// The text of the module that is made of an interface.
fn text_of(interface: &str) -> std::result::Result<String, String> {
    let described = extensions::describe(interface).ok_or_else(|| missing(interface))?;
    let described: Json = serde_json::from_str(&described).map_err(|error| error.to_string())?;
    let described = Interface::parse(interface, &described)?;
    let mut text = "import native from 'brunt:native';\n".to_owned();
    for other in other_interfaces(&described) {
        text.push_str(&format!(
            "import {};\n",
            quoted(&format!("{INTERFACE}{other}"))
        ));
    }
    let mut exports = Vec::new();
    for resource in &described.resources {
        text.push_str(&class(&described, resource));
        exports.push(pascal(resource));
    }
    let mut lists = String::new();
    for function in described.functions {
        if function.kind == Kind::Free {
            let name = camel(&function.name);
            let number = function.number;
            lists.push_str(&format!(
                "const _{name} = native.extensionFunction({number});\n"
            ));
            exports.push(name);
        }
        calls::know(function);
    }
    text.push_str(&lists);
    let all = exports.iter().map(|name| format!("_{name} as {name}"));
    text.push_str(&format!(
        "export {{ {} }};\n",
        all.collect::<Vec<_>>().join(", ")
    ));
    let all = exports.iter().map(|name| format!("{name}: _{name}"));
    text.push_str(&format!(
        "export default {{ {} }};\n",
        all.collect::<Vec<_>>().join(", ")
    ));
    Ok(text)
}

/// The class of a resource.
fn class(interface: &Interface, resource: &str) -> String {
    let own = interface.functions.iter();
    let own: Vec<&Function> = own
        .filter(|of| of.kind.resource() == Some(resource))
        .collect();
    let name = pascal(resource);
    let full = quoted(&format!("{}#{resource}", interface.name));
    let constructor = own
        .iter()
        .find(|of| matches!(of.kind, Kind::Constructor(_)));
    let body = match constructor {
        Some(function) => format!(
            "return native.extensionConstruct({}, new.target.prototype, args);",
            function.number
        ),
        None => format!("throw new TypeError('{name} can not be made with new');"),
    };
    let mut text =
        format!("const _{name} = class {name} {{ constructor(...args) {{ {body} }} }};\n");
    text.push_str(&format!(
        "native.extensionClass({full}, _{name}.prototype);\n"
    ));
    for function in own {
        let place = match function.kind {
            Kind::Method(_) => ".prototype",
            Kind::Static(_) => "",
            _ => continue,
        };
        let (member, number) = (camel(&function.name), function.number);
        text.push_str(&format!(
            "native.extensionMember(_{name}{place}, '{member}', {number});\n"
        ));
    }
    text
}

/// The other interfaces whose resources this one mentions: their classes must be there.
fn other_interfaces(interface: &Interface) -> BTreeSet<String> {
    let mut mentioned = BTreeSet::new();
    for function in &interface.functions {
        let types = function.parameters.iter().map(|(_, ty)| ty);
        for ty in types.chain(&function.result) {
            ty.each_resource(&mut |resource| {
                let owner = resource.split('#').next().unwrap_or(resource);
                if owner != interface.name && !types::is_waitable(resource) {
                    mentioned.insert(owner.to_owned());
                }
            });
        }
    }
    mentioned
}

fn quoted(text: &str) -> String {
    Json::from(text).to_string()
}
