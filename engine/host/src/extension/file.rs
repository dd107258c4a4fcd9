//! Defines the file of an extension, opened and checked.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::error::{Error, ErrorKind};
use crate::extension::interface::Interface;
use crate::extension::shape::Shape;
use crate::world;

/// An extension: a component, or a core module with an embedded component type, in a file. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Extension {
    path: PathBuf,
    bytes: Arc<[u8]>,
    exports: Vec<Interface>,
    imports: Vec<String>,
    description: Option<String>,
    scripts: Arc<[(String, String)]>,
}

impl Extension {
    /// Opens the extension in this file.
    ///
    /// # Errors
    /// A file that can't be read, is not WebAssembly, or not an extension.
    pub fn open(path: &Path) -> Result<Self, Error> {
        let bytes = std::fs::read(path).map_err(|error| unreadable(path, &error))?;
        let shape = Shape::of(&bytes).map_err(|error| {
            let message = format!("{} is not a WebAssembly file: {error}", path.display());
            Error::new(ErrorKind::NotAComponent, message)
                .hint("an extension is one .wasm file: is it whole? build it or copy it again")
        })?;
        if !is_extension(&shape) {
            return Err(no_extension(path, &shape));
        }
        let extension = Self::of(path, bytes, shape);
        extension.check()?;
        Ok(extension)
    }

    /// The extension in this file; none where it is something else.
    pub(super) fn seen(path: &Path) -> Option<Self> {
        let bytes = std::fs::read(path).ok()?;
        let shape = Shape::of(&bytes).ok()?;
        is_extension(&shape).then(|| Self::of(path, bytes, shape))
    }

    fn of(path: &Path, bytes: Vec<u8>, shape: Shape) -> Self {
        let own = |name: &String| Interface::parse(name).filter(|name| name.package != ENGINE);
        Self {
            path: path.to_owned(),
            bytes: bytes.into(),
            exports: shape.exports.iter().filter_map(own).collect(),
            imports: shape.imports,
            description: shape.description.filter(|text| !text.is_empty()),
            scripts: shape.scripts.into(),
        }
    }

    /// Whether it can be used by this engine, as [`Extension::open`] asks.
    pub(super) fn check(&self) -> Result<(), Error> {
        if self.exports.is_empty() && self.scripts.is_empty() {
            let message = format!(
                "{} exports nothing that a test could import",
                self.path.display()
            );
            return Err(Error::new(ErrorKind::WrongWorld, message).hint(
                "export an interface of its own package from the extension's world: `export client;`",
            ));
        }
        let faults: Vec<String> = self
            .imports
            .iter()
            .filter_map(|name| world::fault_of_extension(name))
            .collect();
        if faults.is_empty() {
            return Ok(());
        }
        let message = format!(
            "{} does not fit this brunt: {}",
            self.path.display(),
            faults.join("; ")
        );
        Err(Error::new(ErrorKind::WrongWorld, message)
            .hint("an extension may import what world brunt:worlds/extension@0.1.0 has, and no other extension"))
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The content of the file.
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Bytes of the file.
    pub fn size(&self) -> usize {
        self.bytes.len()
    }

    /// What messages call it: the package that it exports interfaces of, or its file where it exports none.
    pub fn name(&self) -> String {
        match self.exports.first() {
            Some(interface) => interface.package.clone(),
            None => self
                .path
                .file_stem()
                .unwrap_or_default()
                .to_string_lossy()
                .into_owned(),
        }
    }

    /// The version of that package.
    pub fn version(&self) -> Option<&str> {
        self.exports.first()?.version.as_deref()
    }

    /// What it says about itself in one line.
    pub fn description(&self) -> Option<&str> {
        self.description.as_deref()
    }

    /// The interfaces that tests can import.
    pub fn exports(&self) -> &[Interface] {
        &self.exports
    }

    /// The interfaces of the engine that it imports.
    pub fn imports(&self) -> &[String] {
        &self.imports
    }

    /// The modules that it ships for scripts: specifiers and texts.
    pub fn scripts(&self) -> &[(String, String)] {
        &self.scripts
    }

    /// Its interface that fits what is wanted.
    pub(crate) fn export(&self, wanted: &Interface) -> Option<&Interface> {
        self.exports.iter().find(|offered| offered.fits(wanted))
    }
}

/// The package of the engine's own interfaces that extensions export.
const ENGINE: &str = "brunt:worlds";

fn is_extension(shape: &Shape) -> bool {
    shape.exports.iter().any(|name| {
        let wanted = Interface::parse(super::LIFECYCLE);
        Interface::parse(name)
            .zip(wanted)
            .is_some_and(|(name, wanted)| name.fits(&wanted))
    })
}

fn no_extension(path: &Path, shape: &Shape) -> Error {
    let message = format!(
        "{} is not an extension: it does not export {}",
        path.display(),
        super::LIFECYCLE
    );
    let is_test = shape.exports.iter().any(|name| name == world::LIFECYCLE);
    Error::new(ErrorKind::WrongWorld, message).hint(match is_test {
        true => "it is a test: `brunt run` runs it",
        false => "its world has to include brunt:worlds/extension@0.1.0; `brunt extension new NAME` starts one that does",
    })
}

fn unreadable(path: &Path, error: &std::io::Error) -> Error {
    let message = match error.kind() {
        std::io::ErrorKind::NotFound => format!("extension {} does not exist", path.display()),
        _ => format!("extension {} can't be read: {error}", path.display()),
    };
    Error::new(ErrorKind::File, message).hint(
        "`brunt extension list` shows the extensions that are found, and where they are looked for",
    )
}

#[cfg(test)]
mod tests {
    use wasm_encoder::{
        CodeSection, ExportKind, ExportSection, Function, FunctionSection, ImportSection, Module,
        TypeSection,
    };

