//! Defines the host's side of `brunt:metrics`: custom metrics, checks, groups and tags.

mod sets;

use std::time::Instant;

use brunt_metrics::{Contains, Kind, MetricId, builtin};
use wasmtime::component::Resource;

use crate::bindings::brunt::metrics::metrics::{self, Host, HostMetric, Unit};
use crate::settings::SystemTags;
use crate::state::{Group, Local, Phase, VuState};

#[expect(unreachable_pub, reason = "the generated bindings re-export it")]
pub use sets::MadeTags;

/// A metric that the test registered.
#[expect(unreachable_pub, reason = "the generated bindings re-export it")]
pub struct CustomMetric(MetricId);

/// Tags that only the engine sets.
const RESERVED: [&str; 2] = ["scenario", "group"];

impl HostMetric for VuState {
    fn register(
        &mut self,
        name: String,
        kind: metrics::Kind,
        unit: Unit,
    ) -> wasmtime::Result<Result<Resource<CustomMetric>, String>> {
        if self.phase != Phase::Init {
            return Ok(Err(format!(
                "metric {name}: metrics are registered in init only"
            )));
        }
        if is_builtin(self, &name) {
            return Ok(Err(format!(
                "metric {name}: a built-in metric has this name"
            )));
        }
        match self
            .run
            .registry
            .register(&name, kind_of(kind), contains_of(unit))
        {
            Ok(id) => Ok(Ok(self.table.push(CustomMetric(id))?)),
            Err(error) => Ok(Err(error.to_string())),
        }
    }

    fn add(&mut self, metric: Resource<CustomMetric>, value: f64) -> wasmtime::Result<()> {
        let id = self.table.get(&metric)?.0;
        let time = self.run.unix_ns(Instant::now());
        let local = &*self.local;
        let mut recorder = local.worker.recorder();
        local.base.record(&mut recorder, id, value, time);
        Ok(())
    }

    fn add_tagged(
        &mut self,
        metric: Resource<CustomMetric>,
        value: f64,
        tags: Vec<(String, String)>,
    ) -> wasmtime::Result<()> {
        let id = self.table.get(&metric)?.0;
        let time = self.run.unix_ns(Instant::now());
        let mut recorder = self.local.worker.recorder();
        let base = &self.local.base;
        let tags = recorder.intern_with(base.id, &pairs(&tags));
        recorder.record_with_metadata(id, tags, value, time, base.metadata());
        Ok(())
    }

    fn add_in(
        &mut self,
        metric: Resource<CustomMetric>,
        value: f64,
        tags: Resource<MadeTags>,
    ) -> wasmtime::Result<()> {
        let id = self.table.get(&metric)?.0;
        let time = self.run.unix_ns(Instant::now());
        let mut recorder = self.local.worker.recorder();
        let made = self.table.get(&tags)?;
        let base = &self.local.base;
        let tags = made.beside(base, &mut recorder);
        recorder.record_with_metadata(id, tags, value, time, base.metadata());
        Ok(())
    }

    fn drop(&mut self, metric: Resource<CustomMetric>) -> wasmtime::Result<()> {
        self.table.delete(metric)?;
        Ok(())
    }
}

impl Host for VuState {
    fn check(&mut self, name: String, passed: bool) -> wasmtime::Result<bool> {
        let local = &*self.local;
        let (check, tags) = local.base.check(&name, |_| {
            let scenario = self
                .place
                .as_ref()
                .map_or("", |place| place.scenario.as_str());
            intern_check(local, scenario, &self.run.settings.system_tags, &name, &[])
        });
        let time = local.worker.sample_time();
        local
            .worker
            .recorder()
            .record_check(check, tags, passed, time, local.base.metadata());
        Ok(passed)
    }

    fn check_tagged(
        &mut self,
        name: String,
        passed: bool,
        tags: Vec<(String, String)>,
    ) -> wasmtime::Result<bool> {
        let local = &*self.local;
        let scenario = self
            .place
            .as_ref()
            .map_or("", |place| place.scenario.as_str());
        let (check, tags) = intern_check(
            local,
            scenario,
            &self.run.settings.system_tags,
            &name,
            &pairs(&tags),
        );
        let time = local.worker.sample_time();
        local
            .worker
            .recorder()
            .record_check(check, tags, passed, time, local.base.metadata());
        Ok(passed)
    }

