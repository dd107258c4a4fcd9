//! Defines how a test becomes machine code: by an earlier run, by whoever built the engine, or now.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use wasmtime::component::Component;

use crate::cache::{Cache, Compiled, How};
use crate::componentize::componentize;
use crate::engine::Engine;
use crate::error::{Error, ErrorKind};
use crate::extension::{self, Extension};
use crate::image::{Image, divide};
use crate::runtime::Runtime;

/// What is compiled.
#[derive(Clone, Copy)]
pub(crate) struct Source<'a> {
    pub(crate) bytes: &'a [u8],
    pub(crate) name: &'a str,
    /// What it is joined with.
    pub(crate) extensions: &'a [Extension],
    /// What it is divided from.
    pub(crate) image: Option<&'a Arc<Image>>,
}

impl Source<'_> {
    fn how(&self) -> How {
        match (self.image, self.extensions) {
            (Some(_), _) => How::Divided,
            (None, []) => How::Whole,
            (None, _) => How::Joined,
        }
    }

    /// All that the machine code depends on.
    fn all_bytes(&self) -> Vec<&[u8]> {
        let extensions = self.extensions.iter().map(Extension::bytes);
        std::iter::once(self.bytes).chain(extensions).collect()
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

/// Where the machine code of a test came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// From the cache, where an earlier run left it.
    Cache,
    /// From the engine's own program.
    Shipped,
    /// It was compiled now.
    Compiled {
        /// How long that took.
        took: Duration,
        /// Why nothing that was shipped could be used, where something might have been.
        why: Option<String>,
    },
}

/// The machine code of a test, and the component of an engine that it was loaded into.
pub(crate) struct Made {
    pub(crate) compiled: Compiled,
    pub(crate) component: Component,
    pub(crate) origin: Origin,
}

/// The machine code of this source for this engine: from the cache in this folder if it is there, else from what was shipped with
/// the runtime that the source is, if that fits, else compiled. What is new is left in the cache.
pub(crate) fn made(
    engine: &Engine,
    source: &Source<'_>,
    runtime: Option<&Runtime>,
    cache: Option<&Path>,
) -> Result<Made, Error> {
    let digest = runtime.and_then(|runtime| runtime.digest);
    let cache =
        cache.map(|folder| Cache::new(folder, engine, &source.all_bytes(), source.how(), digest));
    if let Some((compiled, component)) = cache.as_ref().and_then(|cache| cache.find(engine)) {
        let origin = Origin::Cache;
        return Ok(Made {
            compiled,
            component,
            origin,
        });
    }
    let began = Instant::now();
    let shipped = runtime.map(|runtime| shipped(engine, runtime));
    let (code, component, origin) = match shipped {
        Some(Ok((code, component))) => (code, component, Origin::Shipped),
        shipped => {
            let code = compile(engine, source)?;
            let load = Compiled::Bytes(code.clone().into()).load(engine);
            let component = load.map_err(|error| not_compiled(source.name, &error))?;
            let why = shipped.and_then(Result::err);
            let took = began.elapsed();
            (code, component, Origin::Compiled { took, why })
        }
    };
    let compiled = match cache {
        Some(cache) => cache.keep(code),
        None => Compiled::Bytes(code.into()),
    };
    Ok(Made {
        compiled,
        component,
        origin,
    })
}

/// What was shipped, if it fits this engine and this machine.
fn shipped(engine: &Engine, runtime: &Runtime) -> Result<(Vec<u8>, Component), String> {
    let code = runtime.machine_code()?;
    // SAFETY: the bytes are part of this program, which says of them that a program like itself made them.
    let loaded = unsafe { Component::deserialize(engine.wasmtime(), &code) };
    match loaded {
        Ok(component) => Ok((code, component)),
        Err(error) => Err(format!(
            "the one that was shipped does not fit: {:#}",
            error.root_cause()
        )),
    }
}

/// Compiles now, on all processors.
pub(crate) fn compile(engine: &Engine, source: &Source<'_>) -> Result<Vec<u8>, Error> {
    let compiled = engine.wasmtime().precompile_component(&source.component()?);
    compiled.map_err(|error| not_compiled(source.name, &error))
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

/// Says why there is no machine code, and what can be done.
pub(crate) fn not_compiled(name: &str, error: &wasmtime::Error) -> Error {
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