    use super::*;

    #[test]
    fn an_extension_offers_something_and_imports_only_what_it_may() {
        for (import, exports, words) in [
            (
                "brunt:time/clock@0.1.0",
                &["my:own/client@1.0.0#ask"][..],
                "",
            ),
            (
                "brunt:time/clock@0.1.0",
                &[],
                "exports nothing that a test could import",
            ),
            (
                "my:other/client@1.0.0",
                &["my:own/client@1.0.0#ask"],
                "imports my:other/client@1.0.0",
            ),
            (
                "brunt:js/image@0.1.0",
                &["my:own/client@1.0.0#ask"],
                "only runtimes of scripts",
            ),
            (
                "brunt:time/clock@0.2.0",
                &["my:own/client@1.0.0#ask"],
                "this brunt offers brunt:time/clock@0.1",
            ),
        ] {
            let bytes = module(import, exports);
            let shape = Shape::of(&bytes).expect("a module");
            assert!(is_extension(&shape));
            let checked = Extension::of(Path::new("a.wasm"), bytes, shape).check();
            let told = checked.map_or_else(|error| error.to_string(), |()| String::new());
            assert!(
                told.contains(words) && told.is_empty() == words.is_empty(),
                "{told}"
            );
        }
    }

    /// A core module as guests' compilers make them.
    fn module(import: &str, exports: &[&str]) -> Vec<u8> {
        let mut types = TypeSection::new();
        types.ty().function([], []);
        let mut imports = ImportSection::new();
        imports.import(import, "f", wasm_encoder::EntityType::Function(0));
        let mut functions = FunctionSection::new();
        functions.function(0);
        let mut all = ExportSection::new();
        let lifecycle = format!("{}#init", super::super::LIFECYCLE);
        for name in exports.iter().copied().chain([lifecycle.as_str()]) {
            all.export(name, ExportKind::Func, 1);
        }
        let mut body = Function::new([]);
        body.instructions().end();
        let mut code = CodeSection::new();
        code.function(&body);
        let mut module = Module::new();
        module.section(&types).section(&imports).section(&functions);
        module.section(&all).section(&code);
        module.finish()
    }
}
