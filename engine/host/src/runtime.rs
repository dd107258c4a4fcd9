//! Defines a runtime of scripts, and how it is compiled before the engine is built that ships it.
//!
//! Machine code fits one version of wasmtime, one kind of processor and one reach of memories. What is shipped is for memories that have
//! 4 GiB of the address space each, and for processors of the last ten years; where it does not fit, the runtime is compiled
//! as any test is.

use std::borrow::Cow;
use std::sync::Arc;

use crate::cache::MADE_BY;
use crate::compile::{Source, compile};
use crate::engine::Engine;
use crate::error::{Error, ErrorKind};
use crate::image::Image;
use crate::limits::Limits;

/// How failures name it.
pub(crate) const NAME: &str = "the JavaScript runtime";

/// Bytes of a digest, of which the runtime's and then [`MADE_BY`] lie before the machine code.
const DIGEST: usize = 8;

/// How hard zstd tries, once for each build.
const LEVEL: i32 = 19;

/// The most that machine code takes unpacked.
const MOST: usize = 256 << 20;

/// A runtime of scripts: a component, or a core module with an embedded component type, and what was compiled from it.
#[derive(Clone)]
pub struct Runtime {
    pub(crate) wasm: Cow<'static, [u8]>,
    /// Where it is known without reading all of it.
    pub(crate) digest: Option<u64>,
    compiled: Option<&'static [u8]>,
}

impl Runtime {
    /// A runtime with this digest that is part of the program, and what [`Runtime::compiled`] made of it when there was one.
    pub const fn shipped(
        wasm: &'static [u8],
        digest: u64,
        compiled: Option<&'static [u8]>,
    ) -> Self {
        Self {
            wasm: Cow::Borrowed(wasm),
            digest: Some(digest),
            compiled,
        }
    }

    /// Compiles it for any processor of this machine's architecture, or nearly: eight bytes of its digest, eight of what
    /// compiled it, and the machine code, packed.
    ///
    /// # Errors
    /// When it is no runtime, or does not compile: [`ErrorKind::Compile`] and [`ErrorKind::NotAComponent`].
    pub fn compiled(&self) -> Result<Vec<u8>, Error> {
        let image = Arc::new(self.image()?);
        let engine = Engine::portable(&Limits::default())?;
        let code = compile(&engine, &self.source(&image))?;
        let packed = zstd::bulk::compress(&code, LEVEL).map_err(|error| {
            Error::new(
                ErrorKind::Compile,
                format!("{NAME} can't be packed: {error}"),
            )
        })?;
        let digest = self.digest.unwrap_or_default().to_le_bytes();
        Ok([&digest, &MADE_BY.to_le_bytes(), &packed[..]].concat())
    }

    /// Whether this was compiled from it by a program like this one.
    pub fn is_source_of(&self, compiled: &[u8]) -> bool {
        let made_by = compiled.get(DIGEST..2 * DIGEST);
        self.digest
            .is_some_and(|digest| compiled.starts_with(&digest.to_le_bytes()))
            && made_by == Some(&MADE_BY.to_le_bytes())
    }

    /// What its memory holds at first.
    pub(crate) fn image(&self) -> Result<Image, Error> {
        Image::of_module(&self.wasm).ok_or_else(no_image)
    }

    /// What is compiled of it.
    pub(crate) fn source<'a>(&'a self, image: &'a Arc<Image>) -> Source<'a> {
        Source {
            bytes: &self.wasm,
            name: NAME,
            extensions: &[],
            image: Some(image),
        }
    }

    /// The machine code that was shipped with it.
    ///
    /// # Errors
    /// Why there is none.
    pub(crate) fn machine_code(&self) -> Result<Vec<u8>, String> {
        let Some(compiled) = self.compiled else {
            return Err("none was shipped with it".to_owned());
        };
        if !self.is_source_of(compiled) {
            return Err("the one that was shipped is of another brunt".to_owned());
        }
        zstd::bulk::decompress(&compiled[2 * DIGEST..], MOST)
            .map_err(|error| format!("the one that was shipped can't be read: {error}"))
    }
}

impl From<Vec<u8>> for Runtime {
    fn from(wasm: Vec<u8>) -> Self {
        Self {
            wasm: wasm.into(),
            digest: None,
            compiled: None,
        }
    }
}

fn no_image() -> Error {
    let message = format!("{NAME} has no memory that can be divided from it");
    Error::new(ErrorKind::NotAComponent, message)
        .hint("a runtime of scripts is one module with a memory whose content is constant")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_was_compiled_from_it_and_by_this_program_is_its_own() {
        let runtime = Runtime::shipped(b"", 7, None);
        let compiled =
            |digest: u64, made_by: u64| [digest.to_le_bytes(), made_by.to_le_bytes()].concat();
        assert!(runtime.is_source_of(&compiled(7, MADE_BY)));
        assert!(!runtime.is_source_of(&compiled(8, MADE_BY)));
        assert!(!runtime.is_source_of(&compiled(7, MADE_BY ^ 1)));
        assert!(!runtime.is_source_of(&compiled(7, MADE_BY)[..12]));
        assert!(!Runtime::from(vec![]).is_source_of(&compiled(0, MADE_BY)));
    }

    #[test]
    fn what_can_not_be_used_of_what_was_shipped_is_said() {
        let why = |compiled| {
            Runtime::shipped(b"", 7, compiled)
                .machine_code()
                .unwrap_err()
        };
        assert!(why(None).contains("none was shipped with it"));
        assert!(why(Some(b"another")).contains("of another brunt"));
        let torn = [7_u64.to_le_bytes(), MADE_BY.to_le_bytes(), *b"not zstd"].concat();
        assert!(why(Some(torn.leak())).contains("can't be read"));
    }
}