    fn begin_group(&mut self, name: String) -> wasmtime::Result<()> {
        let local = &mut *self.local;
        let path = format!("{}::{name}", local.group_path());
        local.worker.recorder().note_group(&path);
        let outer = local.base.clone();
        let revision = local.revision;
        local.groups.push(Group {
            path,
            began: Instant::now(),
            outer,
            revision,
        });
        local.rebase();
        Ok(())
    }

    fn end_group(&mut self) -> wasmtime::Result<()> {
        end_group(&mut self.local);
        Ok(())
    }

    fn set_tag(&mut self, name: String, value: String) -> wasmtime::Result<()> {
        if !RESERVED.contains(&name.as_str()) {
            self.local.vu_tags.insert(name, value);
            self.local.revision += 1;
            self.local.rebase();
        }
        Ok(())
    }

    fn remove_tag(&mut self, name: String) -> wasmtime::Result<()> {
        if self.local.vu_tags.remove(&name).is_some() {
            self.local.revision += 1;
            self.local.rebase();
        }
        Ok(())
    }

    fn set_metadata(&mut self, name: String, value: String) -> wasmtime::Result<()> {
        let local = &mut *self.local;
        if local.worker.recorder().keeps_samples() {
            let before = local.metadata.clone().unwrap_or_default();
            local.describe(Some(before.with(&name, &value)));
        }
        Ok(())
    }

    fn remove_metadata(&mut self, name: String) -> wasmtime::Result<()> {
        let local = &mut *self.local;
        if let Some(before) = &local.metadata {
            let left = before.without(&name);
            local.describe((!left.is_empty()).then_some(left));
        }
        Ok(())
    }
}

/// Closes the groups that an iteration left open.
pub(crate) fn close_groups(local: &mut Local) {
    while end_group(local) {}
}

/// Leaves the innermost group, if there is one.
fn end_group(local: &mut Local) -> bool {
    let Some(group) = local.groups.pop() else {
        return false;
    };
    let now = Instant::now();
    let duration = now.duration_since(group.began).as_secs_f64() * 1000.0;
    let time = local.worker.run.unix_ns(now);
    let mut recorder = local.worker.recorder();
    let metric = builtin::GROUP_DURATION;
    local.base.record(&mut recorder, metric, duration, time);
    drop(recorder);
    if group.revision == local.revision {
        local.base = group.outer;
    } else {
        local.rebase();
    }
    true
}

fn intern_check(
    local: &Local,
    scenario: &str,
    system_tags: &SystemTags,
    name: &str,
    extra: &[(&str, &str)],
) -> (brunt_metrics::CheckId, brunt_metrics::TagsId) {
    let mut recorder = local.worker.recorder();
    let check = recorder.intern_check(scenario, local.group_path(), name);
    let mut tags = extra.to_vec();
    if system_tags.has("check") {
        tags.push(("check", name));
    }
    let tags = recorder.intern_with(local.base.id, &tags);
    (check, tags)
}

fn is_builtin(state: &VuState, name: &str) -> bool {
    state
        .run
        .registry
        .by_name(name)
        .is_some_and(|definition| builtin::is_builtin(definition.id))
}

fn pairs(tags: &[(String, String)]) -> Vec<(&str, &str)> {
    tags.iter()
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .collect()
}

fn kind_of(kind: metrics::Kind) -> Kind {
    match kind {
        metrics::Kind::Counter => Kind::Counter,
        metrics::Kind::Gauge => Kind::Gauge,
        metrics::Kind::Rate => Kind::Rate,
        metrics::Kind::Trend => Kind::Trend,
    }
}

fn contains_of(unit: Unit) -> Contains {
    match unit {
        Unit::None => Contains::Default,
        Unit::Time => Contains::Time,
        Unit::Data => Contains::Data,
    }
}
