//! Defines a test: a component, checked and compiled, ready to be instantiated as VUs.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::Deserialize;
use wasmtime::Module;
use wasmtime::component::{Component, HasSelf, Linker};

use crate::bindings::{self, TestPre};
use crate::cache::{Cache, Compiled};
use crate::componentize::componentize;
use crate::engine::Engine;
use crate::error::{Error, ErrorKind};
use crate::evaluation::Snapshot;
use crate::image::{self, Image, divide};
use crate::limits::Limits;
use crate::state::VuState;
use crate::world;

/// A compiled test, loaded into an engine. Cheap to clone, and shared by all threads.
#[derive(Clone)]
pub struct Test {
    pub(crate) pre: Arc<TestPre<VuState>>,
    pub(crate) imports_wasi: bool,
    engine: Engine,
    compiled: Compiled,
    name: String,
    folder: PathBuf,
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
    /// can say what the test is. Compiled code is kept in `cache` when there is one.
    pub fn load(limits: &Limits, path: &Path, cache: Option<&Path>) -> Result<Self, Error> {
        let bytes = std::fs::read(path).map_err(|error| unreadable(path, &error))?;
        let folder = path
            .parent()
            .filter(|folder| !folder.as_os_str().is_empty());
        let folder = folder.unwrap_or(Path::new(".")).to_owned();
        let name = path.display().to_string();
        Self::from_bytes(limits, &bytes, &name, folder, cache, None)
    }

    /// Loads the runtime of scripts from these bytes, as [`Test::load`] does a test, for a script in this folder.
    pub fn load_runtime(
        limits: &Limits,
        bytes: &[u8],
        folder: &Path,
        cache: Option<&Path>,
    ) -> Result<Self, Error> {
        let name = "the JavaScript runtime";
        let image = Image::of_module(bytes).ok_or_else(|| no_image(name))?;
        Self::from_bytes(limits, bytes, name, folder.to_owned(), cache, Some(image))
    }

    fn from_bytes(
        limits: &Limits,
        bytes: &[u8],
        name: &str,
        folder: PathBuf,
        cache: Option<&Path>,
        image: Option<Image>,
    ) -> Result<Self, Error> {
        let engine = Engine::new(limits, 1)?;
        let compiled = compile(&engine, bytes, name, cache, image.as_ref())?;
        let component = compiled
            .load(&engine)
            .map_err(|error| not_compiled(name, &error))?;
        world::check(&engine, &component, name, maker(bytes).as_deref())?;
        let (name, image) = (name.to_owned(), image.map(Arc::new));
        Self::link(engine, compiled, name, folder, image)
    }

    /// The same test in an engine with room for this many VUs.
    pub fn with_room(&self, limits: &Limits, vus: usize) -> Result<Self, Error> {
        let engine = Engine::new(limits, vus)?;
        let (name, folder) = (self.name.clone(), self.folder.clone());
        Self::link(
            engine,
            self.compiled.clone(),
            name,
            folder,
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
        image: Option<Arc<Image>>,
    ) -> Result<Self, Error> {
        let component = compiled
            .load(&engine)
            .map_err(|error| not_compiled(&name, &error))?;
        let imports_wasi = imports_wasi(&engine, &component);
        let pre = link(&engine, &component, imports_wasi, image.as_deref()).map_err(|error| {
            Error::new(
                ErrorKind::WrongWorld,
                format!("{name} does not fit this brunt: {error:#}"),
            )
            .hint("build it with the guest SDK of this version of brunt")
        })?;
        Ok(Self {
            pre: Arc::new(pre),
            imports_wasi,
            engine,
            compiled,
            name,
            folder,
            image,
        })
    }
}

/// Compiles these bytes, divided from their memory where there is an image of it, or finds what was compiled from them before.
fn compile(
    engine: &Engine,
    bytes: &[u8],
    name: &str,
    cache: Option<&Path>,
    image: Option<&Image>,
) -> Result<Compiled, Error> {
    let mut refused = None;
    let mut precompile = || match componentize(bytes.to_vec(), name) {
        Ok(component) => {
            let divided = image.map(|image| divide(&component, image)).transpose();
            let divided = divided.map_err(wasmtime::Error::from_anyhow)?;
            engine
                .wasmtime()
                .precompile_component(divided.as_ref().unwrap_or(&component))
        }
        Err(error) => {
            refused = Some(error);
            Err(wasmtime::Error::msg("not a component"))
        }
    };
    let compiled = match cache {
        Some(folder) => Cache::new(folder).compiled(engine, bytes, image.is_some(), precompile),
        None => precompile().map(|bytes| Compiled::Bytes(bytes.into())),
    };
    compiled.map_err(|error| refused.unwrap_or_else(|| not_compiled(name, &error)))
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

fn imports_wasi(engine: &Engine, component: &Component) -> bool {
    imports(engine, component, "wasi:")
}

fn imports(engine: &Engine, component: &Component, what: &str) -> bool {
    let component = component.component_type();
    let mut imports = component.imports(engine.wasmtime());
    imports.any(|(name, _)| name.starts_with(what))
}

fn link(
    engine: &Engine,
    component: &Component,
    wasi: bool,
    image: Option<&Image>,
) -> wasmtime::Result<TestPre<VuState>> {
    let mut linker = Linker::new(engine.wasmtime());
    if let Some(image) = image {
        let module = Module::new(engine.wasmtime(), image.module())?;
        linker.root().module(image::IMPORT, &module)?;
    }
    if wasi {
        wasmtime_wasi::p2::add_to_linker_async(&mut linker)?;
    }
    if imports(engine, component, "wasi:http/") {
        wasmtime_wasi_http::p2::add_only_http_to_linker_async(&mut linker)?;
    }
    bindings::Test::add_to_linker::<_, HasSelf<VuState>>(&mut linker, |state| state)?;
    bindings::extending::link(&mut linker)?;
    bindings::scripting::Scripting::add_to_linker::<_, HasSelf<VuState>>(&mut linker, |state| {
        state
    })?;
    TestPre::new(linker.instantiate_pre(component)?)
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
