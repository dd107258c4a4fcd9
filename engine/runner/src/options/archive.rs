//! Defines the options that an archive keeps: what was said, and not what follows from it, so that a flag can still say
//! something else.

use serde_json::{Map, Value};

use super::error::OptionsError;
use super::merge::Merged;
use super::table::{OPTIONS, Scope};

/// What is in force that a test may say, and what the test itself asks for of limits and network, in k6's shapes.
pub(super) fn consolidated(merged: Merged) -> Result<Map<String, Value>, OptionsError> {
    let mut all = Map::new();
    for option in OPTIONS {
        let given = match option.scope {
            Scope::Anyone => merged.values.get(option.name),
            Scope::Grant => merged.by_test.get(option.name),
            Scope::Operator => None,
        };
        let Some(given) = given else { continue };
        let value = match option.name {
            "tlsCA" => pem(&given.value)?,
            _ => given.value.clone(),
        };
        put(&mut all, option.name, value);
    }
    Ok(all)
}

/// The authorities themselves, in the place of a file of this machine.
fn pem(value: &Value) -> Result<Value, OptionsError> {
    match value.as_str() {
        Some(file) if !file.contains("-----BEGIN") => std::fs::read_to_string(file)
            .map(Value::from)
            .map_err(|error| OptionsError::one(format!("tlsCA: can't read {file}: {error}"))),
        _ => Ok(value.clone()),
    }
}

/// Puts a value under its name; `dns.ttl` is `ttl` in `dns`.
fn put(all: &mut Map<String, Value>, name: &str, value: Value) {
    let Some((group, key)) = name.split_once('.') else {
        all.insert(name.to_owned(), value);
        return;
    };
    let group = all.entry(group).or_insert_with(|| Map::new().into());
    if let Some(group) = group.as_object_mut() {
        group.insert(key.to_owned(), value);
    }
}
