//! Defines a script with its modules and files: names found, files read once, and nothing new after the first VU.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::fmt;
use std::hash::Hash;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use crate::address;
use crate::archive::Archive;
use crate::machine::Machine;
use crate::names::name;
use crate::packed::folder_of;
use crate::parse::{Kind, Module};
use crate::remote::Remote;
use crate::root::Root;

/// A script and its modules. Each module has a name, which is a URL: `file:///folder/script.js`, `https://example.com/lib.js`.
pub struct Script {
    main: String,
    folder: PathBuf,
    place: Place,
    pub(crate) resolved: Known<(String, String), Result<String, String>>,
    pub(crate) modules: Known<String, Result<Arc<Module>, String>>,
    files: Known<PathBuf, Result<Content, String>>,
    /// What was opened, by the paths that were written.
    pub(crate) opened: Mutex<BTreeMap<PathBuf, Content>>,
    /// Who wanted each module of the network first, and where.
    wanted: Known<String, String>,
    /// The addresses that they came from in the end, where those are others.
    origins: Known<String, String>,
    sealed: AtomicBool,
}

/// Where a script lies.
#[expect(
    clippy::large_enum_variant,
    reason = "a run has one, shared by all VUs"
)]
enum Place {
    /// On this machine, with modules of `https://` addresses from there, when anybody fetches them.
    Machine(Machine, Option<Remote>),
    Archive(Archive),
}

pub(crate) type Known<K, V> = Mutex<HashMap<K, V>>;

/// Shared by all VUs.
type Content = Arc<Vec<u8>>;

/// Why there is no script.
#[derive(Debug)]
pub struct ScriptError(String);

impl Script {
    /// The script in this file, of a run that was started in the folder `working`. Nothing is read yet.
    ///
    /// # Errors
    /// When there is no such file.
    pub fn open(path: &Path, working: &Path) -> Result<Self, ScriptError> {
        let missing = |error: std::io::Error| match error.kind() {
            std::io::ErrorKind::NotFound => {
                ScriptError(format!("{} does not exist", path.display()))
            }
            _ => ScriptError(format!("{} can't be read: {error}", path.display())),
        };
        let full = path.canonicalize().map_err(missing)?;
        if !full.is_file() {
            return Err(ScriptError(format!("{} is not a file", path.display())));
        }
        let folder = full.parent().unwrap_or(&full).to_owned();
        let root = Root::new(&folder, working).map_err(missing)?;
        let main = name(&full).map_err(ScriptError)?;
        Ok(Self::new(
            main,
            folder,
            Place::Machine(Machine::new(root), None),
        ))
    }

    /// A script that is no file, as if it lay in this folder under the name `-`.
    ///
    /// # Errors
    /// When there is no such folder, or the syntax is wrong.
    pub fn of_text(text: String, folder: &Path) -> Result<Self, ScriptError> {
        let missing = |error| ScriptError(format!("{}: {error}", folder.display()));
        let root = Root::new(folder, folder).map_err(missing)?;
        let (folder, path) = (root.path().to_owned(), root.path().join("-"));
        let module = Module::parse(&path, text).map(Arc::new);
        let main = name(&path).map_err(ScriptError)?;
        let place = Place::Machine(Machine::new(root), None);
        let script = Self::new(main.clone(), folder, place);
        locked(&script.modules).insert(main, module);
        Ok(script)
    }

    /// The script in an archive, which sees nothing but what is in there.
    pub fn of_archive(archive: Archive) -> Self {
        let main = archive.main();
        Self::new(main.clone(), folder_of(&main), Place::Archive(archive))
    }

    fn new(main: String, folder: PathBuf, place: Place) -> Self {
        Self {
            main,
            folder,
            place,
            resolved: Known::default(),
            modules: Known::default(),
            files: Known::default(),
            opened: Mutex::default(),
            wanted: Known::default(),
            origins: Known::default(),
            sealed: AtomicBool::new(false),
        }
    }

