//! Defines what a script in an archive can see: what is in the archive.

use std::path::Path;
use std::sync::Arc;

use crate::address;
use crate::archive::{Archive, anonymous};
use crate::machine::{ENDS, normal};
use crate::names::{missing, name, path};

impl Archive {
    /// The name of the module that `specifier` means in the module named `referrer`, where it is a file or was written down.
    pub(crate) fn find(&self, specifier: &str, referrer: &str) -> Result<String, String> {
        if let Some(known) = self.metadata.resolved(specifier, referrer) {
            return Ok(known.to_owned());
        }
        let wanted = match specifier {
            file if file.starts_with("file://") => path(file)?,
            file if file.starts_with(['.', '/']) => {
                let referrer = path(referrer)?;
                normal(&referrer.parent().unwrap_or(Path::new("/")).join(file))
            }
            _ => return Err(self.absent(&missing(specifier, referrer))),
        };
        let wanted = name(&wanted)?;
        let ends = ENDS.iter().map(|end| format!("{wanted}{end}"));
        let mut names = std::iter::once(wanted.clone()).chain(ends);
        names
            .find(|name| self.content(name).is_some())
            .ok_or_else(|| self.absent(&missing(specifier, referrer)))
    }

    /// The text of the module of this name.
    pub(crate) fn text(&self, name: &str) -> Result<String, String> {
        let content = self.content(name);
        let content = content.ok_or_else(|| self.absent(&format!("\"{name}\" can't be had")))?;
        String::from_utf8(content.to_vec()).map_err(|_| format!("{name} is not UTF-8"))
    }

    /// The file that a script in `folder` calls `wanted`.
    pub(crate) fn open(&self, wanted: &str, folder: &Path) -> Result<Arc<Vec<u8>>, String> {
        let full = normal(&folder.join(wanted));
        let entry = file_entry(&full);
        let content = self.entries.get(&entry).cloned();
        content.ok_or_else(|| self.absent(&format!("{wanted} can't be opened")))
    }

    fn absent(&self, why: &str) -> String {
        format!(
            "{why}: it is not in the archive, and a script in an archive sees nothing else (hint: make the archive again with `brunt archive`)"
        )
    }
}

/// The entry of a file of this path.
pub(crate) fn file_entry(path: &Path) -> String {
    format!("file{}", anonymous(&path.to_string_lossy()))
}

/// The folder that a script of this name lies in.
pub(crate) fn folder_of(main: &str) -> std::path::PathBuf {
    let path = match address::is_remote(main) {
        true => None,
        false => path(main).ok(),
    };
    let folder = path.as_deref().and_then(Path::parent);
    folder.unwrap_or(Path::new("/")).to_owned()
}
