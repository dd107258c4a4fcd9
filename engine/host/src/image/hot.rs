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
