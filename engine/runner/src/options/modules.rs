//! Defines the option `moduleMirrors`: where else modules of `https://` addresses are fetched from.

use std::collections::BTreeMap;

use super::reader::Reader;

/// Starts of addresses, and what takes their place.
pub(super) fn read_mirrors(reader: &mut Reader<'_>) -> BTreeMap<String, String> {
    let mirrors = reader.texts("moduleMirrors");
    for (from, to) in &mirrors {
        for start in [from, to] {
            if !is_start(start) {
                let message = format!(
                    "{start:?} is no start of addresses; write https://jslib.k6.io/=https://mirror.example/jslib/"
                );
                reader.problem("moduleMirrors", message);
            }
        }
        if from.ends_with('/') != to.ends_with('/') {
            let message = format!("{from:?} and {to:?} must both end in a slash, or neither");
            reader.problem("moduleMirrors", message);
        }
    }
    mirrors
}

/// `https://host/` and more. Without the slash it would be the start of other hosts' names too.
fn is_start(text: &str) -> bool {
    let rest = text.strip_prefix("https://");
    rest.is_some_and(|rest| rest.find('/').is_some_and(|slash| slash > 0))
}
