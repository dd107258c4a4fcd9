//! Defines where the project's files are and reads those that the checks look at.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

/// One text file of the project.
#[derive(Clone, Debug)]
pub(crate) struct File {
    /// Relative to the project's root, with `/`.
    pub(crate) path: String,
    pub(crate) text: String,
}

impl File {
    #[cfg(test)]
    pub(crate) fn new(path: &str, text: &str) -> File {
        File {
            path: path.to_owned(),
            text: text.to_owned(),
        }
    }

    /// The file's name without folders and without its extension.
    pub(crate) fn stem(&self) -> &str {
        let name = self.path.rsplit('/').next().unwrap_or_default();
        name.split('.').next().unwrap_or_default()
    }
}

/// The folder of the workspace's manifest.
pub(crate) fn root() -> PathBuf {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR"));
    manifest.parent().unwrap_or(manifest).to_path_buf()
}

/// Every text file whose name ends in one of `extensions`, sorted by path; build output and foreign code left out.
///
/// # Errors
/// When a folder or a file can't be read.
pub(crate) fn read(root: &Path, extensions: &[&str]) -> Result<Vec<File>> {
    let mut files = Vec::new();
    let mut folders = vec![root.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in
            fs::read_dir(&folder).with_context(|| format!("can't list {}", folder.display()))?
        {
            let path = entry?.path();
            let name = path
                .file_name()
                .unwrap_or_default()
                .to_string_lossy()
                .into_owned();
            if path.is_dir() {
                if !SKIPPED.contains(&name.as_str()) {
                    folders.push(path);
                }
            } else if extensions.iter().any(|end| name.ends_with(end)) {
                files.push(read_one(root, &path)?);
            }
        }
    }
    files.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(files)
}

fn read_one(root: &Path, path: &Path) -> Result<File> {
    let text =
        fs::read_to_string(path).with_context(|| format!("can't read {}", path.display()))?;
    let relative = path
        .strip_prefix(root)
        .unwrap_or(path)
        .to_string_lossy()
        .replace('\\', "/");
    Ok(File {
        path: relative,
        text,
    })
}

/// Folders with build output or with other people's code.
const SKIPPED: &[&str] = &["target", ".git", "node_modules", "__pycache__", ".venv"];
