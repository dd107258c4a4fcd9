//! Defines the root of a script: the folder that nothing it reads lies outside of.

use std::io;
use std::path::{Path, PathBuf};

/// A folder, symbolic links followed.
#[derive(Debug, Clone)]
pub(crate) struct Root(PathBuf);

impl Root {
    /// The root of a script in `folder`: where the run was started, when the script lies below it, else its own folder.
    ///
    /// Who starts a run in a folder shows it; who names a script elsewhere shows the script.
    pub(crate) fn new(folder: &Path, working: &Path) -> io::Result<Self> {
        let folder = folder.canonicalize()?;
        Ok(match working.canonicalize() {
            // At the top of everything there is nothing that would not be shown.
            Ok(working) if folder.starts_with(&working) && working.parent().is_some() => {
                Self(working)
            }
            _ => Self(folder),
        })
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    /// Whether this file, symbolic links followed, is below the root.
    pub(crate) fn has(&self, file: &Path) -> bool {
        file.canonicalize()
            .is_ok_and(|file| file.starts_with(&self.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_started_above_a_script_shows_what_is_there_and_no_more() {
        let tree = tempfile::tempdir().expect("a folder");
        let (project, tests) = (
            tree.path().join("project"),
            tree.path().join("project/tests"),
        );
        std::fs::create_dir_all(&tests).expect("folders");
        for file in ["project/lib.js", "secret.js"] {
            std::fs::write(tree.path().join(file), "").expect("a file");
        }
        let above = Root::new(&tests, &project).expect("a root");
        assert!(above.has(&tests.join("../lib.js")));
        assert!(!above.has(&tree.path().join("secret.js")));
        let elsewhere = Root::new(&tests, &std::env::temp_dir().join("no such folder"));
        assert!(!elsewhere.expect("a root").has(&project.join("lib.js")));
        let top = Root::new(&tests, Path::new("/")).expect("a root");
        assert!(!top.has(&project.join("lib.js")));
    }
}
