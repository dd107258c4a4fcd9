//! Defines the command that generates the C bindings of the contracts: `cargo run -p brunt-c-bindings`; or those of an extension's own
//! world: `cargo run -p brunt-c-bindings WIT WORLD FOLDER`.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use wit_bindgen_core::{Files, wit_parser::Resolve};

/// The worlds whose bindings are kept.
const WORLDS: [&str; 2] = ["test", "extension"];

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.as_slice() {
        [] => WORLDS
            .iter()
            .try_for_each(|world| write(&folder(), &generate(None, world)?)),
        [wit, world, folder] => write(Path::new(folder), &generate(Some(Path::new(wit)), world)?),
        _ => bail!(
            "give nothing, or three things: the folder of the extension's WIT, its world, and a folder for the bindings"
        ),
    }
}

fn write(folder: &Path, files: &Files) -> Result<()> {
    for (name, content) in files.iter() {
        let path = folder.join(name);
        fs::write(&path, content).with_context(|| format!("writing {}", path.display()))?;
        println!("wrote {}", path.display());
    }
    Ok(())
}

/// The bindings of a world of the contracts, or of an extension's own: a header, its code, and an object with the component's type.
fn generate(own: Option<&Path>, world: &str) -> Result<Files> {
    let mut resolve = Resolve::default();
    let contracts = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../wit");
    let mut package = None;
    for folder in [Some(contracts.as_path()), own].into_iter().flatten() {
        let (read, _) = resolve
            .push_path(folder)
            .with_context(|| format!("reading the contracts in {}", folder.display()))?;
        package = Some(read);
    }
    let world = resolve.select_world(package.as_slice(), Some(world))?;
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
        for world in WORLDS {
            let files = generate(None, world).expect("bindings");
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
}
