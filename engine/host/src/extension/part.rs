//! Defines an extension as a part of a loaded test: joined with it in one component, or compiled beside it.

use std::path::Path;
use std::sync::Arc;

use wasmtime::component::{Component, InstancePre};

use crate::bridge::Bridge;
use crate::cache::{Cache, Compiled, How};
use crate::componentize::componentize;
use crate::engine::Engine;
use crate::error::{Error, ErrorKind};
use crate::extension::file::Extension;
use crate::extension::join::{Lifecycle, export_name};
use crate::extension::{LIFECYCLE, marked};
use crate::link::{Waits, linker};
use crate::state::VuState;

/// An extension of a test. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Part {
    pub(crate) name: Arc<str>,
    pub(crate) file: Extension,
    /// Its own code; none where it is joined with the test's.
    compiled: Option<Compiled>,
}

/// A part, linked for one engine.
pub(crate) struct Linked {
    pub(crate) name: Arc<str>,
    pub(crate) lifecycle: Lifecycle,
    /// What it is instantiated from, where that is not the test's own component.
    pub(crate) apart: Option<InstancePre<VuState>>,
}

impl Part {
    /// An extension that was joined with the test.
    pub(crate) fn joined(file: &Extension) -> Self {
        Self {
            name: file.name().into(),
            file: file.clone(),
            compiled: None,
        }
    }

    /// An extension that is instantiated beside the test.
    pub(crate) fn apart(
        engine: &Engine,
        file: &Extension,
        cache: Option<&Path>,
    ) -> Result<Self, Error> {
        let cache =
            cache.map(|folder| Cache::new(folder, engine, &[file.bytes()], How::Marked, None));
        let found = cache.as_ref().and_then(|cache| cache.find(engine));
        let compiled = match (found, cache) {
            (Some((compiled, _)), _) => compiled,
            (None, Some(cache)) => cache.keep(compile(engine, file)?),
            (None, None) => Compiled::Bytes(compile(engine, file)?.into()),
        };
        Ok(Self {
            compiled: Some(compiled),
            ..Self::joined(file)
        })
    }

    /// The part in this engine; `test` is the component of the test, and `index` the part's place among all of them. What is
    /// beside a test is for scripts, and added to their bridge.
    pub(crate) fn link(
        &self,
        engine: &Engine,
        test: &Component,
        index: usize,
        bridge: &mut Bridge,
    ) -> Result<Linked, Error> {
        let mut link = || {
            let (apart, lifecycle) = match &self.compiled {
                None => (None, Lifecycle::find(test, &export_name(index))),
                Some(compiled) => {
                    let own = compiled.load(engine)?;
                    let linker = linker(engine, &own, None, Waits::Plain)?;
                    bridge.add(engine, self, &own, index)?;
                    let lifecycle = Lifecycle::find(&own, LIFECYCLE);
                    (Some(linker.instantiate_pre(&own)?), lifecycle)
                }
            };
            let lifecycle = lifecycle
                .ok_or_else(|| wasmtime::Error::msg(format!("its {LIFECYCLE} lacks a function")))?;
            Ok(Linked {
                name: self.name.clone(),
                lifecycle,
                apart,
            })
        };
        link().map_err(|error: wasmtime::Error| {
            let path = self.file.path().display();
            let message = format!("{path} does not fit this brunt: {error:#}");
            Error::new(ErrorKind::WrongWorld, message)
                .hint("build it against the wit/ folder of this version of brunt")
        })
    }
}

fn compile(engine: &Engine, file: &Extension) -> Result<Vec<u8>, Error> {
    let compiled = engine.wasmtime().precompile_component(&component(file)?);
    compiled.map_err(|error| not_compiled(file, &error))
}

/// The component of an extension, with its modules marked.
pub(crate) fn component(file: &Extension) -> Result<Vec<u8>, Error> {
    let component = componentize(file.bytes().to_vec(), &file.path().display().to_string())?;
    marked(&component, &file.name()).map_err(|error| {
        let message = format!("{} can't be read: {error:#}", file.path().display());
        Error::new(ErrorKind::NotAComponent, message).hint("is the file whole? build it again")
    })
}

fn not_compiled(file: &Extension, error: &wasmtime::Error) -> Error {
    let message = format!("{} could not be compiled: {error:#}", file.path().display());
    Error::new(ErrorKind::Compile, message).hint(
        "is the file whole? what it needs of memory and tables must be within the limits memory and tableElements",
    )
}
