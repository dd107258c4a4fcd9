//! Defines how a script is packed: all that it imported and opened, as it was written.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError};

use serde_json::{Map, Value};

use crate::archive::{Archive, Metadata, Own, anonymous_url};
use crate::packed::file_entry;
use crate::script::{Script, locked};

impl Script {
    /// An archive with what was imported and opened so far, to be run with these options and variables.
    pub fn packed(&self, options: Map<String, Value>, env: BTreeMap<String, String>) -> Archive {
        let folder = crate::names::name(self.folder()).unwrap_or_default();
        let metadata = Metadata {
            options,
            env,
            brunt: Some(Own {
                version: env!("CARGO_PKG_VERSION").to_owned(),
                resolved: self.names(),
            }),
            ..Metadata::new(anonymous_url(self.main()), anonymous_url(&folder))
        };
        let mut archive = Archive {
            metadata,
            ..Archive::default()
        };
        for (name, module) in locked(&self.modules).iter() {
            if let Ok(module) = module {
                archive.add(name, Arc::new(module.written().as_bytes().to_vec()));
            }
        }
        let opened = self.opened.lock().unwrap_or_else(PoisonError::into_inner);
        let opened = opened.iter();
        let opened = opened.map(|(path, content)| (file_entry(path), content.clone()));
        archive.entries.extend(opened);
        archive
    }

    /// What specifiers came to mean, by the module that imports them.
    fn names(&self) -> BTreeMap<String, BTreeMap<String, String>> {
        let mut names = BTreeMap::<String, BTreeMap<String, String>>::new();
        for ((specifier, referrer), name) in locked(&self.resolved).iter() {
            if let Ok(name) = name {
                let of_referrer = names.entry(anonymous_url(referrer)).or_default();
                of_referrer.insert(specifier.clone(), anonymous_url(name));
            }
        }
        names
    }
}
