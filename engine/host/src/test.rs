//! Defines a test: a component, checked and compiled, ready to be instantiated as VUs.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::bindings::TestPre;
use crate::bridge::Bridge;
use crate::cache::{Cache, Compiled, How};
use crate::componentize::componentize;
use crate::engine::Engine;
use crate::error::{Error, ErrorKind};
use crate::evaluation::Snapshot;
use crate::extension::{self, Extension, Interface, Linked, Part, SearchPath, Shape, Wanted};
use crate::image::{Image, divide};
use crate::limits::Limits;
use crate::link::{Waits, imports, linker};
use crate::state::VuState;
use crate::world;
use serde::Deserialize;

/// A compiled test, loaded into an engine. Cheap to clone, and shared by all threads.
#[derive(Clone)]
pub struct Test {
    pub(crate) pre: Arc<TestPre<VuState>>,
    pub(crate) imports_wasi: bool,
    /// Its extensions, in the order in which they are initialised.
    pub(crate) extensions: Arc<[Linked]>,
    /// What a script can use of them.
    pub(crate) bridge: Arc<Bridge>,
    engine: Engine,
    compiled: Compiled,
    name: String,
    folder: PathBuf,
    parts: Arc<[Part]>,
    /// What the memory of its VUs holds when they are made, where it is the runtime of a script.
    image: Option<Arc<Image>>,
}

/// What a test says about itself.
#[derive(Debug, Clone, Default, Deserialize)]
pub struct Description {
    /// Its own options, in k6's names and shapes.
    #[serde(default)]
    pub options: serde_json::Map<String, serde_json::Value>,
    /// What its scenarios can execute.
    #[serde(default)]
    pub functions: Vec<String>,
    /// The optional phases that do something; none says that all may.
    #[serde(default)]
    pub lifecycle: Option<Vec<String>>,
    /// What built it.
    #[serde(default)]
    pub sdk: BTreeMap<String, String>,
}

impl Description {
    /// Whether this phase (`setup`, `teardown`, `handle-summary`) has to be called.
    pub fn has_phase(&self, phase: &str) -> bool {
        self.lifecycle
            .as_ref()
            .is_none_or(|phases| phases.iter().any(|known| known == phase))
    }

    pub(crate) fn parse(json: &str) -> Result<Self, Error> {
        serde_json::from_str(json).map_err(|error| {
            Error::new(
                ErrorKind::Description,
                format!("the test's description can't be read: {error}"),
            )
            .hint("its `describe` must return a JSON object with `options` and `functions`")
        })
    }
}

impl Test {
    /// Loads a test from a component, or from a core module with an embedded component type, with room for one VU, which
    /// can say what the test is. Extensions that it imports are looked for in `extensions`. Compiled code is kept in
    /// `cache` when there is one.
    pub fn load(
        limits: &Limits,
        path: &Path,
        extensions: &SearchPath,
        cache: Option<&Path>,
    ) -> Result<Self, Error> {
        let bytes = std::fs::read(path).map_err(|error| unreadable(path, &error))?;
        let folder = path
            .parent()
            .filter(|folder| !folder.as_os_str().is_empty());
        let folder = folder.unwrap_or(Path::new(".")).to_owned();
        let name = path.display().to_string();
        let found = extensions.find(&wanted(&bytes), &name)?;
        let source = Source {
            bytes: &bytes,
            name: &name,
            extensions: &found,
            image: None,
        };
        let engine = Engine::new(limits, 1, found.len())?;
        let compiled = compile(&engine, &source, cache)?;
        let parts = found.iter().map(Part::joined).collect();
        Self::checked(engine, compiled, &source, folder, parts)
    }

    /// Loads the runtime of scripts from these bytes, as [`Test::load`] does a test, for a script in this folder that uses these
    /// extensions.
    pub fn load_runtime(
        limits: &Limits,
        bytes: &[u8],
        folder: &Path,
        extensions: &[Extension],
        cache: Option<&Path>,
    ) -> Result<Self, Error> {
        let name = "the JavaScript runtime";
        let image = Image::of_module(bytes).ok_or_else(|| no_image(name))?;
        let source = Source {
            bytes,
            name,
            extensions: &[],
            image: Some(&image),
        };
        let engine = Engine::new(limits, 1, extensions.len())?;
        let compiled = compile(&engine, &source, cache)?;
        let parts = extensions.iter();
        let parts = parts.map(|file| Part::apart(&engine, file, cache));
        let parts = parts.collect::<Result<_, _>>()?;
        Self::checked(engine, compiled, &source, folder.to_owned(), parts)
    }

