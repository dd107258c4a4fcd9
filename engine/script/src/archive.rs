//! Defines archives: a script with all that it reads, in one file, laid out as k6 lays it out.
//!
//! ```text
//! metadata.json                  options, environment, names: [`Metadata`]
//! data                           the script itself
//! file/home/nobody/lib.js        files, by their paths
//! https/jslib.k6.io/utils.js     modules of the network, by their addresses
//! ```

mod names;
mod reading;
mod writing;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use names::beside;
pub(crate) use names::{anonymous, anonymous_url, entry};

/// A script with all that it reads.
#[derive(Debug, Clone, Default)]
pub struct Archive {
    /// What is known of it.
    pub metadata: Metadata,
    /// Contents by the names of entries: `file/home/nobody/lib.js`. The script itself is among them.
    pub(crate) entries: BTreeMap<String, Arc<Vec<u8>>>,
}

/// What an archive says of itself. k6's fields, and Brunt's own in `brunt`, which k6 does not look at.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Metadata {
    /// What runs it: `js`.
    #[serde(rename = "type")]
    pub kind: String,
    /// The options in force when it was made, in k6's names and shapes.
    #[serde(deserialize_with = "or_nothing")]
    pub options: Map<String, Value>,
    /// The URL of the script.
    pub filename: String,
    /// The URL of the folder that a script without a file would lie in.
    pub pwd: String,
    /// The variables that the script was given.
    #[serde(deserialize_with = "or_nothing")]
    pub env: BTreeMap<String, String>,
    /// How k6 is to read the script.
    pub compatibility_mode: String,
    /// The version of k6 that is meant to read it.
    #[serde(rename = "k6version")]
    pub k6_version: String,
    /// The system that it was made on, by Go's names.
    pub goos: String,
    /// Brunt's own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub brunt: Option<Own>,
}

/// What only Brunt writes into archives.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Own {
    /// The version that made it.
    pub version: String,
    /// The modules that specifiers mean, by the module that imports them: packages, and addresses that redirect.
    pub resolved: BTreeMap<String, BTreeMap<String, String>>,
}

/// Why an archive can't be read or written.
#[derive(Debug)]
pub struct ArchiveError(String);

impl Metadata {
    /// Of a script with this URL, which lies in the folder of that URL.
    pub(crate) fn new(filename: String, pwd: String) -> Self {
        Self {
            kind: KIND.to_owned(),
            filename,
            pwd,
            compatibility_mode: "extended".to_owned(),
            k6_version: K6_VERSION.to_owned(),
            goos: match std::env::consts::OS {
                "macos" => "darwin".to_owned(),
                name => name.to_owned(),
            },
            ..Self::default()
        }
    }

    /// The module that `specifier` means in the module `referrer`, where that was written down.
    pub(crate) fn resolved(&self, specifier: &str, referrer: &str) -> Option<&str> {
        let resolved = &self.brunt.as_ref()?.resolved;
        resolved.get(referrer)?.get(specifier).map(String::as_str)
    }
}

impl Archive {
    /// What is in there under the name of this module, or file.
    pub(crate) fn content(&self, name: &str) -> Option<&Arc<Vec<u8>>> {
        self.entries.get(&entry(name)?)
    }

    /// The name of the script itself.
    pub(crate) fn main(&self) -> String {
        let Metadata { filename, pwd, .. } = &self.metadata;
        match filename.as_str() {
            // From standard input: as if it lay in the folder that it was started in.
            "file:///-" => beside(pwd, "-"),
            _ => filename.clone(),
        }
    }
}

impl fmt::Display for ArchiveError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for ArchiveError {}

/// `null`, as Go writes what is empty, is nothing.
fn or_nothing<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: serde::Deserializer<'de>,
    T: Default + Deserialize<'de>,
{
    Option::<T>::deserialize(deserializer).map(Option::unwrap_or_default)
}

const KIND: &str = "js";

/// The version of k6 whose archives these are like.
const K6_VERSION: &str = "2.2.0";

const METADATA: &str = "metadata.json";
const DATA: &str = "data";

#[cfg(test)]
mod tests;
