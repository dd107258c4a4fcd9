//! Defines what all VUs share and none can change: files opened at init, and shared lists.

use std::collections::HashMap;
use std::path::{Component, Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use crate::modules::Modules;

/// A list that all VUs read.
pub(crate) type SharedList = Arc<Vec<Vec<u8>>>;

/// The files and shared lists of one test.
#[derive(Default)]
pub struct Data {
    folder: PathBuf,
    modules: Option<Arc<dyn Modules>>,
    files: Mutex<HashMap<PathBuf, Arc<Vec<u8>>>>,
    sealed: std::sync::atomic::AtomicBool,
    lists: Mutex<HashMap<String, SharedList>>,
}

impl Data {
    /// No data yet; files are found relative to this folder, and nowhere outside of it.
    pub fn new(folder: &Path) -> Self {
        Self {
            folder: folder.to_owned(),
            ..Self::default()
        }
    }

    /// The same for a script with these modules, which knows its own files.
    pub fn of_script(modules: Arc<dyn Modules>) -> Self {
        Self {
            modules: Some(modules),
            ..Self::default()
        }
    }

    /// From here on only files that were opened before can be opened.
    pub fn seal(&self) {
        self.sealed
            .store(true, std::sync::atomic::Ordering::Relaxed);
        if let Some(modules) = &self.modules {
            modules.seal();
        }
    }

    /// The modules of the script, where the test is one.
    pub(crate) fn modules(&self) -> Option<&dyn Modules> {
        self.modules.as_deref()
    }

    pub(crate) fn open(&self, path: &str) -> Result<Arc<Vec<u8>>, String> {
        if let Some(modules) = &self.modules {
            return modules.open(path);
        }
        let full = self.resolve(path)?;
        let mut files = self.files.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(content) = files.get(&full) {
            return Ok(content.clone());
        }
        if self.sealed.load(std::sync::atomic::Ordering::Relaxed) {
            return Err(format!(
                "{path} was not opened by the first VU, and later ones can open only what it opened"
            ));
        }
        let content = Arc::new(std::fs::read(&full).map_err(|error| format!("{path}: {error}"))?);
        files.insert(full, content.clone());
        Ok(content)
    }

    pub(crate) fn list(&self, name: &str) -> Option<SharedList> {
        self.lists
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .get(name)
            .cloned()
    }

    /// The list of this name, which is the given one unless another VU was faster.
    pub(crate) fn create_list(&self, name: String, items: Vec<Vec<u8>>) -> SharedList {
        let mut lists = self.lists.lock().unwrap_or_else(PoisonError::into_inner);
        lists.entry(name).or_insert_with(|| Arc::new(items)).clone()
    }

    /// The file's real place, which must lie below the test's folder, symbolic links followed.
    fn resolve(&self, path: &str) -> Result<PathBuf, String> {
        let told = |error: std::io::Error| format!("{path}: {error}");
        let folder = self.folder.canonicalize().map_err(told)?;
        // First as it is written: what lies outside must not even be asked for.
        let wanted = normal(&folder.join(path));
        if !wanted.starts_with(&folder) {
            return Err(format!("{path} leaves the test's folder"));
        }
        let full = wanted.canonicalize().map_err(told)?;
        match full.starts_with(&folder) {
            true => Ok(full),
            false => Err(format!("{path} leaves the test's folder")),
        }
    }
}

/// The path without `.` and `..`.
fn normal(path: &Path) -> PathBuf {
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
