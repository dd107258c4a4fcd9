//! Defines interning: dense numbers for tag sets, with a limit beyond which sets degrade instead of using up memory.
//!
//! Up to the limit every distinct tag set is kept. Beyond it a new set loses the values of its unbounded tags (they
//! become `__overflow__`), so that scenario, status and the like stay true; a tenth of the limit is kept in reserve
//! for such sets. When that is used up too, everything new shares one set.

use std::sync::Arc;

use rustc_hash::{FxHashMap, FxHashSet};

use crate::routing::Routing;
use crate::tags::{OVERFLOW, Pair, TagSet, TagsId, hash_pairs};

/// Tags with few values in any sensible test; every other tag may have as many as there are requests.
const BOUNDED: [&str; 11] = [
    "check",
    "error_code",
    "expected_response",
    "group",
    "method",
    "proto",
    "scenario",
    "service",
    "status",
    "subproto",
    "tls_version",
];

/// Degraded sets that are kept however small the limit is.
const RESERVE_MINIMUM: usize = 100;

/// The tag sets of one recorder.
#[derive(Debug)]
pub(crate) struct Interner {
    limit: usize,
    entries: Vec<Entry>,
    /// From the hash of a set to the last set with that hash.
    by_hash: FxHashMap<u64, TagsId>,
    strings: FxHashSet<Arc<str>>,
    overflow: Option<TagsId>,
}

/// What became of a tag set that was not known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Admission {
    /// It is kept as it is.
    Whole(TagsId),
    /// It is counted under a coarser set.
    Degraded(TagsId),
}

#[derive(Debug)]
struct Entry {
    tags: TagSet,
    /// Another set with the same hash.
    next: Option<TagsId>,
}

impl Interner {
    pub(crate) fn new(limit: usize) -> Self {
        Self {
            limit,
            entries: Vec::new(),
            by_hash: FxHashMap::default(),
            strings: FxHashSet::default(),
            overflow: None,
        }
    }

    /// The number of the set with exactly these tags, each key given once.
    pub(crate) fn find<'a, I>(&self, pairs: I) -> Option<TagsId>
    where
        I: ExactSizeIterator<Item = (&'a str, &'a str)> + Clone,
    {
        let mut candidate = self.by_hash.get(&hash_pairs(pairs.clone())).copied();
        while let Some(id) = candidate {
            let entry = &self.entries[id.index()];
            let equal = entry.tags.len() == pairs.len()
                && pairs
                    .clone()
                    .all(|(key, value)| entry.tags.get(key) == Some(value));
            if equal {
                return Some(id);
            }
            candidate = entry.next;
        }
        None
    }

    /// Takes in a set that [`find`](Self::find) does not know.
    pub(crate) fn admit(&mut self, tags: &TagSet, routing: &Routing) -> Admission {
        if self.entries.len() < self.limit {
            return Admission::Whole(self.insert(tags));
        }
        let coarse = coarsened(tags, routing);
        if let Some(id) = self.find(coarse.iter()) {
            return Admission::Degraded(id);
        }
        let reserve = (self.limit / 10).max(RESERVE_MINIMUM);
        if self.entries.len() < self.limit + reserve {
            return Admission::Degraded(self.insert(&coarse));
        }
        Admission::Degraded(self.overflow_set())
    }

    pub(crate) fn tags(&self, id: TagsId) -> Option<&TagSet> {
        self.entries.get(id.index()).map(|entry| &entry.tags)
    }

    /// How many sets are kept.
    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }

    fn insert(&mut self, tags: &TagSet) -> TagsId {
        let id = TagsId(self.entries.len() as u32);
        let next = self.by_hash.insert(hash_pairs(tags.iter()), id);
        let pairs: Vec<Pair> = tags
            .pairs()
            .iter()
            .map(|(key, value)| (self.share(key), self.share(value)))
            .collect();
        self.entries.push(Entry {
            tags: TagSet::from_pairs(pairs),
            next,
        });
        id
    }

    fn overflow_set(&mut self) -> TagsId {
        if let Some(id) = self.overflow {
            return id;
        }
        let id = self.insert(&TagSet::from_pairs([(OVERFLOW, "true")]));
        self.overflow = Some(id);
        id
    }

    /// One allocation for all equal strings.
    fn share(&mut self, text: &Arc<str>) -> Arc<str> {
        if let Some(known) = self.strings.get(text) {
            return Arc::clone(known);
        }
        self.strings.insert(Arc::clone(text));
        Arc::clone(text)
    }
}

/// The set without the values that only distinguish it from its like.
fn coarsened(tags: &TagSet, routing: &Routing) -> TagSet {
    let overflow: Arc<str> = Arc::from(OVERFLOW);
    TagSet::from_pairs(tags.pairs().iter().map(|(key, value)| {
        let keep = BOUNDED.contains(&&**key) || routing.names(key, value);
        (
            Arc::clone(key),
            Arc::clone(if keep { value } else { &overflow }),
        )
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::registry::Registry;
    use crate::routing::Breakdown;
    use crate::selector::Selector;

    fn set(pairs: &[(&str, &str)]) -> TagSet {
        TagSet::from_pairs(pairs.iter().copied())
    }

    #[test]
    fn sets_are_found_in_any_order() {
        let mut interner = Interner::new(10);
        let routing = Routing::default();
        let admitted = interner.admit(&set(&[("a", "1"), ("b", "2")]), &routing);
        assert_eq!(admitted, Admission::Whole(TagsId(0)));
        let found = |pairs: &[(&str, &str)]| interner.find(pairs.iter().copied());
        assert_eq!(found(&[("b", "2"), ("a", "1")]), Some(TagsId(0)));
        assert_eq!(found(&[("b", "1"), ("a", "2")]), None);
        assert_eq!(found(&[("a", "1")]), None);
        assert_eq!(found(&[]), None);
    }

    #[test]
    fn beyond_the_limit_unbounded_values_overflow() {
        let registry = Registry::new();
        let selector = Selector::parse("http_reqs{user:ada}", &registry).expect("valid");
        let routing = Routing::new([&selector], Breakdown::Off);
        let mut interner = Interner::new(1);
        interner.admit(&set(&[("status", "200")]), &routing);
        for (user, kept) in [("ada", "ada"), ("bob", OVERFLOW), ("eve", OVERFLOW)] {
            let tags = set(&[("status", "500"), ("url", "http://x/1"), ("user", user)]);
            let Admission::Degraded(id) = interner.admit(&tags, &routing) else {
                panic!("{tags:?} should have been degraded");
            };
            let expected = set(&[("status", "500"), ("url", OVERFLOW), ("user", kept)]);
            assert_eq!(interner.tags(id), Some(&expected));
        }
        assert_eq!(interner.len(), 3);
    }

    #[test]
    fn beyond_the_reserve_there_is_one_set() {
        let mut interner = Interner::new(1);
        let routing = Routing::default();
        for i in 0..1000 {
            let status = i.to_string();
            interner.admit(&set(&[("status", &status)]), &routing);
        }
        assert_eq!(interner.len(), 1 + RESERVE_MINIMUM + 1);
        let last = interner.tags(TagsId(interner.len() as u32 - 1));
        assert_eq!(last, Some(&set(&[(OVERFLOW, "true")])));
    }
}
