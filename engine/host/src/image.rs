//! Defines memory images: what a VU's memory holds when it is made, as a module of its own.
//!
//! The runtime of scripts is one component, compiled once, whose memory comes from outside ([`divide`]). Made with the image
//! that the compiler left, a VU has yet to evaluate the script; made with the image of a VU that has evaluated it, it only
//! goes on. A module that is nothing but memory has no code to compile, and all VUs share its pages until they write.

mod divide;
mod hot;

use std::ops::Range;

use wasm_encoder::{ConstExpr, DataSection, ExportKind, ExportSection, MemorySection, MemoryType};
use wasmparser::{DataKind, Operator, Parser, Payload};

pub(crate) use divide::divide;

/// The name under which a divided component imports its image.
pub(crate) const IMPORT: &str = "image";

/// The name under which an image exports its memory.
const MEMORY: &str = "memory";

/// Bytes of a page of WebAssembly's memory.
const WASM_PAGE: usize = 64 << 10;

/// Bytes of the largest memory.
const MOST: usize = 4 << 30;

/// Bytes that are left out together where all are zero: a page of the processor's memory.
const PAGE: usize = 4 << 10;

/// What a memory holds.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Image {
    /// Its size, in pages of WebAssembly.
    pages: u64,
    /// Its content from the start of each; all else is zero.
    parts: Vec<(u32, Vec<u8>)>,
}

impl Image {
    /// What the memory of this module holds at first; of a component, its first module with a memory. None where there is
    /// no such module, or its memory depends on more than constants.
    pub(crate) fn of_module(bytes: &[u8]) -> Option<Self> {
        let mut image = Self::default();
        for payload in Parser::new(0).parse_all(bytes) {
            match payload.ok()? {
                Payload::MemorySection(memories) => {
                    image.pages = memories.into_iter().next()?.ok()?.initial;
                }
                Payload::DataSection(segments) if image.pages > 0 => {
                    for segment in segments {
                        image.parts.push(part(&segment.ok()?)?);
                    }
                    return Some(image);
                }
                _ => {}
            }
        }
        (image.pages > 0).then_some(image)
    }

    /// A memory with this content from `start` to its end; none where that lies beyond what an address can say.
    pub(crate) fn of_memory(start: u32, content: &[u8]) -> Option<Self> {
        let size = start as usize + content.len();
        if size > MOST {
            return None;
        }
        let parts = written(content).into_iter().map(|range| {
            let content = content[range.clone()].to_vec();
            (start + range.start as u32, content)
        });
        Some(Self {
            pages: size.div_ceil(WASM_PAGE) as u64,
            parts: parts.collect(),
        })
    }

    /// The image as a module that exports its memory.
    pub(crate) fn module(&self) -> Vec<u8> {
        let mut memories = MemorySection::new();
        memories.memory(memory_type(self.pages));
        let mut exports = ExportSection::new();
        exports.export(MEMORY, ExportKind::Memory, 0);
        let mut data = DataSection::new();
        for (start, content) in &self.parts {
            let start = ConstExpr::i32_const(start.cast_signed());
            data.active(0, &start, content.iter().copied());
        }
        let mut module = wasm_encoder::Module::new();
        module.section(&memories).section(&exports).section(&data);
        module.finish()
    }
}

fn memory_type(minimum: u64) -> MemoryType {
    MemoryType {
        minimum,
        maximum: None,
        memory64: false,
        shared: false,
        page_size_log2: None,
    }
}

fn part(segment: &wasmparser::Data<'_>) -> Option<(u32, Vec<u8>)> {
    let DataKind::Active {
        memory_index: 0,
        offset_expr,
    } = &segment.kind
    else {
        return None;
    };
    match offset_expr.get_operators_reader().read().ok()? {
        Operator::I32Const { value } => Some((value.cast_unsigned(), segment.data.to_vec())),
        _ => None,
    }
}

/// The ranges of pages that are not all zero.
fn written(content: &[u8]) -> Vec<Range<usize>> {
    let mut ranges: Vec<Range<usize>> = Vec::new();
    for (index, page) in content.chunks(PAGE).enumerate() {
        if page.iter().all(|byte| *byte == 0) {
            continue;
        }
        let start = index * PAGE;
        let end = start + page.len();
        match ranges.last_mut() {
            Some(last) if last.end == start => last.end = end,
            _ => ranges.push(start..end),
        }
    }
    ranges
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn an_image_is_what_the_memory_held(
            start in 0_u32..10_000,
            writes in prop::collection::vec((0_usize..200_000, any::<u8>()), 0..20),
        ) {
            let mut memory = vec![0; 200_000];
            for (place, byte) in writes {
                memory[place] = byte;
            }
            let image = Image::of_memory(start, &memory).unwrap();
            let again = Image::of_module(&image.module()).unwrap();
            prop_assert_eq!(&again, &image);
            let mut content = vec![0; start as usize];
            content.extend(&memory);
            content.resize(image.pages as usize * WASM_PAGE, 0);
            prop_assert_eq!(content_of(&again), content);
        }
    }

    #[test]
    fn pages_of_zeros_are_left_out() {
        let mut memory = vec![0; 10 * PAGE];
        memory[PAGE] = 1;
        memory[3 * PAGE - 1] = 1;
        memory[9 * PAGE] = 1;
        assert_eq!(written(&memory), [PAGE..3 * PAGE, 9 * PAGE..10 * PAGE]);
    }

    #[test]
    fn an_image_ends_within_a_memory() {
        let (memory, last) = ([1; WASM_PAGE], u32::MAX - (WASM_PAGE as u32 - 1));
        let image = Image::of_memory(last, &memory);
        assert_eq!(
            image.map(|image| image.pages),
            Some(MOST as u64 / WASM_PAGE as u64)
        );
        assert_eq!(Image::of_memory(last + 1, &memory), None);
    }

    #[test]
    fn a_module_without_a_memory_has_no_image() {
        let empty = wasm_encoder::Module::new().finish();
        assert_eq!(Image::of_module(&empty), None);
    }

    fn content_of(image: &Image) -> Vec<u8> {
        let mut content = vec![0; image.pages as usize * WASM_PAGE];
        for (start, part) in &image.parts {
            content[*start as usize..][..part.len()].copy_from_slice(part);
        }
        content
    }
}
