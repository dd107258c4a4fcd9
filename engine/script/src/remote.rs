//! Defines modules of `https://` addresses: fetched once, kept in a folder, and checked when they are read again.

mod kept;

use std::path::PathBuf;

use kept::{Found, Kept};

/// Where modules of `https://` addresses come from.
pub struct Remote {
    kept: Option<Kept>,
    fetch: Box<dyn Fetch>,
    /// Whether what is kept is not looked at.
    anew: bool,
}

/// Who fetches modules. How is no concern of this crate.
pub trait Fetch: Send + Sync {
    /// What is at this `https://` address, redirects followed.
    ///
    /// # Errors
    /// Why it can't be had, in words.
    fn fetch(&self, url: &str) -> Result<Fetched, String>;
}

/// A module as it came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fetched {
    /// The address that it came from in the end, which its relative imports are relative to.
    pub from: String,
    /// Its text.
    pub text: String,
}

impl Remote {
    /// Modules that `fetch` fetches, and that are kept in `folder` where there is one; `anew` fetches also what is kept.
    pub fn new(folder: Option<PathBuf>, fetch: Box<dyn Fetch>, anew: bool) -> Self {
        Self {
            kept: folder.map(Kept::new),
            fetch,
            anew,
        }
    }

    /// The module at this address.
    ///
    /// # Errors
    /// Why it can't be had, and what to do.
    pub(crate) fn module(&self, url: &str) -> Result<Fetched, String> {
        let found = match (&self.kept, self.anew) {
            (Some(kept), false) => kept.find(url),
            _ => Found::Nothing,
        };
        let damage = match found {
            Found::Module(module) => return Ok(module),
            Found::Damaged(why) => Some(why),
            Found::Nothing => None,
        };
        match self.fetch.fetch(url) {
            Ok(module) => {
                if let Some(kept) = &self.kept {
                    // What can't be kept is fetched again the next time.
                    let _ = kept.keep(url, &module);
                }
                Ok(module)
            }
            Err(why) => Err(self.advised(&why, damage)),
        }
    }

    fn advised(&self, why: &str, damage: Option<String>) -> String {
        let damage = damage.map(|damage| format!("; {damage}"));
        let damage = damage.unwrap_or_default();
        let keeping = match &self.kept {
            Some(kept) => format!(
                "run it once where the address can be reached: what is fetched is kept in {}",
                kept.folder().display()
            ),
            None => {
                "set BRUNT_CACHE_DIR, and run it once where the address can be reached".to_owned()
            }
        };
        format!(
            "{why}{damage} (hint: put a copy beside the script and import that, or {keeping}; --module-mirror says where else it can be had)"
        )
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;
    use std::sync::{Arc, Mutex};

    use super::*;

    /// A network with these pages, which counts what it is asked for.
    #[derive(Clone, Default)]
    struct Network {
        pages: HashMap<&'static str, &'static str>,
        asked: Arc<Mutex<Vec<String>>>,
    }

    impl Fetch for Network {
        fn fetch(&self, url: &str) -> Result<Fetched, String> {
            self.asked.lock().expect("a lock").push(url.to_owned());
            let text = self.pages.get(url).ok_or("there is no network")?;
            Ok(Fetched {
                from: url.to_owned(),
                text: (*text).to_owned(),
            })
        }
    }

    const URL: &str = "https://example.com/a.js";

    fn remote(
        folder: &tempfile::TempDir,
        pages: &[(&'static str, &'static str)],
        anew: bool,
    ) -> Remote {
        let network = Network {
            pages: pages.iter().copied().collect(),
            ..Network::default()
        };
        Remote::new(Some(folder.path().to_owned()), Box::new(network), anew)
    }

    #[test]
    fn a_module_is_fetched_once_and_anew_when_that_is_asked_for() {
        let folder = tempfile::tempdir().expect("a folder");
        let text = |remote: Remote| remote.module(URL).map(|module| module.text);
        assert_eq!(
            text(remote(&folder, &[(URL, "1")], false)).as_deref(),
            Ok("1")
        );
        assert_eq!(text(remote(&folder, &[], false)).as_deref(), Ok("1"));
        assert_eq!(
            text(remote(&folder, &[(URL, "2")], false)).as_deref(),
            Ok("1")
        );
        assert_eq!(
            text(remote(&folder, &[(URL, "2")], true)).as_deref(),
            Ok("2")
        );
        assert_eq!(text(remote(&folder, &[], false)).as_deref(), Ok("2"));
    }

    #[test]
    fn what_was_changed_is_not_taken_for_what_was_fetched() {
        let folder = tempfile::tempdir().expect("a folder");
        remote(&folder, &[(URL, "1")], false)
            .module(URL)
            .expect("a module");
        let entry = std::fs::read_dir(folder.path()).expect("a folder").next();
        let file = entry.expect("a file").expect("a file").path();
        let kept = std::fs::read_to_string(&file).expect("text");
        std::fs::write(&file, kept.replace("\n1", "\n7")).expect("a file");
        let error = remote(&folder, &[], false)
            .module(URL)
            .expect_err("damaged");
        for words in ["there is no network", "is not what was fetched"] {
            assert!(error.contains(words), "{error}");
        }
        let mended = remote(&folder, &[(URL, "1")], false).module(URL);
        assert_eq!(mended.expect("a module").text, "1");
        assert!(remote(&folder, &[], false).module(URL).is_ok());
    }

    #[test]
    fn without_a_network_it_says_what_to_do() {
        let folder = tempfile::tempdir().expect("a folder");
        let error = remote(&folder, &[], false)
            .module(URL)
            .expect_err("no network");
        for words in [
            "there is no network",
            "put a copy beside the script",
            "run it once where",
        ] {
            assert!(error.contains(words), "{error}");
        }
    }
}
