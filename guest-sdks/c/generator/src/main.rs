//! Defines the command that generates the C bindings of the contracts: `cargo run -p brunt-c-bindings`.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use wit_bindgen_core::{Files, wit_parser::Resolve};

fn main() -> Result<()> {
    let folder = folder();
    for (name, content) in generate()?.iter() {
        let path = folder.join(name);
        fs::write(&path, content).with_context(|| format!("writing {}", path.display()))?;
        println!("wrote {}", path.display());
    }
    Ok(())
}

/// The bindings of the world `test`: a header, its code, and an object with the component's type.
fn generate() -> Result<Files> {
    let mut resolve = Resolve::default();
    let wit = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../wit");
    let (package, _) = resolve
        .push_path(&wit)
        .with_context(|| format!("reading the contracts in {}", wit.display()))?;
    let world = resolve.select_world(&[package], Some("test"))?;
    let mut files = Files::default();
    wit_bindgen_c::Opts::default()
        .build()
        .generate(&mut resolve, world, &mut files)?;
    Ok(files)
}

/// Where the bindings are kept.
fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../bindings")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bindings_are_fresh() {
        let files = generate().expect("bindings");
        assert_eq!(files.iter().count(), 3);
        for (name, content) in files.iter() {
            let kept = fs::read(folder().join(name)).unwrap_or_default();
            let fresh = kept == content;
            assert!(
                fresh,
                "{name} is stale: run `cargo run -p brunt-c-bindings`"
            );
        }
    }
}
