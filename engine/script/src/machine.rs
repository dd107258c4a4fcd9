//! Defines the files of this machine that a script can see: modules by Node's rules, and others, below its root.

use std::io;
use std::path::{Component, Path, PathBuf};

use oxc_resolver::{ResolveOptions, Resolver};

use crate::names::{missing, name, path};
use crate::root::Root;

/// The files below a root.
pub(crate) struct Machine {
    root: Root,
    resolver: Resolver,
}

impl Machine {
    pub(crate) fn new(root: Root) -> Self {
        Self {
            root,
            resolver: Resolver::new(options()),
        }
    }

    /// The name of the module that `specifier` means in the module named `referrer`.
    pub(crate) fn find(&self, specifier: &str, referrer: &str) -> Result<String, String> {
        let folder = path(referrer)?;
        let folder = folder.parent().unwrap_or(self.root.path());
        let wanted = match specifier.starts_with("file://") {
            true => path(specifier)?.display().to_string(),
            false => specifier.to_owned(),
        };
        let found = self
            .resolver
            .resolve(folder, &wanted)
            .map_err(|_| missing(specifier, referrer))?;
        if !self.root.has(found.path()) {
            return Err(format!(
                "\"{specifier}\" lies outside of {}: start the run in a folder that has both the script and what it imports",
                self.root.path().display()
            ));
        }
        name(found.path())
    }

    /// The text of the module of this name.
    pub(crate) fn text(&self, name: &str) -> Result<String, String> {
        let path = path(name)?;
        if !self.root.has(&path) || !path.is_file() {
            return Err(format!(
                "{} is no file that this script may read",
                path.display()
            ));
        }
        std::fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))
    }

    /// The place of a file that a script in `folder` calls `wanted`: as it is written, and as it is, which must both lie below
    /// the root.
    pub(crate) fn locate(&self, wanted: &str, folder: &Path) -> Result<(PathBuf, PathBuf), String> {
        let told = |error: io::Error| format!("{wanted}: {error}");
        // First as it is written: what lies outside must not even be asked for.
        let written = normal(&folder.join(wanted));
        if !written.starts_with(self.root.path()) {
            return Err(format!("{wanted} leaves the test's folder"));
        }
        let full = written.canonicalize().map_err(told)?;
        match full.starts_with(self.root.path()) {
            true => Ok((written, full)),
            false => Err(format!("{wanted} leaves the test's folder")),
        }
    }
}

/// The path without `.` and `..`.
pub(crate) fn normal(path: &Path) -> PathBuf {
    let mut normal = PathBuf::new();
    for part in path.components() {
        match part {
            Component::ParentDir => {
                normal.pop();
            }
            Component::CurDir => {}
            _ => normal.push(part),
        }
    }
    normal
}

/// Node's rules, with the ends of files that scripts have.
fn options() -> ResolveOptions {
    let texts = |list: &[&str]| list.iter().map(|&text| text.to_owned()).collect();
    ResolveOptions {
        extensions: texts(&ENDS),
        extension_alias: vec![(".js".to_owned(), texts(&[".js", ".ts"]))],
        condition_names: texts(&["import", "default"]),
        main_fields: texts(&["module", "main"]),
        ..ResolveOptions::default()
    }
}

/// Ends of files that an import may leave out.
pub(crate) const ENDS: [&str; 7] = [".js", ".ts", ".mjs", ".cjs", ".mts", ".cts", ".json"];
