//! Defines how a component is divided from its memory: it then imports a module, and the module has the memory.

use std::ops::Range;

use wasm_encoder::reencode::{Error, Reencode, ReencodeComponent, RoundtripReencoder, utils};
use wasm_encoder::{
    Component, ComponentImportSection, ComponentTypeRef, CoreTypeSection, EntityType,
    ImportSection, InstanceSection, Module, ModuleArg, ModuleSection, ModuleType, RawSection,
    SectionId,
};
use wasmparser::{Parser, Payload};

use super::{IMPORT, Image, MEMORY, hot, memory_type};

/// The component with the memory of its first module that has one imported, from a module named [`IMPORT`].
///
/// # Errors
/// When the component has no such memory, or is no component.
pub(crate) fn divide(component: &[u8], image: &Image) -> anyhow::Result<Vec<u8>> {
    let mut dividing = Divide {
        pages: image.pages,
        depth: 0,
        modules: 0,
        divided: None,
    };
    let mut made = Component::new();
    let mut types = CoreTypeSection::new();
    let mut imported = ModuleType::new();
    imported.export(MEMORY, EntityType::Memory(memory_type(image.pages)));
    types.ty().module(&imported);
    made.section(&types);
    let mut imports = ComponentImportSection::new();
    imports.import(IMPORT, ComponentTypeRef::Module(0));
    made.section(&imports);
    let mut instances = InstanceSection::new();
    instances.instantiate(0, std::iter::empty::<(&str, ModuleArg)>());
    made.section(&instances);
    let copied = dividing.parse_component(&mut made, Parser::new(0), component);
    copied.map_err(|error| anyhow::anyhow!("{error}"))?;
    match dividing.divided {
        Some(_) => Ok(made.finish()),
        None => anyhow::bail!("no module of it has a memory of its own"),
    }
}

/// Copies a component behind the import and its instance: all that it numbers itself comes one later.
struct Divide {
    pages: u64,
    depth: u32,
    /// Modules that were copied.
    modules: u32,
    /// Which of them was divided from its memory.
    divided: Option<u32>,
}

impl Reencode for Divide {
    type Error = anyhow::Error;
}

impl Divide {
    fn later(&self, index: u32) -> u32 {
        match self.depth {
            0 => index + 1,
            _ => index,
        }
    }
}

impl ReencodeComponent for Divide {
    fn module_index(&mut self, index: u32) -> u32 {
        self.later(index)
    }

    fn instance_index(&mut self, index: u32) -> u32 {
        self.later(index)
    }

    fn push_depth(&mut self) {
        self.depth += 1;
    }

    fn pop_depth(&mut self) {
        self.depth -= 1;
    }

    fn parse_component_submodule(
        &mut self,
        component: &mut Component,
        _: Parser,
        module: &[u8],
    ) -> Result<(), Error<Self::Error>> {
        if self.depth > 0 || self.divided.is_some() || !has_memory(module)? {
            component.section(&RawSection {
                id: wasm_encoder::ComponentSectionId::CoreModule.into(),
                data: module,
            });
        } else {
            let module = without_memory(module, self.pages).map_err(Error::UserError)?;
            component.section(&ModuleSection(&module));
            self.divided = Some(self.modules);
        }
        self.modules += 1;
        Ok(())
    }

    fn parse_instance(
        &mut self,
        instances: &mut InstanceSection,
        instance: wasmparser::Instance<'_>,
    ) -> Result<(), Error<Self::Error>> {
        match instance {
            wasmparser::Instance::Instantiate { module_index, args }
                if self.depth == 0 && self.divided == Some(module_index) =>
            {
                let own = args.iter().map(|arg| (arg.name, arg.index + 1));
                let image = std::iter::once((IMPORT, 0));
                let args = own.chain(image);
                instances.instantiate(
                    self.module_index(module_index),
                    args.map(|(name, index)| (name, ModuleArg::Instance(index)))
                        .collect::<Vec<_>>(),
                );
                Ok(())
            }
            other => {
                wasm_encoder::reencode::component_utils::parse_instance(self, instances, other)
            }
        }
    }
}

fn has_memory(module: &[u8]) -> Result<bool, wasmparser::BinaryReaderError> {
    for payload in Parser::new(0).parse_all(module) {
        if let Payload::MemorySection(memories) = payload? {
            return Ok(memories.count() > 0);
        }
    }
    Ok(false)
}

/// The module with its memory imported, and without the memory's content.
fn without_memory(bytes: &[u8], pages: u64) -> anyhow::Result<Module> {
    let mut module = Module::new();
    let mut imported = false;
    for payload in Parser::new(0).parse_all(bytes) {
        let payload = payload?;
        let Some((id, range)) = payload.as_section() else {
            continue;
        };
        // Behind the types, which come first; where the module imports nothing itself there is no section for it yet.
        if id > u8::from(SectionId::Import) && !imported {
            imports(&mut module, None, pages)?;
            imported = true;
        }
        match payload {
            Payload::ImportSection(own) => {
                imports(&mut module, Some(own), pages)?;
                imported = true;
            }
            Payload::MemorySection(_)
            | Payload::DataSection(_)
            | Payload::DataCountSection { .. } => {}
            Payload::ElementSection(elements) => {
                match hot::first(bytes, elements)? {
                    Some(elements) => module.section(&elements),
                    None => module.section(&raw(bytes, id, range)),
                };
            }
            _ => {
                module.section(&raw(bytes, id, range));
            }
        }
    }
    Ok(module)
}

fn raw(bytes: &[u8], id: u8, range: Range<u64>) -> RawSection<'_> {
    let data = &bytes[range.start as usize..range.end as usize];
    RawSection { id, data }
}

fn imports(
    module: &mut Module,
    own: Option<wasmparser::ImportSectionReader<'_>>,
    pages: u64,
) -> anyhow::Result<()> {
    let mut imports = ImportSection::new();
    if let Some(own) = own {
        utils::parse_import_section(&mut RoundtripReencoder, &mut imports, own)?;
    }
    imports.import(IMPORT, MEMORY, EntityType::Memory(memory_type(pages)));
    module.section(&imports);
    Ok(())
}
