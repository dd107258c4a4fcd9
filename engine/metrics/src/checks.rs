//! Defines the table of checks: passes and fails per scenario, group and name.

use std::hash::{Hash, Hasher};
use std::sync::Arc;

use rustc_hash::{FxHashMap, FxHasher};

use crate::tags::OVERFLOW;

/// Checks that one recorder tells apart; names built from data would otherwise use up memory.
const CHECK_LIMIT: usize = 10_000;

/// A check's dense number within one [`Recorder`](crate::Recorder).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct CheckId(u32);

/// What tells a check from others.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct CheckKey {
    /// The scenario it ran in; empty outside of scenarios.
    pub scenario: Arc<str>,
    /// The path of its group, `::outer::inner`; empty at the root.
    pub group: Arc<str>,
    /// Its name.
    pub name: Arc<str>,
}

/// How often a check passed and failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckCounts {
    /// Which check.
    pub key: Arc<CheckKey>,
    /// How often it passed.
    pub passes: u64,
    /// How often it failed.
    pub fails: u64,
}

/// The checks of one recorder.
#[derive(Debug, Default)]
pub(crate) struct Checks {
    rows: Vec<CheckCounts>,
    by_hash: FxHashMap<u64, Vec<CheckId>>,
}

impl Checks {
    /// The number of a check; new ones beyond the limit share one named `__overflow__`.
    pub(crate) fn intern(&mut self, scenario: &str, group: &str, name: &str) -> CheckId {
        if let Some(id) = self.find(scenario, group, name) {
            return id;
        }
        if self.rows.len() < CHECK_LIMIT {
            return self.add(scenario, group, name);
        }
        self.find("", "", OVERFLOW)
            .unwrap_or_else(|| self.add("", "", OVERFLOW))
    }

    /// Counts one outcome; `false` when this table did not hand `id` out.
    pub(crate) fn count(&mut self, id: CheckId, ok: bool) -> bool {
        let Some(row) = self.rows.get_mut(id.0 as usize) else {
            return false;
        };
        row.passes += u64::from(ok);
        row.fails += u64::from(!ok);
        true
    }

    /// What was counted since the last time.
    pub(crate) fn take(&mut self) -> Vec<CheckCounts> {
        let counted = self
            .rows
            .iter_mut()
            .filter(|row| row.passes + row.fails > 0);
        counted
            .map(|row| {
                let taken = row.clone();
                (row.passes, row.fails) = (0, 0);
                taken
            })
            .collect()
    }

    fn find(&self, scenario: &str, group: &str, name: &str) -> Option<CheckId> {
        let ids = self.by_hash.get(&hash(scenario, group, name))?;
        let equal = |id: &&CheckId| {
            let key = &self.rows[id.0 as usize].key;
            (&*key.scenario, &*key.group, &*key.name) == (scenario, group, name)
        };
        ids.iter().find(equal).copied()
    }

    fn add(&mut self, scenario: &str, group: &str, name: &str) -> CheckId {
        let id = CheckId(self.rows.len() as u32);
        let [scenario_text, group_text, name_text] = [scenario, group, name].map(Arc::from);
        let key = CheckKey {
            scenario: scenario_text,
            group: group_text,
            name: name_text,
        };
        self.rows.push(CheckCounts {
            key: Arc::new(key),
            passes: 0,
            fails: 0,
        });
        self.by_hash
            .entry(hash(scenario, group, name))
            .or_default()
            .push(id);
        id
    }
}

fn hash(scenario: &str, group: &str, name: &str) -> u64 {
    let mut hasher = FxHasher::default();
    (scenario, group, name).hash(&mut hasher);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn checks_are_told_apart_by_all_three() {
        let mut checks = Checks::default();
        let keys = [
            ("s", "::g", "ok"),
            ("s", "", "ok"),
            ("t", "::g", "ok"),
            ("s", "::g", "no"),
        ];
        for (scenario, group, name) in keys {
            let id = checks.intern(scenario, group, name);
            assert_eq!(checks.intern(scenario, group, name), id);
            assert!(checks.count(id, true) && checks.count(id, false) && checks.count(id, true));
        }
        let counts: Vec<_> = checks.take().iter().map(|c| (c.passes, c.fails)).collect();
        assert_eq!(counts, [(2, 1); 4]);
        assert!(checks.take().is_empty(), "taken counts start again at zero");
    }

    #[test]
    fn too_many_checks_share_one() {
        let mut checks = Checks::default();
        for i in 0..CHECK_LIMIT + 5 {
            let id = checks.intern("s", "", &i.to_string());
            checks.count(id, true);
        }
        let counts = checks.take();
        assert_eq!(counts.len(), CHECK_LIMIT + 1);
        let last = counts.last().map(|c| (&*c.key.name, c.passes));
        assert_eq!(last, Some((OVERFLOW, 5)));
    }
}
