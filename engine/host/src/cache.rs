//! Defines the cache of compiled components on disk, so that only a test's first run pays for compiling it.

use std::hash::{Hash, Hasher};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use sha2::{Digest, Sha256};
use wasmtime::component::Component;

use crate::engine::Engine;

/// A number for what turns components into machine code: its own source, and the versions of all that it is built from.
pub(crate) const MADE_BY: u64 = fold(&[
    include_bytes!("../../../Cargo.lock"),
    include_bytes!("compile.rs"),
    include_bytes!("componentize.rs"),
    include_bytes!("engine.rs"),
    include_bytes!("extension/join.rs"),
    include_bytes!("extension/marks.rs"),
    include_bytes!("image.rs"),
    include_bytes!("image/divide.rs"),
]);

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

/// The place of one compiled component in a folder of many, each named by what it was compiled from and by what.
pub(crate) struct Cache {
    path: PathBuf,
}

impl Cache {
    /// The place of what this engine makes of these sources, in the way that `how` names, in a folder that needs not exist yet. A
    /// digest of them that is known spares reading them.
    pub(crate) fn new(
        folder: &Path,
        engine: &Engine,
        sources: &[&[u8]],
        how: How,
        known: Option<u64>,
    ) -> Self {
        Self {
            path: folder.join(key(engine, sources, how, known)),
        }
    }

    /// What is there, if it can be loaded.
    pub(crate) fn find(&self, engine: &Engine) -> Option<(Compiled, Component)> {
        if !self.path.exists() {
            return None;
        }
        let compiled = Compiled::File(self.path.clone());
        let component = compiled.load(engine).ok()?;
        Some((compiled, component))
    }

    /// Keeps what was compiled. A cache that can't be written costs time, never the run.
    pub(crate) fn keep(&self, code: Vec<u8>) -> Compiled {
        match self.store(&code) {
            Ok(()) => Compiled::File(self.path.clone()),
            Err(_) => Compiled::Bytes(code.into()),
        }
    }

    /// Writes beside the final name and renames, so that a reader never sees half a file.
    fn store(&self, compiled: &[u8]) -> std::io::Result<()> {
        if let Some(folder) = self.path.parent() {
            std::fs::create_dir_all(folder)?;
        }
        let partial = self
            .path
            .with_extension(format!("partial-{}", std::process::id()));
        std::fs::write(&partial, compiled)?;
        std::fs::rename(&partial, &self.path)
    }
}

fn key(engine: &Engine, sources: &[&[u8]], how: How, known: Option<u64>) -> String {
    let mut digest = Sha256::new();
    match known {
        Some(known) => digest.update(known.to_le_bytes()),
        None => {
            for source in sources {
                digest.update((source.len() as u64).to_le_bytes());
                digest.update(source);
            }
        }
    }
    digest.update([how as u8, u8::from(known.is_some())]);
    digest.update(engine_fingerprint(engine).to_le_bytes());
    digest.update(MADE_BY.to_le_bytes());
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

/// FNV-1a over all of these, which can be computed when the program is built.
const fn fold(files: &[&[u8]]) -> u64 {
    let (mut hash, mut file) = (0xcbf2_9ce4_8422_2325_u64, 0);
    while file < files.len() {
        let mut index = 0;
        while index < files[file].len() {
            hash = (hash ^ files[file][index] as u64).wrapping_mul(0x0000_0100_0000_01b3);
            index += 1;
        }
        file += 1;
    }
    hash
}
