//! Defines the tags that samples of one VU carry now, with every series that follows from them remembered.

use std::cell::RefCell;
use std::rc::Rc;

use brunt_metrics::{CheckId, MetricId, Recorder, TagSet, TagsId};
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
    described: Option<Described>,
    requests: RefCell<FxHashMap<RequestKey, TagsId>>,
    checks: RefCell<FxHashMap<Box<str>, (CheckId, TagsId)>>,
}

/// What a scope with metadata has more than one without. Metadata makes no series, so it remembers none.
struct Described {
    metadata: TagSet,
    /// The scope with the same tags and no metadata, which remembers what follows from both.
    plain: Rc<TagScope>,
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
            described: None,
            requests: RefCell::default(),
            checks: RefCell::default(),
        }
    }

    /// The same tags, with metadata on every sample.
    pub(crate) fn with_metadata(self: Rc<Self>, metadata: TagSet) -> Rc<Self> {
        Rc::new(Self {
            tags: self.tags.clone(),
            id: self.id,
            described: Some(Described {
                metadata,
                plain: self,
            }),
            requests: RefCell::default(),
            checks: RefCell::default(),
        })
    }

    /// What outputs show beside the tags of each sample.
    pub(crate) fn metadata(&self) -> Option<&TagSet> {
        let described = self.described.as_ref()?;
        Some(&described.metadata)
    }

    /// Records a sample with these tags and metadata.
    pub(crate) fn record(&self, recorder: &mut Recorder, metric: MetricId, value: f64, time: u64) {
        recorder.record_with_metadata(metric, self.id, value, time, self.metadata());
    }

    /// Where series that follow from these tags are remembered.
    fn remembering(&self) -> &Self {
        let described = self.described.as_ref();
        described.map_or(self, |described| &described.plain)
    }

    /// The tags of a request with this key; `build` makes them the first time.
    pub(crate) fn request(
        &self,
        key: RequestKey,
        recorder: &mut Recorder,
        build: impl FnOnce(&TagSet) -> TagSet,
    ) -> TagsId {
        let requests = &self.remembering().requests;
        if let Some(id) = requests.borrow().get(&key) {
            return *id;
        }
        let id = recorder.intern(&build(&self.tags));
        remember(&mut requests.borrow_mut(), key, id);
        id
    }

    /// The series of a check with this name; `build` makes it the first time.
    pub(crate) fn check(
        &self,
        name: &str,
        build: impl FnOnce(&TagSet) -> (CheckId, TagsId),
    ) -> (CheckId, TagsId) {
        let checks = &self.remembering().checks;
        if let Some(id) = checks.borrow().get(name) {
            return *id;
        }
        let id = build(&self.tags);
        remember(&mut checks.borrow_mut(), name.into(), id);
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
