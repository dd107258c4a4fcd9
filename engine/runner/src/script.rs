//! Defines how a script is a test: its modules as the host wants them, and what its runtime needs.

use std::sync::Arc;

use brunt_host::{Data, Extension, ModuleKind, ModuleSource, Modules, SearchPath, Wanted};
use brunt_script::{Kind, Script};
use serde_json::json;

use crate::error::Error;
use crate::options::{Layer, OptionsError, Source};

/// What scripts are granted where nobody says otherwise: JavaScript's own limit of calls is reached within this stack, so that
/// endless recursion is an exception that a script can catch.
pub(crate) fn limits() -> Result<Layer, OptionsError> {
    Layer::from_json(
        Source::ScriptDefaults,
        &json!({ "limits": { "stack": "4MiB" } }),
    )
}

/// The extensions that a script imports something of, and those that were named for it.
///
/// # Errors
/// When one is missing, or can't be told from another.
pub(crate) fn extensions(script: &Script, path: &SearchPath) -> Result<Vec<Extension>, Error> {
    let mut used = path.named()?;
    for (specifier, by) in script.foreign_imports(|name| Wanted::by_script(name).is_some()) {
        let Some(wanted) = Wanted::by_script(&specifier) else {
            continue;
        };
        for found in path.find(&[wanted], &by)? {
            if !used.iter().any(|known| known.path() == found.path()) {
                used.push(found);
            }
        }
    }
    Ok(used)
}

/// The files and modules that a script can see.
pub(crate) fn data(script: Arc<Script>) -> Data {
    Data::of_script(Arc::new(OfScript(script)))
}

/// The modules and files of a script.
struct OfScript(Arc<Script>);

impl Modules for OfScript {
    fn main(&self) -> String {
        self.0.main().to_owned()
    }

    fn resolve(&self, specifier: &str, referrer: &str) -> Result<String, String> {
        self.0.resolve(specifier, referrer)
    }

    fn load(&self, name: &str) -> Result<ModuleSource, String> {
        let module = self.0.load(name)?;
        Ok(ModuleSource {
            kind: match module.kind {
                Kind::Module => ModuleKind::Module,
                Kind::CommonJs => ModuleKind::CommonJs,
                Kind::Json => ModuleKind::Json,
            },
            text: module.text.clone(),
        })
    }

    fn open(&self, path: &str) -> Result<Arc<Vec<u8>>, String> {
        self.0.open_file(path)
    }

    fn original(&self, name: &str, line: u32, column: u32) -> (u32, u32) {
        self.0.original(name, line, column)
    }

    fn seal(&self) {
        self.0.seal();
    }
}
