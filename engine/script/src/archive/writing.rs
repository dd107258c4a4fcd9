//! Defines how archives are written: the same script makes the same bytes.

use std::io::{self, Write};
use std::sync::Arc;

use tar::{Builder, EntryType, Header};

use super::{Archive, ArchiveError, DATA, METADATA, entry};

impl Archive {
    /// Writes the archive.
    ///
    /// # Errors
    /// When it can't be written.
    pub fn write(&self, to: impl Write) -> Result<(), ArchiveError> {
        self.try_write(to)
            .map_err(|error| ArchiveError(format!("the archive can't be written: {error}")))
    }

    fn try_write(&self, to: impl Write) -> io::Result<()> {
        let mut tar = Builder::new(to);
        let mut metadata = serde_json::to_vec_pretty(&self.metadata)?;
        metadata.push(b'\n');
        append(&mut tar, METADATA, &metadata)?;
        let main = entry(&self.main()).unwrap_or_default();
        let data = self.entries.get(&main).map_or(&[][..], |data| data);
        append(&mut tar, DATA, data)?;
        for (name, content) in &self.entries {
            match *name == main {
                true => link(&mut tar, name)?,
                false => append(&mut tar, name, content)?,
            }
        }
        tar.into_inner()?.flush()
    }

    /// Puts this under the name of a module or file.
    pub(crate) fn add(&mut self, name: &str, content: Arc<Vec<u8>>) {
        if let Some(entry) = entry(name) {
            self.entries.insert(entry, content);
        }
    }
}

fn append(tar: &mut Builder<impl Write>, name: &str, content: &[u8]) -> io::Result<()> {
    let mut header = header(EntryType::Regular);
    header.set_size(content.len() as u64);
    tar.append_data(&mut header, name, content)
}

/// The script under its own name: what `data` holds.
fn link(tar: &mut Builder<impl Write>, name: &str) -> io::Result<()> {
    tar.append_link(&mut header(EntryType::Link), name, DATA)
}

/// Without a time, so that archives can be compared.
fn header(kind: EntryType) -> Header {
    let mut header = Header::new_gnu();
    header.set_entry_type(kind);
    header.set_mode(0o644);
    header.set_mtime(0);
    header.set_size(0);
    header
}
