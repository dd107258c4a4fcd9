//! Defines a test: a component, checked and compiled, ready to be instantiated as VUs.

mod file;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::Deserialize;
use wasmtime::component::Component;

use crate::bindings::TestPre;
use crate::bridge::Bridge;
use crate::compile::{Origin, not_compiled};
use crate::engine::Engine;
use crate::error::{Error, ErrorKind};
use crate::evaluation::Snapshot;
use crate::extension::{Extension, Interface, Linked, SearchPath, Shape, Wanted};
use crate::image::Image;
use crate::limits::Limits;
use crate::link::{Waits, imports, linker};
use crate::runtime::Runtime;
use crate::state::VuState;
use crate::world;

use file::{File, Kind};

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
    file: Arc<File>,
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
        let kind = Kind::Test(name, bytes.into());
        Self::made(limits, kind, folder, &found, cache)
    }

    /// Loads a runtime of scripts, as [`Test::load`] does a test, for a script in this folder that uses these extensions.
    pub fn load_runtime(
        limits: &Limits,
        runtime: &Runtime,
        folder: &Path,
        extensions: &[Extension],
        cache: Option<&Path>,
    ) -> Result<Self, Error> {
        let kind = Kind::Runtime(runtime.clone());
        Self::made(limits, kind, folder.to_owned(), extensions, cache)
    }

    fn made(
        limits: &Limits,
        kind: Kind,
        folder: PathBuf,
        extensions: &[Extension],
        cache: Option<&Path>,
    ) -> Result<Self, Error> {
        let engine = Engine::new(limits, 1, extensions.len())?;
        let image = kind.image()?;
        let (file, component) =
            File::made(&engine, kind, image.as_ref(), folder, extensions, cache)?;
        let maker = maker(file.kind.bytes());
        world::check(&engine, &component, file.kind.name(), maker.as_deref())?;
        Self::link(engine, &component, Arc::new(file), image)
    }

    /// The same test in an engine with room for this many VUs. Where so many need other machine code, it is compiled again, or comes from
    /// the cache: [`Test::origin`] tells.
    pub fn with_room(&self, limits: &Limits, vus: usize) -> Result<Self, Error> {
        let engine = Engine::new(limits, vus, self.file.parts.len())?;
        if !engine.takes_code_of(&self.engine) {
            let (file, component) = self.file.made_for(&engine)?;
            return Self::link(engine, &component, Arc::new(file), self.image.clone());
        }
        let loaded = self.file.compiled.load(&engine);
        let component = loaded.map_err(|error| not_compiled(self.name(), &error))?;
        Self::link(engine, &component, self.file.clone(), self.image.clone())
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
        &self.file.folder
    }

    /// What it is called: its file, or whose runtime it is.
    pub fn name(&self) -> &str {
        self.file.kind.name()
    }

    /// Where its machine code came from.
    pub fn origin(&self) -> &Origin {
        &self.file.origin
    }

    pub(crate) fn engine(&self) -> &Engine {
        &self.engine
    }

    fn link(
        engine: Engine,
        component: &Component,
        file: Arc<File>,
        image: Option<Arc<Image>>,
    ) -> Result<Self, Error> {
        let waits = match file.parts.is_empty() {
            true => Waits::Plain,
            false => Waits::Attended,
        };
        let pre = linker(&engine, component, image.as_deref(), waits)
            .and_then(|linker| TestPre::new(linker.instantiate_pre(component)?));
        let pre = pre.map_err(|error| {
            Error::new(
                ErrorKind::WrongWorld,
                format!("{} does not fit this brunt: {error:#}", file.kind.name()),
            )
            .hint("build it with the guest SDK of this version of brunt")
        })?;
        let mut bridge = Bridge::default();
        let linked = file.parts.iter().enumerate();
        let linked = linked.map(|(index, part)| part.link(&engine, component, index, &mut bridge));
        let extensions = linked.collect::<Result<_, _>>()?;
        Ok(Self {
            pre: Arc::new(pre),
            extensions,
            bridge: Arc::new(bridge),
            imports_wasi: imports(&engine, component, "wasi:"),
            engine,
            file,
            image,
        })
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