    /// Lets it import modules of `https://` addresses from there, unless it lies in an archive.
    pub fn import_from(&mut self, remote: Remote) {
        if let Place::Machine(_, from) = &mut self.place {
            *from = Some(remote);
        }
    }

    /// The name of the script itself.
    pub fn main(&self) -> &str {
        &self.main
    }

    /// The folder that the script lies in.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// From here on only what was found and read before is there.
    pub fn seal(&self) {
        self.sealed.store(true, Ordering::Relaxed);
    }

    /// The name of the module that `specifier` means in the module named `referrer`.
    ///
    /// # Errors
    /// Why there is none, in words for the script's author.
    pub fn resolve(&self, specifier: &str, referrer: &str) -> Result<String, String> {
        let key = (specifier.to_owned(), referrer.to_owned());
        let late = || late(specifier, "load");
        self.known(&self.resolved, key, late, || self.find(specifier, referrer))
    }

    /// The module of this name.
    ///
    /// # Errors
    /// Why it can't be had; `SyntaxError: ` begins what is wrong with its text.
    pub fn load(&self, name: &str) -> Result<Arc<Module>, String> {
        let late = || late(name, "load");
        self.known(&self.modules, name.to_owned(), late, || self.read(name))
    }

    /// The content of the file that the script calls so.
    ///
    /// # Errors
    /// Why it can't be had, in words for the script's author.
    pub fn open_file(&self, path: &str) -> Result<Arc<Vec<u8>>, String> {
        let (written, full) = match &self.place {
            Place::Machine(machine, _) => machine.locate(path, &self.folder)?,
            Place::Archive(_) => (self.folder.join(path), self.folder.join(path)),
        };
        let read = || match &self.place {
            Place::Machine(..) => std::fs::read(&full)
                .map(Arc::new)
                .map_err(|error| format!("{path}: {error}")),
            Place::Archive(archive) => archive.open(path, &self.folder),
        };
        let content = self.known(&self.files, full.clone(), || late(path, "open"), read)?;
        let mut opened = self.opened.lock().unwrap_or_else(PoisonError::into_inner);
        opened.entry(written).or_insert_with(|| content.clone());
        Ok(content)
    }

    /// What the script and its modules import that is none of their files, each once: the specifier, and the module that
    /// imports it first. Modules that can't be had are passed over: whoever loads them says why.
    pub fn foreign_imports(&self, is_foreign: impl Fn(&str) -> bool) -> Vec<(String, String)> {
        let mut found: Vec<(String, String)> = Vec::new();
        let mut seen = HashSet::from([self.main.clone()]);
        let mut next = vec![self.main.clone()];
        while let Some(name) = next.pop() {
            let Ok(module) = self.load(&name) else {
                continue;
            };
            for specifier in &module.imports {
                if is_foreign(specifier) {
                    if !found.iter().any(|(known, _)| known == specifier) {
                        found.push((specifier.clone(), name.clone()));
                    }
                } else if !is_own(specifier)
                    && is_followed(&module, specifier, &name)
                    && let Ok(imported) = self.resolve(specifier, &name)
                    && seen.insert(imported.clone())
                {
                    next.push(imported);
                }
            }
        }
        found
    }

    /// Where a place of a module was in its file, as line and column from 1.
    pub fn original(&self, name: &str, line: u32, column: u32) -> (u32, u32) {
        match locked(&self.modules).get(name) {
            Some(Ok(module)) => module.original(line, column),
            _ => (line, column),
        }
    }

    /// What is known under this key, or else `find` finds and is known from then on. `late` is why not, when it is too late.
    fn known<K: Eq + Hash, V: Clone>(
        &self,
        all: &Known<K, Result<V, String>>,
        key: K,
        late: impl FnOnce() -> String,
        find: impl FnOnce() -> Result<V, String>,
    ) -> Result<V, String> {
        let mut all = locked(all);
        if let Some(known) = all.get(&key) {
            return known.clone();
        }
        if self.sealed.load(Ordering::Relaxed) {
            return Err(late());
        }
        let found = find();
        all.insert(key, found.clone());
        found
    }

