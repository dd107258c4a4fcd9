//! Defines the names of modules that are files: their URLs.

use std::path::{Path, PathBuf};

use url::Url;

/// The name of a module in this file.
pub(crate) fn name(path: &Path) -> Result<String, String> {
    Url::from_file_path(path)
        .map(String::from)
        .map_err(|()| format!("{} is no path of a module", path.display()))
}

/// The file of the module of this name.
pub(crate) fn path(name: &str) -> Result<PathBuf, String> {
    let url = Url::parse(name).ok();
    let path = url.and_then(|url| url.to_file_path().ok());
    path.ok_or_else(|| format!("\"{name}\" is no name of a module"))
}

/// What is said of a module that is nowhere.
pub(crate) fn missing(specifier: &str, referrer: &str) -> String {
    let kind = match specifier.starts_with(['.', '/']) || specifier.starts_with("file://") {
        true => "there is no such file",
        false => "there is no such package in node_modules",
    };
    format!("\"{specifier}\", imported by {referrer}, was not found: {kind}")
}
