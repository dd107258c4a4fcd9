//! Defines the tags that samples of one VU carry now, with every series that follows from them remembered.

use std::cell::RefCell;
use std::rc::Rc;

use brunt_metrics::{CheckId, Recorder, TagSet, TagsId};
use rustc_hash::FxHashMap;

use crate::net::OcspStatus;

/// Entries of a cache before it is emptied: a test with unbounded tag values costs time, not memory.
const CACHE_SIZE: usize = 8192;

/// The tags of a place in a test (scenario, group, the VU's own tags), and what was derived from them so far.
pub(crate) struct TagScope {
    /// The tags themselves.
    pub(crate) tags: TagSet,
    /// The same, interned in this worker's recorder.
    pub(crate) id: TagsId,
    requests: RefCell<FxHashMap<RequestKey, TagsId>>,
    checks: RefCell<FxHashMap<Box<str>, (CheckId, TagsId)>>,
}

/// Everything about a finished request that shows in its tags.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct RequestKey {
    /// [`crate::http::Target::uid`], which stands for URL and name.
    pub(crate) target: u64,
    /// The method's number; methods without one are not remembered.
    pub(crate) method: u8,
    pub(crate) status: u16,
    pub(crate) error_code: u16,
    pub(crate) protocol: &'static str,
    pub(crate) tls: &'static str,
    pub(crate) ocsp: Option<OcspStatus>,
    /// None when it is not judged.
    pub(crate) expected: Option<bool>,
}

impl TagScope {
    fn new(tags: TagSet, recorder: &mut Recorder) -> Self {
        let id = recorder.intern(&tags);
        Self {
            tags,
            id,
            requests: RefCell::default(),
            checks: RefCell::default(),
        }
    }

    /// The tags of a request with this key; `build` makes them the first time.
    pub(crate) fn request(
        &self,
        key: RequestKey,
        recorder: &mut Recorder,
        build: impl FnOnce(&TagSet) -> TagSet,
    ) -> TagsId {
        if let Some(id) = self.requests.borrow().get(&key) {
            return *id;
        }
        let id = recorder.intern(&build(&self.tags));
        remember(&mut self.requests.borrow_mut(), key, id);
        id
    }

    /// The series of a check with this name; `build` makes it the first time.
    pub(crate) fn check(
        &self,
        name: &str,
        build: impl FnOnce(&TagSet) -> (CheckId, TagsId),
    ) -> (CheckId, TagsId) {
        if let Some(id) = self.checks.borrow().get(name) {
            return *id;
        }
        let id = build(&self.tags);
        remember(&mut self.checks.borrow_mut(), name.into(), id);
        id
    }
}

fn remember<K: std::hash::Hash + Eq, V>(cache: &mut FxHashMap<K, V>, key: K, value: V) {
    if cache.len() >= CACHE_SIZE {
        cache.clear();
    }
    cache.insert(key, value);
}

/// The bases that the VUs of one worker share.
#[derive(Default)]
pub(crate) struct TagScopes {
    known: FxHashMap<TagSet, Rc<TagScope>>,
}

impl TagScopes {
    /// The base with these tags.
    pub(crate) fn get(&mut self, tags: &TagSet, recorder: &mut Recorder) -> Rc<TagScope> {
        if let Some(base) = self.known.get(tags) {
            return base.clone();
        }
        let base = Rc::new(TagScope::new(tags.clone(), recorder));
        remember(&mut self.known, tags.clone(), base.clone());
        base
    }
}
