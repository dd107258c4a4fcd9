//! Defines how guests in Python are compiled: by componentize-py, which puts CPython and the module into one component.

use std::fs;
use std::path::Path;

use anyhow::Result;

use crate::process;

/// Builds every guest in Python that is not fresh: each takes about a quarter of a minute.
///
/// # Errors
/// When componentize-py can't be installed, or a guest does not compile.
pub(super) fn build(root: &Path) -> Result<()> {
    for (source, output) in super::sources(root, "python", "py")? {
        if super::is_fresh(&output, &source, &[root.join("wit")])? {
            continue;
        }
        fs::create_dir_all(output.parent().unwrap_or(root))?;
        let mut command = super::python(root, "componentize-py==0.25.1", "componentize_py")?;
        command.arg(root.join("target/tools/componentize_py/bin/componentize-py"));
        command.args([
            "-d",
            "wit",
            "-w",
            "test",
            "componentize",
            "--stub-wasi",
            "-p",
        ]);
        command
            .arg(source.parent().unwrap_or(root))
            .arg(source.file_stem().unwrap_or_default());
        process::run(command.arg("-o").arg(&output))?;
    }
    Ok(())
}
