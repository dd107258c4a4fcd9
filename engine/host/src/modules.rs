//! Defines where the modules and files of a script come from, as its runtime sees them.

use std::sync::Arc;

/// The modules and files of one script. Who finds and reads them is no concern of this crate.
pub trait Modules: Send + Sync {
    /// The name of the script itself.
    fn main(&self) -> String;

    /// The name of the module that `specifier` means in the module named `referrer`, or why there is none.
    fn resolve(&self, specifier: &str, referrer: &str) -> Result<String, String>;

    /// The module of this name, or why it can't be had.
    fn load(&self, name: &str) -> Result<ModuleSource, String>;

    /// The content of the file that the script calls so, or why it can't be had.
    fn open(&self, path: &str) -> Result<Arc<Vec<u8>>, String>;

    /// Where a place of a module was in its file, as line and column from 1.
    fn original(&self, name: &str, line: u32, column: u32) -> (u32, u32);

    /// From here on only what was found and loaded before is there.
    fn seal(&self);
}

/// A module's text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModuleSource {
    /// How it is to be understood.
    pub kind: ModuleKind,
    /// JavaScript, or JSON.
    pub text: String,
}

/// How a module is to be understood.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ModuleKind {
    /// An ECMAScript module.
    Module,
    /// A CommonJS module.
    CommonJs,
    /// A JSON document.
    Json,
}
