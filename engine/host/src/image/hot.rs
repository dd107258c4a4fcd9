//! Defines which functions come first among those that a module calls through pointers.
//!
//! wasmtime keeps 32 bytes for each of them in every instance, in the order in which a module mentions them, and writes them
//! when the function is first called. Where the thousand of a JavaScript engine lie as they come, what a VU calls is spread
//! over all of the pages; behind a declaration that mentions it first, it is on few.

use std::collections::BTreeSet;

use wasm_encoder::reencode::{RoundtripReencoder, utils};
use wasm_encoder::{ElementSection, Elements};
use wasmparser::{
    ElementItems, ElementKind, ElementSectionReader, KnownCustom, Name, Parser, Payload,
};

/// The section in which a module says which: a line for each, with a part of its name.
const SECTION: &str = "brunt:hot";

/// These elements of the module, behind a declaration of those that are hot; none where the module says nothing of it.
pub(super) fn first(
    module: &[u8],
    elements: ElementSectionReader<'_>,
) -> anyhow::Result<Option<ElementSection>> {
    let Some(pointed_at) = pointed_at(elements.clone())? else {
        return Ok(None);
    };
    let mut hot = hot(module)?;
    hot.retain(|function| pointed_at.contains(function));
    if hot.is_empty() {
        return Ok(None);
    }
    let mut all = ElementSection::new();
    all.declared(Elements::Functions(hot.into()));
    utils::parse_element_section(&mut RoundtripReencoder, &mut all, elements)?;
    Ok(Some(all))
}

/// The functions in these elements; none where some of them are used by their number, which one before them would change.
fn pointed_at(elements: ElementSectionReader<'_>) -> anyhow::Result<Option<BTreeSet<u32>>> {
    let mut functions = BTreeSet::new();
    for element in elements {
        let element = element?;
        let (ElementKind::Active { .. }, ElementItems::Functions(items)) =
            (element.kind, element.items)
        else {
            return Ok(None);
        };
        for function in items {
            functions.insert(function?);
        }
    }
    Ok(Some(functions))
}

/// The functions whose names have a part that the module says, in the order of what it says.
fn hot(module: &[u8]) -> anyhow::Result<Vec<u32>> {
    let (mut parts, mut names) = (Vec::new(), Vec::new());
    for payload in Parser::new(0).parse_all(module) {
        let Payload::CustomSection(section) = payload? else {
            continue;
        };
        if section.name() == SECTION {
            parts.extend(std::str::from_utf8(section.data())?.lines());
        } else if let KnownCustom::Name(sections) = section.as_known() {
            for section in sections {
                if let Name::Function(functions) = section? {
                    names.extend(functions.into_iter().flatten());
                }
            }
        }
    }
    let mut hot = Vec::new();
    for part in parts {
        let named = names.iter().filter(|naming| naming.name.contains(part));
        hot.extend(named.map(|naming| naming.index));
    }
    let mut known = BTreeSet::new();
    hot.retain(|function| known.insert(*function));
    Ok(hot)
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;

    use wasm_encoder::{
        CodeSection, ConstExpr, CustomSection, Function, FunctionSection, Module, NameMap,
        NameSection, RefType, TableSection, TableType, TypeSection,
    };

    use super::*;

    /// What the elements of a module with these functions and hot parts of names mention, segment by segment.
    fn mentioned(functions: &[&str], parts: &str) -> Option<Vec<Vec<u32>>> {
        let module = module(functions, parts);
        let elements = Parser::new(0)
            .parse_all(&module)
            .find_map(|payload| match payload {
                Ok(Payload::ElementSection(elements)) => Some(elements),
                _ => None,
            });
        let made = first(&module, elements.unwrap()).unwrap()?;
        let mut whole = Module::new();
        whole.section(&made);
        let whole = whole.finish();
        let segments = Parser::new(0)
            .parse_all(&whole)
            .find_map(|payload| match payload {
                Ok(Payload::ElementSection(elements)) => Some(elements),
                _ => None,
            });
        let items = segments
            .unwrap()
            .into_iter()
            .map(|element| match element.unwrap().items {
                ElementItems::Functions(items) => items.into_iter().map(Result::unwrap).collect(),
                ElementItems::Expressions(..) => Vec::new(),
            });
        Some(items.collect())
    }

    fn module(functions: &[&str], parts: &str) -> Vec<u8> {
        let count = functions.len() as u32;
        let (mut types, mut declared, mut tables) = (
            TypeSection::new(),
            FunctionSection::new(),
            TableSection::new(),
        );
        types.ty().function([], []);
        let mut code = CodeSection::new();
        for _ in functions {
            declared.function(0);
            let mut empty = Function::new([]);
            empty.instructions().end();
            code.function(&empty);
        }
        tables.table(TableType {
            element_type: RefType::FUNCREF,
            minimum: count.into(),
            maximum: None,
            table64: false,
            shared: false,
        });
        let mut elements = ElementSection::new();
        let all: Vec<u32> = (0..count - 1).collect();
        elements.active(
            None,
            &ConstExpr::i32_const(0),
            Elements::Functions(all.into()),
        );
        let mut map = NameMap::new();
        for (index, name) in (0..).zip(functions) {
            map.append(index, name);
        }
        let mut names = NameSection::new();
        names.functions(&map);
        let hot = CustomSection {
            name: Cow::Borrowed(SECTION),
            data: Cow::Borrowed(parts.as_bytes()),
        };
        let mut module = Module::new();
        module
            .section(&types)
            .section(&declared)
            .section(&tables)
            .section(&elements)
            .section(&code);
        module.section(&names).section(&hot);
        module.finish()
    }

    #[test]
    fn what_is_hot_is_mentioned_first_in_the_order_of_the_list() {
        // The last function is in no table: it has no room to be saved.
        let functions = [
            "js_one",
            "rust::call::a",
            "js_two",
            "rust::call::b",
            "js_two_more",
        ];
        let mentioned = mentioned(&functions, "js_two\nnobody\nrust::call\njs_two\n");
        assert_eq!(mentioned, Some(vec![vec![2, 1, 3], vec![0, 1, 2, 3]]));
    }

    #[test]
    fn a_module_that_says_nothing_stays_as_it_is() {
        assert_eq!(mentioned(&["js_one", "js_two"], ""), None);
        assert_eq!(mentioned(&["js_one", "js_two"], "nobody\n"), None);
    }
}
