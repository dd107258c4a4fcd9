//! Defines tag sets: immutable, sorted pairs of key and value, cheap to clone and to compare.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use rustc_hash::FxHasher;
use serde::ser::{Serialize, SerializeMap, Serializer};

/// The value that stands for all values of a tag that had too many.
pub const OVERFLOW: &str = "__overflow__";

/// A tag set's dense number within one [`Recorder`](crate::Recorder).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TagsId(pub(crate) u32);

impl TagsId {
    pub(crate) fn index(self) -> usize {
        self.0 as usize
    }
}

/// Pairs of key and value, sorted by key, each key once.
#[derive(Clone, PartialEq, Eq)]
pub struct TagSet {
    pairs: Arc<[Pair]>,
}

pub(crate) type Pair = (Arc<str>, Arc<str>);

impl TagSet {
    /// The set without tags.
    pub fn empty() -> Self {
        Self::default()
    }

    /// The tags of `pairs`; of several values for one key the last counts.
    pub fn from_pairs<K, V>(pairs: impl IntoIterator<Item = (K, V)>) -> Self
    where
        K: Into<Arc<str>>,
        V: Into<Arc<str>>,
    {
        let mut list: Vec<Pair> = Vec::new();
        for (key, value) in pairs {
            put(&mut list, key.into(), value.into());
        }
        Self { pairs: list.into() }
    }

    /// The value of `key`.
    pub fn get(&self, key: &str) -> Option<&str> {
        let at = self.position(key).ok()?;
        Some(&self.pairs[at].1)
    }

    /// The pairs, sorted by key.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&str, &str)> + Clone {
        self.pairs.iter().map(|(key, value)| (&**key, &**value))
    }

    /// How many tags the set has.
    pub fn len(&self) -> usize {
        self.pairs.len()
    }

    /// Whether the set has no tags.
    pub fn is_empty(&self) -> bool {
        self.pairs.is_empty()
    }

    /// This set with `key` set to `value`.
    #[must_use]
    pub fn with(&self, key: &str, value: &str) -> Self {
        let mut list = self.pairs.to_vec();
        put(&mut list, Arc::from(key), Arc::from(value));
        Self { pairs: list.into() }
    }

    /// This set with every tag of `other` set over it.
    #[must_use]
    pub fn merged(&self, other: &TagSet) -> Self {
        let mut list = self.pairs.to_vec();
        for (key, value) in other.pairs.iter() {
            put(&mut list, Arc::clone(key), Arc::clone(value));
        }
        Self { pairs: list.into() }
    }

    /// This set without `key`.
    #[must_use]
    pub fn without(&self, key: &str) -> Self {
        let kept: Vec<Pair> = self
            .pairs
            .iter()
            .filter(|(k, _)| &**k != key)
            .cloned()
            .collect();
        Self { pairs: kept.into() }
    }

    /// Whether every tag of `self` is in `other` with the same value.
    pub fn is_subset_of(&self, other: &TagSet) -> bool {
        self.iter()
            .all(|(key, value)| other.get(key) == Some(value))
    }

    pub(crate) fn pairs(&self) -> &[Pair] {
        &self.pairs
    }

    fn position(&self, key: &str) -> Result<usize, usize> {
        self.pairs.binary_search_by(|(k, _)| (**k).cmp(key))
    }
}

impl Default for TagSet {
    fn default() -> Self {
        Self {
            pairs: Arc::from([]),
        }
    }
}

impl Hash for TagSet {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(hash_pairs(self.iter()));
    }
}

impl fmt::Debug for TagSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter()).finish()
    }
}

impl Serialize for TagSet {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.len()))?;
        for (key, value) in self.iter() {
            map.serialize_entry(key, value)?;
        }
        map.end()
    }
}

/// A hash that does not depend on the order of the pairs, so that unsorted pairs can be looked up as they come.
pub(crate) fn hash_pairs<'a>(pairs: impl Iterator<Item = (&'a str, &'a str)>) -> u64 {
    pairs.fold(0u64, |sum, (key, value)| {
        let mut hasher = FxHasher::default();
        key.hash(&mut hasher);
        value.hash(&mut hasher);
        sum.wrapping_add(mixed(hasher.finish()))
    })
}

/// Spreads every bit over all others: sums of plain `FxHasher` results are equal when two values swap their keys.
fn mixed(hash: u64) -> u64 {
    let hash = (hash ^ (hash >> 32)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    (hash ^ (hash >> 29)).wrapping_mul(0xbf58_476d_1ce4_e5b9)
}

fn put(list: &mut Vec<Pair>, key: Arc<str>, value: Arc<str>) {
    match list.binary_search_by(|(k, _)| k.cmp(&key)) {
        Ok(at) => list[at].1 = value,
        Err(at) => list.insert(at, (key, value)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_are_sorted_and_unique() {
        let set = TagSet::from_pairs([("b", "1"), ("a", "2"), ("b", "3")]);
        assert_eq!(set.iter().collect::<Vec<_>>(), [("a", "2"), ("b", "3")]);
        assert_eq!(set.get("b"), Some("3"));
        assert_eq!(set.get("c"), None);
        assert_eq!(
            set.with("c", "4").without("a"),
            TagSet::from_pairs([("b", "3"), ("c", "4")])
        );
    }

    #[test]
    fn order_does_not_change_the_hash() {
        let one = hash_pairs([("a", "1"), ("b", "2")].into_iter());
        assert_eq!(one, hash_pairs([("b", "2"), ("a", "1")].into_iter()));
        assert_ne!(one, hash_pairs([("b", "1"), ("a", "2")].into_iter()));
    }

    #[test]
    fn subsets_need_equal_values() {
        let set = TagSet::from_pairs([("a", "1"), ("b", "2")]);
        assert!(TagSet::from_pairs([("b", "2")]).is_subset_of(&set));
        assert!(TagSet::empty().is_subset_of(&set));
        assert!(!TagSet::from_pairs([("b", "3")]).is_subset_of(&set));
        assert!(!TagSet::from_pairs([("c", "1")]).is_subset_of(&set));
    }
}
