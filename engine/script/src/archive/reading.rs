//! Defines how archives are read, Brunt's and k6's. They are somebody else's: nothing of them is taken for granted.

use std::collections::BTreeMap;
use std::io::Read;
use std::sync::Arc;

use tar::EntryType;

use super::names::clean;
use super::{Archive, ArchiveError, DATA, KIND, METADATA, Metadata, entry};

impl Archive {
    /// Reads an archive whose contents are no more than `limit` bytes together.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn read(from: impl Read, limit: u64) -> Result<Self, ArchiveError> {
        let mut entries = contents(from, limit)?;
        let metadata = entries.remove(METADATA);
        let metadata = metadata.ok_or_else(|| wrong("it has no metadata.json"))?;
        let metadata: Metadata = serde_json::from_slice(&metadata)
            .map_err(|error| wrong(&format!("metadata.json: {error}")))?;
        if metadata.kind != KIND {
            let kind = &metadata.kind;
            return Err(wrong(&format!(
                "it is of type {kind:?}, and only {KIND:?} can be run"
            )));
        }
        let data = entries.remove(DATA);
        let mut archive = Self { metadata, entries };
        let main = archive.main();
        let name =
            entry(&main).ok_or_else(|| wrong(&format!("its script can't be called {main:?}")))?;
        if let Some(data) = data {
            archive.entries.insert(name, data);
        } else if !archive.entries.contains_key(&name) {
            return Err(wrong("it has no script: no entry is called data"));
        }
        Ok(archive)
    }
}

fn contents(from: impl Read, limit: u64) -> Result<BTreeMap<String, Arc<Vec<u8>>>, ArchiveError> {
    let unreadable = |error: std::io::Error| wrong(&error.to_string());
    let mut tar = tar::Archive::new(from);
    let (mut entries, mut left) = (BTreeMap::new(), limit);
    for file in tar.entries().map_err(unreadable)? {
        let file = file.map_err(unreadable)?;
        // The script's own name is a link to its data; nothing else is linked, and no hole is filled.
        if file.header().entry_type() != EntryType::Regular {
            continue;
        }
        let path = String::from_utf8_lossy(&file.path_bytes()).into_owned();
        let path = clean(&path);
        if path != METADATA
            && path != DATA
            && !path.starts_with("file/")
            && !path.starts_with("https/")
        {
            return Err(wrong(&format!(
                "it has {path:?}, which is neither a file nor a module"
            )));
        }
        let mut content = Vec::new();
        let read = file.take(left + 1).read_to_end(&mut content);
        read.map_err(unreadable)?;
        left = left.checked_sub(content.len() as u64).ok_or_else(|| {
            wrong(&format!(
                "it holds more than {limit} bytes: limit archiveSize reached"
            ))
        })?;
        entries.insert(path, Arc::new(content));
    }
    Ok(entries)
}

fn wrong(why: &str) -> ArchiveError {
    ArchiveError(format!("this archive can't be read: {why}"))
}
