//! Defines a script with its modules: names found, files read once, and nothing new after the first VU.

use std::collections::HashMap;
use std::fmt;
use std::hash::Hash;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use oxc_resolver::{ResolveOptions, Resolver};
use url::Url;

use crate::address;
use crate::parse::Module;
use crate::remote::Remote;
use crate::root::Root;

/// A script and its modules. Each module has a name, which is a URL: `file:///folder/script.js`, `https://example.com/lib.js`.
pub struct Script {
    main: String,
    folder: PathBuf,
    root: Root,
    resolver: Resolver,
    resolved: Known<(String, String), Result<String, String>>,
    modules: Known<String, Result<Arc<Module>, String>>,
    /// Where modules of `https://` addresses come from, when anybody fetches them.
    remote: Option<Remote>,
    /// Who wanted each of them first, and where.
    wanted: Known<String, String>,
    /// The addresses that they came from in the end, where those are others.
    origins: Known<String, String>,
    sealed: AtomicBool,
}

type Known<K, V> = Mutex<HashMap<K, V>>;

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
        Self::new(name(&full).map_err(ScriptError)?, folder, root)
    }

    /// A script that is no file, as if it lay in this folder under the name `-`.
    ///
    /// # Errors
    /// When there is no such folder, or the syntax is wrong.
    pub fn of_text(text: String, folder: &Path) -> Result<Self, ScriptError> {
        let missing = |error| ScriptError(format!("{}: {error}", folder.display()));
        let root = Root::new(folder, folder).map_err(missing)?;
        let path = root.path().join("-");
        let module = Module::parse(&path, text).map(Arc::new);
        let main = name(&path).map_err(ScriptError)?;
        let script = Self::new(main.clone(), root.path().to_owned(), root)?;
        locked(&script.modules).insert(main, module);
        Ok(script)
    }

    fn new(main: String, folder: PathBuf, root: Root) -> Result<Self, ScriptError> {
        Ok(Self {
            main,
            folder,
            root,
            resolver: Resolver::new(options()),
            resolved: Known::default(),
            modules: Known::default(),
            remote: None,
            wanted: Known::default(),
            origins: Known::default(),
            sealed: AtomicBool::new(false),
        })
    }

    /// Lets it import modules of `https://` addresses from there.
    pub fn import_from(&mut self, remote: Remote) {
        self.remote = Some(remote);
    }

    /// The name of the script itself.
    pub fn main(&self) -> &str {
        &self.main
    }

    /// The folder that the script lies in.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The folder that nothing of the script lies outside of.
    pub fn root(&self) -> &Path {
        self.root.path()
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
        self.known(&self.resolved, key, specifier, || {
            self.find(specifier, referrer)
        })
    }

    /// The module of this name.
    ///
    /// # Errors
    /// Why it can't be had; `SyntaxError: ` begins what is wrong with its text.
    pub fn load(&self, name: &str) -> Result<Arc<Module>, String> {
        self.known(&self.modules, name.to_owned(), name, || self.read(name))
    }

    /// Where a place of a module was in its file, as line and column from 1.
    pub fn original(&self, name: &str, line: u32, column: u32) -> (u32, u32) {
        match locked(&self.modules).get(name) {
            Some(Ok(module)) => module.original(line, column),
            _ => (line, column),
        }
    }

    /// What is known under this key, or else `find` finds and is known from then on.
    fn known<K: Eq + Hash, V: Clone>(
        &self,
        all: &Known<K, Result<V, String>>,
        key: K,
        what: &str,
        find: impl FnOnce() -> Result<V, String>,
    ) -> Result<V, String> {
        let mut all = locked(all);
        if let Some(known) = all.get(&key) {
            return known.clone();
        }
        if self.sealed.load(Ordering::Relaxed) {
            return Err(format!(
                "{what} was not loaded by the first VU, and later ones can load only what it loaded"
            ));
        }
        let found = find();
        all.insert(key, found.clone());
        found
    }

    fn find(&self, specifier: &str, referrer: &str) -> Result<String, String> {
        let address = if address::is_remote(referrer) {
            let origin = locked(&self.origins).get(referrer).cloned();
            address::relative(specifier, origin.as_deref().unwrap_or(referrer))?
        } else if specifier.contains("://") && !specifier.starts_with("file://") {
            address::absolute(specifier)?
        } else {
            return self.find_file(specifier, referrer);
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

    fn find_file(&self, specifier: &str, referrer: &str) -> Result<String, String> {
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

    fn read(&self, name: &str) -> Result<Arc<Module>, String> {
        if address::is_remote(name) {
            let text = self.fetched(name)?;
            return Module::parse_remote(name, text).map(Arc::new);
        }
        let path = path(name)?;
        if !self.root.has(&path) || !path.is_file() {
            return Err(format!(
                "{} is no file that this script may read",
                path.display()
            ));
        }
        let text = std::fs::read_to_string(&path)
            .map_err(|error| format!("{}: {error}", path.display()))?;
        Module::parse(&path, text).map(Arc::new)
    }

    fn fetched(&self, url: &str) -> Result<String, String> {
        let remote = self.remote.as_ref();
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

impl fmt::Display for ScriptError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for ScriptError {}

/// Node's rules, with the ends of files that scripts have.
fn options() -> ResolveOptions {
    let texts = |list: &[&str]| list.iter().map(|&text| text.to_owned()).collect();
    ResolveOptions {
        extensions: texts(&[".js", ".ts", ".mjs", ".cjs", ".mts", ".cts", ".json"]),
        extension_alias: vec![(".js".to_owned(), texts(&[".js", ".ts"]))],
        condition_names: texts(&["import", "default"]),
        main_fields: texts(&["module", "main"]),
        ..ResolveOptions::default()
    }
}

fn missing(specifier: &str, referrer: &str) -> String {
    let kind = match specifier.starts_with(['.', '/']) || specifier.starts_with("file://") {
        true => "there is no such file",
        false => "there is no such package in node_modules",
    };
    format!("\"{specifier}\", imported by {referrer}, was not found: {kind}")
}

fn name(path: &Path) -> Result<String, String> {
    Url::from_file_path(path)
        .map(String::from)
        .map_err(|()| format!("{} is no path of a module", path.display()))
}

fn path(name: &str) -> Result<PathBuf, String> {
    let url = Url::parse(name).ok();
    let path = url.and_then(|url| url.to_file_path().ok());
    path.ok_or_else(|| format!("\"{name}\" is no name of a module"))
}

fn locked<K, V>(known: &Known<K, V>) -> std::sync::MutexGuard<'_, HashMap<K, V>> {
    known.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A folder with these files, and the script in the first one.
    fn script(files: &[(&str, &str)]) -> (tempfile::TempDir, Script) {
        let folder = tempfile::tempdir().expect("a folder");
        for (name, text) in files {
            let path = folder.path().join(name);
            std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
            std::fs::write(path, text).expect("a file");
        }
        let main = folder.path().join(files[0].0);
        let script = Script::open(&main, folder.path()).expect("a script");
        (folder, script)
    }

    #[test]
    fn modules_are_found_by_path_by_url_and_by_package() {
        let (_folder, script) = script(&[
            ("tests/a.js", ""),
            ("lib/b.js", ""),
            ("lib/c.ts", ""),
            ("node_modules/d/package.json", r#"{"main":"e.js"}"#),
            ("node_modules/d/e.js", ""),
        ]);
        for (specifier, end) in [
            ("../lib/b.js", "/lib/b.js"),
            ("../lib/c", "/lib/c.ts"),
            ("../lib/c.js", "/lib/c.ts"),
            ("d", "/node_modules/d/e.js"),
            (script.main(), "/tests/a.js"),
        ] {
            let found = script.resolve(specifier, script.main()).expect(specifier);
            assert!(
                found.starts_with("file:///") && found.ends_with(end),
                "{found}"
            );
        }
    }

    #[test]
    fn what_is_not_there_or_not_shown_says_so() {
        let (_folder, script) = script(&[("a.js", "")]);
        for (specifier, words) in [
            ("./b.js", "there is no such file"),
            ("lodash", "no such package in node_modules"),
            ("http://example.com/x.js", "only https:// addresses"),
            ("/etc/passwd", "lies outside of"),
        ] {
            let error = script
                .resolve(specifier, script.main())
                .expect_err(specifier);
            assert!(error.contains(words), "{error}");
        }
        assert!(script.load("file:///etc/passwd").is_err());
    }

    #[test]
    fn later_vus_load_only_what_the_first_one_loaded() {
        let (_folder, script) = script(&[("a.js", "1"), ("b.js", "2")]);
        let first = script.resolve("./a.js", script.main()).expect("a name");
        script.load(&first).expect("a module");
        script.seal();
        assert_eq!(script.load(&first).expect("a module").text, "1");
        let error = script
            .resolve("./b.js", script.main())
            .expect_err("too late");
        assert!(error.contains("the first VU"), "{error}");
    }

    #[test]
    fn a_script_can_be_text() {
        let folder = tempfile::tempdir().expect("a folder");
        let text = "export const a: number = 1;".to_owned();
        let script = Script::of_text(text, folder.path()).expect("a script");
        let module = script.load(script.main()).expect("a module");
        assert_eq!(module.text.trim(), "export const a = 1;");
    }
}
