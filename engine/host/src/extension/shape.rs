//! Defines the shape of a WebAssembly file: what it imports and exports by name, read without compiling it.

use wasmparser::{BinaryReaderError, Parser, Payload};

/// The names of what a component, or a core module with an embedded component type, imports and exports.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Shape {
    pub(crate) imports: Vec<String>,
    pub(crate) exports: Vec<String>,
    /// What the file says about itself in one line, in custom section `brunt:description`.
    pub(crate) description: Option<String>,
    /// What lies in custom sections `brunt:js/…`: specifiers, and the text of their modules.
    pub(crate) scripts: Vec<(String, String)>,
}

/// The section with a description.
const DESCRIPTION: &str = "brunt:description";

/// What the names of sections with scripts begin with.
const SCRIPT: &str = "brunt:js/";

impl Shape {
    /// The shape of the file with these bytes.
    ///
    /// # Errors
    /// When they are no WebAssembly, or end too early.
    pub(crate) fn of(bytes: &[u8]) -> Result<Self, BinaryReaderError> {
        let mut shape = Self::default();
        let mut depth = 0_u32;
        let is_component = Parser::is_component(bytes);
        for payload in Parser::new(0).parse_all(bytes) {
            match payload? {
                Payload::ModuleSection { .. } | Payload::ComponentSection { .. } => depth += 1,
                Payload::End(_) => depth = depth.saturating_sub(1),
                Payload::CustomSection(section) => shape.add_text(section.name(), section.data()),
                Payload::ComponentImportSection(imports) if depth == 0 => {
                    for import in imports {
                        add(&mut shape.imports, import?.name.name);
                    }
                }
                Payload::ComponentExportSection(exports) if depth == 0 => {
                    for export in exports {
                        add(&mut shape.exports, export?.name.name);
                    }
                }
                Payload::ImportSection(imports) if !is_component => {
                    for import in imports.into_imports() {
                        add(&mut shape.imports, import?.module);
                    }
                }
                Payload::ExportSection(exports) if !is_component => {
                    for export in exports {
                        if let Some((interface, _)) = export?.name.split_once('#') {
                            add(&mut shape.exports, interface);
                        }
                    }
                }
                _ => {}
            }
        }
        Ok(shape)
    }

    fn add_text(&mut self, section: &str, text: &[u8]) {
        if section == DESCRIPTION {
            self.description = Some(String::from_utf8_lossy(text).into_owned());
        }
        if let Some(specifier) = section.strip_prefix(SCRIPT) {
            let text = String::from_utf8_lossy(text).into_owned();
            self.scripts.push((specifier.to_owned(), text));
        }
    }
}

/// Adds a name that is an interface's, once. A core module also has imports that only its own encoding needs.
fn add(names: &mut Vec<String>, name: &str) {
    let is_interface = name.contains(':') && name.contains('/') && !name.starts_with('[');
    if is_interface && !names.iter().any(|known| known == name) {
        names.push(name.to_owned());
    }
}
