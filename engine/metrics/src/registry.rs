//! Defines the registry: every metric of a run, built in or declared by the test, under one dense numbering.

use std::fmt;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use rustc_hash::FxHashMap;

use crate::builtin;
use crate::definition::{Contains, Definition, Kind, MetricId};

/// The longest metric name, in bytes.
const NAME_LENGTH_LIMIT: usize = 128;

/// Every metric of a run; shared by all threads.
///
/// Metrics are registered while tests initialise and looked up when something is resolved for the first time; no
/// sample passes through the lock.
#[derive(Debug)]
pub struct Registry {
    inner: RwLock<Inner>,
}

/// Why a metric could not be registered.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RegistryError {
    /// The name breaks the rule for metric names.
    InvalidName {
        /// The name that was asked for.
        name: String,
    },
    /// The name belongs to a metric of another kind or meaning.
    Conflict {
        /// The definition that exists.
        existing: Definition,
        /// The kind that was asked for.
        kind: Kind,
        /// The meaning that was asked for.
        contains: Contains,
    },
}

impl Registry {
    /// A registry that holds the built-in metrics.
    pub fn new() -> Self {
        let mut inner = Inner::default();
        for (name, kind, contains) in builtin::TABLE {
            inner.add(name, kind, contains);
        }
        Self {
            inner: RwLock::new(inner),
        }
    }

    /// The id of the metric `name`, which is defined if it does not exist.
    ///
    /// # Errors
    /// The name must match `^[a-zA-Z_][a-zA-Z0-9_]{0,127}$`, and a metric that exists (the built-in ones do) must
    /// have the same kind and the same meaning.
    pub fn register(
        &self,
        name: &str,
        kind: Kind,
        contains: Contains,
    ) -> Result<MetricId, RegistryError> {
        if !is_valid_name(name) {
            return Err(RegistryError::InvalidName {
                name: name.to_owned(),
            });
        }
        let mut inner = self.write();
        let Some(existing) = inner.find(name) else {
            return Ok(inner.add(name, kind, contains));
        };
        if (existing.kind, existing.contains) == (kind, contains) {
            return Ok(existing.id);
        }
        Err(RegistryError::Conflict {
            existing: existing.clone(),
            kind,
            contains,
        })
    }

    /// The definition of `id`, or `None` when this registry did not hand it out.
    pub fn get(&self, id: MetricId) -> Option<Definition> {
        self.read().definitions.get(id.index()).cloned()
    }

    /// The definition of the metric called `name`.
    pub fn by_name(&self, name: &str) -> Option<Definition> {
        self.read().find(name).cloned()
    }

    /// Every definition, in the order of their ids.
    pub fn all(&self) -> Vec<Definition> {
        self.read().definitions.clone()
    }

    /// The definitions from `first` on: what a reader that knows `first` metrics has still to learn.
    pub(crate) fn since(&self, first: usize) -> Vec<Definition> {
        self.read()
            .definitions
            .get(first..)
            .unwrap_or_default()
            .to_vec()
    }

    fn read(&self) -> RwLockReadGuard<'_, Inner> {
        self.inner.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, Inner> {
        self.inner.write().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Default for Registry {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Display for RegistryError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::InvalidName { name } => write!(
                f,
                "invalid metric name {name:?}: a name starts with an ASCII letter or '_', goes on with ASCII \
                 letters, digits and '_', and has at most {NAME_LENGTH_LIMIT} characters"
            ),
            Self::Conflict {
                existing,
                kind,
                contains,
            } => write!(
                f,
                "metric '{}' already exists as a {} of {} values and cannot also be a {kind} of {contains} \
                 values: choose another name",
                existing.name, existing.kind, existing.contains
            ),
        }
    }
}

impl std::error::Error for RegistryError {}

#[derive(Debug, Default)]
struct Inner {
    definitions: Vec<Definition>,
    by_name: FxHashMap<Arc<str>, MetricId>,
}

impl Inner {
    fn find(&self, name: &str) -> Option<&Definition> {
        let id = self.by_name.get(name)?;
        self.definitions.get(id.index())
    }

    fn add(&mut self, name: &str, kind: Kind, contains: Contains) -> MetricId {
        let id = MetricId(self.definitions.len() as u32);
        let name: Arc<str> = Arc::from(name);
        self.by_name.insert(Arc::clone(&name), id);
        self.definitions.push(Definition {
            id,
            name,
            kind,
            contains,
        });
        id
    }
}

fn is_valid_name(name: &str) -> bool {
    let mut bytes = name.bytes();
    let first = bytes
        .next()
        .is_some_and(|b| b.is_ascii_alphabetic() || b == b'_');
    first
        && name.len() <= NAME_LENGTH_LIMIT
        && bytes.all(|b| b.is_ascii_alphanumeric() || b == b'_')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_follow_the_rule() {
        let long = "a".repeat(128);
        let too_long = "a".repeat(129);
        let cases = [
            ("my_trend", true),
            ("_x1", true),
            (long.as_str(), true),
            (too_long.as_str(), false),
            ("", false),
            ("1st", false),
            ("a-b", false),
            ("café", false),
            ("a b", false),
        ];
        for (name, valid) in cases {
            let result = Registry::new().register(name, Kind::Trend, Contains::Time);
            assert_eq!(result.is_ok(), valid, "{name}");
        }
    }

    #[test]
    fn same_definition_is_the_same_metric() {
        let registry = Registry::new();
        let id = registry.register("orders", Kind::Counter, Contains::Default);
        assert_eq!(
            registry.register("orders", Kind::Counter, Contains::Default),
            id
        );
        let builtin = registry.register("http_reqs", Kind::Counter, Contains::Default);
        assert_eq!(builtin, Ok(builtin::HTTP_REQS));
        assert_eq!(registry.all().len(), builtin::TABLE.len() + 1);
    }

    #[test]
    fn other_definition_is_an_error_that_names_both() {
        let error = Registry::new()
            .register("http_req_duration", Kind::Counter, Contains::Data)
            .map_err(|e| e.to_string());
        let text = error.err().unwrap_or_default();
        for part in ["http_req_duration", "trend of time", "counter of data"] {
            assert!(text.contains(part), "{text}");
        }
    }
}
