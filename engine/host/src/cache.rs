//! Defines the cache of compiled components on disk, so that only a test's first run pays for compiling it.

use std::hash::{Hash, Hasher};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use sha2::{Digest, Sha256};
use wasmtime::component::Component;

use crate::engine::Engine;

/// A compiled component, from which it is loaded into any engine with the same limits.
#[derive(Clone)]
pub(crate) enum Compiled {
    /// In the cache, from where it is mapped into memory.
    File(PathBuf),
    /// In memory, where there is no cache.
    Bytes(Arc<[u8]>),
}

impl Compiled {
    pub(crate) fn load(&self, engine: &Engine) -> wasmtime::Result<Component> {
        match self {
            // SAFETY: the file is named by a digest over its source and this engine's settings, and lies in the user's own
            // cache folder: who can write there can also replace the program that reads it.
            Self::File(path) => unsafe { Component::deserialize_file(engine.wasmtime(), path) },
            // SAFETY: these bytes were made by an engine with these settings.
            Self::Bytes(bytes) => unsafe { Component::deserialize(engine.wasmtime(), bytes) },
        }
    }
}

/// What became of the sources before they were compiled.
#[derive(Debug, Clone, Copy)]
pub(crate) enum How {
    /// Nothing.
    Whole,
    /// The memory was divided from it.
    Divided,
    /// A test was joined with extensions.
    Joined,
    /// An extension was marked as one.
    Marked,
}

/// A folder of compiled components, each named by what it was compiled from and by what.
pub(crate) struct Cache {
    folder: PathBuf,
}

impl Cache {
    /// The cache in this folder, which needs not exist yet.
    pub(crate) fn new(folder: &Path) -> Self {
        Self {
            folder: folder.to_owned(),
        }
    }

    /// What was compiled from these sources, in the way that `how` names, from the cache or by `compile`, which is then kept.
    ///
    /// A cache that can't be read or written costs time, never the run.
    pub(crate) fn compiled(
        &self,
        engine: &Engine,
        sources: &[&[u8]],
        how: How,
        compile: impl FnOnce() -> wasmtime::Result<Vec<u8>>,
    ) -> wasmtime::Result<Compiled> {
        let path = self.folder.join(key(engine, sources, how));
        let cached = Compiled::File(path.clone());
        if path.exists() && cached.load(engine).is_ok() {
            return Ok(cached);
        }
        let bytes = compile()?;
        match self.store(&path, &bytes) {
            Ok(()) => Ok(cached),
            Err(_) => Ok(Compiled::Bytes(bytes.into())),
        }
    }

    /// Writes beside the final name and renames, so that a reader never sees half a file.
    fn store(&self, path: &Path, compiled: &[u8]) -> std::io::Result<()> {
        std::fs::create_dir_all(&self.folder)?;
        let partial = path.with_extension(format!("partial-{}", std::process::id()));
        std::fs::write(&partial, compiled)?;
        std::fs::rename(&partial, path)
    }
}

fn key(engine: &Engine, sources: &[&[u8]], how: How) -> String {
    let mut digest = Sha256::new();
    for source in sources {
        digest.update((source.len() as u64).to_le_bytes());
        digest.update(source);
    }
    digest.update([how as u8]);
    digest.update(engine_fingerprint(engine).to_le_bytes());
    digest.update(env!("CARGO_PKG_VERSION"));
    let hex: String = digest
        .finalize()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    format!("{hex}.cwasm")
}

fn engine_fingerprint(engine: &Engine) -> u64 {
    let mut hasher = std::hash::DefaultHasher::new();
    engine
        .wasmtime()
        .precompile_compatibility_hash()
        .hash(&mut hasher);
    hasher.finish()
}
