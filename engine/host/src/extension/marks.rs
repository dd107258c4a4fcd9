//! Defines the marks by which code of an extension is known: the name of each of its modules says whose it is.
//!
//! A stack tells them: which part of a joined component a trap came from, and whether an extension is in the middle of a
//! call, when it must not be entered.

use wasm_encoder::reencode::{Error, Reencode, ReencodeComponent};
use wasm_encoder::{Component, Module, ModuleSection, NameMap, NameSection, RawSection};
use wasmparser::{KnownCustom, Parser, Payload};

/// What the name of a marked module begins with.
const MARK: &str = "extension ";

/// The component with all its modules marked as those of the extension with this name.
///
/// # Errors
/// When the bytes are no component.
pub(crate) fn marked(component: &[u8], name: &str) -> anyhow::Result<Vec<u8>> {
    let mut made = Component::new();
    Marking(format!("{MARK}{name}"))
        .parse_component(&mut made, Parser::new(0), component)
        .map_err(|error| anyhow::anyhow!("{error}"))?;
    Ok(made.finish())
}

/// Whose code a module of this name is; none where it is not an extension's.
pub(crate) fn of_mark(module: &str) -> Option<&str> {
    module.strip_prefix(MARK)
}

struct Marking(String);

impl Reencode for Marking {
    type Error = anyhow::Error;
}

impl ReencodeComponent for Marking {
    fn parse_component_submodule(
        &mut self,
        component: &mut Component,
        _: Parser,
        module: &[u8],
    ) -> Result<(), Error<Self::Error>> {
        let module = renamed(module, &self.0).map_err(Error::UserError)?;
        component.section(&ModuleSection(&module));
        Ok(())
    }
}

/// The module with this name, and the names of its functions as they were.
fn renamed(bytes: &[u8], name: &str) -> anyhow::Result<Module> {
    let mut module = Module::new();
    let mut names = NameSection::new();
    names.module(name);
    for payload in Parser::new(0).parse_all(bytes) {
        let payload = payload?;
        if let Payload::CustomSection(section) = &payload
            && let KnownCustom::Name(known) = section.as_known()
        {
            for known in known {
                if let Ok(wasmparser::Name::Function(functions)) = known {
                    let mut map = NameMap::new();
                    for function in functions {
                        let function = function?;
                        map.append(function.index, function.name);
                    }
                    names.functions(&map);
                }
            }
            continue;
        }
        let Some((id, range)) = payload.as_section() else {
            continue;
        };
        let data = &bytes[range.start as usize..range.end as usize];
        module.section(&RawSection { id, data });
    }
    module.section(&names);
    Ok(module)
}

#[cfg(test)]
mod tests {
    use wasm_encoder::{ComponentBuilder, ComponentSectionId};
    use wasmparser::{KnownCustom, Name};

    use super::*;

    #[test]
    fn modules_are_marked_at_every_depth_and_keep_the_names_of_functions() {
        let mut inner = ComponentBuilder::default();
        inner.core_module(None, &module());
        let mut outer = ComponentBuilder::default();
        outer.core_module(None, &module());
        let inner = inner.finish();
        let mut component = outer.finish();
        component.push(ComponentSectionId::Component.into());
        leb(&mut component, inner.len());
        component.extend(inner);
        let marked = marked(&component, "a:b").expect("a component");
        let names: Vec<(String, String)> = names(&marked);
        let expected = ("extension a:b".to_owned(), "work".to_owned());
        assert_eq!(names, [expected.clone(), expected]);
        assert_eq!(of_mark("extension a:b"), Some("a:b"));
        assert_eq!(of_mark("a.wasm"), None);
    }

    fn module() -> Module {
        let mut functions = NameMap::new();
        functions.append(0, "work");
        let mut names = NameSection::new();
        names.module("before");
        names.functions(&functions);
        let mut module = Module::new();
        module.section(&names);
        module
    }

    fn leb(bytes: &mut Vec<u8>, mut number: usize) {
        while number >= 0x80 {
            bytes.push(number as u8 | 0x80);
            number >>= 7;
        }
        bytes.push(number as u8);
    }

    /// The name of each module, and of its first function.
    fn names(component: &[u8]) -> Vec<(String, String)> {
        let mut found = Vec::new();
        for payload in Parser::new(0).parse_all(component) {
            let Ok(Payload::CustomSection(section)) = payload else {
                continue;
            };
            let KnownCustom::Name(names) = section.as_known() else {
                continue;
            };
            let (mut module, mut function) = (String::new(), String::new());
            for name in names.into_iter().flatten() {
                match name {
                    Name::Module { name, .. } => module = name.to_owned(),
                    Name::Function(map) => {
                        let first = map.into_iter().flatten().next();
                        function = first.map_or("", |naming| naming.name).to_owned();
                    }
                    _ => {}
                }
            }
            found.push((module, function));
        }
        found
    }
}
