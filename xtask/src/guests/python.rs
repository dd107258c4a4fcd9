//! Defines how guests in Python are compiled: by componentize-py, which puts CPython and the module into one component.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use crate::process;

/// Builds every guest in Python that is not fresh: each takes about a quarter of a minute.
///
/// # Errors
/// When componentize-py can't be installed, or a guest does not compile.
pub(super) fn build(root: &Path) -> Result<()> {
    for (source, output) in super::sources(root, "python", "py")? {
        let folder = source.parent().unwrap_or(root);
        let name = source.file_stem().unwrap_or_default();
        let world = folder.join("wit").join(name).with_extension("wit");
        let mut contracts = vec![root.join("wit")];
        contracts.extend(world.is_file().then(|| world.clone()));
        if super::is_fresh(&output, &source, &contracts)? {
            continue;
        }
        fs::create_dir_all(output.parent().unwrap_or(root))?;
        let mut command = super::python(root, "componentize-py==0.25.1", "componentize_py")?;
        command.arg(root.join("target/tools/componentize_py/bin/componentize-py"));
        command.args(["-d", "wit"]);
        if world.is_file() {
            // A world of its own, with interfaces of WASI, which must not be replaced by stubs then.
            command
                .arg("-d")
                .arg(wasi_http(root)?)
                .arg("-d")
                .arg(&world);
            let world = format!("brunt:test-guests/{}", name.to_string_lossy());
            command.args(["-w", &world, "componentize"]);
        } else {
            command.args(["-w", "test", "componentize", "--stub-wasi"]);
        }
        command.arg("-p").arg(folder).arg(name);
        process::run(command.arg("-o").arg(&output))?;
    }
    Ok(())
}

/// The contracts of `wasi:http`, as the crate that the engine links brings them.
fn wasi_http(root: &Path) -> Result<PathBuf> {
    let metadata = process::output(
        Command::new("cargo")
            .args(["metadata", "--format-version", "1", "--locked"])
            .current_dir(root),
    );
    let metadata = metadata.context("cargo can't tell where the crates are")?;
    let manifests = metadata.split("\"manifest_path\":\"").skip(1);
    let manifest = manifests
        .filter_map(|rest| rest.split('"').next())
        .find(|path| path.contains("/wasmtime-wasi-http-"));
    let manifest = manifest.context("the engine does without wasmtime-wasi-http")?;
    Ok(Path::new(manifest).with_file_name("wit"))
}
