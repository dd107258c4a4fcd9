//! Defines what a test is loaded from, and how it is compiled for an engine, again where another engine takes no code of the first.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use wasmtime::component::Component;

use crate::cache::Compiled;
use crate::compile::{Origin, Source, made};
use crate::engine::Engine;
use crate::error::Error;
use crate::extension::{Extension, Part};
use crate::image::Image;
use crate::runtime::{self, Runtime};

/// What a test was loaded from, and what was compiled of it.
pub(super) struct File {
    pub(super) kind: Kind,
    pub(super) folder: PathBuf,
    cache: Option<PathBuf>,
    pub(super) compiled: Compiled,
    pub(super) origin: Origin,
    pub(super) parts: Vec<Part>,
}

/// What can be compiled again.
#[derive(Clone)]
pub(super) enum Kind {
    /// A component or core module of this name, which its extensions are joined with.
    Test(String, Arc<[u8]>),
    /// A runtime of scripts, with its extensions beside it.
    Runtime(Runtime),
}

impl File {
    /// Its machine code for this engine, and the component that it was loaded as.
    pub(super) fn made(
        engine: &Engine,
        kind: Kind,
        image: Option<&Arc<Image>>,
        folder: PathBuf,
        extensions: &[Extension],
        cache: Option<&Path>,
    ) -> Result<(Self, Component), Error> {
        let source = kind.source(extensions, image);
        let made = made(engine, &source, kind.runtime(), cache)?;
        let part = |file| match kind {
            Kind::Test(..) => Ok(Part::joined(file)),
            Kind::Runtime(_) => Part::apart(engine, file, cache),
        };
        let parts = extensions.iter().map(part).collect::<Result<_, _>>()?;
        let file = Self {
            kind,
            folder,
            cache: cache.map(Path::to_owned),
            compiled: made.compiled,
            origin: made.origin,
            parts,
        };
        Ok((file, made.component))
    }

    /// The same for an engine that does not take its machine code.
    pub(super) fn made_for(&self, engine: &Engine) -> Result<(Self, Component), Error> {
        let extensions: Vec<Extension> = self.parts.iter().map(|part| part.file.clone()).collect();
        let image = self.kind.image()?;
        Self::made(
            engine,
            self.kind.clone(),
            image.as_ref(),
            self.folder.clone(),
            &extensions,
            self.cache.as_deref(),
        )
    }
}

impl Kind {
    pub(super) fn name(&self) -> &str {
        match self {
            Self::Test(name, _) => name,
            Self::Runtime(_) => runtime::NAME,
        }
    }

    pub(super) fn bytes(&self) -> &[u8] {
        match self {
            Self::Test(_, bytes) => bytes,
            Self::Runtime(runtime) => &runtime.wasm,
        }
    }

    fn runtime(&self) -> Option<&Runtime> {
        match self {
            Self::Test(..) => None,
            Self::Runtime(runtime) => Some(runtime),
        }
    }

    pub(super) fn image(&self) -> Result<Option<Arc<Image>>, Error> {
        let image = self.runtime().map(Runtime::image).transpose()?;
        Ok(image.map(Arc::new))
    }

    fn source<'a>(
        &'a self,
        extensions: &'a [Extension],
        image: Option<&'a Arc<Image>>,
    ) -> Source<'a> {
        let joined = match self {
            Self::Test(..) => extensions,
            Self::Runtime(_) => &[],
        };
        Source {
            bytes: self.bytes(),
            name: self.name(),
            extensions: joined,
            image,
        }
    }
}
