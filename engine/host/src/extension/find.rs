//! Defines how extensions are found: by the interfaces and modules that a test imports.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::error::{Error, ErrorKind};
use crate::extension::file::Extension;
use crate::extension::interface::Interface;
use crate::world;

/// Where extensions are looked for.
#[derive(Debug, Clone, Default)]
pub struct SearchPath {
    /// Files that were named. What they export is taken before anything that is found.
    pub files: Vec<PathBuf>,
    /// Folders whose `.wasm` files are looked at.
    pub folders: Vec<PathBuf>,
}

/// What a test imports that an extension has to offer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wanted {
    /// An interface: `brunt:nats/client@0.1.0`.
    Interface(Interface),
    /// A module for scripts: `k6/x/nats`.
    Module(String),
}

impl Wanted {
    /// What a script's import of this specifier means; none where it is nothing of an extension's.
    pub fn by_script(specifier: &str) -> Option<Self> {
        if specifier.starts_with("k6/x/") {
            return Some(Self::Module(specifier.to_owned()));
        }
        let interface = Interface::parse(specifier)?;
        world::is_foreign(specifier).then_some(Self::Interface(interface))
    }

    fn text(&self) -> String {
        match self {
            Self::Interface(interface) => interface.to_string(),
            Self::Module(specifier) => specifier.clone(),
        }
    }

    fn is_offered_by(&self, extension: &Extension) -> bool {
        match self {
            Self::Interface(interface) => extension.export(interface).is_some(),
            Self::Module(specifier) => has_module(extension, specifier),
        }
    }

    /// What this extension offers instead: the same interface in a version that does not fit.
    fn other_version<'a>(&self, extension: &'a Extension) -> Option<&'a Interface> {
        let Self::Interface(wanted) = self else {
            return None;
        };
        let mut exports = extension.exports().iter();
        exports.find(|offered| offered.is_other_version_of(wanted))
    }
}

fn has_module(extension: &Extension, specifier: &str) -> bool {
    let mut modules = extension.scripts().iter();
    modules.any(|(known, _)| known == specifier)
}

impl SearchPath {
    /// The extensions that were named.
    ///
    /// # Errors
    /// A file that is not there, or not an extension.
    pub fn named(&self) -> Result<Vec<Extension>, Error> {
        let mut seen = BTreeSet::new();
        let once = self.files.iter().filter(|path| seen.insert(identity(path)));
        once.map(|path| Extension::open(path)).collect()
    }

    /// The extensions that offer what `test` wants, each once.
    ///
    /// # Errors
    /// When one that is named is no extension, and when something is offered by none, by two, or in another version alone.
    pub fn find(&self, wanted: &[Wanted], test: &str) -> Result<Vec<Extension>, Error> {
        let named = self.named()?;
        let mut searched = None;
        let mut chosen: Vec<Extension> = Vec::new();
        for wanted in wanted {
            let extension = match only(&named, wanted, test)? {
                Some(extension) => extension,
                None => {
                    let found = searched.get_or_insert_with(|| self.found());
                    only(found, wanted, test)?
                        .ok_or_else(|| not_found(wanted, test, self, &named, found))?
                }
            };
            if !chosen.iter().any(|known| known.path() == extension.path()) {
                extension.check()?;
                chosen.push(extension.clone());
            }
        }
        Ok(chosen)
    }

    /// The extensions in the folders, in the order of folders and names. Files that are something else are passed over.
    pub fn found(&self) -> Vec<Extension> {
        let mut seen = BTreeSet::new();
        let files = self.folders.iter().flat_map(|folder| wasm_files(folder));
        let once = files.filter(|path| seen.insert(identity(path)));
        once.filter_map(|path| Extension::seen(&path)).collect()
    }
}

/// The only one of these that offers it.
fn only<'a>(
    extensions: &'a [Extension],
    wanted: &Wanted,
    test: &str,
) -> Result<Option<&'a Extension>, Error> {
    let mut offering = extensions
        .iter()
        .filter(|extension| wanted.is_offered_by(extension));
    let first = offering.next();
    // A copy is no other extension.
    let is_other = |second: &&Extension| first.is_some_and(|first| first.bytes() != second.bytes());
    match (first, offering.find(is_other)) {
        (Some(first), Some(second)) => Err(ambiguous(wanted, test, first, second)),
        _ => Ok(first),
    }
}

fn ambiguous(wanted: &Wanted, test: &str, first: &Extension, second: &Extension) -> Error {
    let message = format!(
        "{test} imports {}, which two extensions offer: {} and {}",
        wanted.text(),
        first.path().display(),
        second.path().display()
    );
    Error::new(ErrorKind::WrongWorld, message).hint(format!(
        "name the one that you mean, and only it: --extension {}",
        first.path().display()
    ))
}

fn not_found(
    wanted: &Wanted,
    test: &str,
    path: &SearchPath,
    named: &[Extension],
    found: &[Extension],
) -> Error {
    let text = wanted.text();
    let all = named.iter().chain(found);
    let mut others =
        all.filter_map(|extension| Some((extension, wanted.other_version(extension)?)));
    if let Some((extension, offered)) = others.next() {
        let message = format!(
            "{test} imports {text}, and {} offers {offered}, which is another track of versions",
            extension.path().display()
        );
        return Error::new(ErrorKind::WrongWorld, message).hint(
            "use an extension of the version that the test was built for, or build the test for the extension's",
        );
    }
    let message = format!("{test} imports {text}, which no extension offers");
    Error::new(ErrorKind::WrongWorld, message).hint(format!(
        "name the file of the extension, --extension FILE.wasm, or put it into a folder that is searched: {}",
        places(path)
    ))
}

fn places(path: &SearchPath) -> String {
    match path.folders.is_empty() {
        true => "none; BRUNT_EXTENSION_PATH names some".to_owned(),
        false => {
            let folders = path.folders.iter();
            let folders: Vec<String> = folders.map(|folder| folder.display().to_string()).collect();
            folders.join(", ")
        }
    }
}

/// The `.wasm` files of a folder, by name; none of one that can't be read.
fn wasm_files(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(folder) else {
        return Vec::new();
    };
    let paths = entries.flatten().map(|entry| entry.path());
    let mut paths: Vec<PathBuf> = paths
        .filter(|path| path.extension().is_some_and(|end| end == "wasm"))
        .collect();
    paths.sort();
    paths
}

/// What is the same for two ways to write one path.
fn identity(path: &Path) -> PathBuf {
    path.canonicalize().unwrap_or_else(|_| path.to_owned())
}
