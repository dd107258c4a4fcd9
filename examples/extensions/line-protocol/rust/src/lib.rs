//! Defines the line protocol as an extension: `protocol` knows what is said, `extension` the engine.

#[cfg(target_arch = "wasm32")]
mod extension;
pub mod protocol;
