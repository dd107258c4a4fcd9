//! Defines the host's side of tags that are made once, and found without being looked at where the VU's own are still the same.

use std::cell::RefCell;
use std::rc::Rc;

use brunt_metrics::{Recorder, TagsId};
use send_wrapper::SendWrapper;
use wasmtime::component::Resource;

use super::pairs;
use crate::bindings::brunt::metrics::metrics::HostTagSet;
use crate::state::VuState;
use crate::tags::TagScope;

/// Tags that a test, or an extension, gives over and over.
#[expect(unreachable_pub, reason = "the generated bindings re-export it")]
pub struct MadeTags {
    tags: Vec<(String, String)>,
    /// What they came to beside the tags that the VU had last.
    last: SendWrapper<RefCell<Option<Beside>>>,
}

/// Tags of a VU, and what others come to beside them.
type Beside = (Rc<TagScope>, TagsId);

impl MadeTags {
    fn new(tags: Vec<(String, String)>) -> Self {
        Self {
            tags,
            last: SendWrapper::new(RefCell::default()),
        }
    }

    /// These tags beside those of the VU.
    pub(super) fn beside(&self, base: &Rc<TagScope>, recorder: &mut Recorder) -> TagsId {
        let mut last = self.last.borrow_mut();
        match &*last {
            Some((known, id)) if Rc::ptr_eq(known, base) => *id,
            _ => {
                let id = recorder.intern_with(base.id, &pairs(&self.tags));
                *last = Some((base.clone(), id));
                id
            }
        }
    }
}

impl HostTagSet for VuState {
    fn new(&mut self, tags: Vec<(String, String)>) -> wasmtime::Result<Resource<MadeTags>> {
        Ok(self.table.push(MadeTags::new(tags))?)
    }

    fn drop(&mut self, tags: Resource<MadeTags>) -> wasmtime::Result<()> {
        self.table.delete(tags)?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use brunt_metrics::{Breakdown, RecorderSettings, Registry, Routing, TagSet};

    use super::*;
    use crate::tags::TagScopes;

    #[test]
    fn a_set_follows_the_tags_of_its_vu() {
        let registry = Arc::new(Registry::new());
        let routing = Arc::new(Routing::new([], Breakdown::Off));
        let mut recorder = Recorder::new(registry, routing, RecorderSettings::default());
        let mut scopes = TagScopes::default();
        let made = MadeTags::new(vec![("subject".into(), "orders".into())]);
        for group in ["", "::buy", "::buy", ""] {
            let base = TagSet::empty().with("group", group);
            let scope = scopes.get(&base, &mut recorder);
            let id = made.beside(&scope, &mut recorder);
            let expected = base.with("subject", "orders");
            assert_eq!(recorder.tags(id), Some(&expected));
        }
    }
}
