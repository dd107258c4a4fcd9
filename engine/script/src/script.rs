//! Defines a script with its modules: names found, files read once, and nothing new after the first VU.

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::hash::Hash;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use oxc_resolver::{ResolveOptions, Resolver};
use url::Url;

use crate::parse::Module;
use crate::root::Root;

/// A script and its modules. Each module has a name, which is a URL: `file:///folder/script.js`.
pub struct Script {
    main: String,
    folder: PathBuf,
    root: Root,
    resolver: Resolver,
    resolved: Known<(String, String), Result<String, String>>,
    modules: Known<String, Result<Arc<Module>, String>>,
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
            sealed: AtomicBool::new(false),
        })
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
        if let Some((scheme, _)) = specifier.split_once("://")
            && scheme != "file"
        {
            return Err(format!(
                "\"{specifier}\" can't be imported: modules of {scheme}:// addresses are not in this version of brunt; \
                 put a copy beside the script and import that"
            ));
        }
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

/// Whether a specifier is one of the runtime's, and no file's.
fn is_own(specifier: &str) -> bool {
    specifier == "k6" || specifier.starts_with("k6/") || specifier.starts_with("brunt:")
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
    fn what_is_imported_of_no_file_is_known_before_anything_runs() {
        let (_folder, script) = script(&[
            (
                "a.ts",
                "import { x } from './b.js'; export * from 'x:one/a'; import t from 'k6';",
            ),
            ("b.js", "const c = require('./c.cjs'); module.exports = c;"),
            (
                "c.cjs",
                "if (false) { require( \"x:two/b\" ) } import('x:one/a'); import(`x:three/c`);",
            ),
        ]);
        let mut found = script.foreign_imports(|name| name.starts_with("x:"));
        found.sort();
        let names: Vec<&str> = found.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["x:one/a", "x:three/c", "x:two/b"]);
        assert!(found[2].1.ends_with("/c.cjs"), "{}", found[2].1);
    }

    #[test]
    fn what_is_not_there_or_not_shown_says_so() {
        let (_folder, script) = script(&[("a.js", "")]);
        for (specifier, words) in [
            ("./b.js", "there is no such file"),
            ("lodash", "no such package in node_modules"),
            (
                "https://example.com/x.js",
                "https:// addresses are not in this version",
            ),
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