    fn checked(
        engine: Engine,
        compiled: Compiled,
        source: &Source<'_>,
        folder: PathBuf,
        parts: Arc<[Part]>,
    ) -> Result<Self, Error> {
        let name = source.name;
        let component = compiled
            .load(&engine)
            .map_err(|error| not_compiled(name, &error))?;
        world::check(&engine, &component, name, maker(source.bytes).as_deref())?;
        let image = source.image.cloned().map(Arc::new);
        Self::link(engine, compiled, name.to_owned(), folder, parts, image)
    }

    /// The same test in an engine with room for this many VUs.
    pub fn with_room(&self, limits: &Limits, vus: usize) -> Result<Self, Error> {
        let engine = Engine::new(limits, vus, self.parts.len())?;
        Self::link(
            engine,
            self.compiled.clone(),
            self.name.clone(),
            self.folder.clone(),
            self.parts.clone(),
            self.image.clone(),
        )
    }

    /// The same test, whose VUs will start from this memory when it is given room for them.
    #[must_use]
    pub fn starting_from(mut self, snapshot: Snapshot) -> Self {
        self.image = Some(snapshot.0);
        self
    }

    /// Whether it is the runtime of a script: its own functions say nothing to who wrote the script.
    pub(crate) fn is_runtime(&self) -> bool {
        self.image.is_some()
    }

    /// The folder that the test's files are relative to.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    pub(crate) fn engine(&self) -> &Engine {
        &self.engine
    }

    fn link(
        engine: Engine,
        compiled: Compiled,
        name: String,
        folder: PathBuf,
        parts: Arc<[Part]>,
        image: Option<Arc<Image>>,
    ) -> Result<Self, Error> {
        let component = compiled
            .load(&engine)
            .map_err(|error| not_compiled(&name, &error))?;
        let waits = match parts.is_empty() {
            true => Waits::Plain,
            false => Waits::Attended,
        };
        let pre = linker(&engine, &component, image.as_deref(), waits)
            .and_then(|linker| TestPre::new(linker.instantiate_pre(&component)?));
        let pre = pre.map_err(|error| {
            Error::new(
                ErrorKind::WrongWorld,
                format!("{name} does not fit this brunt: {error:#}"),
            )
            .hint("build it with the guest SDK of this version of brunt")
        })?;
        let mut bridge = Bridge::default();
        let linked = parts.iter().enumerate();
        let linked = linked.map(|(index, part)| part.link(&engine, &component, index, &mut bridge));
        let extensions = linked.collect::<Result<_, _>>()?;
        Ok(Self {
            pre: Arc::new(pre),
            extensions,
            bridge: Arc::new(bridge),
            imports_wasi: imports(&engine, &component, "wasi:"),
            engine,
            compiled,
            name,
            folder,
            parts,
            image,
        })
    }
}

/// What a test is made of.
struct Source<'a> {
    bytes: &'a [u8],
    name: &'a str,
    /// What it is joined with.
    extensions: &'a [Extension],
    /// What it is divided from.
    image: Option<&'a Image>,
}

impl Source<'_> {
    fn how(&self) -> How {
        match (self.image, self.extensions) {
            (Some(_), _) => How::Divided,
            (None, []) => How::Whole,
            (None, _) => How::Joined,
        }
    }

    /// The component to be compiled.
    fn component(&self) -> Result<Vec<u8>, Error> {
        let own = componentize(self.bytes.to_vec(), self.name)?;
        if let Some(image) = self.image {
            return divide(&own, image)
                .map_err(|error| not_compiled(self.name, &wasmtime::Error::from_anyhow(error)));
        }
        if self.extensions.is_empty() {
            return Ok(own);
        }
        let extensions = self.extensions.iter().map(extension::component);
        let extensions = extensions.collect::<Result<Vec<_>, _>>()?;
        extension::join(&own, &extensions).map_err(|error| not_joined(self, &error))
    }
}

