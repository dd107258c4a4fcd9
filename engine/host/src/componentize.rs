//! Defines how a core module with an embedded component type becomes a component, so that users need no other tool.

use wasi_preview1_component_adapter_provider::{
    WASI_SNAPSHOT_PREVIEW1_ADAPTER_NAME, WASI_SNAPSHOT_PREVIEW1_REACTOR_ADAPTER,
};
use wit_component::ComponentEncoder;

use crate::error::{Error, ErrorKind};

/// The component in these bytes: as it is, or made from a core module that has a component type embedded.
pub(crate) fn componentize(bytes: Vec<u8>, name: &str) -> Result<Vec<u8>, Error> {
    if wasmparser::Parser::is_component(&bytes) {
        return Ok(bytes);
    }
    if !wasmparser::Parser::is_core_wasm(&bytes) {
        return Err(Error::new(
            ErrorKind::NotAComponent,
            format!("{name} is not a WebAssembly file"),
        )
        .hint("brunt runs WebAssembly components: `brunt new --language rust NAME` starts one"));
    }
    check_whole(&bytes, name)?;
    encode(&bytes).map_err(|error| {
        Error::new(
            ErrorKind::NotAComponent,
            format!("{name} is a core module that can't be made a component: {error:#}"),
        )
        .hint("build it with a Brunt guest SDK, which embeds the component's type")
    })
}

/// Sections that reach beyond the end of the file would make the encoder panic.
fn check_whole(module: &[u8], name: &str) -> Result<(), Error> {
    let mut payloads = wasmparser::Parser::new(0).parse_all(module);
    match payloads.find_map(Result::err) {
        None => Ok(()),
        Some(error) => Err(Error::new(
            ErrorKind::NotAComponent,
            format!("{name} is not a valid WebAssembly file: {error}"),
        )
        .hint("is the file whole? build it or copy it again")),
    }
}

fn encode(module: &[u8]) -> anyhow::Result<Vec<u8>> {
    ComponentEncoder::default()
        .module(module)?
        .adapter(
            WASI_SNAPSHOT_PREVIEW1_ADAPTER_NAME,
            WASI_SNAPSHOT_PREVIEW1_REACTOR_ADAPTER,
        )?
        .validate(false)
        .encode()
}
