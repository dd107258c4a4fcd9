//! Defines how fetched modules are kept: a file for each address, which says what it holds and the digest of that.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::Fetched;

/// A folder of fetched modules, which needs not exist yet.
pub(super) struct Kept(PathBuf);

/// What is known of an address.
pub(super) enum Found {
    Module(Fetched),
    Nothing,
    /// There is something, which is not what was written. In words.
    Damaged(String),
}

/// The first line of a file; all that follows is the module's text.
#[derive(Serialize, Deserialize)]
struct Head {
    url: String,
    from: String,
    /// Of the text, in hexadecimal digits.
    sha256: String,
}

impl Kept {
    pub(super) fn new(folder: PathBuf) -> Self {
        Self(folder)
    }

    pub(super) fn folder(&self) -> &Path {
        &self.0
    }

    /// What was fetched from this address, if it still is what was written.
    pub(super) fn find(&self, url: &str) -> Found {
        let path = self.path(url);
        match fs::read(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Found::Nothing,
            Err(error) => Found::Damaged(format!("{}: {error}", path.display())),
            Ok(bytes) => match checked(&bytes, url) {
                Some(module) => Found::Module(module),
                None => Found::Damaged(format!("{} is not what was fetched", path.display())),
            },
        }
    }

    /// Keeps a module. Written beside its name and renamed, so that a reader never sees half of it.
    pub(super) fn keep(&self, url: &str, module: &Fetched) -> io::Result<()> {
        let head = serde_json::to_string(&Head {
            url: url.to_owned(),
            from: module.from.clone(),
            sha256: digest(module.text.as_bytes()),
        })?;
        fs::create_dir_all(&self.0)?;
        let path = self.path(url);
        let partial = path.with_extension(format!("partial-{}", std::process::id()));
        let written =
            write(&partial, &head, &module.text).and_then(|()| fs::rename(&partial, path));
        if written.is_err() {
            let _ = fs::remove_file(&partial);
        }
        written
    }

    fn path(&self, url: &str) -> PathBuf {
        self.0.join(format!("{}.module", digest(url.as_bytes())))
    }
}

fn write(path: &Path, head: &str, text: &str) -> io::Result<()> {
    let mut file = fs::File::create(path)?;
    file.write_all(head.as_bytes())?;
    file.write_all(b"\n")?;
    file.write_all(text.as_bytes())
}

fn checked(bytes: &[u8], url: &str) -> Option<Fetched> {
    let text = std::str::from_utf8(bytes).ok()?;
    let (head, text) = text.split_once('\n')?;
    let head: Head = serde_json::from_str(head).ok()?;
    (head.url == url && head.sha256 == digest(text.as_bytes())).then(|| Fetched {
        from: head.from,
        text: text.to_owned(),
    })
}

fn digest(bytes: &[u8]) -> String {
    let digest = Sha256::digest(bytes);
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}