/// What the test in these bytes imports that is none of the engine's. What is wrong with them is told by who compiles them.
fn wanted(bytes: &[u8]) -> Vec<Wanted> {
    let imports = Shape::of(bytes).unwrap_or_default().imports;
    let foreign = imports.iter().filter(|name| world::is_foreign(name));
    foreign
        .filter_map(|name| Interface::parse(name).map(Wanted::Interface))
        .collect()
}

fn not_joined(source: &Source<'_>, error: &anyhow::Error) -> Error {
    let files = source.extensions.iter().map(Extension::path);
    let files: Vec<String> = files.map(|path| path.display().to_string()).collect();
    let message = format!(
        "{} can't be joined with {}: {error:#}",
        source.name,
        files.join(", ")
    );
    Error::new(ErrorKind::WrongWorld, message).hint(
        "build the test against the extension's own WIT: `brunt extension inspect FILE` prints it",
    )
}

/// Compiles a test, or finds what was compiled from the same before.
fn compile(engine: &Engine, source: &Source<'_>, cache: Option<&Path>) -> Result<Compiled, Error> {
    let mut refused = None;
    let mut precompile = || match source.component() {
        Ok(component) => engine.wasmtime().precompile_component(&component),
        Err(error) => {
            refused = Some(error);
            Err(wasmtime::Error::msg("not a component"))
        }
    };
    let extensions = source.extensions.iter().map(Extension::bytes);
    let sources: Vec<&[u8]> = std::iter::once(source.bytes).chain(extensions).collect();
    let compiled = match cache {
        Some(folder) => Cache::new(folder).compiled(engine, &sources, source.how(), precompile),
        None => precompile().map(|bytes| Compiled::Bytes(bytes.into())),
    };
    compiled.map_err(|error| refused.unwrap_or_else(|| not_compiled(source.name, &error)))
}

fn not_compiled(name: &str, error: &wasmtime::Error) -> Error {
    let why = format!("{error:#}");
    let hint = match why.contains("pooling allocator") {
        true => {
            "the test needs more than the limits memory and tableElements grant: raise them with --limit"
        }
        false => "is the file whole? `wasm-tools validate` says more",
    };
    let message = format!("{name} could not be compiled: {why}");
    Error::new(ErrorKind::Compile, message).hint(hint)
}

fn no_image(name: &str) -> Error {
    let message = format!("{name} has no memory that can be divided from it");
    Error::new(ErrorKind::NotAComponent, message)
        .hint("a runtime of scripts is one module with a memory whose content is constant")
}

fn unreadable(path: &Path, error: &std::io::Error) -> Error {
    let message = match error.kind() {
        std::io::ErrorKind::NotFound => format!("{} does not exist", path.display()),
        _ => format!("{} can't be read: {error}", path.display()),
    };
    Error::new(ErrorKind::File, message)
        .hint("give the path of a compiled test: brunt run path/to/test.wasm")
}

/// Who built the module in these bytes: what the SDK wrote into section `brunt:sdk`, else the tools it names.
fn maker(bytes: &[u8]) -> Option<String> {
    let sections = wasmparser::Parser::new(0).parse_all(bytes);
    let mut tools = None;
    for section in sections.flatten() {
        let wasmparser::Payload::CustomSection(section) = section else {
            continue;
        };
        match section.name() {
            "brunt:sdk" => return Some(String::from_utf8_lossy(section.data()).into_owned()),
            "producers" => {
                tools = tools.or_else(|| processed_by(section.data(), section.data_offset()))
            }
            _ => {}
        }
    }
    tools
}

fn processed_by(data: &[u8], offset: u64) -> Option<String> {
    let reader = wasmparser::BinaryReader::new(data, offset);
    let fields = wasmparser::ProducersSectionReader::new(reader).ok()?;
    let field = fields
        .into_iter()
        .flatten()
        .find(|field| field.name == "processed-by")?;
    let tools = field.values.into_iter().flatten();
    let names: Vec<String> = tools
        .map(|tool| format!("{} {}", tool.name, tool.version))
        .collect();
    (!names.is_empty()).then(|| names.join(", "))
}