    fn find(&self, specifier: &str, referrer: &str) -> Result<String, String> {
        if let Place::Archive(archive) = &self.place
            && let Some(known) = archive.metadata.resolved(specifier, referrer)
        {
            return Ok(known.to_owned());
        }
        let address = if address::is_remote(referrer) {
            let origin = locked(&self.origins).get(referrer).cloned();
            address::relative(specifier, origin.as_deref().unwrap_or(referrer))?
        } else if specifier.contains("://") && !specifier.starts_with("file://") {
            address::absolute(specifier)?
        } else {
            return match &self.place {
                Place::Machine(machine, _) => machine.find(specifier, referrer),
                Place::Archive(archive) => archive.find(specifier, referrer),
            };
        };
        let place = self.place_of(specifier, referrer);
        locked(&self.wanted).entry(address.clone()).or_insert(place);
        Ok(address)
    }

    /// Where a module imports this, as far as that is known.
    fn place_of(&self, specifier: &str, referrer: &str) -> String {
        let modules = locked(&self.modules);
        let place = match modules.get(referrer) {
            Some(Ok(module)) => module.place_of(specifier),
            _ => None,
        };
        match place {
            Some((line, column)) => format!("{referrer}:{line}:{column}"),
            None => referrer.to_owned(),
        }
    }

    fn read(&self, name: &str) -> Result<Arc<Module>, String> {
        let module = match (&self.place, address::is_remote(name)) {
            (Place::Machine(machine, _), false) => parse_file(name, machine.text(name)?),
            (Place::Archive(archive), false) => parse_file(name, archive.text(name)?),
            (Place::Machine(_, remote), true) => {
                Module::parse_remote(name, self.fetched(name, remote.as_ref())?)
            }
            (Place::Archive(archive), true) => {
                let text = archive.text(name).map_err(|why| self.told(name, &why))?;
                Module::parse_remote(name, text)
            }
        };
        module.map(Arc::new)
    }

    fn fetched(&self, url: &str, remote: Option<&Remote>) -> Result<String, String> {
        let remote = remote.ok_or_else(|| self.told(url, "nothing is fetched here"))?;
        let fetched = remote.module(url).map_err(|why| self.told(url, &why))?;
        if fetched.from != url {
            locked(&self.origins).insert(url.to_owned(), fetched.from);
        }
        Ok(fetched.text)
    }

    /// Why a module of the network can't be had, with who wants it.
    fn told(&self, url: &str, why: &str) -> String {
        let wanted = locked(&self.wanted).get(url).cloned();
        let wanted = wanted.map(|place| format!(", imported by {place},"));
        format!(
            "\"{url}\"{} can't be had: {why}",
            wanted.unwrap_or_default()
        )
    }
}

fn parse_file(name: &str, text: String) -> Result<Module, String> {
    Module::parse(&crate::names::path(name)?, text)
}

fn late(what: &str, verb: &str) -> String {
    format!(
        "{what} was not {verb}ed by the first VU, and later ones can {verb} only what it {verb}ed"
    )
}

impl fmt::Display for ScriptError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for ScriptError {}

/// Whether what a module imports so is looked into: what is only called for may never be, and nothing is fetched for that.
fn is_followed(module: &Module, specifier: &str, name: &str) -> bool {
    let is_called_for = module.kind == Kind::CommonJs && !address::is_remote(name);
    is_called_for || module.place_of(specifier).is_some()
}

/// Whether a specifier is one of the runtime's, and no file's.
fn is_own(specifier: &str) -> bool {
    specifier == "k6" || specifier.starts_with("k6/") || specifier.starts_with("brunt:")
}

pub(crate) fn locked<K, V>(known: &Known<K, V>) -> std::sync::MutexGuard<'_, HashMap<K, V>> {
    known.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
